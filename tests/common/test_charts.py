"""What a chart draws: its axis, and the texts next to its marks."""

from __future__ import annotations

import json
from typing import Any

from sharegpt_argilla.common.charts import intervals, svg
from sharegpt_argilla.project.team_progress import consensus_shapes

LABELS = ["summarization", "code", "brainstorming", "other"]
"""In a project's order, which is neither that of the alphabet nor of the numbers."""


def shown(alpha: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    return {"value": alpha, "low": low, "high": high, "items": 258}


def label_points() -> list[dict[str, Any]]:
    """What the Team page shows of a question with several labels, two of which have equal numbers."""
    numbers = [shown(0.6, 0.48, 0.72), shown(0.6, 0.48, 0.72), shown(None, None, None), shown(0.1, None, None)]
    labels = dict(zip(LABELS, numbers, strict=True))
    question = {"alpha": numbers[0], "percent_agreement": numbers[0], "labels": labels, "items": 1}
    found = consensus_shapes({"questions": {"intent": question}, "course": [], "left_out": 0})
    points: list[dict[str, Any]] = found["labels"]["intent"]
    return points


def test_the_axis_of_labels_is_the_labels_in_the_projects_order() -> None:
    chart = intervals(label_points(), "label", "label", "alpha of yes and no")
    drawn = chart.to_dict()
    for layer in drawn["layer"]:
        assert layer["encoding"]["y"]["field"] == "label"
        assert layer["encoding"]["y"]["scale"]["domain"] == LABELS
    assert [point["label"] for point in drawn["data"]["values"]] == LABELS


def test_each_label_and_its_own_numbers_are_drawn() -> None:
    picture = svg(intervals(label_points(), "label", "label", "alpha of yes and no"))
    places = [picture.index(f">{label}</text>") for label in LABELS]
    assert places == sorted(places)
    assert picture.count("0.60 [0.48, 0.72] n=258") >= 2
    assert "not defined n=258" in picture


def test_a_value_without_an_interval_has_a_dot_and_no_bar() -> None:
    with_interval, alone = (
        svg(intervals([{"name": "q", **point}], "name", "", "alpha"))
        for point in (shown(0.5, 0.25, 0.75), shown(0.5, None, None))
    )
    assert "0.50 n=258" in alone
    assert with_interval.count("mark-rule") == alone.count("mark-rule")
    assert with_interval.count("#E69F00") == 1
    assert alone.count("#E69F00") == 0
    assert alone.count("#D55E00") == with_interval.count("#D55E00") == 1


def test_the_axis_begins_below_the_least_value() -> None:
    chart = intervals([{"name": "q", **shown(-0.3, None, None)}], "name", "", "alpha").to_dict()
    assert '"domain": [-0.5, 1]' in json.dumps(chart)
