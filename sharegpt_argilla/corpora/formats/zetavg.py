"""zetavg/ShareGPT-Processed: the ShareGPT layout with each message as HTML and as Markdown.

``{"id": …, "lang": "en", "conversations": [{"from": "gpt", "value": "<div class=…>", "markdown": …,
"opencc_converted_markdown": …}, …]}``. ``opencc_converted_markdown`` is the Markdown of Chinese messages in one
script and is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import Conversation
from sharegpt_argilla.corpora.formats.chatgpt_html import html_to_markdown
from sharegpt_argilla.corpora.formats.roles import ROLES
from sharegpt_argilla.corpora.formats.sharegpt import ShareGPT

TURNS, MARKDOWN, VALUE = "conversations", "markdown", "value"


@dataclass(frozen=True, slots=True)
class Zetavg(ShareGPT):
    """The ShareGPT layout with Markdown next to the HTML. The HTML is read only where that is missing."""

    name: str = "zetavg"
    title: str = "zetavg/ShareGPT-Processed"

    def is_typical(self, values: Sequence[object]) -> bool:
        """Whether a message has its Markdown next to its value."""
        turns = (turn for value in values if isinstance(value, dict) for turn in _list(value.get(TURNS)))
        return any(isinstance(turn, dict) and isinstance(turn.get(MARKDOWN), str) for turn in turns)

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a record.

        Raises:
            RejectedError: as for the ShareGPT layout.
        """
        if isinstance(value, dict) and isinstance(value.get(TURNS), list):
            value = {**value, TURNS: [_in_markdown(turn) for turn in value[TURNS]]}
        return ShareGPT.read(self, value)


def _in_markdown(turn: Any) -> Any:
    """The message with its Markdown as ``value``."""
    if not isinstance(turn, dict):
        return turn
    if isinstance(markdown := turn.get(MARKDOWN), str):
        return {**turn, VALUE: markdown}
    spelling, text = turn.get("from"), turn.get(VALUE)
    answered = isinstance(spelling, str) and ROLES.get(spelling.strip().lower()) == "gpt"
    return {**turn, VALUE: html_to_markdown(text)} if answered and isinstance(text, str) else turn


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
