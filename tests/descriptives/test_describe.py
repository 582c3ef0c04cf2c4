"""Each text is measured once: over a batch, over runs, over processes."""

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.common.cache import DiskCache
from sharegpt_argilla.descriptives import describe as module
from sharegpt_argilla.descriptives import spacy_pipeline
from sharegpt_argilla.descriptives.describe import Describer
from sharegpt_argilla.descriptives.processes import measure_as_there
from sharegpt_argilla.descriptives.spacy_pipeline import Pipeline, PipelineChoice
from sharegpt_argilla.errors import InputError

METRICS = ["n_tokens", "flesch_reading_ease"]
TEXTS = ["One two. Three.", "", "One two. Three.", "Four."]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that a pipeline was asked about."""
    asked: list[str] = []
    own = Pipeline.measure

    def measure(self: Pipeline, texts: Sequence[str]) -> Iterator[list[float | None]]:
        asked.extend(texts)
        return own(self, texts)

    monkeypatch.setattr(Pipeline, "measure", measure)
    return asked


def describe(texts: Sequence[str], path: Path, metrics: Sequence[str] = METRICS, **options: Any) -> list[dict]:
    with closing(DiskCache(path, 1000)) as cache, Describer(metrics, cache=cache, **options) as describer:
        return describer.describe(texts)


def test_each_different_text_once_and_never_again(tmp_path: Path, measured: list[str]) -> None:
    first = describe(TEXTS, tmp_path / "c.db")
    assert measured == ["One two. Three.", "", "Four."]
    assert [found["n_tokens"] for found in first] == [3, 0, 3, 1]
    assert describe([*TEXTS, "Five."], tmp_path / "c.db")[:4] == first
    assert measured[3:] == ["Five."]


def test_a_vocabulary_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """spaCy keeps every word, and pyphen too: a million rows took 800 MB in each process."""
    batches = [
        [f"Word{number}x a{number}y rain." for number in range(first, first + 50)] for first in (0, 50, 100)
    ]
    expected = [list(Pipeline(PipelineChoice(), METRICS).measure(batch)) for batch in batches]
    monkeypatch.setattr(spacy_pipeline, "WORDS_MAX", 120)
    pipeline = Pipeline(PipelineChoice(), METRICS)
    begin = len(pipeline._pipeline.vocab)
    first = (pipeline._pipeline, pipeline._words)
    assert [list(pipeline.measure(batch)) for batch in batches] == expected
    assert pipeline._pipeline is not first[0]
    assert begin + 100 <= len(pipeline._pipeline.vocab) < begin + 120
    assert pipeline._words._hyphenation.hd is not first[1]._hyphenation.hd


def test_types_survive_the_cache(tmp_path: Path) -> None:
    describe(TEXTS, tmp_path / "c.db")
    for found in describe(TEXTS, tmp_path / "c.db"):
        assert isinstance(found["n_tokens"], int)
        assert isinstance(found.get("flesch_reading_ease", 0.0), float)


@pytest.mark.parametrize(
    "left", ["1", "null", "{}", "[]", "[1]", "[1, 2.0, 3]", '[1, "2"]', "[1, [2]]", "[1, NaN]"]
)
def test_a_cached_value_of_another_form_is_measured_again(left: str, tmp_path: Path, measured: list[str]) -> None:
    expected = describe(["a b"], tmp_path / "c.db")
    with closing(sqlite3.connect(tmp_path / "c.db")) as database, database:
        assert database.execute("UPDATE entries SET value = ?", (left.encode(),)).rowcount == 1
    assert describe(["a b"], tmp_path / "c.db") == expected
    assert measured == ["a b"] * 2


def test_other_metrics_and_another_pipeline_are_measured_anew(tmp_path: Path, measured: list[str]) -> None:
    describe(["a b"], tmp_path / "c.db")
    describe(["a b"], tmp_path / "c.db", ["n_tokens"])
    describe(["a b"], tmp_path / "c.db", choice=PipelineChoice(language="de"))
    assert measured == ["a b"] * 3


def test_a_model_that_was_trained_anew_has_another_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text("{}", encoding="utf-8")
    before = PipelineChoice(str(tmp_path)).fingerprint()
    (tmp_path / "meta.json").write_text('{"a": 1}', encoding="utf-8")
    assert PipelineChoice(str(tmp_path)).fingerprint() != before


def test_several_processes_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"Sentence {number}. And more of it." for number in range(150)]
    with Describer(METRICS) as alone:
        expected = alone.describe(texts)
    monkeypatch.setattr(module, "PROCESSES_AFTER", 0.0)
    with Describer(METRICS, workers=2) as describer:
        assert describer.describe(texts[:5]) == expected[:5]
        assert describer._processes is None
        assert describer.describe(texts) == expected
        assert describer._processes is not None


def test_a_process_that_dies_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROCESSES_AFTER", -1.0)
    with (
        Describer(METRICS, PipelineChoice("no_such_model"), workers=2) as describer,
        pytest.raises(InputError, match="--workers 1"),
    ):
        describer.describe(["a"])


def test_a_cluster_measures_the_same_in_order(tmp_path: Path, measured: list[str]) -> None:
    texts = [f"{'word ' * number}end {number}. Next." for number in range(300)]
    alone = describe(texts, tmp_path / "alone.db")
    measured.clear()
    with ThreadPoolExecutor(3) as pool:
        assert describe(texts, tmp_path / "c.db", cluster=pool) == alone
        assert sorted(measured) == sorted(texts)
        assert describe(texts, tmp_path / "c.db", cluster=pool) == alone
    assert len(measured) == len(texts)


def test_a_worker_with_another_pipeline_measures_nothing(measured: list[str]) -> None:
    with pytest.raises(InputError, match="another version of sharegpt-argilla, spaCy or its libraries than"):
        measure_as_there("another", PipelineChoice(), ("n_tokens",), ["One."])
    assert measured == []
