"""Metrics equal TextDescriptives' own on the same pipeline."""

import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import spacy
import textdescriptives
from hypothesis import given, settings
from hypothesis import strategies as st

from sharegpt_argilla.descriptives.describe import Describer, describe
from sharegpt_argilla.descriptives.metrics import METRICS, NEEDS_MODEL
from sharegpt_argilla.descriptives.spacy_pipeline import PipelineChoice, missing_for
from sharegpt_argilla.errors import ConfigError

TEXTS = [
    "Write a poem about the sea. It should rhyme, and be short!",
    "",
    " ",
    "\n\n",
    "你好，世界。再见！",
    "!!!",
    "😀😀 ok 👍🏽.",
    "Don't 'tis o'clock, can't we? We shouldn't've.",
    "def add(a, b):\n    return a + b\n",
    "- one\n- two\n- one\n- two\n\nlorem ipsum # …",
    "The incomprehensible bureaucratisation of internationalised organisations. Yes. No. " * 9,
    "word " * 400,
    # Words of exactly three syllables: animals, remember, another, holiday, gardener, delivered, potatoes.
    "The animals remember another holiday. The gardener delivered potatoes. Nobody saw them. It was hot.",
]
BLANK = [name for name, metric in METRICS.items() if metric.component not in NEEDS_MODEL]
BASIC = [name for name in BLANK if METRICS[name].component in ("descriptive_stats", "readability")]


def library_numbers(texts: list[str], names: list[str], **pipeline: str) -> list[dict[str, float]]:
    """What ``extract_metrics`` gives, under our names and without what is no number."""
    components = sorted({METRICS[name].component for name in names})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = textdescriptives.extract_metrics(texts, metrics=components, **pipeline)
    return [
        {name: row[METRICS[name].key] for name in names if is_number(row.get(METRICS[name].key))}
        for row in table.to_dict("records")
    ]


def is_number(value: Any) -> bool:
    return value is not None and not pd.isna(value) and math.isfinite(value)


def test_every_metric_of_a_blank_pipeline_equals_the_library() -> None:
    # TextDescriptives' attributes of a doc belong to the pipeline that was made last, so this one is made first.
    expected = library_numbers(TEXTS, BLANK, lang="en")
    numbers = describe(TEXTS, BLANK)
    assert numbers == expected
    for found in numbers:
        assert all(isinstance(value, int) == METRICS[name].integer for name, value in found.items())
        assert all(math.isfinite(value) for value in found.values())


@pytest.mark.parametrize("language", ["de", "zh", "ms"])
def test_another_language(language: str) -> None:
    expected = library_numbers(TEXTS, BASIC, lang=language)
    with Describer(BASIC, PipelineChoice(language=language)) as describer:
        assert describer.describe(TEXTS) == expected


def test_real_texts(real_data: Path) -> None:
    conversations = json.loads((real_data / "sharegpt_v3" / "sharegpt_v3_part.json").read_bytes())
    texts = [turn.get("value", "") for conversation in conversations for turn in conversation["conversations"]][
        :400
    ]
    assert describe(texts, BASIC) == library_numbers(texts, BASIC, lang="en")


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(), max_size=4))
def test_any_text(texts: list[str]) -> None:
    assert describe(texts, BASIC) == (library_numbers(texts, BASIC, lang="en") if texts else [])


QUALITY = [name for name in BLANK if METRICS[name].component == "quality"]
PIECES = st.lists(st.sampled_from(["rain ", "sea ", "rain, ", "the ", ".\n\n"]), max_size=60)


@settings(max_examples=5, deadline=None)
@given(st.lists(PIECES.map("".join), min_size=1, max_size=12))
def test_texts_that_repeat_themselves(texts: list[str]) -> None:
    expected = library_numbers(texts, QUALITY, lang="en")
    assert describe(texts, QUALITY) == expected


def test_only_what_was_asked_for_is_there() -> None:
    assert describe(["One. Two."], ["n_sentences"]) == [{"n_sentences": 2}]
    assert describe(["a", "b"], []) == [{}, {}]


def test_a_text_longer_than_a_million_characters() -> None:
    assert describe(["word " * 250_000], ["n_tokens"]) == [{"n_tokens": 250_000}]


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An untrained English model with a tagger, a parser and vectors: its answers are arbitrary, but the same."""
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    tagger: Any = nlp.add_pipe("morphologizer")
    parser: Any = nlp.add_pipe("parser")
    ruler: Any = nlp.add_pipe("attribute_ruler")
    entities: Any = nlp.add_pipe("ner")
    ruler.add([[{"IS_PUNCT": True}]], {"POS": "PUNCT"})
    tagger.add_label("POS=NOUN")
    tagger.add_label("POS=VERB")
    for label in ("ROOT", "dep", "nsubj"):
        parser.add_label(label)
    entities.add_label("X")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nlp.initialize()
    nlp.vocab.reset_vectors(width=8)
    for number, word in enumerate(("poem", "sea", "rhyme", "short", "word", "two", "one", "we")):
        vector = [0.1] * 8
        vector[number] = 1.0
        numbers: Any = np.asarray(vector, dtype="f")
        nlp.vocab.set_vector(word, numbers)
    folder = tmp_path_factory.mktemp("model")
    nlp.to_disk(folder)
    return str(folder)


def test_with_a_model_every_metric_equals_the_library(tiny_model: str) -> None:
    texts = [text for text in TEXTS if text]
    expected = library_numbers(texts, list(METRICS), spacy_model=tiny_model)
    with Describer(list(METRICS), PipelineChoice(tiny_model)) as describer:
        found = describer.describe(texts)
    assert found == expected
    assert {"pos_prop_noun", "dependency_distance_mean", "first_order_coherence"} <= {
        n for row in found for n in row
    }


def test_an_empty_text_does_not_break_a_model(tiny_model: str) -> None:
    with Describer(list(METRICS), PipelineChoice(tiny_model)) as describer:
        empty, too_long, after = describer.describe(["", "word " * 250_000, "One."])
    assert too_long == {}
    assert after["n_tokens"] == 1
    assert empty["n_tokens"] == 0
    assert not [name for name in empty if METRICS[name].component in NEEDS_MODEL]


def test_what_a_pipeline_cannot_give_is_said() -> None:
    assert missing_for(["n_tokens"]) == []
    assert missing_for(["pos_prop_noun", "n_tokens"]) == ["a part-of-speech tagger"]
    with pytest.raises(ConfigError, match="need a dependency parser, and no model is set"):
        Describer(["dependency_distance_mean"]).describe(["x"])
    with pytest.raises(ConfigError, match='spaCy model "none_such" is not installed'):
        Describer(["n_tokens"], PipelineChoice("none_such")).describe(["x"])
    with pytest.raises(ConfigError, match='no pipeline for language "qq"'):
        Describer(["n_tokens"], PipelineChoice(language="qq")).describe(["x"])
