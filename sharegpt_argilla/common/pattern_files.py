"""Data files with regular expressions: lists of alternatives, and parts that several of them share."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from typing import Any

_PART = re.compile("«(\\w+)»")


def read_toml(file: Traversable) -> dict[str, Any]:
    """The content of a TOML file of the package."""
    return tomllib.loads(file.read_text(encoding="utf-8"))


def alternatives(entries: Sequence[Any], parts: Mapping[str, Sequence[Any]]) -> str:
    """One regular expression of several.

    Args:
        entries: regular expressions, or tables with one under ``pattern`` (and whatever else is to be said of it).
        parts: name -> entries that replace ``«name»`` in an entry.

    Raises:
        KeyError: an entry names a part that is not there.
    """
    patterns = (entry if isinstance(entry, str) else entry["pattern"] for entry in entries)
    joined = "|".join(patterns)
    return _PART.sub(lambda name: alternatives(parts[name[1]], parts), joined)
