"""The documentation says what the code does, and every command in it runs."""

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from argilla_server.settings import Settings

import sharegpt_argilla
from sharegpt_argilla.cli import main
from sharegpt_argilla.cli.main import COMMANDS, build_parser
from sharegpt_argilla.corpora.table import CORPORA
from sharegpt_argilla.descriptives.metrics import METRICS
from sharegpt_argilla.settings import find_password
from sharegpt_argilla.suggestions.intent_rules import RULES
from sharegpt_argilla.suggestions.table import AGENTS
from tests.embedded import EmbeddedArgilla
from tests.live.rest import signed_in
from tests.projects import ANSWER, ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = {
    "foreground": re.compile(r"sharegpt-argilla (serve|demo|dashboard)\b"),
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


def follow(page: Path, capfd) -> Iterator[str]:
    """Run the commands of a page one after the other, here; gives the name of each when it is done."""
    for line in commands(page):
        name, *arguments = shlex.split(line)
        if name == "make" or BLOCKS["foreground"].match(line):
            continue
        assert name == "sharegpt-argilla"
        assert main(arguments) == 0, capfd.readouterr().err
        yield arguments[0]


@pytest.fixture
def checkout(argilla: EmbeddedArgilla, tmp_path, monkeypatch) -> Path:
    """A folder to follow a page in: what a clone has, and an Argilla that runs."""
    for name in ("examples", "guidelines.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "dataset-config.yml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(argilla.home.path))
    return tmp_path


@pytest.mark.live
def test_the_readme_runs_from_top_to_bottom(checkout: Path, argilla: EmbeddedArgilla, capfd) -> None:
    ran = []
    for command in follow(ROOT / "README.md", capfd):
        ran.append(command)
        if command == "push-to-argilla":
            answer_everything(argilla, "sharegpt-prompts")
    assert ran == ["extract", "curate", "push-to-argilla", "export-responses", "train"]
    assert (checkout / "annotated.jsonl").read_text("utf-8").count("标注") == 30
    assert {path.name for path in (checkout / "model").iterdir()} == {
        "README.md",
        "intent",
        "metrics.json",
        "toxicity",
    }


@pytest.mark.live
def test_the_tutorial_runs_from_top_to_bottom(checkout: Path, argilla: EmbeddedArgilla, capfd) -> None:
    config = checkout / "dataset-config.yml"
    config.write_text(config.read_text("utf-8").replace("dataset: sharegpt-prompts", "dataset: tutorial"), "utf-8")
    ran = []
    for command in follow(ROOT / "docs" / "tutorial.md", capfd):
        ran.append(command)
        if command == "push-to-argilla":
            answer_everything(argilla, "tutorial")
    assert {"extract", "push-to-argilla", "export-responses", "report-agreement", "training", "backup"} <= set(ran)
    assert len(json.loads((checkout / "train.json").read_bytes())) > 20


def answer_everything(argilla: EmbeddedArgilla, dataset: str) -> None:
    """One response of ana's to each record; every third prompt wants something else and is toxic."""
    other = {"quality": 3, "intent": ["generation"], "toxicity": "harmful"}
    with signed_in(argilla.api_url, "ana", find_password(argilla.home, "ana", argilla.api_url)) as ana:
        (dataset_id,) = [item["id"] for item in ana("GET", "/me/datasets")["items"] if item["name"] == dataset]
        found = ana("POST", f"/me/datasets/{dataset_id}/records/search", {}, limit=100)["items"]
        for number, item in enumerate(found):
            ana.answer(item["record"]["id"], **(ANSWER if number % 3 else other))


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


def test_the_generated_pages_are_up_to_date(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.CLI.read_text(encoding="utf-8") == generate.cli_page(), "run `make docs`"
    assert generate.KEYS.read_text(encoding="utf-8") == generate.keys_page(), "run `make docs`"


def test_the_site_builds_without_a_warning(tmp_path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "index.html").is_file()


def test_the_compose_file_says_what_argilla_server_reads() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(services:.*?)^```", text, re.DOTALL | re.MULTILINE)
    services = yaml.safe_load(block)["services"]
    given = set(services["argilla"]["environment"]) - {"USERNAME", "PASSWORD", "API_KEY", "WORKSPACE"}
    known = {f"ARGILLA_{name.upper()}" for name in Settings.model_fields} | {"ARGILLA_AUTH_SECRET_KEY"}
    assert given - known == set()
    assert services["worker"]["environment"] == services["argilla"]["environment"]
    for service in services.values():
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in yaml.safe_load(block)["volumes"]


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
    text = (ROOT / "docs" / "descriptives.md").read_text(encoding="utf-8")
    assert [metric for metric in METRICS if f"`{metric}`" not in text] == []


def test_every_agent_and_every_rule_is_documented() -> None:
    text = (ROOT / "docs" / "suggestions.md").read_text(encoding="utf-8")
    assert [agent for agent in AGENTS if f"`{agent}`" not in text] == []
    read = [f"| {rule.right} of {rule.read} | {rule.score} |" for rule in RULES]
    assert re.findall(r"\| \d+ of \d+ \| 0\.\d+ \|", text) == read


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
