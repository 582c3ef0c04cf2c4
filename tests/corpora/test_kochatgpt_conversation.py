"""KoChatGPT's plain-text conversations: role lines in all their spellings."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.kochatgpt_conversation import BARE_ROLES
from sharegpt_argilla.corpora.formats.roles import canonical_role
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from tests.corpora.layouts import only

corpus = CORPORA["kochatgpt_conversation"]


@pytest.mark.parametrize("name", BARE_ROLES)
@pytest.mark.parametrize("line", ["<{}>: hello", "{}: hello", "<{}> : hello", "{}:hello\n", "<{}>:\nhello\r\n"])
def test_every_spelling_is_known_with_and_without_brackets(name: str, line: str) -> None:
    block = line.format(name)
    assert corpus.is_record(block)
    (turn,) = only(corpus, block).turns
    assert (turn.role, turn.text) == (canonical_role(name), "hello")
    assert turn.spelling == block.split(":", maxsplit=1)[0].strip()


def test_a_turn_ends_at_the_next_role_line() -> None:
    read = only(corpus, "<Orang>: one\ntwo\n\nthree\n<Chatbot>: four\n\n")
    assert [turn.text for turn in read.turns] == ["one\ntwo\n\nthree", "four"]


def test_one_block_has_one_way_to_write_roles() -> None:
    bracketed = only(corpus, "<Orang>: write a script\n<Chatbot>: Here:\nOrang: hi\nChatbot: hello")
    assert [turn.text for turn in bracketed.turns] == ["write a script", "Here:\nOrang: hi\nChatbot: hello"]
    bare = only(corpus, "Orang: write a script\nChatbot: Here:\n<Orang>: hi\n<Chatbot>: hello")
    assert [turn.text for turn in bare.turns] == ["write a script", "Here:\n<Orang>: hi\n<Chatbot>: hello"]


def test_the_session_is_made_of_the_content() -> None:
    one, two = only(corpus, "<Orang>: a"), only(corpus, "<Orang>: b")
    assert one.session != two.session
    assert one.session == only(corpus, "<Orang>: a\n\n").session


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("", "the block is empty"),
        ("\n \n", "the block is empty"),
        ("no role here", "no line starts with a role: Orang, orang, 사람, Chatbot, Chabot, AI, 챗봇"),
        ("a title\n<Orang>: hello", "text comes before the first role"),
        ("<Orang>: hello\n<Robot>: hi", 'unknown role "Robot"'),
        (None, "a conversation is a block of text, found null"),
        ({"prompt": "x"}, "a conversation is a block of text, found an object"),
    ],
)
def test_what_is_no_conversation_is_rejected_with_its_reason(block: object, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        corpus.read(block)
    assert str(caught.value).startswith(reason)


lines = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=40).filter(
    lambda text: not re.search(r"^(<[^<>\n]{1,24}>|\w+)[ \t]*:", text, re.MULTILINE)
)


@given(st.lists(st.tuples(st.sampled_from(BARE_ROLES), lines), min_size=1, max_size=6), st.booleans())
def test_what_is_written_in_the_layout_is_read_back(turns: list[tuple[str, str]], brackets: bool) -> None:
    shown = [f"<{name}>" if brackets else name for name, _ in turns]
    block = "\n".join(f"{name}: {text}" for name, (_, text) in zip(shown, turns, strict=True))
    read = only(corpus, block)
    assert [turn.spelling for turn in read.turns] == shown
    assert [turn.text for turn in read.turns] == [text.strip() for _, text in turns]
