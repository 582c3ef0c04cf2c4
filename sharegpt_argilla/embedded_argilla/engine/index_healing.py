"""Repairs the index while the server runs: a damaged or deleted one is made anew from the database.

Only the server does it. In the worker, and where nobody has said how, the error remains.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sharegpt_argilla.errors import EmbeddedArgillaError

HEAL_WITHIN = 20.0
"""Seconds that a request waits for the repair, which takes a second for some thousand records."""

_LOG = logging.getLogger(__name__)

Repair = Callable[[], Awaitable[object]]
Result = TypeVar("Result")


class IndexUnusableError(EmbeddedArgillaError):
    """The index is damaged, or lacks a dataset; a repair helps."""


class Healer:
    """One repair at a time, for all requests that meet the damaged index."""

    def __init__(self) -> None:
        self.repair: Repair | None = None
        self._task: asyncio.Task[None] | None = None

    async def retried(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """What ``work`` returns, once more after a repair if the index was unusable.

        Raises:
            IndexUnusableError: nobody repairs here, or it takes longer than `HEAL_WITHIN`.
        """
        try:
            return await work()
        except IndexUnusableError:
            if self.repair is None or not await self._healed(self.repair):
                raise
            return await work()

    async def _healed(self, repair: Repair) -> bool:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._heal(repair))
        done, _ = await asyncio.wait({self._task}, timeout=HEAL_WITHIN)
        return bool(done)

    async def _heal(self, repair: Repair) -> None:
        _LOG.warning("the search index cannot be used; it is repaired while the server runs")
        try:
            _LOG.warning("search index repaired: %s", await repair())
        except EmbeddedArgillaError:
            _LOG.exception("the search index cannot be repaired")


HEALER = Healer()
"""The server's; its ``repair`` is set when it starts."""
