"""RyokoAI/ShareGPT52K: the ShareGPT layout before any cleaning, in which answers are HTML of the page.

``{"id": …, "conversations": [{"from": "human", "value": "plain text"}, {"from": "gpt", "value": "<div …>"}]}``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from sharegpt_argilla.corpora.formats.base import Conversation, Turn
from sharegpt_argilla.corpora.formats.chatgpt_html import html_to_markdown, is_html
from sharegpt_argilla.corpora.formats.sharegpt import ShareGPT
from sharegpt_argilla.errors import RejectedError


@dataclass(frozen=True, slots=True)
class RyokoAI(ShareGPT):
    """The ShareGPT layout with HTML answers. Questions are plain text: a tag in one was typed."""

    name: str = "ryokoai"
    title: str = "RyokoAI/ShareGPT52K"

    def is_typical(self, values: Sequence[object]) -> bool:
        """Whether an answer is HTML."""
        return any(is_html(turn.text) for turn in self._turns(values) if turn.role == "gpt")

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a record, its answers in Markdown.

        Raises:
            RejectedError: as for the ShareGPT layout, or an answer is no HTML that can be read.
        """
        return [
            replace(
                conversation,
                turns=[_in_markdown(number, turn) for number, turn in enumerate(conversation.turns, 1)],
            )
            for conversation in ShareGPT.read(self, value)
        ]

    def _turns(self, values: Sequence[object]) -> list[Turn]:
        """The turns of the records that can be read."""
        turns: list[Turn] = []
        for value in values:
            with suppress(RejectedError):
                turns += [turn for conversation in ShareGPT.read(self, value) for turn in conversation.turns]
        return turns


def _in_markdown(number: int, turn: Turn) -> Turn:
    if turn.role != "gpt":
        return turn
    try:
        return turn._replace(text=html_to_markdown(turn.text))
    except RejectedError as error:
        raise RejectedError(f"turn {number}: {error}") from None
