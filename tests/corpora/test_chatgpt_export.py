"""ChatGPT's data export: the path to the current node, and what is off it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.pairing.pairing import Pairer
from sharegpt_argilla.errors import RejectedError
from tests.corpora.layouts import only, texts

export = CORPORA["chatgpt_export"]

Tree = dict[str, tuple[str | None, Any]]
"""Id -> id of the parent, and the message."""


def said(role: str, *parts: Any, kind: str = "text", recipient: str = "all", **metadata: Any) -> dict[str, Any]:
    content = {"content_type": kind, "parts": list(parts)}
    return {"author": {"role": role}, "content": content, "recipient": recipient, "metadata": metadata}


def record(tree: Tree, current: str | None = None, **more: Any) -> dict[str, Any]:
    children = {key: [other for other, (parent, _) in tree.items() if parent == key] for key in tree}
    mapping = {
        key: {"id": key, "message": message, "parent": parent, "children": children[key]}
        for key, (parent, message) in tree.items()
    }
    return {"mapping": mapping, "current_node": current, **more}


def path(*messages: Any) -> Tree:
    """A tree without branches; its ids are ``0``, ``1`` …"""
    return {str(n): (str(n - 1) if n else None, message) for n, message in enumerate(messages)}


BRANCHED: Tree = {
    "root": (None, None),
    "q": ("root", said("user", "q")),
    "a": ("q", said("assistant", "first try")),
    "q2": ("a", said("user", "went on from there")),
    "b": ("q", said("assistant", "second try")),
    "q3": ("b", said("user", "better")),
    "edited": ("root", said("user", "another question")),
}


def test_the_conversation_is_the_path_to_the_current_node() -> None:
    read = only(export, record(BRANCHED, "q3"))
    assert [turn.text for turn in read.turns] == ["q", "second try", "better"]
    assert read.left_out == {"messages on other branches": 3}


def test_a_current_node_in_the_middle_ends_the_conversation() -> None:
    read = only(export, record(BRANCHED, "a"))
    assert [turn.text for turn in read.turns] == ["q", "first try"]
    assert read.left_out == {"messages on other branches": 4}


@pytest.mark.parametrize("current", [None, "gone", 7])
def test_without_a_current_node_the_last_children_are_taken(current: Any) -> None:
    tree = {key: node for key, node in BRANCHED.items() if key != "edited"}
    assert [turn.text for turn in only(export, record(tree, current)).turns] == ["q", "second try", "better"]


def test_what_is_no_talk_is_passed_over_and_counted() -> None:
    tree = path(
        None,
        said("system", ""),
        said("system", "", is_visually_hidden_from_conversation=True),
        said("user", "about me", kind="user_editable_context", is_visually_hidden_from_conversation=True),
        said("user", "q"),
        {
            "author": {"role": "assistant"},
            "content": {"content_type": "code", "text": "1+1"},
            "recipient": "python",
        },
        {
            "author": {"role": "tool", "name": "python"},
            "content": {"content_type": "execution_output", "text": "2"},
        },
        {
            "author": {"role": "assistant"},
            "content": {"content_type": "thoughts", "thoughts": []},
            "recipient": "all",
        },
        said("assistant", "a"),
    )
    read = only(export, record(tree, "8"))
    assert [turn.text for turn in read.turns] == ["q", "a"]
    assert read.left_out == {
        "hidden messages": 2,
        "tool calls": 1,
        "tool messages": 1,
        "messages that are no text": 1,
    }


def test_a_system_text_that_people_saw_is_kept() -> None:
    assert [
        turn.role for turn in only(export, record(path(said("system", "be kind"), said("user", "q")), "1")).turns
    ] == [
        "system",
        "human",
    ]


def test_parts_with_a_text_are_joined_and_the_others_counted() -> None:
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}
    speech = {"content_type": "audio_transcription", "text": "spoken"}
    read = only(export, record(path(said("user", picture, "a", "", speech, kind="multimodal_text")), "0"))
    assert [turn.text for turn in read.turns] == ["a\n\nspoken"]
    assert read.left_out == {"parts that are no text": 1}


@pytest.mark.parametrize("question", [said("user", {}, kind="multimodal_text"), said("user", kind="unheard_of")])
def test_a_question_in_pictures_does_not_give_its_answer_to_the_one_before(question: Any) -> None:
    tree = path(said("user", "q1"), said("assistant", "a1"), question, said("assistant", "a2"))
    pairs = list(Pairer("x", "x").add(only(export, record(tree, "3"))))
    assert [(pair.question, pair.answer) for pair in pairs] == [("q1", "a1")]


def test_time_title_and_model_are_kept() -> None:
    more = {"title": "T", "create_time": 1767258000.25, "default_model_slug": "auto", "is_archived": False}
    read = only(export, record(path(said("user", "q")), "0", **more, conversation_id="c1", id="c2"))
    assert (read.created, read.session, read.extra) == (
        "20260101 09:00:00",
        "c1",
        {"title": "T", "default_model_slug": "auto"},
    )
    assert only(export, record(path(said("user", "q")), "0")).created is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"title": "T"}, '"mapping" is missing'),
        ({"mapping": []}, '"mapping" is empty'),
        ({"mapping": "tree"}, '"mapping" is text, neither an object nor a list'),
        ({"mapping": {}}, '"mapping" has no root'),
        (
            record({"a": ("b", said("user", "x")), "b": ("a", said("user", "y"))}, "a"),
            '"mapping" goes in a circle',
        ),
        (record(path(None), "0"), "no message of the conversation has a text"),
        (record(path({"author": None}), "0"), 'a message has no "author" with a "role"'),
        (record(path(said("robot", "x")), "0"), 'unknown role "robot"'),
        (record(path({**said("user"), "content": {"content_type": "text"}}), "0"), '"parts" is null, not a list'),
    ],
)
def test_what_is_no_conversation_is_rejected_with_its_reason(value: Any, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        export.read(value)
    assert str(caught.value).startswith(reason)


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), texts), min_size=1), st.randoms())
def test_what_is_written_in_the_layout_is_read_back(turns: list[tuple[str, str]], chance: Any) -> None:
    tree = path(*(said(role, text) for role, text in turns))
    shuffled = {key: tree[key] for key in chance.sample(sorted(tree), len(tree))}
    read = only(export, record(shuffled, str(len(turns) - 1)))
    assert [(turn.spelling, turn.text) for turn in read.turns] == turns


def slimmed(*left_out: str, times: bool = False) -> dict[str, Any]:
    """A conversation of four messages, written out of order, whose nodes lack some of their keys."""
    turns = ("user", "q1"), ("assistant", "a1"), ("user", "q2"), ("assistant", "a2")
    tree = path(*(said(*turn) | ({"create_time": 10.5 + n} if times else {}) for n, turn in enumerate(turns)))
    mapping = record({key: tree[key] for key in "2031"})["mapping"]
    return {
        "mapping": {
            key: {name: value for name, value in node.items() if name not in left_out}
            for key, node in mapping.items()
        }
    }


@pytest.mark.parametrize("current", [None, "3"])
@pytest.mark.parametrize("left_out", [("parent",), ("children",), ("id", "children")])
def test_one_link_of_each_node_is_enough(left_out: tuple[str, ...], current: str | None) -> None:
    read = only(export, slimmed(*left_out) | {"current_node": current})
    assert [turn.text for turn in read.turns] == ["q1", "a1", "q2", "a2"]
    assert not read.left_out


def test_without_links_the_times_tell_the_order() -> None:
    read = only(export, slimmed("parent", "children", times=True))
    assert [turn.text for turn in read.turns] == ["q1", "a1", "q2", "a2"]


def test_without_links_and_times_nothing_tells_the_order() -> None:
    with pytest.raises(RejectedError, match="neither links nor times"):
        export.read(slimmed("parent", "children"))


def test_a_message_needs_no_order_where_it_is_the_only_one() -> None:
    assert [turn.text for turn in only(export, {"mapping": {"a": {"message": said("user", "q")}}}).turns] == ["q"]


def test_a_critic_and_a_developer_do_not_cost_the_conversation() -> None:
    tree = path(said("developer", "be kind"), said("user", "q"), said("critic", "hm"), said("assistant", "a"))
    read = only(export, record(tree, "3"))
    assert [(turn.role, turn.text) for turn in read.turns] == [("system", "be kind"), ("human", "q"), ("gpt", "a")]
    assert read.left_out == {"messages of critics": 1}


QUESTION, ANSWER = said("user", "q1"), said("assistant", "a1")


def linked(key: str, parent: str | None, *children: Any, **message: Any) -> dict[str, Any]:
    return {"id": key, "parent": parent, "children": list(children), **message}


CONVERTED: dict[str, Any] = {
    "a list of nodes": {
        "mapping": [
            linked("r", None, "q", message=None),
            linked("q", "r", "a", message=QUESTION),
            linked("a", "q", message=ANSWER),
        ]
    },
    "a list out of order": {
        "mapping": [linked("a", "q", message=ANSWER), linked("q", None, "a", message=QUESTION)]
    },
    "a list without links": {"mapping": [{"message": QUESTION}, {"message": ANSWER}]},
    "a list of messages": {"mapping": [QUESTION, ANSWER]},
    "messages in place of nodes": {
        "mapping": {"q": linked("q", None, "a", **QUESTION), "a": linked("a", "q", **ANSWER)}
    },
    "answers inside their question": {
        "mapping": {"q": linked("q", None, linked("a", None, message=ANSWER), message=QUESTION)}
    },
    "numbers for ids": {
        "mapping": {"1": {"id": 1, "message": QUESTION}, "2": {"id": 2, "parent": 1, "message": ANSWER}},
        "current_node": 2,
    },
    "roles without an author": {
        "mapping": [{"role": "user", "content": "q1"}, {"role": "assistant", "content": "a1"}]
    },
    "authors as texts": {
        "messages": [{"author": "user", "content": "q1"}, {"author": "assistant", "parts": ["a1"]}]
    },
    "authors as objects": {"messages": [QUESTION, ANSWER]},
    "a list of the shown branch": {"linear_conversation": [{"id": "q", "message": QUESTION}, {"message": ANSWER}]},
    "contents without a type": {
        "mapping": [
            {"author": {"role": "user"}, "content": {"parts": ["q1"]}},
            {"author": {"role": "assistant"}, "content": {"content_type": "text", "text": "a1"}},
        ]
    },
    "parts with a type": {
        "mapping": [
            {"author": {"role": "user"}, "content": [{"type": "text", "text": "q1"}]},
            {"author": {"role": "assistant"}, "text": "a1"},
        ]
    },
    "links to nodes that are not there": {
        "mapping": {"q": linked("q", "gone", "a", message=QUESTION), "a": linked("a", "q", "gone", message=ANSWER)}
    },
}


@pytest.mark.parametrize("value", CONVERTED.values(), ids=list(CONVERTED))
def test_converted_exports_are_read(value: dict[str, Any]) -> None:
    assert export.is_record(value)
    read = only(export, value)
    assert [(turn.role, turn.text) for turn in read.turns] == [("human", "q1"), ("gpt", "a1")]
    assert not read.left_out


def timed(role: str, text: str, time: float) -> dict[str, Any]:
    return said(role, text) | {"create_time": time}


@pytest.mark.parametrize(
    ("current", "expected"),
    [("a2", ["q1", "a1", "q2", "a2"]), ("b2", ["q1", "a1", "q2", "b2"]), (None, ["q1", "a1", "q2", "b2"])],
)
def test_where_nodes_were_taken_out_the_rest_still_belongs_to_the_conversation(
    current: str | None, expected: list[str]
) -> None:
    tree = {
        "q1": linked("q1", None, "a1", message=timed("user", "q1", 1)),
        "a1": linked("a1", "q1", "tool", message=timed("assistant", "a1", 2)),
        "q2": linked("q2", "tool", message=timed("user", "q2", 3)),
        "a2": linked("a2", "first search", message=timed("assistant", "a2", 4)),
        "b2": linked("b2", "second search", message=timed("assistant", "b2", 5)),
    }
    read = only(export, {"mapping": tree, "current_node": current})
    assert [turn.text for turn in read.turns] == expected
    assert read.left_out == {"messages on other branches": 1}


def test_what_an_account_always_tells_the_model_is_no_question() -> None:
    tree = path(
        {"author": {"role": "user"}, "content": {"content_type": "user_editable_context", "user_profile": "me"}},
        said("user", "q"),
    )
    read = only(export, record(tree, "1"))
    assert [turn.text for turn in read.turns] == ["q"]
    assert read.left_out == {"custom instructions": 1}


@pytest.mark.parametrize(
    "value", [{"mapping": []}, {"mapping": [1, "x"]}, {"messages": [{"role": "user", "content": "q"}]}]
)
def test_lists_of_something_else_are_not_taken_for_an_export(value: dict[str, Any]) -> None:
    assert not export.is_record(value)


def test_a_long_conversation_whose_links_all_lead_nowhere_is_read_in_time() -> None:
    roles = ("user", "assistant")
    nodes = {str(n): linked(str(n), f"gone {n}", message=timed(roles[n % 2], f"text {n}", n)) for n in range(2000)}
    read = only(export, {"mapping": nodes, "current_node": "1999"})
    assert [turn.text for turn in read.turns] == [f"text {n}" for n in range(2000)]
