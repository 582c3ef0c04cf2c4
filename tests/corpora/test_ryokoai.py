"""RyokoAI: the ShareGPT layout whose answers are HTML."""

from typing import Any

import pytest

from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from tests.corpora.layouts import conversation
from tests.corpora.reading import pairs_of, texts

ryokoai: Any = CORPORA["ryokoai"]


def test_questions_are_plain_and_answers_html() -> None:
    record = conversation(
        "h: 1 / 2 <div> is\n  a tag, Copy123 chars / 45 words",
        "g: <div><p>a <em>block</em></p></div>",
        "h: <p>?</p>",
    )
    assert texts(pairs_of("ryokoai", record)) == [
        ("1 / 2 <div> is\n  a tag, Copy123 chars / 45 words", "a *block*"),
        ("<p>?</p>", ""),
    ]


def test_an_answer_of_buttons_only_is_blank() -> None:
    (pair,) = pairs_of("ryokoai", conversation("h: q", "g: <div><button>Copy code</button></div>"))
    assert pair.answer == ""


def test_ids_that_end_in_a_number_are_no_pieces() -> None:
    (pair,) = pairs_of("ryokoai", conversation("h: q", "g: <p>a</p>", identity="AAAAAAA_4"))
    assert (pair.session, pair.turn) == ("AAAAAAA_4", 1)


def test_html_in_an_answer_is_what_tells_it_apart() -> None:
    assert ryokoai.is_typical([conversation("h: q", "g: a"), {}, conversation("h: q", "g: <p>a</p>")])
    assert not ryokoai.is_typical([conversation("h: <p>q</p>", "g: a <b or c")])


def test_a_turn_that_cannot_be_read_is_named() -> None:
    with pytest.raises(RejectedError, match=r"^turn 2: HTML nested too deeply$"):
        ryokoai.read(conversation("h: q", "g: " + "<div>" * 50_000))
