"""The ShareGPT layout: ``{"id": …, "conversations": [{"from": "human", "value": …}, …]}``.

ShareGPT V3 (``ShareGPT_V3_unfiltered_cleaned_split.json``) is split: a piece's id is ``<base>_<offset>``,
where the offset counts the turns before it, so that a piece at an odd offset starts with an answer. FastChat's own
splitter (``split_long_conversation.py``) writes such ids too, on any base, with even offsets alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sharegpt_argilla.common.contract_keys import TOOLS
from sharegpt_argilla.corpora.formats.base import SYSTEM, Container, Conversation, Options, Role, Turn
from sharegpt_argilla.corpora.formats.fields import kind, session_id
from sharegpt_argilla.corpora.formats.message_content import CALLS, text_of_content
from sharegpt_argilla.corpora.formats.message_content import TOOL_MESSAGES as TOOL_RESULTS
from sharegpt_argilla.corpora.formats.messages import unread_keys
from sharegpt_argilla.corpora.formats.roles import ROLES, canonical_role, other_role
from sharegpt_argilla.corpora.formats.tool_messages import ToolLog, calls_of_text, tool_definitions
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import ANNOTATION, CORPUS, ORIGINAL_SESSION, SESSION, TURN

OWN_KEYS = frozenset({"id", "conversations", SYSTEM, SESSION, ORIGINAL_SESSION, TURN, CORPUS, ANNOTATION})
"""Keys of a record that do not become extra keys as they are: read already, or taken by the row format."""

_READ_OF_A_TURN = frozenset({"from", "value", "text", "markdown", "opencc_converted_markdown"})
_COMPARED = {"chosen", "rejected"}
"""Keys of a record whose answers are not among its turns."""
_PLAIN_KEYS = 2
"""Of nearly every turn: ``from`` and ``value``."""
_LONGEST_OFFSET = 9
"""Digits."""
_SHAREGPT_ID_LENGTH = 7
"""Letters and digits."""


@dataclass(frozen=True, slots=True)
class ShareGPT:
    """One corpus in the ShareGPT layout.

    Attributes:
        name: what follows ``-m``.
        title: the data set as its publisher calls it.
        splits: whether its ids may name pieces of a conversation.
        joined: bases that the other pieces of the run prove to be split, though they have not ShareGPT's form.
        apart: bases whose records only look like pieces.
        keep_tools: whether definitions, calls and results of tools are kept.
        source: ``来源`` of its rows.
    """

    name: str
    title: str
    splits: bool = False
    joined: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    source: str = "ShareGPT"
    container: Container = "json"
    keep_tools: bool = False

    def with_options(self, options: Options) -> ShareGPT:
        """The same corpus, which keeps what it says of tools if asked."""
        return replace(self, keep_tools=options.keep_tools)

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a list under ``conversations``, and ``from`` in one of its turns."""
        if not isinstance(value, dict) or value.keys() >= _COMPARED:
            return False
        turns = value.get("conversations")
        return isinstance(turns, list) and (not turns or any(map(_is_turn, turns)))

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a record.

        Raises:
            RejectedError: it has no turns, or one of them is not a known role with a text.
        """
        if not isinstance(value, dict):
            raise RejectedError(f"a conversation is an object, found {kind(value)}")
        left_out: Counter[str] = Counter()
        turns: list[Turn] = []
        log = ToolLog()
        for number, item in enumerate(_turn_list(value), 1):
            before = len(turns)
            if (turn := _turn(number, item, left_out)) is not None:
                turns.append(turn)
            if self.keep_tools:
                _log(item, log, before, turns)
        if not turns:
            raise RejectedError("no turn is by a person or a model")
        session = session_id(value, turns)
        extra = {key: item for key, item in value.items() if key not in OWN_KEYS}
        if isinstance(system := value.get(SYSTEM), str) and system.strip():
            extra[SYSTEM] = system
        defined = tool_definitions(value.get(TOOLS)) if self.keep_tools else None
        tools = log.kept(left_out, defined)
        if tools is not None and defined:
            extra[TOOLS] = defined
        base, offset, piece = session, 0, False
        if len(turns) == len(value["conversations"]):
            # The splitters count turns of people and models; none of them cuts where a tool speaks.
            base, offset, piece = self.locate(session, turns[0].role)
        return [Conversation(base, turns, offset, piece, extra, left_out=left_out, tool_messages=tools)]

    def locate(self, session: str, first: Role) -> tuple[str, int, bool]:
        """What the id of a record says: the whole conversation, the offset in it, and whether this is a piece.

        Args:
            session: the id.
            first: who speaks first in the record.
        """
        if self.splits and (named := piece_of(session)) is not None:
            base, offset = named
            proved = base in self.joined or (has_sharegpt_form(base) and base not in self.apart)
            if proved and parity_fits(offset, first):
                return base, offset, True
        return session, 0, False


def _turn_list(record: dict[str, Any]) -> list[Any]:
    turns = record.get("conversations")
    if turns is None:
        raise RejectedError('"conversations" is missing')
    if not isinstance(turns, list):
        raise RejectedError(f'"conversations" is {kind(turns)}, not a list')
    if not turns:
        raise RejectedError('"conversations" is empty')
    return turns


def _is_turn(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("from"), str)


def _turn(number: int, turn: object, left_out: Counter[str]) -> Turn | None:
    """What a turn says; None, counted, for one by a tool."""
    if not isinstance(turn, dict):
        raise RejectedError(f"turn {number} is {kind(turn)}, not an object")
    if "from" not in turn:
        raise RejectedError(f'turn {number}: "from" is missing')
    spelling, text = turn["from"], _text(turn)
    if not isinstance(spelling, str):
        raise RejectedError(f'turn {number}: "from" is {kind(spelling)}, not text')
    if name := other_role(spelling):
        left_out[name] += 1
        return None
    if len(turn) > _PLAIN_KEYS:
        left_out.update(unread_keys(turn, _READ_OF_A_TURN))
    if text is None and "value" in turn and ROLES.get(spelling.strip().lower()) == "gpt":
        # Nobody answered, or only with a call of a tool.
        text = ""
    if text is None:
        raise RejectedError(f'turn {number}: "value" is {"null" if "value" in turn else "missing"}')
    if not isinstance(text, str):
        text = _text_of_value(number, text, left_out)
    try:
        return Turn(canonical_role(spelling), text, spelling)
    except RejectedError as error:
        raise RejectedError(f"turn {number}: {error}") from None


def _log(item: dict[str, Any], log: ToolLog, before: int, turns: list[Turn]) -> None:
    """Note what a turn says of tools; one that calls them without being read makes the log unsound."""
    name = other_role(item["from"])
    message = {"tool_calls": calls_of_text(item.get("value"))} if name == CALLS else item
    calls, results = log.add(message, before, turns)
    expected = len(message["tool_calls"]) if name == CALLS else 0
    if (calls, results) != (expected, int(name == TOOL_RESULTS)):
        log.sound = False


def _text_of_value(number: int, value: object, left_out: Counter[str]) -> str:
    """The text of a value that is a number, as answers to questions on pictures are, or a list of parts."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, list):
        raise RejectedError(f'turn {number}: "value" is {kind(value)}, not text')
    return text_of_content(value, "value", left_out) or ""


def _text(turn: Mapping[str, Any]) -> object:
    """The text of a turn; V3 keeps a few under ``text`` or ``markdown.answer`` instead of ``value``."""
    if "value" in turn:
        return turn["value"]
    if "text" in turn:
        return turn["text"]
    markdown = turn.get("markdown")
    return markdown.get("answer") if isinstance(markdown, dict) else None


def piece_of(session: str) -> tuple[str, int] | None:
    """The base and the offset that an id of the form ``<base>_<offset>`` names; None for another id."""
    base, _, digits = session.rpartition("_")
    if not (base and digits.isdigit() and digits.isascii() and len(digits) <= _LONGEST_OFFSET):
        return None
    return (base, int(digits)) if digits == "0" or not digits.startswith("0") else None


def parity_fits(offset: int, first: Role) -> bool:
    """Whether a piece can start with that role: at an odd offset an answer does, at an even one a question.

    Measured on 1,011 records of V3: all 668 that start with a person have an even offset, and 339 of 342 that
    start with an answer an odd one. A whole conversation may start with an answer.
    """
    return first == "system" or (first == "gpt") == (offset % 2 == 1) or (offset == 0 and first == "gpt")


def has_sharegpt_form(base: str) -> bool:
    """Whether a base looks like an id of ShareGPT: seven letters and digits, and no word or number.

    Measured on 520 records of V3: every base has seven letters and digits. One of 430 such random ids is all
    small letters like ``medical``; whether that is one of ShareGPT's only the other pieces can tell.
    """
    plain = (base.isalpha() and base.islower()) or base.isdigit()
    return len(base) == _SHAREGPT_ID_LENGTH and base.isalnum() and base.isascii() and not plain
