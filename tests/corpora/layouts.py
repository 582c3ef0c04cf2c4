"""Raw corpora to test with: conversations in the ShareGPT layout, and the shapes of file they come in."""

import json
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.base import Conversation, Corpus

Record = dict[str, Any]
Span = tuple[int, int]

# Letters of all kinds, what JSON escapes, and what looks like JSON; no lone surrogates.
texts = st.text(max_size=30) | st.sampled_from(
    [
        '{"id": "x", "conversations": []}',
        "a\nb\r\n\tc",
        "```\n{}\n```",
        "「你好」",
        "},{",
        '"',
        "\\",
        "\u2028",
        "NaN",
    ]
)
spoken = texts.filter(lambda text: text.strip())
ids = st.text("abcXYZ019", min_size=1, max_size=8)


@st.composite
def whole_conversations(draw: st.DrawFn) -> Record:
    """A conversation in which people and model take turns; the last question may be open."""
    questions = draw(st.lists(spoken, min_size=1, max_size=4))
    turns = []
    for question in questions:
        turns.append({"from": draw(st.sampled_from(["human", "user"])), "value": question})
        turns.append({"from": draw(st.sampled_from(["gpt", "chatgpt", "bing", "bard"])), "value": draw(spoken)})
    if draw(st.booleans()):
        turns.pop()
    return {"id": draw(ids), "conversations": turns}


def pretty_array(records: Sequence[Record]) -> tuple[str, list[str]]:
    body = [json.dumps(record, ensure_ascii=False, indent=2).replace("\n", "\n  ") for record in records]
    return "[\n  " + ",\n  ".join(body) + "\n]\n", body


def compact_array(records: Sequence[Record]) -> tuple[str, list[str]]:
    body = [json.dumps(record, separators=(",", ":")) for record in records]
    return "[" + ",".join(body) + "]", body


def json_lines(records: Sequence[Record]) -> tuple[str, list[str]]:
    body = [json.dumps(record, ensure_ascii=False) for record in records]
    return "".join(text + "\n" for text in body), body


def crlf_lines_with_gaps(records: Sequence[Record]) -> tuple[str, list[str]]:
    body = [json.dumps(record) for record in records]
    return "\ufeff\r\n" + "\r\n\r\n".join(body), body


def objects_on_one_line(records: Sequence[Record]) -> tuple[str, list[str]]:
    body = [json.dumps(record, ensure_ascii=False) for record in records]
    return " ".join(body), body


LAYOUTS: list[Callable[[Sequence[Record]], tuple[str, list[str]]]] = [
    pretty_array,
    compact_array,
    json_lines,
    crlf_lines_with_gaps,
    objects_on_one_line,
]


def spans(text: str, body: Sequence[str]) -> list[Span]:
    """Where each record starts in the text, in characters."""
    starts = accumulate(body, lambda at, piece: text.index(piece, at + 1), initial=-1)
    found = list(starts)[1:]
    return [(start, start + len(piece)) for start, piece in zip(found, body, strict=True)]


def conversation(*turns: str, identity: str | None = "abc1234") -> Record:
    """``conversation("h: hello", "g: hi")``: a record with these turns."""
    names = {"h": "human", "g": "gpt", "s": "system"}
    record: Record = {"id": identity} if identity is not None else {}
    record["conversations"] = [{"from": names[turn[0]], "value": turn[3:]} for turn in turns]
    return record


def only(corpus: Corpus, record: object) -> Conversation:
    """The one conversation in a record."""
    (conversation,) = corpus.read(record)
    return conversation
