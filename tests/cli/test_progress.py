"""Bars: how much is done, how fast, and where the total is known, its share and the time left."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import pytest

from sharegpt_argilla.cli.main import main
from sharegpt_argilla.cli.printing import count_lines, progress
from tests.projects import ROOT, some_rows, write_rows

VICUNA = ROOT / "examples" / "sharegpt_vicuna.json"


def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)


def test_a_total_that_is_known_at_the_beginning_or_later(monkeypatch, capsys) -> None:
    at_a_terminal(monkeypatch)
    with progress("records", total=8) as bar:
        bar(2)
    with progress("records") as bar:
        bar(1)
        bar.expect(4)
    shown = capsys.readouterr().err
    assert "0/8 [" in shown
    assert "25%" in shown
    assert "1/4 [" in shown
    assert " records/s" in shown


def test_a_total_is_shown_for_rows_and_for_bytes(tmp_path: Path, monkeypatch, capsys) -> None:
    at_a_terminal(monkeypatch)
    rows = write_rows(tmp_path / "rows.jsonl", some_rows(5))
    assert main(["curate", str(rows), "-o", str(tmp_path / "curated.jsonl")]) == 0
    assert "/5 [" in capsys.readouterr().err
    assert main(["extract", str(VICUNA), "-m", "vicuna", "-o", str(tmp_path / "more.jsonl")]) == 0
    assert f"/{VICUNA.stat().st_size / 1000:.1f}k [" in capsys.readouterr().err


def test_nobody_looks_and_nothing_is_printed(capsys) -> None:
    with progress("records", total=8) as bar:
        bar(2)
        bar.expect(9)
    assert capsys.readouterr().err == ""


def test_lines_are_counted_where_that_costs_nothing(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", some_rows(3))
    assert count_lines(str(rows)) == 3
    packed = tmp_path / "rows.jsonl.gz"
    packed.write_bytes(gzip.compress(rows.read_bytes()))
    assert [count_lines(name) for name in (str(packed), "-", str(tmp_path / "no.jsonl"))] == [None, None, None]
