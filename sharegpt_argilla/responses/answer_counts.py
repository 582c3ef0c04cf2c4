"""Counts of a team's answers: who answered what, when, and how long it took."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nlargest
from itertools import pairwise
from math import inf
from statistics import median
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.config import QuestionConfig, RatingQuestion, TextQuestion
from sharegpt_argilla.responses.working_time import pause_of

SLOWEST = 20
"""Number of the slowest records that are kept."""

FEWEST = 3
"""Least answers behind a median of seconds."""

DAY = len("2026-01-05")


@dataclass
class PersonTally:
    """One person's counts; ``days`` are those of submitted responses, ``seconds`` of those that have any."""

    statuses: Counter[str] = field(default_factory=Counter)
    days: Counter[str] = field(default_factory=Counter)
    discarded_days: Counter[str] = field(default_factory=Counter)
    last: str = ""
    seconds: list[float] = field(default_factory=list)
    seconds_today: float = 0.0
    measured: int = 0


@dataclass
class Tally:
    """The answers of a dataset, counted.

    Attributes:
        statuses: status -> responses.
        people: username -> the person's counts.
        answers: question -> answer -> how often it was submitted; of several labels each counts.
        seconds: question -> answer -> seconds of the responses with it.
        slowest: (seconds, Argilla's record id, username, whether it was measured), the longest first.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    people: dict[str, PersonTally] = field(default_factory=lambda: defaultdict(PersonTally))
    answers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    seconds: dict[str, dict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    slowest: list[tuple[float, str, str, bool]] = field(default_factory=list)


_Made = tuple[str, Response]
"""Argilla's record id, and a response to the record."""


def count_answers(
    records: Mapping[str, AnsweredRecord],
    questions: Sequence[QuestionConfig],
    *,
    day: str,
) -> Tally:
    """Count everything in one pass.

    Args:
        records: Argilla's record id -> record with all its responses.
        questions: of the project; free texts are left out.
        day: today in UTC, ``2026-01-05``.

    Returns:
        The counts. A response counts on the UTC day of its last change. Seconds are the measured ones, else the
        time since the person's previous submission, unless that is a pause (`working_time.pause_of`).
    """
    tally = Tally()
    made: dict[str, list[_Made]] = defaultdict(list)
    for key, record in records.items():
        for response in record.responses:
            tally.statuses[response.status] += 1
            person = tally.people[response.annotator]
            person.statuses[response.status] += 1
            person.last = max(person.last, response.submitted_at)
            if response.status == "submitted":
                person.days[response.submitted_at[:DAY]] += 1
                made[response.annotator].append((key, response))
            elif response.status == "discarded":
                person.discarded_days[response.submitted_at[:DAY]] += 1
    names = [question.name for question in questions if not isinstance(question, TextQuestion)]
    timed = [item for name, of_person in made.items() for item in _timed(tally.people[name], of_person, day)]
    tally.slowest = nlargest(SLOWEST, timed, key=lambda item: item[0])
    seconds = {(record, person): spent for spent, record, person, _ in timed}
    for key, response in (item for of_person in made.values() for item in of_person):
        _count_values(tally, names, response, seconds.get((key, response.annotator)))
    return tally


def _timed(person: PersonTally, made: list[_Made], day: str) -> Iterable[tuple[float, str, str, bool]]:
    made.sort(key=lambda item: item[1].submitted_at)
    times = [datetime.fromisoformat(response.submitted_at) for _, response in made]
    gaps = [inf, *((later - earlier).total_seconds() for earlier, later in pairwise(times))]
    pause = pause_of(gaps)
    for (key, response), gap in zip(made, gaps, strict=True):
        spent, measured = response.active_seconds, response.active_seconds is not None
        if spent is None and gap <= pause:
            spent = gap
        if spent is None:
            continue
        person.seconds.append(spent)
        person.measured += measured
        if response.submitted_at[:DAY] == day:
            person.seconds_today += spent
        yield spent, key, response.annotator, measured


def _count_values(tally: Tally, names: Sequence[str], response: Response, spent: float | None) -> None:
    for name in names:
        if name not in response.values:
            continue
        value = response.values[name]
        for answer in map(str, value) if isinstance(value, list) else (str(value),):
            tally.answers[name][answer] += 1
            if spent is not None:
                tally.seconds[name][answer].append(spent)


def distribution(tally: Tally, question: QuestionConfig) -> list[dict[str, Any]]:
    """Every possible answer in the order of the project, with its count and its share of the responses.

    ``outside`` is whether the project does not have the answer.
    """
    counts = tally.answers[question.name]
    if isinstance(question, RatingQuestion):
        titles = {str(value): str(value) for value in sorted(question.values)}
    else:
        titles = dict(getattr(question, "labels", {}))
    known = set(titles)
    titles |= {answer: answer for answer in counts if answer not in titles}
    if isinstance(question, RatingQuestion):
        # From before a change of the scale: it has its place by its value.
        titles = {value: titles[value] for value in sorted(titles, key=_number)}
    submitted = tally.statuses["submitted"]
    return [
        {
            "value": value,
            "answer": title,
            "responses": counts[value],
            "share": counts[value] / submitted if submitted else 0.0,
            "outside": value not in known,
        }
        for value, title in titles.items()
    ]


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return float("inf")


def slow_answers(tally: Tally, limit: int = 10) -> list[dict[str, Any]]:
    """Question and answer -> median seconds of the responses with it, the slowest first."""
    medians: list[dict[str, Any]] = [
        {"question": name, "answer": answer, "seconds": round(median(seconds), 1), "responses": len(seconds)}
        for name, answers in tally.seconds.items()
        for answer, seconds in answers.items()
        if len(seconds) >= FEWEST
    ]
    return sorted(medians, key=lambda item: -item["seconds"])[:limit]


def slow_questions(times: Mapping[str, Sequence[float]], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Median of the seconds that were measured on each question, the slowest first.

    Args:
        times: question -> seconds of each response that has them.
        titles: question -> what people read, of the project's questions; others are left out.
    """
    medians: list[dict[str, Any]] = [
        {"question": name, "title": titles[name], "seconds": round(median(seconds), 1), "responses": len(seconds)}
        for name, seconds in times.items()
        if name in titles and seconds
    ]
    return sorted(medians, key=lambda item: -item["seconds"])


def person_numbers(name: str, person: PersonTally, day: str) -> dict[str, Any]:
    """One person's counts as plain data; ``median_seconds`` is None without any seconds."""
    return {
        "annotator": name,
        **{status: person.statuses[status] for status in ("submitted", "draft", "discarded")},
        "today": person.days[day],
        "last": person.last,
        "median_seconds": round(median(person.seconds), 1) if person.seconds else None,
        "active_seconds": round(sum(person.seconds)),
        "active_seconds_today": round(person.seconds_today),
        "timed": len(person.seconds),
        "measured": person.measured,
    }
