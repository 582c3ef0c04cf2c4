"""Weights by gold, and what reviewers are shown."""

from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord, Response, ResponseStatus
from sharegpt_argilla.config import ProjectConfig
from sharegpt_argilla.records.record_fields import peer_table
from sharegpt_argilla.responses.rater_models import gold_weights


def record(row: str, *responses: Response) -> AnsweredRecord:
    return AnsweredRecord(row, "completed", responses)


def said(person: str, adjudication: bool = False, status: ResponseStatus = "submitted", **values: Any) -> Response:
    return Response(person, status, values, "2026-01-05T10:00:00Z", adjudication=adjudication)


def test_weights_are_smoothed_shares_of_right_answers() -> None:
    gold: dict[str, dict[str, Any]] = {"a": {"quality": 6, "intent": ["code", "chat"]}, "b": {"quality": 1}}
    records = [
        record("a", said("ana", quality=6, intent=["chat", "code"]), said("ben", quality=5)),
        record(
            "b", said("ana", quality=1), said("ben", status="draft", quality=1), said("judge", True, quality=2)
        ),
        record("c", said("cleo", quality=3)),
    ]
    found = gold_weights(records, gold)
    assert found == {"ana": 4 / 5, "ben": 1 / 3, "cleo": 1 / 2, "judge": 1 / 2}


def questions() -> ProjectConfig:
    note = {"name": "note", "title": "A | note", "type": "text"}
    spans = {"name": "spans", "title": "Spans", "type": "span", "field": "prompt", "labels": {"name": "Name"}}
    order = {"name": "order", "title": "Order", "type": "ranking", "labels": {"one": "One", "two": "Two"}}
    field = {"name": "prompt", "title": "Prompt", "type": "text", "content": "prompt", "required": True}
    asked = [{**order, "required": True}, note, spans]
    named = {"workspace": "w", "dataset": "d", "guidelines": "guidelines.md"}
    return ProjectConfig.model_validate(named | {"fields": [field], "questions": asked})


def test_the_table_shows_every_kind_of_answer_and_runs_nothing() -> None:
    answers: dict[str, dict[str, Any]] = {
        "ana_b": {
            "order": [{"value": "two", "rank": 1}, {"value": "one", "rank": 2}],
            "note": "<img src=x>\n| **so**",
        },
        "ben": {"order": [{"value": "one", "rank": 1}], "spans": [{"label": "name", "start": 3, "end": 9}]},
    }
    text = peer_table("row", answers, questions().questions, names=True)
    assert text.splitlines() == [
        r"|  | ana\_b | ben |",
        "| --- | --- | --- |",
        "| Order | 1. Two, 2. One | 1. One |",
        r"| A \| note | \<img src=x\> \| \*\*so\*\* | – |",
        "| Spans | – | Name 3–9 |",
    ]


def test_the_number_of_an_annotator_says_nothing() -> None:
    answers = {"ana": {"note": "a"}, "ben": {"note": "b"}}
    found = {peer_table(str(row), answers, questions().questions, names=False) for row in range(20)}
    assert len(found) == 2
    assert not any("ana" in text or "ben" in text for text in found)
