"""Answers on disk while an export runs, found by the row's id: memory does not grow with their number."""

from __future__ import annotations

import gc
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import orjson

from sharegpt_argilla.annotation import AnsweredRecord, Response, Suggestion
from sharegpt_argilla.common.json_text import load_json
from sharegpt_argilla.responses.export_state import Stamp
from sharegpt_argilla.responses.join_datasets import join, join_parts, with_reviews
from sharegpt_argilla.responses.merge import Origin, annotation
from sharegpt_argilla.responses.rater_models import fit_policies, weigh_by_gold
from sharegpt_argilla.responses.working_time import TIMES_INDEX, TIMES_TABLE, ResponseTimes, Timed

_TABLE = """
CREATE TABLE answers (
    dataset INTEGER, key TEXT, row TEXT, reading INTEGER, status TEXT, responses INTEGER, newest TEXT,
    checksum INTEGER, suggested INTEGER, timed INTEGER, body TEXT, met INTEGER DEFAULT 0,
    PRIMARY KEY (dataset, key)
) WITHOUT ROWID
"""
_PUT = "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
_OF_ROWS = """
SELECT row, met, dataset, body FROM answers
WHERE row IN (SELECT value FROM json_each(?)) ORDER BY row, dataset, key
"""
_MEET = "UPDATE answers SET met = 1 WHERE met = 0 AND row IN (SELECT value FROM json_each(?))"
# A record without a row's id belongs to no other.
_UNMET = """
SELECT row, met, dataset, body FROM answers
WHERE met = 0 AND (row IS NULL OR :all OR row IN (SELECT value FROM json_each(:rows)))
ORDER BY COALESCE(row, key), dataset, key
"""
_FILL_TIMES = """
INSERT INTO times
SELECT json_extract(one.value, '$.annotator'), json_extract(one.value, '$.submitted_at'), dataset, answers.key
FROM answers, json_each(body, '$.responses') AS one
"""
_TIMES_OF = """
SELECT json_extract(one.value, '$.annotator'), json_extract(one.value, '$.submitted_at'), dataset, answers.key
FROM answers, json_each(body, '$.responses') AS one
WHERE dataset = ? AND answers.key IN (SELECT value FROM json_each(?))
"""


Records = Iterable[tuple[int, str, AnsweredRecord, Stamp]]
"""Number of the reading, Argilla's record id, record, stamp. What a generator returns at its end is the first
reading that counts: records that only earlier ones saw are gone."""


class Found(NamedTuple):
    """What a row is to carry under ``标注``, and whether a row of that id was merged before."""

    marked: dict[str, Any]
    met: bool


class AnswerStore:
    """The answers of one export, in an SQLite file of its own that has no name and ends with the process.

    Where no other record has a say in what a row will carry, that is worked out as the record comes in, while
    the next is still on its way; else the record is kept as it is.

    Args:
        names: of the datasets, as they were given.
        origin: where the answers are from, and how several become one.
        needed: what `join_parts` takes, where the datasets are parts of one project; else None.
        reviewed: whether the last of the datasets is that of reviewers.
    """

    def __init__(
        self,
        names: Sequence[str],
        origin: Origin,
        needed: Callable[[str], int | None] | None = None,
        *,
        reviewed: bool = False,
    ) -> None:
        self._names = names
        self._origin = origin
        self._needed = needed
        self._reviews = len(names) - 1 if reviewed else len(names)
        self._alone = len(names) == 1 and not origin.choice.needs_all
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(_TABLE)
        self._times: ResponseTimes | None = None

    @property
    def times(self) -> ResponseTimes:
        """When everybody responded, for estimates of how long it took: of the records here, unless it was set."""
        if self._times is None:
            for statement in (TIMES_TABLE, _FILL_TIMES, TIMES_INDEX):
                self._database.execute(statement)
            self._times = ResponseTimes(self._database)
        return self._times

    @times.setter
    def times(self, times: ResponseTimes) -> None:
        self._times = times

    def times_of(self, dataset: int, keys: Collection[str]) -> list[Timed]:
        """When people responded to some records of a dataset, of those that are here."""
        return self._database.execute(_TIMES_OF, (dataset, json.dumps(list(keys)))).fetchall()

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def fill(self, dataset: int, records: Records) -> None:
        """Take in the records of a dataset; ``dataset`` is its index among the names."""
        first = 0

        def lines() -> Iterator[tuple[Any, ...]]:
            nonlocal first
            reading = iter(records)
            while True:
                try:
                    number, key, record, stamp = next(reading)
                except StopIteration as end:
                    first = end.value or 0
                    return
                yield (dataset, key, record.id, number, *stamp[1:], self._body(record))

        self._database.execute("BEGIN")
        self._database.executemany(_PUT, lines())
        self._database.execute("DELETE FROM answers WHERE dataset = ? AND reading < ?", (dataset, first))
        self._database.execute("COMMIT")
        self._database.execute("CREATE INDEX IF NOT EXISTS by_row ON answers (row)")

    def fit(self) -> None:
        """Fit the policies that need all answers at once, where there are any, to all that came in."""
        if self._origin.choice.weighs_by_gold:
            choice = weigh_by_gold(self._origin.choice, self._joined(), self._origin.gold)
            self._origin = replace(self._origin, choice=choice)
        if self._origin.choice.fitted_questions:
            self._origin = replace(self._origin, choice=fit_policies(self._origin.choice, self._joined()))
        if self._origin.choice.modelled:
            # NumPy is not for everybody: an export without confidence starts sooner.
            from sharegpt_argilla.responses.answer_model import model_answers  # noqa: PLC0415

            choice = model_answers(self._origin.choice, self._joined(), self._origin.gold)
            self._origin = replace(self._origin, choice=choice)

    def of_rows(self, ids: Sequence[str]) -> dict[str, Found]:
        """Row id -> what it is to carry; rows that nobody answered are absent. They count as met from then on."""
        wanted = json.dumps(ids)
        contents = {
            str(row): content for row, content in self._grouped(self._database.execute(_OF_ROWS, (wanted,)))
        }
        if contents:
            self._database.execute(_MEET, (wanted,))
            self.times.estimate(content.marked for content in contents.values())
        return contents

    def unmet(self, among: Collection[str] | None = None) -> Iterator[tuple[str | None, dict[str, Any]]]:
        """The row ids that were not met, None where there never was one, and what that row would carry.

        Args:
            among: the row ids that are looked at; None for all.
        """
        values = {"all": among is None, "rows": json.dumps(list(among or ()))}
        for row, found in self._grouped(self._database.execute(_UNMET, values)):
            self.times.estimate([found.marked])
            yield row, found.marked

    def stamps(self, dataset: int) -> Iterator[tuple[str, Stamp]]:
        """Argilla's record id -> stamp of each record of a dataset, in the order of the ids."""
        query = """SELECT key, row, status, responses, newest, checksum, suggested, timed
                   FROM answers WHERE dataset = ? ORDER BY key"""
        for key, *stamp in self._database.execute(query, (dataset,)):
            yield key, Stamp(*stamp)

    def _joined(self) -> Iterator[AnsweredRecord]:
        """Every record whose row is known; only where records were kept."""
        query = "SELECT row, met, dataset, body FROM answers WHERE row IS NOT NULL ORDER BY row, dataset, key"
        for _, _, parts in _groups(self._database.execute(query)):
            yield self._join(parts)

    def _body(self, record: AnsweredRecord) -> str:
        return _dump(annotation(record, self._origin) if self._alone else asdict(record))

    def _grouped(self, lines: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str | None, Found]]:
        for row, met, parts in _groups(lines):
            if self._alone:
                yield row, Found(load_json(parts[0][1]), met)
            else:
                yield row, Found(annotation(self._join(parts), self._origin), met)

    def _join(self, parts: Sequence[tuple[int, str]]) -> AnsweredRecord:
        found = [(dataset, _record(load_json(body))) for dataset, body in parts]
        reviews = [record for dataset, record in found if dataset == self._reviews]
        records = [(self._names[dataset], record) for dataset, record in found if dataset != self._reviews]
        if reviews:
            return with_reviews(self._peers(records) if records else None, reviews)
        return self._peers(records)

    def _peers(self, records: Sequence[tuple[str, AnsweredRecord]]) -> AnsweredRecord:
        if self._reviews == 1:
            return records[0][1]
        if self._needed is None:
            return join(records)
        return join_parts([record for _, record in records], self._needed)


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Collect garbage a hundredth as often: answers come and go by the ten thousand, and contain no cycles."""
    before = gc.get_threshold()
    gc.set_threshold(100 * before[0], *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _dump(document: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(document).decode()
    except TypeError:
        # Half a surrogate pair in what somebody typed.
        return json.dumps(document)


def _groups(
    lines: Iterable[tuple[Any, ...]],
) -> Iterator[tuple[str | None, bool, list[tuple[int, str]]]]:
    """Adjacent lines with the same row; each line without a row is a group of its own."""
    row, seen, parts = None, False, list[tuple[int, str]]()
    for row_id, met, dataset, body in lines:
        if parts and (row_id is None or row_id != row):
            yield row, seen, parts
            parts = []
        row, seen = row_id, bool(met)
        parts.append((dataset, body))
    if parts:
        yield row, seen, parts


def _record(document: Mapping[str, Any]) -> AnsweredRecord:
    responses = [Response(**one) for one in document["responses"]]
    suggestions = [Suggestion(**one) for one in document["suggestions"]]
    return AnsweredRecord(document["id"], document["status"], responses, suggestions)
