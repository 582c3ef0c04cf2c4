"""--json: pure JSON on standard output, documented keys, no secrets, no texts, the same exit codes."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.cli import dashboard as dashboard_command
from sharegpt_argilla.cli import demo as demo_command
from sharegpt_argilla.cli.json_output import json_line, plain
from sharegpt_argilla.cli.main import COMMANDS, build_parser, main
from sharegpt_argilla.cli.printing import note, run_quietly, show
from sharegpt_argilla.embedded_argilla.processes.launcher import ServerInfo
from sharegpt_argilla.project.record_loader import LoadSummary
from sharegpt_argilla.settings import Home
from sharegpt_argilla.workflows.demo import DemoSummary
from sharegpt_argilla.workflows.people import ProjectPerson
from sharegpt_argilla.workflows.setup_dataset import SetupSummary
from tests.projects import ROOT, load_generator, some_rows, write_rows

CONFIG = str(ROOT / "dataset-config.yml")
VICUNA = str(ROOT / "examples" / "sharegpt_vicuna.json")


def summary_of(capfd: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    """The object that a command prints, which is all that it prints when it is done."""
    assert main([*words, "--json"]) == code
    out, err = capfd.readouterr()
    assert out.count("\n") == 1
    assert not err or code
    return json.loads(out)


@pytest.fixture(scope="module")
def keys() -> dict[str, set[str]]:
    """Command -> the keys that docs/json.md has."""
    return {command: set(load_generator().summary_keys(command)) for command in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_the_option_and_its_keys_are_described(command: str) -> None:
    assert "--json" in build_parser(command).format_help()
    described = load_generator().summary_keys(command)
    assert described
    assert [key for key, text in described.items() if not text] == []


@pytest.mark.parametrize(
    "words",
    [
        ["extract", VICUNA, "-m", "vicuna", "-o", "out.jsonl"],
        ["extract", VICUNA, "-m", "vicuna", "--dry-run"],
        ["curate", "rows.jsonl", "-o", "out.jsonl"],
        ["init", "project"],
        ["status", "--home", "home"],
        ["stop", "--home", "home"],
        ["doctor", "--config", CONFIG],
        ["completion", "bash"],
        ["training", "rows.jsonl", "--format", "alpaca", "-o", "out.json"],
        ["training", "rows.jsonl", "--format", "alpaca", "-o", "out.json", "--unannotated", "--dry-run"],
        ["report-agreement", "rows.jsonl", "--config", CONFIG],
    ],
    ids=lambda words: " ".join(words[:1] + words[-1:]),
)
def test_what_needs_no_server(words: list[str], keys, tmp_path: Path, monkeypatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(tmp_path / "nothing"))
    write_rows(tmp_path / "rows.jsonl", some_rows(3))
    failing = words[0] in {"status", "doctor", "report-agreement"} or words[-1] == "out.json"
    assert set(summary_of(capfd, *words, code=int(failing))) == keys[words[0]]


def test_each_action_of_config(keys, capfd) -> None:
    checked = summary_of(capfd, "config", "check", "--config", CONFIG)
    assert set(checked) == keys["config"] - {"url", "differences"}
    assert checked["questions"] == ["quality", "intent", "toxicity"]
    assert summary_of(capfd, "config", "schema")["title"] == "dataset-config.yml"


def test_what_stays_up_prints_one_line_when_it_is_ready(keys, tmp_path: Path, monkeypatch, capfd) -> None:
    server = ServerInfo("http://127.0.0.1:1", Home(tmp_path), "owner")
    setup = SetupSummary(server.api_url, "w", "d", ["account ana"], tmp_path / "credentials.csv")
    ready = DemoSummary(server, setup, LoadSummary(loaded=3), tmp_path / "rows.jsonl", {"ana": "x"}, "http://d")
    monkeypatch.setattr(demo_command, "demo", lambda announce, **_: announce(ready) or 0)
    shown = summary_of(capfd, "demo")
    assert set(shown) == keys["demo"]
    assert (shown["server"]["api_url"], shown["load"]["loaded"]) == ("http://127.0.0.1:1", 3)
    monkeypatch.setattr(dashboard_command, "dashboard", lambda *_, on_ready, **__: on_ready("http://d") or 0)
    assert summary_of(capfd, "dashboard") == {"url": "http://d"}


def test_a_failure_is_told_on_standard_error(tmp_path: Path, capfd) -> None:
    chats = tmp_path / "chats.json"
    good = json.loads(Path(VICUNA).read_text(encoding="utf-8"))[0]
    chats.write_text(json.dumps([good, {"id": "a"}]), encoding="utf-8")
    words = ["extract", str(chats), "-m", "vicuna", "-o", str(tmp_path / "rows.jsonl"), "--json"]
    assert main(words) == 1
    out, err = capfd.readouterr()
    assert json.loads(out)["counts"]["rejected"] == 1
    assert "1 rejected" in err
    assert main(["extract", str(tmp_path / "no.json"), "-m", "vicuna", "-o", "x", "--json"]) == 1
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    "words", [["extract", VICUNA, "-m", "vicuna", "-o", "-"], ["report-agreement", "rows.jsonl", "--html", "-"]]
)
def test_standard_output_is_not_shared(words: list[str], tmp_path: Path, monkeypatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--json"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "both take standard output; name a file" in err


def test_the_report_of_agreement_goes_to_a_file_as_before(tmp_path: Path, monkeypatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "rows.jsonl", some_rows(2))
    words = ["report-agreement", "rows.jsonl", "--config", CONFIG, "--json"]
    # Nobody has answered.
    assert main([*words, "report.json"]) == 1
    assert "nobody has answered a row of it" in capfd.readouterr().err
    assert main(words) == 1
    assert json.loads(capfd.readouterr().out) == json.loads((tmp_path / "report.json").read_text("utf-8"))


def test_texts_of_people_are_only_where_they_were_asked_for(tmp_path: Path, monkeypatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "rows.jsonl", some_rows(3))
    words = ["training", "rows.jsonl", "--format", "alpaca", "-o", "out.json", "--unannotated"]
    assert summary_of(capfd, *words)["sample"] is None
    assert summary_of(capfd, *words, "--dry-run")["sample"]
    checks = summary_of(capfd, "curate", "rows.jsonl", "-o", "out.jsonl")["report"]["checks"]
    assert [name for name, check in checks.items() if "examples" in check] == []


def test_values_as_json_has_them(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 5, 10, 12, tzinfo=UTC)
    value = {1: (Path("a"), Home(Path("h"))), "n": [math.nan, 0.5, True, None], "t": moment, "c": Counter("aab")}
    assert plain(value) == {
        "1": ["a", "h"],
        "n": [None, 0.5, True, None],
        "t": "2026-01-05T10:12:00+00:00",
        "c": {"a": 2, "b": 1},
    }
    with pytest.raises(TypeError, match="bytes has no place"):
        plain(b"")
    with pytest.raises(TypeError, match="no attributes"):
        json_line([], {})


def test_no_password_is_printed() -> None:
    person = ProjectPerson("ana", "annotator", member=True, links=["http://x"], password="secret-of-ana")
    assert "secret-of-ana" not in json_line({}, {"people": [person]})
    assert json.loads(json_line(person, {}))["username"] == "ana"


def test_notes_wait_and_lists_are_left_out(capfd) -> None:
    def command(code: int) -> int:
        note("a note")
        show("a list")
        return code

    assert (run_quietly(lambda: command(0), json=True), capfd.readouterr()) == (0, ("", ""))
    assert run_quietly(lambda: command(1), json=True) == 1
    assert capfd.readouterr() == ("", "a note\n")
    assert (run_quietly(lambda: command(0)), capfd.readouterr()) == (0, ("a list\n", ""))
