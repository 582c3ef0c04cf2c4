"""What `curate` leaves out and mends, when its options do not say."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sharegpt_argilla.config.base import Section

CheckId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
Share = Annotated[float, Field(ge=0, le=1, strict=False)]


class Curation(Section):
    """Checks by their ids, and their thresholds; docs/curation.md has them all.

    ``check``: those that look, where not the default ones. ``skip``: those that do not. ``drop``: those whose rows
    are left out. ``fix``: those that mend. ``redact``: placeholders for private data. ``languages``: those wanted.
    """

    check: list[CheckId] = []
    skip: list[CheckId] = []
    drop: list[CheckId] = []
    fix: list[CheckId] = []
    redact: bool = False
    languages: list[Language] = []
    similarity: Share = 0.7
    toxicity: Share = 0.1
    min_words: Annotated[int, Field(ge=1)] = 3

    def thresholds(self) -> dict[str, float | int]:
        """The numbers, under their names."""
        return {"similarity": self.similarity, "toxicity": self.toxicity, "min_words": self.min_words}
