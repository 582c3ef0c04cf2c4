"""What the project's language models took so far, from this machine's cache, at the prices of the project file."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from dataclasses import replace

from sharegpt_argilla.common.cache import DiskCache
from sharegpt_argilla.common.call_usage import CallUsage, Prices, read_usage
from sharegpt_argilla.config import LanguageModel, ProjectConfig
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.project.enrichers import ANSWERS_CACHE
from sharegpt_argilla.responses.agent_costs import ReadUsage, Usage
from sharegpt_argilla.settings import default_cache
from sharegpt_argilla.suggestions.llm import CACHE_ENTRIES, model_in_agent, prices_of


def agent_usage(config: ProjectConfig) -> ReadUsage:
    """A function that reads the usage of agents and rows.

    Every version of a prompt has the prices of its model in the file, if that has one pair of them; else those
    with which it was asked. Without a cache nothing is known.

    Args:
        config: the project.
    """

    def read(agents: Collection[str], rows: Collection[str]) -> Usage:
        path = default_cache() / ANSWERS_CACHE
        if not path.exists():
            return {}
        try:
            with closing(DiskCache(path, CACHE_ENTRIES)) as cache:
                return {agent: _priced(read_usage(cache, agent, rows), config, agent) for agent in agents}
        except InputError:
            # A report about people does without what was counted; load-records says what is wrong with the file.
            return {}

    return read


def _priced(usage: dict[str, CallUsage], config: ProjectConfig, agent: str) -> dict[str, CallUsage]:
    prices = _prices(config, agent)
    return {row: replace(call, prices=prices) for row, call in usage.items()} if prices else usage


def _prices(config: ProjectConfig, agent: str) -> Prices | None:
    """The prices of the agent's model; None if the file has none, or different ones."""
    model = agent.rpartition(":")[0]
    sections = [section for section in config.suggestions if isinstance(section, LanguageModel)]
    prices = {prices_of(section) for section in sections if model_in_agent(section.model) == model}
    return prices.pop() if len(prices) == 1 else None
