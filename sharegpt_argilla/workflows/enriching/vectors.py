"""Vectors of the text fields."""

from __future__ import annotations

from collections.abc import Sequence

from sharegpt_argilla.config import VectorConfig
from sharegpt_argilla.suggestions.vectors import TextVectors
from sharegpt_argilla.workflows.enriching.base import Candidate


class Vectors:
    """One vector for each section of the file; its model is loaded when the first record needs it.

    Args:
        sections: name, field, model.
    """

    from_texts_alone = True

    def __init__(self, sections: Sequence[VectorConfig]) -> None:
        self._sections = sections
        self._models: dict[str, TextVectors] = {}

    def enrich(self, candidates: Sequence[Candidate]) -> None:
        """Add the vectors; a text in which the model knows no word has none."""
        for section in self._sections:
            if section.name not in self._models:
                self._models[section.name] = TextVectors(section)
            texts = [str(candidate.fields.get(section.field, "")) for candidate in candidates]
            for candidate, vector in zip(candidates, self._models[section.name].embed(texts), strict=True):
                if vector is not None:
                    candidate.vectors[section.name] = vector
