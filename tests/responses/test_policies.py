"""Named policies: what each makes of several answers, and which question it may be used for."""

from typing import Any

import pytest

from sharegpt_argilla.annotation import AnsweredRecord, Response, ResponseStatus
from sharegpt_argilla.config import POLICY_TYPES
from sharegpt_argilla.errors import UnknownNameError
from sharegpt_argilla.responses.join_datasets import join
from sharegpt_argilla.responses.merge import Origin, annotation
from sharegpt_argilla.responses.policies import POLICIES, Aggregate, PolicyChoice, Vote

QUESTIONS = ["quality", "intent", "toxicity"]


@pytest.mark.parametrize(
    ("policy", "answers", "value", "tie"),
    [
        ("mean", [1, 2, 2], 1.6667, False),
        ("mean", [2, 4], 3, False),
        ("median", [7, 1, 2], 2, False),
        ("median", [1, 2], 1.5, False),
        ("unanimous", [5, 5], 5, False),
        ("unanimous", [5, 6], None, True),
        ("unanimous", [["code", "chat"], ["chat", "code"]], ["code", "chat"], False),
        ("per_label_majority", [["code", "chat"], ["code"], ["other"]], ["code"], False),
        ("per_label_majority", [["code", "chat"], ["code"]], ["code"], True),
        ("per_label_majority", [["code"], ["chat"], ["other"]], [], False),
        ("majority", [6, 2], 6, True),
        ("adjudicated", ["none"], "none", False),
    ],
)
def test_each_policy(policy: str, answers: list[Any], value: Any, tie: bool) -> None:
    assert POLICIES[policy]([Vote(answer) for answer in answers]) == Aggregate(value, tie)


def test_weights_count() -> None:
    weights = {"ana": 0.4, "ben": 0.4, "cleo": 1.0}
    choice = PolicyChoice(dict.fromkeys(QUESTIONS, "weighted"), weights=weights)
    votes = {"ana": "none", "ben": "none", "cleo": "harmful"}
    assert choice.decide("toxicity", votes) == ("weighted", Aggregate("harmful", tie=False))
    labels = {"ana": ["code"], "ben": ["code"], "cleo": ["chat"]}
    assert choice.decide("intent", labels) == ("weighted", Aggregate(["chat"], tie=False))
    assert choice.decide("quality", {"ana": 1, "someone": 2}) == ("weighted", Aggregate(2, tie=False))


def test_the_policies_are_those_that_the_configuration_knows() -> None:
    assert set(POLICIES) == set(POLICY_TYPES)
    with pytest.raises(UnknownNameError, match='did you mean "median"'):
        POLICIES["meadian"]


def response(
    annotator: str, time: str = "2026-01-02T03:04:05", status: ResponseStatus = "submitted", **values
) -> Response:
    return Response(annotator, status, values, time)


def found(choice: PolicyChoice, *responses: Response) -> dict:
    origin = Origin("d", "g", QUESTIONS, choice)
    return annotation(AnsweredRecord("r", "completed", responses), origin)


def test_an_adjudicator_wins_and_the_row_says_so() -> None:
    choice = PolicyChoice({"quality": "median"}, ["cleo"])
    row = found(choice, response("ana", quality=1, toxicity="none"), response("cleo", quality=7))
    assert (row["quality"], row["toxicity"]) == (7, "none")
    assert row["policy"] == {"quality": "adjudicated", "intent": "majority", "toxicity": "majority"}
    assert len(row["responses"]) == 2


def test_adjudicated_alone_gives_no_value_without_an_adjudicator() -> None:
    row = found(PolicyChoice(dict.fromkeys(QUESTIONS, "adjudicated"), ["cleo"]), response("ana", quality=1))
    assert "quality" not in row
    assert (row["policy"], row["tie"]) == ("adjudicated", False)


def test_one_policy_for_all_questions_is_one_name() -> None:
    assert found(PolicyChoice(), response("ana", quality=1))["policy"] == "majority"
    every = PolicyChoice(dict.fromkeys(QUESTIONS, "unanimous"))
    row = found(every, response("ana", quality=1), response("ben", quality=2))
    assert (row["policy"], row["tie"], "quality" in row) == ("unanimous", True, False)


def test_joined_datasets_keep_every_response_and_count_each_person_once() -> None:
    main = AnsweredRecord("r", "pending", [response("ana", "2026-01-02", quality=2), response("ben", quality=2)])
    later = AnsweredRecord("r", "completed", [response("ana", "2026-01-03", quality=6)])
    joined = join([("main", main), ("calibration", later)])
    row = annotation(joined, Origin(["main", "calibration"], "g", ["quality"], PolicyChoice({"quality": "mean"})))
    assert row["dataset"] == ["main", "calibration"]
    assert (row["status"], row["quality"]) == ("completed", 4)
    assert [(item["annotator"], item["dataset"]) for item in row["responses"]] == [
        ("ana", "main"),
        ("ben", "main"),
        ("ana", "calibration"),
    ]


def test_rankings_and_spans_are_answers_as_a_whole() -> None:
    first = [{"value": "a", "rank": 1}, {"value": "b", "rank": 2}]
    same = [{"value": "b", "rank": 2}, {"value": "a", "rank": 1}]
    other = [{"value": "b", "rank": 1}, {"value": "a", "rank": 2}]
    span = [{"label": "x", "start": 0, "end": 3}]
    for policy in ("majority", "weighted", "unanimous", "adjudicated"):
        assert POLICIES[policy]([Vote(first)]) == Aggregate(first, tie=False)
        assert POLICIES[policy]([Vote(first), Vote(same)]) == Aggregate(first, tie=False)
        assert POLICIES[policy]([Vote([]), Vote([])]) == Aggregate([], tie=False)
    assert POLICIES["majority"]([Vote(other), Vote(first), Vote(same)]) == Aggregate(first, tie=False)
    assert POLICIES["majority"]([Vote(other), Vote(first)]) == Aggregate(other, tie=True)
    assert POLICIES["majority"]([Vote([]), Vote(span), Vote(span)]) == Aggregate(span, tie=False)
    assert POLICIES["unanimous"]([Vote(other), Vote(first)]) == Aggregate(None, tie=True)
