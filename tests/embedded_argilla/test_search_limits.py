"""Searches end: after some seconds, when their client goes, and however many words they have."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest

from sharegpt_argilla.argilla_plugin import client_presence
from sharegpt_argilla.argilla_plugin.client_presence import Client
from sharegpt_argilla.embedded_argilla.engine import search_limits
from sharegpt_argilla.embedded_argilla.engine.index_threads import store_at
from sharegpt_argilla.embedded_argilla.engine.search_limits import SearchEndedError, Turns
from sharegpt_argilla.embedded_argilla.engine.text_query import MAX_NEAR, Columns, compile_text_query
from sharegpt_argilla.errors import EmbeddedArgillaError
from tests.embedded import PATIENCE

FOR_EVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
COMMON = [f"word{number}" for number in range(28)]


def for_ever(connection: sqlite3.Connection) -> Any:
    return connection.execute(FOR_EVER).fetchone()


def test_a_search_that_takes_too_long_is_ended_and_the_next_one_is_not(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert search_limits.SEARCH_SECONDS == 5
    monkeypatch.setattr(search_limits, "SEARCH_SECONDS", 0.3)
    world.add("a", "some words")

    async def run() -> None:
        store = store_at(world.path)
        begin = time.monotonic()
        outcomes = await asyncio.gather(*(store.search(for_ever) for _ in range(5)), return_exceptions=True)
        assert [type(each) for each in outcomes] == [SearchEndedError] * 5
        assert "took longer than 0.3 seconds and was ended; look for fewer" in str(outcomes[0])
        assert time.monotonic() - begin < PATIENCE
        for _ in range(20):
            assert (await world.engine.search(world.dataset, "words")).total == 1

    asyncio.run(run())


def test_argilla_server_answers_that_it_cannot_be_processed(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from argilla_server.errors.future import UnprocessableEntityError

    from sharegpt_argilla.embedded_argilla.engine import index_search

    monkeypatch.setattr(search_limits, "SEARCH_SECONDS", 0.2)
    monkeypatch.setattr(index_search, "search_records", lambda connection, *_: for_ever(connection))
    world.add("a", "some words")
    with pytest.raises(UnprocessableEntityError) as refused:
        world.run("search", world.dataset, query="words", user_id=world.user("ana").id)
    assert "took longer than" in refused.value.message


def test_a_search_ends_with_its_client(world: Any) -> None:
    world.add("a", "some words")
    client = Client()

    async def run() -> None:
        client_presence._client.set(client)
        search = asyncio.create_task(store_at(world.path).search(for_ever))
        await asyncio.sleep(0.3)
        assert not search.done()
        client.gone = True
        with pytest.raises(SearchEndedError, match="nobody waits"):
            await search

    begin = time.monotonic()
    asyncio.run(run())
    assert time.monotonic() - begin < search_limits.SEARCH_SECONDS


def test_an_error_of_its_own_stays_what_it_is(world: Any) -> None:
    def wrong(connection: sqlite3.Connection) -> None:
        connection.execute("SELECT 1 FROM nowhere")

    with pytest.raises(EmbeddedArgillaError, match="no such table") as failed:
        asyncio.run(store_at(world.path).search(wrong))
    assert not isinstance(failed.value, SearchEndedError)


def test_a_person_has_one_turn_at_a_time() -> None:
    running: list[str | None] = []
    most: dict[str | None, int] = {}

    async def search(turns: Turns, person: str | None) -> None:
        async with turns.of(person):
            running.append(person)
            most[person] = max(most.get(person, 0), running.count(person))
            await asyncio.sleep(0.01)
            running.remove(person)

    async def run() -> Turns:
        turns = Turns()
        await asyncio.gather(*(search(turns, person) for person in ("ana", "ben", None) for _ in range(4)))
        return turns

    turns = asyncio.run(run())
    assert most == {"ana": 1, "ben": 1, None: 4}
    assert not turns._turns


class TestLoosePhrases:
    def expression(self, text: str) -> str:
        return compile_text_query(text, Columns(("a",), whole_document=True)) or ""

    def test_many_different_words_only_have_to_be_there(self) -> None:
        assert MAX_NEAR == 16
        words = [f"w{number}" for number in range(17)]
        assert "NEAR" in self.expression(f'"{" ".join(words[:16])}"~5')
        many = self.expression(f'"{" ".join(words)}"~5')
        assert "NEAR" not in many
        assert all(f'"{word}"' in many for word in words)

    def test_a_word_that_is_repeated_counts_once_and_finds_the_same(self) -> None:
        assert self.expression('"the of the of"~9') == self.expression('"the of"~9')
        draw = random.Random(3)
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("CREATE VIRTUAL TABLE t USING fts5(a)")
            texts = [(" ".join(draw.choices(COMMON, k=12)),) for _ in range(500)]
            database.executemany("INSERT INTO t VALUES (?)", texts)
            for slop in (1, 2, 5):
                for _ in range(20):
                    words = draw.choices(COMMON[:6], k=4)
                    quoted = " ".join(f'"{word}"' for word in words)
                    repeated = f"NEAR({quoted}, {slop})"
                    query = "SELECT rowid FROM t WHERE t MATCH ? ORDER BY rowid"
                    expected = database.execute(query, (repeated,)).fetchall()
                    once = self.expression(f'"{" ".join(words)}"~{slop}')
                    assert database.execute(query, (once,)).fetchall() == expected

    def test_time_grows_with_the_words_and_not_with_their_square(self) -> None:
        """500 words took a minute for 2,000 texts, and 64 a second."""
        draw = random.Random(1)
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("CREATE VIRTUAL TABLE t USING fts5(a)")
            texts = [(" ".join(draw.choices(COMMON, k=300)),) for _ in range(500)]
            database.executemany("INSERT INTO t VALUES (?)", texts)

            def seconds(count: int) -> float:
                text = f'"{" ".join(draw.choices(COMMON, k=count))}"~900'
                begin = time.process_time()
                database.execute("SELECT COUNT(*) FROM t WHERE t MATCH ?", (self.expression(text),)).fetchone()
                return time.process_time() - begin

            few = max(seconds(64) for _ in range(5))
            # Fourteen times as many words: 14 if time grows with them, 198 with their square.
            assert seconds(900) < 60 * max(few, 0.002)
