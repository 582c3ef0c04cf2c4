"""KoChatGPT's conversations: plain text, every conversation after a line ``<<start conversation>>``.

A turn starts with a role line, ``<Orang>: …`` or ``Orang: …``, and ends at the next. The roles are in angle
brackets or not, but one way for a whole block: the first role line says which. So a line of an answer that starts
with ``Chatbot:`` is no new turn in a block with brackets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import content_id, kind
from sharegpt_argilla.corpora.formats.roles import LONGEST_SHOWN, canonical_role
from sharegpt_argilla.errors import RejectedError

MARKER = "<<start conversation>>"
"""The line that every conversation starts with."""

BARE_ROLES = ("Orang", "orang", "사람", "Chatbot", "Chabot", "AI", "챗봇")
"""The roles of mychatgpt_1_SFT_conversation.jsonl as it spells them: what a role line without brackets may be."""

_IN_BRACKETS = re.compile(rf"^(<([^<>\n]{{1,{LONGEST_SHOWN}}})>)[ \t]*:[ \t]*", re.MULTILINE)
_BARE = re.compile(rf"^(({'|'.join(BARE_ROLES)}))[ \t]*:[ \t]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class KoChatGPTConversation:
    """Conversations as text. A record is the text of a block, without its marker line."""

    name: str = "kochatgpt_conversation"
    title: str = "KoChatGPT step 1, conversations (mychatgpt_1_SFT_conversation.jsonl of MYChatGPT)"
    source: str = "kochatgpt_conversation"
    container: Container = "text"
    marker: str = MARKER

    def is_record(self, value: object) -> bool:
        """Whether the value is a text with a line that starts with a known role."""
        return isinstance(value, str) and any(_known(match[2]) for match in _role_lines(value))

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a block.

        Raises:
            RejectedError: the block is empty, has no role line, starts with another line, or has an unknown role.
        """
        if not isinstance(value, str):
            raise RejectedError(f"a conversation is a block of text, found {kind(value)}")
        if not value or value.isspace():
            raise RejectedError("the block is empty")
        lines = _role_lines(value)
        if not lines:
            raise RejectedError(f"no line starts with a role: {', '.join(BARE_ROLES)}")
        if value[: lines[0].start()].strip():
            raise RejectedError("text comes before the first role")
        ends = [*(line.start() for line in lines[1:]), len(value)]
        turns = [_turn(line, value[line.end() : end]) for line, end in zip(lines, ends, strict=True)]
        return [Conversation(content_id(turns), turns)]


def _role_lines(block: str) -> Sequence[re.Match[str]]:
    """The starts of the turns; group 1 is the role as written, group 2 its name."""
    bracketed, bare = _IN_BRACKETS.search(block), _BARE.search(block)
    if bracketed is None or (bare is not None and bare.start() < bracketed.start()):
        return list(_BARE.finditer(block))
    return list(_IN_BRACKETS.finditer(block))


def _turn(line: re.Match[str], text: str) -> Turn:
    return Turn(canonical_role(line[2]), text.strip(), line[1])


def _known(name: str) -> bool:
    try:
        canonical_role(name)
    except RejectedError:
        return False
    return True
