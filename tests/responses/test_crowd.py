"""Dawid-Skene and MACE: what they find where people differ in how reliable they are."""

import json
import random
from typing import Any

import pytest

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.responses.answer_store import AnswerStore
from sharegpt_argilla.responses.export_state import stamp_of
from sharegpt_argilla.responses.merge import Origin
from sharegpt_argilla.responses.policies import FITTED, PolicyChoice
from sharegpt_argilla.responses.rater_models import fit

pytest.importorskip("crowdkit", reason='crowd-kit is not installed: pip install "sharegpt-argilla[crowd]"')

RELIABLE = {"ana": 0.95, "ben": 0.9, "cy": 0.25, "dan": 0.25, "eve": 0.25}


@pytest.fixture(scope="module")
def truth() -> dict[str, str]:
    rng = random.Random(3)
    return {f"row{number:03}": rng.choice(["none", "illegal", "harmful"]) for number in range(80)}


@pytest.fixture(scope="module")
def answers(truth) -> dict[str, dict[str, str]]:
    """Two careful people, and three who mostly say the same wrong thing."""
    rng = random.Random(4)
    wrong = {"none": "illegal", "illegal": "harmful", "harmful": "none"}
    return {
        row: {
            person: right if rng.random() < share else wrong[right] if rng.random() < 0.5 else "none"
            for person, share in RELIABLE.items()
        }
        for row, right in truth.items()
    }


def right(aggregates, truth) -> float:
    return sum(aggregates[row].value == value for row, value in truth.items()) / len(truth)


@pytest.mark.parametrize("policy", FITTED)
def test_reliable_people_outweigh_the_many(policy, answers, truth) -> None:
    votes = {row: max(sorted(set(of.values())), key=list(of.values()).count) for row, of in answers.items()}
    majority = sum(votes[row] == value for row, value in truth.items()) / len(truth)
    assert right(fit(policy, answers), truth) > majority + 0.15


@pytest.mark.parametrize("policy", FITTED)
def test_order_does_not_matter(policy, answers) -> None:
    some = dict(list(answers.items())[:20])
    turned = {row: dict(reversed(of.items())) for row, of in reversed(some.items())}
    assert fit(policy, turned) == fit(policy, some)


def test_several_labels_are_decided_one_by_one(answers, truth) -> None:
    lists = {row: {who: ["code", label] for who, label in of.items()} for row, of in answers.items()}
    found = fit("dawid_skene", lists)
    labels: dict[str, Any] = {row: aggregate.value for row, aggregate in found.items()}
    assert all("code" in value for value in labels.values())
    assert sum(value in labels[row] for row, value in truth.items()) / len(truth) > 0.75


def test_equal_answers_and_numbers() -> None:
    assert fit("dawid_skene", {"r": {"ana": 3}, "s": {"ana": 3, "ben": 3}})["s"].value == 3
    assert fit("dawid_skene", {"r": {"ana": 3, "ben": 3}, "s": {"ana": 5, "ben": 5}})["s"].value == 5
    assert fit("mace", {}) == {}


def test_a_store_gives_each_row_what_was_fitted_and_adjudicators_still_win(answers) -> None:
    policies = PolicyChoice({"toxicity": "dawid_skene"}, adjudicators=["judge"])
    store = AnswerStore(["main"], Origin("main", "g", ["toxicity"], policies))
    records = {
        row: AnsweredRecord(
            row,
            "completed",
            [Response(who, "submitted", {"toxicity": content}, "2026-01-02") for who, content in of.items()],
        )
        for row, of in answers.items()
    }
    ruled = Response("judge", "submitted", {"toxicity": "illegal"}, "2026-01-03")
    records["row000"] = AnsweredRecord("row000", "completed", [*records["row000"].responses, ruled])
    store.fill(0, ((0, f"key-{row}", record, stamp_of(record)) for row, record in records.items()))
    store.fit()
    contents = store.of_rows(sorted(answers))
    assert contents["row000"].marked["policy"] == "adjudicated"
    assert contents["row000"].marked["toxicity"] == "illegal"
    fitted = fit("dawid_skene", {**answers, "row000": {**answers["row000"], "judge": "illegal"}})
    others = [row for row in answers if row != "row000"]
    assert {contents[row].marked["policy"] for row in others} == {"dawid_skene"}
    assert [contents[row].marked["toxicity"] for row in others] == [fitted[row].value for row in others]
    assert all(
        len(json.dumps(content.marked)) > 0 and len(content.marked["responses"]) >= 5
        for content in contents.values()
    )
    store.close()
