"""The annotation page over 2,000 real rows: what it shows is what plain Python counts in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser_contexts import new_context
from tests.e2e.many_rows import COUNT, KINDS, LETTERS, Item, read_rows, searches
from tests.embedded import EmbeddedArgilla, wait_until
from tests.live.rest import PASSWORD, RATING, Rest, owner_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Response

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

WORKSPACE = "many"
FIELDS = [
    {"name": name, "title": name.title(), "required": True, "settings": {"type": "text", "use_markdown": True}}
    for name in ("place", "prompt", "response")
]
KIND = {
    "name": "kind",
    "title": "Kind",
    "required": False,
    "settings": {"type": "label_selection", "options": [{"value": kind, "text": kind.title()} for kind in KINDS]},
}
METADATA = [
    {"name": "corpus", "title": "Corpus", "settings": {"type": "terms", "values": ["sharegpt", "wildchat"]}},
    {"name": "place", "title": "Place", "settings": {"type": "integer", "min": 0, "max": COUNT}},
    {"name": "length", "title": "Length", "settings": {"type": "integer"}},
    {"name": "ratio", "title": "Ratio", "settings": {"type": "float", "min": 0.0, "max": 1.0}},
]


def load(owner: Rest, items: list[Item], name: str, min_submitted: int) -> str:
    dataset = owner.dataset(
        WORKSPACE,
        name,
        fields=FIELDS,
        questions=[RATING, KIND],
        metadata=METADATA,
        vectors=[{"name": "letters", "title": "Letters", "dimensions": len(LETTERS)}],
        distribution={"strategy": "overlap", "min_submitted": min_submitted},
    )
    questions = {item["name"]: item["id"] for item in owner("GET", f"/datasets/{dataset}/questions")["items"]}
    bodies = [item.body(questions) for item in items]
    for begin in range(0, COUNT, 500):
        owner.load(dataset, bodies[begin : begin + 500])
    return dataset


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    return read_rows(tmp_path_factory.mktemp("rows"))


@pytest.fixture(scope="module")
def owner(argilla: EmbeddedArgilla) -> Iterator[Rest]:
    with owner_of(argilla) as connection:
        yield connection


@pytest.fixture(scope="module")
def dataset(owner: Rest, items: list[Item]) -> str:
    """Three people must answer a record, so that nobody's answers take it from the others."""
    return load(owner, items, "many", 3)


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
        self.found = found_in(answer.value)
        self.wait_for_records(len(self.found) if "~" in page else min(len(self.found), 1))
        self.page.wait_for_load_state("networkidle")
        return self

    def wait_for_records(self, count: int) -> None:
        """Until the page has drawn so many and their count."""
        wait_until(lambda: len(self.shown) == count and bool(self.total) == bool(count), f"{count} records drawn")

    @property
    def text(self) -> str:
        return " ".join(self.page.locator("body").inner_text().split())

    def says(self, what: str) -> bool:
        return what in self.text

    @property
    def total(self) -> int:
        """The number of records that the page says it found; 0 where it shows none."""
        found = re.search(r"\d+ (?:- \d+ )?of (\d+)", self.text)
        return int(found[1]) if found else 0

    @property
    def shown(self) -> list[int]:
        """The numbers of the records on the page, in its order."""
        return [int(number) for number in re.findall(r"row (\d+) begins", self.text)]

    def choose(self, answer: str) -> None:
        self.page.locator(f"label[for='{answer}']").click()

    def press(self, button: str, path: str = "responses") -> int:
        """Press ``submit``, ``draft`` or ``discard``; gives the number of the record that was on the page."""
        wait_until(lambda: bool(self.shown), "the record to answer")
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
    context = new_context(browser)
    yield Queue(context, argilla, dataset, username)
    context.close()


def found_in(answer: Response) -> list[int]:
    return [item["record"]["metadata"]["place"] for item in answer.json()["items"]]


def count(items: list[Item], matches: Callable[[Item], bool]) -> int:
    return sum(map(matches, items))


def test_text_search(queue: Queue, items: list[Item]) -> None:
    for typed, matches in searches(items).items():
        expected = count(items, matches)
        assert 0 < expected < COUNT, typed
        queue.open()
        assert queue.total == COUNT
        queue.page.locator(".search-area").first.click()
        queue.page.locator("input.search-area__input").first.fill(typed)
        with queue.page.expect_response(lambda answer: "/records/search" in answer.url and answer.ok):
            queue.page.keyboard.press("Enter")
        wait_until(lambda: queue.total == expected, f"{typed}: {expected} records, not {queue.total}")  # noqa: B023
        wait_until(lambda: bool(queue.shown) and matches(items[queue.shown[0]]), f"a record for {typed}")  # noqa: B023


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("metadata=corpus.wildchat", lambda item: item.corpus == "wildchat"),
        ("metadata=corpus.wildchat.sharegpt", lambda _: True),
        ("metadata=length.ge20.le100", lambda item: 20 <= item.length <= 100),
        ("metadata=ratio.ge0.25.le0.5", lambda item: 0.25 <= item.ratio <= 0.5),
        ("metadata=corpus.sharegpt~length.ge0.le99", lambda item: item.corpus == "sharegpt" and item.length < 100),
        ("suggestion=kind.score.ge0.2.le0.4", lambda item: bool(item.kind) and 0.2 <= item.score <= 0.4),
        ("suggestion=kind.value.values.code", lambda item: item.kind == "code"),
        ("suggestion=kind.value.operator.or.values.code.chat", lambda item: item.kind in {"code", "chat"}),
        ("suggestion=kind.agent.model-2", lambda item: bool(item.kind) and item.agent == "model-2"),
        (
            "search=about&metadata=corpus.wildchat",
            lambda item: "about" in item.vocabulary and item.corpus == "wildchat",
        ),
    ],
)
def test_filters(queue: Queue, items: list[Item], query: str, matches: Callable[[Item], bool]) -> None:
    queue.open(query, page="1~10")
    assert queue.total == count(items, matches)
    assert queue.shown
    assert all(matches(items[number]) for number in queue.shown)


def test_a_filter_that_is_clicked_together(queue: Queue, items: list[Item]) -> None:
    page = queue.open().page
    page.get_by_role("button", name="Filters").click()
    page.get_by_text("Metadata", exact=True).first.click()
    page.get_by_text("Corpus", exact=True).first.click()
    page.get_by_text(re.compile(r"^\s*wildchat")).first.click()
    expected = count(items, lambda item: item.corpus == "wildchat")
    wait_until(lambda: queue.total == expected, "the filter")
    assert "metadata=corpus.wildchat" in page.url


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("metadata.place.asc", lambda item: item.number),
        ("metadata.place.desc", lambda item: -item.number),
        ("metadata.ratio.desc", lambda item: -item.ratio),
        ("metadata.length.asc~metadata.place.desc", lambda item: (item.length, -item.number)),
        ("metadata.corpus.asc~metadata.place.desc", lambda item: (item.corpus, -item.number)),
        ("suggestion.kind.score.desc", lambda item: (not item.kind, -item.score)),
        ("record.inserted_at.asc", lambda item: item.number),
    ],
)
def test_sort(queue: Queue, items: list[Item], sort: str, key: Callable[[Item], Any]) -> None:
    queue.open(f"sort={sort}", page="1~10")
    assert queue.total == COUNT
    # Of those of one score the order is not said.
    assert [key(items[number]) for number in queue.shown] == sorted(map(key, items))[:10]


def test_pages_of_a_queue_neither_repeat_nor_skip_and_come_again(queue: Queue) -> None:
    pages = [queue.open("metadata=place.ge0.le99", page=f"{first}~50").shown for first in (1, 51)]
    assert sorted(pages[0] + pages[1]) == list(range(100))
    assert pages[0] != sorted(pages[0])
    assert queue.open("metadata=place.ge0.le99", page="1~50").shown == pages[0]


def test_bulk_answers_and_progress(queue: Queue) -> None:
    queue.open("sort=metadata.place.asc", page="1~25")
    assert queue.shown == list(range(25))
    queue.page.locator(".wrapper__records__header__checkbox").click()
    queue.choose("quality_5")
    queue.press("submit", path="responses/bulk")
    # The page sends them ten at a time.
    wait_until(lambda: queue.text.count("Submitted Place") == 25, "all of the answers")
    assert queue.open("sort=metadata.place.asc", page="1~25").shown == list(range(25, 50))
    assert queue.total == COUNT - 25
    assert queue.open(status="submitted").total == 25
    # The team's progress counts records that three people answered.
    wait_until(lambda: "0.00% Submitted 25" in queue.text, "the progress")
    assert queue.open("response=quality.ge5.le5", status="submitted").total == 25
    assert queue.open("response=quality.ge6.le7", status="submitted").total == 0


def test_similar_records(queue: Queue, items: list[Item]) -> None:
    (first, *_) = queue.open("metadata=place.ge950.le1050").found
    with queue.page.expect_response(lambda answer: "/records/search" in answer.url and answer.ok) as answer:
        queue.page.get_by_role("button", name="Find similar").first.click()
    # The fifty nearest of those that pass the filter, without the record itself.
    numbers = found_in(answer.value)
    assert len(set(numbers)) == 50
    assert set(numbers) <= {*range(950, 1051)} - {first}
    others = sorted(items[first].likeness(items[number]) for number in range(950, 1051) if number != first)
    likeness = [items[first].likeness(items[number]) for number in numbers]
    assert likeness == pytest.approx(others[::-1][:50], abs=1e-6)
    # The page names the record that was asked about, then shows the nearest.
    queue.page.get_by_text(items[numbers[0]].place).first.wait_for()
    wait_until(lambda: "Most Similar" in queue.text and queue.shown[-1:] == [numbers[0]], "the nearest record")


def test_a_link_to_similar_records(queue: Queue) -> None:
    (first, *_) = queue.open("metadata=place.ge950.le1050").found
    with queue.page.expect_response(lambda answer: "/records/search" in answer.url and answer.ok) as answer:
        queue.page.get_by_role("button", name="Find similar").first.click()
    numbers = found_in(answer.value)
    queue.page.wait_for_url(re.compile("similarity="))
    link = queue.page.url
    queue.page.goto("about:blank")
    with queue.page.expect_response(lambda answer: "/records/search" in answer.url and answer.ok) as answer:
        queue.page.goto(link)
    assert found_in(answer.value) == numbers
    # The page shows the record of the link, which it has to ask for, and the nearest.
    wait_until(lambda: queue.shown == [first, numbers[0]], f"records {first} and {numbers[0]}")
    wait_until(lambda: queue.total == 50, "the count of the nearest")


def test_discards_drafts_and_answers_each_have_their_place(queue: Queue) -> None:
    queue.open("sort=metadata.place.asc")
    assert queue.press("discard") == 0
    queue.wait_for_next(0)
    queue.choose("quality_2")
    assert queue.press("draft") == 1
    queue.open("sort=metadata.place.asc")
    assert queue.shown == [2]
    queue.choose("quality_7")
    queue.choose("kind_code")
    assert queue.press("submit") == 2

    assert queue.open(status="discarded").shown == [0]
    assert queue.open(status="draft").shown == [1]
    wait_until(queue.page.locator("#quality_2").is_checked, "the draft's answer")
    queue.choose("quality_3")
    assert queue.press("submit") == 1
    assert queue.open(status="draft").total == 0
    assert queue.open("sort=metadata.place.asc", status="submitted").found == [1, 2]
    assert queue.open("response=kind.operator.or.values.code", status="submitted").shown == [2]
    assert queue.open("sort=metadata.place.asc").shown == [3]
    assert queue.total == COUNT - 3


def test_two_people_at_once(browser: Browser, argilla: EmbeddedArgilla, owner: Rest, items: list[Item]) -> None:
    dataset = load(owner, items, "two-people", 1)
    contexts = [new_context(browser) for _ in range(2)]
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
        percentage = f"{100 * len(completed) / COUNT:.2f}%"
        wait_until(partial(queue.says, percentage), "the team's progress")
    progress = owner("GET", f"/datasets/{dataset}/progress")
    assert (progress["total"], progress["completed"]) == (COUNT, len(completed))
    for context in contexts:
        context.close()
