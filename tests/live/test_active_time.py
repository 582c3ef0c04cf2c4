"""Active time: what the page measures of a scripted person, and what the route takes and gives."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import pytest

from sharegpt_argilla.argilla_plugin.active_time import FIRST_CREDIT, MAX_CREDIT, read_activity
from sharegpt_argilla.argilla_plugin.active_time_route import MAX_BODY, PATH
from sharegpt_argilla.argilla_plugin.team_options import ACTIVE_TIME, OPEN_QUEUE
from sharegpt_argilla.project.answer_sources import all_records, open_sources
from sharegpt_argilla.settings import Connection, Home
from sharegpt_argilla.workflows.backup import backup
from sharegpt_argilla.workflows.restore import restore
from tests.browser_contexts import new_context
from tests.embedded import PATIENCE, EmbeddedArgilla, embedded_argilla, server_database, wait_until
from tests.live.plans import planned_dataset, queue
from tests.live.rest import COMMENT, PASSWORD, RATING, Rest, owner_of, signed_in
from tests.test_fuzz import SECONDS, damaged

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.live, pytest.mark.slow]

IDLE = 2.0
TOPICS = {
    "name": "topics",
    "title": "Topics",
    "required": False,
    "settings": {
        "type": "multi_label_selection",
        "options": [{"value": value, "text": value} for value in ("rain", "sun", "snow")],
    },
}
PEOPLE = ("ana", "ben", "cleo", "dora", "eli", "finn")


@dataclass
class Project:
    """A dataset with a plan on an Argilla that measures: two records are ana's, one is ben's, one everybody's."""

    argilla: EmbeddedArgilla
    owner: Rest
    people: dict[str, Rest]
    dataset_id: str
    ids: list[str]

    def post(self, person: Rest, *times: dict[str, Any], **other: Any) -> httpx.Response:
        return person.http.post(PATH, json={"times": list(times), **other})

    def times(self, person: Rest | None = None, dataset_id: str = "") -> dict[tuple[str, str], dict[str, Any]]:
        answer = (person or self.owner).http.get(PATH, params={"dataset_id": dataset_id or self.dataset_id})
        assert answer.status_code == 200, answer.text
        return {(item.pop("record_id"), item.pop("username")): item for item in answer.json()["items"]}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ACTIVE_TIME, f"{IDLE:g}")
        with embedded_argilla(tmp_path_factory.mktemp("measuring")) as argilla, owner_of(argilla) as owner:
            plan = [(["ana"], 1), (["ana"], 2), (["ben"], 3), (list(PEOPLE), 4)]
            questions = [RATING, TOPICS, COMMENT]
            dataset_id, ids = planned_dataset(owner, "measured", "measured", plan, questions=questions)
            for name in PEOPLE:
                owner.user(name, workspace="measured")
            owner("POST", "/workspaces", {"name": "elsewhere"})
            owner.user("stranger", workspace="elsewhere")
            people = owner.people([*PEOPLE, "stranger"])
            yield Project(argilla, owner, people, dataset_id, ids)
            for person in people.values():
                person.http.close()


COVERED = """() => [...document.querySelectorAll("a, button, input, label, [role=button]")]
  .filter((control) => !control.closest("#sharegpt-active-time") && control.checkVisibility())
  .filter((control) => {
    const { left, top, width, height } = control.getBoundingClientRect();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    return hit !== null && hit.closest("#sharegpt-active-time, #sharegpt-unsaved") !== null;
  })
  .map((control) => control.outerHTML)"""
"""The controls of the page whose middle is below something of ours."""


class TestPage:
    pytestmark = pytest.mark.browser

    def test_measures_what_a_person_does(self, browser: Browser, project: Project) -> None:
        first, second = project.ids[:2]
        context = new_context(browser)
        page = context.new_page()
        sign_in(page, project, "ana")
        script = Script(page)
        url = f"{project.argilla.api_url}/dataset/{project.dataset_id}/annotation-mode"
        page.goto(url)
        page.wait_for_selector("form.questions-form")
        assert page.get_by_text("Active time is measured").is_visible()

        script.begin(first)
        script.move(1.5)
        script.click("label[for='topics_rain']", "topics")
        script.move(1.2)
        script.click("[aria-label='Question: comment'] [contenteditable]", "comment")
        script.type("It rains.", 1.0)
        script.elsewhere(1.3)
        script.move(0.6)
        script.hidden(1.0)
        script.idle(IDLE + 1.5)
        # After a rating the page itself moves on to the next question.
        script.click("label[for='quality_4']", "topics")
        script.move(0.7)
        script.click(".record__content, .record", None)
        script.move(0.7)
        script.submit()

        script.begin(second)
        script.move(1.5)
        script.end()
        page.goto(f"{url}?status=submitted")
        page.wait_for_selector("form.questions-form")
        script.begin(first)
        script.move(1.0)
        script.end()
        page.close(run_before_unload=True)

        expected = {(key, "ana"): spent for key, spent in script.spent.items()}
        try:
            wait_until(lambda: reached(project.times(), expected), "the last post")
        except AssertionError:
            raise AssertionError(f"measured {project.times()}, expected {expected}") from None
        context.close()

    def test_the_notice_covers_nothing_and_links_to_more(self, browser: Browser, project: Project) -> None:
        context = new_context(browser)
        page = context.new_page()
        sign_in(page, project, "ben")
        page.goto(f"{project.argilla.api_url}/dataset/{project.dataset_id}/annotation-mode")
        page.wait_for_selector("form.questions-form")
        notice = page.locator("#sharegpt-active-time")
        text = page.get_by_text(f"the first {IDLE:g} seconds count at most")
        for width in (320, 390, 768, 1024, 1440, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            for is_open in (False, True):
                notice.locator("summary").scroll_into_view_if_needed()
                if text.is_visible() is not is_open:
                    notice.locator("summary").click()
                assert text.is_visible() is is_open
                for control in (page.locator("form.questions-form label").first, notice):
                    control.scroll_into_view_if_needed()
                    assert page.evaluate(COVERED) == [], width
                box = notice.bounding_box()
                assert box is not None
                assert box["x"] >= 0, width
                assert box["x"] + box["width"] <= width, width
        with context.expect_page() as opened:
            page.locator("#sharegpt-active-time a").click()
        opened.value.get_by_role("heading", name="Who sees it").wait_for()
        context.close()

    def test_is_quiet_where_nothing_is_annotated(self, browser: Browser, project: Project) -> None:
        context = new_context(browser)
        page = context.new_page()
        posts: list[str] = []
        page.on("request", lambda request: posts.append(request.url) if PATH in request.url else None)
        sign_in(page, project, "finn")
        page.mouse.move(200, 200)
        page.mouse.click(300, 300)
        page.wait_for_timeout(500)
        assert page.get_by_text("Active time is measured").is_hidden()
        assert not posts

        page.goto(f"{project.argilla.api_url}/dataset/{project.dataset_id}/annotation-mode")
        page.wait_for_selector(".record--focus")
        began = time.monotonic()
        page.locator(".button--discard").click()
        page.wait_for_selector(".record--focus", state="detached")
        seconds = time.monotonic() - began
        # The queue is empty, and what the person does now is no work on a record.
        Script(page).move(2.0)
        page.close(run_before_unload=True)
        context.close()
        wait_until(lambda: (project.ids[3], "finn") in project.times(), "the last post")
        assert project.times()[project.ids[3], "finn"]["seconds"] < seconds + 1.5


def sign_in(page: Page, project: Project, username: str) -> None:
    page.goto(f"{project.argilla.api_url}/sign-in")
    page.fill("input[type=text]", username)
    page.fill("input[type=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{project.argilla.api_url}/")


def reached(
    measured: dict[tuple[str, str], dict[str, Any]], expected: dict[tuple[str, str], dict[str, Any]]
) -> bool:
    """Whether times are within a tenth, or half a second, of the expected ones."""

    def near(value: float, other: float) -> bool:
        return abs(value - other) <= max(0.5, other / 10)

    return all(
        key in measured
        and near(measured[key]["seconds"], spent["seconds"])
        and all(
            near(measured[key]["questions"].get(name, 0.0), spent["questions"].get(name, 0.0))
            for name in {*measured[key]["questions"], *spent["questions"]}
        )
        for key, spent in expected.items()
    )


@dataclass
class Script:
    """A person who does one thing after the other, and the times that are to be measured, by the test's clock."""

    page: Page
    spent: dict[str, dict[str, Any]] = field(default_factory=dict)
    record: str = ""
    question: str | None = None
    since: float = 0.0

    def __post_init__(self) -> None:
        self.session = self.page.context.new_cdp_session(self.page)
        self.other = self.page.context.new_page()
        self.page.bring_to_front()

    def begin(self, record: str) -> None:
        self.record, self.question, self.since = record, None, time.monotonic()

    def end(self, at_most: float = 1e9) -> None:
        """Time until now counts, but not more than ``at_most`` seconds of it."""
        now = time.monotonic()
        seconds = min(now - self.since, at_most)
        spent = self.spent.setdefault(self.record, {"seconds": 0.0, "questions": {}})
        spent["seconds"] += seconds
        if self.question is not None:
            spent["questions"][self.question] = spent["questions"].get(self.question, 0.0) + seconds
        self.since = now

    def move(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.page.mouse.move(300 + left * 50, 400)
            self.page.wait_for_timeout(min(200, left * 1000))

    def click(self, selector: str, question: str | None) -> None:
        self.page.locator(selector).first.click()
        self.end()
        self.question = question

    def type(self, text: str, seconds: float) -> None:
        self.page.keyboard.type(text, delay=seconds * 1000 / len(text))

    def elsewhere(self, seconds: float) -> None:
        """Another tab is in front for a while."""
        # Playwright lets every page believe that it has the focus.
        self.session.send("Emulation.setFocusEmulationEnabled", {"enabled": False})
        self.other.bring_to_front()
        self.end()
        self.page.wait_for_timeout(seconds * 1000)
        self.page.bring_to_front()
        self.since = time.monotonic()

    def hidden(self, seconds: float) -> None:
        """The window is minimised, which a browser without a screen cannot do."""
        change = (
            "state => { Object.defineProperty(document, 'visibilityState', {value: state, configurable: true});"
        )
        change += " document.dispatchEvent(new Event('visibilitychange')) }"
        self.page.evaluate(change, "hidden")
        self.end()
        self.page.wait_for_timeout(seconds * 1000)
        self.page.evaluate(change, "visible")
        self.since = time.monotonic()

    def idle(self, seconds: float) -> None:
        """Nothing for longer than the cut-off."""
        self.end()
        self.page.wait_for_timeout(seconds * 1000)
        self.end(at_most=IDLE)

    def submit(self) -> None:
        with self.page.expect_response(lambda response: response.url.endswith("/responses") and response.ok):
            self.page.locator(".button--submit").click()
        self.page.get_by_text("Question 2 about rain").first.wait_for()
        self.end()


class TestRoute:
    def test_adds_up_and_gives_everybody_their_own(self, project: Project) -> None:
        shared = project.ids[3]
        names = ("ben", "cleo", "dora")

        def work(name: str) -> None:
            for seconds in (1.5, 2.25):
                answer = project.post(
                    project.people[name],
                    {"record": shared, "seconds": seconds, "questions": {"quality": 1.0}},
                )
                assert answer.status_code == 204, answer.text

        with ThreadPoolExecutor(3) as pool:
            list(pool.map(work, names))
        expected = {(shared, name): {"seconds": 3.75, "questions": {"quality": 2.0}} for name in names}
        measured = project.times()
        assert {key: measured[key] for key in expected} == expected
        # Ben had a page open in another test.
        assert project.times(project.people["cleo"]) == {(shared, "cleo"): expected[shared, "cleo"]}
        assert stored(project.argilla.home, project.dataset_id) == measured

    def test_takes_a_last_message_with_the_token_in_it(self, project: Project) -> None:
        with signed_in(project.argilla.api_url, "dora") as dora:
            token = dora.http.headers["authorization"]
        body = {"token": token, "times": [{"record": project.ids[3], "seconds": 0.5}]}
        answer = httpx.post(project.argilla.api_url + PATH, json=body, timeout=PATIENCE)
        assert answer.status_code == 204, answer.text

    @pytest.mark.parametrize(
        ("times", "status", "says"),
        [
            ({"seconds": -1.0}, 422, "times.0.seconds"),
            ({"seconds": float("nan")}, 422, "times.0.seconds"),
            ({"seconds": MAX_CREDIT * 10}, 422, "times.0.seconds"),
            ({"seconds": FIRST_CREDIT + 10}, 422, "more time than went by"),
            ({"seconds": 1.0, "questions": {"quality": 5.0}}, 422, "more time on the questions"),
            ({"seconds": 1.0, "questions": {"mood": 0.5}}, 422, "no question 'mood'"),
            ({"seconds": 1.0, "text": "what was typed"}, 422, "times.0.text"),
            ({"seconds": 1.0, "username": "ana"}, 422, "times.0.username"),
            ({"seconds": 1.0, "record": str(uuid4())}, 403, "annotates"),
            ({"seconds": 1.0, "record": "r1"}, 422, "times.0.record"),
        ],
    )
    def test_refuses_what_cannot_be(self, project: Project, times: dict[str, Any], status: int, says: str) -> None:
        before = project.times()
        content = json_with_nan({"times": [{"record": project.ids[3], **times}]})
        answer = project.people["eli"].http.post(PATH, content=content)
        assert answer.status_code == status
        assert says in answer.json()["detail"]
        assert project.times() == before

    def test_refuses_who_it_does_not_know_and_records_of_others(self, project: Project) -> None:
        before = project.times()
        body = {"times": [{"record": project.ids[2], "seconds": 1.0}]}
        assert httpx.post(project.argilla.api_url + PATH, json=body, timeout=PATIENCE).status_code == 401
        forged = {"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJ1c2VybmFtZSI6ImFuYSJ9.c2ln"}
        url = project.argilla.api_url + PATH
        assert httpx.post(url, json=body, headers=forged, timeout=PATIENCE).status_code == 401
        assert project.post(project.people["ana"], *body["times"]).status_code == 403
        assert project.post(project.people["stranger"], *body["times"]).status_code == 403
        assert project.people["ana"].http.post(PATH, content=b" " * (MAX_BODY + 1)).status_code == 413
        assert project.people["ana"].http.delete(PATH).status_code == 405
        assert project.times() == before

    def test_damaged_posts_are_refused_in_words(self, project: Project) -> None:
        body = json.dumps({"token": "x", "times": [{"record": project.ids[3], "seconds": 0, "questions": {}}]})
        draw, end = random.Random(5), time.monotonic() + SECONDS
        while time.monotonic() < end:
            content = damaged(body.encode(), draw)
            answer = project.people["finn"].http.post(PATH, content=content)
            assert answer.status_code in (204, 403, 422), (content, answer.text)

    def test_gives_nothing_to_strangers(self, project: Project) -> None:
        params = {"dataset_id": project.dataset_id}
        assert httpx.get(project.argilla.api_url + PATH, params=params, timeout=PATIENCE).status_code == 401
        assert project.people["stranger"].http.get(PATH, params=params).status_code == 404
        assert project.owner.http.get(PATH, params={"dataset_id": "x"}).status_code == 422


def stored(home: Home, dataset_id: str) -> dict[tuple[str, str], Any]:
    with server_database(home) as database:
        return dict(read_activity(database, UUID(dataset_id)))


def json_with_nan(document: object) -> bytes:
    import json

    return json.dumps(document).encode()


def test_measured_time_is_on_the_response(project: Project) -> None:
    cleo, shared = project.people["cleo"], project.ids[3]
    cleo.answer(shared, quality=2)
    assert project.post(cleo, {"record": shared, "seconds": 4.04}).status_code == 204
    spent = round(project.times()[shared, "cleo"]["seconds"], 1)
    connection = Connection(project.argilla.api_url, project.argilla.api_key)
    with open_sources(connection, [("measured", "measured", "measured")], ["submitted"]) as sources:
        answers = {record.id: record for record in all_records(sources.sources[0]).values()}
    assert [(one.annotator, one.active_seconds) for one in answers["r4"].responses] == [("cleo", spent)]


def test_times_are_in_a_backup(project: Project, tmp_path: Path) -> None:
    before = stored(project.argilla.home, project.dataset_id)
    assert before
    restored = Home(tmp_path / "restored")
    restore(backup(tmp_path / "copy.tar.gz", project.argilla.home).target, restored)
    assert stored(restored, project.dataset_id) == before


def test_open_queue_and_no_measuring(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last test here: it starts the server again without either."""
    before = project.times()
    monkeypatch.setenv(ACTIVE_TIME, "")
    monkeypatch.setenv(OPEN_QUEUE, "1")
    project.argilla.restart()
    dora = project.people["dora"]
    assert sorted(queue(dora, project.dataset_id, {})) == sorted(project.ids)
    assert dora("GET", f"/me/datasets/{project.dataset_id}/metrics")["responses"]["total"] == len(project.ids)
    dora.answer(project.ids[2], quality=1)
    refused = project.post(dora, {"record": project.ids[2], "seconds": 0.5})
    assert (refused.status_code, refused.json()["detail"]) == (404, "active time is not measured here")
    assert "active-time.js" not in dora.http.get("/").text
    assert project.times() == before
