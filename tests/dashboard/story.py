"""A project with known answers: who said what on which day, made through Argilla and dated in its database."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sharegpt_argilla.argilla_plugin.active_time import Spent, add_activity
from sharegpt_argilla.rows import Pair, Row, build_row
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.embedded import PATIENCE, server_database
from tests.projects import TestProject, write_rows

ROWS = 10
TOPICS = ["rain", "snow", "wind", "clouds", "storms", "rivers", "lakes", "hills", "birds", "trees"]


def story_rows() -> list[Row]:
    return [
        build_row(
            Pair(
                f"What do you know about {topic} number {n}?",
                f"**A lot** about {topic}.",
                "s",
                n,
                "vicuna",
                "ShareGPT",
                "human",
                "gpt",
            ),
            "20230511 15:56:03",
        )
        for n, topic in enumerate(TOPICS, 1)
    ]


# Record number -> (days ago, quality, intents, toxicity); a record is complete with two submitted responses.
ANA = {
    1: (4, 6, ["code"], "none"),
    2: (4, 5, ["code", "chat"], "none"),
    3: (3, 7, ["open_qa"], "none"),
    4: (2, 2, ["chat"], "harmful"),
    5: (1, 4, ["chat"], "none"),
    6: (0, 6, ["rewrite"], "none"),
}
BEN = {
    1: (3, 6, ["code"], "none"),
    2: (2, 4, ["code"], "none"),
    3: (1, 7, ["open_qa"], "none"),
    4: (0, 6, ["other"], "none"),
}
# Ana threw record 7 out and left record 8 as a draft.
SUBMITTED, COMPLETED, REMAINING = 10, 4, ROWS * 2 - 10
GOLD = {
    1: {"quality": 6, "intent": ["code"], "toxicity": "none"},
    2: {"quality": 4, "intent": ["chat", "code"]},
    5: {"quality": 1},
}
"""The right answers to some; Ben's are all right but one, of Ana's four of six."""
ON_QUESTIONS = {1: {"quality": 3.0, "intent": 9.0}, 2: {"quality": 5.0, "intent": 20.5}, 8: {"quality": 99.0}}
"""Record number -> seconds of Ana on its questions; what she left as a draft does not count."""
MINUTES = 2
"""Between two submissions of a person on one day."""


def tell(project: TestProject, folder: Path) -> Path:
    """Set the project up with an overlap of two, load the rows, answer; returns the rows file."""
    project.rewrite(assignment={"overlap": 2})
    rows = story_rows()
    path = write_rows(folder / "rows.jsonl", rows)
    gold = [json.dumps({"id": rows[n - 1]["id"], "gold": answers}) + "\n" for n, answers in GOLD.items()]
    (folder / "gold.jsonl").write_text("".join(gold), encoding="utf-8")
    push_to_argilla(path, project.config, connection=project.connection, home=project.home)
    dates: dict[str, datetime] = {}
    for name, story in zip(project.people, (ANA, BEN), strict=True):
        person = project.annotator(name)
        records = {item["external_id"]: item["id"] for item in person.pending()}
        places = {n: records[row["id"]] for n, row in enumerate(rows, 1) if row["id"] in records}
        for n, (ago, quality, intent, toxicity) in story.items():
            values = {"quality": quality, "intent": intent, "toxicity": toxicity}
            dates[person.answer(places[n], values=values)] = _at(ago, n)
        if name == project.people[0]:
            person.answer(places[7], "discarded", {})
            person.answer(places[8], "draft", {"quality": 3})
            dataset_id = UUID(person.dataset_id)
            spent = [Spent(dataset_id, UUID(places[n]), 0, times) for n, times in ON_QUESTIONS.items()]
            with server_database(project.home) as database:
                add_activity(database, person.user_id, spent)
    redate(project, dates)
    return path


def redate(project: TestProject, dates: dict[str, datetime]) -> None:
    """Give responses other times than now, which Argilla has no call for."""
    with closing(sqlite3.connect(project.home.database, timeout=PATIENCE)) as database, database:
        for key, time in dates.items():
            stored = time.isoformat(" ")
            database.execute(
                "UPDATE responses SET inserted_at = ?, updated_at = ? WHERE id = ?",
                (stored, stored, key.replace("-", "")),
            )


def _at(days_ago: int, number: int) -> datetime:
    # Just after midnight, so that today's answers are of today whenever the test runs.
    now = datetime.now(UTC).replace(tzinfo=None)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return (
        midnight - timedelta(days=days_ago) + timedelta(seconds=number * MINUTES * 60 % 3600, microseconds=number)
    )
