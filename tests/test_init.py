"""``init``: a project from the package's own files."""

import re
from pathlib import Path

import pytest

from docs.generate import STARTER, starter_files
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.errors import ConfigError, InputError, UnknownNameError
from sharegpt_argilla.workflows.config import check_config
from sharegpt_argilla.workflows.init import TASKS, init
from tests.embedded import EmbeddedArgilla


def test_the_package_holds_the_ready_projects_of_the_repository() -> None:
    packaged = {str(path.relative_to(STARTER)): path.read_bytes() for path in STARTER.rglob("*") if path.is_file()}
    assert packaged == starter_files(), "run `make docs`"


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_a_project_that_checks(task: str, tmp_path: Path) -> None:
    summary = init(tmp_path / "new", task)
    folder = summary.folder
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == summary.written
    assert {"dataset-config.yml", "guidelines.md", "examples/sharegpt_vicuna.json"} <= set(summary.written)
    config = folder / "dataset-config.yml"
    assert config.read_text().startswith("# yaml-language-server: $schema=dataset-config.schema.json\n")
    assert (folder / "dataset-config.schema.json").is_file()
    assert check_config(config).guidelines


def test_nothing_is_overwritten(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "guidelines.md").write_text("Mine.")
    assert main(["init", str(tmp_path)]) == 0
    assert "guidelines.md is there already and stays as it is" in capfd.readouterr().err
    assert (tmp_path / "guidelines.md").read_text() == "Mine."
    assert init(tmp_path).written == []


def test_a_dry_run_writes_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "new"), "--dry-run"]) == 0
    assert "files would be written" in capfd.readouterr().err
    assert not (tmp_path / "new").exists()


def test_an_unknown_task_and_a_folder_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match='did you mean "prompts"'):
        init(tmp_path, "promts")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        init(tmp_path / "file" / "new")


def test_a_missing_project_file_names_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"`sharegpt-argilla init \.` writes one"):
        check_config(tmp_path / "dataset-config.yml")


def commands_that_it_names(folder: Path, task: str, capfd: pytest.CaptureFixture[str]) -> list[list[str]]:
    assert main(["init", str(folder), "--task", task]) == 0
    named = [line.strip() for line in capfd.readouterr().err.splitlines() if line.startswith("  sharegpt-argilla")]
    return [line.partition("    ")[0].split()[1:] for line in named]


@pytest.mark.live
@pytest.mark.parametrize("task", TASKS)
def test_the_commands_that_it_names_are_done(
    task: str,
    argilla: EmbeddedArgilla,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commands = commands_that_it_names(tmp_path, task, capfd)
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(argilla.home.path))
    monkeypatch.chdir(tmp_path)
    config = Path("dataset-config.yml")
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub(r"^workspace: .+$", f"workspace: init-{task}", text, flags=re.MULTILINE), "utf-8")
    for words in commands:
        # The session's Argilla takes the place of one of its own.
        assert words[0] == "serve" or main(words) == 0
    said = capfd.readouterr().err.splitlines()[-1]
    assert re.fullmatch(r"\d+ loaded", said)
