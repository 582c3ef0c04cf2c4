"""Vectors from a tiny model that is made here."""

import sys
from pathlib import Path

import numpy as np
import pytest

from sharegpt_argilla.config import VectorConfig
from sharegpt_argilla.errors import ConfigError, InputError, UsageError
from sharegpt_argilla.suggestions.text_vectors import TextVectors
from tests.suggestions.tiny_model import make_model


def section(model: Path | str, dimensions: int = 4) -> VectorConfig:
    return VectorConfig(name="prompt", title="Prompt", field="prompt", model=str(model), dimensions=dimensions)


def test_similar_texts_have_similar_vectors(tmp_path: Path) -> None:
    vectors = TextVectors(section(make_model(tmp_path / "model")))
    rain, wet, code, nothing = vectors.embed(["rain rain", "rain storm", "python code", "zzz"])
    assert np.dot(rain, rain) == pytest.approx(1)
    assert np.dot(rain, wet) > 0.5 > np.dot(rain, code)
    assert nothing is None
    assert all(type(number) is float for number in rain)


def test_another_length_than_the_file_says(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gives 4 dimensions, the file says 7; set `dimensions: 4`"):
        TextVectors(section(make_model(tmp_path / "model"), 7))


def test_a_model_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r'vector "prompt": model \S+ cannot be loaded'):
        TextVectors(section(tmp_path / "empty"))


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "model2vec", None)
    with pytest.raises(UsageError, match=r"sharegpt-argilla\[embeddings\]"):
        TextVectors(section("x"))
