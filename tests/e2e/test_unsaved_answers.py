"""An answer that the server does not take is kept, said, sent again, and said once more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser_contexts import new_context
from tests.e2e.test_annotate import choose, sign_in_as
from tests.embedded import EmbeddedArgilla, embedded_argilla, wait_until
from tests.live.plans import planned_dataset
from tests.live.rest import PASSWORD, Rest, owner_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.live, pytest.mark.browser]

BANNER = "#sharegpt-unsaved"
ANSWERS = "**/api/v1/records/*/responses"


@pytest.fixture(scope="module")
def argilla(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedArgilla]:
    """One of this file's own, since it is stopped and started."""
    with embedded_argilla(tmp_path_factory.mktemp("unsaved")) as running:
        yield running


@pytest.fixture(scope="module")
def owner(argilla: EmbeddedArgilla) -> Iterator[Rest]:
    with owner_of(argilla) as rest:
        yield rest


class Project:
    """A dataset of its own for a test, and the person who annotates it."""

    count = 0

    def __init__(self, argilla: EmbeddedArgilla, owner: Rest) -> None:
        Project.count += 1
        self.person = f"ana{Project.count}"
        name = f"unsaved{Project.count}"
        self.argilla, self.owner = argilla, owner
        self.dataset, self.ids = planned_dataset(owner, name, name, [([self.person], n) for n in range(1, 5)])
        owner.user(self.person, workspace=name)

    def answers(self) -> dict[str, tuple[str, Any]]:
        """Record -> status and rating of the response on the server."""
        path = f"/datasets/{self.dataset}/records?include=responses&limit=100"
        records = self.owner("GET", path)["items"]
        return {
            record["id"]: (response["status"], response["values"]["quality"]["value"])
            for record in records
            for response in record["responses"]
        }

    def open(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.goto(f"{self.argilla.api_url}/dataset/{self.dataset}/annotation-mode")
        page.wait_for_selector("form.questions-form")
        return page

    def signed_in(self, context: BrowserContext) -> Page:
        page = context.new_page()
        sign_in_as(page, self.argilla.api_url, self.person, PASSWORD)
        page.goto(f"{self.argilla.api_url}/dataset/{self.dataset}/annotation-mode")
        page.wait_for_selector("form.questions-form")
        return page


@pytest.fixture
def project(argilla: EmbeddedArgilla, owner: Rest) -> Project:
    return Project(argilla, owner)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = new_context(browser)
    yield opened
    opened.close()


def answer(page: Page, rating: int) -> None:
    """Answer the record on the page, and see the page go on whatever becomes of the answer."""
    record = "document.querySelector('form.questions-form').__vue__.record.id"
    before = page.evaluate(record)
    choose(page, f"quality_{rating}")
    page.locator(".button--submit").click()
    page.wait_for_function(f"before => {record} !== before", arg=before)


def banner(page: Page, text: str) -> None:
    page.locator(BANNER, has_text=text).wait_for()


def test_server_away_and_back(context: BrowserContext, project: Project) -> None:
    page = project.signed_in(context)
    project.argilla.stop()
    answer(page, 4)
    banner(page, "Not saved: 1 answer. The server does not answer.")
    answer(page, 3)
    banner(page, "Not saved: 2 answers.")
    assert page.locator(BANNER).evaluate("line => getComputedStyle(line).pointerEvents") == "none"
    page.set_viewport_size({"width": 390, "height": 900})
    box = page.locator(BANNER).bounding_box()
    assert box is not None
    assert 330 < box["width"] < 390
    project.argilla.start()
    page.locator(BANNER, has_text="Not saved").wait_for(state="hidden")
    assert project.answers() == {
        project.ids[0]: ("submitted", 4),
        project.ids[1]: ("submitted", 3),
    }


def test_errors_reload_and_another_tab(context: BrowserContext, project: Project) -> None:
    page = project.signed_in(context)
    context.route(ANSWERS, lambda route: route.fulfill(status=503, body="{}"))
    context.route("**/me/responses/bulk", lambda route: route.fulfill(status=502, body="{}"))
    answer(page, 2)
    banner(page, "Not saved: 1 answer")
    page.reload()
    banner(page, "Not saved: 1 answer")
    page.close()
    other = project.open(context)
    banner(other, "Not saved: 1 answer")
    assert project.answers() == {}
    context.unroute("**/me/responses/bulk")
    other.locator(BANNER, has_text=re.compile("^Saved: 1 answer")).wait_for()
    assert project.answers() == {project.ids[0]: ("submitted", 2)}


def test_two_tabs_answer_one_record_and_the_later_answer_stays(context: BrowserContext, project: Project) -> None:
    first, second = project.signed_in(context), project.open(context)
    context.route(ANSWERS, lambda route: route.abort())
    context.route("**/me/responses/bulk", lambda route: route.abort())
    answer(first, 1)
    answer(second, 5)
    context.unroute(ANSWERS)
    context.unroute("**/me/responses/bulk")
    wait_until(lambda: project.answers() == {project.ids[0]: ("submitted", 5)}, "the later answer")
    second.locator(BANNER, has_text="Not saved").wait_for(state="hidden")


def test_the_sign_in_ended(context: BrowserContext, project: Project) -> None:
    page = project.signed_in(context)
    context.route(ANSWERS, lambda route: route.fulfill(status=401, body='{"detail": "expired"}'))
    context.route("**/me/responses/bulk", lambda route: route.fulfill(status=401, body='{"detail": "expired"}'))
    choose(page, "quality_3")
    page.locator(".button--submit").click()
    banner(page, f"The sign-in of {project.person} has ended")
    context.unroute(ANSWERS)
    context.unroute("**/me/responses/bulk")
    context.clear_cookies()
    page.evaluate("localStorage.clear()")
    # Somebody else at the same browser neither sends it nor loses it.
    sign_in_as(page, project.argilla.api_url, project.argilla.username, project.argilla.password)
    banner(page, f"as soon as {project.person} signs in")
    assert project.answers() == {}
    page.evaluate("localStorage.clear()")
    sign_in_as(page, project.argilla.api_url, project.person, PASSWORD)
    wait_until(lambda: project.answers() == {project.ids[0]: ("submitted", 3)}, "the answer")
    page.locator(BANNER, has_text="Not saved").wait_for(state="hidden")


def test_a_crash_of_the_browser(browser: Browser, project: Project, tmp_path: Path) -> None:
    """Chromium is killed while the server is away; the answer is in its profile."""
    from tests.conftest import CHROMIUM

    kind = browser.browser_type

    def launched() -> BrowserContext:
        options = ["--no-sandbox", "--disable-gpu"]
        return kind.launch_persistent_context(tmp_path / "profile", executable_path=CHROMIUM, args=options)

    before = launched()
    page = project.signed_in(before)
    before.route(ANSWERS, lambda route: route.abort())
    before.route("**/me/responses/bulk", lambda route: route.abort())
    answer(page, 4)
    banner(page, "Not saved: 1 answer")
    kill_browser_of(tmp_path / "profile")
    after = launched()
    page = after.new_page()
    page.goto(f"{project.argilla.api_url}/sign-in")
    page.wait_for_load_state("networkidle")
    # Chromium writes cookies down every half a minute: on a slow machine the sign-in survived, too.
    if page.locator("input[type=password]").count():
        sign_in_as(page, project.argilla.api_url, project.person, PASSWORD)
    wait_until(lambda: project.answers() == {project.ids[0]: ("submitted", 4)}, "the answer")
    after.close()


def kill_browser_of(profile: Path) -> None:
    """kill -9 of every process of the browser on a profile of the test's own."""
    import psutil

    ours = [p for p in psutil.Process().children(recursive=True) if f"--user-data-dir={profile}" in p.cmdline()]
    assert ours
    for process in ours:
        process.kill()
    psutil.wait_procs(ours, timeout=10)


def test_an_answer_that_is_refused_is_said_and_dropped(context: BrowserContext, project: Project) -> None:
    page = project.signed_in(context)
    context.route(ANSWERS, lambda route: route.fulfill(status=422, body='{"detail": "no"}'))
    choose(page, "quality_2")
    page.locator(".button--submit").click()
    banner(page, "the server refused 1 answer (422)")


def test_an_empty_plan_is_said(context: BrowserContext, project: Project, owner: Rest) -> None:
    owner.user("nobody", workspace=f"unsaved{Project.count}")
    page = context.new_page()
    sign_in_as(page, project.argilla.api_url, "nobody", PASSWORD)
    page.goto(f"{project.argilla.api_url}/dataset/{project.dataset}/annotation-mode")
    page.locator("#sharegpt-empty-queue", has_text="its plan gives none of them to you").wait_for()
