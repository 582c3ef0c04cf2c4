"""What holds for every corpus in the table, found there by name."""

import json
from pathlib import Path

import pytest

from sharegpt_argilla.corpora.base import Corpus
from sharegpt_argilla.corpora.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import check_row
from sharegpt_argilla.workflows.extract import extract

ROOT = Path(__file__).parents[2]

each_corpus = pytest.mark.parametrize("corpus", CORPORA.values(), ids=list(CORPORA))


def sample(corpus: Corpus) -> Path:
    """The hand-written raw corpus of a member: ``examples/*_NAME.*``."""
    found = [path for path in (ROOT / "examples").iterdir() if path.stem.endswith(f"_{corpus.name}")]
    assert len(found) == 1, f"examples/ has {len(found)} samples for {corpus.name}"
    return found[0]


@each_corpus
def test_it_is_registered_under_its_own_name(corpus: Corpus) -> None:
    assert CORPORA[corpus.name] is corpus
    assert corpus.title
    assert corpus.source


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
@pytest.mark.parametrize("value", [None, 1, "text", [], {}, {"conversations": None}, {"message": "limit reached"}])
def test_it_rejects_what_is_no_record(corpus: Corpus, value: object) -> None:
    assert not corpus.is_record(value)
    with pytest.raises(RejectedError):
        corpus.read(value)


@each_corpus
def test_it_is_documented(corpus: Corpus) -> None:
    assert f"`{corpus.name}`" in (ROOT / "docs" / "row-format.md").read_text("utf-8")
    assert sample(corpus).name in (ROOT / "examples" / "README.md").read_text("utf-8")
