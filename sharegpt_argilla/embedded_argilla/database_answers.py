"""Reads answers straight from the embedded Argilla's database, on the machine where it runs.

Over REST the server builds every record with all its texts for every export. Here SQLite gives the responses
alone, and which of them changed, at a fraction of the time. The database is opened for reading only; the server
keeps writing meanwhile. What is read has the shape of Argilla's REST answers.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

from sharegpt_argilla.common.contract_keys import COPIED_ANSWERS
from sharegpt_argilla.common.json_text import load_json
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.settings import Home, connection_of

# The last seven characters of a stored time are a point and microseconds: their sum tells times apart.
_STAMPS = """
SELECT record.id, record.external_id, record.status, COUNT(*), MAX(response.updated_at),
       SUM(CAST(substr(response.updated_at, 21) AS INTEGER)), COALESCE((
           SELECT SUM(1 + CAST(substr(suggestion.updated_at, 21) AS INTEGER)) FROM suggestions AS suggestion
           WHERE suggestion.record_id = record.id), 0)
FROM records AS record JOIN responses AS response ON response.record_id = record.id
WHERE record.dataset_id = ? AND response.status IN (SELECT value FROM json_each(?))
"""
_RESPONSES = f"""
SELECT record.id, record.external_id, record.status,
       response.id, response.user_id, response.status, response."values",
       response.inserted_at, response.updated_at,
       CASE WHEN instr(record.metadata, '"{COPIED_ANSWERS}"') THEN record.metadata END
FROM records AS record JOIN responses AS response ON response.record_id = record.id
WHERE record.dataset_id = ? AND response.status IN (SELECT value FROM json_each(?))
"""  # noqa: S608 - a constant of ours
_THESE = "AND record.id IN (SELECT value FROM json_each(?))\n"
_ORDER = "ORDER BY record.id"
_SUGGESTIONS = """
SELECT suggestion.record_id, question.name, suggestion.value, suggestion.agent, suggestion.score, suggestion.type
FROM records AS record CROSS JOIN suggestions AS suggestion ON suggestion.record_id = record.id
     JOIN questions AS question ON question.id = suggestion.question_id
WHERE record.dataset_id = ?
"""
# CROSS JOIN keeps SQLite to this order: the dataset's records from their index alone, then what belongs to each.
_COUNTS = """
SELECT COUNT(*), SUM(CAST(substr(response.updated_at, 21) AS INTEGER))
FROM records AS record CROSS JOIN responses AS response ON response.record_id = record.id
WHERE record.dataset_id = ? AND response.status IN (SELECT value FROM json_each(?))
"""
_RECORDS = """
SELECT COUNT(*), SUM(CAST(substr(updated_at, 21) AS INTEGER)), SUM(status = 'completed')
FROM records WHERE dataset_id = ?
"""
_SUGGESTED = "SELECT COUNT(*), SUM(CAST(substr(updated_at, 21) AS INTEGER)) FROM suggestions"
_CHANGED = """
SELECT id FROM records WHERE dataset_id = :dataset AND (
    updated_at >= :since OR id IN (SELECT record_id FROM responses WHERE updated_at >= :since)
    OR id IN (SELECT record_id FROM suggestions WHERE updated_at >= :since))
"""


class EmbeddedAnswers:
    """The answers in one home folder's database, as of when it was opened; to be closed.

    Every method raises InputError if the database cannot be read.
    """

    def __init__(self, home: Home) -> None:
        uri = f"{home.database.absolute().as_uri()}?mode=ro"
        try:
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None)
            # One transaction: what is read later belongs to what was read first.
            self._connection.execute("BEGIN")
        except sqlite3.Error as error:
            raise _unreadable(error) from error

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def last_activity(self, dataset_id: str) -> str:
        """When somebody last answered in the dataset: ISO 8601; "" if the dataset is not in this database."""
        query = "SELECT last_activity_at FROM datasets WHERE id = ?"
        rows = list(self._rows(query, (_stored(dataset_id),)))
        return _time(rows[0][0]) if rows else ""

    def pulse(self, dataset_id: str, statuses: Collection[str]) -> str:
        """Counts and checksums of a dataset; the same again means that no answer came, changed or went.

        Returns:
            A JSON object: ``responses``, how many there are of these statuses, ``checksum``, of their times, and
            the same of ``records`` and ``suggestions``.
        """
        key = _stored(dataset_id)
        ((responses, checksum),) = self._rows(_COUNTS, (key, json.dumps(list(statuses))))
        (records,) = self._rows(_RECORDS, (key,))
        (suggestions,) = self._rows(_SUGGESTED, ())
        counts = {
            "responses": responses,
            "checksum": checksum or 0,
            "records": records,
            "suggestions": suggestions,
        }
        return json.dumps(counts)

    def changed_since(self, dataset_id: str, since: datetime) -> list[str]:
        """Ids of the records that changed, or a response or suggestion of theirs, at a time, UTC, or later.

        What was deleted leaves no time.
        """
        values = {"dataset": _stored(dataset_id), "since": since.isoformat(sep=" ", timespec="microseconds")}
        return [_shown(key) for (key,) in self._rows(_CHANGED, values)]

    def stamps(
        self, dataset_id: str, statuses: Collection[str], ids: Collection[str] | None = None
    ) -> Iterator[tuple[str, str | None, str, int, str, int, int]]:
        """What tells whether a record's answers are still the same, in the order of the records' ids.

        Args:
            dataset_id: Argilla's id of the dataset.
            statuses: of the responses.
            ids: of the records; None for all that have such a response.

        Yields:
            Record id, external id, status, number of responses, time of the newest of them, and a
            checksum of the times of all of them, and of the suggestions.
        """
        query, values = self._of(_STAMPS, dataset_id, statuses, ids)
        for key, external, status, count, newest, *totals in self._rows(
            query + "GROUP BY record.id " + _ORDER, values
        ):
            yield _shown(key), external, status, count, _time(newest), *totals

    def records(
        self, dataset_id: str, statuses: Collection[str], ids: Collection[str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Records with their responses of these statuses, as Argilla's REST interface has them, without texts.

        Args:
            dataset_id: Argilla's id of the dataset.
            statuses: of the responses.
            ids: of the records; None for all that have such a response.
        """
        query, values = self._of(_RESPONSES, dataset_id, statuses, ids)
        suggested = groupby(self._suggestions(dataset_id, ids), key=lambda row: row[0])
        at, suggestions = next(suggested, ("~", iter(())))
        for key, rows in groupby(self._rows(query + _ORDER, values), key=lambda row: row[0]):
            # Both are in the order of the records' ids; not every record has suggestions, nor answers.
            while at < key:
                at, suggestions = next(suggested, ("~", iter(())))
            yield _record(list(rows), list(suggestions) if at == key else [])

    def question_names(self, dataset_id: str) -> dict[str, str]:
        """Name -> name of each question: suggestions are read with names instead of ids."""
        rows = self._rows("SELECT name FROM questions WHERE dataset_id = ?", (_stored(dataset_id),))
        return {name: name for (name,) in rows}

    def _suggestions(self, dataset_id: str, ids: Collection[str] | None) -> Iterator[tuple[Any, ...]]:
        query, values = _SUGGESTIONS, [_stored(dataset_id)]
        if ids is not None:
            query, values = query + _THESE, [*values, json.dumps([_stored(key) for key in ids])]
        return self._rows(query + _ORDER, tuple(values))

    @staticmethod
    def _of(
        query: str, dataset_id: str, statuses: Collection[str], ids: Collection[str] | None
    ) -> tuple[str, tuple[str, ...]]:
        values = (_stored(dataset_id), json.dumps(list(statuses)))
        if ids is None:
            return query, values
        return query + _THESE, (*values, json.dumps([_stored(key) for key in ids]))

    def _rows(self, query: str, values: tuple[str, ...] | dict[str, str]) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(query, values)
        except sqlite3.Error as error:
            raise _unreadable(error) from error


def find_answers(home: Home, api_url: str, active: Mapping[str, Callable[[], str]]) -> EmbeddedAnswers | None:
    """The database of the Argilla at an address, if that is the embedded one of this home folder.

    Args:
        home: the home folder.
        api_url: the address of the Argilla that is asked for.
        active: id of each dataset -> asks the server when somebody last answered in it; a database that is older
            is not the server's (ARGILLA_DATABASE_URL names another).

    Returns:
        None if it is another Argilla, or cannot be read from here.
    """
    with suppress(InputError):
        if not (home.server.exists() and home.database.exists()) or connection_of(home).api_url != api_url:
            return None
        times = {dataset_id: ask() for dataset_id, ask in active.items()}
        answers = EmbeddedAnswers(home)
        with suppress(InputError):
            if all(answers.last_activity(dataset_id) >= time for dataset_id, time in times.items()):
                return answers
        answers.close()
    return None


def _record(rows: list[tuple[Any, ...]], suggestions: list[tuple[Any, ...]]) -> dict[str, Any]:
    key, external, status = rows[0][:3]
    metadata = load_json(rows[0][-1]) if rows[0][-1] else {}
    responses = [
        {
            "id": _shown(response_id),
            "user_id": _person(user_id),
            "status": response_status,
            # As the server gives what a client stored without values.
            "values": (load_json(values) if values else None) or {},
            "inserted_at": _time(inserted_at),
            "updated_at": _time(updated_at),
        }
        for _, _, _, response_id, user_id, response_status, values, inserted_at, updated_at, _ in rows
    ]
    document = {
        "id": _shown(key),
        "external_id": external,
        "status": status,
        "metadata": metadata,
        "responses": responses,
    }
    if suggestions:
        document["suggestions"] = [
            {
                "question_id": question,
                "value": load_json(value) if value else None,
                "agent": agent,
                "score": json.loads(score) if isinstance(score, str) else score,
                "type": kind,
            }
            for _, question, value, agent, score, kind in suggestions
        ]
    return document


def _stored(key: str) -> str:
    return key.replace("-", "")


def _shown(key: str) -> str:
    # Several times as fast as a UUID, of which an export would make five a record.
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"


_person = lru_cache(maxsize=1024)(_shown)


def _time(stored: str) -> str:
    """As the server writes a time into JSON: a T, and no fraction where it is zero."""
    return stored.replace(" ", "T").removesuffix(".000000")


def _unreadable(error: sqlite3.Error) -> InputError:
    return InputError(f"the embedded Argilla's database cannot be read: {error}")
