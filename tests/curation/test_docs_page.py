"""docs/curation.md: its numbers are those that the real files give."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.curation_precision import checks_table, seen_table, unseen_table
from tests.projects import ROOT

PAGE = ROOT / "docs" / "curation.md"


def table(data: Path, *columns: str) -> list[str]:
    spec = importlib.util.spec_from_file_location("count_checks", ROOT / "docs" / "count_checks.py")
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if columns:
        module.FILES = {name: module.FILES[name] for name in columns}
    return module.table(data).splitlines()


def documented() -> list[list[str]]:
    lines = PAGE.read_text(encoding="utf-8").split("## What they find")[1].split("## Precision")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def test_the_counts_of_one_file_are_those_of_the_page(real_data: Path) -> None:
    head, _, *lines = documented()
    place = head.index("malay")
    expected = {line[0]: line[place] for line in lines if line[place]}
    counted = [[cell.strip() for cell in line.strip("|").split("|")] for line in table(real_data, "malay")[2:]]
    assert dict(counted) == expected


@pytest.mark.parametrize("table", [checks_table, unseen_table, seen_table])
def test_the_tables_of_checks_and_precision_are_those_of_the_page(table: Callable[[], list[str]]) -> None:
    assert "\n".join(table()) + "\n\n" in PAGE.read_text(encoding="utf-8")


@pytest.mark.slow
def test_all_counts_are_those_of_the_page(real_data: Path) -> None:
    counted = [[cell.strip() for cell in line.strip("|").split("|")] for line in table(real_data)]
    assert counted == documented()
