"""The numbers of a team in the shapes that charts and tables take: lists of points, texts with units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sharegpt_argilla.responses.progress import Tally

NAMED = 7
"""People with a colour of their own; the palette has eight, and the last is for all others."""

SHOWN = 60
"""Days on an axis at most."""

OTHERS = "all others"


def days_by_person(tally: Tally) -> list[dict[str, Any]]:
    """``day``, ``annotator``, ``responses``: the most diligent by name, the rest together."""
    order = sorted(tally.people, key=lambda name: (-tally.people[name].statuses["submitted"], name))
    named = order if len(order) <= NAMED + 1 else order[:NAMED]
    points: Counter[tuple[str, str]] = Counter()
    for name in order:
        for day, count in sorted(tally.people[name].days.items()):
            points[name if name in named else OTHERS, day] += count
    return [{"day": day, "annotator": name, "responses": count} for (name, day), count in points.items()]


def every_day(days: Iterable[str], today: date) -> list[str]:
    """All days from the first to today, so that those without an answer are seen too; at most `SHOWN` of them."""
    first = min((date.fromisoformat(day) for day in days), default=today)
    first = max(min(first, today), today - timedelta(SHOWN - 1))
    return [(first + timedelta(step)).isoformat() for step in range((today - first).days + 1)]


def course_points(history: Sequence[Mapping[str, Any]], days: Mapping[str, int]) -> list[dict[str, Any]]:
    """Points of two lines: ``at``, ``what``, ``count``.

    Args:
        history: the snapshots.
        days: day -> responses submitted on it, which stand in for snapshots before the first of them.
    """
    names = {"completed": "records completed", "submitted": "responses submitted"}
    first = str(history[0]["at"])[:10] if history else ""
    early, count = [], 0
    for day in sorted(day for day in days if day < first):
        count += days[day]
        early.append({"at": f"{day}T23:59:59Z", "what": names["submitted"], "count": count})
    return early + [
        {"at": f"{one['at']}Z", "what": shown, "count": one[key]}
        for one in history
        for key, shown in names.items()
    ]


def with_texts(person: Mapping[str, Any]) -> dict[str, Any]:
    """A person's numbers with ``pace`` and ``active`` as texts; ``~`` where they are estimated."""
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
    alphas = [{"question": name, **one["alpha"]} for name, one in questions.items()]
    left_out = consensus["left_out"]
    return {
        "alphas": alphas if any(one["items"] for one in alphas) else [],
        "equal": [{"question": name, **one["percent_agreement"]} for name, one in questions.items()],
        "labels": {
            name: [{"label": label, **alpha} for label, alpha in one["labels"].items()]
            for name, one in questions.items()
            if one["labels"]
        },
        "course": [{**one, "day": f"{one['day']}T00:00:00Z"} for one in consensus["course"]],
        "note": f" {left_out:,} older ones are left out." if left_out else "",
    }


def given_text(answers: Mapping[str, Mapping[str, Any]]) -> str:
    """Who answered what, in a line."""
    parts = []
    for question, by in answers.items():
        said = "; ".join(f"{person} {_plain(answer)}" for person, answer in by.items())
        if said:
            parts.append(f"{question}: {said}")
    return " | ".join(parts)


def _plain(answer: object) -> str:
    return ", ".join(map(str, answer)) if isinstance(answer, list) else str(answer)
