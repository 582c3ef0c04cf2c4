"""Summaries as JSON, for --json: the keys are the public attributes of what a command's function returns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import singledispatch
from math import isfinite
from pathlib import Path
from types import NoneType

from sharegpt_argilla.settings import Home

SECRET = frozenset({"password", "api_key"})
"""Attributes that are never printed: what is printed ends in logs."""


def json_line(summary: object, more: Mapping[str, object]) -> str:
    """One line: the summary's keys, then those of `more`, which take the place of equal ones."""
    content = plain(summary)
    if not isinstance(content, dict):
        raise TypeError(f"{type(summary).__name__} has no attributes to be keys")
    return json.dumps(content | {key: plain(value) for key, value in more.items()}, ensure_ascii=False)


@singledispatch
def plain(value: object) -> object:
    """A value as JSON has it: objects by public attributes, paths and home folders as text, times as ISO 8601.

    Raises:
        TypeError: it is of a type that has no place in a summary.
    """
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no place in a summary")
    return {name: plain(getattr(value, name)) for name in public_attributes(type(value))}


@plain.register(NoneType)
@plain.register(str)
@plain.register(int)
def _itself(value: object) -> object:
    return value


@plain.register
def _number(value: float) -> float | None:
    return value if isfinite(value) else None


@plain.register
def _home(value: Home) -> str:
    return str(value.path)


@plain.register
def _path(value: Path) -> str:
    return str(value)


@plain.register
def _time(value: datetime) -> str:
    return value.isoformat()


@plain.register(Mapping)
def _object(value: Mapping[object, object]) -> dict[str, object]:
    return {str(key): plain(item) for key, item in value.items()}


@plain.register(list)
@plain.register(tuple)
@plain.register(set)
def _list(value: Iterable[object]) -> object:
    return plain(value._asdict()) if hasattr(value, "_asdict") else [plain(item) for item in value]


def public_attributes(kind: type) -> list[str]:
    """The fields and the properties of a dataclass that may be shown, in their order."""
    names = [item.name for item in fields(kind)]
    names += [name for base in kind.__mro__ for name, member in vars(base).items() if isinstance(member, property)]
    return [name for name in names if not name.startswith("_") and name not in SECRET]
