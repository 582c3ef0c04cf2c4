"""Designing a study: what the simulation says, on people of known ability."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sharegpt_argilla.cli.main import main
from sharegpt_argilla.responses.study_design import MOST_RECORDS, Study, design_lines, design_study
from sharegpt_argilla.responses.study_page import design_page
from tests.projects import ROOT, some_rows, write_rows

TEAM = dict.fromkeys(("ana", "ben", "cleo", "dan", "eve"), 0.8)
STUDY = Study(300, TEAM, [0.5, 0.3, 0.2], 0.8, 4, 0.1, 3, 36.0, 20.0)
DESIGN = design_study(STUDY, 0.85)


def test_more_people_are_right_more_often_and_cost_more() -> None:
    fixed = DESIGN.options[:4]
    assert [option.overlap for option in fixed] == [1, 2, 3, 4]
    assert [option.answers for option in fixed] == [360, 630, 900, 1200]
    assert fixed[0].accuracy < fixed[2].accuracy
    assert fixed[3].accuracy > 0.88
    assert fixed[2].alpha_width is not None
    assert fixed[1].alpha_width is not None
    assert fixed[2].alpha_width < fixed[1].alpha_width
    assert [option.hours for option in fixed] == [3.6, 6.3, 9.0, 12.0]
    assert [option.cost for option in fixed] == [72.0, 126.0, 180.0, 240.0]


def test_a_single_person_s_share_of_right_records_is_their_ability() -> None:
    alone = design_study(replace(STUDY, calibration_share=0.0, most=2), 0.5).options[0]
    assert alone.accuracy == pytest.approx(0.8, abs=0.04)
    assert alone.alpha_width is None
    assert alone.answers == 300


def test_asking_until_it_is_settled_takes_fewer_answers_than_the_overlap_that_is_as_right() -> None:
    adapting = DESIGN.options[-1]
    assert adapting.adapts
    as_right = min(option.answers for option in DESIGN.options[:4] if option.accuracy >= adapting.accuracy - 0.01)
    assert adapting.answers < as_right


def test_the_cheapest_that_reaches_the_goal_is_recommended() -> None:
    chosen = DESIGN.options[DESIGN.recommended]
    assert chosen.accuracy >= 0.85
    assert all(option.answers >= chosen.answers for option in DESIGN.options if option.accuracy >= 0.85)
    best = design_study(STUDY, 0.999)
    assert best.options[best.recommended].accuracy == max(option.accuracy for option in best.options)


def test_a_large_study_is_scaled_up() -> None:
    large = design_study(replace(STUDY, records=4 * MOST_RECORDS), 0.85)
    small = design_study(replace(STUDY, records=MOST_RECORDS), 0.85)
    assert large.simulated == MOST_RECORDS
    for many, few in zip(large.options, small.options, strict=True):
        assert many.answers == pytest.approx(4 * few.answers, abs=4)
        assert many.accuracy == few.accuracy
        assert many.alpha_width == pytest.approx(few.alpha_width / 2 if few.alpha_width else None, abs=0.001)


def test_text_and_page_name_every_option() -> None:
    lines = design_lines(DESIGN, cost=True)
    assert len(lines) == 6
    assert lines[DESIGN.recommended + 1].endswith("<- recommended")
    assert "240.00" in lines[4]
    page = design_page(STUDY, DESIGN)
    assert "adapting" in page
    assert "<svg" in page
    assert "240.00" in page
    assert "cost" not in design_page(replace(STUDY, per_hour=None), DESIGN)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    content: dict[str, Any] = yaml.safe_load((ROOT / "dataset-config.yml").read_text(encoding="utf-8"))
    content["people"] = [{"username": name} for name in TEAM]
    (tmp_path / "dataset-config.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
    write_rows(tmp_path / "rows.jsonl", some_rows(60))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_plans_nothing(folder: Path, capfd) -> None:
    before = sorted(path.name for path in folder.iterdir())
    assert main(["plan", "rows.jsonl", "--design", "--abilities", "0.8", "--html", "d.html", "--goal", "0.5"]) == 0
    said = capfd.readouterr()
    assert said.out.startswith("plan           answers")
    assert "recommended: 1 person" in said.err
    assert said.err.rstrip().endswith("-> d.html")
    assert sorted(path.name for path in folder.iterdir()) == sorted([*before, "d.html"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--design"], "--design needs --pilot with annotated rows, or --abilities"),
        (["--design", "--abilities", "0.8", "0.7"], "2 abilities for 5 people; give one for all, or one for each"),
        (["--design", "--pilot", "lost.jsonl"], "lost.jsonl: no such file"),
        (["--design", "--pilot", "rows.jsonl"], 'the pilot says nothing of "toxicity"'),
        (["--design", "--abilities", "0.8", "--question", "intent"], "known: toxicity, quality"),
        (["--abilities", "0.8"], "--pilot, --abilities and --html belong to --design; give it too"),
    ],
)
def test_what_does_not_fit_is_one_line(folder: Path, words: list[str], message: str, capfd) -> None:
    assert main(["plan", "rows.jsonl", *words]) in (1, 2)
    assert message in capfd.readouterr().err
