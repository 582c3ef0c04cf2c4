"""Rows files of a limited size: all of them or none."""

from pathlib import Path

import pytest

from sharegpt_argilla.corpora.run.output_files import RowsWriter, write_rows
from sharegpt_argilla.corpora.run.shard_results import StoredRows
from sharegpt_argilla.errors import InputError, UsageError


def test_without_a_limit_there_is_one_file(tmp_path: Path) -> None:
    with RowsWriter(tmp_path / "rows.jsonl") as writer:
        writer.write("ä")
        writer.write("b")
    assert (tmp_path / "rows.jsonl").read_bytes() == "ä\nb\n".encode()
    assert writer.paths == [str(tmp_path / "rows.jsonl")]


def test_a_new_file_starts_before_one_is_too_large(tmp_path: Path) -> None:
    with RowsWriter(tmp_path / "rows.v1.jsonl", max_size=6) as writer:
        for line in ("ab", "cd", "é", "f", "gh", "ijklm"):
            writer.write(line)
        assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == []
    written = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert written == {
        "rows.v1.jsonl": "ab\ncd\n",
        "rows.v1.1.jsonl": "é\nf\n",
        "rows.v1.2.jsonl": "gh\n",
        "rows.v1.3.jsonl": "ijklm\n",
    }
    assert [Path(path).name for path in writer.paths] == list(written) or len(writer.paths) == 4


def test_after_an_error_there_is_no_file_and_the_old_one_stays(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("old")
    writer = RowsWriter(tmp_path / "rows.jsonl", max_size=4)
    with pytest.raises(UsageError, match="maximum size 4 bytes: one row alone has 7"), writer:
        for line in ("ab", "cd", "efghij"):
            writer.write(line)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"rows.jsonl": "old"}


@pytest.mark.parametrize(("path", "size"), [("rows.jsonl", 0), ("-", 100)])
def test_a_limit_that_cannot_be_kept_is_wrong_usage(path: str, size: int) -> None:
    with pytest.raises(UsageError, match="maximum size"):
        RowsWriter(path, size)


def test_a_folder_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"rows\.jsonl: cannot be written"),
        RowsWriter(tmp_path / "no/rows.jsonl"),
    ):
        pass


@pytest.fixture
def stored(tmp_path: Path) -> list[StoredRows]:
    """Four pieces in two files, not all of them in the order of the rows."""
    (tmp_path / "one").write_bytes(b"aa\nbb\nleft over\n")
    (tmp_path / "two").write_bytes(b"dd\ncc\n")
    return [
        StoredRows(tmp_path / "one", 0, 3),
        StoredRows(tmp_path / "one", 3, 3),
        StoredRows(tmp_path / "two", 3, 3),
        StoredRows(tmp_path / "two", 0, 3),
    ]


@pytest.mark.parametrize("max_size", [None, 12, 6])
def test_stored_rows_are_put_together(tmp_path: Path, stored: list[StoredRows], max_size: int | None) -> None:
    written = write_rows(str(tmp_path / "rows.jsonl"), stored, max_size)
    texts = [b"aa\nbb\n", b"cc\ndd\n"] if max_size == 6 else [b"aa\nbb\ncc\ndd\n"]
    assert [Path(path).read_bytes() for path in written] == texts


def test_stored_rows_that_do_not_start_a_file_are_copied(tmp_path: Path, stored: list[StoredRows]) -> None:
    write_rows(str(tmp_path / "rows.jsonl"), stored[1:], None)
    assert (tmp_path / "rows.jsonl").read_bytes() == b"bb\ncc\ndd\n"
    assert (tmp_path / "one").read_bytes() == b"aa\nbb\nleft over\n"


def test_stored_rows_that_cannot_be_written_leave_the_old_file(tmp_path: Path, stored: list[StoredRows]) -> None:
    (tmp_path / "rows.jsonl").write_text("old")
    with pytest.raises(InputError, match=r"rows\.jsonl: cannot be written"):
        write_rows(str(tmp_path / "rows.jsonl"), [*stored, StoredRows(tmp_path / "gone", 0, 3)], None)
    assert (tmp_path / "rows.jsonl").read_text() == "old"


def test_a_file_that_holds_later_rows_too_is_copied(tmp_path: Path, stored: list[StoredRows]) -> None:
    write_rows(str(tmp_path / "rows.jsonl"), [stored[0], stored[2], stored[1]], None)
    assert (tmp_path / "rows.jsonl").read_bytes() == b"aa\ncc\nbb\n"
