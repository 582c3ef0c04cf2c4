"""The command as it is installed, and the scripts at the top."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.projects import ROOT

COMMAND = Path(sys.executable).with_name("sharegpt-argilla")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(a) for a in arguments], capture_output=True, text=True, cwd=ROOT, check=False)


@pytest.mark.parametrize("name", ["setup_dataset", "load_records", "export_responses"])
def test_a_script_is_the_command_of_the_same_name(name: str) -> None:
    script = run(sys.executable, f"{name}.py", "--help")
    command = run(COMMAND, name.replace("_", "-"), "--help")
    assert script.returncode == command.returncode == 0
    assert script.stdout == command.stdout


@pytest.mark.parametrize("program", [[COMMAND], [sys.executable, "-m", "sharegpt_argilla"]])
def test_the_version(program: list[object]) -> None:
    found = run(*program, "--version")
    assert (found.returncode, found.stdout.strip()) == (0, "sharegpt-argilla 0.1.0")


def test_the_package_runs_as_a_module() -> None:
    module = run(sys.executable, "-m", "sharegpt_argilla", "doctor", "--help")
    assert (module.returncode, module.stdout) == (0, run(COMMAND, "doctor", "--help").stdout)


def test_an_unknown_command_is_answered_with_the_nearest() -> None:
    found = run(COMMAND, "exract")
    assert found.returncode == 2
    assert 'unknown command "exract"; did you mean "extract"?' in found.stderr
    assert found.stderr.count("\n") == 1


def test_rows_go_to_standard_output_and_counts_to_standard_error(tmp_path: Path) -> None:
    found = run(COMMAND, "extract", "examples/sharegpt_gpt4.jsonl", "-m", "gpt4", "-o", "-")
    assert found.returncode == 0
    assert all(line.startswith('{"id":"') for line in found.stdout.splitlines())
    assert found.stderr.startswith(f"{len(found.stdout.splitlines())} rows")


def test_a_small_file_looks_for_no_plug_ins_and_shows_no_bar(tmp_path: Path) -> None:
    """Either costs as much CPU as all of the rest."""
    words = ["extract", "examples/sharegpt_gpt4.jsonl", "-m", "gpt4", "-o", str(tmp_path / "rows.jsonl")]
    code = f"import sys; from sharegpt_argilla.cli import main; assert main({words!r}) == 0; print(*sys.modules)"
    done = run(sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}")
    assert done.returncode == 0, done.stderr
    assert {"importlib.metadata", "tqdm"} & set(done.stdout.split()) == set()
