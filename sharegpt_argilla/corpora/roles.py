"""Who speaks: the spellings that corpora use for the same role."""

from __future__ import annotations

from collections.abc import Mapping

from sharegpt_argilla.corpora.base import Role
from sharegpt_argilla.errors import RejectedError

# The seven spellings of ShareGPT V3 and `assistant`, which later exports use. Compared without case.
ROLES: Mapping[str, Role] = {
    "human": "human",
    "user": "human",
    "gpt": "gpt",
    "chatgpt": "gpt",
    "assistant": "gpt",
    "bing": "gpt",
    "bard": "gpt",
    "system": "system",
}
LONGEST_SHOWN = 24
"""Characters of an unknown role in a message: enough for a name, too short for a sentence of somebody's."""


def canonical_role(spelling: str) -> Role:
    """The role that a corpus' spelling stands for.

    Raises:
        RejectedError: none is known; the text lists the known spellings.
    """
    role = ROLES.get(spelling) or ROLES.get(spelling.strip().lower())
    if role is None:
        shown = spelling if len(spelling) <= LONGEST_SHOWN else spelling[:LONGEST_SHOWN] + "…"
        raise RejectedError(f'unknown role "{" ".join(shown.split())}"; known: {", ".join(sorted(ROLES))}')
    return role
