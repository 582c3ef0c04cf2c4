"""Each mistake gets one clear line and an exit code that is not 0; nothing is lost, nothing half-written."""

import json
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.cli import main
from tests.embedded import free_port
from tests.projects import ROOT, TestProject, some_rows, write_rows

GOOD = {"id": "a", "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}


@pytest.fixture
def run(capfd, monkeypatch, tmp_path: Path):
    """Run a command in an empty folder; give its exit code and the lines on standard error."""
    for name in ("ARGILLA_API_URL", "ARGILLA_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(tmp_path / "no-home"))
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> tuple[int, list[str]]:
        try:
            code: Any = main([str(argument) for argument in arguments])
        except SystemExit as stopped:
            code = stopped.code
        captured = capfd.readouterr()
        assert captured.out == ""
        assert "Traceback" not in captured.err
        return code, captured.err.splitlines()

    return command


@pytest.fixture
def raw(tmp_path: Path):
    """Write raw conversations; give the path."""

    def write(*conversations: object) -> Path:
        path = tmp_path / "raw.json"
        path.write_text(json.dumps(conversations, indent=2), encoding="utf-8")
        return path

    return write


def rejected(tmp_path: Path) -> list[dict]:
    return [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"id": "b"}, '"conversations" is missing'),
        ({"id": "b", "conversations": []}, '"conversations" is empty'),
        ({"id": "b", "conversations": [{"from": "robot", "value": "x"}]}, 'unknown role "robot"'),
        ({"id": "b", "conversations": [{"from": "human"}]}, '"value" is missing'),
    ],
)
def test_a_wrong_conversation_is_kept_apart(run, raw, tmp_path: Path, bad: dict, reason: str) -> None:
    code, lines = run("extract", raw(GOOD, bad, GOOD | {"id": "c"}), "-m", "vicuna", "-o", "rows.jsonl")
    assert code == 1
    assert len(lines) == 2
    assert reason in lines[0]
    assert "rejected.jsonl" in lines[0]
    assert lines[1].startswith("2 rows")
    assert "1 rejected" in lines[1]
    assert len((tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    (reject,) = rejected(tmp_path)
    assert json.loads(reject["raw"]) == bad


def test_files_that_were_cut_off(run, real_data: Path, tmp_path: Path) -> None:
    files = sorted((real_data / "wildchat" / "truncated").iterdir())
    assert files
    for file in files:
        code, lines = run("extract", file, "-m", "vicuna", "-o", "rows.jsonl")
        assert code == 1
        assert "cut off" in " ".join(lines)
        (reject,) = rejected(tmp_path)
        assert reject["raw"].strip() == file.read_text(encoding="utf-8").strip()
        assert not (tmp_path / "rows.jsonl").exists()


def test_an_unknown_corpus(run, raw) -> None:
    code, lines = run("extract", raw(GOOD), "-m", "vicunna")
    assert code == 2
    assert len(lines) == 1
    assert 'unknown corpus "vicunna"; did you mean "vicuna"?' in lines[0]


def test_a_file_of_another_layout(run, tmp_path: Path) -> None:
    path = tmp_path / "qa.jsonl"
    path.write_text('{"input": "q", "output": "a"}\n' * 3, encoding="utf-8")
    code, lines = run("extract", path, "-m", "vicuna", "-o", "rows.jsonl")
    assert code == 1
    assert "3 rejected" in lines[-1]
    assert not (tmp_path / "rows.jsonl").exists()
    assert len(rejected(tmp_path)) == 3


def test_a_missing_input(run) -> None:
    code, lines = run("extract", "none.json", "-m", "vicuna")
    assert code == 1
    assert len(lines) == 1
    assert "none.json" in lines[0]


def test_a_typo_in_a_question_type(run, tmp_path: Path) -> None:
    text = (ROOT / "dataset-config.yml").read_text(encoding="utf-8").replace("type: rating", "type: ratting")
    (tmp_path / "dataset-config.yml").write_text(text, encoding="utf-8")
    code, lines = run("setup-dataset")
    assert code == 2
    assert len(lines) == 1
    assert 'unknown type "ratting"; did you mean "rating"?' in lines[0]


def test_no_argilla_at_all(run) -> None:
    code, lines = run("setup-dataset", "--config", ROOT / "dataset-config.yml")
    assert code == 1
    assert len(lines) == 1
    assert "sharegpt-argilla serve" in lines[0]


@pytest.mark.parametrize("command", ["setup-dataset", "load-records", "push-to-argilla", "export-responses"])
def test_a_server_that_is_down(run, monkeypatch, tmp_path: Path, command: str) -> None:
    monkeypatch.setenv("ARGILLA_API_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ARGILLA_API_KEY", "key")
    rows = write_rows(tmp_path / "rows.jsonl", some_rows(1))
    arguments = {"setup-dataset": [], "export-responses": [rows, "-o", "out.jsonl"]}.get(command, [rows])
    code, lines = run(command, *arguments, "--config", ROOT / "dataset-config.yml")
    assert code == 1
    assert len(lines) == 1
    assert "no Argilla answers at" in lines[0]
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.live
def test_a_wrong_key(run, project: TestProject, monkeypatch) -> None:
    monkeypatch.setenv("ARGILLA_API_URL", project.connection.api_url)
    monkeypatch.setenv("ARGILLA_API_KEY", "wrong")
    code, lines = run("setup-dataset", "--config", project.config)
    assert code == 1
    assert len(lines) == 1
    assert "refuses the API key" in lines[0]


@pytest.mark.live
def test_an_address_that_is_no_argilla(run, project: TestProject, monkeypatch) -> None:
    monkeypatch.setenv("ARGILLA_API_URL", f"{project.connection.api_url}/nothing-here")
    monkeypatch.setenv("ARGILLA_API_KEY", project.connection.api_key)
    code, lines = run("setup-dataset", "--config", project.config)
    assert code == 1
    assert len(lines) == 1
    assert "not as Argilla" in lines[0]


@pytest.mark.live
def test_rows_that_cannot_be_used_are_counted_and_kept(run, project: TestProject, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("ARGILLA_API_URL", project.connection.api_url)
    monkeypatch.setenv("ARGILLA_API_KEY", project.connection.api_key)
    rows = write_rows(tmp_path / "rows.jsonl", some_rows(2))
    rows.write_text(rows.read_text(encoding="utf-8") + "broken\n", encoding="utf-8")
    code, lines = run("push-to-argilla", rows, "--config", project.config)
    assert code == 1
    assert lines[-1] == "2 loaded, 1 rejected -> rejected.jsonl"
    assert rejected(tmp_path)[0]["raw"] == "broken"


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["extract"],
        ["load-records"],
        ["export-responses", "rows.jsonl"],
        ["serve", "--port", "x"],
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(run, arguments: list[str]) -> None:
    code, lines = run(*arguments)
    assert code == 2
    assert len(lines) == 1
