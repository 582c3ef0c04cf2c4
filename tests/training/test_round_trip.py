"""What `training` writes of conversations, `extract -m auto` reads back as the same questions and answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.cli import main
from sharegpt_argilla.rows import Row, read_extension
from sharegpt_argilla.training.table import FORMATS
from tests.training.rows import GOOD, row, run, sample_of

CONVERSATIONS = [
    [("Name a colour.", "Red."), ("Another?", "Blue."), ("And one more?", "Green.")],
    [("What is 2 + 2?", "4")],
    [("Name a colour.", "Black."), ("Another?", "Grey.")],
]
PAIRS = [pair for pairs in CONVERSATIONS for pair in pairs]
OUTPUTS = {"datasets": "trained", "parquet": "trained.parquet", "csv": "trained.csv", "verl": "trained.parquet"}
WHOLE = (
    *("alpaca", "sharegpt", "messages", "prompt_completion_messages", "kto_messages", "kto_swift", "grpo", "verl"),
    *("datasets", "parquet", "csv"),
)
"""Formats that contain whole conversations, with their system text."""
SINGLE = ("prompt_completion", "kochatgpt_sft", "xturing", "kto")
"""Formats that contain each question with its answer by itself."""
COMPARED = (
    *("dpo", "dpo_messages", "dpo_openai", "dpo_swift", "dpo_llamafactory", "dpo_axolotl", "reward"),
    "kochatgpt_rm",
)
NO_ANSWERS = ("kochatgpt_ppo",)
WRITTEN = ("demonstrations",)
STEPS = ("stepwise",)
NO_CONVERSATION = ("classification",)
"""Labels of texts: there is no answer in it."""

Session = list[tuple[int, str, str]]


def back(rows: list[Row], layout: str, folder: Path) -> list[tuple[Row, dict[str, Any]]]:
    """The rows after ``training`` and ``extract``, each with its extension."""
    output = OUTPUTS.get(layout, f"trained{FORMATS[layout].suffix}")
    run(folder, rows, layout, output)
    assert main(["extract", output, "-m", "auto", "-o", "back.jsonl"]) == 0
    lines = (folder / "back.jsonl").read_text(encoding="utf-8").splitlines()
    return [(read, read_extension(read)) for read in map(json.loads, lines)]


def sessions(rows: list[tuple[Row, dict[str, Any]]]) -> list[Session]:
    grouped: dict[str, Session] = {}
    for read, extension in rows:
        grouped.setdefault(extension["会话"], []).append((extension["多轮序号"], read["问"], read["答"]))
    return list(grouped.values())


def annotated(system: str = "") -> list[Row]:
    extra = {"system": system} if system else {}
    return [
        row(question, answer, GOOD, session=f"c{number}", turn=turn, **extra)
        for number, pairs in enumerate(CONVERSATIONS)
        for turn, (question, answer) in enumerate(pairs, 1)
    ]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_format_is_tried() -> None:
    tried = {*WHOLE, *SINGLE, *COMPARED, *NO_ANSWERS, *WRITTEN, *STEPS, *NO_CONVERSATION}
    assert tried == set(FORMATS)


@pytest.mark.parametrize("layout", WHOLE)
@pytest.mark.parametrize("system", ["", "Be brief."])
def test_whole_conversations_come_back(layout: str, system: str, folder: Path) -> None:
    rows = back(annotated(system), layout, folder)
    expected = [[(turn, *pair) for turn, pair in enumerate(pairs, 1)] for pairs in CONVERSATIONS]
    assert sessions(rows) == expected
    assert {extension.get("system", "") for _, extension in rows} == {system}


@pytest.mark.parametrize("layout", SINGLE)
def test_questions_come_back_with_their_answers(layout: str, folder: Path) -> None:
    rows = back(annotated(), layout, folder)
    assert sessions(rows) == [[(1, *pair)] for pair in PAIRS]


@pytest.mark.parametrize("layout", NO_ANSWERS)
def test_prompts_come_back_unanswered(layout: str, folder: Path) -> None:
    rows = back(annotated(), layout, folder)
    assert [(read["问"], read["答"]) for read, _ in rows] == [(question, "") for question, _ in PAIRS]


@pytest.mark.parametrize("layout", WRITTEN)
def test_what_annotators_wrote_comes_back(layout: str, folder: Path) -> None:
    rows = back([row("Write a haiku.", "Rain.", {"demonstration": "Rain on tin"})], layout, folder)
    assert sessions(rows) == [[(1, "Write a haiku.", "Rain on tin")]]


@pytest.mark.parametrize("layout", STEPS)
def test_an_answer_in_steps_comes_back_as_one(layout: str, folder: Path) -> None:
    ((read, extension),) = back(sample_of(layout), layout, folder)
    assert (read["问"], read["答"]) == ("What is 3 * 4 + 1?", "3 * 4 = 12\n\n12 + 1 = 14")
    assert extension["labels"] == [True, False]


@pytest.mark.parametrize("layout", COMPARED)
def test_answers_come_back_with_their_ranks(layout: str, folder: Path) -> None:
    three = layout == "kochatgpt_rm"
    answers = [("5", 1, 3), ("4", 7, 1), ("Four, I think.", 4, 2)][: 3 if three else 2]
    rows = [
        row("What is 2 + 2?", answer, {**GOOD, "quality": quality}, session="s", rank=rank)
        for answer, quality, rank in answers
    ]
    found = back(rows, layout, folder)
    assert {len({extension["会话"] for _, extension in found}), len(sessions(found))} == {1}
    order = sorted(answers, key=lambda answer: answer[2])
    assert sorted((extension["rank"], read["答"]) for read, extension in found) == [
        (place, answer) for place, (answer, _, _) in enumerate(order)
    ]


@pytest.mark.parametrize("layout", ["dpo_llamafactory", "dpo_messages", "dpo_openai", "dpo_swift", "reward"])
def test_what_was_said_before_the_answers_comes_back_once(layout: str, folder: Path) -> None:
    rows = [
        row("Hello?", "Hello.", GOOD, session="s"),
        row("What is 2 + 2?", "4", {**GOOD, "quality": 7}, session="s", turn=2, rank=1),
        row("What is 2 + 2?", "5", {**GOOD, "quality": 1}, session="s", turn=2, rank=2),
    ]
    found = back(rows, layout, folder)
    assert sessions(found) == [[(1, "Hello?", "Hello."), (2, "What is 2 + 2?", "4"), (2, "What is 2 + 2?", "5")]]


def test_labels_of_texts_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, annotated(), "classification", "labels.jsonl")
    assert main(["extract", "labels.jsonl", "-m", "auto", "-o", "back.jsonl"]) == 1
    assert "no known corpus looks like this (keys: question, text, labels" in capsys.readouterr().err
    assert not (folder / "back.jsonl").exists()
