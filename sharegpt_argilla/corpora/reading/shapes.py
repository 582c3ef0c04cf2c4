"""Files of other shapes: an object around the array, a list of messages for each conversation, no data at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

import orjson

from sharegpt_argilla.corpora.reading.base import Damaged, Located
from sharegpt_argilla.corpora.reading.byte_window import Readable
from sharegpt_argilla.corpora.reading.compression import Peekable
from sharegpt_argilla.corpora.reading.json_reader import LONGEST_RECORD, JsonReader

Shape = Literal["", "wrapped", "lists"]
"""``wrapped``: an object around the array of records; ``lists``: a list of messages for each conversation."""
HEAD = 1 << 16
"""Bytes that are looked at."""
ROW = "row"
"""Key of a record inside the rows that the datasets server of the Hub gives."""

_SPACE = rb"(?:\s|\xef\xbb\xbf)*"
_ABOUT = (
    rb"version|format|schema\w*|object|type|name|dataset|description|license|split|lang|language|author|url"
    rb"|source|created\w*|exported\w*|updated\w*|date|time|timestamp|generator|count|total\w*|num_\w+|size|page"
    rb"|limit|offset|has_more|status|success|ok|code"
)
_SCALARS = rb'(?:"(?:' + _ABOUT + rb')"\s*:\s*(?:"[^"\\]*"|[\w.+-]+)\s*,\s*){0,20}'
"""What may precede the array: what a file says of itself. What a record says of itself may not."""
_WRAPPED = re.compile(
    _SPACE
    + rb"\{\s*"
    + _SCALARS
    + rb'"(?:data|train|test|validation|rows|records|examples|samples|chats)"\s*:\s*\[\s*(?=[{\[])'
)
_OF_A_RECORD = (
    rb"id|uuid|title|name|mapping|conversation_id|conversationId|conversations?|messages|chat_messages"
    rb"|create_time|created_at|instruction|prompt|question"
)
_WRAPPED_LIST = re.compile(
    _SPACE
    + rb"\{\s*"
    + _SCALARS
    + rb'"(?:conversations|items|results|entries|dialogues|dialogs|sessions|threads)"\s*:\s*\[\s*'
    + rb'(?=\{\s*"(?:'
    + _OF_A_RECORD
    + rb')"\s*:)'
)
"""Under these keys records have their turns too, which begin with other keys."""
_HUB_ROWS = re.compile(rb'"rows"\s*:\s*\[\s*(?=\{\s*"row_idx"\s*:)')
_LISTS = re.compile(_SPACE + rb"\[\s*(\[(?:\s*\]\s*,\s*\[)*\s*)?(?=\{)")
_FIRST_OF_A_MESSAGE = re.compile(r'\{\s*"(?:role|from)"\s*:')
_ROLES, _CONTENTS = ("role", "from"), ("content", "value", "parts", "tool_calls")
_OF_A_TREE = frozenset(
    {
        *("message_id", "parent_id", "message_tree_id", "conversation_id", "session", "session_id", "turn"),
        *("chat_id", "thread_id", "dialog_id", "dialogue_id", "text"),
    }
)
"""Keys of messages that name their conversation: such a list has several of them."""
_AROUND = re.compile(rb'[\s,\]\[]*(?:"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[\w.+-]+)?[\s,\]\[]*)*\}?\s*')
_MESSAGES = "messages"

_HTML = "a page of HTML, most likely an error of the download; fetch the file again"
NO_DATA = (
    (b"version https://git-lfs.github.com/spec/", "a pointer of git-LFS, not the file; run `git lfs pull` there"),
    (b"<!doctype html", _HTML),
    (b"<html", _HTML),
)
"""How a file begins that has no data in it, and what it is."""


def no_data(head: bytes) -> str:
    """What a file is that is only a placeholder for another; "" for a real file."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((words for magic, words in NO_DATA if start.startswith(magic)), "")


def shape_of(head: bytes) -> Shape:
    """What the first bytes of a file say of its shape; "" for records one after the other or in an array."""
    if _wrapped(head):
        return "wrapped"
    return "lists" if _is_list_of_messages(head) else ""


def _is_list_of_messages(head: bytes) -> bool:
    """Whether a file begins with a list of messages, or with a list of such lists."""
    start = _LISTS.match(head)
    if start is None:
        return False
    text = head[start.end() :].decode("utf-8", "replace")
    if _FIRST_OF_A_MESSAGE.match(text):
        return True
    try:
        first, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        # The first message is longer than what is looked at.
        return False
    if start[1] is None and not first.keys().isdisjoint(_OF_A_TREE):
        return False
    said = any(isinstance(first.get(key), str) for key in _ROLES)
    return said and any(key in first for key in _CONTENTS)


def read_shape(
    text: Peekable, name: str, is_record: Callable[[object], bool], first_line: int = 1
) -> Iterator[Located | Damaged]:
    """The records of a file of one of the shapes, in order.

    Args:
        text: read from its start.
        name: the name of the file in what is read.
        is_record: whether a value has the outline of a record.
        first_line: 1-based line of the first record that is wanted.
    """
    head = text.peek(HEAD)
    records = _read_wrapped(text, name, is_record) if _wrapped(head) else _read_lists(text, name)
    return (record for record in records if record.line >= first_line)


def _wrapped(head: bytes) -> re.Match[bytes] | None:
    starts = _WRAPPED.match(head) or _WRAPPED_LIST.match(head)
    if starts is None and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _HUB_ROWS.search(head)
    rows = _HUB_ROWS.search(head)
    return rows if starts is not None and rows is not None else starts


def _read_wrapped(text: Peekable, name: str, is_record: Callable[[object], bool]) -> Iterator[Located | Damaged]:
    start = _wrapped(text.peek(HEAD))
    before = text.read(start.end()) if start is not None else b""
    reader = JsonReader(text, name, lambda value: is_record(_unwrapped(value)), line=1 + before.count(b"\n"))
    for record in reader.records():
        if isinstance(record, Located):
            yield record._replace(value=_unwrapped(record.value))
        elif not _AROUND.fullmatch(record.data):
            yield record


def _unwrapped(value: Any) -> Any:
    inside = value.get(ROW) if isinstance(value, dict) and "row_idx" in value else None
    return inside if isinstance(inside, dict) else value


def _read_lists(file: Readable, name: str) -> Iterator[Located | Damaged]:
    """Each list of messages as a record; several of them may be in a list around all."""
    data, start, line = b"", 1, 0
    for text in _lines(file):
        line += 1
        data = data + text if data else text
        if not data.strip():
            data, start = b"", line + 1
            continue
        # A list ends on its own line, or with a bracket in the first column.
        if data is not text and not text.startswith(b"]") and len(data) < LONGEST_RECORD:
            continue
        try:
            value = orjson.loads(data.strip().rstrip(b","))
        except ValueError as error:
            if _continues(data):
                continue
            yield Damaged(name, start, data.rstrip(), f"not valid JSON: {error}")
            data, start = b"", line + 1
            continue
        for messages in _conversations(value):
            yield Located(name, start, b"", {_MESSAGES: messages})
        data, start = b"", line + 1
    if data.strip():
        yield Damaged(name, start, data.rstrip(), "the file ends inside the list that starts here; it was cut off")


def _continues(data: bytes) -> bool:
    """Whether a list may end on a later line: its first line contains no whole message."""
    first = data.lstrip().split(b"\n", 1)[0].strip()
    return first in {b"[", b"[[", b"[{", b"[[{"} and len(data) < LONGEST_RECORD


def _conversations(value: Any) -> list[Any]:
    nested = isinstance(value, list) and bool(value) and all(isinstance(item, list) for item in value)
    return value if nested else [value]


def _lines(file: Readable) -> Iterator[bytes]:
    rest = b""
    while data := file.read(HEAD):
        *whole, rest = (rest + data).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if rest:
        yield rest
