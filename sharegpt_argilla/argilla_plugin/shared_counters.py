"""Failed sign-ins in Redis, so that all server processes of an Argilla, on all machines, count together."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisError

from sharegpt_argilla.argilla_plugin.sign_in_limit import (
    FORGET_AFTER,
    FREE_ATTEMPTS,
    FREE_ATTEMPTS_ANYWHERE,
    MAX_WAIT,
    ProcessCounters,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable

PREFIX = "{sharegpt-argilla:sign-ins}:"
"""Of all keys; the braces put them on one node of a cluster, as a script needs them."""

PATIENCE = 1.0
"""Seconds that Redis may take to answer before this process counts by itself."""

# As `Attempts`, by the clock of Redis. A key is gone `FORGET_AFTER` seconds after the last failure.
_BEGIN = """
local time = redis.call('TIME')
local now, wait = time[1] + time[2] / 1000000, 0
for number, key in ipairs(KEYS) do
  local failures = redis.call('HMGET', key, 'count', 'last')
  local beyond = (tonumber(failures[1]) or 0) - tonumber(ARGV[number])
  if failures[1] and beyond >= 0 then
    local pause = math.min(2 ^ math.min(beyond, 10), tonumber(ARGV[3]))
    wait = math.max(wait, tonumber(failures[2]) + pause - now)
  end
end
if wait > 0 then return tostring(wait) end
for _, key in ipairs(KEYS) do
  redis.call('HINCRBY', key, 'count', 1)
  redis.call('HSET', key, 'last', string.format('%.6f', now))
  redis.call('EXPIRE', key, ARGV[4])
end
return '0'
"""
_LOG = logging.getLogger(__name__)


class RedisCounters:
    """`Counters` in Redis; while it does not answer, each process counts for itself.

    Args:
        url: of Redis.
        cluster: whether it is a cluster.
    """

    def __init__(self, url: str, *, cluster: bool = False) -> None:
        make = RedisCluster if cluster else Redis
        self._redis: Any = make.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
        self._alone = ProcessCounters()
        self._is_away = False

    async def begin(self, here: bytes, anywhere: bytes) -> float:
        """As in `sign_in_limit.Counters`."""
        numbers = (FREE_ATTEMPTS, FREE_ATTEMPTS_ANYWHERE, MAX_WAIT, int(FORGET_AFTER))
        wait = await self._asked(self._redis.eval(_BEGIN, 2, _key(here), _key(anywhere), *numbers))
        return await self._alone.begin(here, anywhere) if wait is None else float(wait)

    async def succeeded(self, here: bytes, anywhere: bytes) -> None:
        """As in `sign_in_limit.Counters`."""
        await self._alone.succeeded(here, anywhere)
        await self._asked(self._redis.delete(_key(here), _key(anywhere)))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _asked(self, answer: Awaitable[Any]) -> Any:
        """The answer of Redis; None if there is none."""
        try:
            value = await answer
        except (RedisError, OSError) as error:
            if not self._is_away:
                _LOG.warning("each server process counts failed sign-ins for itself, as Redis is away: %s", error)
            self._is_away = True
            return None
        self._is_away = False
        return value


def _key(key: bytes) -> str:
    return PREFIX + key.hex()
