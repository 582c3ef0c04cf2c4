"""Descriptive statistics, readability and repeated n-grams of a text.

The definitions are those of TextDescriptives 2.8 (``components/descriptive_stats.py``, ``readability.py``,
``quality.py`` and ``utils.py``), and the numbers are the same to the last bit. TextDescriptives goes through all
tokens again for each number, this module once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyphen import Pyphen
    from spacy.language import Language
    from spacy.tokens import Doc


_HARD = 3
# Syllables of a hard word.
_LONG = 6
# A long word has more characters than this.


@dataclass(frozen=True, slots=True)
class Word:
    """The properties of a token, independent of its context.

    Attributes:
        counts: False for punctuation and for tokens with an apostrophe, which are left out of all statistics.
        length: characters.
        lower: the hash of the token in lower case.
        syllables: 1 or more; 0 if the language has no hyphenation.
    """

    counts: bool
    length: int
    lower: int
    syllables: int


@dataclass
class Words:
    """The words of one text.

    Attributes:
        text: the text.
        words: the tokens that count.
        sentences: for each sentence, the number of its tokens that count.
        tokens: number of all tokens, including those that do not count.
        has_syllables: whether the language has a hyphenation, by which syllables are counted.
    """

    text: str
    words: Sequence[Word]
    sentences: Sequence[int]
    tokens: int
    has_syllables: bool

    @cached_property
    def lengths(self) -> list[int]:
        """Characters of each word."""
        return [word.length for word in self.words]

    @cached_property
    def syllables(self) -> list[int]:
        """Syllables of each word; empty for a language without hyphenation."""
        return [word.syllables for word in self.words] if self.has_syllables else []

    @cached_property
    def token_length(self) -> float:
        """Mean characters of a word."""
        return _mean(self.lengths)

    @cached_property
    def sentence_length(self) -> float:
        """Mean words of a sentence."""
        return _mean(self.sentences)

    @cached_property
    def syllables_per_word(self) -> float:
        """Mean syllables of a word."""
        return _mean(self.syllables)

    @cached_property
    def hard(self) -> int:
        """Words of three syllables or more."""
        return sum(count >= _HARD for count in self.syllables)

    @cached_property
    def long(self) -> int:
        """Words of more than six characters."""
        return sum(length > _LONG for length in self.lengths)


class WordReader:
    """Reads the words of texts; looks up each different token only once.

    Args:
        pipeline: the pipeline that creates the docs; it must detect sentences.
    """

    def __init__(self, pipeline: Language) -> None:
        self._vocab = pipeline.vocab
        self._hyphenation = _hyphenation(pipeline.lang)
        self._cached: dict[int, Word] = {}

    def read(self, doc: Doc) -> Words:
        """The words of a doc."""
        orths, starts = doc.to_array(["ORTH", "SENT_START"]).T.tolist() if len(doc) else ([], [])
        cached, words = self._cached, []
        sentences: list[int] = []
        for position, (orth, start) in enumerate(zip(orths, starts, strict=True)):
            word = cached.get(orth) or self._learn(orth)
            if start == 1 or position == 0:
                sentences.append(0)
            if word.counts:
                words.append(word)
                sentences[-1] += 1
        return Words(doc.text, words, sentences, len(orths), self._hyphenation is not None)

    def _learn(self, orth: int) -> Word:
        lexeme = self._vocab[orth]
        text = lexeme.text
        syllables = 0
        if self._hyphenation is not None:
            syllables = self._hyphenation.inserted(lexeme.lower_).count("-") + 1
        word = Word(not lexeme.is_punct and "'" not in text, len(text), lexeme.lower, syllables)
        self._cached[orth] = word
        return word


def measure(words: Words, metrics: Collection[str]) -> dict[str, float]:
    """Metric -> value, NaN if the metric is undefined for the text.

    Args:
        words: the words of a text.
        metrics: metrics of the components ``descriptive_stats`` and ``readability``.
    """
    return {metric: _FORMULAS[metric](words) for metric in metrics}


def _hyphenation(language: str | None) -> Pyphen | None:
    from pyphen import Pyphen  # noqa: PLC0415 - reads its dictionaries' names when it is imported

    try:
        # Each has a cache of all words that it has seen, which ends with it only if it is not shared.
        return Pyphen(lang=language, cache=False)
    except KeyError:
        return None


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else math.nan


def _median(values: Sequence[int]) -> float:
    return float(median(values)) if values else math.nan


def _std(values: Sequence[int]) -> float:
    import numpy as np  # noqa: PLC0415 - slow to import, and loaded by spaCy anyway

    return float(np.std(values)) if values else math.nan


def _unique(words: Words) -> int:
    return len({word.lower for word in words.words})


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _can_flesch(words: Words) -> bool:
    return words.has_syllables and words.sentence_length != 0 and words.syllables_per_word != 0


def _flesch_reading_ease(words: Words) -> float:
    if not _can_flesch(words):
        return math.nan
    return 206.835 - (1.015 * words.sentence_length) - (84.6 * words.syllables_per_word)


def _flesch_kincaid_grade(words: Words) -> float:
    if not _can_flesch(words):
        return math.nan
    return 0.39 * words.sentence_length + 11.8 * words.syllables_per_word - 15.59


def _smog(words: Words) -> float:
    sentences = len(words.sentences)
    if not words.has_syllables or sentences < 3:
        return math.nan
    return 1.043 * float((30 * (words.hard / sentences)) ** 0.5) + 3.1291


def _gunning_fog(words: Words) -> float:
    if not words.has_syllables or not words.words:
        return math.nan
    return 0.4 * (words.sentence_length + (words.hard / len(words.words)) * 100)


def _automated_readability_index(words: Words) -> float:
    if not words.tokens:
        return math.nan
    return 4.71 * words.token_length + 0.5 * words.sentence_length - 21.43


def _coleman_liau_index(words: Words) -> float:
    if not words.words:
        return math.nan
    sentences = (len(words.sentences) / len(words.words)) * 100
    return 0.0588 * (words.token_length * 100) - 0.296 * sentences - 15.8


def _lix(words: Words) -> float:
    if not words.words:
        return math.nan
    return words.sentence_length + words.long / len(words.words) * 100


def _rix(words: Words) -> float:
    return words.long / len(words.sentences) if words.words else math.nan


_FORMULAS: dict[str, Callable[[Words], float]] = {
    "n_tokens": lambda words: len(words.words),
    "n_unique_tokens": _unique,
    "proportion_unique_tokens": lambda words: _share(_unique(words), len(words.words)),
    "n_characters": lambda words: len(words.text.replace(" ", "")),
    "n_sentences": lambda words: len(words.sentences),
    "token_length_mean": lambda words: words.token_length,
    "token_length_median": lambda words: _median(words.lengths),
    "token_length_std": lambda words: _std(words.lengths),
    "sentence_length_mean": lambda words: words.sentence_length,
    "sentence_length_median": lambda words: _median(words.sentences),
    "sentence_length_std": lambda words: _std(words.sentences),
    "syllables_per_token_mean": lambda words: words.syllables_per_word,
    "syllables_per_token_median": lambda words: _median(words.syllables),
    "syllables_per_token_std": lambda words: _std(words.syllables),
    "flesch_reading_ease": _flesch_reading_ease,
    "flesch_kincaid_grade": _flesch_kincaid_grade,
    "smog": _smog,
    "gunning_fog": _gunning_fog,
    "automated_readability_index": _automated_readability_index,
    "coleman_liau_index": _coleman_liau_index,
    "lix": _lix,
    "rix": _rix,
}


TOP_SIZES = range(2, 5)
DUPLICATE_SIZES = range(5, 11)
REPEATS = frozenset(
    {f"top_ngram_chr_fraction_{size}" for size in TOP_SIZES}
    | {f"duplicate_ngram_chr_fraction_{size}" for size in DUPLICATE_SIZES}
)
"""The metrics of repeated n-grams, which are computed in this module."""
_NO_TOP_BELOW = 3
# An n-gram that occurs less often is not a top n-gram.
OFF = {"top_ngram_range": [1, 0], "duplicate_n_gram_fraction_range": [1, 0]}
"""Settings of TextDescriptives' ``quality`` component that disable its own n-gram metrics."""


def with_repeats(doc: Doc) -> dict[str, Any]:
    """The quality metrics of a doc whose component ran with the settings ``OFF``, plus the n-gram metrics."""
    from textdescriptives import QualityThresholds  # noqa: PLC0415 - the doc shows that it is imported

    limits = QualityThresholds()
    top, duplicate = top_fractions(doc), duplicate_fractions(doc)
    metrics: dict[str, Any] = doc._.quality.to_flat_value_dict() | _named(top, duplicate)
    metrics["passed_quality_check"] = (
        metrics["passed_quality_check"]
        and _within(top, limits.top_ngram_chr_fraction)
        and _within(duplicate, limits.duplicate_ngram_chr_fraction)
    )
    return metrics


def repeats(doc: Doc) -> dict[str, float]:
    """The metrics of repeated n-grams only, by their names in ``METRICS``."""
    return _named(top_fractions(doc), duplicate_fractions(doc))


def _named(top: Mapping[int, float], duplicate: Mapping[int, float]) -> dict[str, float]:
    return {f"top_ngram_chr_fraction_{size}": fraction for size, fraction in top.items()} | {
        f"duplicate_ngram_chr_fraction_{size}": fraction for size, fraction in duplicate.items()
    }


def top_fractions(doc: Doc) -> dict[int, float]:
    """Size -> characters of the most frequent n-gram, times its count, divided by all characters."""
    return {size: _top(doc.text, list(_ngrams(doc.text, _token_spans(doc), size))) for size in TOP_SIZES}


def duplicate_fractions(doc: Doc) -> dict[int, float]:
    """Size -> characters inside n-grams that occur more than once, divided by all characters."""
    spans = _token_spans(doc)
    return {size: _duplicates(doc.text, spans, size) for size in DUPLICATE_SIZES}


def _token_spans(doc: Doc) -> list[tuple[int, int]]:
    """Begin and end of each token, in characters."""
    rows = doc.to_array(["IDX", "LENGTH"]).tolist() if len(doc) else []
    return [(begin, begin + length) for begin, length in rows]


def _ngrams(text: str, spans: Sequence[tuple[int, int]], size: int) -> Iterator[str]:
    return (text[first[0] : last[1]] for first, last in zip(spans, spans[size - 1 :], strict=False))


def _top(text: str, ngrams: Sequence[str]) -> float:
    if not ngrams:
        return 0.0
    # Among equally frequent n-grams the first counts, as in TextDescriptives.
    ngram, count = max(Counter(ngrams).items(), key=lambda item: item[1])
    return len(ngram) * count / len(text) if count >= _NO_TOP_BELOW else 0.0


def _duplicates(text: str, spans: Sequence[tuple[int, int]], size: int) -> float:
    ngrams = list(_ngrams(text, spans, size))
    counts = Counter(ngrams)
    characters = 0
    begin = end = 0
    # Begin and end, in characters, of the current run of repeated n-grams; adjacent runs are merged.
    last = -1
    for index, ngram in enumerate(ngrams):
        if counts[ngram] == 1:
            continue
        if index > last:
            characters += end - begin
            begin = spans[index][0]
        last = index + size
        end = spans[last - 1][1]
    return (characters + end - begin) / len(text) if text else 0.0


def _within(fractions: Mapping[int, float], limits: Mapping[str, tuple[float | None, float | None]]) -> bool:
    pairs = ((fraction, limits.get(str(size), (None, None))) for size, fraction in fractions.items())
    return all((low is None or low <= value) and (high is None or value <= high) for value, (low, high) in pairs)
