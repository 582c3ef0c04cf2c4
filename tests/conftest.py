"""What all tests share: one embedded Argilla, a project of their own on it, a browser."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from sharegpt_argilla.settings import Connection
from tests.embedded import EmbeddedArgilla, embedded_argilla
from tests.projects import SHARED, TestProject, write_project

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Where a run decides what may be merged, hypothesis tries the same examples each time; elsewhere new ones.
# No deadline: how long an example takes says how busy the machine is.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

# A shell that runs something in the background has it ignore Ctrl-C, and what is ignored stays so in every child.
# Commands that tests end with Ctrl-C would then run for ever. A handler, unlike that, is not inherited.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SERVER_MARKS = ("live", "browser", "slow")
TIMEOUT_WITH_SERVER = 1200
"""Seconds for a test with one of these marks: under load a server alone may take two minutes to start."""
CHROMIUM = shutil.which("chromium")
_numbers = itertools.count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give what needs a server more time.

    Groups ask for one process for all of that, and one for each other file; pytest-xdist 3.8 does not follow
    them with pytest 9.2, so that no test may count on its neighbours.
    """
    for item in items:
        with_server = "argilla" in getattr(item, "fixturenames", ()) or any(
            item.get_closest_marker(mark) for mark in ("live", "browser")
        )
        group = "argilla" if with_server else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
        if any(item.get_closest_marker(mark) for mark in SERVER_MARKS):
            item.add_marker(pytest.mark.timeout(TIMEOUT_WITH_SERVER), append=False)


@pytest.fixture(scope="session")
def argilla(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedArgilla]:
    """A running Argilla that tests share: work in a project of your own, and do not stop or kill it."""
    with embedded_argilla(tmp_path_factory.mktemp("argilla-home")) as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test finds what a person's runs have cached, or adds to it."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _loggers_of_ours_are_heard() -> None:
    """Libraries that configure logging while tests run disable loggers made before, or raise levels."""
    logging.disable(logging.NOTSET)
    logging.root.setLevel(logging.WARNING)
    for name, logger in logging.root.manager.loggerDict.items():
        if name.startswith("sharegpt_argilla") and isinstance(logger, logging.Logger):
            logger.disabled, logger.propagate = False, True


@pytest.fixture
def project(argilla: EmbeddedArgilla, tmp_path: Path) -> TestProject:
    """A project that is not set up yet, under names that no other test uses."""
    connection = Connection(argilla.api_url, argilla.api_key)
    return write_project(tmp_path, connection, argilla.home, f"t{next(_numbers)}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, driven by Playwright; for a module, since its event loop is in the way of asyncio's."""
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("REQUIRE_BROWSER is set and chromium is not installed")
        pytest.skip("chromium is not installed (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    # As root Chromium needs --no-sandbox; the rest keeps it from calling home.
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield running
        running.close()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real corpora, which is no part of this repository."""
    if not SHARED.is_dir():
        pytest.skip(f"real data is not at {SHARED}")
    return SHARED
