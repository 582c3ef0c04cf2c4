"""How much of a text are repeated n-grams: the costly part of the quality metrics.

The definitions are those of TextDescriptives 2.8 (``components/quality.py``), and the numbers are the same to the
last bit; but there each n-gram is a span of spaCy's, made twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy.tokens import Doc

TOP_SIZES = range(2, 5)
DUPLICATE_SIZES = range(5, 11)
_NO_TOP_BELOW = 3
# An n-gram that is there less often is no top n-gram.
OFF = {"top_ngram_range": [1, 0], "duplicate_n_gram_fraction_range": [1, 0]}
"""Settings of the library's component that make it leave these numbers out."""


def with_repeats(doc: Doc) -> dict[str, Any]:
    """The quality metrics of a doc whose component ran with the settings ``OFF``, these numbers put in."""
    from textdescriptives import QualityThresholds  # noqa: PLC0415 - the doc shows that it is imported

    found: dict[str, Any] = doc._.quality.to_flat_value_dict()
    limits = QualityThresholds()
    top, duplicate = top_fractions(doc), duplicate_fractions(doc)
    found |= {f"top_ngram_chr_fraction_{size}": fraction for size, fraction in top.items()}
    found |= {f"duplicate_ngram_chr_fraction_{size}": fraction for size, fraction in duplicate.items()}
    found["passed_quality_check"] = (
        found["passed_quality_check"]
        and _within(top, limits.top_ngram_chr_fraction)
        and _within(duplicate, limits.duplicate_ngram_chr_fraction)
    )
    return found


def top_fractions(doc: Doc) -> dict[int, float]:
    """Size -> characters of the most frequent n-gram, times how often it is there, to all characters."""
    return {size: _top(doc.text, list(_ngrams(doc.text, _places(doc), size))) for size in TOP_SIZES}


def duplicate_fractions(doc: Doc) -> dict[int, float]:
    """Size -> characters inside n-grams that are there more than once, to all characters."""
    places = _places(doc)
    return {size: _duplicates(doc.text, places, size) for size in DUPLICATE_SIZES}


def _places(doc: Doc) -> list[tuple[int, int]]:
    """Begin and end of each token, in characters."""
    found = doc.to_array(["IDX", "LENGTH"]).tolist() if len(doc) else []
    return [(begin, begin + length) for begin, length in found]


def _ngrams(text: str, places: Sequence[tuple[int, int]], size: int) -> Iterator[str]:
    return (text[first[0] : last[1]] for first, last in zip(places, places[size - 1 :], strict=False))


def _top(text: str, ngrams: Sequence[str]) -> float:
    if not ngrams:
        return 0.0
    # Of n-grams that are there equally often the first counts, here as there.
    ngram, count = max(Counter(ngrams).items(), key=lambda item: item[1])
    return len(ngram) * count / len(text) if count >= _NO_TOP_BELOW else 0.0


def _duplicates(text: str, places: Sequence[tuple[int, int]], size: int) -> float:
    ngrams = list(_ngrams(text, places, size))
    counts = Counter(ngrams)
    characters = 0
    begin = end = 0
    # Begin and end, in characters, of the run of repeated n-grams so far; runs that touch are one.
    last = -1
    for place, ngram in enumerate(ngrams):
        if counts[ngram] == 1:
            continue
        if place > last:
            characters += end - begin
            begin = places[place][0]
        last = place + size
        end = places[last - 1][1]
    return (characters + end - begin) / len(text) if text else 0.0


def _within(fractions: Mapping[int, float], limits: Mapping[str, tuple[float | None, float | None]]) -> bool:
    pairs = ((fraction, limits.get(str(size), (None, None))) for size, fraction in fractions.items())
    return all((low is None or low <= value) and (high is None or value <= high) for value, (low, high) in pairs)
