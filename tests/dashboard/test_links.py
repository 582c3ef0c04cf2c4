"""No link of a page leads to an empty page, for whoever sees it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sharegpt_argilla.project.dashboard_access import Viewer
from tests.browser_contexts import new_context
from tests.dashboard.conftest import Run
from tests.e2e.test_annotate import sign_in_as
from tests.embedded import EmbeddedArgilla
from tests.projects import TestProject

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.live, pytest.mark.browser]


def links(test: Any) -> set[str]:
    """Every address of Argilla on a page: in its texts, its tables and its buttons."""
    assert not test.exception, test.exception
    texts = "\n".join(str(one.value) for kind in (test.markdown, test.caption) for one in kind)
    collected = set(re.findall(r"\]\((http[^)]*)\)", texts))
    for table in test.dataframe:
        if "url" in table.value.columns and "url" in list(table.proto.column_order):
            collected |= {url for url in table.value["url"] if url}
    return collected | {button.proto.url for button in test.get("link_button")}


def check(browser: Browser, url: str, username: str, password: str, collected: set[str]) -> None:
    context = new_context(browser)
    page = context.new_page()
    sign_in_as(page, url, username, password)
    empty = []
    for link in sorted(collected):
        with page.expect_response(lambda answer: "/records/search" in answer.url and answer.ok):
            page.goto(link)
        page.locator(".record, .wrapper--empty").first.wait_for()
        if page.locator(".wrapper--empty").count():
            empty.append(link)
    context.close()
    assert empty == []


def test_every_link_of_a_lead(
    browser: Browser, run: Run, told: tuple[TestProject, Path], argilla: EmbeddedArgilla
) -> None:
    viewer = Viewer(argilla.username, lead=True)
    team = run("team", viewer)
    collected = links(team) | links(run("annotator", viewer))
    for status in ("draft", "discarded"):
        team.selectbox(key="behind-status").select(status).run()
        collected |= links(team)
    assert len(collected) >= 3
    check(browser, argilla.api_url, argilla.username, argilla.password, collected)


def test_every_link_of_an_annotator(
    browser: Browser, run: Run, told: tuple[TestProject, Path], argilla: EmbeddedArgilla
) -> None:
    ana = told[0].annotator(told[0].people[0])
    found = links(run("annotator", Viewer(ana.username, lead=False)))
    assert len(found) >= 3
    check(browser, argilla.api_url, ana.username, ana.password, found)
