"""Responses as lines of JSON, made by the database itself: SQLite or PostgreSQL, whichever argilla-server has.

argilla-server builds an object for every record, response and suggestion, with all texts, and turns it into JSON.
Here the database returns each record as one text, without the contents of its fields. Both databases give the same
lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from argilla_server.database import AsyncSessionLocal
from argilla_server.settings import settings
from sqlalchemy import DateTime, String, Uuid, bindparam, column, text

from sharegpt_argilla.common.contract_keys import COPIED_ANSWERS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import TextClause

PAGE = 500
"""Records that one statement returns."""

KEYS = 20_000
"""Ids that are looked up at once: some 4 MB."""


@dataclass(frozen=True)
class _Dialect:
    """What SQLite and PostgreSQL call differently; each takes the name of a column, or an expression.

    Times are as argilla-server writes them into JSON: without a fraction where it is zero.
    """

    object: str
    array: str
    list: str
    uuid: Callable[[str], str]
    time: Callable[[str], str]
    micros: Callable[[str], str]
    raw: Callable[[str], str]
    member: Callable[[str, str], str]


# The last six characters of a time that SQLite stores are microseconds; their sum tells times apart.
_SQLITE = _Dialect(
    object="json_object",
    array="json_group_array",
    list="json_array",
    uuid=lambda name: " || '-' || ".join(
        f"substr({name}, {first}, {size})" for first, size in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    ),
    time=lambda name: f"replace(replace({name}, ' ', 'T'), '.000000', '')",
    micros=lambda name: f"CAST(substr({name}, 21) AS INTEGER)",
    raw=lambda name: f"json({name})",
    member=lambda name, key: f"json(json_extract({name}, '$.\"{key}\"'))",
)
_POSTGRESQL = _Dialect(
    object="json_build_object",
    array="json_agg",
    list="json_build_array",
    uuid=lambda name: f"CAST({name} AS VARCHAR)",
    time=lambda name: f"replace(to_char({name}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '.000000', '')",
    micros=lambda name: f"CAST(to_char({name}, 'US') AS BIGINT)",
    raw=str,
    member=lambda name, key: f"{name} -> '{key}'",
)


@dataclass(frozen=True)
class Asked:
    """What is asked of one dataset.

    Attributes:
        dataset_id: Argilla's id of the dataset.
        statuses: of the responses.
        since: only records that changed at this time (UTC) or later, or a response or suggestion of theirs; also
            those that have no response any more. None for all records with a response.
        ids: only these records; None for all.
        after: only records whose id is greater.
    """

    dataset_id: UUID
    statuses: Collection[str]
    since: datetime | None = None
    ids: Collection[UUID] | None = None
    after: UUID | None = None


async def record_lines(asked: Asked) -> AsyncIterator[bytes]:
    """Records as argilla-server's REST interface has them, without fields: pages of lines, in the order of ids.

    Of the metadata there is what says when copied responses were given; suggestions have their ``updated_at``.
    """
    async for page in _pages(asked, _record_query(_dialect())):
        yield page


async def stamp_lines(asked: Asked) -> AsyncIterator[bytes]:
    """What tells whether a record's responses are still the same: pages of lines, in the order of ids.

    A line is a list: record id, external id, status, number of responses, time of the newest of them, a checksum
    of the times of all of them, and one of the suggestions.
    """
    async for page in _pages(asked, _stamp_query(_dialect())):
        yield page


async def totals(asked: Asked) -> dict[str, Any]:
    """Counts and checksums of a dataset; the same again means that no response came, changed or went.

    Returns:
        ``responses``, how many there are of the statuses, ``checksum``, of their times, and lists of the same of
        ``records`` and ``suggestions``.
    """
    micros = _dialect().micros
    values = {"dataset": asked.dataset_id, "statuses": list(asked.statuses)}
    responses = f"""
        SELECT COUNT(*), SUM({micros("response.updated_at")})
        FROM records AS record JOIN responses AS response ON response.record_id = record.id
        WHERE record.dataset_id = :dataset AND {_OF_STATUS}"""  # noqa: S608 - constants of ours
    records = f"""
        SELECT COUNT(*), SUM({micros("updated_at")}), SUM(CASE WHEN status = 'completed' THEN 1 ELSE 0 END)
        FROM records WHERE dataset_id = :dataset"""  # noqa: S608 - constants of ours
    # Of all datasets: which of them it belongs to costs more than to count all.
    suggestions = f"SELECT COUNT(*), SUM({micros('updated_at')}) FROM suggestions"  # noqa: S608 - constants of ours
    async with AsyncSessionLocal() as db:
        found = [
            [int(value or 0) for value in (await db.execute(statement, given)).one()]
            for statement, given in (
                (_statement(responses), values),
                (_statement(records), {"dataset": asked.dataset_id}),
                (text(suggestions), {}),
            )
        ]
    (count, checksum), of_records, of_suggestions = found
    return {"responses": count, "checksum": checksum, "records": of_records, "suggestions": of_suggestions}


_OF_STATUS = "CAST(response.status AS VARCHAR) IN :statuses"
_CHANGED = """record.id IN (
    SELECT id FROM records WHERE dataset_id = :dataset AND updated_at >= :since
    UNION SELECT record_id FROM responses WHERE updated_at >= :since
    UNION SELECT record_id FROM suggestions WHERE updated_at >= :since)"""
_ANSWERED = f"""EXISTS (
    SELECT 1 FROM responses AS response WHERE response.record_id = record.id AND {_OF_STATUS})"""  # noqa: S608 - constants of ours


def _dialect() -> _Dialect:
    return _SQLITE if settings.database_is_sqlite else _POSTGRESQL


async def _pages(asked: Asked, query: str) -> AsyncIterator[bytes]:
    """One statement a page, so that no transaction lasts as long as somebody takes to read."""
    statement = _statement(query)
    async for ids in _key_pages(asked):
        async with AsyncSessionLocal() as db:
            lines = (await db.scalars(statement, {"statuses": list(asked.statuses), "ids": ids})).all()
        # JSON has line feeds between values only, where a blank does too.
        yield "".join(f"{line.replace(_FEED, ' ')}{_FEED}" for line in lines).encode()


_FEED = "\n"


async def _key_pages(asked: Asked) -> AsyncIterator[list[UUID]]:
    """The ids of the records that are asked for, `PAGE` at a time."""
    conditions = [_ANSWERED if asked.since is None else _CHANGED]
    values: dict[str, Any] = {"dataset": asked.dataset_id}
    values |= {"statuses": list(asked.statuses)} if asked.since is None else {"since": asked.since}
    if asked.ids is not None:
        conditions.append("record.id IN :ids")
        values["ids"] = list(asked.ids)
    after = asked.after
    while True:
        further = ["record.id > :after"] if after else []
        statement = _key_statement([*conditions, *further])
        async with AsyncSessionLocal() as db:
            keys = (await db.scalars(statement, values | ({"after": after} if after else {}))).all()
        for first in range(0, len(keys), PAGE):
            yield list(keys[first : first + PAGE])
        if len(keys) < KEYS:
            return
        after = keys[-1]


def _key_statement(conditions: Sequence[str]) -> Any:
    where = " AND ".join(["record.dataset_id = :dataset", *conditions])
    query = f"SELECT record.id FROM records AS record WHERE {where} ORDER BY record.id LIMIT {KEYS}"  # noqa: S608 - constants of ours
    return _statement(query).columns(column("id", Uuid()))


_VALUES = (
    bindparam("dataset", type_=Uuid()),
    bindparam("after", type_=Uuid()),
    bindparam("since", type_=DateTime()),
    bindparam("ids", type_=Uuid(), expanding=True),
    bindparam("statuses", type_=String(), expanding=True),
)


def _statement(query: str) -> TextClause:
    """Queries name their values: ids are stored and sent in another form by each database."""
    return text(query).bindparams(*(value for value in _VALUES if f":{value.key}" in query))


def _record_query(sql: _Dialect) -> str:
    response = _object(
        sql,
        id=sql.uuid("response.id"),
        user_id=sql.uuid("response.user_id"),
        status="response.status",
        values=sql.raw('response."values"'),
        inserted_at=sql.time("response.inserted_at"),
        updated_at=sql.time("response.updated_at"),
    )
    suggestion = _object(
        sql,
        question_id=sql.uuid("suggestion.question_id"),
        value=sql.raw("suggestion.value"),
        agent="suggestion.agent",
        score=sql.raw("suggestion.score"),
        type="suggestion.type",
        updated_at=sql.time("suggestion.updated_at"),
    )
    copied = sql.member("record.metadata", COPIED_ANSWERS)
    record = _object(
        sql,
        id=sql.uuid("record.id"),
        external_id="record.external_id",
        status="record.status",
        metadata=sql.raw(f"CASE WHEN {copied} IS NOT NULL THEN {sql.object}('{COPIED_ANSWERS}', {copied}) END"),
        responses=_all(
            sql, response, f"responses AS response WHERE response.record_id = record.id AND {_OF_STATUS}"
        ),
        suggestions=_all(sql, suggestion, "suggestions AS suggestion WHERE suggestion.record_id = record.id"),
    )
    return _of_page(record)


def _stamp_query(sql: _Dialect) -> str:
    of_record = f"FROM responses AS response WHERE response.record_id = record.id AND {_OF_STATUS}"
    values = (
        sql.uuid("record.id"),
        "record.external_id",
        "record.status",
        f"(SELECT COUNT(*) {of_record})",
        f"(SELECT {sql.time('MAX(response.updated_at)')} {of_record})",
        f"(SELECT COALESCE(SUM({sql.micros('response.updated_at')}), 0) {of_record})",
        f"""(SELECT COALESCE(SUM(1 + {sql.micros("suggestion.updated_at")}), 0) FROM suggestions AS suggestion
            WHERE suggestion.record_id = record.id)""",  # noqa: S608 - constants of ours
    )
    return _of_page(f"{sql.list}({', '.join(values)})")


def _of_page(document: str) -> str:
    return f"""SELECT CAST({document} AS TEXT) FROM records AS record
        WHERE record.id IN :ids ORDER BY record.id"""  # noqa: S608 - constants of ours


def _object(sql: _Dialect, **members: str) -> str:
    pairs = ", ".join(f"'{name}', {expression}" for name, expression in members.items())
    return f"{sql.object}({pairs})"


def _all(sql: _Dialect, document: str, source: str) -> str:
    """All documents of a source as one list; empty if there are none."""
    found = f"(SELECT {sql.array}({document}) FROM {source})"  # noqa: S608 - constants of ours
    return sql.raw(f"COALESCE({found}, {sql.list}())")
