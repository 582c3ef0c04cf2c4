"""Rows to curate."""

import json
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
