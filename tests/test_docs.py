"""The documentation says what the code does, and its links lead somewhere. tests/docs follows the pages."""

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from argilla_server.settings import Settings
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import sharegpt_argilla
from sharegpt_argilla.cli import main
from sharegpt_argilla.cli.main import COMMANDS, GROUPS, build_parser
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.descriptives.metrics import METRICS
from sharegpt_argilla.suggestions.intent_rules import intent_rules
from sharegpt_argilla.suggestions.table import AGENTS
from tests.projects import ROOT, load_generator

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_the_generated_pages_are_up_to_date(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    generate = load_generator()
    assert generate.CLI.read_text(encoding="utf-8") == generate.cli_page(), "run `make docs`"
    assert generate.API.read_text(encoding="utf-8") == generate.api_page(), "run `make docs`"
    assert generate.KEYS.read_text(encoding="utf-8") == generate.keys_page(), "run `make docs`"
    assert generate.JSON.read_text(encoding="utf-8") == generate.json_page(), "run `make docs`"


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
    of_the_image = {"USERNAME", "PASSWORD", "API_KEY", "WORKSPACE", "UVICORN_APP"}
    of_libraries = {"WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS", "HF_HUB_DISABLE_TELEMETRY"}
    given = set(services["argilla"]["environment"]) - of_the_image - of_libraries
    known = {f"ARGILLA_{name.upper()}" for name in Settings.model_fields} | {"ARGILLA_AUTH_SECRET_KEY"}
    assert given - known == set()
    assert services["worker"]["environment"] == services["argilla"]["environment"]
    for service in services.values():
        for other, condition in service.get("depends_on", {}).items():
            assert condition == {"condition": "service_healthy"} and "test" in services[other]["healthcheck"]
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in yaml.safe_load(block)["volumes"]


@pytest.mark.parametrize(
    "trusted",
    [
        re.findall(r"FORWARDED_ALLOW_IPS: (.*)", (ROOT / "docs" / "deployment.md").read_text("utf-8"))[0],
        re.findall(
            r"FORWARDED_ALLOW_IPS:-([^}]*)", (ROOT / "examples" / "deployment" / "start.sh").read_text("utf-8")
        )[0],
    ],
)
def test_what_containers_trust_lets_nobody_forge_an_address(trusted: str) -> None:
    seen = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"][0])

    # A proxy puts the address that it sees behind what the person sent.
    headers = [(b"x-forwarded-for", b"198.51.100.1, 203.0.113.9")]
    scope: Any = {"type": "http", "client": ("172.18.0.1", 1), "headers": headers}
    asyncio.run(ProxyHeadersMiddleware(app, trusted)(scope, None, None))
    assert seen == ["203.0.113.9"]


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


def test_commands_are_grouped_alike_in_the_readme_and_in_the_list(capfd) -> None:
    main([])
    listed = re.findall(
        r"^(?:(\S.*):|  (\S+)  .*)$", capfd.readouterr().out.partition("\n\noptions:")[0], re.MULTILINE
    )
    table = README[README.index("| command | does |") :].partition("\n\n")[0]
    in_table = re.findall(r"^\| (?:\*\*(.+)\*\*|`(.+)`) \|", table, re.MULTILINE)
    expected = [pair for title, names in GROUPS.items() for pair in ((title, ""), *(("", name) for name in names))]
    assert listed == in_table == expected


def test_every_corpus_has_an_example() -> None:
    assert {path.stem.removeprefix("sharegpt_") for path in (ROOT / "examples").glob("*.json*")} == set(CORPORA)


def test_every_metric_is_documented() -> None:
    text = (ROOT / "docs" / "descriptives.md").read_text(encoding="utf-8")
    assert [metric for metric in METRICS if f"`{metric}`" not in text] == []


def test_every_agent_and_every_rule_is_documented() -> None:
    text = (ROOT / "docs" / "suggestions.md").read_text(encoding="utf-8")
    assert [agent for agent in AGENTS if f"`{agent}`" not in text] == []
    read = [f"| {rule.right} of {rule.read} | {rule.score} |" for rule in intent_rules()]
    assert re.findall(r"\| \d+ of \d+ \| 0\.\d+ \|", text) == read


CHANGES = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
"""The headings of https://keepachangelog.com/en/1.1.0/."""


def test_the_changelog_has_a_section_for_each_release_under_the_usual_headings() -> None:
    version = re.search(
        r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )[1]
    _, unreleased, *releases = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.M)
    assert unreleased.startswith("Unreleased\n")
    titles = [release.partition("\n")[0] for release in releases]
    assert [title for title in titles if not re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", title)] == []
    assert f"this becomes {version}," in unreleased or f"{version} - " in titles[0]
    for section in (unreleased, *releases):
        headings = re.findall(r"^### (.+)$", section, re.MULTILINE)
        assert set(headings) <= set(CHANGES)
        assert len(headings) == len(set(headings))


def test_the_version_is_in_one_place_and_the_citation_repeats_it() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(citation["version"]) == pyproject["project"]["version"] == sharegpt_argilla.__version__


def test_on_pypi_links_and_pictures_lead_to_the_public_address(tmp_path: Path) -> None:
    url = "https://git.example/somebody/project"
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    command = [sys.executable, str(ROOT / "docs" / "pypi_readme.py"), f"{url}/", str(tmp_path)]
    subprocess.run(command, check=True)
    pyproject = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))
    assert pyproject["project"]["urls"]["Homepage"] == url
    at = f"{url}/blob/v{pyproject['project']['version']}"
    page = readme_as_pypi_shows_it(tmp_path / "README.md")
    links = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert [link for link in links if not link.startswith(("https://", "#", "http://127.0.0.1"))] == []
    assert f"{at}/docs/install.md" in links
    assert f"{at}/docs/images/tour.webp".replace("/blob/", "/raw/") in links
    files = [link.removeprefix(f"{at}/") for link in links if link.startswith(at)]
    assert [name for name in files if not (ROOT / name.partition("#")[0]).exists()] == []


def test_pypi_renders_the_readme() -> None:
    page = readme_as_pypi_shows_it(ROOT / "README.md")
    assert page.count("<img") == README.count("![")
    assert page.count("<table") > 1


def readme_as_pypi_shows_it(path: Path) -> str:
    from readme_renderer.markdown import render

    page = render(path.read_text(encoding="utf-8"))
    assert page
    return page


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in (ROOT / "docs" / "images").iterdir()}
    assert {name: size for name, size in sizes.items() if size > 200_000} == {}
    assert sum(sizes.values()) < 1_000_000
