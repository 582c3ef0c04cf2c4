"""A rows file in numbers, filters, and a row as annotators will see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sharegpt_argilla.config import load_project
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.project.corpus_overview import Filter, RowsOverview, listed
from sharegpt_argilla.project.suggested_answers import SuggestedAnswers
from sharegpt_argilla.rows import ANNOTATION, Pair, Row, build_row, read_extension, with_extension
from tests.projects import ROOT, write_rows


def row(number: int, question: str, answer: str = "Yes.", **curation: object) -> Row:
    extra = {"lang": "de", "category": "riddle"} if number == 4 else {}
    pair = Pair(question, answer, "s", number, "vicuna", "ShareGPT", "human", "gpt", extra=extra)
    made = build_row(pair, "20230511 15:56:03")
    return with_extension(made, {**read_extension(made), "curation": curation}) if curation else made


@pytest.fixture
def corpus(tmp_path: Path) -> RowsOverview:
    rows = [
        row(1, "Is it raining?", flags=["too_short"], prompt_lang="en", response_lang="en"),
        row(2, "Is it raining again?", flags=["near_duplicate"], prompt_lang="en", dup_of="x"),
        row(3, "今天下雨吗?", "", prompt_lang="zh", flags=[]),
        row(4, "Was ist das? " * 10),
    ]
    rows[1] = suggesting(rows[1], {"question": "intent", "agent": "x", "value": ["code", "chat"], "type": "model"})
    path = write_rows(tmp_path / "rows.jsonl", [*rows, rows[0], row(5, "Rewrite this: it rains.")])
    path.write_text(path.read_text(encoding="utf-8") + "no row\n\n", encoding="utf-8")
    return RowsOverview(path, SuggestedAnswers(load_project(ROOT / "dataset-config.yml")).of)


def suggesting(made: Row, *suggestions: object) -> Row:
    """The row as an export writes it; what people saw then counts, whatever a rule says now."""
    return with_extension(made, {**read_extension(made), ANNOTATION: {"suggestions": list(suggestions)}})


def counts(points: list[dict]) -> dict[str, int]:
    return {one["name"]: one["rows"] for one in points if one["rows"]}


def test_overview(corpus: RowsOverview) -> None:
    overview = corpus.overview()
    numbers = ("rows", "unreadable", "conversations", "unanswered", "duplicates", "repeated")
    assert [overview[name] for name in numbers] == [6, 1, 1, 1, 1, 1]
    assert counts(overview["languages"]) == {"en": 3, "zh": 1, "de": 1, "unknown": 1}
    assert counts(overview["response_languages"]) == {"en": 2, "unknown": 2, "de": 1}
    assert counts(overview["categories"]) == {"riddle": 1}
    assert overview["flags"][0] == {"name": "too_short", "rows": 2, "share": 2 / 6}
    assert counts(overview["prompt_lengths"]) == {"≤ 50": 5, "≤ 200": 1}
    assert counts(overview["response_lengths"]) == {"≤ 50": 5}


@pytest.mark.parametrize(
    ("wanted", "turns"),
    [
        (Filter(), [1, 2, 3, 4, 1, 5]),
        (Filter(language="zh"), [3]),
        (Filter(flag="too_short"), [1, 1]),
        (Filter(category="riddle"), [4]),
        (Filter(duplicates=True), [2]),
        (Filter(lengths=(15, 40)), [2, 5]),
        (Filter(text="RAINING again"), [2]),
        (Filter(text="yes", language="de"), [4]),
        (Filter(corpus="gpt4"), []),
        (Filter(suggested=("intent", "code")), [2]),
        (Filter(suggested=("intent", "rewrite")), [5]),
    ],
)
def test_filters(corpus: RowsOverview, wanted: Filter, turns: list[int]) -> None:
    entries, count, whole = corpus.find(wanted)
    assert [one.turn for one in entries] == turns
    assert (count, whole) == (len(turns), True)
    assert [one["turn"] for one in listed(corpus, entries)] == turns


def test_a_row_as_annotators_see_it(corpus: RowsOverview) -> None:
    project = load_project(ROOT / "dataset-config.yml").config
    fields = corpus.as_annotators_see(corpus.entries[1], project)
    corpus.close()
    assert [field["title"] for field in fields] == ["Prompt", "Response", "Earlier in this conversation"]
    assert fields[0]["text"] == "Is it raining again?"
    assert [message["content"] for message in fields[2]["messages"]] == ["Is it raining?", "Yes."]


def test_readability_is_that_of_english(corpus: RowsOverview) -> None:
    found = corpus.readability()
    assert (found["sampled"], found["of"]) == (4, 4)
    assert sum(one["rows"] for one in found["classes"]) == 4


def test_a_file_that_changed_meanwhile_is_not_read_wrongly(corpus: RowsOverview) -> None:
    corpus.path.write_text(json.dumps({"id": "other"}) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="changed in the meantime"):
        corpus.row(corpus.entries[0])


def test_suggestions_are_those_of_the_row_else_of_the_rules(corpus: RowsOverview) -> None:
    found = corpus.overview()["suggested"]
    assert list(found) == ["intent"]
    assert counts(found["intent"]) == {"code": 1, "chat": 1, "rewrite": 1}
    assert {one["share"] for one in found["intent"]} == {1 / 6}
    assert [one["suggested"] for one in listed(corpus, corpus.entries[:2])] == ["", "code, chat"]
