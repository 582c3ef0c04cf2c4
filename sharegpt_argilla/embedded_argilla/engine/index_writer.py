"""Writes records, responses, suggestions and vectors into the index."""

# ruff: noqa: S608 - only names and numbers of our own are put into SQL; values are bound.

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sharegpt_argilla.embedded_argilla.engine.index_schema import METADATA, RESPONSE, SUGGESTION, VECTOR
from sharegpt_argilla.embedded_argilla.engine.index_values import Stored, stored_values
from sharegpt_argilla.embedded_argilla.engine.nearest_vectors import packed_vector
from sharegpt_argilla.embedded_argilla.engine.shuffle import lot_of
from sharegpt_argilla.embedded_argilla.engine.tokens import SENTINEL, indexed_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from sharegpt_argilla.embedded_argilla.engine.index_entries import RecordEntry, ResponseEntry, SuggestionEntry
    from sharegpt_argilla.embedded_argilla.engine.index_schema import Attribute, DatasetIndex

_BATCH = 500
_VALUES = "INSERT OR IGNORE INTO value (attribute, value, record, response) VALUES (?, ?, ?, ?)"

ValueRow = tuple[int, Stored, int, int]


def find_numbers(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, int]:
    """The numbers of those records that are in the index."""
    numbers: dict[str, int] = {}
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        placeholders = ",".join("?" * len(batch))
        numbers.update(connection.execute(f"SELECT id, number FROM record WHERE id IN ({placeholders})", batch))
    return numbers


def write_records(connection: sqlite3.Connection, dataset: DatasetIndex, entries: Iterable[RecordEntry]) -> None:
    """Add records, or replace what the index contains of them; a replaced record keeps its number."""
    # The last one of the same id counts.
    records = list({entry.id: entry for entry in entries}.values())
    ids = [record.id for record in records]
    indexed = find_numbers(connection, ids)
    connection.executemany(
        "INSERT INTO record (dataset, id, external_id, status, inserted_at, updated_at, metadata, lot) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET external_id = excluded.external_id, "
        "status = excluded.status, inserted_at = excluded.inserted_at, updated_at = excluded.updated_at, "
        "metadata = excluded.metadata",
        [_record_row(dataset, record) for record in records],
    )
    numbers = find_numbers(connection, ids)
    numbered = [(numbers[record.id], record) for record in records]
    # There is nothing to forget of what is new, which most records of a load are.
    _forget(connection, dataset, [(number, record) for number, record in numbered if record.id in indexed])
    _write_texts(connection, dataset, numbered)
    _write_vectors(connection, dataset, numbered)
    values = _metadata_rows(dataset, numbered)
    values += _write_suggestions(
        connection, dataset, ((number, each) for number, record in numbered for each in record.suggestions or [])
    )
    for number, record in numbered:
        values += _write_responses(connection, dataset, number, record.responses or [])
    # In the order of the table's key, so that each page of it is looked up once.
    connection.executemany(_VALUES, sorted(values))


def _record_row(dataset: DatasetIndex, record: RecordEntry) -> tuple[Any, ...]:
    metadata = json.dumps(record.metadata, ensure_ascii=False, default=str)
    times = (record.inserted_at, record.updated_at)
    return dataset.number, record.id, record.external_id, record.status, *times, metadata, lot_of(record.id)


Numbered = list[tuple[int, "RecordEntry"]]


def _forget(connection: sqlite3.Connection, dataset: DatasetIndex, records: Numbered) -> None:
    """Remove what is replaced of records that are in the index: all but what the entries leave as it is."""
    _delete(connection, f"{dataset.text_table} WHERE rowid = ?", (number for number, _ in records))
    _forget_values(connection, (number for number, _ in records), dataset.of_kind(METADATA))
    replaced = [number for number, record in records if record.suggestions is not None]
    _forget_values(connection, replaced, dataset.of_kind(*SUGGESTION.values()))
    _delete(connection, "suggestion WHERE record = ?", replaced)
    replaced = [number for number, record in records if record.responses is not None]
    _forget_values(connection, replaced, dataset.of_kind(RESPONSE))
    _delete(connection, "response WHERE record = ?", replaced)
    replaced = [number for number, record in records if record.vectors is not None]
    _delete(connection, "vector WHERE record = ?", replaced)


def _delete(connection: sqlite3.Connection, rows: str, numbers: Iterable[int]) -> None:
    connection.executemany(f"DELETE FROM {rows}", [(number,) for number in numbers])


def _forget_values(connection: sqlite3.Connection, numbers: Iterable[int], attributes: list[Attribute]) -> None:
    keys = ",".join(str(attribute.number) for attribute in attributes)
    _delete(connection, f"value WHERE record = ? AND attribute IN ({keys})", numbers)


def _write_texts(connection: sqlite3.Connection, dataset: DatasetIndex, records: Numbered) -> None:
    fields = dataset.definition.fields
    columns = ", ".join(f"f{field_number}" for field_number in range(len(fields)))
    placeholders = ", ".join("?" * (len(fields) + 2))
    connection.executemany(
        f"INSERT INTO {dataset.text_table} (rowid, always{', ' * bool(fields)}{columns}) VALUES ({placeholders})",
        (
            (number, SENTINEL, *(indexed_text(kind, record.fields.get(name)) for name, kind in fields.items()))
            for number, record in records
        ),
    )


def _rows(attribute: Attribute | None, value: Any, record: int, response: int = 0) -> Iterator[ValueRow]:
    if attribute is not None and value is not None:
        for stored in stored_values(attribute.type, value):
            yield attribute.number, stored, record, response


def _metadata_rows(dataset: DatasetIndex, records: Numbered) -> list[ValueRow]:
    properties = [(name, at) for (kind, name), at in dataset.attributes.items() if kind == METADATA]
    return [
        row
        for number, record in records
        for name, attribute in properties
        for row in _rows(attribute, record.metadata.get(name), number)
    ]


def _write_suggestions(
    connection: sqlite3.Connection, dataset: DatasetIndex, entries: Iterable[tuple[int, SuggestionEntry]]
) -> list[ValueRow]:
    """Add suggestions to the records of these numbers; the rows of their values are returned."""
    suggestions = list(entries)
    connection.executemany(
        "INSERT OR REPLACE INTO suggestion (record, question, updated_at) VALUES (?, ?, ?)",
        [(number, suggestion.question, suggestion.updated_at) for number, suggestion in suggestions],
    )
    names = {key: name for key, (name, _) in dataset.definition.questions.items()}
    return [
        row
        for number, suggestion in suggestions
        for part, kind in SUGGESTION.items()
        for row in _rows(
            dataset.attribute(kind, names.get(suggestion.question, "")), getattr(suggestion, part), number
        )
    ]


def _write_responses(
    connection: sqlite3.Connection, dataset: DatasetIndex, number: int, responses: list[ResponseEntry]
) -> list[ValueRow]:
    """Add them; the rows of their values are returned."""
    rows: list[ValueRow] = []
    for response in responses:
        key = connection.execute(
            "INSERT OR REPLACE INTO response (record, id, user, status, updated_at) VALUES (?, ?, ?, ?, ?)",
            (number, response.id, response.user, response.status, response.updated_at),
        ).lastrowid
        for name, value in response.values.items():
            rows.extend(_rows(dataset.attribute(RESPONSE, name), value, number, key or 0))
    return rows


def _write_vectors(connection: sqlite3.Connection, dataset: DatasetIndex, records: Numbered) -> None:
    rows = [
        (attribute.number, number, packed_vector(vector.value, int(attribute.type)), vector.updated_at)
        for number, record in records
        for vector in record.vectors or []
        if (attribute := dataset.attribute(VECTOR, vector.settings)) is not None
    ]
    connection.executemany(
        "INSERT OR REPLACE INTO vector (attribute, record, value, updated_at) VALUES (?, ?, ?, ?)", rows
    )


def update_record(connection: sqlite3.Connection, record_id: str, changes: dict[str, Any]) -> bool:
    """Change columns of one record; False where it is not in the index."""
    columns = ", ".join(f"{name} = ?" for name in changes)
    done = connection.execute(f"UPDATE record SET {columns} WHERE id = ?", (*changes.values(), record_id))
    return done.rowcount > 0


def delete_records(connection: sqlite3.Connection, dataset: DatasetIndex, ids: Sequence[str]) -> None:
    """Remove records; they need not be there."""
    numbers = [(number,) for number in find_numbers(connection, ids).values()]
    connection.executemany(f"DELETE FROM {dataset.text_table} WHERE rowid = ?", numbers)
    for table in ("value", "response", "suggestion", "vector"):
        connection.executemany(f"DELETE FROM {table} WHERE record = ?", numbers)
    connection.executemany("DELETE FROM record WHERE number = ?", numbers)


def write_response(
    connection: sqlite3.Connection, dataset: DatasetIndex, number: int, response: ResponseEntry
) -> None:
    """Add a response to the record of this number, or replace it; a person has one response to a record."""
    old = connection.execute(
        "SELECT id FROM response WHERE id = ? OR (record = ? AND user = ?)", (response.id, number, response.user)
    ).fetchall()
    for (response_id,) in old:
        delete_response(connection, response_id)
    connection.executemany(_VALUES, _write_responses(connection, dataset, number, [response]))


def delete_response(connection: sqlite3.Connection, response_id: str) -> None:
    """Remove a response; it need not be there."""
    for number, record in connection.execute(
        "SELECT number, record FROM response WHERE id = ?", (response_id,)
    ).fetchall():
        connection.execute("DELETE FROM value WHERE record = ? AND response = ?", (record, number))
        connection.execute("DELETE FROM response WHERE number = ?", (number,))


def write_suggestion(
    connection: sqlite3.Connection, dataset: DatasetIndex, number: int, suggestion: SuggestionEntry
) -> None:
    """Add a suggestion to the record of this number, or replace the one for the same question."""
    delete_suggestion(connection, dataset, number, suggestion.question)
    connection.executemany(_VALUES, _write_suggestions(connection, dataset, [(number, suggestion)]))


def delete_suggestion(connection: sqlite3.Connection, dataset: DatasetIndex, number: int, question: str) -> None:
    """Remove the suggestion for a question, given by its id; it need not be there."""
    name, _ = dataset.definition.questions.get(question, ("", ""))
    attributes = [dataset.attribute(kind, name) for kind in SUGGESTION.values()]
    _forget_values(connection, [number], [attribute for attribute in attributes if attribute is not None])
    connection.execute("DELETE FROM suggestion WHERE record = ? AND question = ?", (number, question))


def find_record(connection: sqlite3.Connection, record_id: str) -> tuple[str, int] | None:
    """The dataset's id and the number of a record, or None if it is not in the index."""
    row: tuple[str, int] | None = connection.execute(
        "SELECT dataset.id, record.number FROM record JOIN dataset ON dataset.number = record.dataset "
        "WHERE record.id = ?",
        (record_id,),
    ).fetchone()
    return row
