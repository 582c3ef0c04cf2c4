"""The dashboard in a real browser: sign-in, links into Argilla, a filter, a download, a server that goes.

Pictures of every page, light, dark and as a phone has them, are kept in test-results/.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from sharegpt_argilla.project.record_links import answer_filter, queue_link, record_link
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.dashboard import DashboardOptions, running_dashboard
from tests.browser_contexts import new_context
from tests.dashboard.story import COMPLETED, ROWS, SUBMITTED, tell
from tests.embedded import PATIENCE, EmbeddedArgilla, embedded_argilla, free_port, gone, wait_until
from tests.projects import ROOT, TestProject, write_project

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

PICTURES = ROOT / "test-results" / "dashboard"
PAGES = ("Team", "Annotator", "Corpus", "Export")


class Stage:
    """An Argilla of its own with the story on it, and the dashboard next to it."""

    def __init__(self, argilla: EmbeddedArgilla, folder: Path) -> None:
        self.argilla = argilla
        connection = Connection(argilla.api_url, argilla.api_key)
        self.project: TestProject = write_project(folder, connection, argilla.home, "dash")
        self.rows = tell(self.project, folder)
        self.options = DashboardOptions(
            str(self.project.config), str(self.rows), str(folder / "annotated.jsonl"), 4
        )
        self.url = ""
        self.pid = 0


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with embedded_argilla(tmp_path_factory.mktemp("stage-home")) as argilla:
        stage = Stage(argilla, folder)
        with running_dashboard(stage.options, port=free_port(), home=argilla.home) as (url, process):
            stage.url, stage.pid = url, process.pid
            yield stage
    assert not psutil.pid_exists(stage.pid)


def all_gone(processes: list[psutil.Process]) -> bool:
    return all(map(gone, processes))


def open_as(browser: Browser, stage: Stage, username: str, password: str, **context: Any) -> Page:
    page = new_context(browser, **{"viewport": {"width": 1280, "height": 900}} | context).new_page()
    page.goto(stage.url)
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").first.fill(password)
    page.get_by_role("button", name="Sign in").click()
    return page


def open_as_lead(browser: Browser, stage: Stage, **context: Any) -> Page:
    page = open_as(browser, stage, stage.argilla.username, stage.argilla.password, **context)
    page.get_by_role("heading", name="Team").wait_for()
    return page


def metric(page: Page, label: str) -> str:
    tile = page.get_by_test_id("stMetric").filter(has_text=label).first
    tile.wait_for()
    return tile.get_by_test_id("stMetricValue").inner_text()


def go_to(page: Page, name: str) -> None:
    phone = page.viewport_size["width"] < 600
    if phone:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name=name, exact=True).first.click()
    page.get_by_role("heading", name=name, exact=True).first.wait_for()
    if phone and page.get_by_test_id("stSidebar").get_attribute("aria-expanded") != "false":
        page.get_by_test_id("stSidebarCollapseButton").locator("button").click()


def settled(page: Page) -> None:
    """Wait until Streamlit has nothing left to run and every chart is drawn."""
    page.get_by_test_id("stApp").and_(page.locator("[data-test-script-state=notRunning]")).wait_for()
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every(e => e.querySelector('svg,canvas'))"
    )


def cut_tiles(page: Page) -> list[str]:
    """Numbers that do not fit into their tile, also when they are long: "~ 18 min 42 s" was "~ 18 min …"."""
    return page.evaluate(
        """() => [...document.querySelectorAll("[data-testid=stMetricValue]")].map((tile) => {
            const inner = tile.querySelector("div, p") || tile;
            return inner.scrollWidth > inner.clientWidth + 1 ? tile.innerText : "";
        }).filter(Boolean)"""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_is_drawn(browser: Browser, stage: Stage, scheme: str, width: int) -> None:
    """Nothing asks a server elsewhere, nothing is wider than the screen; the pictures are for people."""
    page = open_as_lead(browser, stage, color_scheme=scheme, viewport={"width": width, "height": 900})
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url))
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        if name != "Team":
            go_to(page, name)
        settled(page)
        assert page.get_by_test_id("stException").count() == 0
        main = "document.querySelector('[data-testid=stMain]')"
        assert page.evaluate(f"{main}.scrollWidth") <= width
        assert cut_tiles(page) == []
        page.set_viewport_size({"width": width, "height": min(6000, page.evaluate(f"{main}.scrollHeight") + 80)})
        settled(page)
        page.screenshot(path=PICTURES / f"{name.lower()}-{scheme}-{width}.png", animations="disabled")
        page.set_viewport_size({"width": width, "height": 900})
    assert [url for url in elsewhere if "127.0.0.1" not in url and not url.startswith(("data:", "blob:"))] == []
    page.context.close()


def test_an_annotator_signs_in_and_opens_the_own_queue(browser: Browser, stage: Stage) -> None:
    ana, ben = (stage.project.annotator(name) for name in stage.project.people)
    page = open_as(browser, stage, ana.username, "wrong")
    page.get_by_text("name or password is wrong").wait_for()
    page.get_by_label("Password").first.fill(ana.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="My annotations").wait_for()
    settled(page)
    assert metric(page, "Submitted in all") == "6"
    assert page.get_by_role("link", name="Team").count() == 0
    assert ben.username not in page.locator("body").inner_text()
    page.goto(f"{stage.url}/team")
    assert page.get_by_role("heading", name="Team").count() == 0
    page.context.close()


def test_links_lead_to_the_records_behind_a_number(browser: Browser, stage: Stage) -> None:
    ana = stage.project.annotator(stage.project.people[0])
    page = open_as(browser, stage, ana.username, ana.password)
    page.get_by_role("heading", name="My annotations").wait_for()
    queue = page.get_by_role("link", name="Continue annotating").get_attribute("href")
    tiles = page.locator(f"a[href*='{stage.project.dataset_id()}'][href*='status=']", has_text="in Argilla")
    tiles.first.wait_for()
    links = dict(zip(("submitted", "submitted again", "draft", "discarded"), tiles.all(), strict=True))
    assert argilla_says(page, stage, ana.username, ana.password, queue) == "2"
    for name, count in {"submitted": "6", "draft": "1", "discarded": "1"}.items():
        assert argilla_says(page, stage, "", "", links[name].get_attribute("href")) == count, name
    # Of her own submitted responses those with an answer: two sixes, three that say chat among others.
    for answer, count in ((("quality", "rating", "6"), "2"), (("intent", "multi_label", "chat"), "3")):
        where = queue_link(
            stage.argilla.api_url, stage.project.dataset_id(), "submitted", **answer_filter(*answer)
        )
        assert argilla_says(page, stage, "", "", where) == count
    ours = (stage.argilla.api_url, stage.project.dataset_id(), "completed")
    assert (
        argilla_says(page, stage, "", "", record_link(*ours, "What do you know about snow number 2?", "prompt"))
        == "1"
    )
    page.context.close()


def argilla_says(page: Page, stage: Stage, username: str, password: str, address: str) -> str:
    """Open an address of the annotation page in the same browser; how many records it says there are."""
    argilla_page = page.context.new_page()
    if username:
        argilla_page.goto(f"{stage.argilla.api_url}/sign-in")
        argilla_page.fill("input[type=text]", username)
        argilla_page.fill("input[type=password]", password)
        argilla_page.get_by_role("button", name="Sign in").click()
        argilla_page.wait_for_url(f"{stage.argilla.api_url}/")
    with argilla_page.expect_response(
        lambda response: "/records/search" in response.url and response.ok
    ) as answer:
        argilla_page.goto(address)
    total = answer.value.json()["total"]
    argilla_page.close()
    return str(total)


def test_a_filter_on_the_corpus_page(browser: Browser, stage: Stage) -> None:
    page = open_as_lead(browser, stage)
    go_to(page, "Corpus")
    settled(page)
    page.get_by_label("Words in prompt or response").fill("storms")
    page.keyboard.press("Enter")
    page.get_by_text("1 of 10 rows").wait_for()
    # Its markdown is on the page as it was typed.
    page.get_by_text("**A lot** about storms.", exact=True).wait_for()
    page.context.close()


def test_an_export_is_taken_away(browser: Browser, stage: Stage, tmp_path: Path) -> None:
    page = open_as_lead(browser, stage)
    go_to(page, "Export")
    page.get_by_role("button", name="See what a new export would change").click()
    assert metric(page, "Newly annotated") == "6"
    with page.expect_download() as download:
        page.get_by_role("button", name="Annotated rows (JSONL)").click()
    download.value.save_as(tmp_path / "annotated.jsonl")
    lines = (tmp_path / "annotated.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == ROWS
    assert sum("标注" in line for line in lines) == 6
    page.context.close()


def test_a_server_that_goes_down_and_comes_back(browser: Browser, stage: Stage) -> None:
    page = open_as_lead(browser, stage)
    settled(page)
    assert metric(page, "Records completed") == f"{COMPLETED} of {ROWS}"
    stage.argilla.stop()
    try:
        page.get_by_text("Argilla does not answer").wait_for()
        assert metric(page, "Responses submitted") == str(SUBMITTED)
        page.screenshot(path=PICTURES / "team-server-down.png")
    finally:
        stage.argilla.start()
    page.get_by_text("Argilla does not answer").wait_for(state="detached")
    page.context.close()


def test_the_dashboard_ends_with_who_started_it(stage: Stage, tmp_path: Path) -> None:
    port = free_port()
    command = [str(Path(sys.executable).with_name("sharegpt-argilla")), "dashboard", "--port", str(port)]
    command += ["--config", str(stage.project.config)]
    environment = os.environ | {"ARGILLA_HOME_PATH": str(stage.argilla.home.path)}
    for number, code in ((signal.SIGINT, 0), (signal.SIGKILL, -signal.SIGKILL)):
        started = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path)
        assert started.stderr.readline() == f"The dashboard is at http://127.0.0.1:{port}. Ctrl-C stops it.\n"
        children = psutil.Process(started.pid).children(recursive=True)
        assert children
        started.send_signal(number)
        assert started.wait(PATIENCE) == code
        started.stderr.close()
        wait_until(partial(all_gone, children), "the end of the dashboard's process")
