"""The ShareGPT layout: ``{"id": …, "conversations": [{"from": "human", "value": …}, …]}``.

ShareGPT V3 (``ShareGPT_V3_unfiltered_cleaned_split.json``) is split: a piece's id is ``<base>_<offset>``,
where the offset counts the turns before it, so that a piece at an odd offset starts with an answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Role, Turn
from sharegpt_argilla.corpora.formats.roles import canonical_role
from sharegpt_argilla.corpora.run.pairing import SYSTEM
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import ANNOTATION, CORPUS, ORIGINAL_SESSION, SESSION, TURN, encodable

OWN_KEYS = frozenset({"id", "conversations", SYSTEM, SESSION, ORIGINAL_SESSION, TURN, CORPUS, ANNOTATION})
"""Keys of a record that do not become extra keys as they are: read already, or taken by the row format."""

_LONGEST_OFFSET = 9
"""Digits."""
_SHAREGPT_ID_LENGTH = 7
"""Letters and digits."""


@dataclass(frozen=True, slots=True)
class ShareGPT:
    """One corpus in the ShareGPT layout.

    Attributes:
        name: what stands after ``-m``.
        title: the data set as its publisher calls it.
        splits: whether its ids may name pieces of a conversation.
        source: ``来源`` of its rows.
    """

    name: str
    title: str
    splits: bool = False
    source: str = "ShareGPT"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a list under ``conversations``."""
        return isinstance(value, dict) and isinstance(value.get("conversations"), list)

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a record.

        Raises:
            RejectedError: it has no turns, or one of them is not a known role with a text.
        """
        if not isinstance(value, dict):
            raise RejectedError(f"a conversation is an object, found {_kind(value)}")
        turns = [_turn(number, turn) for number, turn in enumerate(_turn_list(value), 1)]
        session = _session(value.get("id"), turns)
        extra = {key: item for key, item in value.items() if key not in OWN_KEYS}
        if isinstance(system := value.get(SYSTEM), str) and system.strip():
            extra[SYSTEM] = system
        base, offset, piece = self.place(session, turns[0].role, turns[-1].role)
        return [Conversation(base, turns, offset, piece, extra)]

    def place(self, session: str, first: Role, last: Role) -> tuple[str, int, bool]:
        """What the id of a record says: the whole conversation, the offset in it, and whether this is a piece.

        Args:
            session: the id.
            first: who speaks first in the record.
            last: who speaks last.
        """
        if self.splits:
            base, _, digits = session.rpartition("_")
            if base and digits.isdigit() and digits.isascii() and len(digits) <= _LONGEST_OFFSET:
                offset = int(digits)
                if _is_piece(base, offset, first, last):
                    return base, offset, True
        return session, 0, False


def _turn_list(record: dict[str, Any]) -> list[Any]:
    turns = record.get("conversations")
    if turns is None:
        raise RejectedError('"conversations" is missing')
    if not isinstance(turns, list):
        raise RejectedError(f'"conversations" is {_kind(turns)}, not a list')
    if not turns:
        raise RejectedError('"conversations" is empty')
    return turns


def _turn(number: int, turn: object) -> Turn:
    if not isinstance(turn, dict):
        raise RejectedError(f"turn {number} is {_kind(turn)}, not an object")
    if "from" not in turn:
        raise RejectedError(f'turn {number}: "from" is missing')
    spelling, text = turn["from"], _text(turn)
    if not isinstance(spelling, str):
        raise RejectedError(f'turn {number}: "from" is {_kind(spelling)}, not text')
    if text is None:
        raise RejectedError(f'turn {number}: "value" is {"null" if "value" in turn else "missing"}')
    if not isinstance(text, str):
        raise RejectedError(f'turn {number}: "value" is {_kind(text)}, not text')
    try:
        return Turn(canonical_role(spelling), text, spelling)
    except RejectedError as error:
        raise RejectedError(f"turn {number}: {error}") from None


def _text(turn: dict[str, Any]) -> object:
    """The text of a turn; V3 keeps a few under ``text`` or ``markdown.answer`` instead of ``value``."""
    if "value" in turn:
        return turn["value"]
    if "text" in turn:
        return turn["text"]
    markdown = turn.get("markdown")
    return markdown.get("answer") if isinstance(markdown, dict) else None


def _session(identity: object, turns: Sequence[Turn]) -> str:
    """The id as text; without one, 16 hex digits of the SHA-256 of the turns, wherever the record stands."""
    if isinstance(identity, bool) or not isinstance(identity, str | int | None):
        raise RejectedError(f'"id" is {_kind(identity)}, not text')
    if identity is None or identity == "":
        content = json.dumps([(turn.spelling, turn.text) for turn in turns])
        return hashlib.sha256(content.encode("ascii")).hexdigest()[:16]
    return encodable(str(identity))


def _is_piece(base: str, offset: int, first: Role, last: Role) -> bool:
    """Whether an id that ends in a number names a piece.

    Measured on 520 records of V3: every base has ShareGPT's seven letters and digits. Another base
    (``identity_2`` in FastChat's examples) is a piece only where it looks like one: the first of all, or open at
    an end, so that another piece holds the other half. Else conversations that only share a prefix would become
    one.
    """
    if offset == 0 or (len(base) == _SHAREGPT_ID_LENGTH and base.isalnum() and base.isascii()):
        return True
    starts_open = offset % 2 == 1 and first == "gpt"
    ends_open = last == "human" and (starts_open or offset % 2 == 0)
    return starts_open or ends_open


def _kind(value: object) -> str:
    """The JSON name of a value's type."""
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
    return names.get(type(value), "an object")
