"""The index's file: several processes, forks, the event loop, other versions and damaged files."""

import asyncio
import multiprocessing
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import Any

import pytest

from sharegpt_argilla.embedded_argilla.engine.index_file import SCHEMA_VERSION, open_index, set_aside_damaged
from sharegpt_argilla.embedded_argilla.engine.index_threads import close_stores, store_at
from sharegpt_argilla.errors import EmbeddedArgillaError
from tests.embedded import PATIENCE

WRITER = """
import sys
from pathlib import Path
from tests.embedded import PATIENCE
from tests.embedded_argilla.conftest import World

world, dataset_id, name = World(Path(sys.argv[1]), seed=sys.argv[3]), sys.argv[2], sys.argv[3]
world.dataset.id = dataset_id
world.run("ping")
print("ready", flush=True)
sys.stdin.readline()
for place in range(150):
    world.add(f"{name}-{place}", f"written by {name}", metadata={"tokens": place})
    world.run("partial_record_update", world.records[f"{name}-{place}"], status="completed")
"""


def test_it_answers(world):
    assert world.run("ping") is True
    info = world.run("info")
    assert info["name"] == "embedded"
    assert info["sqlite"] == sqlite3.sqlite_version
    assert info["version"]
    assert world.run("close") is None


def test_a_file_that_cannot_be_opened_is_no_answer(empty_world, caplog):
    empty_world.path.mkdir()
    assert empty_world.run("ping") is False
    assert "cannot be used" in caplog.text


def test_the_registered_engine_takes_its_file_from_the_settings(tmp_path, monkeypatch):
    from argilla_server.search_engine import SearchEngine
    from argilla_server.settings import settings

    from sharegpt_argilla.embedded_argilla.engine import EmbeddedSearchEngine

    monkeypatch.setattr(settings, "home_path", str(tmp_path / "home"))

    async def ask():
        async with SearchEngine.get_by_name("embedded") as engine:
            assert isinstance(engine, EmbeddedSearchEngine)
            return await engine.ping()

    assert asyncio.run(ask()) is True
    assert (tmp_path / "home" / "search-index.db").exists()
    close_stores()


def test_two_processes_write_at_the_same_time(world):
    command = [sys.executable, "-W", "ignore", "-c", WRITER, str(world.path), str(world.dataset.id)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    writers = [subprocess.Popen([*command, name], **pipes) for name in ("one", "two")]
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 2
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    world.add("three", "written here")
    for writer in writers:
        writer.communicate(timeout=PATIENCE)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert world.run("get_dataset_progress", world.dataset) == {"total": 301, "completed": 300, "pending": 1}
    assert world.run("search", world.dataset, query="written").total == 301


def test_many_tasks_of_one_process_write_at_the_same_time(world):
    records = [world.make(str(place), "text") for place in range(40)]

    async def write_all():
        await asyncio.gather(*(world.engine.index_records(world.dataset, [record]) for record in records))
        found = await asyncio.gather(*(world.engine.search(world.dataset, "text") for _ in range(20)))
        return {each.total for each in found}

    assert asyncio.run(write_all()) == {40}


def _write_in_child(world, queue):
    world.add("child", "written by the child")
    queue.put(world.search("written"))


def test_a_forked_process_opens_its_own_connections(world):
    world.add("parent", "written by the parent")
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_write_in_child, args=(world, queue))
    child.start()
    assert sorted(queue.get(timeout=PATIENCE)) == ["child", "parent"]
    child.join(PATIENCE)
    assert child.exitcode == 0
    world.make("child")
    world.add("later", "written later")
    assert world.run("search", world.dataset, query="written").total == 3


def test_a_slow_search_does_not_hold_up_the_event_loop(world):
    world.add("a")
    began, finish = multiprocessing.get_context("fork").Event(), multiprocessing.get_context("fork").Event()

    def work(connection):
        began.set()
        assert finish.wait(PATIENCE)
        return connection.execute("SELECT COUNT(*) FROM record").fetchone()[0]

    async def interleave():
        slow = asyncio.create_task(store_at(world.path).read(work))
        while not began.is_set():
            await asyncio.sleep(0)
        fast = await world.engine.search(world.dataset)
        finish.set()
        return fast.total, await slow

    assert asyncio.run(interleave()) == (1, 1)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"this is not a database " * 100, id="not a database"),
        pytest.param(None, id="another version"),
    ],
)
def test_a_file_that_is_not_ours_is_set_aside(world, content):
    world.add("a")
    close_stores()
    if content is None:
        with closing(sqlite3.connect(world.path)) as connection:
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    else:
        world.path.write_bytes(content)
    world.run("create_index", world.dataset)
    assert world.search() == []
    aside = [path for path in world.path.parent.glob("*.set-aside-*") if not path.name.endswith(("-wal", "-shm"))]
    assert len(aside) == 1
    assert content is None or aside[0].read_bytes() == content


def test_damage_within_the_file_is_found(world):
    for place in range(50):
        world.add(str(place), "words " * 200)
    close_stores()
    assert set_aside_damaged(world.path) is None
    size = world.path.stat().st_size
    with world.path.open("r+b") as file:
        file.seek(size // 3)
        file.write(b"\xff" * (size // 3))
    aside = set_aside_damaged(world.path)
    assert aside is not None
    assert aside.stat().st_size == size
    world.run("create_index", world.dataset)
    assert world.search() == []


def test_damage_met_on_the_way_is_told(world):
    for place in range(50):
        world.add(str(place), "words " * 200)
    close_stores()
    size = world.path.stat().st_size
    with world.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 8192))
    with pytest.raises(EmbeddedArgillaError, match=r"damaged|failed|cannot be opened"):
        world.run("search", world.dataset, query="words")


def test_a_file_that_was_removed_is_made_again(world):
    world.add("a")
    for path in world.path.parent.glob("search-index.db*"):
        path.unlink()
    world.run("create_index", world.dataset)
    assert world.search() == []


@pytest.mark.parametrize(
    ("attribute", "value", "problem"),
    [("sqlite_version_info", (3, 34, 1), "older than 3.35"), ("connect", None, "without FTS5")],
)
def test_a_sqlite_that_will_not_do_is_told(empty_world, monkeypatch, attribute, value, problem):
    class Without:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def execute(self, _):
            return self

        def fetchone(self):
            return (0,)

    # Another SQLite than the one of this Python cannot be had in a test.
    monkeypatch.setattr(sqlite3, attribute, value or (lambda *_, **__: Without()))
    with pytest.raises(EmbeddedArgillaError, match=problem):
        empty_world.run("ping")


def test_the_folder_is_made(tmp_path):
    with closing(open_index(tmp_path / "new" / "folder" / "index.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert (tmp_path / "new" / "folder" / "index.db").stat().st_size > 0
