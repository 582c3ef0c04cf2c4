"""Exports of chat programs: Claude, Open WebUI, LibreChat, SillyTavern, Gemini in Takeout, AI Studio."""

from typing import Any

import pytest

from sharegpt_argilla.corpora.formats.message_tree import branch_to
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from tests.corpora.layouts import only
from tests.corpora.reading import pair_up, pairs_of, texts

claude, open_webui, librechat = CORPORA["claude_export"], CORPORA["open_webui"], CORPORA["librechat"]


def said(sender: str, *blocks: Any, text: str = "", **more: Any) -> dict[str, Any]:
    content = [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]
    return {"sender": sender, "text": text, "content": content, **more}


def test_the_blocks_of_claude_are_its_text_and_the_others_are_counted() -> None:
    blocks = (
        {"type": "thinking"},
        "a",
        {"type": "tool_use"},
        {"type": "tool_result"},
        "b",
        {"type": "token_budget"},
    )
    messages = [
        said("human", "q", attachments=[{}], files=[{}, {}]),
        said("assistant", *blocks, text="a\n```\nnot supported\n```\nb"),
        {"sender": "human", "text": "old"},
    ]
    record = {"uuid": "u", "name": "n", "created_at": "2026-01-05T10:00:00.5Z", "chat_messages": messages}
    read = only(claude, record)
    assert [turn.text for turn in read.turns] == ["q", "a\n\nb", "old"]
    assert (read.session, read.created, read.extra) == ("u", "20260105 10:00:00", {"title": "n"})
    assert read.left_out == {
        "attachments": 3,
        "reasoning parts": 1,
        "tool calls": 1,
        "tool messages": 1,
        "parts that are no text": 1,
    }


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], '"chat_messages" is empty'),
        ([1], "message 1: it is a number, not an object"),
        ([said("human", "q"), {"sender": "human"}], 'message 2: "text" is missing'),
        ([said("robot", "q")], 'message 1: unknown role "robot"'),
    ],
)
def test_what_is_no_conversation_of_claude_is_rejected(messages: Any, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        claude.read({"uuid": "u", "chat_messages": messages})
    assert str(caught.value).startswith(reason)


def node(identity: str, parent: str | None) -> dict[str, Any]:
    return {"id": identity, "parent": parent}


@pytest.mark.parametrize(
    ("nodes", "last", "path"),
    [
        ([("a", None), ("b", "a"), ("c", "b")], None, "abc"),
        ([("a", None), ("b", "a"), ("c", "a")], None, "ac"),
        ([("a", None), ("b", "a"), ("c", "a")], "b", "ab"),
        ([("a", None), ("b", "a"), ("c", "a")], "gone", "ac"),
        ([("a", "0"), ("b", "a"), ("c", "0"), ("d", "c")], None, "cd"),
        ([("b", "gone"), ("c", "b")], None, "bc"),
        ([("a", None), ("b", None), ("c", None)], None, "abc"),
    ],
)
def test_the_branch_that_was_shown_last_is_taken(
    nodes: list[tuple[str, str | None]], last: str | None, path: str
) -> None:
    messages = [node(*pair) for pair in nodes]
    assert "".join(message["id"] for _, message in branch_to(messages, "id", "parent", last)) == path


def test_a_circle_is_no_branch() -> None:
    with pytest.raises(RejectedError, match="in a circle"):
        branch_to([node("a", "c"), node("b", "a"), node("c", "b"), node("d", "b")], "id", "parent")


def test_a_chat_of_open_webui_by_itself_and_without_a_tree_is_read() -> None:
    messages = [{"id": "a", "role": "user", "content": "q"}, {"id": "b", "role": "assistant", "content": "a"}]
    chat = {"id": "x", "title": "t", "messages": messages, "history": {"messages": {}, "currentId": None}}
    assert open_webui.is_record(chat)
    read = only(open_webui, chat)
    assert [turn.text for turn in read.turns] == ["q", "a"]
    assert (read.session, read.extra) == ("x", {"title": "t"})


def test_the_tree_of_open_webui_is_never_an_extra() -> None:
    tree = {
        "a": {"parentId": None, "role": "user", "content": "q"},
        "b": {"parentId": "a", "role": "assistant", "content": '<details type="reasoning">hm</details>\nb'},
        "c": {"parentId": "a", "role": "assistant", "content": "c"},
    }
    read = only(open_webui, {"id": "x", "chat": {"history": {"messages": tree, "currentId": "b"}}})
    assert [turn.text for turn in read.turns] == ["q", "b"]
    assert read.extra == {}
    assert read.left_out == {"messages on other branches": 1, "reasoning parts": 1}


def test_the_tree_of_librechat_is_flattened() -> None:
    def message(identity: str, parent: str, user: bool, *children: dict[str, Any]) -> dict[str, Any]:
        text = {"messageId": identity, "parentMessageId": parent, "isCreatedByUser": user, "text": identity}
        return {**text, "children": list(children)}

    tree = [message("q", "0", True, message("a", "q", False), message("b", "q", False, message("r", "b", True)))]
    read = only(librechat, {"conversationId": "l", "messagesTree": tree})
    assert [(turn.role, turn.text) for turn in read.turns] == [("human", "q"), ("gpt", "b"), ("human", "r")]
    assert read.left_out == {"messages on other branches": 1}


def test_each_header_of_sillytavern_starts_a_conversation() -> None:
    header = {"user_name": "u", "character_name": "c"}
    talk = [{"mes": "Hello.", "is_user": False}, {"mes": "q", "is_user": True}, {"mes": "a", "is_user": False}]
    other = [{"mes": "r", "is_user": True, "is_system": False}]
    pairs, counts = pair_up(CORPORA["sillytavern"], [header, *talk, header, *other])
    assert texts(pairs) == [("q", "a"), ("r", "")]
    assert len({pair.session for pair in pairs}) == 2
    assert counts.answers_dropped == 1


def test_the_same_question_to_gemini_at_another_time_is_another_session() -> None:
    asked = {"header": "Gemini Apps", "title": "Prompted q", "products": []}
    one, other = ({**asked, "time": f"2026-01-1{day}T00:00:00Z"} for day in (1, 2))
    pairs = pairs_of("gemini_takeout", one, other, one)
    assert texts(pairs) == [("q", "")] * 3
    assert [pair.session == pairs[0].session for pair in pairs] == [True, False, True]
    with pytest.raises(RejectedError, match="no question to Gemini"):
        CORPORA["gemini_takeout"].read({**asked, "title": "Used the thumbs-up"})


def test_chunks_of_one_role_are_one_message() -> None:
    chunks = [
        {"role": "user", "driveImage": {"id": "x"}},
        {"role": "user", "text": "q"},
        {"role": "model", "text": "hm", "isThought": True},
        {"role": "model", "text": "a"},
    ]
    read = only(CORPORA["ai_studio"], {"chunkedPrompt": {"chunks": chunks}})
    assert [(turn.role, turn.text) for turn in read.turns] == [("human", "q"), ("gpt", "a")]
    assert read.left_out == {"images": 1, "reasoning parts": 1}
