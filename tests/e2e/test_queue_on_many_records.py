"""The annotation page over 2,000 records: what it shows is what plain Python counts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.embedded import EmbeddedArgilla, wait_until
from tests.live.rest import PASSWORD, RATING, TEXT_FIELD, Rest, owner_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Response

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

COUNT = 2000
WORKSPACE = "many"
TOPICS = ("rain", "snow", "wind", "fog", "hail", "sun", "frost")
KINDS = ("chat", "code", "other")
KIND = {
    "name": "kind",
    "title": "Kind",
    "required": False,
    "settings": {"type": "label_selection", "options": [{"value": kind, "text": kind.title()} for kind in KINDS]},
}
METADATA = [
    {"name": "corpus", "title": "Corpus", "settings": {"type": "terms", "values": ["wild", "tame"]}},
    {"name": "turn", "title": "Turn", "settings": {"type": "integer", "min": 0, "max": COUNT}},
    {"name": "ratio", "title": "Ratio", "settings": {"type": "float", "min": 0.0, "max": 1.0}},
]


@dataclass(frozen=True)
class Item:
    """What was loaded as one record, for Python to count by."""

    number: int

    @property
    def words(self) -> list[str]:
        zebra = ["zebra"] if self.number == 777 else []
        return [
            "question",
            str(self.number),
            "about",
            TOPICS[self.number % 7],
            "or",
            TOPICS[self.number % 5],
            *zebra,
        ]

    @property
    def corpus(self) -> str:
        return "wild" if self.number % 3 else "tame"

    @property
    def ratio(self) -> float:
        return self.number / COUNT

    @property
    def kind(self) -> str | None:
        return None if self.number % 4 else KINDS[self.number % 3]

    @property
    def score(self) -> float:
        return (self.number * 37 % 1000) / 1000

    @property
    def agent(self) -> str:
        return "model-1" if self.number % 8 else "model-2"

    def body(self, questions: dict[str, str]) -> dict[str, Any]:
        angle = self.ratio * math.pi / 2
        guess = {"question_id": questions["kind"], "value": self.kind, "score": self.score, "agent": self.agent}
        return {
            "external_id": f"n{self.number}",
            "fields": {"prompt": " ".join(self.words)},
            "metadata": {"corpus": self.corpus, "turn": self.number, "ratio": self.ratio},
            "vectors": {"meaning": [math.cos(angle), math.sin(angle)]},
            "suggestions": [guess] if self.kind else [],
        }


ITEMS = [Item(number) for number in range(COUNT)]


def load(owner: Rest, name: str, min_submitted: int) -> str:
    dataset = owner.dataset(
        WORKSPACE,
        name,
        fields=[TEXT_FIELD],
        questions=[RATING, KIND],
        metadata=METADATA,
        vectors=[{"name": "meaning", "title": "Meaning", "dimensions": 2}],
        distribution={"strategy": "overlap", "min_submitted": min_submitted},
    )
    questions = {item["name"]: item["id"] for item in owner("GET", f"/datasets/{dataset}/questions")["items"]}
    bodies = [item.body(questions) for item in ITEMS]
    for begin in range(0, COUNT, 500):
        owner.load(dataset, bodies[begin : begin + 500])
    return dataset


@pytest.fixture(scope="module")
def owner(argilla: EmbeddedArgilla) -> Iterator[Rest]:
    with owner_of(argilla) as connection:
        yield connection


@pytest.fixture(scope="module")
def dataset(owner: Rest) -> str:
    """Three people must answer a record, so that nobody's answers take it from the others."""
    return load(owner, "many", 3)


class Queue:
    """One person's page on one dataset."""

    def __init__(self, context: BrowserContext, argilla: EmbeddedArgilla, dataset: str, username: str) -> None:
        self.page = context.new_page()
        self.found: list[int] = []
        """The numbers of the records that the page got when it was opened: the one it shows and those after it."""
        self.url = f"{argilla.api_url}/dataset/{dataset}/annotation-mode"
        self.page.goto(f"{argilla.api_url}/sign-in")
        self.page.fill("input[type=text]", username)
        self.page.fill("input[type=password]", PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{argilla.api_url}/")

    def open(self, query: str = "", status: str = "pending", page: str = "1") -> Queue:
        with self.page.expect_response(lambda answer: "/records/search" in answer.url and answer.ok) as answer:
            self.page.goto(f"{self.url}?page={page}&status={status}&{query}")
        self.page.wait_for_load_state("networkidle")
        self.found = found_in(answer.value)
        return self

    @property
    def text(self) -> str:
        return " ".join(self.page.locator("body").inner_text().split())

    @property
    def total(self) -> int:
        """The number of records that the page says it found; 0 where it shows none."""
        found = re.search(r"\d+ (?:- \d+ )?of (\d+)", self.text)
        return int(found[1]) if found else 0

    @property
    def shown(self) -> list[int]:
        """The numbers of the records on the page, in its order."""
        return [int(number) for number in re.findall(r"question (\d+) about", self.text)]

    def choose(self, answer: str) -> None:
        self.page.locator(f"label[for='{answer}']").click()

    def press(self, button: str, path: str = "responses") -> int:
        """Press ``submit``, ``draft`` or ``discard``; gives the number of the record that was on the page."""
        number = self.shown[0]
        with self.page.expect_response(
            lambda answer: path in answer.url and answer.request.method in {"POST", "PUT"} and answer.ok
        ):
            self.page.locator(f".button--{button}").first.click()
        return number

    def wait_for_next(self, after: int) -> None:
        wait_until(lambda: self.shown[:1] != [after] and bool(self.shown), "the next record")


@pytest.fixture
def queue(browser: Browser, argilla: EmbeddedArgilla, dataset: str, owner: Rest, request) -> Iterator[Queue]:
    """The page of somebody who has not answered anything yet."""
    username = re.sub(r"\W+", "-", request.node.name)[:60]
    owner.user(username, workspace=WORKSPACE)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield Queue(context, argilla, dataset, username)
    context.close()


def found_in(answer: Response) -> list[int]:
    return [item["record"]["metadata"]["turn"] for item in answer.json()["items"]]


def count(holds: Callable[[Item], bool]) -> int:
    return sum(map(holds, ITEMS))


def test_text_search(queue: Queue) -> None:
    cases: dict[str, Callable[[Item], bool]] = {
        "zebra": lambda item: "zebra" in item.words,
        "rain": lambda item: "rain" in item.words,
        "rain snow": lambda item: {"rain", "snow"} <= set(item.words),
        '"snow or rain"': lambda item: "snow or rain" in " ".join(item.words),
        "rain | hail": lambda item: bool({"rain", "hail"} & set(item.words)),
        "rain -snow": lambda item: "rain" in item.words and "snow" not in item.words,
        "fro*": lambda item: "frost" in item.words,
    }
    for typed, holds in cases.items():
        queue.open()
        assert queue.total == COUNT
        queue.page.locator(".search-area").first.click()
        queue.page.locator("input.search-area__input").first.fill(typed)
        with queue.page.expect_response(lambda answer: "/records/search" in answer.url and answer.ok):
            queue.page.keyboard.press("Enter")
        wait_until(lambda: queue.total == count(holds), f"{typed}: {count(holds)} records, not {queue.total}")  # noqa: B023
        assert holds(ITEMS[queue.shown[0]]), typed


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("metadata=corpus.wild", lambda item: item.corpus == "wild"),
        ("metadata=corpus.wild.tame", lambda _: True),
        ("metadata=turn.ge100.le250", lambda item: 100 <= item.number <= 250),
        ("metadata=ratio.ge0.25.le0.5", lambda item: 0.25 <= item.ratio <= 0.5),
        ("metadata=corpus.tame~turn.ge0.le99", lambda item: item.corpus == "tame" and item.number < 100),
        ("suggestion=kind.score.ge0.2.le0.4", lambda item: bool(item.kind) and 0.2 <= item.score <= 0.4),
        ("suggestion=kind.value.values.code", lambda item: item.kind == "code"),
        ("suggestion=kind.value.operator.or.values.code.chat", lambda item: item.kind in {"code", "chat"}),
        ("suggestion=kind.agent.model-2", lambda item: bool(item.kind) and item.agent == "model-2"),
        ("search=rain&metadata=corpus.wild", lambda item: "rain" in item.words and item.corpus == "wild"),
    ],
)
def test_filters(queue: Queue, query: str, holds: Callable[[Item], bool]) -> None:
    queue.open(query, page="1~10")
    assert queue.total == count(holds)
    assert queue.shown
    assert all(holds(ITEMS[number]) for number in queue.shown)


def test_a_filter_that_is_clicked_together(queue: Queue) -> None:
    page = queue.open().page
    page.get_by_role("button", name="Filters").click()
    page.get_by_text("Metadata", exact=True).first.click()
    page.get_by_text("Corpus", exact=True).first.click()
    page.get_by_text(re.compile(r"^\s*tame")).first.click()
    wait_until(lambda: queue.total == count(lambda item: item.corpus == "tame"), "the filter")
    assert "metadata=corpus.tame" in page.url


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("metadata.turn.asc", lambda item: item.number),
        ("metadata.turn.desc", lambda item: -item.number),
        ("metadata.ratio.desc", lambda item: -item.ratio),
        ("metadata.corpus.asc~metadata.turn.desc", lambda item: (item.corpus, -item.number)),
        ("suggestion.kind.score.desc", lambda item: (not item.kind, -item.score)),
        ("record.inserted_at.asc", lambda item: item.number),
    ],
)
def test_sort(queue: Queue, sort: str, key: Callable[[Item], Any]) -> None:
    expected = [item.number for item in sorted(ITEMS, key=key)][:10]
    queue.open(f"sort={sort}", page="1~10")
    assert queue.total == COUNT
    shown = queue.shown
    # Of those of one score the order is not said.
    assert [key(ITEMS[number]) for number in shown] == [key(ITEMS[number]) for number in expected]


def test_pages_of_a_queue_neither_repeat_nor_skip_and_come_again(queue: Queue) -> None:
    pages = [queue.open("metadata=turn.ge0.le99", page=f"{first}~50").shown for first in (1, 51)]
    assert sorted(pages[0] + pages[1]) == list(range(100))
    assert pages[0] != sorted(pages[0])
    assert queue.open("metadata=turn.ge0.le99", page="1~50").shown == pages[0]


def test_bulk_answers_and_progress(queue: Queue) -> None:
    queue.open("sort=metadata.turn.asc", page="1~25")
    assert queue.shown == list(range(25))
    queue.page.locator(".wrapper__records__header__checkbox").click()
    queue.choose("quality_5")
    queue.press("submit", path="responses/bulk")
    # The page sends them ten at a time.
    wait_until(lambda: queue.text.count("Submitted Prompt") == 25, "all of the answers")
    assert queue.open("sort=metadata.turn.asc", page="1~25").shown == list(range(25, 50))
    assert queue.total == COUNT - 25
    assert queue.open(status="submitted").total == 25
    # The team's progress counts records that three people answered.
    assert "0.00% Submitted 25" in queue.text
    assert queue.open("response=quality.ge5.le5", status="submitted").total == 25
    assert queue.open("response=quality.ge6.le7", status="submitted").total == 0


def test_similar_records(queue: Queue) -> None:
    (first, *_) = queue.open("metadata=turn.ge950.le1050").found
    with queue.page.expect_response(lambda answer: "/records/search" in answer.url and answer.ok) as answer:
        queue.page.get_by_role("button", name="Find similar").first.click()
    # The fifty nearest of those that pass the filter, without the record itself; they lie on a circle in the
    # order of their numbers.
    distances = [abs(number - first) for number in found_in(answer.value)]
    others = sorted(abs(number - first) for number in range(950, 1051) if number != first)
    assert distances == others[:50]
    # The page names the record that was asked about, then shows the nearest.
    nearest = found_in(answer.value)[0]
    queue.page.get_by_text(f"question {nearest} about").first.wait_for()
    assert "Most Similar" in queue.text
    assert queue.shown[-1] == nearest, queue.text


def test_a_link_to_similar_records(queue: Queue) -> None:
    (first, *_) = queue.open("metadata=turn.ge950.le1050").found
    with queue.page.expect_response(lambda answer: "/records/search" in answer.url and answer.ok) as answer:
        queue.page.get_by_role("button", name="Find similar").first.click()
    found = found_in(answer.value)
    queue.page.wait_for_url(re.compile("similarity="))
    link = queue.page.url
    queue.page.goto("about:blank")
    with queue.page.expect_response(lambda answer: "/records/search" in answer.url and answer.ok) as answer:
        queue.page.goto(link)
    assert found_in(answer.value) == found
    # The page shows the record of the link, which it has to ask for, and the nearest.
    wait_until(lambda: queue.shown == [first, found[0]], f"records {first} and {found[0]}")
    assert queue.total == 50


def test_discards_drafts_and_answers_each_have_their_place(queue: Queue) -> None:
    queue.open("sort=metadata.turn.asc")
    assert queue.press("discard") == 0
    queue.wait_for_next(0)
    queue.choose("quality_2")
    assert queue.press("draft") == 1
    queue.open("sort=metadata.turn.asc")
    assert queue.shown == [2]
    queue.choose("quality_7")
    queue.choose("kind_code")
    assert queue.press("submit") == 2

    assert queue.open(status="discarded").shown == [0]
    assert queue.open(status="draft").shown == [1]
    assert queue.page.locator("#quality_2").is_checked()
    queue.choose("quality_3")
    assert queue.press("submit") == 1
    assert queue.open(status="draft").total == 0
    assert queue.open("sort=metadata.turn.asc", status="submitted").found == [1, 2]
    assert queue.open("response=kind.operator.or.values.code", status="submitted").shown == [2]
    assert queue.open("sort=metadata.turn.asc").shown == [3]
    assert queue.total == COUNT - 3


def test_two_people_at_once(browser: Browser, argilla: EmbeddedArgilla, owner: Rest) -> None:
    dataset = load(owner, "two-people", 1)
    contexts = [browser.new_context(viewport={"width": 1440, "height": 900}) for _ in range(2)]
    queues = []
    for context, username in zip(contexts, ("left", "right"), strict=True):
        owner.user(username, workspace=WORKSPACE)
        queues.append(Queue(context, argilla, dataset, username).open())
    done: list[list[int]] = [[], []]
    for _ in range(6):
        for queue, numbers in zip(queues, done, strict=True):
            queue.choose("quality_4")
            numbers.append(queue.press("submit"))
            queue.wait_for_next(numbers[-1])
    # Each has an order of their own, and none of what one has completed waits for the other.
    assert done[0] != done[1]
    assert len({*done[0]}) == len({*done[1]}) == 6
    completed = {*done[0], *done[1]}
    for queue, numbers in zip(queues, done, strict=True):
        assert queue.open().total == COUNT - len(completed)
        assert sorted(queue.open(status="submitted").found) == sorted(numbers)
        assert f"{100 * len(completed) / COUNT:.2f}%" in queue.text
    progress = owner("GET", f"/datasets/{dataset}/progress")
    assert (progress["total"], progress["completed"]) == (COUNT, len(completed))
    for context in contexts:
        context.close()
