"""Somebody who follows a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.reader import PATH_OF_PROGRAM, Reader
from tests.embedded import EmbeddedArgilla
from tests.projects import ROOT


@pytest.fixture
def reader(argilla: EmbeddedArgilla, tmp_path: Path, monkeypatch, capfd) -> Reader:
    """Somebody with a folder, an empty home and an Argilla."""
    folder = tmp_path / "clone"
    (tmp_path / "home").mkdir()
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in (
        "ARGILLA_API_URL",
        "ARGILLA_API_KEY",
        "SHAREGPT_ARGILLA_TARGET_URL",
        "SHAREGPT_ARGILLA_TARGET_KEY",
    ):
        # Set first, so that what a page exports is gone afterwards.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(argilla.home.path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PATH", PATH_OF_PROGRAM, prepend=":")
    (folder / ".venv").symlink_to(Path(PATH_OF_PROGRAM).parent)
    return Reader(folder, argilla, "docs", capfd)
