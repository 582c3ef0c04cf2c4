"""The sections that commands read: ``curation``, ``describe``, ``export`` and ``dashboard``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from sharegpt_argilla.config.base import Name, Section
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.registry import find_plugin, plugin_names

CheckId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
Share = Annotated[float, Field(ge=0, le=1, strict=False)]


class Curation(Section):
    """Checks by their ids, and their thresholds; docs/curation.md has them all.

    ``check``: those that look, where not the default ones. ``skip``: those that do not. ``drop``: those whose rows
    are left out. ``fix``: those that fix. ``redact``: placeholders for private data. ``languages``: those wanted.
    """

    check: list[CheckId] = []
    skip: list[CheckId] = []
    drop: list[CheckId] = []
    fix: list[CheckId] = []
    redact: bool = False
    languages: list[Language] = []
    similarity: Share = 0.7
    toxicity: Share = 0.1
    min_words: Annotated[int, Field(ge=1)] = 3

    def thresholds(self) -> dict[str, float | int]:
        """The numbers, under their names."""
        return {"similarity": self.similarity, "toxicity": self.toxicity, "min_words": self.min_words}


class Describe(Section):
    """The spaCy pipeline: an installed ``model`` (or a folder with one), else a blank one of ``language``."""

    model: Annotated[str, Field(min_length=1)] | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "en"


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
    "model": ("label", "multi_label", "rating"),
}
"""Policy that makes one value of several answers -> the types of question that it fits."""

POLICY_PLUGINS = "sharegpt_argilla.policies"
"""The group of entry points by which other packages add policies."""


def policy_types(name: str) -> Sequence[str]:
    """The types of question that a policy fits.

    Raises:
        ValueError: it is another package's, which cannot be imported.
    """
    if name in POLICY_TYPES:
        return POLICY_TYPES[name]
    try:
        return tuple(getattr(find_plugin(POLICY_PLUGINS, name), "types", ()))
    except UsageError as error:
        raise ValueError(f'export.policies: "{name}" {error}') from error


def _policy_name(name: str) -> str:
    if name not in POLICY_TYPES and name not in plugin_names(POLICY_PLUGINS):
        expected = ", ".join(f"'{policies}'" for policies in (*POLICY_TYPES, *plugin_names(POLICY_PLUGINS)))
        raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})
    return name


PolicyName = Annotated[
    str, AfterValidator(_policy_name), WithJsonSchema({"type": "string", "enum": list(POLICY_TYPES)})
]
StatusName = Literal["submitted", "draft", "discarded"]
Weight = Annotated[float, Field(ge=0, strict=False)]
BY_GOLD = "gold"
"""The word that replaces weights by each person's accuracy on gold rows."""


def _kind(weights: object) -> str:
    return "word" if isinstance(weights, str) else "person"


Weights = Annotated[
    Annotated[Literal["gold"], Tag("word")] | Annotated[dict[str, Weight], Tag("person")], Discriminator(_kind)
]


class Export(Section):
    """How answers become one value a question, and which responses a row carries.

    ``policies``: question -> policy, majority if none is named. ``adjudicators``: people whose answer wins
    over all others. ``weights``: person -> weight of a vote under the policy ``weighted``, 1 if none is given;
    or ``gold``, by how often each person was right on rows whose answers are known.
    ``statuses``: of the responses that rows carry; only submitted ones ever make values.
    ``confidence``: whether rows say how probable each value is.
    ``agents``: whose suggestions count as the answers of one rater more each where that is estimated, with the
    reliability that they show here; never where no person answered.
    """

    policies: dict[Name, PolicyName] = {}
    adjudicators: list[Annotated[str, Field(min_length=1)]] = []
    weights: Weights = {}
    statuses: Annotated[list[StatusName], Field(min_length=1)] = ["submitted"]
    confidence: bool = False
    agents: list[Annotated[str, Field(min_length=1)]] = []

    @property
    def weights_by_hand(self) -> dict[str, float]:
        """Person -> weight, as the file has it; empty if gold decides."""
        return self.weights if isinstance(self.weights, dict) else {}

    @property
    def weighs_by_gold(self) -> bool:
        """Whether votes count by the accuracy on gold rows."""
        return self.weights == BY_GOLD and "weighted" in self.policies.values()


class Dashboard(Section):
    """``leaderboard``: whether annotators see each other's counts by name."""

    leaderboard: bool = False
