"""The lines that SQLite and PostgreSQL make of the same responses."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.embedded import clean_environment, package_root
from tests.reference.full_stack import POSTGRESQL, running_postgresql

pytestmark = pytest.mark.slow

FILL_AND_READ = r"""
import asyncio, json, sys
from datetime import datetime, timedelta
from uuid import UUID
from argilla_server.database import AsyncSessionLocal, async_engine
from argilla_server.models import Dataset, Question, Record, Response, Suggestion, User, Workspace
from sharegpt_argilla.argilla_plugin import response_queries
from sharegpt_argilla.argilla_plugin.response_queries import Asked, record_lines, stamp_lines, totals

response_queries.PAGE, response_queries.KEYS = 2, 3
NOON = datetime(2026, 1, 5, 12)


def key(number):
    return UUID(int=number << 64)


def at(seconds, micros=0):
    time = NOON + timedelta(seconds=seconds, microseconds=micros)
    return {"inserted_at": time, "updated_at": time}


async def fill():
    async with AsyncSessionLocal() as db:
        db.add(Workspace(id=key(1), name="w"))
        db.add_all(User(id=key(n), first_name=f"u{n}", username=f"u{n}", password_hash="x") for n in (1, 2))
        await db.flush()
        for number in (1, 2):
            db.add(Dataset(id=key(number), name=f"d{number}", workspace_id=key(1), status="ready",
                           distribution={"strategy": "overlap", "min_submitted": 1}))
        await db.flush()
        db.add(Question(id=key(1), name="q", title="q", dataset_id=key(1), settings={"type": "text"}))
        await db.flush()
        for number in range(1, 9):
            metadata = {3: {"copied_answers": {"u": ["2025-01-01T00:00:00", "x\n"]}, "turn": 1}, 5: None}
            db.add(Record(id=key(number), external_id=None if number == 4 else f'r"{number}\n\u2028\U0001f680',
                          fields={"prompt": "secret"}, metadata_=metadata.get(number, {"turn": 2}),
                          status="completed", dataset_id=key(1 if number < 8 else 2), **at(number)))
        await db.flush()
        answer = {"q": {"value": 'a "b"\nc\ud83d \U0001f680'}}
        for number in range(1, 9):
            if number != 6:
                db.add(Response(id=key(number), record_id=key(number), user_id=key(1), values=answer,
                                status="submitted", **at(number, 120_000)))
        db.add(Response(id=key(20), record_id=key(1), user_id=key(2), values=None, status="discarded", **at(50)))
        db.add(Suggestion(id=key(1), record_id=key(2), question_id=key(1), value=["x", 1.5], score=[0.25, 1.0],
                          agent="rules", type="model", **at(60, 7)))
        await db.commit()


async def read(form, **asked):
    found = [line for page in [page async for page in form(Asked(key(1), **asked))] for line in page.splitlines()]
    return [json.loads(line) for line in found]


async def main():
    await fill()
    both = ["submitted", "discarded"]
    print(json.dumps([
        await read(record_lines, statuses=both),
        await read(record_lines, statuses=["submitted"], ids=[key(3), key(1), key(8)]),
        await read(record_lines, statuses=both, after=key(4)),
        await read(stamp_lines, statuses=both),
        await read(stamp_lines, statuses=["submitted"], since=NOON + timedelta(seconds=6)),
        await totals(Asked(key(1), both)),
    ]))
    await async_engine.dispose()


asyncio.run(main())
"""


def read(url: str, home: Path) -> list[Any]:
    environment = clean_environment() | {
        "ARGILLA_DATABASE_URL": url,
        "ARGILLA_HOME_PATH": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONPATH": str(package_root()),
    }
    migrate = [sys.executable, "-m", "argilla_server", "database", "migrate"]
    subprocess.run(migrate, check=True, env=environment, stdout=sys.stderr)
    fill_and_read = [sys.executable, "-c", FILL_AND_READ]
    done = subprocess.run(fill_and_read, check=True, env=environment, stdout=subprocess.PIPE)
    found: list[Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def of_sqlite(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    home = tmp_path_factory.mktemp("sqlite")
    return read(f"sqlite+aiosqlite:///{home}/argilla.db?check_same_thread=False", home)


def number(key: str) -> int:
    return int(key.replace("-", ""), 16) >> 64


def test_lines_have_all_but_the_texts(of_sqlite: list[Any]) -> None:
    whole, some, rest, stamps, changed, totals = of_sqlite
    assert [number(record["id"]) for record in whole] == [1, 2, 3, 4, 5, 7]
    assert [number(record["id"]) for record in some] == [1, 3]
    assert [number(record["id"]) for record in rest] == [5, 7]
    assert rest == whole[4:]
    assert whole[0]["external_id"] == 'r"1\n\u2028\U0001f680'
    assert [record["external_id"] for record in whole].count(None) == 1
    assert whole[2]["metadata"] == {"copied_answers": {"u": ["2025-01-01T00:00:00", "x\n"]}}
    assert [record["metadata"] for record in whole].count(None) == 5
    assert "secret" not in json.dumps(of_sqlite)
    given, discarded = sorted(whole[0]["responses"], key=lambda one: str(one["id"]))
    assert given["values"] == {"q": {"value": 'a "b"\nc\ud83d \U0001f680'}}
    assert given["inserted_at"] == "2026-01-05T12:00:01.120000"
    assert discarded["updated_at"] == "2026-01-05T12:00:50"
    assert (discarded["status"], discarded["values"]) == ("discarded", None)
    (suggestion,) = whole[1]["suggestions"]
    assert (suggestion["value"], suggestion["score"], suggestion["agent"]) == (["x", 1.5], [0.25, 1.0], "rules")
    assert stamps[0][2:] == ["completed", 2, "2026-01-05T12:00:50", 120_000, 0]
    assert stamps[1][2:] == ["completed", 1, "2026-01-05T12:00:02.120000", 120_000, 8]
    # 1 for the discard, which is not asked for, 2 for its suggestion, 6 although nobody answered it, and 7.
    assert [(number(stamp[0]), stamp[3], stamp[4]) for stamp in changed] == [
        (1, 1, "2026-01-05T12:00:01.120000"),
        (2, 1, "2026-01-05T12:00:02.120000"),
        (6, 0, None),
        (7, 1, "2026-01-05T12:00:07.120000"),
    ]
    assert totals == {"responses": 7, "checksum": 720_000, "records": [7, 0, 7], "suggestions": [1, 7]}


@pytest.mark.skipif(not POSTGRESQL, reason="PostgreSQL is not installed")
def test_postgresql_gives_the_same(of_sqlite: list[Any], tmp_path: Path) -> None:
    pytest.importorskip("asyncpg")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as a user of its own, who may not enter pytest's
        with running_postgresql(Path(folder) / "postgresql") as url:
            assert by_id(read(url, tmp_path)) == by_id(of_sqlite)


def by_id(found: list[Any]) -> list[Any]:
    """Responses in the order of their ids: a database gives them in any."""
    for records in found[:3]:
        for record in records:
            record["responses"].sort(key=lambda one: one["id"])
    return found
