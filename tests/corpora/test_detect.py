"""Which adapter a file is for: by its content, and only that."""

import json
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.corpora.detection import detect, detect_corpora
from sharegpt_argilla.corpora.formats.base import Corpus
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.reading.inputs import Source
from sharegpt_argilla.errors import InputError
from tests.corpora.layouts import conversation
from tests.corpora.reading import parse, sample_records, shared

SAME_LAYOUT = {"gpt4": "vicuna"}
"""A corpus that its content cannot tell -> the one that is chosen."""


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=list(CORPORA))
def test_every_sample_is_known(corpus: Corpus) -> None:
    records = sample_records(corpus)
    assert detect(records) == SAME_LAYOUT.get(corpus.name, corpus.name)
    assert detect(records[:3]) == SAME_LAYOUT.get(corpus.name, corpus.name)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("vicuna_sample_230629.json", "vicuna"),
        ("gpt4_final_data_sample_230629.json", "vicuna"),
        ("multilang_sample_230914.json", "multilang"),
        ("common_en_sample_230805.json", "common_en"),
        ("common_zh_sample_230805.json", "common_zh"),
        ("baiduzhidao-train-sample.jsonl", "baiduzhidao"),
    ],
)
def test_published_samples_are_known(file: str, name: str) -> None:
    assert detect(parse(shared("mnbvc_samples", file).read_text("utf-8"))) == name


def test_rows_of_a_table_are_known() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(shared("wildchat", "wildchat1m_layout_part.parquet")).slice(0, 20).to_pylist()
    assert detect(rows) == "wildchat"


@pytest.mark.parametrize(
    ("turn", "name"),
    [
        ({"from": "gpt", "value": "a"}, "vicuna"),
        ({"from": "gpt", "value": "```html\n<div></div>\n```"}, "vicuna"),
        ({"from": "gpt", "value": "<div><p>a</p></div>"}, "ryokoai"),
        ({"from": "human", "value": "<div><p>a</p></div>"}, "vicuna"),
        ({"from": "gpt", "value": "<div><p>a</p></div>", "markdown": "a"}, "zetavg"),
        ({"from": "gpt", "markdown": {"answer": "a"}}, "vicuna"),
    ],
)
def test_what_the_turns_say_tells_one_layout_apart(turn: dict[str, Any], name: str) -> None:
    record = conversation("h: q")
    record["conversations"].append(turn)
    assert detect([conversation("h: q", "g: a"), record]) == name


def test_damage_among_the_first_records_does_not_matter() -> None:
    good = conversation("h: q", "g: a")
    assert detect([{}, good, {"message": "limit reached"}, good, good]) == "vicuna"


@pytest.mark.parametrize("values", [[{}, {}, {"x": 1}], ["some text"], [None, 1], [{"conversations": 1}]])
def test_where_none_fits_the_names_are_listed(values: list[object]) -> None:
    with pytest.raises(InputError) as caught:
        detect(values)
    assert ", ".join(sorted(CORPORA)) in str(caught.value)


def test_nothing_is_no_corpus() -> None:
    with pytest.raises(InputError, match="no record to tell the corpus by"):
        detect([])


def test_a_file_that_was_cut_off_is_known_by_its_whole_records(tmp_path: Path) -> None:
    turns = [{"role": role, "content": f"{n}"} for n in range(30) for role in ("user", "assistant")]
    line = json.dumps({"conversation_hash": "f" * 32, "model": "gpt-4", "conversation": turns})
    damaged = {
        "first.jsonl": [line[60:], *[line] * 3],
        "both.jsonl": [line[60:], *[line] * 3, line[:-60]],
        "last.jsonl": [*[line] * 3, line[:-60]],
        "nothing.jsonl": [line[:-60]],
    }
    for name, lines in damaged.items():
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    sources = [Source(name, str(tmp_path / name), "plain") for name in damaged]
    assert detect_corpora(sources, "train", {}) == ["wildchat"] * 4
    with pytest.raises(InputError, match=r"no record can be read \(first: nothing.jsonl:1: not valid JSON"):
        detect_corpora(sources[-1:], "train", {})
