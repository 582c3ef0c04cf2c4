"""Records with a conversation in one text, as a trainer's template writes it: ``{"text": "### Human: …"}``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import BETWEEN_TURNS, SYSTEM, Container, Conversation
from sharegpt_argilla.corpora.formats.fields import optional_text, other_keys, record_object, session_id
from sharegpt_argilla.corpora.formats.multilang import Multilang
from sharegpt_argilla.corpora.formats.transcripts import is_transcript, read_transcript
from sharegpt_argilla.errors import RejectedError

KEYS = (
    "text",
    "chat",
    "conversation",
    "conversations",
    "dialogue",
    "input",
    "prompt",
    "content",
    "formatted_text",
)
"""Keys of a record that may have the dialogue; the first whose text is one does."""


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """Conversations in the text of a template."""

    name: str = "chat_template"
    title: str = "texts with a chat template (ChatML, Llama, ### Human:, USER:, Human:, Baize)"
    source: str = "chat_template"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a text in a known template, both question and answer in it."""
        return isinstance(value, dict) and _key(value) is not None and not Multilang().is_record(value)

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a record.

        Raises:
            RejectedError: no text of it is a dialogue in a known template.
        """
        record = record_object(value)
        key = _key(record)
        if key is None:
            raise RejectedError(
                "no text is a dialogue in a known template: ChatML, Llama, ### Human:, USER:, Human:"
            )
        left_out: Counter[str] = Counter()
        turns = read_transcript(record[key], left_out)
        extra = other_keys(record, {"id", key})
        # Glaive has the system text, with its mark, next to the dialogue.
        system = optional_text(record, SYSTEM) if isinstance(record.get(SYSTEM), str) else ""
        if system.strip():
            extra[SYSTEM] = BETWEEN_TURNS.join([system.strip().removeprefix("SYSTEM:").strip()])
        return [Conversation(session_id(record, turns), turns, extra=extra, left_out=left_out)]


def _key(record: Mapping[str, Any]) -> str | None:
    return next((key for key in KEYS if isinstance(record.get(key), str) and is_transcript(record[key])), None)
