"""Tokens and prices of what a model was asked are kept with its answers, and found by row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sharegpt_argilla.common import http_calls
from sharegpt_argilla.common.cache import DiskCache
from sharegpt_argilla.common.call_usage import (
    CallUsage,
    _row_key,
    link_rows,
    read_usage,
    usage_entry,
    usage_key,
)
from sharegpt_argilla.config import LanguageModel, load_project
from sharegpt_argilla.suggestions.base import Subject
from sharegpt_argilla.suggestions.llm import ChatModel
from tests.projects import ROOT
from tests.suggestions.fake_endpoint import FakeEndpoint, fake_endpoint

PROJECT = load_project(ROOT / "dataset-config.yml")
PRICES = (2.0, 8.0)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEndpoint]:
    monkeypatch.setattr(http_calls, "FIRST_PAUSE", 0.01)
    with fake_endpoint() as fake:
        yield fake


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[DiskCache]:
    with closing(DiskCache(tmp_path / "c.db", 1000)) as opened:
        yield opened


def model(endpoint: FakeEndpoint, cache: DiskCache, *, dry_run: bool = False) -> ChatModel:
    questions = PROJECT.config.questions
    options = LanguageModel(
        type="llm",
        questions=[question.name for question in questions],
        url=endpoint.url,
        model="m",
        price_in=PRICES[0],
        price_out=PRICES[1],
        attempts=1,
    )
    return ChatModel(options, questions, PROJECT.guidelines, cache, dry_run=dry_run)


def subjects(**prompts: str) -> list[Subject]:
    return [Subject(prompt, "An answer.", {}, row) for row, prompt in prompts.items()]


def test_each_row_knows_what_its_call_took(endpoint: FakeEndpoint, cache: DiskCache) -> None:
    agent = model(endpoint, cache)
    asked = subjects(a="plain", b="broken 1: half", c="plain", d="400 9: refused", e="broken 9: never")
    found = agent.suggest(asked)
    usage = read_usage(cache, agent.agent, ["a", "b", "c", "d", "e", "f"])
    assert {row: call.tokens for row, call in usage.items()} == {
        "a": (100, 10),
        "b": (200, 20),
        "c": (100, 10),
        "e": (200, 20),
    }
    assert not found[4]  # paid for, and of no use
    assert {call.prices for call in usage.values()} == {PRICES}
    assert usage["a"].call == usage["c"].call != usage["b"].call
    assert usage["a"].cost == pytest.approx((100 * 2 + 10 * 8) / 1_000_000)
    assert read_usage(cache, "other:00000000", ["a"]) == {}


def test_an_answer_from_the_cache_costs_nothing_new_and_its_usage_is_known(
    endpoint: FakeEndpoint, cache: DiskCache
) -> None:
    model(endpoint, cache).suggest(subjects(a="plain"))
    again = model(endpoint, cache)
    again.suggest(subjects(a="plain", z="plain"))
    assert "0 tokens in and 0 out" in again.report()
    usage = read_usage(cache, again.agent, ["a", "z"])
    assert usage["a"] == usage["z"]
    assert usage["z"].tokens == (100, 10)
    assert endpoint.asked == {"plain": 1}


def test_a_dry_run_keeps_nothing(endpoint: FakeEndpoint, cache: DiskCache) -> None:
    agent = model(endpoint, cache, dry_run=True)
    agent.suggest(subjects(a="plain"))
    assert read_usage(cache, agent.agent, ["a"]) == {}


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        [],
        {"prompt_tokens": 100},
        {"prompt_tokens": "100", "completion_tokens": 10},
        {"prompt_tokens": True, "completion_tokens": 10},
        {"prompt_tokens": -1, "completion_tokens": 10},
    ],
)
def test_what_the_endpoint_does_not_count_is_unknown(
    endpoint: FakeEndpoint, cache: DiskCache, usage: object
) -> None:
    endpoint.usage = usage
    agent = model(endpoint, cache)
    agent.suggest(subjects(a="plain"))
    assert read_usage(cache, agent.agent, ["a"])["a"].tokens is None
    assert read_usage(cache, agent.agent, ["a"])["a"].cost is None
    assert "and 1 requests whose tokens the endpoint does not count" in agent.report()


def test_an_answer_that_was_cached_before_tokens_were_is_unknown(cache: DiskCache) -> None:
    link_rows(cache, "m:1", [("a", usage_key("m:1", "prompt", "response")), ("", b"no row")])
    call = usage_key("m:1", "prompt", "response")
    assert read_usage(cache, "m:1", ["a", ""]) == {"a": CallUsage(call, None, None)}


@pytest.mark.parametrize(
    "entry", [b"1", b"[]", b"{}", b'{"tokens": [1], "prices": [2]}', b'{"tokens": ["1", 2], "prices": [true, 0]}']
)
def test_a_damaged_entry_is_unknown(cache: DiskCache, entry: bytes) -> None:
    call = usage_key("m:1", "prompt", "response")
    link_rows(cache, "m:1", [("a", call)])
    cache.put_many({call: entry})
    assert read_usage(cache, "m:1", ["a"]) == {"a": CallUsage(call, None, None)}
    cache.put_many({call: usage_entry((1, 2), (0, 0.5))})
    assert read_usage(cache, "m:1", ["a"]) == {"a": CallUsage(call, (1, 2), (0.0, 0.5))}


@pytest.mark.parametrize("link", ["1", '""', '"no hex"', "{}"])
def test_a_damaged_link_is_no_link(cache: DiskCache, link: str) -> None:
    cache.put_many({_row_key("m:1", "a"): link.encode()})
    assert read_usage(cache, "m:1", ["a"]) == {}


def test_links_are_written_once(cache: DiskCache) -> None:
    calls = [("a", usage_key("m:1", "prompt", "response"))]
    link_rows(cache, "m:1", calls)
    before = cache._connection.total_changes
    link_rows(cache, "m:1", calls)
    assert cache._connection.total_changes == before
    assert json.loads(usage_entry(None, None)) == {"tokens": None, "prices": None}
