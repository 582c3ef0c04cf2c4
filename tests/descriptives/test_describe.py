"""Each text is measured once: over a batch, over runs, over processes."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.common.cache import DiskCache
from sharegpt_argilla.descriptives import describe as module
from sharegpt_argilla.descriptives.describe import Describer
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
