"""TextDescriptives metrics of many texts, from one pipeline that needs no downloaded model."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

_DESCRIPTIVE_STATS = (
    *("n_tokens", "n_unique_tokens", "proportion_unique_tokens", "n_characters", "n_sentences"),
    *("token_length_mean", "token_length_median", "token_length_std"),
    *("sentence_length_mean", "sentence_length_median", "sentence_length_std"),
    *("syllables_per_token_mean", "syllables_per_token_median", "syllables_per_token_std"),
)
_READABILITY = (
    *("flesch_reading_ease", "flesch_kincaid_grade", "smog", "gunning_fog"),
    *("automated_readability_index", "coleman_liau_index", "lix", "rix"),
)

METRICS: dict[str, str] = {
    **dict.fromkeys(_DESCRIPTIVE_STATS, "descriptive_stats"),
    **dict.fromkeys(_READABILITY, "readability"),
}
"""Metric -> the TextDescriptives component that computes it. Names are TextDescriptives' own."""

BATCH = 64
"""Texts that spaCy holds at once."""

_LONGEST = 100_000_000
# spaCy stops at a million characters to spare models their memory; a blank pipeline has no model.


def describe(texts: Iterable[str], metrics: Collection[str]) -> Iterator[dict[str, int | float]]:
    """The metrics of each text, in the order of the texts.

    Args:
        texts: any texts; the pipeline splits them by the rules of English.
        metrics: names out of METRICS.

    Yields:
        Metric -> value: counts as int, the rest as float. A metric that a text does not have (the mean
        sentence length of an empty one) is absent; NaN is never there.
    """
    if not metrics:
        yield from ({} for _ in texts)
        return
    pipeline = _pipeline(frozenset(METRICS[metric] for metric in metrics))
    for doc in pipeline.pipe(texts, batch_size=BATCH):
        yield dict(_values(doc, metrics))


@cache
def _pipeline(components: frozenset[str]) -> Language:
    import spacy  # noqa: PLC0415 - takes a second, which only those who describe texts should wait
    import textdescriptives  # noqa: F401, PLC0415 - registers the components

    pipeline = spacy.blank("en")
    pipeline.max_length = _LONGEST
    pipeline.add_pipe("sentencizer")
    for component in sorted(components | {"descriptive_stats"}):
        pipeline.add_pipe(f"textdescriptives/{component}")
    return pipeline


def _values(doc: Doc, metrics: Collection[str]) -> Iterator[tuple[str, int | float]]:
    # TextDescriptives computes a component anew each time it is asked for it.
    computed = {component: getattr(doc._, component) for component in {METRICS[metric] for metric in metrics}}
    for metric in metrics:
        value = computed[METRICS[metric]][metric]
        if metric.startswith("n_"):
            yield metric, int(value)
        elif math.isfinite(value):
            yield metric, float(value)
