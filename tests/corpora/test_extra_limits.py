"""What a corpus knows in addition to the turns is bounded, and what is dropped is counted."""

import json
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.corpora.formats.base import Conversation
from sharegpt_argilla.corpora.pairing.extra_limits import LONGEST_VALUE, bounded
from sharegpt_argilla.workflows.extract import extract

LIMIT = 10_000


@pytest.mark.parametrize(
    ("value", "kept", "count"),
    [
        ("x" * LIMIT, "x" * LIMIT, {}),
        ("x" * (LIMIT + 1), "x" * LIMIT, {"ends of long extra texts": 1}),
        (["x" * (LIMIT - 4)], ["x" * (LIMIT - 4)], {}),
        (["x" * (LIMIT - 3)], None, {"large extra values": 1}),
        ({"a": "\ud800"}, {"a": "\ud800"}, {}),
        (10**400, 10**400, {}),
    ],
)
def test_a_value_has_a_limit(value: Any, kept: Any, count: dict[str, int]) -> None:
    assert LONGEST_VALUE == LIMIT
    conversation = bounded(Conversation("s", [], extra={"key": value, "n": 1}, left_out={"tool calls": 2}))
    assert conversation.extra.get("key") == kept
    assert conversation.extra["n"] == 1
    assert conversation.left_out == {"tool calls": 2, **count}


def test_the_system_text_is_whole() -> None:
    system = "x" * (LIMIT + 1)
    assert bounded(Conversation("s", [], extra={"system": system})).extra == {"system": system}


def test_pictures_of_a_table_never_become_rows(tmp_path: Path) -> None:
    arrow: Any = pytest.importorskip("pyarrow")
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    picture = {"bytes": b"\x89PNG\xff" * 1000, "path": "a.png"}
    turns = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
    record = {"id": "x", "image": picture, "thumb": b"\xff", "images": [picture, picture], "conversations": turns}
    parquet.write_table(arrow.Table.from_pylist([record]), tmp_path / "a.parquet")
    summary = extract([tmp_path / "a.parquet"], "auto", tmp_path / "rows.jsonl")
    assert summary.counts.left_out == {"values of bytes": 4}
    (line,) = (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()
    extension = json.loads(json.loads(line)["元数据"]["扩展字段"])
    assert extension["image"] == {"path": "a.png"}
    assert extension["images"] == [{"path": "a.png"}] * 2
    assert "thumb" not in extension
