"""The repair, on a real database that argilla-server's own code writes to."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sharegpt_argilla.embedded_argilla.engine.index_threads import close_stores

# argilla-server's own code for bulk upserts brings this about, also with Elasticsearch; nothing is lost by it.
pytestmark = pytest.mark.filterwarnings("ignore:Object of type <Record> not in session")


class Server:
    """A database and an index, with what a test wants to happen on them."""

    def __init__(self, home, monkeypatch):
        from argilla_server import database
        from argilla_server.settings import settings
        from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

        from sharegpt_argilla.embedded_argilla.engine import EmbeddedSearchEngine, index_repair

        self.db_engine = create_async_engine(f"sqlite+aiosqlite:///{home}/argilla.db")
        self.sessions = async_sessionmaker(autocommit=False, expire_on_commit=False, bind=self.db_engine)
        self.engine = EmbeddedSearchEngine(home / "search-index.db")
        # The module level of argilla-server is bound to the home folder of its first import.
        monkeypatch.setattr(settings, "home_path", str(home))
        monkeypatch.setattr(database, "AsyncSessionLocal", self.sessions)
        monkeypatch.setattr(index_repair, "AsyncSessionLocal", self.sessions)

    def run(self, what):
        async def go():
            try:
                return await what
            finally:
                await self.db_engine.dispose()

        return asyncio.run(go())

    def repair(self):
        from sharegpt_argilla.embedded_argilla.engine.index_repair import repair_index

        return self.run(repair_index())

    @asynccontextmanager
    async def dataset(self, name="prompts"):
        from argilla_server.models import Dataset
        from sqlalchemy import select
        from sqlalchemy.orm import selectinload

        parts = (Dataset.fields, Dataset.questions, Dataset.metadata_properties, Dataset.vectors_settings)
        async with self.sessions() as db:
            query = select(Dataset).where(Dataset.name == name).options(*(selectinload(part) for part in parts))
            yield db, (await db.scalars(query)).one()

    async def start(self, name="prompts"):
        from argilla_server.contexts import datasets
        from argilla_server.models import (
            Dataset,
            Field,
            MetadataProperty,
            Question,
            User,
            VectorSettings,
            Workspace,
        )
        from argilla_server.models.base import DatabaseModel

        async with self.db_engine.begin() as connection:
            await connection.run_sync(DatabaseModel.metadata.create_all)
        rating = {"type": "rating", "options": [{"value": value} for value in range(1, 8)]}
        async with self.sessions() as db:
            db.add(User(first_name=name, username=f"ana-{name}", password_hash="x", role="owner"))
            db.add(
                Dataset(
                    name=name,
                    distribution={"strategy": "overlap", "min_submitted": 1},
                    workspace=Workspace(name=name),
                    fields=[Field(name="prompt", title="Prompt", required=True, settings={"type": "text"})],
                    questions=[Question(name="quality", title="Quality", required=True, settings=rating)],
                    metadata_properties=[
                        MetadataProperty(name="tokens", title="Tokens", settings={"type": "integer"})
                    ],
                    vectors_settings=[VectorSettings(name="meaning", title="Meaning", dimensions=2)],
                )
            )
            await db.commit()
        async with self.dataset(name) as (db, dataset):
            await datasets.publish_dataset(db, self.engine, dataset)

    async def load(self, count, name="prompts"):
        from argilla_server.api.schemas.v1.records import RecordUpsert
        from argilla_server.api.schemas.v1.records_bulk import RecordsBulkUpsert
        from argilla_server.bulk.records_bulk import UpsertRecordsBulk

        async with self.dataset(name) as (db, dataset):
            question = dataset.questions[0].id
            items = [
                RecordUpsert(
                    external_id=str(number),
                    fields={"prompt": f"prompt {number}"},
                    metadata={"tokens": number},
                    suggestions=[
                        {"question_id": question, "value": 3, "score": 0.5, "agent": "m", "type": "model"}
                    ],
                    vectors={"meaning": [1.0, number]},
                )
                for number in range(count)
            ]
            await UpsertRecordsBulk(db, self.engine).upsert_records_bulk(dataset, RecordsBulkUpsert(items=items))

    async def answer(self, engine, external_id="0", value=5):
        """An answer through argilla-server's own code; what ``engine`` does with it is the test's affair."""
        from argilla_server.api.schemas.v1.responses import ResponseUpsert
        from argilla_server.contexts import datasets
        from argilla_server.models import Dataset, Record, User
        from pydantic import TypeAdapter
        from sqlalchemy import select
        from sqlalchemy.orm import selectinload

        async with self.sessions() as db:
            query = (
                select(Record)
                .where(Record.external_id == external_id)
                .options(selectinload(Record.dataset).selectinload(Dataset.questions))
            )
            record, user = (await db.scalars(query)).first(), (await db.scalars(select(User))).first()
            body = {"record_id": record.id, "status": "submitted", "values": {"quality": {"value": value}}}
            await datasets.upsert_response(
                db, engine, record, user, TypeAdapter(ResponseUpsert).validate_python(body)
            )

    async def progress(self, name="prompts"):
        async with self.dataset(name) as (_, dataset):
            return await self.engine.get_dataset_progress(dataset)

    async def rated(self, value):
        from argilla_server.search_engine import ResponseFilterScope, TermsFilter

        wanted = TermsFilter(ResponseFilterScope(question="quality"), [value])
        async with self.dataset() as (_, dataset):
            return (await self.engine.search(dataset, filter=wanted)).total


class KilledError(Exception):
    """Simulates the moment at which a process is killed: after the commit, before the index is told."""


@pytest.fixture
def server(tmp_path, monkeypatch):
    one = Server(tmp_path, monkeypatch)
    one.run(one.start())
    one.run(one.load(5))
    yield one
    close_stores()


@pytest.fixture
def dead_engine():
    class DeadEngine:
        def __getattr__(self, name):
            raise KilledError(name)

    return DeadEngine()


def dataset_id(server, name="prompts"):
    async def ask():
        async with server.dataset(name) as (_, dataset):
            return str(dataset.id)

    return server.run(ask())


def test_nothing_to_repair(server):
    assert server.repair() == {}
    server.run(server.answer(server.engine))
    server.run(server.answer(server.engine, "1", 2))
    server.run(server.answer(server.engine, "1", 7))
    server.run(server.load(5))
    assert server.repair() == {}
    assert server.run(server.progress()) == {"total": 5, "completed": 2, "pending": 3}


def test_an_answer_that_the_index_never_heard_of(server, dead_engine):
    with pytest.raises(KilledError):
        server.run(server.answer(dead_engine))
    assert server.run(server.progress()) == {"total": 5, "pending": 5}
    assert server.repair() == {dataset_id(server): 1}
    assert server.run(server.progress()) == {"total": 5, "completed": 1, "pending": 4}
    assert server.run(server.rated(5)) == 1
    assert server.repair() == {}


def test_a_changed_answer_that_the_index_never_heard_of(server, dead_engine):
    server.run(server.answer(server.engine, "0", 5))
    with pytest.raises(KilledError):
        server.run(server.answer(dead_engine, "0", 2))
    server.run(server.answer(server.engine, "1", 5))
    assert server.repair() == {dataset_id(server): 1}
    assert server.run(server.rated(2)) == 1


def test_responses_that_went_with_their_user(server):
    from argilla_server.models import User
    from sqlalchemy import select

    async def delete_user():
        async with server.sessions() as db:
            await (await db.scalars(select(User))).first().delete(db)

    server.run(server.answer(server.engine))
    server.run(delete_user())
    assert server.run(server.rated(5)) == 1
    assert server.repair() == {dataset_id(server): 1}
    assert server.run(server.rated(5)) == 0


def test_records_that_the_index_lacks_or_should_not_have(server):
    from argilla_server.models import Record
    from sqlalchemy import delete

    async def change():
        async with server.dataset() as (db, dataset):
            await db.execute(delete(Record).where(Record.external_id == "4"))
            db.add(Record(fields={"prompt": "unheard of"}, dataset_id=dataset.id))
            await db.commit()

    server.run(change())
    assert server.repair() == {dataset_id(server): 1}
    assert server.run(server.progress()) == {"total": 5, "pending": 5}


@pytest.mark.parametrize("remove", [True, False])
def test_a_missing_or_damaged_index_is_built_anew(server, remove):
    close_stores()
    for path in server.engine.path.parent.glob("search-index.db*"):
        if remove:
            path.unlink()
        else:
            path.write_bytes(b"\x00damaged" * 1000)
    assert server.repair() == {dataset_id(server): 5}
    assert server.run(server.progress()) == {"total": 5, "pending": 5}
    assert server.repair() == {}


def test_a_property_that_the_index_never_heard_of(server):
    from argilla_server.models import MetadataProperty

    async def add():
        async with server.dataset() as (db, dataset):
            db.add(MetadataProperty(name="late", title="Late", settings={"type": "terms"}, dataset_id=dataset.id))
            await db.commit()

    server.run(add())
    assert server.repair() == {dataset_id(server): 5}
    assert server.repair() == {}


def test_other_datasets_are_left_alone_and_lost_ones_forgotten(server, dead_engine):
    from argilla_server.models import Dataset
    from sqlalchemy import delete

    async def forget():
        async with server.sessions() as db:
            await db.execute(delete(Dataset).where(Dataset.name == "other"))
            await db.commit()

    server.run(server.start("other"))
    server.run(server.load(3, "other"))
    lost = dataset_id(server, "other")
    with pytest.raises(KilledError):
        server.run(server.answer(dead_engine))
    assert server.repair() == {dataset_id(server): 1}
    server.run(forget())
    assert server.repair() == {}

    def indexed(connection):
        return {key for (key,) in connection.execute("SELECT id FROM dataset")}

    from sharegpt_argilla.embedded_argilla.engine.index_threads import store_at

    assert lost not in server.run(store_at(server.engine.path).read(indexed))


def test_the_servers_own_reindex(server):
    from argilla_server.cli.search_engine.reindex import Reindexer

    async def reindex():
        async with server.sessions() as db:
            dataset = await Reindexer.reindex_dataset(db, server.engine, dataset_id)
            return [len(batch) async for batch in Reindexer.reindex_dataset_records(db, server.engine, dataset)]

    async def find_id():
        async with server.dataset() as (_, dataset):
            return dataset.id

    dataset_id = server.run(find_id())
    assert server.run(reindex()) == [5]
    assert server.repair() == {}
    assert server.run(server.progress()) == {"total": 5, "pending": 5}


@pytest.mark.parametrize("damage", ["deleted", "deleted but for its log", "damaged", "emptied"])
def test_a_running_server_repairs_the_index_that_it_lost(server, damage, monkeypatch, caplog):
    from sharegpt_argilla.embedded_argilla.engine import index_healing
    from sharegpt_argilla.embedded_argilla.engine.index_repair import repair_index

    monkeypatch.setattr(index_healing.HEALER, "repair", repair_index)

    async def scenario():
        await repair_index()
        path = server.engine.path
        async with server.dataset() as (_, dataset):
            before = (await server.engine.search(dataset)).total
            if damage == "deleted":
                for part in path.parent.glob(f"{path.name}*"):
                    part.unlink()
            elif damage == "deleted but for its log":
                path.unlink()
            elif damage == "damaged":
                # A new file under the name, as after a restored or copied one: the old connections are left.
                content = bytearray(path.read_bytes())
                content[4096:] = b"\xff" * (len(content) - 4096)
                draft = path.with_name("draft")
                draft.write_bytes(content)
                for part in path.parent.glob(f"{path.name}-*"):
                    part.unlink()
                draft.replace(path)
            else:
                draft = path.with_name("draft")
                draft.touch()
                draft.replace(path)
            searches = [server.engine.search(dataset) for _ in range(5)]
            totals = {each.total for each in await asyncio.gather(*searches)}
            assert totals == {before}
            assert before > 0

    server.run(scenario())
    assert caplog.text.count("it is repaired while the server runs") == 1


def test_without_a_healer_the_error_remains(server, monkeypatch):
    from sharegpt_argilla.embedded_argilla.engine import index_healing
    from sharegpt_argilla.embedded_argilla.engine.index_healing import IndexUnusableError

    monkeypatch.setattr(index_healing.HEALER, "repair", None)

    async def scenario():
        server.engine.path.unlink()
        async with server.dataset() as (_, dataset):
            with pytest.raises(IndexUnusableError, match="has no search index"):
                await server.engine.search(dataset)

    server.run(scenario())


def test_nothing_is_read_of_a_dataset_that_is_being_rebuilt(server, monkeypatch):
    from sharegpt_argilla.embedded_argilla.engine import index_healing, index_repair
    from sharegpt_argilla.embedded_argilla.engine.index_healing import IndexUnusableError
    from sharegpt_argilla.embedded_argilla.engine.index_schema import complete_dataset
    from sharegpt_argilla.embedded_argilla.engine.index_threads import store_at

    load_records = index_repair._load_records
    asked: list[asyncio.Task[Any]] = []
    batches: list[Any] = []
    repair_index = index_repair.repair_index
    monkeypatch.setattr(index_repair, "BATCH", 1)

    async def scenario():
        async with server.dataset() as (_, dataset):

            async def ask_before_loading(db, ids):
                # Another process' request, which does not know of the repair here: its own waits for this one.
                with pytest.raises(IndexUnusableError, match="is being rebuilt"):
                    await store_at(server.engine.path).read(
                        lambda connection: complete_dataset(connection, str(dataset.id))
                    )
                batches.append(ids)
                asked.extend(
                    asyncio.create_task(question)
                    for question in (
                        server.engine.search(dataset),
                        server.engine.get_dataset_progress(dataset),
                    )
                )
                await asyncio.sleep(0)
                return await load_records(db, ids)

            monkeypatch.setattr(index_repair, "_load_records", ask_before_loading)
            monkeypatch.setattr(index_healing.HEALER, "repair", repair_index)
            server.engine.path.unlink()
            assert (await server.engine.search(dataset)).total == 5
            found = await asyncio.gather(*asked)
            assert [each.total for each in found[::2]] == [5] * 5
            assert found[1::2] == [{"total": 5, "pending": 5}] * 5

    server.run(scenario())
    assert len(batches) == 5


def test_a_rebuild_that_was_killed_is_completed_by_the_next(server, monkeypatch):
    from sharegpt_argilla.embedded_argilla.engine import index_repair
    from sharegpt_argilla.embedded_argilla.engine.index_healing import IndexUnusableError

    load_records = index_repair._load_records
    monkeypatch.setattr(index_repair, "BATCH", 2)

    async def load_one_batch(db, ids):
        monkeypatch.setattr(index_repair, "_load_records", killed)
        return await load_records(db, ids)

    async def killed(db, ids):
        raise KilledError

    monkeypatch.setattr(index_repair, "_load_records", load_one_batch)
    server.engine.path.unlink()
    with pytest.raises(KilledError):
        server.repair()
    with pytest.raises(IndexUnusableError, match="is being rebuilt"):
        server.run(server.progress())
    monkeypatch.setattr(index_repair, "_load_records", load_records)
    assert server.repair() == {dataset_id(server): 3}
    assert server.run(server.progress()) == {"total": 5, "pending": 5}


def test_an_answer_to_a_record_that_is_on_its_way_into_a_new_index(server, monkeypatch):
    from sharegpt_argilla.embedded_argilla.engine import index_repair

    load_records = index_repair._load_records

    async def answered_after_loading(db, ids):
        records = await load_records(db, ids)
        monkeypatch.setattr(index_repair, "_load_records", load_records)
        await server.answer(server.engine)
        return records

    monkeypatch.setattr(index_repair, "_load_records", answered_after_loading)
    server.engine.path.unlink()
    server.repair()
    assert server.run(server.progress()) == {"total": 5, "completed": 1, "pending": 4}
    assert server.run(server.rated(5)) == 1
    assert server.repair() == {}
