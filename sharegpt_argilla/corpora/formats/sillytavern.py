"""SillyTavern's chats: a file of JSON Lines is one conversation, a header and then a message a line.

``{"user_name", "character_name", "create_date", "chat_metadata"}``, then ``{"name", "is_user", "is_system", "mes",
"send_date", "swipes"}``. The greeting of a character comes before the first question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Gatherer, Turn
from sharegpt_argilla.corpora.formats.fields import content_id, create_time, record_object, required_text
from sharegpt_argilla.errors import RejectedError

TEXT, BY_USER, BY_PROGRAM, SWIPES = "mes", "is_user", "is_system", "swipes"
USER, CHARACTER, CREATED = "user_name", "character_name", "create_date"


@dataclass(frozen=True, slots=True)
class SillyTavern:
    """Chats with characters."""

    name: str = "sillytavern"
    title: str = "SillyTavern chat (.jsonl)"
    source: str = "sillytavern"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is a header or a message."""
        return isinstance(value, dict) and (_is_header(value) or (TEXT in value and BY_USER in value))

    def read(self, value: object) -> list[Conversation]:
        """The conversation of one message.

        Raises:
            RejectedError: the record is no message.
        """
        gatherer = _Gatherer()
        gatherer.add(value)
        return list(gatherer.finish())

    def gather(self) -> Gatherer:
        """A gatherer in which each header starts a conversation."""
        return _Gatherer()


class _Gatherer:
    def __init__(self) -> None:
        self._turns: list[Turn] = []
        self._left_out: Counter[str] = Counter()
        self._header: Mapping[str, Any] = {}

    def add(self, value: object) -> Iterable[Conversation]:
        record = record_object(value)
        if _is_header(record):
            complete = list(self.finish())
            self._header = record
            return complete
        text, by_user = required_text(record, TEXT), record.get(BY_USER)
        if not isinstance(by_user, bool):
            raise RejectedError(f'"{BY_USER}" is not true or false')
        if record.get(BY_PROGRAM) is True:
            self._left_out["hidden messages"] += 1
            return []
        if isinstance(swipes := record.get(SWIPES), list) and len(swipes) > 1:
            self._left_out["other answers (swipes)"] += len(swipes) - 1
        self._turns.append(Turn("human" if by_user else "gpt", text, "user" if by_user else "character"))
        return []

    def finish(self) -> Iterable[Conversation]:
        header, turns, left_out = self._header, self._turns, self._left_out
        self._header, self._turns, self._left_out = {}, [], Counter()
        if not turns and not left_out:
            return []
        character = header.get(CHARACTER)
        extra = {"character": character} if isinstance(character, str) and character.strip() else {}
        created = create_time(header.get(CREATED))
        return [Conversation(content_id(turns), turns, extra=extra, created=created, left_out=left_out)]


def _is_header(record: Mapping[str, Any]) -> bool:
    return TEXT not in record and (USER in record or CHARACTER in record) and "conversations" not in record
