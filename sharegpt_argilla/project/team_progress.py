"""The progress of a team as plain data, which the Team page shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

from sharegpt_argilla.annotation import Response
from sharegpt_argilla.config import QuestionConfig, RatingQuestion, TextQuestion
from sharegpt_argilla.project.planned_work import PlannedWork
from sharegpt_argilla.project.progress_history import history_of
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.project_watch import ProjectWatch, history_name, prompt_field
from sharegpt_argilla.project.record_links import answer_filter, person_link, queue_link, record_link
from sharegpt_argilla.project.whole_record import OPEN, answer_text
from sharegpt_argilla.responses.answer_counts import (
    PersonTally,
    Tally,
    count_answers,
    distribution,
    person_numbers,
    slow_answers,
    slow_questions,
)
from sharegpt_argilla.responses.forecast import planned_forecast, pooled_forecast
from sharegpt_argilla.responses.team_agreement import (
    AgreementTables,
    agreement_tables,
    course,
    disputed,
    team_agreement,
)
from sharegpt_argilla.settings import Home

NAMED = 7
"""People with their own colour; the palette has eight, and the last is for all others."""

SHOWN = 60
"""Maximum number of days on an axis."""

OTHERS = "all others"


def days_by_person(tally: Tally) -> list[dict[str, Any]]:
    """``day``, ``annotator``, ``responses``: the people with most responses by name, the rest together."""
    order = sorted(tally.people, key=lambda name: (-tally.people[name].statuses["submitted"], name))
    named = order if len(order) <= NAMED + 1 else order[:NAMED]
    points: Counter[tuple[str, str]] = Counter()
    for name in order:
        for day, count in sorted(tally.people[name].days.items()):
            points[name if name in named else OTHERS, day] += count
    return [{"day": day, "annotator": name, "responses": count} for (name, day), count in points.items()]


def every_day(days: Iterable[str], today: date) -> list[str]:
    """All days from the first to today, including those without an answer; at most `SHOWN` of them."""
    first = min((date.fromisoformat(day) for day in days), default=today)
    first = max(min(first, today), today - timedelta(SHOWN - 1))
    return [(first + timedelta(step)).isoformat() for step in range((today - first).days + 1)]


def course_points(
    history: Sequence[Mapping[str, Any]], days: Mapping[str, int], completed: Mapping[str, int] | None = None
) -> list[dict[str, Any]]:
    """Points of two curves: ``at``, ``what``, ``count``.

    Args:
        history: the snapshots.
        days: day -> responses submitted on it, which replace snapshots before the first one.
        completed: day -> records completed on it, likewise.
    """
    names = {"completed": "records completed", "submitted": "responses submitted"}
    first = str(history[0]["at"])[:10] if history else ""
    early = []
    for key, counts in (("completed", completed or {}), ("submitted", days)):
        count = 0
        for day in sorted(day for day in counts if day < first):
            count += counts[day]
            early.append({"at": f"{day}T23:59:59Z", "what": names[key], "count": count})
    return early + [
        {"at": f"{snapshot['at']}Z", "what": shown, "count": snapshot[key]}
        for snapshot in history
        for key, shown in names.items()
    ]


def with_texts(person: Mapping[str, Any]) -> dict[str, Any]:
    """A person's numbers with ``pace`` and ``active`` as texts; ``~`` marks estimates."""
    mark = "" if person["timed"] and person["measured"] == person["timed"] else "~ "
    pace = person["median_seconds"]
    return {
        **person,
        "last": person["last"][:16].replace("T", " "),
        "pace": "–" if pace is None else f"{mark}{length(pace)}",
        "active": f"{mark}{length(person['active_seconds'])}" if person["timed"] else "–",
        "active_today": f"{mark}{length(person['active_seconds_today'])}" if person["timed"] else "–",
        "estimated": bool(mark),
    }


def length(seconds: float) -> str:
    """``42 s``, ``3 min 5 s``, ``2 h 10 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def consensus_shapes(consensus: Mapping[str, Any]) -> dict[str, Any]:
    """Agreement as points: ``alphas``, ``equal``, ``labels`` (question -> points), ``course``, ``note``."""
    questions = consensus["questions"]
    alphas = [{"question": name, **item["alpha"]} for name, item in questions.items()]
    left_out = consensus["left_out"]
    return {
        "alphas": alphas if any(item["items"] for item in alphas) else [],
        "equal": [{"question": name, **item["percent_agreement"]} for name, item in questions.items()],
        "labels": {
            name: [{"label": label, **alpha} for label, alpha in item["labels"].items()]
            for name, item in questions.items()
            if item["labels"]
        },
        "course": [{**item, "day": f"{item['day']}T00:00:00Z"} for item in consensus["course"]],
        "note": f" {left_out:,} older ones are left out." if left_out else "",
    }


def given_text(answers: Mapping[str, Mapping[str, Any]], questions: Sequence[QuestionConfig]) -> str:
    """One line that says who answered what, with the titles of labels."""
    parts = []
    for question in questions:
        by_person = answers.get(question.name, {})
        listed = "; ".join(f"{person} {answer_text(answer, question)}" for person, answer in by_person.items())
        if listed:
            parts.append(f"{question.name}: {listed}")
    return " | ".join(parts)


BEHIND = 50
"""Maximum number of records in a list behind a number, the newest answers first."""


def team_tally(watch: ProjectWatch, view: ProjectView) -> Tally:
    """The counts of a view, shared by all pages."""
    today = today_utc().isoformat()
    return watch.derived(f"tally {today}", view, lambda one: _tally(one, today))


def team_tables(watch: ProjectWatch, view: ProjectView) -> AgreementTables:
    """The answers that are compared for agreement, shared by all pages."""
    return watch.derived("tables", view, lambda one: agreement_tables(one.records, one.config.questions))


def team_progress(watch: ProjectWatch, view: ProjectView) -> dict[str, Any]:
    """Counts, people, days, distributions and the estimated finish.

    Returns:
        ``counts``: records and responses. ``datasets``: each with its counts; empty if there is only one.
        ``people``, each with the link to their records, ``days``, ``slow_answers``, ``forecast``: see
        `responses.answer_counts` and `responses.forecast`.
        ``questions``: each with its ``distribution``. ``course``: the snapshots.
    """
    tally, today = team_tally(watch, view), today_utc()
    remaining = watch.derived(
        "remaining", view, lambda _: view.work.remaining(view.records.values(), view.progress.total)
    )
    own = watch.derived("open records", view, lambda _: view.work.open_records(view.records.values()))
    finish = team_forecast(tally, view.work, own, remaining, today)
    days = sum((person.days for person in tally.people.values()), Counter[str]())
    questions = [_question(tally, question) for question in labelled(view.config.questions)]
    titles = {
        (question["name"], answer["value"]): answer["answer"]
        for question in questions
        for answer in question["distribution"]
    }
    completed = {one.id or "" for one in view.records.values() if one.status == "completed"}
    return {
        "counts": _counts(view, tally) | {"remaining": remaining},
        "datasets": _datasets(view) if len(view.datasets) > 1 else [],
        "people": [
            person
            | {"url": person_link(view, person["annotator"], completed) if _has_pending(view, person) else ""}
            for person in people_with_work(
                tally, view.work, own, finish.get("own", {}), today, [one.username for one in view.config.people]
            )
        ],
        "days": days_by_person(tally),
        "questions": questions,
        "slow_answers": [
            answer
            | {
                "value": answer["answer"],
                "answer": titles.get((answer["question"], answer["answer"]), answer["answer"]),
            }
            for answer in slow_answers(tally)
        ],
        "forecast": finish,
        "every_day": every_day(days, today),
        "course": course_points(history_points(watch.home, view), days, _completed_days(view)),
    }


def questions_by_time(watch: ProjectWatch, view: ProjectView) -> list[dict[str, Any]]:
    """Median seconds that people spent on each question, as far as measured, the slowest first."""
    titles = {one.name: one.title for one in view.config.questions}
    return watch.derived("question seconds", view, lambda _: slow_questions(watch.question_seconds(), titles))


def team_forecast(
    tally: Tally, work: PlannedWork, own: Mapping[str, int], remaining: int, today: date
) -> dict[str, Any]:
    """The estimated finish: by the plan if there is one, else at the pace of all together.

    Args:
        tally: the counts of the team.
        work: how many answers are planned; the pace counts the same responses.
        own: person -> open records of the plan; empty if there is no plan.
        remaining: responses that are still wanted.
        today: in UTC.

    Returns:
        See `pooled_forecast`; with a plan `planned_forecast`.
    """
    days = {name: _counted_days(person, work) for name, person in tally.people.items()}
    team = pooled_forecast(list(days.values()), remaining, today)
    return planned_forecast(days, own, team, today) if own else team


def people_with_work(
    tally: Tally,
    work: PlannedWork,
    own: Mapping[str, int],
    finishes: Mapping[str, str | None],
    today: date,
    team: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Everybody who has answered or has records in the plan, those with most submitted responses first.

    Without a plan every record is for everybody in ``team``.

    Returns:
        `with_texts` of each and, of those in the plan, ``assigned`` and ``open`` (records), ``done`` (share of
        the assigned ones, 0 to 1) and ``finish`` (ISO date; None without an estimate); else all four None.
    """
    assigned = work.assigned()
    people = {name: tally.people.get(name, PersonTally()) for name in {*tally.people, *(assigned or team)}}
    numbers = [person_numbers(name, person, today.isoformat()) for name, person in people.items()]
    rows = []
    for row in sorted(numbers, key=lambda row: (-row["submitted"], row["annotator"])):
        name = row["annotator"]
        planned = dict.fromkeys(("assigned", "open", "done", "finish"))
        if name in assigned:
            done = 1 - own[name] / assigned[name]
            planned = {"assigned": assigned[name], "open": own[name], "done": done, "finish": finishes.get(name)}
        rows.append(with_texts(row) | planned)
    return rows


def _counted_days(person: PersonTally, work: PlannedWork) -> Counter[str]:
    """Day -> responses of the kinds that are wanted."""
    return person.days + person.discarded_days if work.counts("discarded") else person.days


def _completed_days(view: ProjectView) -> Counter[str]:
    """Day -> records completed on it: the day of the last answer to a completed record."""
    return Counter(
        max(one.submitted_at for one in record.responses)[:10]
        for record in view.records.values()
        if record.status == "completed" and any(one.submitted_at for one in record.responses)
    )


def _has_pending(view: ProjectView, person: Mapping[str, Any]) -> bool:
    if person["open"] is not None:
        return bool(person["open"])
    # Nothing is planned for whoever is not in the plan, so that the link to their planned records would be empty.
    return bool(view.progress.pending) and not view.work.assigned()


def _datasets(view: ProjectView) -> list[dict[str, Any]]:
    return [
        {
            "dataset": dataset.name,
            "records": dataset.progress.total,
            "completed": dataset.progress.completed,
            "pending": dataset.progress.pending,
            **{
                status: sum(counts[status] for counts in dataset.progress.people.values())
                for status in ("submitted", "draft", "discarded")
            },
            "url": queue_link(view.url, dataset.id) if dataset.progress.pending else "",
        }
        for dataset in view.datasets
    ]


def people_numbers(tally: Tally) -> list[dict[str, Any]]:
    """The counts of each person, those with most submitted responses first."""
    today = today_utc().isoformat()
    people = [person_numbers(name, person, today) for name, person in tally.people.items()]
    return sorted(people, key=lambda one: (-one["submitted"], one["annotator"]))


def team_consensus(watch: ProjectWatch, view: ProjectView) -> dict[str, Any]:
    """Agreement now and over time; see `consensus_shapes`."""
    tables = team_tables(watch, view)

    def make(_: ProjectView) -> dict[str, Any]:
        found = {"questions": team_agreement(tables), "course": course(tables), "left_out": tables.left_out}
        return consensus_shapes(found)

    return watch.derived("consensus", view, make)


def disputed_records(watch: ProjectWatch, view: ProjectView) -> list[dict[str, Any]]:
    """The records whose answers differ most: ``prompt``, ``url``, ``disagreement``, ``answers``."""
    tables = team_tables(watch, view)
    records = watch.derived("disputed", view, lambda _: disputed(tables))
    return with_links(
        watch, view, [one | {"given": given_text(one["answers"], view.config.questions)} for one in records]
    )


def slowest_records(watch: ProjectWatch, view: ProjectView) -> list[dict[str, Any]]:
    """The answers that took longest: ``seconds``, ``annotator``, ``how``, ``prompt``, ``url``."""
    return with_links(
        watch,
        view,
        [
            {"record": key, "seconds": round(seconds, 1), "annotator": name, "how": _how(measured)}
            for seconds, key, name, measured in team_tally(watch, view).slowest
        ],
    )


@dataclass(frozen=True)
class Wanted:
    """The responses that make up a number; None matches any.

    Attributes:
        status: ``submitted``, ``draft`` or ``discarded``.
        question: name of the question that ``answer`` belongs to.
        answer: the answer, as in a distribution.
        annotator: who gave it.
    """

    status: str = "submitted"
    question: str | None = None
    answer: str | None = None
    annotator: str | None = None


def records_behind(watch: ProjectWatch, view: ProjectView, wanted: Wanted) -> list[dict[str, Any]]:
    """Up to `BEHIND` records with a matching response, the newest first; times to the second."""
    matching = [
        (key, response)
        for key, record in view.records.items()
        for response in record.responses
        if _is_wanted(response, wanted)
    ]
    newest = sorted(matching, key=lambda item: item[1].submitted_at, reverse=True)[:BEHIND]
    lines = [
        {
            "record": key,
            "annotator": response.annotator,
            "submitted_at": response.submitted_at[:19].replace("T", " "),
            "given": _own_text(response, view.config.questions),
        }
        for key, response in newest
    ]
    return with_links(watch, view, lines)


def _own_text(response: Response, questions: Sequence[QuestionConfig]) -> str:
    texts = {one.name: answer_text(response.values.get(one.name), one) for one in questions}
    return " | ".join(f"{name}: {text}" for name, text in texts.items() if text != OPEN)


def _is_wanted(response: Response, wanted: Wanted) -> bool:
    if response.status != wanted.status or wanted.annotator not in {None, response.annotator}:
        return False
    if wanted.question is None or wanted.answer is None:
        return True
    value = response.values.get(wanted.question)
    return wanted.answer in (map(str, value) if isinstance(value, list) else [str(value)])


def with_links(watch: ProjectWatch, view: ProjectView, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items with ``prompt`` (its beginning), ``status`` and ``url`` of their record, as far as known."""
    prompts = watch.prompts(view, [item["record"] for item in items])
    field, linked = prompt_field(view.config), []
    for item in items:
        record = view.records.get(item["record"])
        status, prompt = record.status if record else "pending", prompts.get(item["record"], "")
        dataset_id = view.dataset_of(item["record"])
        # Whoever leads a project sees completed records nowhere in Argilla, unless they answered them.
        seen = prompt and status != "completed"
        url = record_link(view.url, dataset_id, status, prompt, field) if seen else ""
        linked.append(item | {"prompt": " ".join(prompt.split()), "status": status, "url": url})
    return linked


def history_points(home: Home, view: ProjectView) -> list[dict[str, Any]]:
    """The snapshots, followed by the current counts."""
    people = view.progress.people.values()
    now = {
        "at": view.read_at.isoformat(timespec="seconds"),
        "total": view.progress.total,
        "completed": view.progress.completed,
        **{status: sum(one[status] for one in people) for status in ("submitted", "draft", "discarded")},
    }
    return [*map(dict, history_of(home, history_name(view.datasets)).points()), now]


def labelled(questions: Sequence[QuestionConfig]) -> list[QuestionConfig]:
    """The questions whose answers can be counted: all but free texts."""
    return [one for one in questions if not isinstance(one, TextQuestion)]


def _counts(view: ProjectView, tally: Tally) -> dict[str, int | float]:
    progress = view.progress
    return {
        "total": progress.total,
        "completed": progress.completed,
        "pending": progress.pending,
        "untouched": progress.total - len(view.records),
        **{status: tally.statuses[status] for status in ("submitted", "draft", "discarded")},
        "annotators": len(tally.people),
        "completed_share": progress.completed / progress.total if progress.total else 0.0,
    }


def _question(tally: Tally, question: QuestionConfig) -> dict[str, Any]:
    return {
        "name": question.name,
        "title": question.title,
        "type": question.type,
        "scale": isinstance(question, RatingQuestion),
        "distribution": distribution(tally, question),
        "responses": tally.statuses["submitted"],
    }


def own_answer_links(watch: ProjectWatch, view: ProjectView, person: str) -> dict[tuple[str, str], str]:
    """Question and answer -> link to the person's own submitted responses with it, of each answer that they gave.

    Argilla shows everybody their own responses. Of several datasets the first with such a response is linked.
    """
    return watch.derived(f"own answers {person}", view, lambda one: _own_answer_links(one, person))


def _own_answer_links(view: ProjectView, person: str) -> dict[tuple[str, str], str]:
    links: dict[tuple[str, str], str] = {}
    for key, record in view.records.items():
        own = [one for one in record.responses if (one.annotator, one.status) == (person, "submitted")]
        for response, question in product(own, labelled(view.config.questions)):
            value = response.values.get(question.name)
            for answer in map(str, value if isinstance(value, list) else [value]):
                if value is not None and (question.name, answer) not in links:
                    chosen = answer_filter(question.name, question.type, answer)
                    dataset = view.dataset_of(key)
                    links[question.name, answer] = queue_link(view.url, dataset, "submitted", **chosen)
    return links


def _how(measured: bool) -> str:
    return "measured" if measured else "~ estimated"


def _tally(view: ProjectView, today: str) -> Tally:
    return count_answers(view.records, view.config.questions, day=today)


def today_utc() -> date:
    """Today in UTC, as Argilla's times are."""
    return datetime.now(UTC).date()
