"""Inputs: files, folders, patterns, standard input, and a clear line for what is not there."""

from pathlib import Path

import pytest

from sharegpt_argilla.corpora.reading.inputs import expand_inputs, total_size
from sharegpt_argilla.errors import InputError, UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.json", "a.JSONL", "notes.txt", ".hidden.json", "deep/c.jsonl", ".cache/d.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("12345")
    return tmp_path


def names(files: list[str], folder: Path) -> list[str]:
    return [str(Path(file).relative_to(folder)) for file in files]


def test_a_folder_means_its_json_files_sorted(folder: Path) -> None:
    assert names(expand_inputs([folder]), folder) == ["a.JSONL", "b.json", "deep/c.jsonl"]


def test_a_pattern_means_the_files_it_matches(folder: Path) -> None:
    assert names(expand_inputs([folder / "**" / "*.json*"]), folder) == ["b.json", "deep/c.jsonl"]


def test_a_name_with_brackets_is_a_name_first(folder: Path) -> None:
    (folder / "[1].txt").write_text("")
    assert names(expand_inputs([folder / "[1].txt"]), folder) == ["[1].txt"]


def test_each_file_is_read_once_in_the_order_given(folder: Path) -> None:
    given: list[str | Path] = [folder / "deep" / "c.jsonl", folder, folder / "deep" / ".." / "b.json", "-", "-"]
    files = expand_inputs(given)
    assert names(files[:-1], folder) == ["deep/c.jsonl", "a.JSONL", "b.json"]
    assert files[-1] == "-"


def test_a_folder_leaves_out_what_the_run_writes(folder: Path) -> None:
    assert names(expand_inputs([folder], [folder / "b.json", "-"]), folder) == ["a.JSONL", "deep/c.jsonl"]


def test_a_file_cannot_be_read_and_written(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"b\.json: would be read and written in the same run"):
        expand_inputs([folder / "b.json"], [folder / "deep" / ".." / "b.json"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.json", "no such file or folder"),
        ("*.parquet", "no file matches this pattern"),
        ("empty", "no .json or .jsonl file in this folder"),
    ],
)
def test_what_is_not_there_is_named(folder: Path, name: str, message: str) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        expand_inputs([folder / name])
    assert str(caught.value) == f"{folder / name}: {message}"


def test_no_input_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="no input"):
        expand_inputs([])


def test_the_size_is_known_unless_a_stream_is_among_the_files(folder: Path) -> None:
    assert total_size([str(folder / "b.json"), str(folder / "a.JSONL")]) == 10
    assert total_size([str(folder / "b.json"), "-"]) is None
