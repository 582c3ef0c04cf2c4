"""Wrong options are answered with what to type instead."""

import pytest

from sharegpt_argilla.cli.main import build_parser, main


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


def test_a_parser_can_be_used_twice() -> None:
    parser = build_parser("extract")
    for name in ("vicuna", "gpt4"):
        assert parser.parse(["chats.json", "-m", name]).model == name
    # Behind "--" everything is a name.
    assert parser.parse(["-m", "vicuna", "--", "--modle"]).inputs == ["--modle"]
