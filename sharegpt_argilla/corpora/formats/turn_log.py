"""Request logs of a chat service, in which every call repeats the earlier turns of its conversation.

A record is one call::

    {"timestamp": "2026-03-01T09:30:00Z", "model": "…", "messages": [{"role": "user", "content": "…"}, …],
     "response": "…", "headers": {"user-agent": "…", "accept-language": "…"}, "ip": "192.0.2.1"}

``timestamp`` is ISO 8601 (UTC where it names no zone) or seconds since 1970. ``messages`` are those of
``chat_messages`` and end with a question. ``response`` is the answer, as text, as a message or as the
``{"choices": [{"message": …}]}`` of OpenAI's interface, and may be missing. So may ``headers`` and the address:
``ip``, else the first of ``x-forwarded-for``, next to it or among the headers. ``call_links`` says which calls
make a conversation.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Gatherer, Options, Turn
from sharegpt_argilla.corpora.formats.fields import (
    content_id,
    create_time,
    kind,
    record_object,
    required,
    required_list,
    required_text,
    seconds,
)
from sharegpt_argilla.corpora.formats.messages import MESSAGES, RESPONSE, Messages, is_call, read_messages
from sharegpt_argilla.errors import RejectedError

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
        continues: digest of what was sent before the question, and of that without ``answered``.
        end: digest of all messages and the response.
        left_out: what was left out among all of them.
    """

    time: float
    caller: Caller
    lead: tuple[Turn, ...] | None
    question: Turn
    answered: Turn | None
    response: Turn | None
    continues: tuple[bytes, ...]
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
        continues=(_digest(before), *([_digest(before[:-1])] if answered else [])),
        end=_digest([*messages, response] if response else messages),
        left_out=left_out,
    )


class Linked(NamedTuple):
    """The calls of each conversation of a log, the earliest first, and how many belong to none and why.

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


_EndKey = tuple[bytes, str, tuple[str, str], str | None]
"""What was said, the model, the browser, and the address; None there means any."""


@dataclass(slots=True, eq=False)
class _Link:
    """A call by its order in time: what continues it, whether it is a first one, why it is left out."""

    call: Call
    order: int
    after: _Link | None = None
    first: bool = False
    fault: str = ""


class _Ends:
    """The ends of calls that nothing continues yet, by what was said, browser, model and address."""

    def __init__(self) -> None:
        # The latest is last. A call that another continues stays until it is the last.
        self._free: dict[_EndKey, list[_Link]] = {}

    def add(self, link: _Link) -> None:
        """Take a call, later than all before."""
        for address in (link.call.caller.address, None):
            self._free.setdefault(_end_key(link.call, link.call.end, address), []).append(link)

    def has_come(self, call: Call) -> bool:
        """Whether a call has come that this one continues, continued already or not."""
        return any(_end_key(call, digest, None) in self._free for digest in call.continues)

    def latest(self, call: Call) -> _Link | None:
        """The latest of the calls that this one continues; from the same address if there is one."""
        for address in (call.caller.address, None):
            tops = [self._top(_end_key(call, digest, address)) for digest in call.continues]
            latest_calls = [link for link in tops if link is not None]
            if latest_calls:
                return max(latest_calls, key=lambda link: link.order)
        return None

    def _top(self, key: _EndKey) -> _Link | None:
        links = self._free.get(key, [])
        while links and links[-1].after is not None:
            links.pop()
        return links[-1] if links else None


def link_calls(calls: Iterable[Call]) -> Linked:
    """Link the calls of one log, in any order; calls of the same time keep the order in which they came."""
    links = [_Link(call, order) for order, call in enumerate(sorted(calls, key=lambda call: call.time))]
    ends = _Ends()
    for link in links:
        if parent := ends.latest(link.call):
            parent.after, link.fault = link, parent.fault
        elif link.call.lead is not None:
            link.first = True
        else:
            link.fault = BRANCHES if ends.has_come(link.call) else FRAGMENTS
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


def _end_key(call: Call, digest: bytes, address: str | None) -> _EndKey:
    return digest, call.caller.model, call.caller.fingerprint, address


def _digest(turns: Sequence[Turn]) -> bytes:
    """SHA-256 of who says what."""
    return hashlib.sha256(json.dumps([(turn.role, turn.text) for turn in turns]).encode("ascii")).digest()


TIMESTAMP, MODEL = "timestamp", "model"
HASHED_IP, HEADER = "hashed_ip", "header"
"""Keys of the extra that are kept on demand, under WildChat's names."""
_ADDRESS, _FORWARDED = "ip", "x-forwarded-for"
_FINGERPRINT = ("user-agent", "accept-language")


@dataclass(frozen=True, slots=True)
class TurnLog:
    """Calls to a chat service.

    Attributes:
        keep_origin: keep the headers, and the address as a keyed hash where there is a salt.
        salt: key of that hash (HMAC-SHA256). An address itself is never kept.
    """

    name: str = "turn_log"
    title: str = "Request log of a chat service, linked as for WildChat"
    source: str = "turn_log"
    container: Container = "json"
    keep_origin: bool = False
    salt: str | None = None

    def with_options(self, options: Options) -> TurnLog:
        """The same corpus, keeping of a call's origin what the options say."""
        return replace(self, keep_origin=options.keep_origin, salt=options.salt)

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a time, a model and messages of which the last is no answer."""
        return isinstance(value, dict) and is_call(value)

    def read(self, value: object) -> list[Conversation]:
        """The conversation that one call knows of, as if it were the last.

        Raises:
            RejectedError: the record is no call.
        """
        call, turns = _read_call(record_object(value))
        return [self.conversation([call], turns, call.left_out)]

    def gather(self) -> Gatherer:
        """A gatherer that gives all conversations after the last call, by the time of their first.

        It keeps what each call adds to the earlier ones until then: a later call may continue any of them.
        """
        return _Gatherer(self)

    def conversation(self, calls: list[Call], turns: list[Turn], left_out: Mapping[str, int]) -> Conversation:
        """The conversation that the calls make, by the time of the first and from where most of them came."""
        extra: dict[str, Any] = {MODEL: calls[-1].caller.model}
        if self.keep_origin:
            extra |= self._origin(Counter(call.caller for call in calls).most_common(1)[0][0])
        return Conversation(
            content_id(turns), turns, extra=extra, created=create_time(calls[0].time), left_out=left_out
        )

    def _origin(self, caller: Caller) -> dict[str, Any]:
        header = {key: item for key, item in zip(_FINGERPRINT, caller.fingerprint, strict=True) if item}
        origin: dict[str, Any] = {HEADER: header} if header else {}
        if self.salt and caller.address:
            key, address = (
                self.salt.encode("utf-8", "surrogatepass"),
                caller.address.encode("utf-8", "surrogatepass"),
            )
            origin[HASHED_IP] = hmac.new(key, address, hashlib.sha256).hexdigest()
        return origin


class _Gatherer:
    def __init__(self, corpus: TurnLog) -> None:
        self._corpus = corpus
        self._calls: list[Call] = []

    def add(self, value: object) -> list[Conversation]:
        self._calls.append(_read_call(record_object(value))[0])
        return []

    def finish(self) -> Iterator[Conversation]:
        conversations, left_out = link_calls(self._calls)
        self._calls = []
        for calls in conversations:
            # What was left out is sent again by every later call.
            left_out.update(calls[-1].left_out)
            yield self._corpus.conversation(calls, joined_turns(calls), left_out)
            left_out = Counter()
        if left_out:
            yield Conversation("", [], left_out=left_out)


def _read_call(record: Mapping[str, Any]) -> tuple[Call, list[Turn]]:
    """The call in a record, and all turns that it knows of."""
    time = seconds(required(record, TIMESTAMP))
    if time is None or create_time(time) is None:
        raise RejectedError(f'"{TIMESTAMP}" is no time: ISO 8601 or seconds since 1970')
    messages = read_messages(required_list(record, MESSAGES))
    if not messages.turns or messages.turns[-1].role != "human":
        raise RejectedError("the last message is no question")
    response = _response(record.get(RESPONSE))
    answer = response.turns[0] if response.turns else None
    call = make_call(time, _caller(record), messages.turns, answer, messages.left_out + response.left_out)
    return call, messages.turns + response.turns


def _response(value: Any) -> Messages:
    """The answer, as the messages of one; none when the log has none."""
    if isinstance(value, dict) and isinstance(choices := value.get("choices"), list):
        value = choices[0].get("message") if choices and isinstance(choices[0], dict) else None
    if value is None:
        return Messages()
    message = {"role": "assistant", "content": value} if isinstance(value, str) else value
    try:
        messages = read_messages([message])
    except RejectedError as error:
        raise RejectedError(f'"{RESPONSE}": {error}') from None
    if any(turn.role != "gpt" for turn in messages.turns):
        raise RejectedError(f'"{RESPONSE}" is not by the model')
    return messages


def _caller(record: Mapping[str, Any]) -> Caller:
    headers = record.get("headers")
    if not isinstance(headers, dict | None):
        raise RejectedError(f'"headers" is {kind(headers)}, not an object')
    headers_by_name = {key.lower(): item for key, item in (headers or {}).items() if isinstance(item, str)}
    candidates = (record.get(_ADDRESS), record.get(_FORWARDED), headers_by_name.get(_FORWARDED))
    address = next((value for value in candidates if isinstance(value, str) and value.strip()), "")
    fingerprint = (headers_by_name.get(_FINGERPRINT[0], ""), headers_by_name.get(_FINGERPRINT[1], ""))
    return Caller(required_text(record, MODEL), fingerprint, address.split(",")[0].strip())
