"""Which calls of a request log make a conversation, by the rules that WildChat was made with.

A call goes on from an earlier one when its messages before the last question are those of the earlier call and
its response. Both must come from the same browser (user agent and language) and address and ask the same model; if
there is no such call, the address may differ. Of several the latest is taken, and each can be gone on from only
once: another call that goes on from it is a regenerated branch. A call with earlier answers that no call of the
log gave is a fragment. Both are left out with all that goes on from them, and counted.

Three things differ from WildChat: messages of the system are allowed, a person may ask twice in a row, and a call
whose response was not logged takes it from the call that goes on from it.

Source: link_conversations and generate_hash in github.com/da03/wildchat; Zhao et al., WildChat, ICLR 2024.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sharegpt_argilla.corpora.base import Turn

BRANCHES, FRAGMENTS = "calls on regenerated branches", "calls without the beginning of their conversation"


class Caller(NamedTuple):
    """Who called what: the model, the user agent and accepted language, and the address ("" where unknown)."""

    model: str
    fingerprint: tuple[str, str]
    address: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call, without the text that an earlier call has.

    Attributes:
        time: seconds since 1970, UTC.
        caller: who called what.
        lead: what was sent before the question, where no answer is among it; else None.
        question: the last message.
        answered: the answer that was sent just before the question, if it was one answer alone.
        response: the answer to the question; None where the log has none.
        goes_on_from: digest of what was sent before the question, and of that without ``answered``.
        end: digest of all messages and the response.
        left_out: what was passed over among all of them.
    """

    time: float
    caller: Caller
    lead: tuple[Turn, ...] | None
    question: Turn
    answered: Turn | None
    response: Turn | None
    goes_on_from: tuple[bytes, ...]
    end: bytes
    left_out: Mapping[str, int]


def make_call(
    time: float, caller: Caller, messages: Sequence[Turn], response: Turn | None, left_out: Mapping[str, int]
) -> Call:
    """The call with these messages, of which the last is the question."""
    *before, question = messages
    began = any(turn.role == "gpt" for turn in before)
    answered = before[-1] if [turn.role == "gpt" for turn in before[-2:]] in ([True], [False, True]) else None
    return Call(
        time,
        caller,
        lead=None if began else tuple(before),
        question=question,
        answered=answered,
        response=response,
        goes_on_from=(_digest(before), *([_digest(before[:-1])] if answered else [])),
        end=_digest([*messages, response] if response else messages),
        left_out=left_out,
    )


class Linked(NamedTuple):
    """What a log holds: the calls of each conversation, the earliest first, and how many belong to none and why.

    Conversations are in the order of their first calls.
    """

    conversations: list[list[Call]]
    left_out: Counter[str]


def joined_turns(calls: Sequence[Call]) -> list[Turn]:
    """The turns of a conversation."""
    turns = list(calls[0].lead or ())
    unanswered = False
    for call in calls:
        if unanswered and call.answered is not None:
            turns.append(call.answered)
        turns.append(call.question)
        unanswered = call.response is None
        turns.extend([call.response] if call.response is not None else [])
    return turns


_Place = tuple[bytes, str, tuple[str, str], str | None]
"""What was said, the model, the browser, and the address; None in its place stands for any."""


@dataclass(slots=True, eq=False)
class _Link:
    """A call by its place in time: what goes on from it, whether it is a first one, why it is left out."""

    call: Call
    order: int
    after: _Link | None = None
    first: bool = False
    fault: str = ""


class _Ends:
    """The ends of calls that nothing goes on from yet, by what was said, browser, model and address."""

    def __init__(self) -> None:
        # The latest is last. A call that another goes on from stays until it comes to lie there.
        self._free: dict[_Place, list[_Link]] = {}

    def add(self, link: _Link) -> None:
        """Take a call, later than all before."""
        for address in (link.call.caller.address, None):
            self._free.setdefault(_place(link.call, link.call.end, address), []).append(link)

    def known(self, call: Call) -> bool:
        """Whether a call has come that this one goes on from, gone on from already or not."""
        return any(_place(call, digest, None) in self._free for digest in call.goes_on_from)

    def latest(self, call: Call) -> _Link | None:
        """The latest of the calls that this one goes on from; from the same address if there is one."""
        for address in (call.caller.address, None):
            tops = [self._top(_place(call, digest, address)) for digest in call.goes_on_from]
            found = [link for link in tops if link is not None]
            if found:
                return max(found, key=lambda link: link.order)
        return None

    def _top(self, place: _Place) -> _Link | None:
        links = self._free.get(place, [])
        while links and links[-1].after is not None:
            links.pop()
        return links[-1] if links else None


def link_calls(calls: Iterable[Call]) -> Linked:
    """Link the calls of one log, in any order; calls of the same time stand in the order in which they came."""
    links = [_Link(call, order) for order, call in enumerate(sorted(calls, key=lambda call: call.time))]
    ends = _Ends()
    for link in links:
        if parent := ends.latest(link.call):
            parent.after, link.fault = link, parent.fault
        elif link.call.lead is not None:
            link.first = True
        else:
            link.fault = BRANCHES if ends.known(link.call) else FRAGMENTS
        ends.add(link)
    return Linked(
        [_chain(link) for link in links if link.first],
        Counter(link.fault for link in links if link.fault),
    )


def _chain(link: _Link | None) -> list[Call]:
    chain = []
    while link is not None:
        chain.append(link.call)
        link = link.after
    return chain


def _place(call: Call, digest: bytes, address: str | None) -> _Place:
    return digest, call.caller.model, call.caller.fingerprint, address


def _digest(turns: Sequence[Turn]) -> bytes:
    """SHA-256 of who says what."""
    return hashlib.sha256(json.dumps([(turn.role, turn.text) for turn in turns]).encode("ascii")).digest()
