"""The order of a plan's records: what comes first, and what stays in place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sharegpt_argilla.cli.main import main
from sharegpt_argilla.project.teaching_order import unsureness
from sharegpt_argilla.records.assignment_plan import Assigned, Rules, make_plan
from sharegpt_argilla.records.plan_file import assigned_records
from sharegpt_argilla.records.queue_order import diverse, movable, reorder
from sharegpt_argilla.workflows.train import train
from tests.projects import ROOT, write_rows
from tests.training.rows import row as one_row

IDS = [f"r{number:02}" for number in range(40)]
PLAN = make_plan(IDS, ["ana", "ben", "cleo"], Rules(1, 0.2, 3, 7))
FREE = movable(PLAN, begun=["r03", "r04"], known=["r05"])


def ranks(records: dict[str, Assigned]) -> dict[str, int]:
    return {row: entry.rank for row, entry in records.items()}


def test_what_somebody_began_calibration_and_gold_keep_their_ranks() -> None:
    before = dict(PLAN.records())
    calibration = {row for row, entry in before.items() if entry.calibration}
    assert len(calibration) == 8
    assert set(FREE) == set(IDS) - calibration - {"r03", "r04", "r05"}
    assert sorted(FREE, key=lambda row: before[row].rank) == FREE
    after = dict(reorder(PLAN, FREE[::-1]).records())
    assert sorted(FREE, key=lambda row: after[row].rank) == FREE[::-1]
    assert {row: before[row] for row in IDS if row not in FREE} == {
        row: after[row] for row in IDS if row not in FREE
    }
    assert {after[row].rank for row in FREE} == {before[row].rank for row in FREE}
    assert all(after[row].people == before[row].people for row in IDS)
    # Some of them can be ordered, too: they share their own ranks.
    some = ranks(dict(reorder(PLAN, [FREE[5], FREE[2]]).records()))
    assert (some[FREE[5]], some[FREE[2]]) == (before[FREE[2]].rank, before[FREE[5]].rank)


CODE = [f"Write a Python function number {n} that sorts a list of integers and returns it" for n in range(12)]
POEMS = [f"Compose a poem about the autumn moon over the sea, verse {n}" for n in range(6)]
CHINESE = [f"请把第{n}段中文翻译成英文,并解释语法" for n in range(3)]


def test_one_of_each_kind_comes_first_the_largest_kind_first() -> None:
    texts = [*CODE, *POEMS, *CHINESE]
    order = diverse(texts)
    assert sorted(order) == list(range(len(texts)))
    kinds = ["code" if number < 12 else "poem" if number < 18 else "chinese" for number in order]
    # Five kinds are told apart, of three topics: each topic is among the first five.
    assert set(kinds[:5]) == {"code", "poem", "chinese"}
    assert diverse(texts) == order
    assert diverse([]) == []
    assert diverse(["one"]) == [0]
    assert diverse(["same"] * 4) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("chances", "several", "unsure"),
    [
        ({"a": 1.0, "b": 0.0, "c": 0.0}, False, 0.0),
        ({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, False, 1.0),
        ({"a": 0.5, "b": 0.3, "c": 0.2}, False, 0.75),
        ({"a": 0.9, "b": 0.5}, True, 1.0),
        ({"a": 0.9, "b": 0.05}, True, 0.2),
        ({}, True, 1.0),
        ({"a": 1.0}, False, 0.0),
    ],
)
def test_how_unsure_a_classifier_is(chances: dict[str, float], several: bool, unsure: float) -> None:
    assert unsureness(chances, several=several) == pytest.approx(unsure)


Write = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a project file; no Argilla ever ran."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("ARGILLA_API_URL", "ARGILLA_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def write(**sections: Any) -> Path:
        document = yaml.safe_load((ROOT / "dataset-config.yml").read_text(encoding="utf-8"))
        document |= {"people": [{"username": "ana"}, {"username": "ben"}]}
        document |= {"assignment": {"mode": "queue", "seed": 3, "calibration": {"share": 0.25, "overlap": 2}}}
        path = tmp_path / "dataset-config.yml"
        path.write_text(yaml.safe_dump(document | sections, allow_unicode=True), encoding="utf-8")
        (tmp_path / "guidelines.md").write_text("Read.\n", encoding="utf-8")
        return path

    return write


def prompts(folder: Path, texts: list[str]) -> dict[str, str]:
    """Writes rows with these prompts; returns row id -> prompt."""
    rows = [one_row(text, session=f"s{number}") for number, text in enumerate(texts)]
    write_rows(folder / "rows.jsonl", rows)
    return {row["id"]: row["问"] for row in rows}


def planned(folder: Path) -> dict[str, Assigned]:
    (path,) = folder.glob("*.plan.jsonl")
    return dict(assigned_records(path))


def first_ones(folder: Path, texts: dict[str, str]) -> list[str]:
    """The prompts of the records that are no calibration records, in the plan's order."""
    entries = {row: entry for row, entry in planned(folder).items() if not entry.calibration}
    return [texts[row] for row in sorted(entries, key=lambda row: entries[row].rank)]


def test_what_a_trained_model_is_least_sure_of_comes_first(
    project: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project()
    labels = ["code"] * 12 + ["generation"] * 12
    learned = [*CODE, *(f"Compose a poem about the autumn moon, verse {n}" for n in range(12))]
    annotated = [
        one_row(text, values={"intent": [label]}, session=f"s{number}")
        for number, (text, label) in enumerate(zip(learned, labels, strict=True))
    ]
    train(write_rows(tmp_path / "annotated.jsonl", annotated), "model", questions=["intent"], folds=0)
    mixed = "Compose a Python function about the moon that sorts a poem and returns it"
    texts = prompts(tmp_path, [*CODE, mixed, *POEMS, mixed + "!", mixed + "?"])
    command = ["plan", "rows.jsonl", "--order", "uncertain", "--model", "model"]
    assert main([*command, "--dry-run"]) == 0
    assert not list(tmp_path.glob("*.plan.jsonl"))
    capfd.readouterr()
    assert main(command) == 0
    assert "in another order" in capfd.readouterr().err
    order = first_ones(tmp_path, texts)
    unsure = [text for text in order if text.startswith(mixed)]
    assert unsure
    assert order[: len(unsure)] == unsure
    # The same command again changes nothing, and without it the order stays.
    before = planned(tmp_path)
    assert main([*command, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["reordered"] == 0
    assert main(["plan", "rows.jsonl"]) == 0
    assert planned(tmp_path) == before
    assert main(["plan", "rows.jsonl", "--order", "diverse"]) == 0
    assert any("Python" in text for text in first_ones(tmp_path, texts)[:5])
    assert any("moon" in text for text in first_ones(tmp_path, texts)[:5])
    assert main(["plan", "rows.jsonl", "--order", "random"]) == 0
    shuffled = planned(tmp_path)
    assert ranks(shuffled) != ranks(before)
    assert sorted(ranks(shuffled).values()) == list(range(len(texts)))
    calibration = [row for row, entry in before.items() if entry.calibration]
    assert [shuffled[row] for row in calibration] == [before[row] for row in calibration]


def test_what_an_agent_is_least_sure_of_comes_first(project: Write, tmp_path: Path) -> None:
    project(suggestions=[{"type": "intent_rules", "question": "intent"}])
    sure = "Write a Python function that adds two numbers and prints the sum"
    texts = prompts(tmp_path, [*(f"{sure}, please: {n}" for n in range(6)), *(f"hm {n}" for n in range(6))])
    assert main(["plan", "rows.jsonl", "--order", "uncertain"]) == 0
    order = first_ones(tmp_path, texts)
    silent = [text for text in order if text.startswith("hm")]
    assert 0 < len(silent) < len(order)
    assert order[: len(silent)] == silent


def test_without_anything_that_says_how_unsure_it_is(
    project: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project(suggestions=[])
    prompts(tmp_path, CODE)
    assert main(["plan", "rows.jsonl", "--order", "uncertain"]) == 2
    assert "no agent under `suggestions` says how sure it is" in capfd.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["plan", "rows.jsonl", "--order", "uncertain", "--model", "empty"]) == 1
    assert "empty: no classifier for any question with labels" in capfd.readouterr().err
    assert main(["plan", "rows.jsonl", "--order", "random", "--model", "empty"]) == 2
    assert "--model says what is uncertain" in capfd.readouterr().err


@pytest.mark.parametrize("mode", [{"mode": "per_person_datasets"}, {"mode": "queue", "open_queue": True}])
def test_an_order_that_nobody_would_see_is_refused(
    project: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str], mode: dict[str, Any]
) -> None:
    project(assignment=mode)
    prompts(tmp_path, CODE)
    assert main(["plan", "rows.jsonl", "--order", "diverse"]) == 2
    assert "an order reaches nobody without a queue or links" in capfd.readouterr().err
    assert not list(tmp_path.glob("*.plan.jsonl"))
