"""What one export leaves for the next, so that it looks only at what changed: a small JSON file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.settings import write_private

VERSION = 1


class Stamp(NamedTuple):
    """Whether a record's answers are still those that were exported: equal stamps, equal answers.

    Attributes:
        row: the row's id; None for a record that was not loaded from a row.
        status: ``completed`` or ``pending``.
        responses: how many there are.
        newest: when the newest of them took its present form, ISO 8601.
    """

    row: str | None
    status: str
    responses: int
    newest: str


@dataclass(frozen=True)
class DatasetState:
    """One dataset as it was: `argilla_client.responses.pulse`, and Argilla's record id -> stamp."""

    pulse: str
    stamps: Mapping[str, Stamp]


@dataclass(frozen=True)
class ExportState:
    """One export as it was.

    Attributes:
        plan: hash of all that shapes the output besides the answers; another plan means a full export.
        rows: size in bytes and time of change, in nanoseconds, of the rows file.
        output: the same of the output.
        datasets: one for each dataset, in the order given.
        orphans: ids of rows that were answered but are not in the rows file.
        lines: lines in the output.
        unreadable: lines of it that are no row.
        repeated: rows of it whose id stood in the file before.
    """

    plan: str
    rows: tuple[int, int]
    output: tuple[int, int]
    datasets: list[DatasetState]
    orphans: list[str] = field(default_factory=list)
    lines: int = 0
    unreadable: int = 0
    repeated: int = 0

    @property
    def cursor(self) -> str:
        """When the newest answer that was exported took its present form; "" where there is none."""
        return max((stamp.newest for one in self.datasets for stamp in one.stamps.values()), default="")


def stamp_of(record: AnsweredRecord) -> Stamp:
    """The stamp of a record that was read with all its answers."""
    newest = max((response.submitted_at for response in record.responses), default="")
    return Stamp(record.id, record.status, len(record.responses), newest)


def plan_hash(plan: object) -> str:
    """A hash of plain data."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True, default=list).encode("utf-8")).hexdigest()


def file_mark(path: Path) -> tuple[int, int]:
    """Size and time of change of a file; zeros where there is none."""
    if not path.exists():
        return (0, 0)
    found = path.stat()
    return (found.st_size, found.st_mtime_ns)


def save_state(path: Path, state: ExportState) -> None:
    """Write the file whole or not at all; mode 0600."""
    document = {
        "version": VERSION,
        "cursor": state.cursor,
        "plan": state.plan,
        "rows": state.rows,
        "output": state.output,
        "lines": state.lines,
        "unreadable": state.unreadable,
        "repeated": state.repeated,
        "orphans": state.orphans,
        "datasets": [{"pulse": one.pulse, "records": one.stamps} for one in state.datasets],
    }
    write_private(path, json.dumps(document, ensure_ascii=False) + "\n")


def load_state(path: Path) -> ExportState | None:
    """The state in a file; None where there is none, or one that a full export had better replace."""
    try:
        return _read(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read(document: Mapping[str, Any]) -> ExportState | None:
    if document["version"] != VERSION:
        return None
    datasets = [
        DatasetState(one["pulse"], {key: Stamp(*stamp) for key, stamp in one["records"].items()})
        for one in document["datasets"]
    ]
    rows, output = document["rows"], document["output"]
    return ExportState(
        document["plan"],
        (rows[0], rows[1]),
        (output[0], output[1]),
        datasets,
        document["orphans"],
        document["lines"],
        document["unreadable"],
        document["repeated"],
    )
