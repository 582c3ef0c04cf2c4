"""Reads answers straight from the embedded Argilla's database, on the machine where it runs.

Over REST the server builds every record with all its texts for every export. Here SQLite gives the responses
alone, and which of them changed, at a fraction of the time. The database is opened for reading only; the server
goes on writing meanwhile. What is read has the shape of Argilla's REST answers.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sharegpt_argilla.errors import InputError
from sharegpt_argilla.settings import Home, read_json

_TIMES = """
SELECT record.id, record.external_id, record.status, COUNT(*), MAX(response.updated_at)
FROM records AS record JOIN responses AS response ON response.record_id = record.id
WHERE record.dataset_id = ? AND response.status IN (SELECT value FROM json_each(?))
GROUP BY record.id
"""

_RESPONSES = """
SELECT record.id, record.external_id, record.status,
       response.id, response.user_id, response.status, response."values",
       response.inserted_at, response.updated_at,
       CASE WHEN instr(record.metadata, '"copied_answers"') THEN record.metadata END
FROM records AS record JOIN responses AS response ON response.record_id = record.id
WHERE record.dataset_id = ? AND response.status IN (SELECT value FROM json_each(?))
"""
_THESE = "AND record.id IN (SELECT value FROM json_each(?))\n"
_ORDER = "ORDER BY record.id"


class EmbeddedAnswers:
    """The answers in one home folder's database, as they stood when it was opened; to be closed.

    Every method raises InputError where the database cannot be read.
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
        """When somebody last answered in the dataset: ISO 8601; "" where the dataset is not in this database."""
        query = "SELECT last_activity_at FROM datasets WHERE id = ?"
        found = list(self._rows(query, (_stored(dataset_id),)))
        return _time(found[0][0]) if found else ""

    def times(self, dataset_id: str, statuses: Collection[str]) -> dict[str, tuple[str | None, str, int, str]]:
        """Record id -> external id, status, number of responses of these statuses, time of the newest of them."""
        rows = self._rows(_TIMES, (_stored(dataset_id), json.dumps(list(statuses))))
        return {
            _shown(key): (external, status, count, _time(newest)) for key, external, status, count, newest in rows
        }

    def records(
        self, dataset_id: str, statuses: Collection[str], ids: Collection[str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Records with their responses of these statuses, as Argilla's REST interface has them, without texts.

        Args:
            dataset_id: Argilla's id of the dataset.
            statuses: of the responses.
            ids: of the records; None for all that have such a response.
        """
        query, values = _RESPONSES, [_stored(dataset_id), json.dumps(list(statuses))]
        if ids is not None:
            query += _THESE
            values.append(json.dumps([_stored(key) for key in ids]))
        for _, rows in groupby(self._rows(query + _ORDER, tuple(values)), key=lambda row: row[0]):
            yield _record(list(rows))

    def _rows(self, query: str, values: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(query, values)
        except sqlite3.Error as error:
            raise _unreadable(error) from error


def find_answers(home: Home, api_url: str, active: Mapping[str, Callable[[], str]]) -> EmbeddedAnswers | None:
    """The database of the Argilla at an address, where that is the embedded one of this home folder.

    Args:
        home: the home folder.
        api_url: the address of the Argilla that is asked for.
        active: id of each dataset -> asks the server when somebody last answered in it; a database that is older
            is not the server's (ARGILLA_DATABASE_URL names another).

    Returns:
        None where it is another Argilla, or cannot be read from here.
    """
    with suppress(InputError):
        if not (home.server.exists() and home.database.exists()) or read_json(home.server)["api_url"] != api_url:
            return None
        times = {dataset_id: ask() for dataset_id, ask in active.items()}
        answers = EmbeddedAnswers(home)
        with suppress(InputError):
            if all(answers.last_activity(dataset_id) >= time for dataset_id, time in times.items()):
                return answers
        answers.close()
    return None


def _record(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    key, external, status = rows[0][:3]
    metadata = json.loads(rows[0][-1]) if rows[0][-1] else {}
    responses = [
        {
            "id": _shown(response_id),
            "user_id": _shown(user_id),
            "status": response_status,
            # As the server gives what a client stored without values.
            "values": (json.loads(values) if values else None) or {},
            "inserted_at": _time(inserted_at),
            "updated_at": _time(updated_at),
        }
        for _, _, _, response_id, user_id, response_status, values, inserted_at, updated_at, _ in rows
    ]
    return {
        "id": _shown(key),
        "external_id": external,
        "status": status,
        "metadata": metadata,
        "responses": responses,
    }


def _stored(key: str) -> str:
    return key.replace("-", "")


def _shown(key: str) -> str:
    return str(UUID(key))


def _time(stored: str) -> str:
    """As the server writes a time into JSON: a T, and no fraction where it is zero."""
    return datetime.fromisoformat(stored).isoformat()


def _unreadable(error: sqlite3.Error) -> InputError:
    return InputError(f"the embedded Argilla's database cannot be read: {error}")
