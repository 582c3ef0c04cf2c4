"""What the answers of language models cost, and what each one cost that people agree with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sharegpt_argilla.common.call_usage import CallUsage

Usage = Mapping[str, Mapping[str, CallUsage]]
"""Agent -> row id -> what it took to ask it."""
ReadUsage = Callable[[Collection[str], Collection[str]], Usage]
"""Reads the usage of agents and row ids."""
Suggested = Mapping[str, Mapping[str, Mapping[str, Hashable]]]
"""Question -> agent -> row id -> what it suggested."""
Answers = Mapping[str, Mapping[str, Mapping[str, Hashable]]]
"""Question -> row id -> person -> submitted answer."""


def no_usage(_agents: Collection[str], _rows: Collection[str]) -> Usage:
    """Nothing is known of any agent."""
    return {}


def agent_costs(usage: Usage, suggested: Suggested, answers: Answers) -> list[dict[str, Any]]:
    """Tokens and cost of each agent that was asked over the network.

    Args:
        usage: of the agents.
        suggested: several labels as a frozenset.
        answers: in the same form; questions that cannot be compared left out.

    Returns:
        ``agent``; ``rows`` with counted tokens, and ``uncounted`` ones; ``tokens_in``, ``tokens_out`` and ``cost``
        of these rows; ``answers`` that people answered too, and the ``agreed`` ones among them, which more than
        half of the people gave; ``tokens_per_agreed`` and ``cost_per_agreed`` over the rows that people answered.
        None where it is unknown: without prices, or where nothing agrees.
    """
    return [_costs(agent, usage[agent], suggested, answers) for agent in sorted(usage) if usage[agent]]


def _costs(agent: str, asked: Mapping[str, CallUsage], suggested: Suggested, answers: Answers) -> dict[str, Any]:
    counted = {row: call for row, call in asked.items() if call.tokens is not None}
    tokens_in, tokens_out, cost = _total(counted.values())
    both = [
        (value, list(people.values()))
        for question, of_question in answers.items()
        for row, value in suggested.get(question, {}).get(agent, {}).items()
        if row in counted and (people := of_question.get(row))
    ]
    agreed = sum(2 * given.count(value) > len(given) for value, given in both)
    # An answer that could not be used was paid for too, so rows count and not suggestions.
    spent = _total(call for row, call in counted.items() if any(answers[name].get(row) for name in answers))
    return {
        "agent": agent,
        "rows": len(counted),
        "uncounted": len(asked) - len(counted),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "cost": _rounded(cost),
        "answers": len(both),
        "agreed": agreed,
        "tokens_per_agreed": round((spent[0] + spent[1]) / agreed, 1) if agreed else None,
        "cost_per_agreed": _rounded(spent[2] / agreed) if agreed and spent[2] is not None else None,
    }


def _total(calls: Iterable[CallUsage]) -> tuple[int, int, float | None]:
    """Tokens in, tokens out and cost; each call once, the cost None if one of them has no price."""
    distinct = {call.call: call for call in calls}.values()
    tokens = [call.tokens for call in distinct if call.tokens is not None]
    costs = [call.cost for call in distinct]
    known = [cost for cost in costs if cost is not None]
    cost = sum(known) if known and len(known) == len(costs) else None
    return sum(sent for sent, _ in tokens), sum(back for _, back in tokens), cost


def _rounded(cost: float | None) -> float | None:
    return None if cost is None else round(cost, 8)


def amount(cost: float | None) -> str:
    """A sum of money as text: two decimals from 1 on, else as many as are needed, six at most; a dash for None."""
    if cost is None:
        return "-"
    return f"{cost:,.2f}" if cost >= 1 else f"{cost:.6f}".rstrip("0").removesuffix(".")


def cost_lines(costs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The costs as lines of the report."""
    if not costs:
        return
    yield ""
    yield "tokens and cost of language models, as the endpoint counted them"
    for agent in costs:
        total = "" if agent["cost"] is None else f", {amount(agent['cost'])} in all"
        tokens = f"{agent['tokens_in']:,} tokens in and {agent['tokens_out']:,} out"
        yield f"  {agent['agent']}: {tokens} for {agent['rows']:,} rows{total}"
        if agent["uncounted"]:
            yield f"    {agent['uncounted']:,} rows more without a count"
        each = "" if agent["agreed"] == 0 else f": {agent['tokens_per_agreed']:,.0f} tokens for each"
        each += "" if agent["cost_per_agreed"] is None else f", {amount(agent['cost_per_agreed'])}"
        yield f"    {agent['agreed']:,} of {agent['answers']:,} answers agree with people{each}"
