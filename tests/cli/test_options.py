"""Wrong options and files are answered with what to type instead, and nothing claims more than was done."""

from pathlib import Path

import pytest

from sharegpt_argilla.cli.export_responses import describe
from sharegpt_argilla.cli.main import build_parser, main
from sharegpt_argilla.workflows.export_responses import ExportSummary
from tests.projects import ROOT


def refused(capfd: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    return capfd.readouterr().err


@pytest.mark.parametrize("option", [["--modle", "auto"], ["--modle=auto"]])
def test_a_misspelt_option_is_named_before_the_one_that_is_missing(option: list[str], capfd) -> None:
    said = refused(capfd, "extract", "chats.json", *option)
    assert said == (
        "sharegpt-argilla extract: unknown option --modle (did you mean -m/--model?); "
        "see `sharegpt-argilla extract --help`\n"
    )


def test_every_unknown_option_is_named(capfd) -> None:
    said = refused(capfd, "extract", "--xyzzy", "--outptu", "rows.jsonl")
    assert "unknown option --xyzzy, unknown option --outptu (did you mean -o/--output?); see" in said


def test_without_a_command_too(capfd) -> None:
    assert "unknown option --vresion (did you mean --version?)" in refused(capfd, "--vresion")


def test_what_is_missing_and_what_is_too_much_is_still_said(capfd) -> None:
    assert "the following arguments are required: -m/--model" in refused(capfd, "extract", "chats.json")
    assert "unrecognized arguments: second" in refused(capfd, "init", "first", "second")


@pytest.mark.parametrize("words", [["--every", "5x"], ["--every", "0m"], ["--every", "m"]])
def test_a_length_of_time_has_a_unit(words: list[str], capfd) -> None:
    assert f'"{words[1]}" is no length of time; say 30s, 5m or 1h' in refused(capfd, "plan", "r.jsonl", *words)
    assert build_parser("plan").parse(["r.jsonl", "--adapt", "--every", "5m"]).every == 300


@pytest.mark.parametrize(
    "words",
    [["--every", "5m"], ["--every", "5m", "--adapt", "--dry-run"], ["--every", "5m", "--apply", "--dry-run"]],
)
def test_rounds_that_would_not_end_are_refused(words: list[str], capfd) -> None:
    assert main(["plan", "r.jsonl", *words]) == 2
    assert (
        "--every repeats rounds of --adapt or --apply; give one of them, without --dry-run"
        in capfd.readouterr().err
    )


def test_a_parser_can_be_used_twice() -> None:
    parser = build_parser("extract")
    for name in ("vicuna", "gpt4"):
        assert parser.parse(["chats.json", "-m", name]).model == name
    # Behind "--" everything is a name.
    assert parser.parse(["-m", "vicuna", "--", "--modle"]).inputs == ["--modle"]


@pytest.mark.parametrize("text", ["", "# Not rows\n\nonly text\n"])
def test_a_file_without_a_row_is_not_exported(text: str, tmp_path: Path, capfd) -> None:
    rows = tmp_path / "README.md"
    rows.write_text(text, encoding="utf-8")
    words = ["export-responses", str(rows), "-o", str(tmp_path / "out.jsonl")]
    assert main([*words, "--config", str(ROOT / "dataset-config.yml")]) == 1
    said = f"sharegpt-argilla: {rows}: no rows in it; give the rows that were loaded\n"
    assert capfd.readouterr() == ("", said)
    assert list(tmp_path.iterdir()) == [rows]


def test_a_dry_run_names_no_file_as_written() -> None:
    summary = ExportSummary(rows=2, annotated=1, output="out.jsonl", orphans=3, orphans_file=Path("orphans.jsonl"))
    assert describe(summary).endswith("-> orphans.jsonl -> out.jsonl")
    dry = describe(summary, dry_run=True)
    assert dry.endswith("3 answered records whose rows are not in the file -> nothing written (dry run)")
