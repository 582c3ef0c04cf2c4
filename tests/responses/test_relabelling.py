"""Answers to old questions as answers to new ones."""

from typing import Any

import pytest

from sharegpt_argilla.config.label_map import LabelMap, load_label_map
from sharegpt_argilla.errors import ConfigError, UsageError
from sharegpt_argilla.responses.relabelling import AskedQuestion, Relabelling


def asked(name: str, kind: str, *options: str | int, required: bool = True) -> AskedQuestion:
    return AskedQuestion(name, kind, options, required)


def relabel(
    old: AskedQuestion, new: AskedQuestion, value: Any, labels: dict[Any, Any] | None = None
) -> tuple[Any, str]:
    """The answer as it is afterwards, and the status of a response that was submitted."""
    wanted = LabelMap(
        names={old.name: new.name} if old.name != new.name else {},
        questions={old.name: labels} if labels else {},
    )
    response = {"status": "submitted", "values": {old.name: {"value": value}}}
    mapped = Relabelling([old], [new], wanted).response(response)
    return mapped["values"].get(new.name, {}).get("value"), mapped["status"]


LABELS = {"code": "coding", "old": None}
RANKED = [{"value": "a", "rank": 1}, {"value": "b", "rank": 2}]
SPANS = [{"label": "code", "start": 0, "end": 2}, {"label": "old", "start": 3, "end": 4}]


@pytest.mark.parametrize(
    ("old", "new", "value", "labels", "expected"),
    [
        (asked("q", "text"), asked("q", "text"), "T", None, ("T", "submitted")),
        (asked("q", "text"), asked("p", "text"), "T", None, ("T", "submitted")),
        (asked("q", "rating", 1, 2), asked("q", "rating", 1, 5), 2, {2: 5}, (5, "submitted")),
        (
            asked("q", "label", "code", "old"),
            asked("q", "label", "coding"),
            "code",
            LABELS,
            ("coding", "submitted"),
        ),
        (asked("q", "label", "code", "old"), asked("q", "label", "coding"), "old", LABELS, (None, "draft")),
        (
            asked("q", "multi_label", "code", "old", "x"),
            asked("q", "multi_label", "coding", "x"),
            ["old", "x", "code"],
            LABELS,
            (["x", "coding"], "submitted"),
        ),
        (
            asked("q", "multi_label", "a", "b"),
            asked("q", "multi_label", "c"),
            ["a", "b"],
            {"a": "c", "b": "c"},
            (["c"], "submitted"),
        ),
        (asked("q", "label", "a"), asked("q", "multi_label", "a", "b"), "a", None, (["a"], "submitted")),
        (asked("q", "multi_label", "a", "b"), asked("q", "label", "a", "b"), ["b"], None, ("b", "submitted")),
        (asked("q", "multi_label", "a", "b"), asked("q", "label", "a", "b"), ["a", "b"], None, (None, "draft")),
        (asked("q", "ranking", "a", "b"), asked("q", "ranking", "a", "b"), RANKED, None, (RANKED, "submitted")),
        (asked("q", "ranking", "a", "b"), asked("q", "ranking", "a", "b", "c"), RANKED, None, (None, "draft")),
        (
            asked("q", "span", "code", "old"),
            asked("q", "span", "coding"),
            SPANS,
            LABELS,
            ([{"label": "coding", "start": 0, "end": 2}], "submitted"),
        ),
        (
            asked("q", "label", "a"),
            asked("q", "label", "b", required=False),
            "a",
            {"a": None},
            (None, "submitted"),
        ),
    ],
)
def test_an_answer_finds_its_place(
    old: AskedQuestion, new: AskedQuestion, value: Any, labels: dict[Any, Any] | None, expected: tuple[Any, str]
) -> None:
    assert relabel(old, new, value, labels) == expected


def test_a_discard_stays_a_discard() -> None:
    mapped = Relabelling([asked("q", "text")], [asked("p", "text")], LabelMap(names={"q": None})).response(
        {"status": "discarded", "values": None}
    )
    assert mapped == {"status": "discarded", "values": {}}


@pytest.mark.parametrize(
    ("old", "new", "wanted", "message"),
    [
        (
            asked("q", "text"),
            asked("p", "text"),
            LabelMap(),
            'question "q" of the old dataset is not in the new one',
        ),
        (asked("q", "text"), asked("q", "rating", 1, 2), LabelMap(), "is a text question"),
        (
            asked("q", "label", "a"),
            asked("q", "label", "b"),
            LabelMap(),
            '"a" is no label of the new question "q"',
        ),
        (asked("q", "label", "codes"), asked("q", "label", "code"), LabelMap(), 'did you mean "code"'),
        (asked("q", "label", "a"), asked("q", "label", "a"), LabelMap(questions={"q": {"z": "a"}}), 'has no "z"'),
        (asked("q", "label", "a"), asked("q", "label", "a"), LabelMap(names={"r": "q"}), 'has no question "r"'),
    ],
)
def test_what_is_left_open_is_said(old: AskedQuestion, new: AskedQuestion, wanted: LabelMap, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Relabelling([old], [new], wanted)


def test_a_label_map_is_read(tmp_path) -> None:
    path = tmp_path / "labels.yml"
    path.write_text("names: {remarks: null}\nquestions:\n  intent: {code: coding, old: null}\n  quality: {7: 5}\n")
    assert load_label_map(path) == LabelMap(
        names={"remarks": None}, questions={"intent": {"code": "coding", "old": None}, "quality": {7: 5}}
    )
    assert load_label_map(None) == LabelMap()
    for text in ("question: {}", "- a", "names: {a: [b]}", "{"):
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"labels\.yml"):
            load_label_map(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_label_map(tmp_path / "lost.yml")
