"""Request logs: calls linked into conversations the way WildChat does, and nobody's address kept."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.base import Configurable, Conversation, Corpus, GatheringCorpus, Options
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from tests.corpora.layouts import only

log = CORPORA["turn_log"]
BROWSER = {"User-Agent": "B/1", "accept-language": "de"}
BRANCH, FRAGMENT = "calls on regenerated branches", "calls without the beginning of their conversation"


def call(time: int, *texts: str, answer: Any = None, ip: str | None = "192.0.2.1", **more: Any) -> dict[str, Any]:
    """A call at ``time`` whose messages are by user and assistant in turn."""
    messages = [{"role": "assistant" if n % 2 else "user", "content": text} for n, text in enumerate(texts)]
    record = {
        "timestamp": time,
        "model": "m",
        "messages": messages,
        "response": answer,
        "headers": BROWSER,
        "ip": ip,
    }
    return {**record, **more}


def gathered(*calls: dict[str, Any], corpus: Corpus = log) -> list[Conversation]:
    assert isinstance(corpus, GatheringCorpus)
    gatherer = corpus.gather()
    return [*[talk for value in calls for talk in gatherer.add(value)], *gatherer.finish()]


def texts(conversations: Sequence[Conversation]) -> list[list[str]]:
    return [[turn.text for turn in talk.turns] for talk in conversations]


def left_out(conversations: Sequence[Conversation]) -> dict[str, int]:
    return {words: number for talk in conversations for words, number in talk.left_out.items()}


FIRST = call(0, "q1", answer="a1")
SECOND = call(10, "q1", "a1", "q2", answer="a2")
THIRD = call(20, "q1", "a1", "q2", "a2", "q3", answer="a3")
WHOLE = ["q1", "a1", "q2", "a2", "q3", "a3"]


@given(st.permutations([FIRST, SECOND, THIRD]))
def test_calls_that_repeat_the_earlier_turns_are_one_conversation(calls: list[Any]) -> None:
    found = gathered(*calls)
    assert texts(found) == [WHOLE]
    assert (found[0].created, found[0].extra, found[0].left_out) == ("19700101 00:00:00", {"model": "m"}, {})


def test_the_system_may_speak_first() -> None:
    def with_system(value: dict[str, Any]) -> dict[str, Any]:
        return {**value, "messages": [{"role": "system", "content": "s"}, *value["messages"]]}

    assert texts(gathered(with_system(FIRST), with_system(SECOND))) == [["s", "q1", "a1", "q2", "a2"]]
    assert texts(gathered(FIRST, with_system(SECOND))) == [["q1", "a1"]], (
        "another system text, another conversation"
    )


def test_a_regenerated_answer_is_a_branch_and_the_first_to_go_on_wins() -> None:
    conversations = gathered(
        FIRST,
        SECOND,
        call(15, "q1", "a1", "q2", answer="again"),
        call(30, "q1", "a1", "q2", "again", "q3", answer="after it"),
    )
    assert texts(conversations) == [["q1", "a1", "q2", "a2"]]
    assert left_out(conversations) == {BRANCH: 2}


def test_a_first_question_that_was_asked_again_is_a_conversation_again() -> None:
    assert texts(gathered(FIRST, call(5, "q1", answer="other"))) == [["q1", "a1"], ["q1", "other"]]


def test_the_latest_of_several_that_fit_is_gone_on_from() -> None:
    found = gathered(FIRST, call(5, "q1", answer="a1"), SECOND)
    assert [(talk.created[-2:], len(talk.turns)) for talk in found if talk.created] == [("00", 2), ("05", 4)]


def test_the_same_address_goes_before_the_latest() -> None:
    found = gathered(FIRST, call(5, "q1", answer="a1", ip="192.0.2.9"), SECOND)
    assert [(talk.created[-2:], len(talk.turns)) for talk in found if talk.created] == [("00", 4), ("05", 2)]


def test_the_address_may_change_but_neither_browser_nor_model() -> None:
    assert texts(gathered(FIRST, {**SECOND, "ip": "192.0.2.9"})) == [WHOLE[:4]]
    for other in ({"headers": {"user-agent": "C/1", "accept-language": "de"}}, {"model": "n"}, {"headers": None}):
        found = gathered(FIRST, {**SECOND, **other})
        assert texts(found) == [WHOLE[:2]]
        assert left_out(found) == {FRAGMENT: 1}


def test_a_call_whose_beginning_is_not_in_the_log_is_left_out_with_what_follows() -> None:
    found = gathered(SECOND, THIRD, call(40, "q", answer="a"))
    assert texts(found) == [["q", "a"]]
    assert left_out(found) == {FRAGMENT: 2}


def test_a_log_of_nothing_else_is_counted_too() -> None:
    found = gathered(SECOND)
    assert (texts(found), left_out(found)) == ([[]], {FRAGMENT: 1})
    assert gathered() == []


def test_a_response_that_was_not_logged_is_taken_from_the_next_call() -> None:
    found = gathered(call(0, "q1"), {**SECOND, "response": None}, THIRD)
    assert texts(found) == [WHOLE]
    assert texts(gathered(call(0, "q1"))) == [["q1"]]
    assert texts(gathered(call(0, "q1"), call(1, "q2"))) == [["q1"], ["q2"]]


def test_a_question_asked_on_without_an_answer() -> None:
    on = {**FIRST, "timestamp": 9, "messages": [{"role": "user", "content": text} for text in ("q1", "q2")]}
    assert texts(gathered(call(0, "q1"), on)) == [["q1", "q2", "a1"]]
    assert texts(gathered(on)) == [["q1", "q2", "a1"]], "nothing is missing where nobody answered"


@pytest.mark.parametrize(
    "response",
    [
        "a1",
        {"role": "assistant", "content": "a1"},
        {"role": "assistant", "content": [{"type": "text", "text": "a1"}]},
        {"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": "a1"}}]},
    ],
)
def test_a_response_is_known_in_every_form(response: Any) -> None:
    assert texts(gathered({**FIRST, "response": response}, SECOND)) == [["q1", "a1", "q2", "a2"]]


@pytest.mark.parametrize("response", [None, {"choices": []}, {"choices": ["x"]}])
def test_a_response_may_be_missing(response: Any) -> None:
    assert texts(gathered({**FIRST, "response": response})) == [["q1"]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"timestamp": "soon"}, '"timestamp" is no time: ISO 8601 or seconds since 1970'),
        ({"timestamp": None}, '"timestamp" is no time'),
        ({"messages": []}, '"messages" is empty'),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "the last message is no question"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "the last message is no question"),
        ({"model": None}, '"model" is null, not text'),
        ({"headers": "x"}, '"headers" is text, not an object'),
        ({"response": 5}, '"response": message 1: it is a number, not an object'),
        ({"response": {"role": "user", "content": "x"}}, '"response" is not by the model'),
    ],
)
def test_what_is_no_call_is_rejected_with_its_reason(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        gathered({**FIRST, **change})
    assert str(caught.value).startswith(reason)
    with pytest.raises(RejectedError):
        log.read({**FIRST, **change})


def test_one_call_alone_is_the_conversation_that_it_knows_of() -> None:
    assert [turn.text for turn in only(log, THIRD).turns] == WHOLE


def origin(value: dict[str, Any], **options: Any) -> dict[str, Any]:
    assert isinstance(log, Configurable)
    (found,) = gathered(value, corpus=log.with_options(Options(**options)))
    return dict(found.extra)


def test_an_address_is_kept_as_a_keyed_hash_on_demand_only() -> None:
    assert origin(FIRST) == {"model": "m"}
    assert origin(FIRST, salt="s") == {"model": "m"}
    header = {"user-agent": "B/1", "accept-language": "de"}
    assert origin(FIRST, keep_origin=True) == {"model": "m", "header": header}
    hashed = hmac.new(b"s", b"192.0.2.1", hashlib.sha256).hexdigest()
    assert origin(FIRST, keep_origin=True, salt="s") == {"model": "m", "header": header, "hashed_ip": hashed}
    assert origin(FIRST, keep_origin=True, salt="t")["hashed_ip"] != hashed


@pytest.mark.parametrize(
    "place",
    [
        {"ip": "192.0.2.1"},
        {"x-forwarded-for": "192.0.2.1, 10.0.0.1"},
        {"headers": {**BROWSER, "X-Forwarded-For": "192.0.2.1,10.0.0.1"}},
    ],
)
@pytest.mark.parametrize("salt", [None, "s"])
def test_no_address_is_in_the_clear_wherever_it_stood(place: dict[str, Any], salt: str | None) -> None:
    extra = origin({**FIRST, "ip": None, **place}, keep_origin=True, salt=salt)
    assert "192.0.2.1" not in json.dumps(extra)
    assert ("hashed_ip" in extra) == (salt is not None)


def test_a_conversation_has_the_origin_of_most_of_its_calls() -> None:
    assert isinstance(log, Configurable)
    corpus = log.with_options(Options(keep_origin=True, salt="s"))
    (found,) = gathered({**FIRST, "ip": "192.0.2.9"}, SECOND, THIRD, corpus=corpus)
    assert found.extra["hashed_ip"] == hmac.new(b"s", b"192.0.2.1", hashlib.sha256).hexdigest()


def test_tools_are_counted_once_although_every_call_repeats_them() -> None:
    tool = {"role": "tool", "content": "x"}
    calls = [{**value, "messages": [tool, *value["messages"]]} for value in (FIRST, SECOND, THIRD)]
    found = gathered(*calls)
    assert (texts(found), left_out(found)) == ([WHOLE], {"tool messages": 1})


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=8), st.integers(1, 3))
def test_every_question_of_a_log_without_branches_comes_back_once(words: list[str], users: int) -> None:
    calls = []
    for user in range(users):
        spoken: list[str] = []
        for place, word in enumerate(words):
            answer = f"{word}{place}"
            headers = {"user-agent": f"B/{user}"}
            calls.append(call(10 * place + user, *spoken, word, answer=answer, headers=headers))
            spoken += [word, answer]
    found = gathered(*reversed(calls))
    assert texts(found) == [spoken] * users
    assert left_out(found) == {}


def test_ten_thousand_equal_beginnings_are_linked_quickly() -> None:
    firsts = [call(number, "hi", answer="hello") for number in range(10_000)]
    seconds = [call(20_000 + number, "hi", "hello", "q", answer="a") for number in range(10_000)]
    found = gathered(*firsts, *seconds)
    assert len(found) == 10_000
    assert {len(talk.turns) for talk in found} == {4}
