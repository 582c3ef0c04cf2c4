"""Rows to curate."""

import json
import random
from pathlib import Path
from typing import Any

from sharegpt_argilla.rows import Pair, Row, build_row, dump_row
from sharegpt_argilla.workflows.curate import CurateSummary, curate
from tests.curation.samples import ANSWER, QUESTION


def row(question: str = QUESTION, answer: str = ANSWER, session: str = "s", turn: int = 1, **extra: Any) -> Row:
    pair = Pair(
        question, answer, session, turn, "vicuna", "ShareGPT", "human", "gpt" if answer else "", extra=extra
    )
    return build_row(pair, "20230511 15:56:03")


def write(path: Path, rows: list[Row]) -> Path:
    path.write_text("".join(f"{dump_row(one)}\n" for one in rows), encoding="utf-8")
    return path


def read(path: Path) -> list[tuple[Row, dict[str, Any]]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(one, json.loads(one["元数据"]["扩展字段"])["curation"]) for one in rows]


def curated(
    folder: Path, rows: list[Row], **options: Any
) -> tuple[list[tuple[Row, dict[str, Any]]], CurateSummary]:
    """The rows that `curate` writes, with what is under `curation`, and the summary."""
    summary = curate(write(folder / "rows.jsonl", rows), folder / "curated.jsonl", **options)
    return read(folder / "curated.jsonl"), summary


def repeating_rows(count: int = 600) -> list[Any]:
    """Rows of which many repeat an earlier prompt, word for word or nearly, in conversations of up to three."""
    chance = random.Random(1)
    words = [f"word{number}" for number in range(13)]
    prompts = [" ".join(chance.choices(words, k=20)) for _ in range(count // 4)]
    rows = []
    for number in range(count // 3):
        for turn in range(1, chance.randint(1, 3) + 1):
            prompt = chance.choice(prompts)
            if chance.random() < 0.4:
                prompt += f" {chance.choice(words)}"
            answer = "" if chance.random() < 0.1 else f"answer {number} of {turn}"
            rows.append(row(prompt, answer, session=f"s{number}", turn=turn))
    return rows
