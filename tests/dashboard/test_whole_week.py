"""A week of three people: every number of the Team and Annotator pages, recomputed from the raw responses.

The reference knows nothing of this package: Argilla's REST, the lines of the plan's and the gold's files, plain
arithmetic, and the coefficients of krippendorff and scikit-learn.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

import krippendorff
import pytest
from sklearn.metrics import cohen_kappa_score

from sharegpt_argilla.project.dashboard_access import Viewer
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.adjudicate import adjudicate
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.plan import plan
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.dashboard.conftest import Run
from tests.dashboard.story import redate
from tests.dashboard.test_links import check, links
from tests.dashboard.test_pages import chart_with, charts, metrics, table_with, words
from tests.embedded import EmbeddedArgilla
from tests.projects import TestProject, some_rows, write_project, write_rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.live

RECORDS = 30
PACES = {"ana": (3, 70), "ben": (2, 100), "chloe": (2, 160)}
"""Person -> answers a day, and about how many seconds each takes."""
DAYS = 7
HALF_PERCENT = 0.005000001
"""How far whole percents in a table may be from the share."""
LEAN = {"ana": 0, "ben": -1, "chloe": 1}
INTENTS = (["code"], ["chat"], ["code", "chat"], ["open_qa"])
TOXICITY = ("none", "none", "none", "harmful")


@dataclass(frozen=True)
class Raw:
    """One response as Argilla's REST gives it."""

    row: str
    person: str
    status: str
    values: dict[str, Any]
    at: datetime


@dataclass(frozen=True)
class Week:
    """What was read without this package."""

    project: TestProject
    raw: list[Raw]
    plan: dict[str, list[str]]
    gold: dict[str, dict[str, Any]]
    reviews: Counter[str]

    def of(self, person: str, status: str = "submitted") -> list[Raw]:
        return sorted((one for one in self.raw if (one.person, one.status) == (person, status)), key=_at)

    def answers(self, question: str) -> dict[str, dict[str, Any]]:
        """Row -> person -> submitted answer, of rows with two or more."""
        by_row: dict[str, dict[str, Any]] = {}
        for one in self.raw:
            if one.status == "submitted":
                by_row.setdefault(one.row, {})[one.person] = one.values[question]
        return {row: answers for row, answers in by_row.items() if len(answers) > 1}

    def gaps(self, person: str) -> list[float]:
        """Seconds between two submissions, without the nights."""
        seconds = [(after.at - before.at).total_seconds() for before, after in pairwise(self.of(person))]
        return [one for one in seconds if one < 300]


def _at(one: Raw) -> datetime:
    return one.at


@pytest.fixture(scope="module")
def told(argilla: EmbeddedArgilla, tmp_path_factory: pytest.TempPathFactory) -> tuple[TestProject, Path]:
    """The project after its week, and its rows file; the fixture ``run`` shows its pages."""
    folder = tmp_path_factory.mktemp("week")
    project = write_project(folder, Connection(argilla.api_url, argilla.api_key), argilla.home, folder.name)
    names = {name: f"{name}-{folder.name}" for name in PACES}
    reviewer = f"dora-{folder.name}"
    project.rewrite(
        people=[{"username": name} for name in names.values()],
        assignment={"overlap": 2, "mode": "queue", "calibration": {"share": 0}},
        adjudication={"reviewers": [reviewer]},
        gold={"file": "gold.jsonl", "rate": 0},
    )
    rows = some_rows(RECORDS)
    path = write_rows(folder / "rows.jsonl", rows)
    chance = random.Random(11)
    gold = [{"id": row["id"], "gold": {"quality": 4, "toxicity": "none"}} for row in rows[:12]]
    (folder / "gold.jsonl").write_text("".join(json.dumps(line) + "\n" for line in gold), encoding="utf-8")
    plan(path, project.config, connection=project.connection)
    push_to_argilla(path, project.config, connection=project.connection, home=project.home)
    dates: dict[str, datetime] = {}
    for name, username in names.items():
        dates |= dict(_worked(project, name, username, chance))
    redate(project, dates)
    annotated = folder / "annotated.jsonl"
    export_responses(path, annotated, project.config, connection=project.connection)
    adjudicate(annotated, project.config, threshold=0, connection=project.connection, home=project.home)
    _review(project, reviewer)
    return project, path


def _worked(
    project: TestProject, name: str, username: str, chance: random.Random
) -> Iterator[tuple[str, datetime]]:
    """Work on one's own queue, a week long: response -> when it was made."""
    person = project.annotator(username)
    per_day, seconds = PACES[name]
    midnight = datetime.now(UTC).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    queue = iter(sorted(person.pending(), key=lambda record: str(record["external_id"])))
    for back in reversed(range(DAYS)):
        at = midnight - timedelta(days=back)
        for _, record in zip(range(per_day if back else 1), queue, strict=False):
            hard = int(record["external_id"][:4], 16)
            truth = 2 + hard % 4
            values = {
                "quality": min(7, max(1, truth + LEAN[name] + chance.choice([0, 0, 1]))),
                "intent": INTENTS[(hard + chance.choice([0, 0, 0, 1])) % len(INTENTS)],
                "toxicity": TOXICITY[(hard + chance.choice([0, 0, 0, 1])) % len(TOXICITY)],
            }
            status = chance.choices(["submitted", "discarded"], [9, 1])[0]
            at += timedelta(seconds=seconds + chance.randrange(-30, 31))
            yield person.answer(record["id"], status, values if status == "submitted" else {}), at
    if rest := next(queue, None):
        person.answer(rest["id"], "draft", {"quality": 3})


def _review(project: TestProject, username: str) -> None:
    reviewer = project.annotator(username)
    (dataset,) = reviewer._call("GET", "/api/v1/me/datasets")["items"]
    reviewer.dataset_id = dataset["id"]
    for record in reviewer.pending()[:3]:
        reviewer.answer(record["id"], values={"quality": 4, "intent": ["code"], "toxicity": "none"})


@pytest.fixture(scope="module")
def week(told: tuple[TestProject, Path]) -> Week:
    project, path = told
    lines = (path.parent / f"{project.dataset}.plan.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    gold = (path.parent / "gold.jsonl").read_text(encoding="utf-8").splitlines()
    with project.owner() as owner:
        people = {user["id"]: user["username"] for user in owner.get("/api/v1/users").json()["items"]}
        listed = owner.get("/api/v1/me/datasets").json()["items"]
        reviews = next(one["id"] for one in listed if one["name"] == f"{project.dataset}-adjudication")

        def records(dataset: str) -> list[dict[str, Any]]:
            query: dict[str, str | int] = {"include": "responses", "limit": 1000}
            return (
                owner.get(f"/api/v1/datasets/{dataset}/records", params=query).raise_for_status().json()["items"]
            )

        raw = [
            Raw(
                record["external_id"],
                people[response["user_id"]],
                response["status"],
                {name: value["value"] for name, value in (response["values"] or {}).items()},
                datetime.fromisoformat(response["updated_at"]),
            )
            for record in records(project.dataset_id())
            for response in record["responses"]
        ]
        reviewed = Counter("decided" if record["responses"] else "open" for record in records(reviews))
    return Week(
        project,
        raw,
        {one["id"]: one["people"] for one in map(json.loads, lines)},
        {one["id"]: one["gold"] for one in map(json.loads, gold)},
        reviewed,
    )


def length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return (f"{minutes} min {rest} s" if rest else f"{minutes} min") if minutes else f"{rest} s"


def masi(first: Sequence[str], second: Sequence[str]) -> float:
    """Passonneau (2006): one less Jaccard times 1, 2/3 for a subset, 1/3 for an overlap."""
    mine, theirs = set(first), set(second)
    common = mine & theirs
    weight = 1 if mine == theirs else 2 / 3 if common in (mine, theirs) else 1 / 3 if common else 0
    return 1 - weight * len(common) / len(mine | theirs)


def alpha(pairs: Sequence[tuple[Any, Any]], distance: Callable[[Any, Any], float]) -> float:
    """Krippendorff's alpha of two answers to each item."""
    values = [value for pair in pairs for value in pair]
    observed = fmean(distance(*pair) for pair in pairs)
    return 1 - observed / fmean(distance(first, second) for first, second in combinations(values, 2))


def test_the_week_is_worth_looking_at(week: Week) -> None:
    """All that is recomputed occurs: open, discarded and draft answers, gold, several answers, reviews."""
    assert Counter(one.status for one in week.raw).keys() == {"submitted", "discarded", "draft"}
    assert len(week.answers("quality")) >= 8
    assert week.reviews["decided"] == 3
    assert week.reviews["open"] >= 1


def test_counts(run: Run, lead: Viewer, week: Week) -> None:
    page = run("team", lead)
    statuses = Counter(one.status for one in week.raw)
    given = {(one.row, one.person): one.status for one in week.raw}
    complete = [
        row
        for row, people in week.plan.items()
        if {given.get((row, name), "draft") for name in people} in ({"submitted"}, {"submitted", "discarded"})
    ]
    assert metrics(page) == {
        "Records completed": f"{len(complete)} of {RECORDS}",
        "Records pending": str(RECORDS - len(complete)),
        "Responses submitted": str(statuses["submitted"]),
        "Drafts": str(statuses["draft"]),
        "Discarded": str(statuses["discarded"]),
        "Given": str(week.reviews.total()),
        "Decided": str(week.reviews["decided"]),
        "Open": str(week.reviews["open"]),
    }
    wanted = 2 * RECORDS - statuses["submitted"] - statuses["discarded"]
    assert f"**{wanted} responses**" == page.info[0].value.split(" are")[0]
    assert table_with(page, "reviewer")["decided"].tolist() == [week.reviews["decided"]]
    days = {(one["day"], one["annotator"]): one["responses"] for one in chart_with(page, "annotator")}
    submitted = [one for one in week.raw if one.status == "submitted"]
    assert days == Counter((f"{one.at:%Y-%m-%d}", one.person) for one in submitted)
    last = {one["what"]: one["count"] for one in chart_with(page, "what")}
    assert last == {"records completed": len(complete), "responses submitted": len(submitted)}


def test_each_person(run: Run, lead: Viewer, week: Week) -> None:
    table = table_with(run("team", lead), "annotator", "today", "agreement", "gold", "offset")
    shown = table.set_index("annotator")
    assert {*shown.index} == _people(week)
    for person in _people(week):
        submitted, discarded = week.of(person), week.of(person, "discarded")
        assigned = sum(person in people for people in week.plan.values())
        done = len(submitted) + len(discarded)
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        columns = ["assigned", "open", "submitted", "draft", "discarded", "today"]
        assert shown.loc[person, columns].tolist() == [
            assigned,
            assigned - done,
            len(submitted),
            len(week.of(person, "draft")),
            len(discarded),
            sum(f"{one.at:%Y-%m-%d}" == today for one in submitted),
        ]
        assert shown.loc[person, "done"] == pytest.approx(done / assigned, abs=HALF_PERCENT)
        assert shown.loc[person, "pace"] == f"~ {length(median(week.gaps(person)))}"
        assert shown.loc[person, "active"] == f"~ {length(sum(week.gaps(person)))}"
        last = max(one.at for one in week.raw if one.person == person)
        assert shown.loc[person, "last"] == f"{last:%Y-%m-%d %H:%M}"
        agreement = fmean(fmean(_equal(week, question, person)) for question in ("quality", "intent", "toxicity"))
        assert shown.loc[person, "agreement"] == pytest.approx(agreement, abs=HALF_PERCENT)
        assert shown.loc[person, "offset"] == pytest.approx(fmean(_offsets(week, person)))
        right = _right(week, person)
        assert shown.loc[person, "gold"] == pytest.approx(fmean(right), abs=HALF_PERCENT)
        assert shown.loc[person, "gold_answers"] == len(right)


def _people(week: Week) -> set[str]:
    return {name for people in week.plan.values() for name in people}


def _equal(week: Week, question: str, person: str) -> list[float]:
    """For each record with another's answer: the share of the others who said the same."""
    return [
        fmean(_same(answers[person], other) for name, other in answers.items() if name != person)
        for answers in week.answers(question).values()
        if person in answers
    ]


def _same(first: Any, second: Any) -> bool:
    return set(first) == set(second) if isinstance(first, list) else first == second


def _offsets(week: Week, person: str) -> list[float]:
    return [
        answers[person] - fmean(other for name, other in answers.items() if name != person)
        for answers in week.answers("quality").values()
        if person in answers
    ]


def _right(week: Week, person: str) -> list[bool]:
    return [
        one.values[question] == right
        for one in week.of(person)
        for question, right in week.gold.get(one.row, {}).items()
    ]


def test_answers_and_agreement(run: Run, lead: Viewer, week: Week) -> None:
    page = run("team", lead)
    submitted = [one for one in week.raw if one.status == "submitted"]
    bars = [data for data in charts(page) if data and "share" in data[0] and "value" in data[0]]
    for question, drawn in zip(("quality", "intent", "toxicity"), bars, strict=True):
        answers = [one.values[question] for one in submitted]
        counts = Counter(
            str(item) for answer in answers for item in (answer if question == "intent" else [answer])
        )
        assert {bar["value"]: bar["responses"] for bar in drawn if bar["responses"]} == counts
        for bar in drawn:
            assert bar["share"] == pytest.approx(bar["responses"] / len(submitted))
    alphas, equal = [data for data in charts(page) if data and {"low", "question"} <= data[0].keys()][:2]
    pairs = {name: [(*one.values(),) for one in week.answers(name).values()] for name in ("quality", "intent")}
    pairs["toxicity"] = [(*one.values(),) for one in week.answers("toxicity").values()]
    expected = {
        "quality": krippendorff.alpha(list(zip(*pairs["quality"], strict=True)), level_of_measurement="ordinal"),
        "intent": alpha(pairs["intent"], masi),
        "toxicity": alpha(pairs["toxicity"], lambda first, second: first != second),
    }
    assert {one["question"]: one["value"] for one in alphas} == pytest.approx(expected, abs=1e-4)
    shares = {name: fmean(_same(*pair) for pair in of_question) for name, of_question in pairs.items()}
    assert {one["question"]: one["value"] for one in equal} == pytest.approx(shares, abs=1e-4)
    assert {one["items"] for one in [*alphas, *equal]} == {len(pairs["quality"])}


def test_slowest_and_disputed(run: Run, lead: Viewer, week: Week) -> None:
    page = run("team", lead)
    slowest = sorted((gap for person in _people(week) for gap in week.gaps(person)), reverse=True)
    assert table_with(page, "seconds", "how")["seconds"].tolist() == pytest.approx(slowest[:20], abs=0.05)
    disputed = table_with(page, "given", "disagreement")["disagreement"].tolist()
    assert disputed == sorted(disputed, reverse=True)
    differ = {
        row
        for question in ("quality", "intent", "toxicity")
        for row, answers in week.answers(question).items()
        if not _same(*answers.values())
    }
    assert len(disputed) == min(20, len(differ))


def test_the_page_of_each_person(run: Run, week: Week) -> None:
    for person in _people(week):
        page = run("annotator", Viewer(person, lead=False))
        shown = metrics(page)
        submitted = week.of(person)
        assert shown["Submitted in all"] == str(len(submitted))
        assert shown["Drafts"] == str(len(week.of(person, "draft")))
        assert shown["Discarded"] == str(len(week.of(person, "discarded")))
        assert shown["Median time"] == f"~ {length(median(week.gaps(person)))}"
        right = _right(week, person)
        assert f"**{sum(right)} of {len(right)}** answers to records whose answer is known are right" in words(
            page
        )
        drawn = [data for data in charts(page) if data and "low" in data[0] and len(data) == 3]
        shares = {
            question: fmean(_equal(week, question, person)) for question in ("quality", "intent", "toxicity")
        }
        assert {one["question"]: one["value"] for one in drawn[0]} == pytest.approx(shares, abs=1e-4)
        kappas = {one["question"]: one["value"] for one in drawn[1]}
        for question, labels, weights in (("quality", range(1, 8), "quadratic"), ("toxicity", None, None)):
            own, theirs = zip(*_own_and_other(week, question, person), strict=True)
            assert kappas[question] == pytest.approx(
                cohen_kappa_score(own, theirs, labels=labels, weights=weights), abs=1e-4
            )
        mean = f"{fmean(_offsets(week, person)):+.2f} from the others' mean"
        assert (
            f"quality: ratings are on average {mean} of the same {len(_offsets(week, person))} records."
            in words(page)
        )


def _own_and_other(week: Week, question: str, person: str) -> Iterator[tuple[Any, Any]]:
    for answers in week.answers(question).values():
        if person in answers:
            (other,) = (value for name, value in answers.items() if name != person)
            yield answers[person], other


@pytest.mark.browser
def test_every_link_of_a_planned_project(browser: Browser, run: Run, argilla: EmbeddedArgilla, week: Week) -> None:
    """No link is empty for who reads it: the reviewers' queue as the owner, one's own queues as an annotator."""
    lead = Viewer(argilla.username, lead=True)
    collected = links(run("team", lead)) | links(run("annotator", lead))
    assert len({re.split(r"/dataset/|/annotation-mode", link)[1] for link in collected}) == 2
    assert not links(run("corpus", lead)) | links(run("export", lead))
    check(browser, argilla.api_url, argilla.username, argilla.password, collected)
    ana, ben = (week.project.annotator(name) for name in week.project.people)
    done, busy = (run("annotator", Viewer(person.username, lead=False)) for person in (ana, ben))
    # Ana has answered or begun all her records, so that no queue of hers is offered.
    assert done.success[0].value == "No records are open for you now."
    assert [len(page.get("link_button")) for page in (done, busy)] == [0, 1]
    for person, page in ((ana, done), (ben, busy)):
        check(browser, argilla.api_url, person.username, person.password, links(page))
