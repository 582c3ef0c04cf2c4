"""Annotated rows written for the purpose, as ``export-responses`` writes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sharegpt_argilla.rows import ANNOTATION, Pair, Row, build_row, read_extension, with_extension
from sharegpt_argilla.workflows.training import TrainingSummary, training
from tests.projects import ROOT, write_rows

CONFIG = ROOT / "dataset-config.yml"
STEPWISE_CONFIG = Path(__file__).with_name("stepwise_project") / "dataset-config.yml"
TIME = "20230511 15:56:03"
GOOD: dict[str, Any] = {"quality": 6, "intent": ["code", "open_qa"], "toxicity": "none"}


def row(
    prompt: str,
    answer: str = "Yes.",
    values: dict[str, Any] | None = None,
    *,
    session: str = "s",
    turn: int = 1,
    people: Sequence[str] = ("ana",),
    **extra: Any,
) -> Row:
    """One row; annotated by ``people`` where there are ``values``."""
    role = "gpt" if answer else ""
    pair = Pair(prompt, answer, session, turn, "vicuna", "ShareGPT", "human", role, extra=extra)
    made = build_row(pair, TIME)
    return made if values is None else annotated(made, [(person, values) for person in people], **values)


def annotated(made: Row, said: Sequence[tuple[str, dict[str, Any]]], *, tie: bool = False, **values: Any) -> Row:
    """The row with responses, submitted unless a value ``status`` says otherwise."""
    responses = [
        {
            "annotator": person,
            "status": answer.get("status", "submitted"),
            "values": {key: value for key, value in answer.items() if key != "status"},
            "submitted_at": "2026-01-05T10:12:00Z",
        }
        for person, answer in said
    ]
    marked = {
        "dataset": "sharegpt-prompts",
        "guidelines": "5f2b8c01d9e4",
        "status": "completed",
        "policy": "majority",
        **{key: value for key, value in values.items() if key != "status"},
        "tie": tie,
        "responses": responses,
    }
    return with_extension(made, {**read_extension(made), ANNOTATION: marked})


def sample() -> list[Row]:
    """Something for every format: a conversation of two turns, three ranked answers, a demonstration."""
    return [
        row("Name a colour.", "Red.", GOOD, session="kT4mW9x", system="Be brief."),
        row("Another?", "Blue.", {**GOOD, "quality": 3}, session="kT4mW9x", turn=2, system="Be brief."),
        row("What is 2 + 2?", "5", {**GOOD, "quality": 1}, session="a8KpMe0", rank=3),
        row("What is 2 + 2?", "4", {**GOOD, "quality": 7}, session="a8KpMe0", rank=1),
        row("What is 2 + 2?", "Four, I think.", {**GOOD, "quality": 4}, session="a8KpMe0", rank=2),
        row("Write a haiku.", "Rain.", {"demonstration": "Rain on the tin roof"}, session="Ur6dZs4"),
    ]


def sample_of(layout: str) -> list[Row]:
    """Something for that format; steps are judged in a project of its own."""
    marked = {"mistakes": [{"label": "wrong", "start": 11, "end": 22}]}
    judged = row("What is 3 * 4 + 1?", "3 * 4 = 12\n12 + 1 = 14", marked, session="Qp3nYc8")
    return [judged] if layout == "stepwise" else sample()


def save(folder: Path, rows: Sequence[Row]) -> Path:
    return write_rows(folder / "annotated.jsonl", rows)


def run(
    folder: Path, rows: Sequence[Row], layout: str, output: str = "out.jsonl", **options: Any
) -> TrainingSummary:
    """Write a training set of the rows with the configuration that ships."""
    config = STEPWISE_CONFIG if layout == "stepwise" else CONFIG
    return training(save(folder, rows), layout, folder / output, **{"config": config, **options})


def made(folder: Path, rows: Sequence[Row], layout: str, **options: Any) -> list[dict[str, Any]]:
    """The training rows of the rows; none, and no file, where no row is left."""
    summary = run(folder, rows, layout, **options)
    if not sum(summary.written.values()):
        assert not summary.outputs
        return []
    (output,) = summary.outputs
    return [json.loads(line) for line in Path(output).read_text(encoding="utf-8").splitlines()]
