"""The table of metrics: TextDescriptives' own, by their names in lower case.

Argilla's names of metadata properties are slugs here, so ``pos_prop_NOUN`` is ``pos_prop_noun`` and
``symbol_to_word_ratio_#`` is ``symbol_to_word_ratio_hash``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Component = Literal[
    "descriptive_stats",
    "readability",
    "quality",
    "information_theory",
    "pos_proportions",
    "dependency_distance",
    "coherence",
]


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that a text can have.

    Attributes:
        component: the TextDescriptives component that defines it.
        key: its name in TextDescriptives.
        integer: True for a count and for 1 or 0 as yes or no; False for a float.
    """

    component: Component
    key: str
    integer: bool = False


NEEDS_MODEL: dict[Component, str] = {
    "pos_proportions": "a part-of-speech tagger",
    "dependency_distance": "a dependency parser",
    "coherence": "word vectors",
}
"""Component -> what it needs from a spaCy model. For the others a blank pipeline is enough."""

_COUNTS = ("n_tokens", "n_unique_tokens", "n_characters", "n_sentences")
_DESCRIPTIVE_STATS = (
    "proportion_unique_tokens",
    *("token_length_mean", "token_length_median", "token_length_std"),
    *("sentence_length_mean", "sentence_length_median", "sentence_length_std"),
    *("syllables_per_token_mean", "syllables_per_token_median", "syllables_per_token_std"),
)
_READABILITY = (
    *("flesch_reading_ease", "flesch_kincaid_grade", "smog", "gunning_fog"),
    *("automated_readability_index", "coleman_liau_index", "lix", "rix"),
)
_QUALITY_INTEGERS = {
    "passed_quality_check": "passed_quality_check",
    "n_stop_words": "n_stop_words",
    "doc_length": "doc_length",
    "contains_lorem_ipsum": "contains_lorem ipsum",
}
_QUALITY = {
    **{
        name: name
        for name in (
            *("alpha_ratio", "mean_word_length", "proportion_ellipsis", "proportion_bullet_points"),
            *("duplicate_line_chr_fraction", "duplicate_paragraph_chr_fraction"),
            *(f"duplicate_ngram_chr_fraction_{size}" for size in range(5, 11)),
            *(f"top_ngram_chr_fraction_{size}" for size in range(2, 5)),
            "oov_ratio",
        )
    },
    "symbol_to_word_ratio_hash": "symbol_to_word_ratio_#",
}
# The universal part-of-speech tags, https://universaldependencies.org/u/pos/
_TAGS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART"),
    *("PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
_DEPENDENCY = (
    *("dependency_distance_mean", "dependency_distance_std"),
    *("prop_adjacent_dependency_relation_mean", "prop_adjacent_dependency_relation_std"),
)

METRICS: dict[str, Metric] = {
    **{name: Metric("descriptive_stats", name, integer=True) for name in _COUNTS},
    **{name: Metric("descriptive_stats", name) for name in _DESCRIPTIVE_STATS},
    **{name: Metric("readability", name) for name in _READABILITY},
    **{name: Metric("quality", key, integer=True) for name, key in _QUALITY_INTEGERS.items()},
    **{name: Metric("quality", key) for name, key in _QUALITY.items()},
    **{name: Metric("information_theory", name) for name in ("entropy", "perplexity", "per_word_perplexity")},
    **{f"pos_prop_{tag.lower()}": Metric("pos_proportions", f"pos_prop_{tag}") for tag in _TAGS},
    **{name: Metric("dependency_distance", name) for name in _DEPENDENCY},
    **{name: Metric("coherence", name) for name in ("first_order_coherence", "second_order_coherence")},
}
"""Name -> metric."""
