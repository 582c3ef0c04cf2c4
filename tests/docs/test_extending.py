"""docs/extending.md: the package that the page shows is installed, and each of its members used."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sharegpt_argilla.config import load_project
from sharegpt_argilla.errors import ConfigError
from sharegpt_argilla.rows import Pair, build_row
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.docs.pages import blocks
from tests.docs.reader import PATH_OF_PROGRAM
from tests.projects import ANSWER, ROOT, TestProject, read_annotations, write_rows

PAGE = "docs/extending.md"
TIME = "20230511 15:56:03"
Run = Callable[..., str]


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's files, and the package that they are installed in ``site``."""
    folder = tmp_path_factory.mktemp("faq-annotation")
    for block in blocks(PAGE):
        if block.language in ("python", "toml"):
            path = folder / re.match(r"# (\S+)\n", block.text)[1]
            assert not path.exists()
            path.write_text(block.text, encoding="utf-8")
    install(folder, folder / "site")
    return folder


def install(folder: Path, site: Path) -> None:
    """What pip would do, without building tools and network: modules, and what the package says of itself."""
    content = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    name, version = content["project"]["name"], content["project"]["version"]
    points = content["project"]["entry-points"]
    lines = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in points[group].items()) for group in points
    ]
    describe(site, name, version, "\n".join(lines))
    for module in content["tool"]["setuptools"]["py-modules"]:
        shutil.copy(folder / f"{module}.py", site)
    assert {path.stem for path in folder.glob("*.py")} == {path.stem for path in site.glob("*.py")}


def describe(site: Path, name: str, version: str, points: str) -> None:
    """The metadata of an installed package."""
    metadata = site / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (metadata / "METADATA").write_text(text, encoding="utf-8")
    (metadata / "entry_points.txt").write_text(points, encoding="utf-8")


@pytest.fixture
def run(extended: Path) -> Run:
    """Runs a command in the page's folder, where the package is installed; gives all that it printed."""

    def run(*command: str | Path, PYTHONPATH: str = "", **variables: str) -> str:  # noqa: N803 - as it is called
        environment = os.environ | variables
        environment["PYTHONPATH"] = f"{extended / 'site'}{os.pathsep}{PYTHONPATH}"
        environment["PATH"] = f"{PATH_OF_PROGRAM}:{os.environ['PATH']}"
        done = subprocess.run(command, cwd=extended, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.mark.slow
def test_corpus_check_and_format_do_what_the_page_shows(extended: Path, run: Run) -> None:
    for block in blocks(PAGE):
        if block.language == "bash":
            assert block.shown.strip() in run("bash", "-ec", block.text)
    assert '\\"flags\\": [\\"shouting\\"]' in (extended / "curated.jsonl").read_text(encoding="utf-8")
    for command, title in (
        ("extract", "faq (Questions with their answers)"),
        ("curate", "shouting (the prompt is in capital letters)"),
        ("training", "faq (questions with their answers)"),
    ):
        assert title in " ".join(run("sharegpt-argilla", command, "--help").split())
    files = [block.text.split()[1] for block in blocks(PAGE) if block.language == "python"]
    run("ruff", "check", "--config", ROOT / "pyproject.toml", *files)
    run("ruff", "format", "--check", "--config", ROOT / "pyproject.toml", *files)


@pytest.mark.live
def test_agent_and_policy_work_in_a_project(project: TestProject, run: Run, tmp_path: Path) -> None:
    row = build_row(Pair("How does python sort?", "Well.", "s", 1, "vicuna", "ShareGPT", "human", "gpt"), TIME)
    rows = write_rows(tmp_path / "rows.jsonl", [row])
    project.rewrite(assignment={"overlap": 2})
    push_to_argilla(rows, project.config, connection=project.connection, home=project.home)
    sections = [yaml.safe_load(block.text) for block in blocks(PAGE) if block.language == "yaml"]
    project.rewrite(**{name: section for one in sections for name, section in one.items()})
    server = {"ARGILLA_API_URL": project.connection.api_url, "ARGILLA_API_KEY": project.connection.api_key}

    run("sharegpt-argilla", "config", "check", "--config", project.config)
    assert "1 updated" in run("sharegpt-argilla", "load-records", rows, "--config", project.config, **server)
    for username, quality in zip(project.people[:2], (6, 2), strict=True):
        annotator = project.annotator(username)
        annotator.answer(annotator.pending()[0]["id"], values=ANSWER | {"quality": quality})
    output = tmp_path / "annotated.jsonl"
    run("sharegpt-argilla", "export-responses", rows, "-o", output, "--config", project.config, **server)
    ((_, annotation),) = read_annotations(output).items()
    assert annotation["quality"] == 2
    assert annotation["suggestions"] == [
        {"question": "intent", "agent": "asks_for_code", "value": ["code"], "type": "model"}
    ]


def test_without_the_package_its_names_are_unknown(project_file: Path) -> None:
    for section, name, listed in (
        ({"suggestions": [{"type": "asks_for_code", "question": "intent"}]}, "asks_for_code", "moderation"),
        ({"export": {"policies": {"quality": "strictest"}}}, "strictest", "median"),
    ):
        content = yaml.safe_load((ROOT / "dataset-config.yml").read_text(encoding="utf-8"))
        project_file.write_text(yaml.safe_dump(content | section, allow_unicode=True), encoding="utf-8")
        with pytest.raises(ConfigError, match=f'"{name}".* known: .*{listed}'):
            load_project(project_file)


@pytest.fixture
def project_file(tmp_path: Path) -> Path:
    (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
    return tmp_path / "dataset-config.yml"


def test_a_package_that_cannot_be_used_costs_a_line_and_not_the_run(tmp_path: Path, run: Run) -> None:
    for name, value in (("broken", "no_such_module:CORPUS"), ("taken", "math:pi")):
        member = "vicuna" if name == "taken" else "broken"
        describe(tmp_path, name, "1.0", f"[sharegpt_argilla.corpora]\n{member} = {value}\n")
    (tmp_path / "faq.jsonl").write_text('{"q": "Is rain wet?", "a": "Yes."}\n', encoding="utf-8")
    printed = run(
        *("sharegpt-argilla", "extract", tmp_path / "faq.jsonl", "-m", "faq", "-o", tmp_path / "rows.jsonl"),
        PYTHONPATH=str(tmp_path),
    )
    assert printed.splitlines()[:2] == [
        'the corpus "broken" of the package broken cannot be imported (ModuleNotFoundError: No module named '
        "'no_such_module'); update or uninstall that package",
        'the corpus "vicuna" of the package taken is refused: sharegpt-argilla has a corpus of that name; '
        "rename one",
    ]
    assert "1 row from 1 conversation" in printed
