"""The layout of baiduzhidao-train: one question with its answer, ``{"input": …, "output": …}``, and no id."""

from __future__ import annotations

from dataclasses import dataclass

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import (
    optional_text,
    other_keys,
    record_object,
    required_text,
    session_id,
)
from sharegpt_argilla.errors import RejectedError

INPUT, OUTPUT = "input", "output"
_ANOTHER_LAYOUT = frozenset({"instruction", "prompt"})


@dataclass(frozen=True, slots=True)
class BaiduZhidao:
    """Questions of Baidu Zhidao, each with one answer."""

    name: str = "baiduzhidao"
    title: str = "baiduzhidao-train"
    source: str = "baiduzhidao"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a text under ``input``, an ``output``, and no instruction."""
        return (
            isinstance(value, dict)
            and isinstance(value.get(INPUT), str)
            and OUTPUT in value
            and _ANOTHER_LAYOUT.isdisjoint(value)
        )

    def read(self, value: object) -> list[Conversation]:
        """The question and its answer. The session comes from the text, so the same text is the same session.

        Raises:
            RejectedError: the question is missing, one of the two is no text, or both are blank.
        """
        record = record_object(value)
        turns = [Turn("human", required_text(record, INPUT), INPUT)]
        if answer := optional_text(record, OUTPUT):
            turns.append(Turn("gpt", answer, OUTPUT))
        if all(turn.blank for turn in turns):
            raise RejectedError(f'"{INPUT}" and "{OUTPUT}" are blank')
        return [Conversation(session_id(record, turns), turns, extra=other_keys(record, ("id", INPUT, OUTPUT)))]
