"""The row format: one question/answer pair, one JSON object, one line.

The keys are those of the MNBVC question/answer format, in this order: ``id``, ``问`` (question), ``答``
(answer), ``来源`` (source), ``元数据`` (metadata). ``扩展字段`` (extension) inside the metadata is a JSON
*string* that parses to an object. docs/row-format.md has every key with an example.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import is_
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypedDict, cast, get_args

import msgspec

from sharegpt_argilla.common.json_text import load_json
from sharegpt_argilla.errors import RejectedError, UnknownNameError, UsageError

CREATE_TIME_FORMAT = "%Y%m%d %H:%M:%S"
ANNOTATION = "标注"
CURATION = "curation"
SESSION = "会话"
ORIGINAL_SESSION = "原会话"
TURN = "多轮序号"
CORPUS = "解析模型"

Profile = Literal["mnbvc-2023", "mnbvc-2025"]

# json.dumps with options builds an encoder for every call.
_spaced = json.JSONEncoder(ensure_ascii=False).encode
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encoder = msgspec.json.Encoder()

_LATER_KEYS = frozenset({ANNOTATION, CURATION})
"""What later steps add to the extension; no part of the id."""
_OWN_KEYS = frozenset({SESSION, ORIGINAL_SESSION, TURN, CORPUS})
"""What the row format itself writes into the extension."""
_SURROGATES = re.compile("[\ud800-\udfff]")


class Metadata(TypedDict):
    """What a row knows about its pair. The details name the roles as the corpus spells them."""

    create_time: str
    问题明细: str
    回答明细: str
    扩展字段: str


class _RowWithoutDate(TypedDict):
    id: str
    问: str
    答: str
    来源: str
    元数据: Metadata


class Row(_RowWithoutDate, total=False):
    """One row as it is read from a file. ``时间`` (yyyymmdd, earliest appearance): profile ``mnbvc-2025`` only."""

    时间: str


class NewMetadata(msgspec.Struct, gc=False):
    """``元数据`` of a row that is being written, in the order of its keys."""

    create_time: str
    问题明细: str
    回答明细: str
    扩展字段: str


class NewRow(msgspec.Struct, gc=False, omit_defaults=True):
    """A row that is being written, in the order of its keys; ``时间`` is left out where it is empty."""

    id: str
    问: str
    答: str
    来源: str
    元数据: NewMetadata
    时间: str = ""


class _ContentMetadata(msgspec.Struct, gc=False):
    回答明细: str
    扩展字段: str
    问题明细: str


class _Content(msgspec.Struct, gc=False):
    """What the id of a row hashes. The fields are sorted by code point: encoded, they are the canonical JSON."""

    元数据: _ContentMetadata
    来源: str
    答: str
    问: str


class Pair(NamedTuple):
    """One question with its answer, before it takes the shape of a row.

    Attributes:
        question: text of the question, never empty.
        answer: text of the answer; ``""`` when nobody answered.
        session: id of the conversation in its corpus.
        turn: 1-based number of the question in the whole conversation.
        corpus: name of the corpus adapter, as given with ``-m``.
        source: ``ShareGPT`` for the ShareGPT corpora, else the corpus' own name.
        question_role: the role as the corpus spells it (``human``).
        answer_role: the same for the answer; ``""`` when nobody answered.
        created: ``yyyymmdd HH:MM:SS`` when the corpus knows it.
        extra: what else the corpus knows, under the corpus' own keys.
    """

    question: str
    answer: str
    session: str
    turn: int
    corpus: str
    source: str
    question_role: str
    answer_role: str
    created: str | None = None
    extra: Mapping[str, Any] = MappingProxyType({})

    def alone(self) -> Pairs:
        """As pairs of which there is one."""
        return Pairs((self.question,), (self.answer,), *self[2:])


class Pairs(NamedTuple):
    """Consecutive pairs of one conversation: as many questions as answers, and what they have in common.

    Attributes:
        questions, answers: their texts.
        first_turn: ``turn`` of the first.
    """

    questions: Sequence[str]
    answers: Sequence[str]
    session: str
    first_turn: int
    corpus: str
    source: str
    question_role: str
    answer_role: str
    created: str | None = None
    extra: Mapping[str, Any] = MappingProxyType({})


def check_profile(name: str) -> Profile:
    """The profile of that name.

    Raises:
        UnknownNameError: no profile has it.
    """
    if name not in get_args(Profile):
        raise UnknownNameError("profile", name, get_args(Profile))
    return cast("Profile", name)


def check_create_time(text: str) -> str:
    """``text`` itself, when it has the form ``yyyymmdd HH:MM:SS``.

    Raises:
        UsageError: it has another form.
    """
    try:
        datetime.strptime(text, CREATE_TIME_FORMAT)
    except ValueError:
        raise UsageError(f'create time "{text}" is not of the form "20230511 15:56:03"') from None
    return text


class RowBuilder:
    """Pairs to rows, the only way there is.

    Args:
        create_time: for pairs whose corpus has no time; one value for a whole run.
        profile: ``mnbvc-2023``, or ``mnbvc-2025`` with ``时间`` and an integer ``会话``.
    """

    def __init__(self, create_time: str, profile: Profile = "mnbvc-2023") -> None:
        self._create_time = create_time
        self._profile = profile
        self._conversation: tuple[str, str, str | None, Mapping[str, Any]] | None = None
        self._before_turn = self._after_turn = self._after_turn_in_id = self._created = self._date = ""

    def row(self, pair: Pair) -> NewRow:
        """The row of a pair.

        Raises:
            RejectedError: the extra keys cannot be written as JSON.
        """
        return self.rows(pair.alone())[0]

    def rows(self, pairs: Pairs) -> list[NewRow]:
        """The rows of consecutive pairs of a conversation.

        Raises:
            RejectedError: the extra keys cannot be written as JSON.
        """
        questions, answers, session, first, corpus, source, question_role, answer_role, created, extra = pairs
        self.share(session, corpus, created, extra)
        before, after, after_in_id = self._before_turn, self._after_turn, self._after_turn_in_id
        created, date, encode, md5 = self._created, self._date, _encoder.encode, hashlib.md5
        asked_by, answered_by = role_detail(question_role), role_detail(answer_role)
        rows: list[NewRow] = []
        for turn, (question, answer) in enumerate(zip(questions, answers, strict=True), first):
            extension = f"{before}{turn}{after}"
            in_id = f"{before}{turn}{after_in_id}" if after_in_id else extension
            content = _Content(_ContentMetadata(answered_by, in_id, asked_by), source, answer, question)
            try:
                row_id = md5(encode(content), usedforsecurity=False).hexdigest()
            except UnicodeEncodeError:
                asked, answered = [encodable(question)], [encodable(answer)]
                rows += self.rows(pairs._replace(questions=asked, answers=answered, first_turn=turn))
                continue
            metadata = NewMetadata(created, asked_by, answered_by, extension)
            rows.append(NewRow(row_id, question, answer, source, metadata, date))
        return rows

    def share(self, session: str, corpus: str, created: str | None, extra: Mapping[str, Any]) -> None:
        """Prepare what the rows of a conversation have in common; nothing is done twice in a row.

        Raises:
            RejectedError: the extra keys cannot be written as JSON.
        """
        shared = session, corpus, created, extra
        if self._conversation is not None and all(map(is_, shared, self._conversation)):
            return
        self._conversation = None
        extras = {key: value for key, value in extra.items() if value is not None and key not in _OWN_KEYS}
        try:
            before = dump_extension(session_keys(session, self._profile))
            after = dump_extension({CORPUS: corpus, **extras}) if extras else _only_corpus(corpus)
        except RecursionError:
            raise RejectedError("an extra key is nested too deeply") from None
        except (TypeError, ValueError) as error:
            raise RejectedError(f"an extra key cannot be written as JSON: {error}") from None
        self._before_turn = f'{before[:-1]}, "{TURN}": '
        self._after_turn = f", {after[1:]}"
        self._after_turn_in_id = ""
        if not _LATER_KEYS.isdisjoint(extras):
            hashed = {key: value for key, value in extras.items() if key not in _LATER_KEYS}
            self._after_turn_in_id = f", {dump_extension({CORPUS: corpus, **hashed})[1:]}"
        self._created = created or self._create_time
        self._date = self._created[:8] if self._profile == "mnbvc-2025" else ""
        self._conversation = shared


def dump_new_rows(rows: Sequence[NewRow]) -> bytes:
    """The rows as lines of JSON in UTF-8, each with its line break."""
    return _encoder.encode_lines(rows)


def build_row(pair: Pair, create_time: str, profile: Profile = "mnbvc-2023") -> Row:
    """The row of one pair, as it reads from a file; ``RowBuilder`` for many.

    Raises:
        RejectedError: the extra keys cannot be written as JSON.
    """
    return cast("Row", msgspec.to_builtins(RowBuilder(create_time, profile).row(pair)))


def row_id(row: Row) -> str:
    """md5 (32 hex digits) of the canonical JSON of the row's content.

    Canonical: keys sorted, no spaces, UTF-8; without ``id``, ``create_time``, ``时间``, ``标注`` and ``curation``,
    so that the time of a run, later annotations and flags do not change it.
    """
    metadata = row["元数据"]
    extension = metadata["扩展字段"]
    if ANNOTATION in extension or f'"{CURATION}"' in extension:
        extension = dump_extension({k: v for k, v in json.loads(extension).items() if k not in _LATER_KEYS})
    details = _ContentMetadata(metadata["回答明细"], extension, metadata["问题明细"])
    return _content_id(_Content(details, row["来源"], row["答"], row["问"]))


def _content_id(content: _Content) -> str:
    return hashlib.md5(_encoder.encode(content), usedforsecurity=False).hexdigest()


def read_extension(row: Row) -> dict[str, Any]:
    """``扩展字段`` of a row, parsed."""
    extension: dict[str, Any] = json.loads(row["元数据"]["扩展字段"])
    return extension


def dump_extension(extension: Mapping[str, Any]) -> str:
    """An object as the JSON string of ``扩展字段``."""
    return encodable(_spaced(dict(extension)))


def with_extension(row: Row, extension: Mapping[str, Any]) -> Row:
    """A copy of the row with another ``扩展字段``; id and key order stay."""
    copy: Row = {**row}
    copy["元数据"] = {**row["元数据"], "扩展字段": dump_extension(extension)}
    return copy


def dump_row(row: Row) -> str:
    """The row as one line of JSON, without the line break."""
    try:
        return _encoder.encode(row).decode() if holds_text(row) else _compact(row)
    except UnicodeEncodeError:
        # Half a surrogate pair.
        return _compact(row)


def holds_text(row: object) -> bool:
    """Whether a row contains text alone, which every JSON library reads and writes alike; not so numbers."""
    if not isinstance(row, dict) or not isinstance(metadata := row.get("元数据"), dict):
        return False
    kinds = [type(value) for value in row.values() if value is not metadata]
    return {*kinds, *map(type, metadata.values())} == {str}


def check_row(value: object) -> Row:
    """``value`` itself, when it is a row.

    Raises:
        RejectedError: it is not; the text names the first key that is wrong.
    """
    if not isinstance(value, dict):
        raise RejectedError(f"a row is a JSON object, found {type(value).__name__}")
    _check_texts(value, ("id", "问", "答", "来源"))
    metadata = value.get("元数据")
    if not isinstance(metadata, dict):
        raise RejectedError('"元数据" is missing or not an object; `extract` writes it')
    _check_texts(metadata, ("create_time", "问题明细", "回答明细", "扩展字段"))
    _check_extension(metadata["扩展字段"])
    if not value["id"]:
        raise RejectedError('"id" is empty; `extract` writes it')
    return cast("Row", value)


def session_number(session: str) -> int:
    """A stable 53-bit integer for a session id, the same in every run and every shard.

    53 bits are what every JSON reader keeps exact (RFC 8259, section 6).
    """
    return int.from_bytes(hashlib.sha256(encodable(session).encode("utf-8")).digest()[:8], "big") >> 11


def encodable(text: str) -> str:
    """``text`` with U+FFFD for each lone surrogate, which JSON can escape but UTF-8 cannot encode."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text)
    return text


def session_keys(session: str, profile: Profile) -> dict[str, Any]:
    """The keys of the extension that name the session, which come first in it."""
    if profile == "mnbvc-2025":
        return {SESSION: session_number(session), ORIGINAL_SESSION: session}
    return {SESSION: session}


@lru_cache(maxsize=64)
def role_detail(role: str) -> str:
    """``问题明细`` and ``回答明细``: who spoke, as the corpus spells it; "" for nobody."""
    return encodable(f'"from": {_spaced(role)}') if role else ""


@lru_cache(maxsize=64)
def _only_corpus(name: str) -> str:
    """The end of the extension of a conversation without extra keys."""
    return dump_extension({CORPUS: name})


def _check_texts(value: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    for key in keys:
        if not isinstance(value.get(key), str):
            if key not in value:
                raise RejectedError(f'"{key}" is missing; `extract` writes it')
            raise RejectedError(f'"{key}" is {type(value[key]).__name__}, not text')


def _check_extension(text: str) -> None:
    try:
        extension = load_json(text)
    except ValueError:
        raise RejectedError('"扩展字段" is not valid JSON; run `extract` on the corpus again') from None
    if not isinstance(extension, dict):
        raise RejectedError('"扩展字段" contains no JSON object; run `extract` on the corpus again')
