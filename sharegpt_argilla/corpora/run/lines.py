"""Pairs to lines of a rows file, by the million.

``rows.py`` says what a row is; this is the quick way to the same bytes, ``dump_row(build_row(pair))``. A line is
put together from pieces of JSON: what the pairs of a conversation share is encoded once, each text once, and
serves for the line and for its id. A test holds the two ways against each other on arbitrary pairs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from hashlib import md5
from typing import Any, NamedTuple

from orjson import dumps

from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import (
    ANNOTATION,
    CORPUS,
    ORIGINAL_SESSION,
    SESSION,
    TURN,
    Pair,
    Profile,
    build_row,
    dump_extension,
    dump_row,
    encodable,
    role_detail,
    session_keys,
)

ID = slice(7, 39)
"""Where the id stands in a line."""

_OWN_KEYS = frozenset({SESSION, ORIGINAL_SESSION, TURN, CORPUS})

# json.dumps with options builds an encoder for every call.
_spaced = json.JSONEncoder(ensure_ascii=False).encode

_BEFORE_TURN = dumps(f', "{TURN}": ')[1:-1]
_BEFORE_SESSION = dumps(f'"{SESSION}": "')[1:-1]
_AFTER_SESSION = dumps('"')[1:-1] + _BEFORE_TURN
START = b'{"id":"'
ASKED = '","问":'.encode()
ANSWERED = ',"答":'.encode()
ASKED_IN_CONTENT = ',"问":'.encode()


class _Shared(NamedTuple):
    """What the pairs of a conversation have in common, as JSON. The extension is cut where the turn stands."""

    before_turn: bytes
    after_turn: bytes
    created: str
    end: bytes


class _Frame(NamedTuple):
    """What stands around the texts and the extension: in the line, and in the canonical JSON of its content."""

    line: bytes
    content_start: bytes
    content_middle: bytes


Around = tuple[bytes, bytes, bytes, bytes]
"""What stands before the turn, and between it and the answer, in the content; before and after it in the line."""


class RowLines:
    """Writes the lines of one run.

    Args:
        create_time: for pairs whose corpus has no time.
        profile: ``mnbvc-2023`` or ``mnbvc-2025``.
    """

    def __init__(self, create_time: str, profile: Profile = "mnbvc-2023") -> None:
        self._create_time = create_time
        self._profile = profile
        self._of: tuple[str, str, str, str | None, Mapping[str, Any]] | None = None
        self._shared: _Shared | None = None

    def line(self, pair: Pair) -> bytes:
        """The row of a pair as one line of UTF-8, with its line break; the id stands at ``ID``.

        Raises:
            RejectedError: the extras cannot be written as JSON.
        """
        question, answer, session, turn, corpus, source, question_role, answer_role, created, extra = pair
        of = self._of
        if (
            of is None
            or session is not of[0]
            or extra is not of[4]
            or created is not of[3]
            or corpus is not of[1]
            or source is not of[2]
        ):
            self.share(session, corpus, source, created, extra)
        shared = self._shared
        if shared is None:
            return (dump_row(build_row(pair, self._create_time, self._profile)) + "\n").encode("utf-8")
        before_turn, after_turn, time, end = shared
        line, content_start, content_middle = _frame(source, time, question_role, answer_role)
        try:
            asked, answered = dumps(question), dumps(answer)
        except TypeError:
            asked, answered = _text(question), _text(answer)
        number = b"%d" % turn
        content = b"".join(
            (
                content_start,
                before_turn,
                number,
                after_turn,
                content_middle,
                answered,
                ASKED_IN_CONTENT,
                asked,
                b"}",
            )
        )
        row_id = md5(content, usedforsecurity=False).hexdigest().encode()
        return b"".join(
            (START, row_id, ASKED, asked, ANSWERED, answered, line, before_turn, number, after_turn, end)
        )

    def share(self, session: str, corpus: str, source: str, created: str | None, extra: Mapping[str, Any]) -> None:
        """Encode what pairs have in common, for the lines that follow. ``line`` does it where it was not done.

        Raises:
            RejectedError: the extras cannot be written as JSON.
        """
        self._of = None
        self._shared = self._encoded(session, corpus, created, extra)
        self._of = (session, corpus, source, created, extra)

    def around(self, session: str, corpus: str, source: str, question_role: str, answer_role: str) -> Around:
        """What stands around the turns and texts of a conversation without time and extras; for quick.py.

        Args:
            session: of ASCII characters only, so that it is no annotation.
            corpus: as in a pair.
            source: as in a pair.
            question_role: as in a pair.
            answer_role: as in a pair.
        """
        if session.isalnum() and self._profile == "mnbvc-2023":
            before = _BEFORE_SESSION + session.encode() + _AFTER_SESSION
        else:
            before = dumps(self._session(session))[1:-1] + _BEFORE_TURN
        content_start, content_middle, line, end = _around(
            corpus, source, self._create_time, self._profile, question_role, answer_role
        )
        return content_start + before, content_middle, line + before, end

    def _session(self, session: str) -> str:
        """The keys of the extension that name the session."""
        if self._profile == "mnbvc-2023":
            return f'"{SESSION}": {_text(session).decode()}'
        keys = session_keys(encodable(session), self._profile).items()
        return ", ".join([f'"{key}": {_spaced(value)}' for key, value in keys])

    def _encoded(self, session: str, corpus: str, created: str | None, extra: Mapping[str, Any]) -> _Shared | None:
        """None where rows.py has to be asked: for a key of ours among the extras, or an annotation."""
        try:
            before = self._session(session)
            known = {key: value for key, value in extra.items() if value is not None}
            after = dump_extension(known)[1:] if known else "}"
        except RecursionError:
            raise RejectedError("an extra key is nested too deeply") from None
        except (TypeError, ValueError) as error:
            raise RejectedError(f"an extra key cannot be written as JSON: {error}") from None
        special = known and not _OWN_KEYS.isdisjoint(known)
        if special or ANNOTATION in before or ANNOTATION in after:
            return None
        time = created or self._create_time
        return _Shared(
            dumps(f'{{{before}, "{TURN}": ')[:-1],
            _corpus(corpus) + (dumps(f", {after}")[1:] if known else b'}"'),
            time,
            _end(time, self._profile),
        )


@lru_cache(maxsize=64)
def _corpus(name: str) -> bytes:
    """The corpus as the middle of an extension."""
    return dumps(f', "{CORPUS}": {json.dumps(name, ensure_ascii=False)}')[1:-1]


@lru_cache(maxsize=256)
def _frame(source: str, created: str, question_role: str, answer_role: str) -> _Frame:
    """Few differ in a run."""
    asked_by, answered_by = _text(role_detail(question_role)), _text(role_detail(answer_role))
    return _Frame(
        ',"来源":%b,"元数据":{"create_time":%b,"问题明细":%b,"回答明细":%b,"扩展字段":'.encode()
        % (_text(source), _text(created), asked_by, answered_by),
        '{"元数据":{"回答明细":%b,"扩展字段":'.encode() % answered_by,
        ',"问题明细":%b},"来源":%b,"答":'.encode() % (asked_by, _text(source)),
    )


@lru_cache(maxsize=256)
def _around(
    corpus: str, source: str, created: str, profile: Profile, question_role: str, answer_role: str
) -> Around:
    """The same without the session."""
    line, content_start, content_middle = _frame(source, created, question_role, answer_role)
    after_turn = _corpus(corpus) + b'}"'
    return content_start + b'"{', after_turn + content_middle, line + b'"{', after_turn + _end(created, profile)


def _end(time: str, profile: Profile) -> bytes:
    """What stands after the extension."""
    return f'}},"时间":"{time[:8]}"}}\n'.encode() if profile == "mnbvc-2025" else b"}}\n"


def _text(text: str) -> bytes:
    """A text as JSON."""
    try:
        return dumps(text)
    except TypeError:
        return dumps(encodable(text))
