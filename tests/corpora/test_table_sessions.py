"""Tables with a question in each row: the rows of a session are one conversation."""

import json
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.corpora.formats.base import Options
from sharegpt_argilla.corpora.formats.question_answer import parse_columns
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.workflows.extract import extract
from tests.corpora.test_sessions import told

NAMED = "question=q,answer=a,session=s"


def table(*rows: str) -> list[dict[str, Any]]:
    """``S 1 q``: a row of session S, turn 1, with question q and answer "a q"."""
    return [
        {"q": question, "a": f"a {question}", "s": session, "t": int(turn)}
        for session, turn, question in map(str.split, rows)
    ]


def read(
    folder: Path, *files: list[dict[str, Any]], columns: str = f"{NAMED},turn=t", **options: Any
) -> list[str]:
    rows, _ = told(folder, *files, options=Options(columns=parse_columns(columns)), **options)
    assert all(answer == f"a {question}" for *_, question, answer in rows)
    return [f"{session} {turn} {question}" for session, turn, question, _ in rows]


@pytest.mark.parametrize("options", [{}, {"shard_size": 1}, {"shard_size": 1, "workers": 2}])
def test_rows_of_a_session_are_one_conversation(options: dict[str, Any], tmp_path: Path) -> None:
    rows = ["S 1 q", "T 1 x", "S 2 r", "S 3 s"]
    assert read(tmp_path, table(*rows), **options) == rows


def test_without_a_turn_rows_are_in_their_order(tmp_path: Path) -> None:
    rows = read(tmp_path, table("S 1 q", "T 1 x", "S 1 r"), table("S 1 y", "S 1 z"), columns=NAMED)
    assert rows == ["S 1 q", "T 1 x", "S 2 r", "S/2 1 y", "S/2 2 z"]


def test_a_turn_that_comes_again_begins_another_conversation(tmp_path: Path) -> None:
    rows = read(tmp_path, table("S 1 q", "S 2 r"), table("S 1 x", "S 2 y", "S 3 z"))
    assert rows == ["S 1 q", "S 2 r", "S/2 1 x", "S/2 2 y", "S/2 3 z"]


def test_another_answer_to_the_same_question_is_of_the_same_session(tmp_path: Path) -> None:
    assert read(tmp_path, table("S 1 q", "S 1 q", "S 2 r")) == ["S 1 q", "S 1 q", "S 2 r"]


def test_an_id_that_another_layout_has_is_not_shared(tmp_path: Path) -> None:
    records = [
        {"question": "q", "answer": "a", "session": "S", "turn": 1},
        {"question": "r", "answer": "b", "session": "S", "turn": 2},
    ]
    chat = [{"id": "S", "conversations": [{"from": "human", "value": "h"}, {"from": "gpt", "value": "g"}]}]
    rows, _ = told(tmp_path, chat, records)
    assert [row[:3] for row in rows] == [("S", 1, "h"), ("S#2", 1, "q"), ("S#2", 2, "r")]


def test_numbers_of_pandas_are_numbers(tmp_path: Path) -> None:
    rows = [{"q": "q", "a": "a q", "s": "S", "t": 2.0}]
    assert read(tmp_path, rows) == ["S 2 q"]


def test_a_csv_of_conversations(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xef\xbb\xbfprompt,answer,session,turn\r\nq,a,S,1\r\nr,b,S,2\r\n")
    extract([tmp_path / "x.csv"], "auto", tmp_path / "rows.jsonl", create_time="20230511 15:56:03")
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()]
    places = [json.loads(row["元数据"]["扩展字段"]) for row in rows]
    assert [(place["会话"], place["多轮序号"]) for place in places] == [("S", 1), ("S", 2)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", "q,a\nx,y\n"),
        ("x.jsonl", '{"q": "x", "a": "y"}\n'),
        ("x.json", '[{"q": "x", "a": "y"}]'),
    ],
)
@pytest.mark.parametrize(
    "columns", ["question=q,answer=reply", "question=reply", "question=q,answer=a,session=reply"]
)
def test_a_column_that_is_not_there_is_named(name: str, content: str, columns: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    options = Options(columns=parse_columns(columns))
    with pytest.raises(InputError, match=r'it has no column "reply" \(columns: q, a\)'):
        extract([tmp_path / name], "auto", tmp_path / "rows.jsonl", options=options)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_column_that_only_a_later_record_has_is_there(tmp_path: Path) -> None:
    rows = [{"q": str(number), "s": "S"} for number in range(60)] + [{"q": "last", "a": "b", "s": "S"}]
    options = Options(columns=parse_columns("question=q,answer=a,session=s"))
    read, summary = told(tmp_path, rows, options=options)
    assert read[-1] == ("S", 61, "last", "b")
    assert summary.counts.unanswered == 60
