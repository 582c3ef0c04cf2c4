"""Counts in words, and the silence of --quiet."""

import sys
from pathlib import Path

import pytest

from sharegpt_argilla.cli.main import COMMANDS, build_parser, main
from sharegpt_argilla.cli.printing import counted, run_quietly, shows_progress
from sharegpt_argilla.cli.training import describe
from sharegpt_argilla.common.plurals import numbered
from sharegpt_argilla.workflows.training import TrainingSummary
from tests.projects import ROOT

EXTRACT = ["extract", str(ROOT / "examples" / "sharegpt_gpt4.jsonl"), "-m", "gpt4", "-o"]


@pytest.mark.parametrize(
    ("what", "one"),
    [
        ("training rows", "1 training row"),
        ("people at http://127.0.0.1", "1 person at http://127.0.0.1"),
        ("checks found something", "1 check found something"),
        ("answered records -> rows.jsonl", "1 answered record -> rows.jsonl"),
        ("answered records whose rows are not in the file", "1 answered record whose rows are not in the file"),
        ("answers withdrawn since", "1 answer withdrawn since"),
        ("lines that are no row, kept as they are", "1 line that is no row, kept as it is"),
        ("lines that are no row, left out", "1 line that is no row, left out"),
        ("submitted responses are drafts again", "1 submitted response is a draft again"),
        ("of 30 rows annotated", "1 of 30 rows annotated"),
        ("loaded", "1 loaded"),
        ("reasoning parts left out", "1 reasoning part left out"),
        ("messages on other branches left out", "1 message on other branches left out"),
        ("parts that are no text left out", "1 part that is no text left out"),
        ("ends of long extra texts left out", "1 end of long extra texts left out"),
        ("records whose rounds another record has", "1 record whose rounds another record has"),
        ('"images" of messages left out', '1 "images" of messages left out'),
    ],
)
def test_one_of_something_is_in_the_singular(what: str, one: str) -> None:
    assert numbered(1, what) == one
    assert numbered(0, what) == f"0 {what}"
    assert numbered(1234, what) == f"1,234 {what}"


def test_the_first_count_is_always_told() -> None:
    assert counted((0, "records sent"), (1, "answers dropped"), (0, "gone")) == "0 records sent, 1 answer dropped"


def test_a_training_set_of_one_row() -> None:
    summary = TrainingSummary(rows=1, unreadable=1, repeated=1, written={"": 1}, outputs=["out.jsonl"])
    assert describe(summary) == (
        "1 training row from 1 row, 1 row there twice, 1 line that is no row -> out.jsonl"
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_can_be_quiet(command: str) -> None:
    assert "--quiet" in build_parser(command).format_help()


def test_quiet_says_nothing_of_what_went_well(tmp_path: Path, capfd) -> None:
    assert main([*EXTRACT, str(tmp_path / "rows.jsonl"), "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "rows.jsonl").stat().st_size
    assert main([*EXTRACT, str(tmp_path / "again.jsonl")]) == 0
    assert "rows from" in capfd.readouterr().err


def test_quiet_tells_why_a_command_failed(tmp_path: Path, capfd) -> None:
    (tmp_path / "chats.jsonl").write_text('{"id": "a"}\n', encoding="utf-8")
    words = ["extract", str(tmp_path / "chats.jsonl"), "-m", "vicuna", "-o", str(tmp_path / "rows.jsonl")]
    codes = (main(words), main([*words, "--restart"]), main([*words, "--restart", "--quiet"]))
    assert codes == (1, 1, 1)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) % 3 == 0
    assert lines[-len(lines) // 3 :] == lines[: len(lines) // 3]


def test_quiet_prints_errors(tmp_path: Path, capfd) -> None:
    assert main(["training", str(tmp_path / "no.jsonl"), "--format", "alpaca", "-o", "x", "--quiet"]) == 1
    assert capfd.readouterr().err.count("\n") == 1


def test_quiet_has_no_bar(monkeypatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert shows_progress()
    assert run_quietly(lambda: int(shows_progress())) == 0
