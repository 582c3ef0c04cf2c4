"""Memory of ``training`` does not grow with the rows: what is known of them is in a temporary database."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from sharegpt_argilla.common.temporary_database import CACHE
from sharegpt_argilla.curation.checks.duplicate_checks import Resembling
from sharegpt_argilla.rows import dump_row
from sharegpt_argilla.training.annotated_file import AnnotatedFile
from sharegpt_argilla.training.base import Unit
from sharegpt_argilla.training.row_index import RowIndex
from sharegpt_argilla.training.splits import Families, digest
from tests.training.rows import GOOD, row

FEW, MANY = 500, 2_500
MOST_OF_A_ROW = 60
"""Bytes for each row that Python may hold; with the entries in memory it was about 700."""
MOST_OF_A_SPLIT = 240
"""Bytes for each row while splits are assigned; they are free again before a row is written."""


def peak(path: Path, count: int, unit: Unit) -> int:
    """The most that Python held while the file was indexed and its units were gone through."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            text = f"Question {number} of them?"
            file.write(dump_row(row(text, "Yes.", GOOD, session=f"c{number // 3}", turn=number % 3 + 1)) + "\n")
    tracemalloc.start()
    try:
        with closing(AnnotatedFile(path, lambda _example: None)) as source:
            plans = source.plans(unit, history=True)
            for plan in plans:
                plan.keys()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("unit", ["row", "comparison", "conversation"])
def test_a_row_more_takes_hardly_more_memory(tmp_path: Path, unit: Unit) -> None:
    few, many = (peak(tmp_path / "annotated.jsonl", count, unit) for count in (FEW, MANY))
    assert (many - few) / (MANY - FEW) < MOST_OF_A_ROW


def test_the_database_holds_no_more_than_its_cache() -> None:
    index = RowIndex()
    assert index._run("PRAGMA cache_size").fetchone() == (-CACHE,)
    assert CACHE == 32 * 1024


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    index = RowIndex()
    index._run("PRAGMA max_page_count = 8")
    with pytest.raises(OSError, match="the index of the rows is in the temporary folder"):
        for number in range(10_000):
            index.is_new(json.dumps(number).encode().ljust(16))


def peak_of_families(count: int) -> int:
    tracemalloc.start()
    try:
        families = Families()
        for number in range(count):
            families.add([digest(f"session {number // 3}"), digest(f"prompt {number}"), digest(f"row {number}")])
        families.assign({"train": 0.5, "test": 0.5}, 1)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_splits_take_little_memory() -> None:
    few, many = peak_of_families(FEW), peak_of_families(10 * MANY)
    assert (many - few) / (10 * MANY - FEW) < MOST_OF_A_SPLIT


def peak_of_prompts(count: int) -> int:
    tracemalloc.start()
    try:
        seen = Resembling(0.7)
        for number in range(count):
            seen.add(" ".join(f"word{number}of{place}" for place in range(6)), str(number))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_prompts_that_others_may_resemble_are_in_a_database() -> None:
    few, many = peak_of_prompts(100), peak_of_prompts(FEW)
    assert (many - few) / (FEW - 100) < MOST_OF_A_ROW
