"""Metrics equal TextDescriptives' own on the same pipeline."""

import math

import pytest
import spacy
import textdescriptives

from sharegpt_argilla.descriptives.metrics import METRICS, describe

TEXTS = [
    "Write a poem about the sea. It should rhyme, and be short!",
    "",
    "你好，世界。",
    "!!!",
    "def add(a, b):\n    return a + b\n",
    "word " * 300,
]


def own_numbers(text: str) -> dict[str, float]:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("textdescriptives/descriptive_stats")
    nlp.add_pipe("textdescriptives/readability")
    return textdescriptives.extract_dict(nlp(text))[0]


def test_every_metric_equals_the_library(recwarn: pytest.WarningsRecorder) -> None:
    for text, found in zip(TEXTS, describe(TEXTS, list(METRICS)), strict=True):
        expected = {k: v for k, v in own_numbers(text).items() if k in METRICS and math.isfinite(v)}
        assert found == pytest.approx(expected)


def test_counts_are_integers_and_nan_never_comes() -> None:
    for found in describe(TEXTS, list(METRICS)):
        assert all(isinstance(value, int) == name.startswith("n_") for name, value in found.items())
        assert all(math.isfinite(value) for value in found.values())


def test_only_what_was_asked_for_is_there() -> None:
    assert list(describe(["One. Two."], ["n_sentences"])) == [{"n_sentences": 2}]
    assert list(describe(["a", "b"], [])) == [{}, {}]


def test_a_text_longer_than_a_million_characters() -> None:
    (found,) = describe(["word " * 250_000], ["n_tokens"])
    assert found == {"n_tokens": 250_000}
