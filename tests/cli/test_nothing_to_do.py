"""A command that found nothing to do says so, and does not exit with 0."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sharegpt_argilla.cli.load_records import describe, exit_code
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.workflows.load_records import LoadSummary
from tests.projects import ROOT, some_rows, write_rows


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("extract empty.jsonl -m vicuna -o out.jsonl", 1, "no conversation in empty.jsonl"),
        ("extract empty.jsonl -m auto -o out.jsonl", 1, "no conversation in empty.jsonl"),
        ("curate empty.jsonl -o out.jsonl", 1, "0 of 0 rows kept"),
        ("curate rows.jsonl -o out.jsonl --min-words 50 --drop too_short", 1, "0 of 3 rows kept"),
        ("export-responses empty.jsonl -o out.jsonl", 1, "no rows in it"),
        ("report-agreement empty.jsonl", 1, "nobody has answered a row of it"),
        ("report-agreement rows.jsonl --html out.html", 1, "nobody has answered a row of it"),
        ("training empty.jsonl --format alpaca -o out.json", 1, "nothing written, as no row is left"),
        ("training rows.jsonl --format alpaca -o out.json", 1, "3 not annotated -> nothing written"),
        (
            "training rows.jsonl --format alpaca -o out.json --min-quality 9",
            2,
            "the highest rating of quality is 7",
        ),
        ("train empty.jsonl -o model", 1, "0 annotated prompts, and it takes 5 to learn"),
        ("train rows.jsonl -o model", 1, "0 annotated prompts, and it takes 5 to learn"),
        ("import-legacy . -o out.jsonl", 1, "no argilla.yaml"),
    ],
)
def test_nothing_to_do(words: str, code: int, said: str, tmp_path: Path, monkeypatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("dataset-config.yml", "guidelines.md"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "empty.jsonl").touch()
    write_rows(tmp_path / "rows.jsonl", some_rows(3))
    assert main(words.split()) == code
    assert said in capfd.readouterr().err


def test_a_plan_of_nothing(tmp_path: Path, monkeypatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "guidelines.md", tmp_path)
    config = (ROOT / "dataset-config.yml").read_text("utf-8")
    planned = config.replace("\nassignment:\n", "\nassignment:\n  mode: queue\n")
    assert planned != config
    (tmp_path / "dataset-config.yml").write_text(planned, "utf-8")
    (tmp_path / "empty.jsonl").touch()
    assert main(["plan", "empty.jsonl"]) == 1
    assert "empty.jsonl: no rows in it" in capfd.readouterr().err
    assert not list(tmp_path.glob("*.plan.jsonl"))


def test_a_load_of_nothing() -> None:
    assert exit_code(LoadSummary()) == exit_code(LoadSummary(loaded=1, rejected=1)) == 1
    assert list(describe(LoadSummary())) == ["0 loaded", "no row in it; give the rows that `extract` wrote"]
    for one in (LoadSummary(loaded=1), LoadSummary(updated=1), LoadSummary(unchanged=1)):
        assert exit_code(one) == 0
