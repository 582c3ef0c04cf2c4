"""What the files in ``data`` contain for each check: its patterns by language, and its measured precision.

A table is named for a check. It says ``true_hits``, ``read_hits`` and what was ``read``, or why the check was
``never_judged``. Each table in it, ``parts`` aside, is a set of patterns: a language's code or ``any`` -> regular
expressions, with ``flags`` of `re` (default "i") and a ``source``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from sharegpt_argilla.common.pattern_files import alternatives, read_toml

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


@cache
def all_data() -> Mapping[str, Mapping[str, Any]]:
    """Check -> its table."""
    folder = files("sharegpt_argilla.curation") / "data"
    tables = [read_toml(file) for file in folder.iterdir() if file.name.endswith(".toml")]
    return {check: table for tables_of_file in tables for check, table in tables_of_file.items()}


def check_data(check: str) -> Mapping[str, Any]:
    """The table of a check; empty for a check from another package."""
    return all_data().get(check, {})


def pattern_set(check: str, name: str) -> tuple[dict[str, str], re.RegexFlag]:
    """Language (``any`` for all languages) -> regular expression, and the flags for all of them."""
    table = check_data(check)
    expressions = {
        language: alternatives(entries, table.get("parts", {}))
        for language, entries in table[name].items()
        if language not in ("flags", "source")
    }
    flags = re.RegexFlag(0)
    for letter in table[name].get("flags", "i"):
        flags |= _FLAGS[letter]
    return expressions, flags
