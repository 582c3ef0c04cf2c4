"""Request logs of a chat service, in which every call repeats the earlier turns of its conversation.

A record is one call::

    {"timestamp": "2026-03-01T09:30:00Z", "model": "…", "messages": [{"role": "user", "content": "…"}, …],
     "response": "…", "headers": {"user-agent": "…", "accept-language": "…"}, "ip": "192.0.2.1"}

``timestamp`` is ISO 8601 (UTC where it names no zone) or seconds since 1970. ``messages`` are those of
``chat_messages`` and end with a question. ``response`` is the answer, as text, as a message or as the
``{"choices": [{"message": …}]}`` of OpenAI's interface, and may be missing. So may ``headers`` and the address:
``ip``, else the first of ``x-forwarded-for``, beside it or among the headers. ``call_links`` says which calls make
a conversation.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sharegpt_argilla.corpora.base import Container, Conversation, Gatherer, Options, Turn
from sharegpt_argilla.corpora.call_links import Call, Caller, joined_turns, link_calls, make_call
from sharegpt_argilla.corpora.chat_messages import MESSAGES, Messages, read_messages
from sharegpt_argilla.corpora.fields import (
    content_id,
    create_time,
    kind,
    record_object,
    required,
    required_list,
    required_text,
    seconds,
)
from sharegpt_argilla.errors import RejectedError

TIMESTAMP, MODEL, RESPONSE = "timestamp", "model", "response"
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
        """Whether the value is an object with a time, a model and a list of messages."""
        return (
            isinstance(value, dict)
            and TIMESTAMP in value
            and isinstance(value.get(MODEL), str)
            and isinstance(value.get(MESSAGES), list)
        )

    def read(self, value: object) -> list[Conversation]:
        """The conversation that one call knows of, as if it were the last.

        Raises:
            RejectedError: the record is no call.
        """
        call, turns = _read_call(record_object(value))
        return [self.conversation([call], turns, call.left_out)]

    def gather(self) -> Gatherer:
        """A gatherer that gives all conversations after the last call, by the time of their first.

        It holds what each call adds to the earlier ones until then: a later call may go on from any of them.
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
            # What was passed over is sent again by every later call.
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
    found = read_messages(required_list(record, MESSAGES))
    if not found.turns or found.turns[-1].role != "human":
        raise RejectedError("the last message is no question")
    response = _response(record.get(RESPONSE))
    answer = response.turns[0] if response.turns else None
    call = make_call(time, _caller(record), found.turns, answer, found.left_out + response.left_out)
    return call, found.turns + response.turns


def _response(value: Any) -> Messages:
    """The answer, as the messages of one; none when the log has none."""
    if isinstance(value, dict) and isinstance(choices := value.get("choices"), list):
        value = choices[0].get("message") if choices and isinstance(choices[0], dict) else None
    if value is None:
        return Messages()
    message = {"role": "assistant", "content": value} if isinstance(value, str) else value
    try:
        found = read_messages([message])
    except RejectedError as error:
        raise RejectedError(f'"{RESPONSE}": {error}') from None
    if any(turn.role != "gpt" for turn in found.turns):
        raise RejectedError(f'"{RESPONSE}" is not by the model')
    return found


def _caller(record: Mapping[str, Any]) -> Caller:
    headers = record.get("headers")
    if not isinstance(headers, dict | None):
        raise RejectedError(f'"headers" is {kind(headers)}, not an object')
    given = {key.lower(): item for key, item in (headers or {}).items() if isinstance(item, str)}
    places = (record.get(_ADDRESS), record.get(_FORWARDED), given.get(_FORWARDED))
    address = next((place for place in places if isinstance(place, str) and place.strip()), "")
    fingerprint = (given.get(_FINGERPRINT[0], ""), given.get(_FINGERPRINT[1], ""))
    return Caller(required_text(record, MODEL), fingerprint, address.split(",")[0].strip())
