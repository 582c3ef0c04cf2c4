"""The page about a data set: every number is from the rows, and nobody is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.config import load_project
from sharegpt_argilla.responses.agreement_report import build_report
from sharegpt_argilla.responses.datasheet import (
    TENTATIVE,
    DatasheetFacts,
    DatasheetSection,
    datasheet_sections,
    latex_datasheet,
    markdown_datasheet,
)
from sharegpt_argilla.responses.merge import Origin, merge
from sharegpt_argilla.rows import Row
from tests.projects import ROOT, some_rows, write_rows

CONFIG = load_project(ROOT / "dataset-config.yml").config
NAMES = ["quality", "intent", "toxicity"]


def response(who: str, day: int, toxicity: str, **more: Any) -> Response:
    values: dict[str, Any] = {"quality": 4, "intent": ["code"], "toxicity": toxicity}
    return Response(who, "submitted", values, f"2026-02-{day:02}T10:00:00", **more)


def annotated() -> list[Row]:
    """Ten rows: six with two answers, two of them unlike; two with one; one of them adjudicated; two with none."""
    rows = some_rows(10)
    for number in range(8):
        responses = [response("ana-secret", 1 + number, "none", active_seconds=30.0)]
        if number < 6:
            responses.append(response("ben-secret", 2 + number, "harmful" if number < 2 else "none"))
        if number == 0:
            responses.append(response("rita-secret", 20, "none", adjudication=True))
        origin = Origin("d", "first" if number < 3 else "second", NAMES)
        rows[number] = merge(rows[number], AnsweredRecord(rows[number]["id"], "completed", responses), origin)
    return rows


ROWS = annotated()


def sections(rows: list[Row] = ROWS) -> dict[str, DatasheetSection]:
    facts = DatasheetFacts()
    for row in rows:
        facts.add(row)
    return {one.heading: one for one in datasheet_sections(CONFIG, build_report(rows, CONFIG.questions), facts)}


def test_every_number_is_that_of_the_rows() -> None:
    sheet = sections()
    data = " ".join(sheet["Data"].paragraphs)
    assert "8 of 10 rows carry answers of 2 people, between 2026-02-01 and 2026-02-08 (UTC); 8 of them" in data
    assert "ShareGPT (8)" in data
    assert "14 submitted, 0 drafts, 0 discarded" in data
    assert "decided 1 rows" in data
    assert "in 2 versions (hash, rows): second (5), first (3)" in data
    assert sheet["People"].paragraphs == ["Submitted answers for each row: 2 rows by 1, 6 rows by 2."]
    assert sheet["People"].table[1] == ["person 1", "8", "30", "measured"]
    assert sheet["Time"].paragraphs == ["8 of 14 submitted responses have a time: 0.1 hours in all, median 30 s."]
    assert [row[0] for row in sheet["Agreement"].table[1:]] == NAMES
    assert "n=6" in sheet["Agreement"].table[3][1]


def test_limitations_are_those_that_the_numbers_show() -> None:
    limits = " ".join(sections()["Limitations"].paragraphs)
    assert "2 rows rest on the answer of one person (25.0% of the annotated)" in limits
    assert "2 rows have no answer" in limits
    assert f"toxicity: Krippendorff's alpha is -0.100, below {TENTATIVE}" in limits
    assert "6 rows with two answers are too few for an interval" in limits
    assert "The guidelines changed: 2 versions" in limits
    assert "No row has an answer that was known before" in limits
    assert "2 people answered" in limits


def test_confidence_is_there_where_the_rows_have_it() -> None:
    assert "Confidence" not in sections()


@pytest.mark.parametrize("render", [markdown_datasheet, latex_datasheet])
def test_nobody_is_named(render: Any) -> None:
    text = render("d", list(sections().values()))
    assert "secret" not in text
    assert "person 1" in text


def test_signs_of_the_markup_are_escaped() -> None:
    parts = [DatasheetSection("H", ["50 % of a_b & <c> $x$ {y} # ~ ^ \\"], [["a|b", "c"], ["1", "2"]])]
    latex = latex_datasheet("t_1", parts)
    assert r"\section{t\_1}" in latex
    assert r"50 \% of a\_b \& \textless{}c\textgreater{} \$x\$ \{y\} \# \textasciitilde{}" in latex
    assert r"a|b & c \\" in latex
    markdown = markdown_datasheet("t", parts)
    assert r"\<c\>" in markdown
    assert r"| a\|b | c |" in markdown
    assert "| --- | --- |" in markdown


def test_the_command_writes_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "annotated.jsonl", ROWS)
    config = ["--config", str(ROOT / "dataset-config.yml")]
    assert main(["report-agreement", "annotated.jsonl", *config, "--datasheet", "d.md"]) == 0
    assert capfd.readouterr().err.rstrip().endswith("-> d.md")
    assert (tmp_path / "d.md").read_text(encoding="utf-8").startswith("# sharegpt-prompts\n\n## Data\n")
    assert main(["report-agreement", "annotated.jsonl", *config, "--datasheet", "d.tex"]) == 0
    latex = (tmp_path / "d.tex").read_text(encoding="utf-8")
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == 3
    assert not re.search(r"(?<!\\)[%#$]", latex)
