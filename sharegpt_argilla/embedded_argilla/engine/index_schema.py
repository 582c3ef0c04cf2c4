"""The datasets in the index: what each one's fields, questions, metadata properties and vectors are."""

# ruff: noqa: S608 - only names and numbers of our own are put into SQL; values are bound.

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from sharegpt_argilla.embedded_argilla.engine.index_entries import DatasetDefinition
from sharegpt_argilla.embedded_argilla.engine.index_file import TOKENIZER
from sharegpt_argilla.embedded_argilla.engine.index_healing import IndexUnusableError
from sharegpt_argilla.embedded_argilla.engine.index_values import FLOAT, INTEGER, KEYWORD, stored_values
from sharegpt_argilla.embedded_argilla.engine.text_query import ALWAYS
from sharegpt_argilla.errors import EmbeddedArgillaError

if TYPE_CHECKING:
    import sqlite3

METADATA, RESPONSE, VECTOR = "metadata", "response", "vector"
SUGGESTION = {
    "value": "suggestion.value",
    "score": "suggestion.score",
    "agent": "suggestion.agent",
    "type": "suggestion.type",
}
"""The kinds of attributes: what a value in the index belongs to."""

_METADATA_TYPES = {"terms": KEYWORD, "integer": INTEGER, "float": FLOAT}
# The answers to other types of questions are not indexed, neither here nor by Elasticsearch.
_QUESTION_TYPES = {"rating": INTEGER, "label_selection": KEYWORD, "multi_label_selection": KEYWORD}


@dataclass(frozen=True)
class Attribute:
    """What values are stored under: a number, and the values' type (for vectors: their dimensions)."""

    number: int
    type: str


@dataclass(frozen=True)
class DatasetIndex:
    """One dataset's part of the index."""

    number: int
    definition: DatasetDefinition
    attributes: dict[tuple[str, str], Attribute]

    @property
    def text_table(self) -> str:
        """The name of its FTS5 table."""
        return f"text_{self.number}"

    @property
    def text_columns(self) -> dict[str, str]:
        """The FTS5 column of each field with text."""
        fields = self.definition.fields.items()
        return {name: f"f{number}" for number, (name, kind) in enumerate(fields) if kind != "image"}

    def attribute(self, kind: str, name: str) -> Attribute | None:
        """The attribute of this kind and name, or None if nothing is indexed under it."""
        return self.attributes.get((kind, name))

    def of_kind(self, *kinds: str) -> list[Attribute]:
        """All attributes of these kinds."""
        return [attribute for (kind, _), attribute in self.attributes.items() if kind in kinds]


def find_dataset(connection: sqlite3.Connection, dataset_id: str) -> DatasetIndex | None:
    """The index of a dataset, or None if none exists."""
    row = connection.execute("SELECT number, definition FROM dataset WHERE id = ?", (dataset_id,)).fetchone()
    return None if row is None else _load(connection, *row)


def get_dataset(connection: sqlite3.Connection, dataset_id: str) -> DatasetIndex:
    """The index of a dataset.

    Raises:
        IndexUnusableError: none exists.
    """
    dataset = find_dataset(connection, dataset_id)
    if dataset is None:
        raise IndexUnusableError(
            f"dataset {dataset_id} has no search index; start the server again, which rebuilds it"
        )
    return dataset


def complete_dataset(connection: sqlite3.Connection, dataset_id: str) -> DatasetIndex:
    """The index of a dataset, for reading: as `get_dataset`, and nothing is found of it before all is there.

    Raises:
        IndexUnusableError: none exists, or its records are still being added by a repair.
    """
    dataset = get_dataset(connection, dataset_id)
    if dataset.definition.incomplete:
        raise IndexUnusableError(
            f"the search index of dataset {dataset_id} is being rebuilt; ask again when that is done"
        )
    return dataset


def _load(connection: sqlite3.Connection, number: int, definition: str) -> DatasetIndex:
    rows = connection.execute("SELECT kind, name, number, type FROM attribute WHERE dataset = ?", (number,))
    attributes = {(kind, name): Attribute(key, value_type) for kind, name, key, value_type in rows}
    return DatasetIndex(number, _definition(json.loads(definition)), attributes)


def _definition(stored: dict[str, Any]) -> DatasetDefinition:
    questions = {key: (name, kind) for key, (name, kind) in stored["questions"].items()}
    return DatasetDefinition(
        stored["fields"], questions, stored["metadata"], stored["vectors"], stored.get("incomplete", False)
    )


def create_dataset(connection: sqlite3.Connection, dataset_id: str, definition: DatasetDefinition) -> None:
    """Make the index of a dataset.

    Raises:
        EmbeddedArgillaError: there is one already.
    """
    if find_dataset(connection, dataset_id) is not None:
        raise EmbeddedArgillaError(f"dataset {dataset_id} has a search index already; delete that one first")
    number = connection.execute(
        "INSERT INTO dataset (id, definition) VALUES (?, ?)", (dataset_id, json.dumps(asdict(definition)))
    ).lastrowid
    columns = ", ".join([ALWAYS, *(f"f{field_number}" for field_number in range(len(definition.fields)))])
    connection.execute(f'CREATE VIRTUAL TABLE text_{number} USING fts5({columns}, tokenize = "{TOKENIZER}")')
    connection.executemany(
        "INSERT INTO attribute (dataset, kind, name, type) VALUES (?, ?, ?, ?)",
        [(number, *attribute) for attribute in _attributes(definition)],
    )


def _attributes(definition: DatasetDefinition) -> list[tuple[str, str, str]]:
    """``(kind, name, type)`` of everything that a dataset of this definition can have values of."""
    attributes = [(METADATA, name, _METADATA_TYPES[kind]) for name, kind in definition.metadata.items()]
    for name, kind in definition.questions.values():
        if kind in _QUESTION_TYPES:
            attributes.append((RESPONSE, name, _QUESTION_TYPES[kind]))
            attributes.append((SUGGESTION["value"], name, _QUESTION_TYPES[kind]))
        attributes.append((SUGGESTION["score"], name, FLOAT))
        attributes.append((SUGGESTION["agent"], name, KEYWORD))
        attributes.append((SUGGESTION["type"], name, KEYWORD))
    attributes.extend((VECTOR, key, str(dimensions)) for key, dimensions in definition.vectors.items())
    return attributes


def mark_complete(connection: sqlite3.Connection, dataset_id: str) -> None:
    """Let a dataset be read whose records have all been added.

    Raises:
        IndexUnusableError: it has no index.
    """
    dataset = get_dataset(connection, dataset_id)
    _store_definition(connection, dataset.number, replace(dataset.definition, incomplete=False))


def _store_definition(connection: sqlite3.Connection, number: int, definition: DatasetDefinition) -> None:
    connection.execute(
        "UPDATE dataset SET definition = ? WHERE number = ?", (json.dumps(asdict(definition)), number)
    )


def delete_dataset(connection: sqlite3.Connection, dataset_id: str) -> None:
    """Remove the index of a dataset; there need not be one."""
    dataset = find_dataset(connection, dataset_id)
    if dataset is None:
        return
    numbers = "SELECT number FROM record WHERE dataset = ?"
    connection.execute(f"DROP TABLE {dataset.text_table}")
    for table, column in (("response", "record"), ("suggestion", "record"), ("vector", "record")):
        connection.execute(f"DELETE FROM {table} WHERE {column} IN ({numbers})", (dataset.number,))
    connection.execute(
        "DELETE FROM value WHERE attribute IN (SELECT number FROM attribute WHERE dataset = ?)", (dataset.number,)
    )
    connection.execute("DELETE FROM record WHERE dataset = ?", (dataset.number,))
    connection.execute("DELETE FROM attribute WHERE dataset = ?", (dataset.number,))
    connection.execute("DELETE FROM dataset WHERE number = ?", (dataset.number,))


def set_metadata_property(connection: sqlite3.Connection, dataset_id: str, name: str, kind: str) -> None:
    """Add a metadata property, or change its type; values that the records carry already are taken in.

    Raises:
        EmbeddedArgillaError: the dataset has no index.
    """
    dataset = get_dataset(connection, dataset_id)
    dataset.definition.metadata[name] = kind
    value_type = _METADATA_TYPES[kind]
    number = _set_attribute(connection, dataset, METADATA, name, value_type)
    connection.execute("DELETE FROM value WHERE attribute = ?", (number,))
    records = connection.execute(
        "SELECT number, metadata FROM record WHERE dataset = ? AND metadata <> '{}'", (dataset.number,)
    )
    connection.executemany(
        "INSERT INTO value (attribute, value, record, response) VALUES (?, ?, ?, 0)",
        (
            (
                number,
                value,
                record,
            )
            for record, metadata in records.fetchall()
            for value in stored_values(value_type, json.loads(metadata).get(name))
        ),
    )


def set_vectors(connection: sqlite3.Connection, dataset_id: str, settings_id: str, dimensions: int) -> None:
    """Add vector settings.

    Raises:
        EmbeddedArgillaError: the dataset has no index.
    """
    dataset = get_dataset(connection, dataset_id)
    dataset.definition.vectors[settings_id] = dimensions
    _set_attribute(connection, dataset, VECTOR, settings_id, str(dimensions))


def _set_attribute(
    connection: sqlite3.Connection, dataset: DatasetIndex, kind: str, name: str, value_type: str
) -> int:
    _store_definition(connection, dataset.number, dataset.definition)
    number: int = connection.execute(
        "INSERT INTO attribute (dataset, kind, name, type) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (dataset, kind, name) DO UPDATE SET type = excluded.type RETURNING number",
        (dataset.number, kind, name, value_type),
    ).fetchone()[0]
    return number
