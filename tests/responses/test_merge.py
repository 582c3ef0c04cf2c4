"""Answers in rows: what is added, what stays as it was."""

import json

import pytest

from sharegpt_argilla.annotation import AnsweredRecord, Response, Suggestion
from sharegpt_argilla.responses.merge import (
    Origin,
    answers_of,
    guidelines_hash,
    is_withdrawn,
    merge,
    without_annotation,
)
from sharegpt_argilla.rows import Pair, build_row, dump_row, read_extension, row_id
from tests.corpora.test_field_models import MultiQAExtension, QaData

ORIGIN = Origin("sharegpt-prompts", "0123456789ab", ["quality", "intent", "toxicity"])
ROW = build_row(
    Pair("What is rain?", "Water.", "s1", 1, "vicuna", "ShareGPT", "human", "gpt", extra={"lang": "en"}),
    "20230511 15:56:03",
)


def response(annotator: str, status: str = "submitted", **values: object) -> Response:
    return Response(annotator, status, values, "2026-01-02T03:04:05")  # type: ignore[arg-type]


def answered(*responses: Response) -> AnsweredRecord:
    return AnsweredRecord(ROW["id"], "completed", responses)


def test_a_merged_row_holds_values_and_every_response() -> None:
    merged = merge(ROW, answered(response("ana", quality=6, intent=["code"], toxicity="none")), ORIGIN)
    assert read_extension(merged)["标注"] == {
        "dataset": "sharegpt-prompts",
        "guidelines": "0123456789ab",
        "status": "completed",
        "policy": "majority",
        "quality": 6,
        "intent": ["code"],
        "toxicity": "none",
        "tie": False,
        "responses": [
            {
                "annotator": "ana",
                "status": "submitted",
                "values": {"quality": 6, "intent": ["code"], "toxicity": "none"},
                "submitted_at": "2026-01-02T03:04:05",
            }
        ],
    }


def test_the_rest_of_the_row_and_its_id_stay() -> None:
    merged = merge(ROW, answered(response("ana", quality=6)), ORIGIN)
    assert dump_row(without_annotation(merged)) == dump_row(ROW)
    assert merged["id"] == ROW["id"] == row_id(merged)
    assert list(json.loads(dump_row(merged))) == list(ROW)


def test_merging_again_replaces_what_was_there() -> None:
    once = merge(ROW, answered(response("ana", quality=6)), ORIGIN)
    twice = merge(once, answered(response("ana", quality=2)), ORIGIN)
    assert twice == merge(ROW, answered(response("ana", quality=2)), ORIGIN)


def test_a_tie_is_named_and_a_question_left_open_is_absent() -> None:
    found = read_extension(merge(ROW, answered(response("ana", quality=6), response("ben", quality=2)), ORIGIN))
    assert found["标注"]["quality"] == 6
    assert found["标注"]["tie"] is True
    assert "intent" not in found["标注"]


def test_only_submitted_responses_decide() -> None:
    record = answered(response("ana", "discarded"), response("ben", "draft", quality=1), response("cy", quality=5))
    found = read_extension(merge(ROW, record, ORIGIN))["标注"]
    assert found["quality"] == 5
    assert [item["status"] for item in found["responses"]] == ["discarded", "draft", "submitted"]


@pytest.mark.parametrize("at", ["2026-01-02T03:04:05", ""])
def test_of_two_answers_at_the_same_time_the_later_in_order_counts(at: str) -> None:
    """As in a project of several datasets; an answer without a time counts too."""
    twice = [Response("ana", "submitted", {"quality": quality}, at) for quality in (2, 6)]
    assert answers_of(answered(*twice), "quality") == {"ana": 6}
    assert answers_of(answered(*twice[::-1]), "quality") == {"ana": 2}


def test_measured_time_is_kept_and_unknown_time_is_left_out() -> None:
    timed = Response("ana", "submitted", {"quality": 6}, "2026-01-02T03:04:05", active_seconds=41.5)
    found = read_extension(merge(ROW, answered(timed, response("ben", quality=6)), ORIGIN))["标注"]["responses"]
    assert found[0]["active_seconds"] == 41.5
    assert "active_seconds" not in found[1]


def test_answers_of_another_dataset_are_not_ours_to_withdraw() -> None:
    merged = merge(ROW, answered(response("ana", quality=6)), ORIGIN)
    assert is_withdrawn(merged, ORIGIN)
    assert not is_withdrawn(merged, Origin("another", "0123456789ab", []))
    assert not is_withdrawn(ROW, ORIGIN)


def test_the_hash_names_the_guidelines() -> None:
    assert guidelines_hash("a") != guidelines_hash("b")
    assert len(guidelines_hash("a")) == 12


def test_a_merged_row_of_the_newer_profile_conforms_to_its_field_models() -> None:
    pair = Pair("What is rain?", "Water.", "s1", 2, "vicuna", "ShareGPT", "human", "gpt")
    before = build_row(pair, "20230511 15:56:03", "mnbvc-2025")
    suggestion = Suggestion("intent", ["code"], "rules", [0.5])
    said = AnsweredRecord(before["id"], "completed", [response("ana", quality=6)], [suggestion])
    merged = QaData.model_validate_json(dump_row(merge(before, said, ORIGIN)))
    assert merged.时间 == "20230511"
    assert MultiQAExtension.model_validate_json(merged.元数据.扩展字段).多轮序号 == 2
    assert json.loads(merged.元数据.扩展字段)["标注"]["suggestions"][0]["agent"] == "rules"
