"""What is true of every corpus in the table, found there by name."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.base import Configurable, Conversation, Corpus, GatheringCorpus, Options
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.pairing.pairing import Pairer
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import build_row, check_row
from sharegpt_argilla.workflows.extract import extract
from tests.corpora.reading import (
    check_every_turn_is_counted,
    conversations,
    pair_up,
    sample,
    sample_records,
)
from tests.projects import ROOT

each_corpus = pytest.mark.parametrize("corpus", CORPORA.values(), ids=list(CORPORA))


@each_corpus
def test_it_is_registered_under_its_own_name(corpus: Corpus) -> None:
    assert CORPORA[corpus.name] is corpus
    assert corpus.title
    assert corpus.source
    assert corpus.container in ("json", "text")


@each_corpus
def test_its_sample_gives_rows_without_rejects(corpus: Corpus, tmp_path: Path) -> None:
    summary = extract([sample(corpus)], corpus.name, tmp_path / "rows.jsonl")
    rows = [check_row(json.loads(line)) for line in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == summary.rows > 4
    assert len({row["id"] for row in rows}) == len(rows)
    assert {row["来源"] for row in rows} == {corpus.source}
    assert {json.loads(row["元数据"]["扩展字段"])["解析模型"] for row in rows} == {corpus.name}
    assert summary.counts.rejected == 0
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


@each_corpus
def test_every_record_of_its_sample_has_its_outline(corpus: Corpus) -> None:
    assert all(corpus.is_record(record) for record in sample_records(corpus))


@each_corpus
@pytest.mark.parametrize("value", [None, 1, "text", [], {}, {"conversations": None}, {"message": "limit reached"}])
def test_it_rejects_what_is_no_record(corpus: Corpus, value: object) -> None:
    assert not corpus.is_record(value)
    with pytest.raises(RejectedError):
        corpus.read(value)


@each_corpus
def test_every_turn_of_its_sample_is_counted(corpus: Corpus) -> None:
    records = sample_records(corpus)
    _, counts = pair_up(corpus, records)
    check_every_turn_is_counted(conversations(corpus, records), counts)


@pytest.mark.parametrize("name", [name for name, corpus in CORPORA.items() if isinstance(corpus, Configurable)])
def test_options_change_how_it_is_read_but_not_what_it_is(name: str) -> None:
    corpus = CORPORA[name]
    assert isinstance(corpus, Configurable)
    asked = corpus.with_options(Options(keep_origin=True, ranking="rank", salt="pepper"))
    assert (asked.name, asked.title, asked.source) == (corpus.name, corpus.title, corpus.source)
    assert isinstance(asked, Configurable)
    assert asked.with_options(Options()) == corpus.with_options(Options())


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["", " ", "user", "gpt", "<|bot|>: **User**", "<p>", "\ud800", "2023-05-11", "model_a"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def damaged_records(draw: st.DrawFn, records: list[Any]) -> Any:
    """A record of a sample with something else in one or two places, or any value at all."""
    record = draw(st.sampled_from(records))
    if isinstance(record, str):
        cut = draw(st.integers(0, len(record)))
        return record[:cut] + draw(st.text(max_size=8)) + record[draw(st.integers(0, len(record))) :]
    for _ in range(draw(st.integers(1, 2))):
        record = _with_damage(draw, record)
    return record


def _with_damage(draw: st.DrawFn, value: Any) -> Any:
    """The value with another in one place inside; a key may also be missing."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 9)) == 0:
        return draw(values)
    if isinstance(value, list):
        place = draw(st.integers(0, len(value) - 1))
        return [_with_damage(draw, item) if at == place else item for at, item in enumerate(value)]
    key = draw(st.sampled_from(sorted(value)))
    if draw(st.integers(0, 4)) == 0:
        return {other: item for other, item in value.items() if other != key}
    return {**value, key: _with_damage(draw, value[key])}


@each_corpus
@given(data=st.data())
@settings(deadline=None)
def test_no_value_makes_it_raise_anything_but_rejected(corpus: Corpus, data: st.DataObject) -> None:
    damaged = damaged_records(sample_records(corpus))
    gatherer = corpus.gather() if isinstance(corpus, GatheringCorpus) else None
    conversations: list[Conversation] = []
    for value in data.draw(st.lists(damaged | values, min_size=1, max_size=3)):
        assert corpus.is_record(value) in (True, False)
        try:
            conversations.extend(gatherer.add(value) if gatherer else corpus.read(value))
        except RejectedError as error:
            assert "\n" not in str(error)
    conversations.extend(gatherer.finish() if gatherer else ())
    pairer = Pairer(corpus.name, corpus.source)
    pairs = [pair for conversation in conversations for pair in pairer.add(conversation)]
    for pair in [*pairs, *pairer.finish()]:
        check_row(build_row(pair, "20230511 15:56:03"))
    check_every_turn_is_counted(conversations, pairer.counts)


@each_corpus
def test_it_is_documented(corpus: Corpus) -> None:
    assert f"`{corpus.name}`" in (ROOT / "docs" / "corpora.md").read_text("utf-8")
    assert sample(corpus).name in (ROOT / "examples" / "README.md").read_text("utf-8")
