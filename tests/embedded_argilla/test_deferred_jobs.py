"""Jobs that Redis does not take now."""

from __future__ import annotations

import asyncio

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from sharegpt_argilla.argilla_plugin import deferred_jobs
from sharegpt_argilla.argilla_plugin.deferred_jobs import DeferredJobs


class Queue:
    """Takes the place of Redis, which cannot be made to fail at a chosen call."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.down = False

    def delay(self, number: int) -> str:
        if self.down:
            raise RedisConnectionError("down")
        self.taken.append(number)
        return f"job {number}"


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    monkeypatch.setattr(deferred_jobs, "PAUSE", 0.01)
    return Queue()


async def until_taken(queue: Queue, count: int) -> None:
    async with asyncio.timeout(10):
        while len(queue.taken) < count:
            await asyncio.sleep(0.01)


def test_what_redis_does_not_take_is_handed_over_later_in_its_order(queue: Queue) -> None:
    async def work() -> None:
        jobs = DeferredJobs(queue.delay)
        assert jobs(1) == "job 1"
        queue.down = True
        assert [jobs(number) for number in range(2, 300)] == [None] * 298
        await asyncio.sleep(0.05)
        assert queue.taken == [1]
        queue.down = False
        # It waits behind those that wait already.
        assert jobs(300) is None
        await until_taken(queue, 300)
        assert queue.taken == list(range(1, 301))
        await asyncio.sleep(0.05)
        assert jobs(301) == "job 301"

    asyncio.run(work())


def test_only_so_many_wait(queue: Queue, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    monkeypatch.setattr(deferred_jobs, "MOST", 2)

    async def work() -> None:
        jobs = DeferredJobs(queue.delay)
        queue.down = True
        for number in (1, 2, 3):
            jobs(number)
        queue.down = False
        await until_taken(queue, 2)

    asyncio.run(work())
    assert queue.taken == [1, 2]
    assert "2 jobs wait for Redis; one more is lost" in caplog.text


def test_a_job_that_cannot_be_handed_over_at_all_does_not_keep_the_others(queue: Queue, caplog) -> None:
    class Unfit(Queue):
        def delay(self, number: int) -> str:
            if number == 2 and not self.down:
                raise TypeError("cannot pickle the text of somebody")
            return super().delay(number)

    queue = Unfit()

    async def work() -> None:
        jobs = DeferredJobs(queue.delay)
        queue.down = True
        for number in (1, 2, 3):
            jobs(number)
        queue.down = False
        await until_taken(queue, 2)
        await asyncio.sleep(0.05)
        assert jobs(4) == "job 4"

    asyncio.run(work())
    assert queue.taken == [1, 3, 4]
    assert "a job that waited for Redis is lost: TypeError" in caplog.text
    assert "somebody" not in caplog.text


def test_the_event_loop_hands_over_a_hundred_jobs_at_a_time(queue: Queue) -> None:
    """Each is a call that the event loop waits for, and requests wait behind it."""
    in_a_row: list[int] = []

    async def work() -> None:
        jobs = DeferredJobs(queue.delay)
        queue.down = True
        for number in range(250):
            jobs(number)
        queue.down = False
        before = 0
        async with asyncio.timeout(10):
            while len(queue.taken) < 250:
                await asyncio.sleep(0)
                if len(queue.taken) > before:
                    in_a_row.append(len(queue.taken) - before)
                    before = len(queue.taken)

    asyncio.run(work())
    assert in_a_row == [100, 100, 50]


def test_other_errors_are_errors(queue: Queue) -> None:
    def fail(_number: int) -> None:
        raise ValueError("no job")

    with pytest.raises(ValueError, match="no job"):
        DeferredJobs(fail)(1)
