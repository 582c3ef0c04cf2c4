"""zetavg/ShareGPT-Processed: HTML and Markdown of each message side by side."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.table import CORPORA
from tests.corpora.layouts import Record, conversation, only, whole_conversations
from tests.corpora.reading import pairs_of, texts

zetavg: Any = CORPORA["zetavg"]


def turn(speaker: str, value: Any, markdown: Any) -> dict[str, Any]:
    return {"from": speaker, "value": value, "markdown": markdown, "opencc_converted_markdown": "converted"}


@given(whole_conversations(), st.sampled_from(["en", "zh"]))
def test_a_conversation_comes_back_from_its_layout(written: Record, lang: str) -> None:
    turns = [turn(said["from"], "<p>html</p>", said["value"]) for said in written["conversations"]]
    read = only(zetavg, {"id": written["id"], "conversations": turns, "lang": lang})
    assert [(said.spelling, said.text) for said in read.turns] == [
        (said["from"], said["value"]) for said in written["conversations"]
    ]
    assert (read.session, read.extra, read.piece) == (written["id"], {"lang": lang}, False)


def test_where_markdown_is_missing_the_html_is_read() -> None:
    record = {"id": "a", "conversations": [turn("human", "a <b> q", None), turn("gpt", "<p><b>a</b></p>", None)]}
    assert texts(pairs_of("zetavg", record)) == [("a <b> q", "**a**")]


def test_an_empty_markdown_is_an_empty_message() -> None:
    (pair,) = pairs_of(
        "zetavg", {"id": "a", "conversations": [turn("human", "q", "q"), turn("gpt", "<p>a</p>", "")]}
    )
    assert pair.answer == ""


def test_markdown_is_what_tells_it_apart() -> None:
    assert zetavg.is_typical([{"conversations": [turn("human", "q", "q")]}])
    answer = {"from": "gpt", "markdown": {"answer": "as in V3"}}
    assert not zetavg.is_typical([conversation("h: q"), {"conversations": [answer, "text"]}, {"conversations": 1}])
