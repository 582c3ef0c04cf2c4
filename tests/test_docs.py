"""The documentation says what the code does, and every command in it runs."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

import sharegpt_argilla
from sharegpt_argilla.cli import main
from sharegpt_argilla.cli.main import COMMANDS, build_parser
from sharegpt_argilla.corpora.table import CORPORA
from sharegpt_argilla.descriptives.metrics import METRICS
from tests.embedded import EmbeddedArgilla
from tests.projects import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = {
    "foreground": re.compile(r"sharegpt-argilla (serve|demo)\b"),
    "make": re.compile(r"make (\w+)"),
}


def commands(page: Path) -> list[str]:
    """The lines of a page's bash blocks, comments cut off."""
    blocks = re.findall(r"^```bash\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = [line.split(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_verb_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in commands(page):
        if found := BLOCKS["make"].match(line):
            assert re.search(rf"^{found[1]}:", makefile, re.MULTILINE), line


@pytest.mark.live
def test_the_readme_runs_from_top_to_bottom(argilla: EmbeddedArgilla, tmp_path, monkeypatch, capfd) -> None:
    for name in ("examples", "dataset-config.yml", "guidelines.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(argilla.home.path))
    ran = []
    for line in commands(ROOT / "README.md"):
        name, *arguments = shlex.split(line)
        if name == "make" or BLOCKS["foreground"].match(line):
            continue
        assert name == "sharegpt-argilla"
        assert main(arguments) == 0, capfd.readouterr().err
        ran.append(arguments[0])
    assert ran == ["extract", "push-to-argilla", "export-responses"]
    assert (tmp_path / "annotated.jsonl").read_bytes() == (tmp_path / "rows.jsonl").read_bytes()


def test_the_numbers_in_the_readme_are_those_of_the_examples(tmp_path, monkeypatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    main(["extract", str(ROOT / "examples" / "sharegpt_vicuna.json"), "-m", "vicuna", "-o", "rows.jsonl"])
    assert capfd.readouterr().err.strip() in README


def test_python_in_the_readme_runs(tmp_path, monkeypatch, capfd) -> None:
    (snippet,) = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    exec(snippet, {})
    assert capfd.readouterr().out.strip() == str(len((tmp_path / "rows.jsonl").read_text().splitlines()))


def test_the_page_of_commands_is_up_to_date(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.CLI.read_text(encoding="utf-8") == generate.cli_page(), "run `make docs`"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_ends_with_a_real_example(command: str) -> None:
    parser = build_parser(command)
    example = parser.format_help().rstrip().splitlines()[-1].strip()
    name, given, *arguments = shlex.split(example)
    assert (name, given) == ("sharegpt-argilla", command)
    parser.parse_args(arguments)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme_and_in_the_list(command: str, capfd) -> None:
    main([])
    listed = capfd.readouterr().out
    assert f"| `{command}` | {COMMANDS[command]} |" in README
    assert re.search(rf"^  {command} +{re.escape(COMMANDS[command])}$", listed, re.MULTILINE)


def test_every_corpus_has_an_example() -> None:
    assert {path.stem.removeprefix("sharegpt_") for path in (ROOT / "examples").glob("*.json*")} == set(CORPORA)


def test_every_metric_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    stems = {re.sub(r"_(mean|median|std)$", "", metric) for metric in METRICS}
    assert [stem for stem in stems if f"`{stem}`" not in text] == []


def test_the_public_names_are_the_commands_and_the_table() -> None:
    assert sharegpt_argilla.__all__ == sorted(sharegpt_argilla.__all__)
    for name in sharegpt_argilla.__all__:
        assert callable(getattr(sharegpt_argilla, name))
        assert name.replace("_", "-") in {*COMMANDS, "read-annotated"}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sharegpt_argilla.nothing  # noqa: B018


def test_the_changelog_names_the_version() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"$', pyproject, re.MULTILINE)[1]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
