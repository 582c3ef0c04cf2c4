"""What the requests to a language model took: kept in the cache next to their answers, and read for reports."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.common.cache import DiskCache, cache_key

Tokens = tuple[int, int]
"""Tokens of what was sent, and of what came back."""
Prices = tuple[float, float]
"""Prices of a million tokens that are sent, and of a million that come back."""


@dataclass(frozen=True, slots=True)
class CallUsage:
    """What an agent's question about one record took, a repeated request included.

    Attributes:
        call: the same for rows with the same texts, which are asked about once.
        tokens: as the endpoint counted them; None if it did not.
        prices: None if there are none.
    """

    call: bytes
    tokens: Tokens | None
    prices: Prices | None

    @property
    def cost(self) -> float | None:
        """Of the tokens; None if they or their prices are unknown."""
        if self.tokens is None or self.prices is None:
            return None
        return sum(count * price for count, price in zip(self.tokens, self.prices, strict=True)) / 1_000_000


def usage_key(agent: str, prompt: str, response: str) -> bytes:
    """The key of what it took to ask an agent about these texts."""
    return cache_key("usage", agent, prompt, response)


def usage_entry(tokens: Tokens | None, prices: Prices | None) -> bytes:
    """The entry at that key."""
    return json.dumps({"tokens": tokens, "prices": prices}).encode()


def link_rows(cache: DiskCache, agent: str, calls: Iterable[tuple[str, bytes]]) -> None:
    """Remember which call was about a row, so that it is found without the row's texts.

    Args:
        cache: where the calls are.
        agent: who was asked.
        calls: row id and ``usage_key``; rows without an id are skipped.
    """
    keys = {_row_key(agent, row): call for row, call in calls if row}
    linked = cache.get_json(list(keys))
    new = {key: json.dumps(call.hex()).encode() for key, call in keys.items() if linked.get(key) != call.hex()}
    if new:
        cache.put_many(new)


def read_usage(cache: DiskCache, agent: str, rows: Iterable[str]) -> dict[str, CallUsage]:
    """Row id -> what it took, of the rows that the agent was asked about as far as the cache knows."""
    keys = {_row_key(agent, row): row for row in rows}
    calls = {keys[key]: bytes.fromhex(call) for key, call in cache.get_json(list(keys)).items() if _is_call(call)}
    entries = cache.get_json(list(set(calls.values())))
    return {row: _usage(call, entries.get(call)) for row, call in calls.items()}


def _row_key(agent: str, row: str) -> bytes:
    return cache_key("asked", agent, row)


def _is_call(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(bytes.fromhex(value))
    except ValueError:
        return False


def _usage(call: bytes, entry: object) -> CallUsage:
    # A damaged entry, and an answer from before tokens were kept, are of unknown size.
    known: dict[str, Any] = entry if isinstance(entry, dict) else {}
    tokens, prices = _pair(known.get("tokens"), int), _pair(known.get("prices"), float)
    return CallUsage(call, tokens, prices)


def _pair(value: object, kind: type[Any]) -> Any:
    if not isinstance(value, list) or len(value) != 2:
        return None
    if any(isinstance(each, bool) or not isinstance(each, int | kind) or each < 0 for each in value):
        return None
    return kind(value[0]), kind(value[1])
