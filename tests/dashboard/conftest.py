"""The story on the Argilla that tests share, and Streamlit's pages run against it."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sharegpt_argilla.project.dashboard_access import Viewer
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.dashboard import OPTIONS
from tests.dashboard.story import tell
from tests.embedded import PATIENCE, EmbeddedArgilla
from tests.projects import TestProject, write_project

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import streamlit as st
    from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[2] / "sharegpt_argilla" / "dashboard" / "app.py"
Run = Callable[..., AppTest]


@pytest.fixture(scope="module")
def told(argilla: EmbeddedArgilla, tmp_path_factory: pytest.TempPathFactory) -> tuple[TestProject, Path]:
    """The project with known answers, and its rows file."""
    folder = tmp_path_factory.mktemp("story")
    project = write_project(folder, Connection(argilla.api_url, argilla.api_key), argilla.home, folder.name)
    return project, tell(project, folder)


@pytest.fixture
def run(told: tuple[TestProject, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Run]:
    """Runs a page as somebody, or the whole application as nobody."""
    project, rows = told
    options = {"config": str(project.config), "rows": str(rows), "annotated": str(tmp_path / "annotated.jsonl")}
    monkeypatch.setenv(OPTIONS, json.dumps(options))
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(project.home.path))
    for name in ("ARGILLA_API_URL", "ARGILLA_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    # Streamlit leaves the page as __main__, which worker processes of later tests would run again.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])

    def run_page(name: str | None = None, viewer: Viewer | None = None) -> AppTest:
        test = AppTest.from_function(_page, args=(name,)) if name else AppTest.from_file(str(APP))
        test.default_timeout = PATIENCE
        if viewer:
            test.session_state["viewer"] = viewer
        return test.run()

    yield run_page
    st.cache_resource.clear()
    st.cache_data.clear()


def _page(name: str) -> None:
    from importlib import import_module

    import_module(f"sharegpt_argilla.dashboard.{name}_page").page()


@pytest.fixture
def lead() -> Viewer:
    return Viewer("owner", lead=True)
