"""The layout of ShareGPT-Chinese-English-90k: a conversation as a list of rounds.

``{"conversation_id": …, "category": …, "conversation": [{"human": …, "assistant": …}, …]}``. The English and the
Chinese files contain the same conversations under the same ids, not always with as many turns. Two adapters keep
them apart: the name of the corpus is part of a row, so that the ids of rows differ too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import (
    kind,
    optional_text,
    other_keys,
    record_object,
    required_list,
    session_id,
)
from sharegpt_argilla.errors import RejectedError

CONVERSATION_ID, CATEGORY, CONVERSATION = "conversation_id", "category", "conversation"
HUMAN, ASSISTANT = "human", "assistant"

HAN_SHARE = 0.1
"""Share of Chinese characters among letters from which texts count as Chinese. In the published samples it is 0 in
every English conversation and 0.25 (with code between the texts) to 1 in the Chinese ones."""

_IDS = (CONVERSATION_ID, "id")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")
_CATEGORY_LABEL = re.compile(
    r"\A(?:category|categories|tags?|类别|分类)(?:\s+tags?|标签)?\s*[:：]\s*", re.IGNORECASE
)
_AROUND_CATEGORY = " \t\r\n,，、;；:：.。\"'"


@dataclass(frozen=True, slots=True)
class Common:
    """One language of the corpus.

    Attributes:
        name: what follows ``-m``.
        title: the data set as its publisher calls it.
        chinese: whether its texts are Chinese.
    """

    name: str
    title: str
    chinese: bool = False
    source: str = "ShareGPT"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a list of question/answer objects under ``conversation``."""
        rounds = value.get(CONVERSATION) if isinstance(value, dict) else None
        return isinstance(rounds, list) and bool(rounds) and all(_is_round(item) for item in rounds)

    def is_typical(self, values: Sequence[object]) -> bool:
        """Whether the script of the texts is that of this corpus' language."""
        text = "".join(_texts(values))
        han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
        return (han > HAN_SHARE * (han + latin)) == self.chinese

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a record.

        Raises:
            RejectedError: it has no rounds, or one of them has neither a question nor an answer as text.
        """
        record = record_object(value)
        turns = [
            turn
            for number, item in enumerate(required_list(record, CONVERSATION), 1)
            for turn in _round(number, item)
        ]
        extra = other_keys(record, {*_IDS, CONVERSATION})
        if isinstance(category := extra.get(CATEGORY), str):
            extra[CATEGORY] = tidy_category(category) or None
        return [Conversation(session_id(record, turns, _IDS), turns, extra=extra)]


def tidy_category(category: str) -> str:
    """A category without what a model wrote around it: ``Category tag: Marketing\\n\\n`` becomes ``Marketing``."""
    text = category.strip(_AROUND_CATEGORY)
    return " ".join(_CATEGORY_LABEL.sub("", text).strip(_AROUND_CATEGORY).split())


def _is_round(item: object) -> bool:
    return isinstance(item, dict) and (HUMAN in item or ASSISTANT in item)


def _round(number: int, item: object) -> Iterator[Turn]:
    """Question and answer; without a question, a blank one, so that the answer does not go to the one before."""
    if not isinstance(item, dict):
        raise RejectedError(f"round {number} is {kind(item)}, not an object")
    if not _is_round(item):
        raise RejectedError(f'round {number}: "{HUMAN}" and "{ASSISTANT}" are missing')
    try:
        yield Turn("human", optional_text(item, HUMAN), HUMAN)
        if item.get(ASSISTANT) is not None:
            yield Turn("gpt", optional_text(item, ASSISTANT), ASSISTANT)
    except RejectedError as error:
        raise RejectedError(f"round {number}: {error}") from None


def _texts(values: Sequence[object]) -> Iterator[str]:
    for value in values:
        rounds: Any = value.get(CONVERSATION) if isinstance(value, dict) else None
        for item in rounds if isinstance(rounds, list) else ():
            yield from _strings(item.values() if isinstance(item, dict) else ())


def _strings(values: Iterable[object]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str))
