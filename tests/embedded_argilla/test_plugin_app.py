"""The application for uvicorn: what it needs, and what it says of itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

APP = """
import sys
import argilla_server._app
from uvicorn.importer import import_from_string
before = set(sys.modules)
import sharegpt_argilla.argilla_plugin as plugin
assert "sharegpt_argilla.argilla_plugin.asgi" not in sys.modules
app = import_from_string("sharegpt_argilla.argilla_plugin:app")
assert app is plugin.app
import sharegpt_argilla.argilla_plugin.job_worker
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(new - sys.stdlib_module_names - {"sharegpt_argilla"}))
"""

TOLD = """
import os
from sharegpt_argilla.argilla_plugin.capability_route import server_capabilities
told = server_capabilities(os.environ, measured=False)
print(told.plans, told.private_answers, told.sign_in_limit)
"""

UNKNOWN_ENGINE = """
from sharegpt_argilla.argilla_plugin import elastic_queue
object.__setattr__(elastic_queue.PATCH.relies_on[0], "source_hash", ("another",))
import sharegpt_argilla.argilla_plugin.asgi
"""


def made(tmp_path: Path, code: str = APP + TOLD, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("ARGILLA_")},
            "ARGILLA_HOME_PATH": str(tmp_path),
            **environment,
        },
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_it_needs_nothing_but_argilla_server_and_msgspec(tmp_path: Path) -> None:
    """So that docs/deployment.md installs it into Argilla's image without its dependencies."""
    *_, needs, told = made(tmp_path, ARGILLA_SEARCH_ENGINE="opensearch")
    assert needs == "['msgspec']"
    assert told == "enforced True True"
    page = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    assert "pip install --no-deps sharegpt-argilla msgspec" in page


def test_an_open_queue_is_said_to_be_open(tmp_path: Path) -> None:
    open_queue = {"SHAREGPT_ARGILLA_OPEN_QUEUE": "1", "ARGILLA_SEARCH_ENGINE": "elasticsearch"}
    assert made(tmp_path, **open_queue)[-1] == "open False True"


def test_a_search_engine_that_knows_no_plans_enforces_none(tmp_path: Path) -> None:
    engine = {"ARGILLA_SEARCH_ENGINE": "opensearch"}
    lines = made(tmp_path, UNKNOWN_ENGINE + TOLD, **engine)
    assert lines[-1] == "off True True"
    assert any("WARNING" in line for line in lines), "the log says what is lost"
