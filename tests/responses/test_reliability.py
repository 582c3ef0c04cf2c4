"""Abilities, confused labels, and records where the able disagree with the many."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from sharegpt_argilla.responses.reliability_report import (
    CONFUSED,
    FEWEST,
    UNCLEAR,
    QuestionReliability,
    most_unclear,
    question_reliability,
    reliability_lines,
)

LABELS = ["none", "illegal", "harmful"]
ABILITIES = {"ana": 0.97, "ben": 0.6, "cy": 0.6}


def crowd(count: int = 300) -> tuple[dict[str, dict[str, Hashable]], dict[str, str]]:
    """Answers of one able person and two who take "harmful" for "illegal"; and the truth."""
    random = np.random.default_rng(4)
    truth = {f"r{number:03}": LABELS[number % 3] for number in range(count)}
    wrong = {"none": "illegal", "illegal": "harmful", "harmful": "illegal"}
    return {
        row: {name: right if random.random() < able else wrong[right] for name, able in ABILITIES.items()}
        for row, right in truth.items()
    }, truth


ANSWERS, TRUTH = crowd()
FOUND = question_reliability(ANSWERS, LABELS, dict(list(TRUTH.items())[:60]), ordered=False)


def test_abilities_have_intervals_that_contain_them() -> None:
    assert [one["annotator"] for one in FOUND.abilities] == ["ana", "ben", "cy"]
    for one in FOUND.abilities:
        right = np.mean([ANSWERS[row][one["annotator"]] == TRUTH[row] for row in TRUTH])
        assert one["low"] < right < one["high"]
        assert one["answers"] == 300


def test_what_is_confused_comes_first() -> None:
    first = FOUND.confused[:3]
    assert {(one["right"], one["given"]) for one in first} == {
        ("none", "illegal"),
        ("illegal", "harmful"),
        ("harmful", "illegal"),
    }
    assert len(FOUND.confused) <= CONFUSED
    assert all(one["expected"] >= FEWEST for one in FOUND.confused)


def test_a_record_where_the_able_disagree_with_the_many_is_listed() -> None:
    listed = {one["id"]: one for one in FOUND.unclear}
    many = {row for row, of_row in ANSWERS.items() if of_row["ben"] == of_row["cy"] != of_row["ana"]}
    assert set(listed) == many
    assert all(
        one["able"] == ANSWERS[row]["ana"] and one["many"] == ANSWERS[row]["ben"] for row, one in listed.items()
    )
    right = np.mean([one["able"] == TRUTH[row] for row, one in listed.items()])
    assert right > 0.8


def test_an_even_vote_has_no_many() -> None:
    even = {row: {name: of_row[name] for name in ("ana", "ben")} for row, of_row in ANSWERS.items()}
    assert question_reliability(even, LABELS, {}, ordered=False).unclear == []


def test_each_of_several_labels_is_a_question() -> None:
    several = {
        row: {name: frozenset([str(one), "both"]) for name, one in of_row.items()}
        for row, of_row in ANSWERS.items()
    }
    gold = {row: frozenset([label, "both"]) for row, label in list(TRUTH.items())[:60]}
    found = question_reliability(several, [*LABELS, "both"], gold, ordered=False)
    assert [one["annotator"] for one in found.abilities] == ["ana", "ben", "cy"]
    assert found.abilities[0]["ability"] > found.abilities[1]["ability"]
    assert {"right": "illegal", "given": "not illegal"}.items() <= next(
        one for one in found.confused if one["right"] == "illegal"
    ).items()
    assert {one["many"].removeprefix("not ") for one in found.unclear} <= set(LABELS)


def test_the_weightiest_of_all_questions_are_listed() -> None:
    one = {"id": "r", "many": "a", "able": "b"}
    found = {
        name: QuestionReliability([], [], [one | {"weight": weight + number / 100} for number in range(UNCLEAR)])
        for name, weight in (("toxicity", 1), ("intent", 2))
    }
    listed = most_unclear(found)
    assert len(listed) == UNCLEAR
    assert {item["question"] for item in listed} == {"intent"}
    assert listed[0]["weight"] == 2.19


def test_the_text_names_people_and_records() -> None:
    report: dict[str, Any] = {
        "abilities": {"toxicity": FOUND.abilities},
        "confused": {"toxicity": FOUND.confused},
        "unclear": most_unclear({"toxicity": FOUND}),
    }
    lines = "\n".join(reliability_lines(report))
    assert "toxicity: ana 0.9" in lines
    assert "toxicity: illegal for none, about " in lines
    assert f"by the able  {report['unclear'][0]['id']}" in lines
    assert list(reliability_lines({"abilities": {}})) == []
