"""What one export leaves for the next, so that it looks only at what changed: a small SQLite file.

Its header contains a checksum of the whole file, so that nothing is believed that was cut off, edited or damaged.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.common.atomic_files import atomic_path
from sharegpt_argilla.errors import InputError, SharegptArgillaError
from sharegpt_argilla.responses.working_time import TIMES_INDEX, TIMES_TABLE, ResponseTimes

VERSION = 4

_CHECKSUM_SINCE = 4
"""The first version with a checksum."""

_HEADER_BYTES = 100
_USER_VERSION, _APPLICATION_ID = 60, 68
_CHANGE_COUNTER, _VALID_FOR = 24, 92
"""Offsets in the header of an SQLite file (https://www.sqlite.org/fileformat2.html#the_database_header).

The first two numbers belong to applications; here they are the halves of the checksum. The change counter and the
number that repeats it change as the checksum is put in.
"""

_TABLES = f"""{TIMES_TABLE};
{TIMES_INDEX};
CREATE TABLE export (about TEXT, lengths BLOB);
CREATE TABLE records (
    dataset INTEGER, key TEXT, row TEXT, status TEXT, responses INTEGER, newest TEXT, checksum INTEGER,
    suggested INTEGER, timed INTEGER, PRIMARY KEY (dataset, key)
) WITHOUT ROWID;
CREATE INDEX by_row ON records (row);
CREATE TABLE lines (row TEXT, number INTEGER, PRIMARY KEY (row, number)) WITHOUT ROWID;
CREATE TABLE orphans (row TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX times_by_record ON times (dataset, key);
"""
_STAMPS = """
SELECT key, row, status, responses, newest, checksum, suggested, timed FROM records WHERE dataset = ? ORDER BY key
"""
_STAMPS_OF = """
SELECT key, row, status, responses, newest, checksum, suggested, timed FROM records
WHERE dataset = ? AND key IN (SELECT value FROM json_each(?))
"""


_BLOCK = 1 << 20


class Stamp(NamedTuple):
    """Whether a record's answers are still those that were exported: equal stamps, equal answers.

    Attributes:
        row: the row's id; None for a record that was not loaded from a row.
        status: ``completed`` or ``pending``.
        responses: how many there are.
        newest: when the newest of them took its present form, ISO 8601.
        checksum: of the times of all of them, where the source knows it; else 0.
        suggested: a checksum of the suggestions; 0 if there are none.
        timed: tenths of a second that were measured on the record, by all people; 0 where nobody measured.
    """

    row: str | None
    status: str
    responses: int
    newest: str
    checksum: int = 0
    suggested: int = 0
    timed: int = 0


class Change(NamedTuple):
    """A record that is not as it was: Argilla's id of it, its stamp then and now; None where it was not there."""

    key: str
    before: Stamp | None
    now: Stamp | None


@dataclass(frozen=True)
class Export:
    """One export as it was.

    Attributes:
        plan: hash of all that shapes the output except the answers; another plan means a full export.
        rows: size in bytes and time of change, in nanoseconds, of the rows file.
        output: the same of the output.
        seen: when the export looked at the datasets, ISO 8601, UTC without a zone.
        pulses: for each dataset what its source knows it by; the same again means that nothing happened.
        unreadable: lines of the output that are no row.
        carried: what its lines carry: see `Carried`.
    """

    plan: str
    rows: tuple[int, int] = (0, 0)
    output: tuple[int, int] = (0, 0)
    seen: str = ""
    pulses: Sequence[str] = ()
    unreadable: int = 0
    carried: tuple[int, int, int] = (0, 0, 0)


class Carried(NamedTuple):
    """What lines carry: how many have answers, how many answers, how many of them repeat a row before."""

    annotated: int = 0
    responses: int = 0
    repeated: int = 0


class StateFile:
    """The state file of an earlier export, or a draft of a new one.

    Attributes:
        export: the export that it remembers.
        lengths: bytes of each line of the output, its line break included.
        times: when everybody responded.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, export: Export, lengths: array[int]) -> None:
        self._path = path
        self._database = database
        self.export = export
        self.lengths = lengths
        self.times = ResponseTimes(database)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def stamps(self, dataset: int) -> Iterator[tuple[str, Stamp]]:
        """Argilla's record id -> stamp of each record of a dataset, in the order of the ids."""
        for key, *stamp in self._database.execute(_STAMPS, (dataset,)):
            yield key, Stamp(*stamp)

    def stamps_of(self, dataset: int, keys: Collection[str]) -> dict[str, Stamp]:
        """The stamps of some records, of those that there are."""
        found = self._database.execute(_STAMPS_OF, (dataset, json.dumps(list(keys))))
        return {key: Stamp(*stamp) for key, *stamp in found}

    def keys_of(self, dataset: int, rows: Collection[str]) -> list[str]:
        """Argilla's ids of the records of some rows, and of those that were not loaded from a row."""
        query = """SELECT key FROM records
                   WHERE dataset = ? AND (row IS NULL OR row IN (SELECT value FROM json_each(?)))"""
        return [key for (key,) in self._database.execute(query, (dataset, json.dumps(list(rows))))]

    def rows_of(self, records: Collection[tuple[int, str]]) -> set[str]:
        """The rows of some records, given as dataset and Argilla's id."""
        query = """SELECT row FROM json_each(?) AS one CROSS JOIN records
                   ON dataset = json_extract(one.value, '$[0]') AND records.key = json_extract(one.value, '$[1]')
                   WHERE row IS NOT NULL"""
        return {row for (row,) in self._database.execute(query, (json.dumps(list(records)),))}

    def lines_of(self, rows: Collection[str]) -> dict[int, str]:
        """Number of a line, from 0, in the order of the output -> the row in it, of the lines with those rows."""
        query = "SELECT number, row FROM lines WHERE row IN (SELECT value FROM json_each(?)) ORDER BY number"
        return dict(self._database.execute(query, (json.dumps(list(rows)),)))

    def orphans(self) -> set[str]:
        """The rows that were answered but are not in the output."""
        return {row for (row,) in self._database.execute("SELECT row FROM orphans")}

    def carried(self, rows: Collection[str]) -> Carried:
        """What the lines with those rows carry, as it is remembered now."""
        query = """SELECT COUNT(*), COALESCE(SUM(responses), 0), COUNT(*) - COUNT(DISTINCT row)
                   FROM lines JOIN (SELECT row, SUM(responses) AS responses FROM records
                                    WHERE row IN (SELECT value FROM json_each(:rows)) GROUP BY row) USING (row)"""
        return Carried(*self._database.execute(query, {"rows": json.dumps(list(rows))}).fetchone())

    def strangers(self) -> int:
        """How many answered records were not loaded from a row."""
        found: int = self._database.execute("SELECT COUNT(*) FROM records WHERE row IS NULL").fetchone()[0]
        return found

    def apply(self, changes: Mapping[int, Iterable[Change]]) -> None:
        """Remember the stamps that changed, for each dataset; `save` makes it last."""
        for dataset, some in changes.items():
            for change in some:
                if change.now is None:
                    values: tuple[object, ...] = (dataset, change.key)
                    self._database.execute("DELETE FROM records WHERE dataset = ? AND key = ?", values)
                else:
                    values = (dataset, change.key, *change.now)
                    self._database.execute(
                        "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values
                    )

    def remember(self, dataset: int, stamps: Iterable[tuple[str, Stamp]]) -> None:
        """Put in the stamps of a dataset of which nothing was remembered."""
        lines = ((dataset, key, *stamp) for key, stamp in stamps)
        self._database.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", lines)

    def add_line(self, row: str | None, length: int) -> None:
        """The next line of the output: the row in it, and its length in bytes."""
        if row is not None:
            self._database.execute("INSERT INTO lines VALUES (?, ?)", (row, len(self.lengths)))
        self.lengths.append(length)

    def set_orphans(self, rows: Iterable[str]) -> None:
        """Replace the rows that are not in the output."""
        self._database.execute("DELETE FROM orphans")
        self._database.executemany("INSERT OR IGNORE INTO orphans VALUES (?)", ((row,) for row in rows))

    def save(self, **changes: object) -> None:
        """Make what was remembered last, with some attributes of the export changed."""
        self.export = replace(self.export, **changes)  # type: ignore[arg-type]  # the caller names its attributes
        cursor = self._database.execute("SELECT MAX(newest) FROM records").fetchone()[0] or ""
        about = json.dumps({"version": VERSION, "cursor": cursor, **vars(self.export)})
        self._database.execute("DELETE FROM export")
        self._database.execute("INSERT INTO export VALUES (?, ?)", (about, self.lengths.tobytes()))
        self._database.execute("COMMIT")
        # Whoever is killed before the end of this leaves a wrong checksum, and the next export is a whole one.
        first, second = _checksum(self._path)
        self._database.execute("BEGIN")
        self._database.execute(f"PRAGMA user_version = {first}")
        self._database.execute(f"PRAGMA application_id = {second}")
        self._database.execute("COMMIT")
        self._database.execute("BEGIN")


class DamagedStateError(Exception):
    """A state file turned out not to be readable; a full export has to replace it."""


@contextmanager
def damage_told() -> Iterator[None]:
    """Raise DamagedStateError for whatever a damaged state file makes of a block.

    It may also be SQLite's word on another file, which a full export then meets again.
    """
    try:
        yield
    except SharegptArgillaError:
        raise
    except (sqlite3.Error, ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise DamagedStateError(str(error)) from error


@contextmanager
def new_state(path: Path, plan: str) -> Iterator[StateFile]:
    """An empty state file, mode 0600; it takes its name when the block ends well.

    Raises:
        InputError: it cannot be written.
    """
    with atomic_path(path, private=True) as draft:
        try:
            with closing(sqlite3.connect(draft, isolation_level=None)) as database:
                # Nobody sees it before it is whole.
                database.execute("PRAGMA synchronous = OFF")
                database.execute("PRAGMA journal_mode = OFF")
                database.executescript(_TABLES)
                database.execute("BEGIN")
                yield StateFile(draft, database, Export(plan), array("Q"))
        except sqlite3.Error as error:
            raise InputError(f"{path}: cannot be written: {error}") from error
    # What a killed run left in its journal belongs to the file that was there before.
    with suppress(OSError):
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)


def load_state(path: Path) -> StateFile | None:
    """The state in a file; None if the file does not exist, or is one of an older version.

    Raises:
        DamagedStateError: it is not what an export left there.
    """
    if not path.is_file():
        return None
    with damage_told(), closing(sqlite3.connect(path, isolation_level=None)) as database:
        # Reading plays back what a killed run left in its journal; the checksum is one of the file after that.
        about = database.execute("SELECT about FROM export").fetchone()[0]
        stored = _stored_checksum(database)
        if stored == (0, 0) and json.loads(about)["version"] < _CHECKSUM_SINCE:
            return None
        # Before it is locked: closing a file gives up all locks of the process on it (POSIX).
        if stored != _checksum(path):
            raise DamagedStateError(f"{path}: its checksum is another")
        if json.loads(about)["version"] != VERSION:
            return None
    database = sqlite3.connect(path, isolation_level=None)
    try:
        with damage_told():
            # What a power failure leaves half-written has another checksum.
            database.execute("PRAGMA synchronous = OFF")
            return _opened(path, database, stored)
    except BaseException:
        database.close()
        raise


def _opened(path: Path, database: sqlite3.Connection, checksum: tuple[int, int]) -> StateFile:
    """The state in an open file, locked against other exports."""
    database.execute("BEGIN IMMEDIATE")
    if _stored_checksum(database) != checksum:
        raise DamagedStateError(f"{path}: another export writes it")
    about, stored = database.execute("SELECT about, lengths FROM export").fetchone()
    document = json.loads(about)
    lengths = array("Q")
    lengths.frombytes(stored)
    if sum(lengths) != document["output"][0]:
        raise DamagedStateError(f"{path}: its lines are not the output")
    del document["version"], document["cursor"]
    document |= {name: tuple(document[name]) for name in ("rows", "output", "carried")}
    return StateFile(path, database, Export(**document), lengths)


def _stored_checksum(database: sqlite3.Connection) -> tuple[int, int]:
    (first,) = database.execute("PRAGMA user_version").fetchone()
    (second,) = database.execute("PRAGMA application_id").fetchone()
    return first, second


def _checksum(path: Path) -> tuple[int, int]:
    """A checksum of all of a file that does not change with the checksum itself, as two numbers of 32 bits."""
    digest = hashlib.blake2b(digest_size=8)
    with path.open("rb") as file:
        header = bytearray(file.read(_HEADER_BYTES))
        for offset in (_CHANGE_COUNTER, _USER_VERSION, _APPLICATION_ID, _VALID_FOR):
            header[offset : offset + 4] = bytes(4)
        digest.update(header)
        while block := file.read(_BLOCK):
            digest.update(block)
    first, second = struct.unpack("<ii", digest.digest())
    return first, second


def changes_between(before: Iterable[tuple[str, Stamp]], now: Iterable[tuple[str, Stamp]]) -> Iterator[Change]:
    """What is different in two lists of stamps, both in the order of the records' ids."""
    old, new = iter(before), iter(now)
    then, current = next(old, None), next(new, None)
    while then or current:
        if then and (current is None or then[0] < current[0]):
            yield Change(then[0], then[1], None)
            then = next(old, None)
        elif current and (then is None or current[0] < then[0]):
            yield Change(current[0], None, current[1])
            current = next(new, None)
        elif then and current:
            if then != current:
                yield Change(then[0], then[1], current[1])
            then, current = next(old, None), next(new, None)


def stamp_of(record: AnsweredRecord) -> Stamp:
    """The stamp of a record that was read with all its answers."""
    newest = max([response.submitted_at for response in record.responses], default="")
    suggested = crc32(repr(record.suggestions).encode("utf-8", "surrogatepass")) if record.suggestions else 0
    timed = round(10 * sum([response.active_seconds or 0 for response in record.responses]))
    return Stamp(record.id, record.status, len(record.responses), newest, 0, suggested, timed)


def plan_hash(plan: object) -> str:
    """A hash of plain data."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True, default=list).encode("utf-8")).hexdigest()


def file_mark(path: Path) -> tuple[int, int]:
    """Size and modification time of a file; zeros if it does not exist."""
    if not path.exists():
        return (0, 0)
    found = path.stat()
    return (found.st_size, found.st_mtime_ns)
