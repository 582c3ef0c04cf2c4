"""Fields of a JSON record, read with one clear reason for everything that is refused."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from sharegpt_argilla.corpora.formats.base import SYSTEM, Turn
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import (
    ANNOTATION,
    CORPUS,
    CREATE_TIME_FORMAT,
    CURATION,
    ORIGINAL_SESSION,
    SESSION,
    TURN,
    encodable,
)

TAKEN = frozenset({SYSTEM, SESSION, ORIGINAL_SESSION, TURN, CORPUS, ANNOTATION, CURATION})
"""Names that the row format gives to keys of its own."""

ERROR_KEY = "message"
"""The only key of the object that a translation service answered instead of a record."""

_LIKELY_MISSPELT = 0.8
"""Similarity (``difflib``) from which a key counts as a misspelling; that of ``promt`` to ``prompt`` is 0.91."""


def kind(value: object) -> str:
    """The JSON name of a value's type, with its article."""
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
    return names.get(type(value), "an object")


def record_object(value: object) -> dict[str, Any]:
    """``value`` itself, when it is an object that may be a record.

    Raises:
        RejectedError: it is none, is empty, or is an error message in the place of a record.
    """
    if not isinstance(value, dict):
        raise RejectedError(f"a record is an object, found {kind(value)}")
    if not value:
        raise RejectedError("the record is empty: {}")
    if value.keys() == {ERROR_KEY}:
        raise RejectedError(f'an error message in place of a record: its only key is "{ERROR_KEY}"')
    return value


def required(record: Mapping[str, Any], key: str) -> Any:
    """The value under a key, whatever it is.

    Raises:
        RejectedError: the key is missing; the text names the key that looks like a misspelling of it.
    """
    return record[first_key(record, (key,))]


def first_key(record: Mapping[str, Any], keys: Sequence[str]) -> str:
    """The first of the keys that the record has.

    Raises:
        RejectedError: it has none; the text names the key that looks like a misspelling of one.
    """
    for key in keys:
        if key in record:
            return key
    plain = [other for other in record if other.isidentifier() and other.isascii()]
    near = [match for key in keys for match in get_close_matches(key, plain, 1, _LIKELY_MISSPELT)]
    names = " and ".join(f'"{key}"' for key in keys)
    missing = f"{names} {'are' if len(keys) > 1 else 'is'} missing"
    raise RejectedError(missing + (f'; misspelt as "{near[0]}"?' if near else ""))


def required_text(record: Mapping[str, Any], key: str) -> str:
    """The text under a key; may be blank.

    Raises:
        RejectedError: it is missing or no text.
    """
    value = required(record, key)
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and key in value:
        raise RejectedError(f'"{key}" contains another record, not text')
    raise RejectedError(f'"{key}" is {kind(value)}, not text')


def optional_text(record: Mapping[str, Any], key: str) -> str:
    """The text under a key; ``""`` when there is none.

    Raises:
        RejectedError: it is something else.
    """
    return "" if record.get(key) is None else required_text(record, key)


def required_list(record: Mapping[str, Any], key: str) -> list[Any]:
    """The list under a key.

    Raises:
        RejectedError: it is missing, empty or no list.
    """
    value = required(record, key)
    if not isinstance(value, list):
        raise RejectedError(f'"{key}" is {kind(value)}, not a list')
    if not value:
        raise RejectedError(f'"{key}" is empty')
    return value


def other_keys(record: Mapping[str, Any], read: Collection[str]) -> dict[str, Any]:
    """What the record has in addition to the keys that were read and those that the row format takes.

    A text under `SYSTEM` is what the row format means by it, and is among them; the system turns join it.
    """
    return {
        key: value
        for key, value in record.items()
        if key not in read and (key not in TAKEN or (key == SYSTEM and isinstance(value, str) and value.strip()))
    }


def session_id(record: Mapping[str, Any], turns: Sequence[Turn], keys: Sequence[str] = ("id",)) -> str:
    """The id of a record as text, from the first of the keys that has one; else from the content.

    Raises:
        RejectedError: the id is neither text nor a number.
    """
    for key in keys:
        identity = _plain_id(record.get(key))
        if isinstance(identity, bool) or not isinstance(identity, str | int | None):
            raise RejectedError(f'"{key}" is {kind(identity)}, not text')
        if identity is not None and identity != "":
            return encodable(str(identity))
    return content_id(turns)


def _plain_id(identity: object) -> object:
    """An id without what tools put around it: ``1.0`` by pandas is 1, and MongoDB writes ``{"$oid": "…"}``."""
    if isinstance(identity, float) and math.isfinite(identity):
        return str(int(identity)) if identity.is_integer() else str(identity)
    return identity["$oid"] if isinstance(identity, dict) and identity.keys() == {"$oid"} else identity


def content_id(turns: Sequence[Turn]) -> str:
    """16 hex digits of the SHA-256 of the turns: the same wherever in the file the record is."""
    content = json.dumps([(turn.spelling, turn.text) for turn in turns])
    return hashlib.sha256(content.encode("ascii")).hexdigest()[:16]


def seconds(value: object) -> float | None:
    """A time as seconds since 1970 in UTC: a number of seconds, or ISO 8601 text; without a zone it is UTC."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def create_time(value: object) -> str | None:
    """A time as ``yyyymmdd HH:MM:SS`` in UTC; None for what is no time between the years 1000 and 9999."""
    moment = seconds(value)
    if moment is None:
        return None
    try:
        date = datetime.fromtimestamp(moment, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return date.strftime(CREATE_TIME_FORMAT) if date.year >= 1000 else None
