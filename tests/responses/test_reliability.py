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
    assert [ability["annotator"] for ability in FOUND.abilities] == ["ana", "ben", "cy"]
    for ability in FOUND.abilities:
        right = np.mean([ANSWERS[row][ability["annotator"]] == TRUTH[row] for row in TRUTH])
        assert ability["low"] < right < ability["high"]
        assert ability["answers"] == 300


def test_what_is_confused_comes_first() -> None:
    first = FOUND.confused[:3]
    assert {(entry["right"], entry["given"]) for entry in first} == {
        ("none", "illegal"),
        ("illegal", "harmful"),
        ("harmful", "illegal"),
    }
    assert len(FOUND.confused) <= CONFUSED
    assert all(entry["expected"] >= FEWEST for entry in FOUND.confused)


def test_a_record_where_the_able_disagree_with_the_many_is_listed() -> None:
    listed = {entry["id"]: entry for entry in FOUND.unclear}
    many = {row for row, of_row in ANSWERS.items() if of_row["ben"] == of_row["cy"] != of_row["ana"]}
    assert set(listed) == many
    assert all(
        entry["able"] == ANSWERS[row]["ana"] and entry["many"] == ANSWERS[row]["ben"]
        for row, entry in listed.items()
    )
    right = np.mean([entry["able"] == TRUTH[row] for row, entry in listed.items()])
    assert right > 0.8


def test_an_even_vote_has_no_many() -> None:
    even = {row: {name: of_row[name] for name in ("ana", "ben")} for row, of_row in ANSWERS.items()}
    assert question_reliability(even, LABELS, {}, ordered=False).unclear == []


def test_each_of_several_labels_is_a_question() -> None:
    several = {
        row: {name: frozenset([str(answer), "both"]) for name, answer in of_row.items()}
        for row, of_row in ANSWERS.items()
    }
    gold = {row: frozenset([label, "both"]) for row, label in list(TRUTH.items())[:60]}
    reliability = question_reliability(several, [*LABELS, "both"], gold, ordered=False)
    assert [entry["annotator"] for entry in reliability.abilities] == ["ana", "ben", "cy"]
    assert reliability.abilities[0]["ability"] > reliability.abilities[1]["ability"]
    assert {"right": "illegal", "given": "not illegal"}.items() <= next(
        entry for entry in reliability.confused if entry["right"] == "illegal"
    ).items()
    assert {entry["many"].removeprefix("not ") for entry in reliability.unclear} <= set(LABELS)


def test_the_weightiest_of_all_questions_are_listed() -> None:
    one = {"id": "r", "many": "a", "able": "b"}
    most = {
        name: QuestionReliability([], [], [one | {"weight": weight + number / 100} for number in range(UNCLEAR)])
        for name, weight in (("toxicity", 1), ("intent", 2))
    }
    listed = most_unclear(most)
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
