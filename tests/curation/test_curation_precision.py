"""bench/curation_precision.py: hits to read, and refusals counted on labelled answers."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bench.curation_precision import drawn, judged_refusals, print_hits
from sharegpt_argilla.rows import Pair, build_row, dump_row
from tests.curation.samples import ANSWER, QUESTION, item

REFUSED = "I'm sorry, but I can't help with that."


def test_hits_are_drawn_by_their_texts_and_not_by_their_order() -> None:
    rows = [item(f"{QUESTION} {number}", REFUSED) for number in range(9)] + [item()]
    total, hits = drawn("refusal", rows, 4)
    assert total == 9
    assert drawn("refusal", rows[::-1], 4)[1] == hits
    assert drawn("refusal", rows, 2)[1] == hits[:2]


def test_the_hits_of_rows_files_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [Pair(QUESTION, answer, answer[:3], 1, "vicuna", "x", "human", "gpt") for answer in (REFUSED, ANSWER)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{dump_row(build_row(pair, '20230511 15:56:03'))}\n" for pair in pairs))
    print_hits(["refusal"], [path], 5)
    printed = capsys.readouterr().out
    assert "## refusal: 1 of 2 rows" in printed
    assert REFUSED in printed
    assert ANSWER[:40] not in printed


def test_refusals_are_counted_by_their_labels(tmp_path: Path) -> None:
    labelled = [
        (REFUSED, "2_full_refusal"),
        ("That is not a thing to ask.", "2_full_refusal"),
        (REFUSED, "1_full_compliance"),
        (ANSWER, "1_full_compliance"),
        (REFUSED, "3_partial_refusal"),
    ]
    path = tmp_path / "answers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["prompt", "completion", "final_label"])
        writer.writerows([QUESTION, *row] for row in labelled)
    counted = judged_refusals([path])
    assert "precision 0.67 (0.21 to 0.94, 2 of 3)" in counted
    assert "recall of full refusals 0.50 (0.09 to 0.91, 1 of 2)" in counted
