"""How answers become one value a question, and which responses a row carries."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sharegpt_argilla.config.base import Name, Section

_EVERY = ("label", "multi_label", "rating", "text", "ranking", "span")

POLICY_TYPES = {
    "majority": _EVERY,
    "unanimous": _EVERY,
    "weighted": _EVERY,
    "adjudicated": _EVERY,
    "per_label_majority": ("multi_label",),
    "mean": ("rating",),
    "median": ("rating",),
    "dawid_skene": ("label", "multi_label", "rating"),
    "mace": ("label", "multi_label", "rating"),
}
"""Policy that makes one value of several answers -> the types of question that it fits."""

PolicyName = Literal[
    "majority",
    "unanimous",
    "weighted",
    "adjudicated",
    "per_label_majority",
    "mean",
    "median",
    "dawid_skene",
    "mace",
]
StatusName = Literal["submitted", "draft", "discarded"]


class Export(Section):
    """How answers become one value a question, and which responses a row carries.

    ``policies``: question -> policy, majority where there is none. ``adjudicators``: people whose answer wins
    over all others. ``weights``: person -> weight of a vote under the policy ``weighted``, 1 where there is none.
    ``statuses``: of the responses that rows carry; only submitted ones ever make values.
    """

    policies: dict[Name, PolicyName] = {}
    adjudicators: list[Annotated[str, Field(min_length=1)]] = []
    weights: dict[str, Annotated[float, Field(ge=0, strict=False)]] = {}
    statuses: Annotated[list[StatusName], Field(min_length=1)] = ["submitted"]
