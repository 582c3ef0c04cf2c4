"""Rows files line by line: answers put in, all else left as it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat
from pathlib import Path

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.jsonl import RowLine
from sharegpt_argilla.responses.merge import Origin, is_withdrawn, merge, without_annotation
from sharegpt_argilla.responses.times import read_time
from sharegpt_argilla.rows import ANNOTATION, Row, check_row, dump_row, read_extension

# As `dump_row` writes a row; a line that begins otherwise is parsed.
_ID = re.compile(rb'\{"id":"([^"\\]+)"')


@dataclass
class LineCounts:
    """What became of the lines; `ExportSummary` says what each number means."""

    rows: int = 0
    annotated: int = 0
    responses: int = 0
    withdrawn: int = 0
    unreadable: int = 0
    repeated: int = 0


class LineMerger:
    """Merges line by line and counts.

    Args:
        answers: row id -> the record.
        origin: where the answers are from.
        since: rows whose answers did not change since then, UTC, keep what they carry; None for every row.

    Attributes:
        counts: the lines so far.
        met: ids of the answered rows so far.
    """

    def __init__(
        self, answers: Mapping[str, AnsweredRecord], origin: Origin, since: datetime | None = None
    ) -> None:
        self.counts = LineCounts()
        self.met: set[str] = set()
        self._answers = answers
        self._origin = origin
        self._since = since

    def merge(self, line: RowLine) -> str:
        """The line as it goes into the output, without its line break."""
        self.counts.rows += 1
        if line.row is None:
            self.counts.unreadable += 1
            return line.text
        return self.merge_row(line.row, line.text)

    def merge_row(self, row: Row, text: str) -> str:
        """A row, which stands in ``text``, as it goes into the output."""
        record = self._answers.get(row["id"])
        if record is not None:
            return self._annotated(row, record, text)
        if is_withdrawn(row, self._origin):
            self.counts.withdrawn += 1
            return dump_row(without_annotation(row))
        return text

    def _annotated(self, row: Row, record: AnsweredRecord, text: str) -> str:
        self.counts.repeated += row["id"] in self.met
        self.met.add(row["id"])
        self.counts.annotated += 1
        self.counts.responses += len(record.responses)
        if self._since is not None and not _changed(row, record, self._since):
            return text
        return dump_row(merge(row, record, self._origin))


def patch(output: Path, rows: Path, touched: Collection[str], merger: LineMerger) -> Iterator[bytes]:
    """The lines of an earlier output, with the rows that were touched merged anew.

    Lines that were not touched are copied as bytes. A row whose answers were withdrawn is what the rows file has.

    Args:
        output: what an earlier export made of ``rows``, line for line.
        rows: the rows file; it may be ``output``.
        touched: ids of the rows whose answers changed.
        merger: with the answers of those rows.
    """
    with output.open("rb") as before, rows.open("rb") as source:
        originals: Iterable[bytes] = repeat(b"") if output == rows else filter(bytes.strip, source)
        for line, original in zip(before, originals, strict=False):
            found = _ID.match(line)
            if found is not None and found[1].decode("utf-8") not in touched:
                yield line
            else:
                yield _patched(line, original or line, touched, merger)


def _patched(line: bytes, original: bytes, touched: Collection[str], merger: LineMerger) -> bytes:
    text = original.decode("utf-8-sig").rstrip("\r\n")
    try:
        row = check_row(json.loads(text))
    except (ValueError, RejectedError, RecursionError):
        return line
    if row["id"] not in touched:
        return line
    end = line[len(line.rstrip(b"\r\n")) :]
    carried = ANNOTATION.encode("utf-8") in line
    merged = merger.merge_row(row, text)
    merger.counts.withdrawn += carried and row["id"] not in merger.met and text == merged
    return merged.encode("utf-8") + end


def _changed(row: Row, record: AnsweredRecord, since: datetime) -> bool:
    if any(read_time(response.submitted_at) >= since for response in record.responses):
        return True
    # A withdrawn answer leaves no time, only a smaller number.
    marked = read_extension(row).get(ANNOTATION)
    return not isinstance(marked, dict) or len(marked.get("responses", ())) != len(record.responses)
