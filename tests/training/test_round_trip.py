"""What `training` writes of conversations, `extract -m auto` reads back as the same questions and answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sharegpt_argilla.cli import main
from sharegpt_argilla.rows import read_extension
from tests.training.rows import GOOD, row, run

CONVERSATIONS = [
    [("Name a colour.", "Red."), ("Another?", "Blue."), ("And one more?", "Green.")],
    [("What is 2 + 2?", "4")],
    [("Name a colour.", "Black."), ("Another?", "Grey.")],
]
SUFFIXES = {"sharegpt": "jsonl", "messages": "jsonl"}


@pytest.mark.parametrize("layout", SUFFIXES)
@pytest.mark.parametrize("system", ["", "Be brief."])
def test_conversations_come_back(layout: str, system: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [
        row(question, answer, GOOD, session=f"c{number}", turn=turn, **({"system": system} if system else {}))
        for number, pairs in enumerate(CONVERSATIONS)
        for turn, (question, answer) in enumerate(pairs, 1)
    ]
    run(tmp_path, rows, layout, f"trained.{SUFFIXES[layout]}")
    assert main(["extract", f"trained.{SUFFIXES[layout]}", "-m", "auto", "-o", "back.jsonl"]) == 0
    sessions: dict[str, list[tuple[int, str, str]]] = {}
    for line in Path("back.jsonl").read_text(encoding="utf-8").splitlines():
        back = json.loads(line)
        extension = read_extension(back)
        sessions.setdefault(extension["会话"], []).append((extension["多轮序号"], back["问"], back["答"]))
        assert extension.get("system", "") == system
    expected = [[(turn, *pair) for turn, pair in enumerate(pairs, 1)] for pairs in CONVERSATIONS]
    assert list(sessions.values()) == expected
