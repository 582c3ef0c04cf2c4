"""How often each check is right, as judged by reading what it flagged."""

from __future__ import annotations

from typing import NamedTuple

ENOUGH = 0.8
"""Precision from which a check may be trusted to drop rows that nobody looks at."""


class Precision(NamedTuple):
    """Hits that were read, and how many of them were what the check says."""

    true: int
    read: int

    @property
    def value(self) -> float:
        """Share of true hits, 0 to 1."""
        return self.true / self.read


PRECISION: dict[str, Precision] = {
    "control_characters": Precision(20, 20),
    "mojibake": Precision(7, 7),
    "html_entities": Precision(25, 25),
    "literal_escapes": Precision(25, 25),
    "no_input": Precision(1, 1),
    "too_short": Precision(22, 24),
    "continuation": Precision(33, 33),
    "system_prompt": Precision(17, 17),
    "tool_use": Precision(6, 6),
    "web_reference": Precision(12, 12),
    "image_reference": Precision(30, 34),
    "live_data": Precision(18, 18),
    "media_generation": Precision(1, 1),
    "blank_answer": Precision(20, 20),
    "repeated_prompt": Precision(18, 20),
    "refusal": Precision(79, 80),
    "code_missing": Precision(1, 1),
    "wrong_statistic": Precision(1, 1),
    "language_mismatch": Precision(36, 47),
    "leftover_language": Precision(32, 38),
    "mixed_malay": Precision(35, 37),
    "duplicate": Precision(28, 28),
    "near_duplicate": Precision(21, 28),
    "email": Precision(4, 4),
    "phone": Precision(11, 11),
}
"""Check -> what reading gave. docs/curation.md says on which files."""
