"""argilla-server behaves the same with every speed-up and without, on a real database."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import uuid4

import pytest

# argilla-server's own code for bulk upserts brings this about, with and without us.
pytestmark = pytest.mark.filterwarnings("ignore:Object of type <Record> not in session")

BOTH = pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
RATING = {"type": "rating", "options": [{"value": value} for value in range(1, 8)]}
SETTINGS: dict[str, dict[str, Any]] = {
    "rating": RATING,
    "label_selection": {"type": "label_selection", "options": [{"value": "a", "text": "A", "description": None}]},
    "text": {"type": "text", "use_markdown": True},
}
PROPERTIES: dict[str, dict[str, Any]] = {
    "terms": {"type": "terms", "values": ["en", "de"]},
    "integer": {"type": "integer", "min": 1, "max": 9},
    "float": {"type": "float"},
}


class Queue:
    """Takes the jobs that would go to Redis."""

    def __init__(self):
        self.jobs = []

    def delay(self, webhook_id, event, timestamp, data):
        self.jobs.append((webhook_id, str(event), data))
        return len(self.jobs)


class Server:
    """A dataset of two records in a database of its own, and argilla-server's code for them."""

    def __init__(self, home):
        from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

        from sharegpt_argilla.embedded_argilla.engine import EmbeddedSearchEngine

        self.db_engine = create_async_engine(f"sqlite+aiosqlite:///{home}/argilla.db")
        self.sessions = async_sessionmaker(autocommit=False, expire_on_commit=False, bind=self.db_engine)
        self.engine = EmbeddedSearchEngine(home / "search-index.db")

    def run(self, work):
        async def go():
            try:
                async with self.sessions() as db:
                    return await work(db)
            finally:
                await self.db_engine.dispose()

        return asyncio.run(go())

    async def start(self, db):
        from argilla_server.models import Dataset, Field, Question, User, Workspace
        from argilla_server.models.base import DatabaseModel

        async with self.db_engine.begin() as connection:
            await connection.run_sync(DatabaseModel.metadata.create_all)
        dataset = Dataset(
            name="prompts",
            status="ready",
            distribution={"strategy": "overlap", "min_submitted": 1},
            workspace=Workspace(name="work"),
            fields=[Field(name="prompt", title="p", required=True, settings={"type": "text"})],
            questions=[Question(name=name, title=name, settings=RATING) for name in ("quality", "clarity")],
        )
        db.add_all([dataset, User(first_name="a", username="ana", password_hash="x", role="annotator")])
        await db.commit()

    @asynccontextmanager
    async def dataset(self, db):
        from argilla_server.models import Dataset
        from sqlalchemy import select
        from sqlalchemy.orm import selectinload

        parts = (Dataset.fields, Dataset.questions, Dataset.metadata_properties, Dataset.vectors_settings)
        query = select(Dataset).options(*(selectinload(part) for part in parts))
        yield (await db.scalars(query)).one()

    async def upsert(self, db, *values, score=None):
        """Upsert a record for each value, which is what is suggested to both questions."""
        from argilla_server.api.schemas.v1.records_bulk import RecordsBulkUpsert
        from argilla_server.bulk.records_bulk import UpsertRecordsBulk

        async with self.dataset(db) as dataset:
            if self.engine is not None and not getattr(self, "indexed", False):
                await self.engine.create_index(dataset)
                self.indexed = True
            items = [
                {
                    "external_id": f"r{number}",
                    "fields": {"prompt": "rain"},
                    "suggestions": [
                        {"question_id": str(each.id), "value": value, "score": score} for each in dataset.questions
                    ],
                }
                for number, value in enumerate(values)
            ]
            bulk = RecordsBulkUpsert.model_validate({"items": items})
            return await UpsertRecordsBulk(db, self.engine).upsert_records_bulk(dataset, bulk)

    async def webhook(self, db, *events, enabled=True):
        from argilla_server.models import Webhook

        webhook = Webhook(url="http://127.0.0.1:9", events=list(events), enabled=enabled)
        db.add(webhook)
        await db.commit()
        return webhook.id


@contextmanager
def statements_of(server):
    """The statements that are sent to the database meanwhile."""
    from sqlalchemy import event

    sent: list[str] = []
    of_engine = server.db_engine.sync_engine, "before_cursor_execute", lambda *given: sent.append(given[2])
    event.listen(*of_engine)
    yield sent
    event.remove(*of_engine)


@pytest.fixture
def speed(monkeypatch):
    """Apply the speed-ups, and take them back after the test; skip if one that the test is about does not fit."""
    from sharegpt_argilla.argilla_plugin.speedups import SPEEDUPS

    def apply(fast, about=None):
        if fast and about is not None and about.changed():
            pytest.skip(f"not for what is installed: {about.name}")
        for patch in SPEEDUPS if fast else ():
            for replacement in patch.replaces if not patch.changed() else ():
                owner, name = replacement.location
                monkeypatch.setattr(owner, name, replacement.make(getattr(owner, name)))

    return apply


@pytest.fixture
def queue(monkeypatch):
    from argilla_server.jobs import webhook_jobs

    queue = Queue()
    monkeypatch.setattr(webhook_jobs, "notify_event_job", queue)
    return queue


@pytest.fixture
def server(tmp_path):
    from sharegpt_argilla.embedded_argilla.engine.index_threads import close_stores

    server = Server(tmp_path)
    server.run(server.start)
    yield server
    close_stores()


@BOTH
@pytest.mark.parametrize("kind", SETTINGS)
def test_settings_of_a_question_are_read_afresh_each_time(speed, fast, kind):
    from argilla_server.models import Question
    from pydantic import ValidationError

    speed(fast)
    question = Question(settings=dict(SETTINGS[kind]))
    assert question.parsed_settings.model_dump(exclude_unset=True) == SETTINGS[kind]
    assert question.parsed_settings is not question.parsed_settings
    question.settings = {"type": "unheard_of"}
    with pytest.raises(ValidationError, match="unheard_of"):
        _ = question.parsed_settings


@BOTH
@pytest.mark.parametrize(("kind", "wrong"), [("terms", "fr"), ("integer", 10), ("float", "much")])
def test_settings_of_a_metadata_property_check_values_as_before(speed, fast, kind, wrong):
    from argilla_server.errors.future import UnprocessableEntityError
    from argilla_server.models import MetadataProperty

    speed(fast)
    settings = MetadataProperty(settings=dict(PROPERTIES[kind])).parsed_settings
    assert settings.model_dump(exclude_none=True) == PROPERTIES[kind]
    with pytest.raises(UnprocessableEntityError):
        settings.check_metadata(wrong)


@BOTH
def test_an_upsert_stores_the_same_rows(server, speed, queue, fast):
    from sqlalchemy import text

    speed(fast)

    async def work(db):
        await server.upsert(db, 1, 1, score=None)
        first = await db.scalar(text("SELECT MAX(updated_at) FROM suggestions"))
        done = await server.upsert(db, 2, 3, 4, score=0.5)
        stored = await db.execute(
            text(
                "SELECT value, typeof(value), score, typeof(score), agent, suggestions.type, external_id, "
                "suggestions.updated_at > :first "
                "FROM suggestions JOIN records ON records.id = record_id ORDER BY external_id, value"
            ),
            {"first": first},
        )
        loaded = [[(each.value, each.score) for each in record.suggestions] for record in done.items]
        return stored.all(), loaded

    stored, loaded = server.run(work)

    def row(value, name):
        return (value, "integer", 0.5, "real", None, None, name, 1)

    assert stored == [row(2, "r0")] * 2 + [row(3, "r1")] * 2 + [row(4, "r2")] * 2
    assert loaded == [[(value, 0.5)] * 2 for value in (2, 3, 4)]
    assert queue.jobs == []


@BOTH
def test_no_score_and_no_value_are_stored_as_the_same_null(server, speed, queue, fast):
    from sqlalchemy import text

    speed(fast)

    async def work(db):
        await server.upsert(db, 1)
        return (await db.execute(text("SELECT DISTINCT score, typeof(score), agent FROM suggestions"))).all()

    assert server.run(work) == [("null", "text", None)]


@BOTH
def test_rows_with_different_columns_are_refused_as_before(server, speed, fast):
    from argilla_server.models import DatasetUser
    from sqlalchemy.exc import CompileError

    speed(fast)

    async def work(db):
        await DatasetUser.upsert_many(
            db, [{"user_id": uuid4(), "dataset_id": uuid4()}, {"user_id": uuid4()}], [DatasetUser.user_id]
        )

    with pytest.raises(CompileError):
        server.run(work)
    with pytest.raises(ValueError, match="Cannot upsert empty list"):
        server.run(lambda db: DatasetUser.upsert_many(db, [], []))


@BOTH
def test_events_reach_the_webhooks_that_want_them_from_the_moment_they_are_enabled(server, speed, queue, fast):
    speed(fast)

    async def work(db):
        await server.upsert(db, 1, 2)
        assert queue.jobs == []
        # Another session, as in another process.
        async with server.sessions() as other:
            wanted = await server.webhook(other, "record.created", "record.updated")
            await server.webhook(other, "dataset.created")
            await server.webhook(other, "record.created", enabled=False)
        await server.upsert(db, 3, 4, 5)
        return wanted

    wanted = server.run(work)
    # argilla-server calls a record created for as long as nothing of its own has changed.
    assert [(webhook, event, data["external_id"]) for webhook, event, data in queue.jobs] == [
        (wanted, "record.created", name) for name in ("r0", "r1", "r2")
    ]
    assert all(len(data["dataset"]["questions"]) == 2 for _, _, data in queue.jobs)


def test_webhooks_are_looked_up_once_in_a_transaction(server, speed, queue):
    from argilla_server.models import Record
    from argilla_server.webhooks.v1.enums import RecordEvent
    from argilla_server.webhooks.v1.records import notify_record_event
    from sqlalchemy import select

    speed(True)

    async def work(db):
        await server.upsert(db, 1)
        record = (await db.scalars(select(Record))).one()
        await db.commit()
        with statements_of(server) as sent:
            for event in (RecordEvent.updated, RecordEvent.completed):
                assert await notify_record_event(db, event, record) == []
            assert len(sent) == 1
            await db.commit()
            assert await notify_record_event(db, RecordEvent.completed, record) == []
            assert len(sent) == 2

    server.run(work)


def test_properties_that_a_session_has_loaded_say_whether_there_is_a_plan(server):
    from argilla_server.models import Dataset, MetadataProperty
    from sqlalchemy import select

    from sharegpt_argilla.argilla_plugin.assigned_people import is_planned

    async def in_new_sessions():
        async with server.sessions() as db:
            key = (await db.scalars(select(Dataset.id))).one()
            with statements_of(server) as sent:
                answers = [await is_planned(db, key)]
                assert len(sent) == 1
        async with server.sessions() as db, server.dataset(db) as dataset:
            with statements_of(server) as sent:
                answers.append(await is_planned(db, dataset.id))
                assert sent == []
        return dataset.id, answers

    async def work(db):
        key, before = await in_new_sessions()
        settings = {"type": "terms", "values": None}
        db.add(
            MetadataProperty(name="assigned_to", title="a", settings=settings, allowed_roles=[], dataset_id=key)
        )
        await db.commit()
        return before, (await in_new_sessions())[1]

    assert server.run(work) == ([False, False], [True, True])


@BOTH
def test_events_of_responses_are_whole(server, speed, queue, fast):
    from argilla_server.models import Record, Response, User
    from argilla_server.webhooks.v1.enums import RecordEvent, ResponseEvent
    from argilla_server.webhooks.v1.records import notify_record_event
    from argilla_server.webhooks.v1.responses import notify_response_event
    from sqlalchemy import select

    speed(fast)

    async def work(db):
        await server.upsert(db, 1)
        record, user = (await db.scalars(select(Record))).one(), (await db.scalars(select(User))).one()
        response = Response(record_id=record.id, user_id=user.id, values={}, status="submitted")
        await response.save(db)
        silent = await notify_response_event(db, ResponseEvent.created, response)
        await server.webhook(db, "response.created", "record.completed")
        heard = await notify_response_event(db, ResponseEvent.created, response)
        unwanted = await notify_record_event(db, RecordEvent.updated, record)
        return silent, heard, unwanted, await notify_record_event(db, RecordEvent.completed, record)

    assert server.run(work) == ([], [1], [], [2])
    response, record = (data for _, _, data in queue.jobs)
    assert response["user"]["username"] == "ana"
    assert response["record"]["dataset"]["workspace"]["name"] == "work"
    assert response["record"]["dataset"] == record["dataset"]


def test_no_event_is_built_that_nobody_hears(server, speed, queue, monkeypatch):
    from argilla_server.webhooks.v1.schemas import RecordEventSchema

    speed(True)
    built: list[Any] = []
    monkeypatch.setattr(RecordEventSchema, "model_validate", built.append)
    server.run(lambda db: server.upsert(db, 1, 2))
    assert built == []


@BOTH
def test_membership_is_asked_of_the_database_until_there_is_one(server, speed, fast):
    from argilla_server.models import User, Workspace, WorkspaceUser
    from sqlalchemy import delete, select

    speed(fast)

    async def work(db):
        user, workspace = (await db.scalars(select(User))).one(), (await db.scalars(select(Workspace))).one()
        answers = [await user.is_member(workspace.id)]
        db.add(WorkspaceUser(workspace_id=workspace.id, user_id=user.id))
        await db.commit()
        answers += [await user.is_member(workspace.id), await user.is_member(uuid4())]
        async with server.sessions() as other:
            await other.execute(delete(WorkspaceUser))
            await other.commit()
            same = (await other.scalars(select(User))).one()
            return [*answers, await same.is_member(workspace.id)]

    assert server.run(work) == [False, True, False, False]


@BOTH
def test_an_account_is_looked_up_once_in_a_session(server, speed, fast):
    from argilla_server.contexts import accounts
    from argilla_server.models import User, Workspace, WorkspaceUser
    from sqlalchemy import select, update

    speed(fast)

    async def work(db):
        user, workspaces = (await db.scalars(select(User))).one(), []
        for name in ("first", "second"):
            workspaces.append(await Workspace(name=name).save(db))
            await WorkspaceUser(workspace_id=workspaces[-1].id, user_id=user.id).save(db)
        key = user.api_key
        db.expunge_all()
        with statements_of(server) as sent:
            by_key = await accounts.get_user_by_api_key(db, api_key=key)
            assert len(sent) == (1 if fast else 2)
            by_name = [await accounts.get_user_by_username(db, "ana") for _ in range(2)]
            assert len(sent) == (1 if fast else 6)
            assert by_key is not None
            assert all([await by_key.is_member(each.id) for each in workspaces])
            assert len(sent) == (1 if fast else 8)
        assert [each.name for each in by_key.workspaces] == ["first", "second"]
        assert all(user is by_key for user in by_name)
        assert await accounts.get_user_by_username(db, "ben") is None
        assert await accounts.get_user_by_api_key(db, "no key") is None
        async with server.sessions() as other:
            await other.execute(update(User).values(username="ben"))
            await other.commit()
            assert await accounts.get_user_by_username(other, "ana") is None
            assert (await accounts.get_user_by_username(other, "ben")).id == by_key.id

    server.run(work)


@BOTH
def test_progress_names_who_has_answered_in_the_order_of_first_answers(server, speed, fast):
    from argilla_server.api.schemas.v1.datasets import DatasetProgress
    from argilla_server.contexts import datasets
    from argilla_server.models import DatasetUser, User

    speed(fast)

    async def work(db):
        await server.upsert(db, 1)
        people = [User(first_name=name, username=name, password_hash="x", role="annotator") for name in "cba"]
        db.add_all(people)
        await db.commit()
        async with server.dataset(db) as dataset:
            for person in people:
                keys = {"dataset_id": dataset.id, "user_id": person.id}
                await DatasetUser.upsert(db, keys, [DatasetUser.dataset_id, DatasetUser.user_id])
            return DatasetProgress(**await datasets.get_dataset_progress(db, server.engine, dataset))

    shown = server.run(work).model_dump(exclude_unset=True)
    assert shown == {"total": 1, "completed": 0, "pending": 1, "users": [{"username": name} for name in "cba"]}


class SearchServer:
    """Takes what would go to Elasticsearch or OpenSearch, which has these values in some field."""

    def __init__(self, values=()):
        self.changes = []
        self.searches = 0
        self.values = Counter(values)

    async def search(self, body=None, **asked):
        self.searches += 1
        found = {}
        for name, wanted in (asked.get("aggregations") or body["aggs"]).items():
            ((kind, _),) = wanted.items()
            buckets = [{"key": key, "doc_count": count} for key, count in self.values.most_common()]
            found[name] = {"value": self.values.total()} if kind == "value_count" else {"buckets": buckets}
        return {"aggregations": found}

    async def update(self, **change):
        body = change.get("body") or {key: change[key] for key in ("doc", "script") if key in change}
        self.changes.append((change["id"], body))


async def answered(server, db, engine):
    """Answer the record through argilla-server's code and remove the answer; what the engine was told of each."""
    from argilla_server.api.schemas.v1.responses import ResponseUpsert
    from argilla_server.contexts import datasets
    from argilla_server.models import Dataset, Record, User
    from pydantic import TypeAdapter
    from sqlalchemy import select
    from sqlalchemy.orm import selectinload

    query = select(Record).options(selectinload(Record.dataset).selectinload(Dataset.questions))
    record, user = (await db.scalars(query)).one(), (await db.scalars(select(User))).one()
    values = {name: {"value": 5} for name in ("quality", "clarity")}
    body = TypeAdapter(ResponseUpsert).validate_python(
        {"record_id": record.id, "status": "submitted", "values": values}
    )
    response = await datasets.upsert_response(db, engine, record, user, body)
    added = engine.client.changes[:]
    await datasets.delete_response(db, engine, response)
    return record, added, engine.client.changes[len(added) :]


@pytest.fixture(params=["ElasticSearchEngine", "OpenSearchEngine"])
def elastic(server, request, monkeypatch):
    """argilla-server's engine, whose search server only takes notes."""
    from argilla_server import database
    from argilla_server.search_engine import elasticsearch, opensearch

    monkeypatch.setattr(database, "AsyncSessionLocal", server.sessions)
    kind = getattr(elasticsearch, request.param, None) or getattr(opensearch, request.param)
    engine = kind.__new__(kind)
    engine.client = SearchServer()
    return engine


@BOTH
def test_an_answer_is_one_change_of_its_document(server, speed, queue, elastic, fast):
    speed(fast)

    async def work(db):
        await server.upsert(db, 1)
        return await answered(server, db, elastic)

    record, *steps = server.run(work)
    for changes, expected in zip(steps, ("completed", "pending"), strict=True):
        assert len(changes) == (1 if fast else 2)
        assert {key for key, _ in changes} == {str(record.id)}
        *status_alone, script = [body for _, body in changes]
        assert script["script"]["params"]["response"]["status"] == "submitted"
        told = script["script"]["params"] if fast else status_alone[0]["doc"]
        assert told["status"] == expected
        assert ("params.status" in script["script"]["source"]) == fast


def test_a_submitted_answer_never_makes_a_record_pending_there(server, speed, queue, elastic):
    """Somebody else may have completed the record since its status was read."""
    from argilla_server.models import Dataset
    from sqlalchemy import update

    speed(True)

    async def work(db):
        await server.upsert(db, 1)
        await db.execute(update(Dataset).values(distribution={"strategy": "overlap", "min_submitted": 2}))
        await db.commit()
        return await answered(server, db, elastic)

    _, ((_, added),), ((_, removed),) = server.run(work)
    assert "status" not in added["script"]["params"]
    assert "params.status" not in added["script"]["source"]
    assert removed["script"]["params"]["status"] == "pending"


@BOTH
@pytest.mark.parametrize("values", ["", "abbccc"])
def test_values_are_counted_in_one_search(speed, elastic, fast, values):
    speed(fast)
    elastic.client = SearchServer(values)
    counts = asyncio.run(elastic._compute_terms_metrics_for("an-index", "status"))
    expected = [{"term": key, "count": count} for key, count in (("c", 3), ("b", 2), ("a", 1)) if values]
    assert counts.model_dump() == {"type": "terms", "total": len(values), "values": expected}
    assert elastic.client.searches == (1 if fast or not values else 2)


def test_a_status_is_sent_where_its_answer_cannot_be(server, speed, queue, elastic, monkeypatch):
    from argilla_server.contexts import datasets

    async def fails(*_):
        raise RuntimeError("a fault between the two")

    speed(True)
    monkeypatch.setattr(datasets, "_load_users_from_responses", fails)

    async def work(db):
        await server.upsert(db, 1)
        with pytest.raises(RuntimeError, match="a fault between"):
            await answered(server, db, elastic)

    server.run(work)
    assert [body for _, body in elastic.client.changes] == [{"doc": {"status": "completed"}}]


@BOTH
def test_statements_answer_and_fail_as_before(server, speed, fast):
    from sqlalchemy import text
    from sqlalchemy.exc import IntegrityError, OperationalError

    from sharegpt_argilla.argilla_plugin import sqlite_cursor

    speed(fast, about=sqlite_cursor.PATCH)

    async def work(db):
        await db.execute(text("CREATE TABLE numbers (number INTEGER PRIMARY KEY, name TEXT UNIQUE)"))
        added = await db.execute(text("INSERT INTO numbers (name) VALUES (:a), (:b)"), {"a": "x", "b": "y"})
        result = await db.execute(text("SELECT * FROM numbers ORDER BY number"))
        with pytest.raises(IntegrityError, match="UNIQUE"):
            await db.execute(text("INSERT INTO numbers (name) VALUES ('x')"))
        await db.rollback()
        with pytest.raises(OperationalError, match="no such table"):
            await db.execute(text("SELECT * FROM letters"))
        empty = await db.execute(text("SELECT name FROM numbers WHERE name = :a"), {"a": "x"})
        return added.rowcount, result.keys()._keys, result.all(), empty.all()

    assert server.run(work) == (2, ["number", "name"], [(1, "x"), (2, "y")], [])


@BOTH
def test_replies_are_compressed_for_who_takes_that_and_say_the_same(speed, fast):
    import httpx
    from brotli_asgi import BrotliMiddleware
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def reply(_request):
        return PlainTextResponse(" ".join(map(str, range(10_000))))

    speed(fast)
    app = Starlette(routes=[Route("/", reply)])
    # As argilla-server adds it.
    app.add_middleware(BrotliMiddleware, minimum_size=512, quality=7)

    async def ask(encoding):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
            return await client.get("/", headers={"Accept-Encoding": encoding})

    small, plain = asyncio.run(ask("br")), asyncio.run(ask("identity"))
    assert small.headers["content-encoding"] == "br"
    assert "content-encoding" not in plain.headers
    assert small.content == plain.content
    assert int(small.headers["content-length"]) < len(plain.content) / 2


@pytest.fixture
def kept(monkeypatch):
    """Takes back what `apply_speedups` changes of this process; returns what is in place of each target."""
    from sharegpt_argilla.argilla_plugin import base
    from sharegpt_argilla.argilla_plugin.speedups import SPEEDUPS

    places = [replacement.location for patch in SPEEDUPS for replacement in patch.replaces]
    for owner, name in places:
        monkeypatch.setattr(owner, name, inspect.getattr_static(owner, name))
    monkeypatch.setattr(base, "_APPLIED", {})
    threshold = gc.get_threshold()
    yield lambda: [inspect.getattr_static(*place) for place in places]
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_what_is_installed_is_made_faster(kept, caplog):
    from sharegpt_argilla.argilla_plugin.speedups import SPEEDUPS, apply_speedups

    if misfits := [patch.name for patch in SPEEDUPS if patch.changed()]:
        pytest.skip(f"not for what is installed: {misfits}")
    before = kept()
    assert apply_speedups({})
    assert all(one is not other for one, other in zip(before, kept(), strict=True))
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == (20_000, 20, 20)
    assert caplog.messages == []


def test_the_switch_leaves_all_as_it_is(kept, caplog):
    from sharegpt_argilla.argilla_plugin.speedups import SWITCH, apply_speedups

    before = kept()
    with caplog.at_level(logging.INFO):
        assert not apply_speedups({SWITCH: "0"})
    assert all(one is other for one, other in zip(before, kept(), strict=True))
    assert gc.get_freeze_count() == 0
    assert caplog.messages == [f"argilla-server runs without speed-ups, because {SWITCH} is 0"]


def test_a_speed_up_that_does_not_fit_leaves_the_others_in_place(kept, caplog, monkeypatch):
    from argilla_server.models import User

    from sharegpt_argilla.argilla_plugin.speedups import SPEEDUPS, apply_speedups

    misfits = [patch for patch in SPEEDUPS if patch.changed()]

    async def is_member(_user, _workspace_id):
        return True

    monkeypatch.setattr(User, "is_member", is_member)
    before = kept()
    with caplog.at_level(logging.WARNING):
        assert not apply_speedups({})
    assert User.is_member is is_member
    same = sum(one is other for one, other in zip(before, kept(), strict=True))
    assert same == 1 + sum(len(patch.replaces) for patch in misfits)
    assert len(caplog.messages) == 1 + len(misfits)
    assert "User.is_member (argilla-server 2.8.0)" in caplog.text
