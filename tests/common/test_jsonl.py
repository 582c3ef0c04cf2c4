"""Rows files: bad lines are named, output is whole or absent, rejects are kept."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sharegpt_argilla.common.jsonl import RejectsFile, open_output, read_rows, rejects_next_to, rereadable
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.rows import Pair, build_row, dump_row

ROW = build_row(Pair("q", "a", "s", 1, "vicuna", "ShareGPT", "human", "gpt"), "20230511 15:56:03")
LINE = dump_row(ROW)


def test_each_line_is_a_row_or_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [LINE, "", "{not json}", "  ", '{"id": "x"}', "[" * 100_000, LINE]
    path.write_bytes(("\ufeff" + "\r\n".join(lines)).encode("utf-8"))
    parsed = list(read_rows(path))
    assert [line.number for line in parsed] == [1, 3, 5, 6, 7]
    assert [line.row for line in parsed] == [ROW, None, None, None, ROW]
    assert [line.reason for line in parsed[1:4]] == [
        "not valid JSON: Expecting property name enclosed in double quotes at column 2",
        '"问" is missing; `extract` writes it',
        "JSON nested too deeply",
    ]
    assert [line.text for line in parsed] == [lines[number - 1] for number in (1, 3, 5, 6, 7)]


def test_separators_of_other_alphabets_do_not_break_lines(tmp_path: Path) -> None:
    row = build_row(Pair("a\u2028b\x85c", "a", "s", 1, "vicuna", "ShareGPT", "human", "gpt"), "20230511 15:56:03")
    (tmp_path / "rows.jsonl").write_text(dump_row(row) + "\n", encoding="utf-8")
    assert [line.row for line in read_rows(tmp_path / "rows.jsonl")] == [row]


def test_files_that_cannot_be_read_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl: cannot be read: No such file"):
        list(read_rows(tmp_path / "none.jsonl"))
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        list(read_rows(tmp_path))
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xe4"}\n')
    with pytest.raises(InputError, match=r"latin\.jsonl: not UTF-8 near byte 8"):
        list(read_rows(tmp_path / "latin.jsonl"))


def test_standard_input_and_output_are_a_dash() -> None:
    code = (
        "from sharegpt_argilla.common.jsonl import open_output, read_rows\n"
        "with open_output('-') as out:\n"
        "    out.writelines(line.text + '\\n' for line in read_rows('-'))"
    )
    run = [sys.executable, "-X", "utf8", "-c", code]
    done = subprocess.run(run, input=(LINE + "\n").encode(), capture_output=True, check=True)
    assert done.stdout.decode() == LINE + "\n"


def test_output_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "rows.jsonl"
    target.write_text("old")
    with open_output(target) as file:
        file.write("new\n")
        file.flush()
        assert target.read_text() == "old"
    assert target.read_bytes() == b"new\n"
    with pytest.raises(KeyboardInterrupt), open_output(target) as file:
        file.write("half")
        raise KeyboardInterrupt
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("rows.jsonl", "new\n")]


def test_output_into_no_folder_is_an_input_error(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"rows\.jsonl: cannot be written: No such file"),
        open_output(tmp_path / "none" / "rows.jsonl"),
    ):
        pass


def test_rejects_keep_what_stood_there_even_when_it_was_not_utf8(tmp_path: Path) -> None:
    raw = b'{"id": "\xe4\xf6"}'
    with RejectsFile(tmp_path / "rejected.jsonl") as rejects:
        rejects.add("corpus.json", 7, "not UTF-8", raw.decode("utf-8", "surrogateescape"))
        rejects.add("corpus.json", 9, "“empty”", "ok")
        assert rejects.count == 2
    first, second = map(json.loads, (tmp_path / "rejected.jsonl").read_text("ascii").splitlines())
    assert first["raw"].encode("utf-8", "surrogateescape") == raw
    assert second == {"file": "corpus.json", "line": 9, "reason": "“empty”", "raw": "ok"}


def test_without_rejects_there_is_no_file(tmp_path: Path) -> None:
    with RejectsFile(tmp_path / "rejected.jsonl") as rejects:
        assert rejects.count == 0
    assert list(tmp_path.iterdir()) == []


def test_rejects_are_kept_when_the_run_fails(tmp_path: Path) -> None:
    rejects = RejectsFile(tmp_path / "rejected.jsonl")
    with pytest.raises(InputError), rejects:
        rejects.add("a", 1, "b", "c")
        raise InputError("later")
    assert [path.name for path in tmp_path.iterdir()] == ["rejected.jsonl"]


def test_rejects_into_no_folder_are_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"), RejectsFile(tmp_path / "no" / "r.jsonl") as rejects:
        rejects.add("a", 1, "b", "c")


def test_output_is_text_with_plain_line_breaks(tmp_path: Path) -> None:
    with open_output(tmp_path / "rows.jsonl") as file:
        assert isinstance(file, io.TextIOWrapper)
        file.write("ä\n")
    assert (tmp_path / "rows.jsonl").read_bytes() == b"\xc3\xa4\n"


def test_rejects_are_kept_next_to_the_output() -> None:
    assert rejects_next_to("folder/rows.jsonl") == Path("folder/rejected.jsonl")
    assert rejects_next_to("-") == Path("rejected.jsonl")


def test_standard_input_can_be_read_twice_and_a_missing_file_says_who_writes_it(tmp_path: Path) -> None:
    code = (
        "from sharegpt_argilla.common.jsonl import rereadable\n"
        "with rereadable('-', 'extract') as path:\n"
        "    print(path.read_text() == path.read_text(), path.exists())\n"
        "print(path.exists())"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, input=LINE.encode() + b"\r\n", capture_output=True, check=True)
    assert done.stdout.split() == [b"True", b"True", b"False"]
    (tmp_path / "rows.jsonl").touch()
    with rereadable(tmp_path / "rows.jsonl", "extract") as path:
        assert path == tmp_path / "rows.jsonl"
    with (
        pytest.raises(InputError, match=r"no such file; `sharegpt-argilla extract` writes one"),
        rereadable(tmp_path / "none.jsonl", "extract"),
    ):
        pass


def test_rejects_on_a_full_disk_are_an_input_error_and_the_first_error_counts(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match="/dev/full: cannot be written: No space left"),
        RejectsFile("/dev/full") as rejects,
    ):
        for number in range(10_000):
            rejects.add("a", number, "b", "c")
    with pytest.raises(InputError, match=r"^the first$"), RejectsFile("/dev/full") as rejects:
        rejects.add("a", 1, "b", "c")
        raise InputError("the first")
