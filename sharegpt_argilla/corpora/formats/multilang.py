"""The layout of multilingual-share: a conversation as one text, with a marker before each message.

``{"id": …, "lang": …, "text": "\\n<|user|>: …\\n\\n<|bot|>: …\\n\\n"}``. Where a page was saved that showed
messages in another way, every message is marked as the bot's, and a bold first line says whose it is, in the
language of the page: ``<|bot|>: **Usuario**\\n…``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import other_keys, record_object, required_text, session_id
from sharegpt_argilla.corpora.formats.roles import canonical_role, role_line
from sharegpt_argilla.errors import RejectedError

ROLE_SOURCE, BOLD = "角色来源", "bold"
"""Key of the extra that says where the roles come from, and its value when bold lines name them. Roles that the
markers name go without."""

_MARKER = re.compile(r"^[ \t]*<\|(user|bot|system)\|>:[ \t]?", re.MULTILINE | re.IGNORECASE)
_BOLD_LINE = re.compile(r"\s*\*\*([^*\n]{1,30}?)[:：]?\*\*[:：]?[ \t]*(?:\r?\n|\Z)")


@dataclass(frozen=True, slots=True)
class Multilang:
    """Conversations with a marker before each message."""

    name: str = "multilang"
    title: str = "cryscan/multilingual-share"
    source: str = "ShareGPT"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object whose text has a marker."""
        text = value.get("text") if isinstance(value, dict) else None
        return isinstance(text, str) and _MARKER.search(text) is not None

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a record.

        Raises:
            RejectedError: there is no text, or no marker in it.
        """
        record = record_object(value)
        before, turns = _marked(required_text(record, "text"))
        if not turns:
            raise RejectedError('"text" has no <|user|>: or <|bot|>: at the start of a line')
        extra = other_keys(record, ("id", "text", ROLE_SOURCE))
        if named := _named_by_bold_lines(turns):
            turns, extra = named, {**extra, ROLE_SOURCE: BOLD}
        left_out = {"text before the first marker": 1} if before and not before.isspace() else {}
        return [Conversation(session_id(record, turns), turns, extra=extra, left_out=left_out)]


def _marked(text: str) -> tuple[str, list[Turn]]:
    """What precedes the first marker, and the messages, without the line breaks around them."""
    before, *parts = _MARKER.split(text)
    turns = [
        Turn(canonical_role(spelling), message.strip("\r\n"), spelling)
        for spelling, message in zip(parts[::2], parts[1::2], strict=True)
    ]
    return before, turns


def _named_by_bold_lines(turns: Sequence[Turn]) -> list[Turn]:
    """The messages with the roles of their bold lines; empty when the markers name the roles.

    They do where a marker names a person, or the first message has no such line: an answer may well begin with a
    bold heading. A message without a line among others with one stays the bot's.
    """
    if any(turn.role != "gpt" for turn in turns) or _named(turns[0]) is None:
        return []
    return [_named(turn) or turn for turn in turns]


def _named(turn: Turn) -> Turn | None:
    line = _BOLD_LINE.match(turn.text)
    role = role_line(line[1]) if line else None
    if line is None or role is None:
        return None
    return Turn(role, turn.text[line.end() :].strip("\r\n"), line[1].strip())
