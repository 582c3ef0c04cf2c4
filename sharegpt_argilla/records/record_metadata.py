"""The source of each metadata property of a record: the row, ``curate``, a metric or the assignment plan."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sharegpt_argilla.annotation import MetadataValue
from sharegpt_argilla.common.contract_keys import (
    ASSIGNED_N,
    ASSIGNED_RANK,
    ASSIGNED_TO,
    FLAGS,
    PII,
    PROMPT_LANGUAGE,
    RESPONSE_LANGUAGE,
    TOXICITY,
    curation_block,
)
from sharegpt_argilla.config import ProjectConfig, PropertyConfig, TermsProperty, TextField
from sharegpt_argilla.errors import ConfigError, RejectedError, UnknownNameError
from sharegpt_argilla.records.assignment_plan import Assigned
from sharegpt_argilla.rows import CORPUS, TURN, Row

NOTHING = "none"
"""The value of ``flags`` for a row that was checked and has no flag, so that people can filter for it."""


def _flags(curation: Mapping[str, Any]) -> object:
    flags = curation.get(FLAGS)
    return flags or [NOTHING] if isinstance(flags, list) else None


def _private(curation: Mapping[str, Any]) -> object:
    return sum(curation.get(PII, {}).values()) if curation else None


CURATION_PROPERTIES: dict[str, Callable[[Mapping[str, Any]], object]] = {
    FLAGS: _flags,
    "prompt_language": lambda curation: curation.get(PROMPT_LANGUAGE),
    "response_language": lambda curation: curation.get(RESPONSE_LANGUAGE),
    "pii_count": _private,
    "toxicity_score": lambda curation: curation.get(TOXICITY, {}).get("score"),
}
"""Property -> how it is read from the curation block; the value is None for a row that was never curated."""

DIGITS = 3
"""Decimal places of a float property."""

_RowValue = Callable[[Row, Mapping[str, Any]], object]


def _curated(read: Callable[[Mapping[str, Any]], object], _row: Row, extension: Mapping[str, Any]) -> object:
    return read(curation_block(extension))


OTHER = "other"
"""The option that replaces every value outside the options, if a property has this option."""

ROW_PROPERTIES: dict[str, _RowValue] = {
    "turn": lambda _row, extension: extension.get(TURN),
    "corpus": lambda _row, extension: extension.get(CORPUS),
    "source": lambda row, _extension: row["来源"],
    **{name: partial(_curated, read) for name, read in CURATION_PROPERTIES.items()},
}
"""Property -> how it is read from a row and its extension."""


@dataclass(frozen=True)
class MetadataPlan:
    """Which metrics to compute on which text, and which properties to read from the row.

    Attributes:
        metrics: field name -> metric -> the property for it.
        row_properties: the properties that are read from the row.
    """

    metrics: Mapping[str, Mapping[str, PropertyConfig]]
    row_properties: Sequence[PropertyConfig]

    @property
    def metric_names(self) -> frozenset[str]:
        """Every metric that any field needs."""
        return frozenset(metric for wanted in self.metrics.values() for metric in wanted)

    def from_row(self, row: Row, extension: Mapping[str, Any]) -> dict[str, MetadataValue | None]:
        """The properties that are read from the row; None for those that it lacks.

        Args:
            row: the row.
            extension: its ``扩展字段``, parsed.

        Raises:
            RejectedError: a value is not among the options of the property.
        """
        return {item.name: _fit(item, ROW_PROPERTIES[item.name](row, extension)) for item in self.row_properties}

    def from_numbers(self, numbers: Mapping[str, Mapping[str, float]]) -> dict[str, MetadataValue | None]:
        """The properties that are metrics; None for metrics that are undefined for a text.

        Args:
            numbers: field name -> metric -> value, as measured on the field's text.

        Raises:
            RejectedError: the property does not take numbers.
        """
        return {
            item.name: _fit(item, numbers.get(field, {}).get(metric))
            for field, wanted in self.metrics.items()
            for metric, item in wanted.items()
        }


def plan_metadata(config: ProjectConfig, metrics: Collection[str]) -> MetadataPlan:
    """Find the source of every property by its name: ``<text field>_<metric>`` or a property of the row.

    Raises:
        ConfigError: nothing computes a property of that name.
    """
    fields = [field.name for field in config.fields if isinstance(field, TextField)]
    by_metric = {f"{field}_{metric}": (field, metric) for field in fields for metric in metrics}
    planned: dict[str, dict[str, PropertyConfig]] = {}
    from_row = []
    for item in config.metadata:
        if item.name in ROW_PROPERTIES:
            from_row.append(item)
        elif item.name in by_metric:
            field, metric = by_metric[item.name]
            planned.setdefault(field, {})[metric] = item
        else:
            unknown = UnknownNameError("metadata property", item.name, [*ROW_PROPERTIES, *by_metric])
            raise ConfigError(f"nothing computes it: {unknown}")
    return MetadataPlan(planned, from_row)


def _fit(item: PropertyConfig, value: object) -> MetadataValue | None:
    """``value`` converted to the property's type and clipped to its bounds; None for None."""
    if value is None:
        return None
    if isinstance(item, TermsProperty):
        return [_term(item, term) for term in value] if isinstance(value, list) else _term(item, value)
    if not isinstance(value, int | float):
        raise RejectedError(f"{item.name} is {type(value).__name__}, not a number")
    bounded = min(max(value, item.min), item.max)
    # Argilla refuses 3.0 in an integer property and 3 in a float property.
    return int(bounded) if item.type == "integer" else round(float(bounded), DIGITS)


def _term(item: TermsProperty, value: object) -> str:
    if value in item.options:
        return str(value)
    if OTHER in item.options:
        return OTHER
    raise RejectedError(
        f'{item.name} is "{value}", which is not among its options ({", ".join(item.options)}); '
        "add it to `options` of the metadata property before the dataset is set up"
    )


def assigned_metadata(assigned: Assigned) -> dict[str, Any]:
    """The metadata by which a record carries its part of the plan."""
    return {ASSIGNED_TO: list(assigned.people), ASSIGNED_RANK: assigned.rank, ASSIGNED_N: len(assigned.people)}
