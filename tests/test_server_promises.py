"""A project asks for what not every Argilla does: it is told so, in one line, and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sharegpt_argilla.argilla_client.connection import OLDEST, connect
from sharegpt_argilla.argilla_client.server_counts import Capabilities, read_capabilities
from sharegpt_argilla.cli import main
from sharegpt_argilla.config import load_project
from sharegpt_argilla.errors import ServerRefusedError, UsageError
from sharegpt_argilla.project.server_promises import broken_promises, require_promises
from sharegpt_argilla.settings import Connection, Home
from tests.projects import write_project

ENFORCED = {
    "version": "1.0",
    "plans": "enforced",
    "private_answers": True,
    "active_time": False,
    "sign_in_limit": True,
}


@contextmanager
def argilla_that_says(capabilities: Any, version: str = "2.8.0") -> Iterator[Connection]:
    """As much of an Argilla as is asked; ``capabilities`` is JSON, or the status or page that comes instead."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers = {
                "/api/v1/me": {"username": "owner", "role": "owner"},
                "/api/v1/version": {"version": version},
                "/api/sharegpt/capabilities": capabilities,
            }
            answer = answers.get(self.path, 404)
            page = isinstance(answer, str)
            body = answer.encode() if page else b"{}" if isinstance(answer, int) else json.dumps(answer).encode()
            self.send_response(answer if isinstance(answer, int) else 200)
            self.send_header("content-type", "text/html" if page else "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Connection(f"http://127.0.0.1:{server.server_address[1]}", "key")
    finally:
        server.shutdown()
        server.server_close()


def project_with(folder: Path, **settings: Any) -> Path:
    """The project that ships, with other settings."""
    project = write_project(folder, Connection("http://127.0.0.1:1", "key"), Home(folder / "home"), "promises")
    project.rewrite(**settings)
    return project.config


@pytest.mark.parametrize("answer", [404, 405, "<html>Argilla's page</html>", [], {"plans": None}])
def test_an_argilla_without_the_plugin_is_known_by_its_answer(answer: Any) -> None:
    with argilla_that_says(answer) as connection, connect(connection) as client:
        assert read_capabilities(client) is None


def test_what_the_plugin_says_is_read() -> None:
    with argilla_that_says(ENFORCED) as connection, connect(connection) as client:
        assert read_capabilities(client) == Capabilities("1.0", "enforced", True, False, True)


QUEUE = {"assignment": {"mode": "queue"}}


@pytest.mark.parametrize(
    ("says", "settings", "expected"),
    [
        (ENFORCED, QUEUE, None),
        (404, {"assignment": {"mode": "links"}}, None),
        (404, {"assignment": {"mode": "queue", "open_queue": True}}, None),
        (404, QUEUE, "set assignment.mode to links, or run argilla-server with the plug-in"),
        (ENFORCED | {"plans": "off"}, QUEUE, "does not fit its argilla-server or its search engine"),
        (ENFORCED | {"plans": "open"}, QUEUE, "its queue was opened (serve --open-queue)"),
    ],
)
def test_a_queue_that_is_not_enforced_is_one_line(
    says: Any, settings: dict[str, Any], expected: str | None, tmp_path: Path
) -> None:
    project = load_project(project_with(tmp_path, **settings))
    with argilla_that_says(says) as connection, connect(connection) as client:
        lines = broken_promises(client, project)
        assert len(lines) == (expected is not None)
        assert expected is None or (expected in lines[0] and lines[0].startswith(connection.api_url))


@pytest.mark.parametrize(("plans", "refused"), [(None, True), ("off", True), ("open", False), ("enforced", False)])
def test_a_queue_that_nobody_wanted_open_is_refused(plans: str | None, refused: bool, tmp_path: Path) -> None:
    project = load_project(project_with(tmp_path, **QUEUE))
    says = 404 if plans is None else ENFORCED | {"plans": plans}
    with argilla_that_says(says) as connection, connect(connection) as client:
        if not refused:
            assert len(require_promises(client, project)) == (plans == "open")
            return
        with pytest.raises(UsageError, match=re.escape("set assignment.open_queue to true")):
            require_promises(client, project)


def test_gold_without_the_plugin_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "gold.jsonl").write_text("", "utf-8")
    project = load_project(project_with(tmp_path, gold={"file": "gold.jsonl"}))
    with argilla_that_says(404) as connection, connect(connection) as client:
        (line,) = broken_promises(client, project)
        assert "annotators can find out which records have a known answer" in line


@pytest.mark.parametrize("version", ["2.3.1", "2.0.0", "1.29.0"])
def test_an_older_argilla_is_refused_by_name(version: str) -> None:
    expected = re.escape(f"is Argilla {version}, and 2.4 or later is needed")
    with argilla_that_says(404, version) as connection, pytest.raises(ServerRefusedError, match=expected):
        connect(connection)
    assert OLDEST == (2, 4)


@pytest.mark.parametrize("version", ["2.4.0", "2.4.1", "2.10.0", "3.0.0dev0", "unknown"])
def test_others_are_taken(version: str) -> None:
    with argilla_that_says(404, version) as connection:
        connect(connection).close()


def test_config_check_says_what_the_server_at_hand_does_not_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    config = project_with(tmp_path, **QUEUE)
    with argilla_that_says(404) as connection:
        monkeypatch.setenv("ARGILLA_API_URL", connection.api_url)
        monkeypatch.setenv("ARGILLA_API_KEY", connection.api_key)
        assert main(["config", "check", "--config", str(config)]) == 0
        assert f"warning: {connection.api_url} does not enforce the plan" in capfd.readouterr().err
        assert main(["config", "check", "--json", "--config", str(config)]) == 0
        assert len(json.loads(capfd.readouterr().out)["warnings"]) == 1
        assert main(["setup-dataset", "--config", str(config)]) == 2
        assert "assignment.mode" in capfd.readouterr().err
