"""OpenAssistant's trees: each question with each of its answers once, flat files and trees alike."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.base import Conversation, GatheringCorpus
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.pairing.pairing import Counts, Pairer
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import Pair

oasst: Any = CORPORA["oasst"]
assert isinstance(oasst, GatheringCorpus)


def message(identity: str, parent: str | None, tree: str = "t", **more: Any) -> dict[str, Any]:
    """A message whose role is that of its id (``q…`` or ``a…``) and whose text is its id."""
    role = "prompter" if identity.startswith("q") else "assistant"
    given = {"message_id": identity, "parent_id": parent, "message_tree_id": tree, "role": role, "text": identity}
    return {**given, **more}


def gathered(*records: Any) -> list[Conversation]:
    gatherer = oasst.gather()
    return [*[talk for value in records for talk in gatherer.add(value)], *gatherer.finish()]


def paired(*records: Any) -> tuple[list[Pair], Counts]:
    pairer = Pairer("oasst", "oasst")
    pairs = [pair for talk in gathered(*records) for pair in pairer.add(talk)]
    return pairs, pairer.counts


def edges(*records: Any) -> list[tuple[str, int, str, str]]:
    return [(pair.session, pair.turn, pair.question, pair.answer) for pair in paired(*records)[0]]


TREE = [
    message("q1", None),
    message("a1", "q1", rank=1),
    message("a2", "q1", rank=0),
    message("a3", "q1"),
    message("q2", "a2"),
    message("q3", "a2"),
    message("q4", "a1"),
    message("a4", "q2"),
    message("a5", "q3"),
]
EDGES = [
    ("t", 1, "q1", "a2"),
    ("t/a1", 1, "q1", "a1"),
    ("t/a3", 1, "q1", "a3"),
    ("t", 2, "q2", "a4"),
    ("t/q3", 2, "q3", "a5"),
    ("t/a1", 2, "q4", ""),
]


def test_each_question_with_each_of_its_answers_is_one_pair() -> None:
    assert edges(*TREE) == EDGES


def test_a_session_is_one_conversation_without_alternatives() -> None:
    found = edges(*TREE)
    assert len({(session, turn) for session, turn, _, _ in found}) == len(found)


def nested(messages: list[dict[str, Any]]) -> dict[str, Any]:
    by_id = {each["message_id"]: {**each, "replies": []} for each in messages}
    for each in by_id.values():
        if each["parent_id"] is not None:
            by_id[each["parent_id"]]["replies"].append(each)
    return {"message_tree_id": "t", "tree_state": "ready_for_export", "prompt": by_id["q1"]}


def test_a_tree_in_one_record_gives_the_same_at_once() -> None:
    gatherer = oasst.gather()
    tree = nested(TREE)
    found = list(gatherer.add(tree))
    assert list(gatherer.finish()) == []
    assert edges(tree) == EDGES
    assert found == oasst.read(tree)


def test_messages_of_a_tree_may_lie_anywhere_in_the_file() -> None:
    other = [message("q1", None, "u"), message("a1", "q1", "u")]
    mixed = [*TREE[:3], *other[1:], *TREE[3:], *other[:1]]
    assert sorted(edges(*mixed)) == sorted([*EDGES, ("u", 1, "q1", "a1")])


def test_deleted_messages_are_left_out_and_counted() -> None:
    pairs, counts = paired(
        message("q1", None),
        message("a1", "q1", rank=0, deleted=True),
        message("a2", "q1", rank=1),
        message("q2", "a1"),
        message("a3", "q2"),
        message("q3", "a2", deleted=True),
        message("a4", "q3"),
    )
    assert [(pair.session, pair.turn, pair.question, pair.answer) for pair in pairs] == [
        ("t", 1, "q1", "a2"),
        ("t/a1", 2, "q2", "a3"),
    ]
    assert counts.left_out == {"deleted messages": 2}
    assert counts.answers_dropped == 1, "a4, whose question is gone"


def test_a_question_whose_answers_are_deleted_is_unanswered() -> None:
    found, counts = paired(message("q1", None), message("a1", "q1", deleted=True))
    assert [(pair.question, pair.answer) for pair in found] == [("q1", "")]
    assert counts.unanswered == 1


def test_a_tree_of_deleted_messages_is_counted_and_gives_no_row() -> None:
    found, counts = paired(message("q1", None, deleted=True), message("a1", "q1", deleted=True))
    assert (found, counts.left_out) == ([], {"deleted messages": 2})


def test_a_message_without_its_parent_starts_a_path_of_its_own() -> None:
    found, counts = paired(message("q1", None), message("q9", "gone"), message("a9", "q9"), message("a8", "gone"))
    assert [(pair.session, pair.turn, pair.question, pair.answer) for pair in found] == [
        ("t", 1, "q1", ""),
        ("t/q9", 1, "q9", "a9"),
    ]
    assert counts.answers_dropped == 1


def test_the_row_knows_rank_labels_and_times() -> None:
    labels = {"name": ["spam", "quality"], "value": [0.0, 0.75], "count": [3, 3]}
    pairs, _ = paired(
        message("q1", None, created_date="2026-02-03T08:00:00+00:00", labels=labels, user_id="somebody"),
        message(
            "a1",
            "q1",
            rank=0,
            lang="en",
            synthetic=False,
            emojis={"name": ["+1"], "count": [1]},
            labels={"quality": {"value": 1.0, "count": 3}},
            detoxify={"toxicity": 0.001},
            tree_state="ready_for_export",
        ),
    )
    assert pairs[0].created == "20260203 08:00:00"
    assert {key: item for key, item in pairs[0].extra.items() if item is not None} == {
        "message_tree_id": "t",
        "message_id": "a1",
        "lang": "en",
        "rank": 0,
        "labels": {"quality": 1.0},
        "detoxify": {"toxicity": 0.001},
        "question_labels": {"spam": 0.0, "quality": 0.75},
    }


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"text": "x"}, '"message_tree_id" is missing'),
        (message("q1", None, role="robot"), "unknown role; known: prompter, assistant"),
        (message("q1", None, text=None), '"text" is null, not text'),
        (message("q1", 7), '"parent_id" is a number, not text'),  # type: ignore[arg-type]
        ({"message_tree_id": "t", "prompt": "text"}, "a message of the tree is text, not an object"),
        ({"message_tree_id": "t", "prompt": {**TREE[0], "replies": {}}}, '"replies" of a message is an object'),
        (
            {"message_tree_id": "t", "prompt": {**TREE[0], "replies": [TREE[0]]}},
            '"message_id" is that of an earlier',
        ),
    ],
)
def test_what_is_no_message_is_rejected_with_its_reason(value: Any, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        gathered(value)
    assert str(caught.value).startswith(reason)


def test_a_message_that_comes_twice_is_rejected_once() -> None:
    gatherer = oasst.gather()
    gatherer.add(message("q1", None))
    with pytest.raises(RejectedError, match='"message_id" is that of an earlier message'):
        gatherer.add(message("q1", None))
    assert [talk.session for talk in gatherer.finish()] == ["t"]


def test_parents_in_a_circle_are_counted() -> None:
    _, counts = paired(message("q1", "a1"), message("a1", "q1"))
    assert (counts.pairs, counts.left_out) == (0, {"messages whose parents go in a circle": 2})


def test_a_deep_tree_needs_no_deep_stack() -> None:
    messages = [message("q1", None)]
    for number in range(2, 6000):
        messages.append(message(f"{'qa'[number % 2 == 0]}{number}", messages[-1]["message_id"]))
    tree = nested(messages)
    assert len(edges(tree)) == 3000
    assert edges(tree)[-1][1] == 3000


@st.composite
def trees(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Messages in an order in which any may come first, some deleted."""
    messages = [message("q0", None, deleted=draw(st.booleans()))]
    for number in range(1, draw(st.integers(1, 15))):
        parent = draw(st.sampled_from(messages))["message_id"]
        role = draw(st.sampled_from("aaq" if parent[0] == "q" else "qqa"))
        rank = draw(st.none() | st.integers(0, 3))
        messages.append(message(f"{role}{number}", parent, deleted=draw(st.integers(0, 4)) == 0, rank=rank))
    return draw(st.permutations(messages))


@given(trees())
def test_every_message_is_in_a_pair_or_counted(messages: list[dict[str, Any]]) -> None:
    pairs, counts = paired(*messages)
    alive = {each["message_id"]: each for each in messages if not each["deleted"]}
    children = {
        key: [e for e in alive.values() if e["parent_id"] == key and e["role"] == "assistant"] for key in alive
    }
    expected = {
        (key, answer["message_id"] if answer else "")
        for key, each in alive.items()
        if each["role"] == "prompter"
        for answer in children[key] or [None]
    }
    assert sorted((pair.question, pair.answer) for pair in pairs) == sorted(expected)
    assert counts.left_out["deleted messages"] == len(messages) - len(alive)
    answered = {answer for _, answer in expected if answer}
    assert counts.answers_dropped == sum(each["role"] == "assistant" for each in alive.values()) - len(answered)
    assert len({(pair.session, pair.turn) for pair in pairs}) == len(pairs)
