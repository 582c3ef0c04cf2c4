"""20,000 records and 50 annotators, made straight in the database: what a page asks the server for then."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from sharegpt_argilla.argilla_client.connection import ArgillaClient
from sharegpt_argilla.project.annotator_progress import annotator_progress
from sharegpt_argilla.project.dashboard_access import Viewer
from sharegpt_argilla.project.project_watch import ProjectWatch
from sharegpt_argilla.project.team_progress import team_progress
from sharegpt_argilla.settings import Connection
from tests.dashboard.conftest import Run
from tests.dashboard.story import tell
from tests.embedded import PATIENCE, embedded_argilla
from tests.projects import TestProject, write_project

pytestmark = [pytest.mark.live, pytest.mark.slow]

RECORDS, PEOPLE = 20_000, 50
DOUBLE = 4
"""Every so many records have a second response."""

INTENTS = ["generation", "rewrite", "code", "chat", "other"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestProject, Path]]:
    """The story on an Argilla of its own, and very much more next to it."""
    folder = tmp_path_factory.mktemp("large")
    with embedded_argilla(tmp_path_factory.mktemp("large-home")) as argilla:
        project = write_project(folder, Connection(argilla.api_url, argilla.api_key), argilla.home, "large")
        rows = tell(project, folder)
        fill(project)
        yield project, rows


def fill(project: TestProject) -> None:
    """Copy one user, record and response many times."""
    with closing(sqlite3.connect(project.home.database, timeout=PATIENCE)) as database, database:
        database.row_factory = sqlite3.Row
        user = first_row(database, "SELECT * FROM users WHERE username = ?", project.people[0])
        record = first_row(database, "SELECT * FROM records WHERE status = 'completed' LIMIT ?", 1)
        response = first_row(database, "SELECT * FROM responses WHERE status = 'submitted' LIMIT ?", 1)
        member = first_row(database, "SELECT * FROM workspaces_users WHERE user_id = ?", user["id"])
        people = [{**user, "id": key(1, n), "username": f"p{n}", "api_key": f"key-{n}"} for n in range(PEOPLE)]
        insert(database, "users", people)
        members = [{**member, "id": key(2, n), "user_id": first_row["id"]} for n, first_row in enumerate(people)]
        insert(database, "workspaces_users", members)
        insert(database, "records", [{**record, "id": key(3, n), "external_id": f"x{n}"} for n in range(RECORDS)])
        insert(database, "responses", [made(response, n, turn) for n in range(RECORDS) for turn in turns(n)])
        database.execute("UPDATE datasets SET last_activity_at = ?", (datetime(2030, 1, 1).isoformat(" "),))


def turns(number: int) -> range:
    return range(2 if number % DOUBLE == 0 else 1)


def made(response: Mapping[str, Any], number: int, turn: int) -> dict[str, Any]:
    values = {
        "quality": {"value": 1 + (number + turn) % 7},
        "intent": {"value": sorted({INTENTS[number % 5], INTENTS[(number // 5 + turn) % 5]})},
        "toxicity": {"value": "harmful" if number % 11 == 0 else "none"},
    }
    # Fifty people for a month, each answering every two minutes.
    at = datetime(2026, 1, 1) + timedelta(days=number % 30, seconds=number // 30 * 20, microseconds=number + turn)
    return {
        **response,
        "id": key(4 + turn, number),
        "record_id": key(3, number),
        "user_id": key(1, (number + turn * 7) % PEOPLE),
        "values": json.dumps(values),
        "inserted_at": at.isoformat(" "),
        "updated_at": at.isoformat(" "),
    }


def key(kind: int, number: int) -> str:
    return UUID(int=kind << 64 | number).hex


def first_row(database: sqlite3.Connection, query: str, value: object) -> dict[str, Any]:
    return dict(database.execute(query, (value,)).fetchone())


def insert(database: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    names = ", ".join(f'"{name}"' for name in rows[0])
    marks = ", ".join("?" for _ in rows[0])
    database.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", [tuple(row.values()) for row in rows])


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many requests went out, and how many records with their answers came back in streams."""
    counts: Counter[str] = Counter()
    call, lines = ArgillaClient._call, ArgillaClient.lines

    def counting(self: ArgillaClient, method: str, path: str, **arguments: Any) -> Any:
        counts["requests"] += 1
        return call(self, method, path, **arguments)

    def counting_records(self: ArgillaClient, path: str, json: object) -> Iterator[bytes]:
        counts["requests"] += 1
        for line in lines(self, path, json):
            counts["records"] += line.startswith(b'{"id"')
            yield line

    monkeypatch.setattr(ArgillaClient, "_call", counting)
    monkeypatch.setattr(ArgillaClient, "lines", counting_records)
    return counts


def test_a_refresh_asks_little_and_reads_no_answer_again(
    told: tuple[TestProject, Path], run: Run, read: Counter[str]
) -> None:
    lead = Viewer("owner", lead=True)
    run("team", lead)
    assert read["records"] > RECORDS
    assert read["requests"] <= 14
    read.clear()
    run("team", lead)
    run("annotator", Viewer("p7", lead=False))
    assert read["records"] == 0
    assert read["requests"] <= 2 * 5


def test_what_changed_alone_is_read_again(told: tuple[TestProject, Path], read: Counter[str]) -> None:
    project, _ = told
    watch = ProjectWatch(project.config, project.connection, project.home)
    try:
        watch.view(0)
        assert read["records"] > RECORDS
        before = watch.view(60)
        ana = project.annotator(project.people[0])
        fresh = ana.answer(ana.pending()[0]["id"], values={"quality": 1, "intent": ["chat"], "toxicity": "none"})
        read.clear()
        watch.view(0)
        after = watch.view(60)
        assert after.version == before.version + 1
        assert read["records"] == 1
        team = team_progress(watch, after)
        assert team["counts"]["submitted"] == 11 + RECORDS + RECORDS // DOUBLE
        assert len(team["people"]) == PEOPLE + 2
        # Every fiftieth record, and every hundredth as the second to answer it.
        own = annotator_progress(watch, after, "p7")["numbers"]
        assert own["submitted"] == RECORDS // 50 + RECORDS // 100
        ana.withdraw(fresh)
    finally:
        watch.close()
