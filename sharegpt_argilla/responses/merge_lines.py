"""Rows files line by line: answers put in, all else left as it stands."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import IO, Any

from sharegpt_argilla.common.jsonl import RowLine
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.responses.answer_store import Found
from sharegpt_argilla.responses.merge import Origin, is_withdrawn, with_annotation, without_annotation
from sharegpt_argilla.responses.working_time import read_time
from sharegpt_argilla.rows import ANNOTATION, Row, dump_row, read_extension

Find = Callable[[Sequence[str]], Mapping[str, Found]]
"""Row ids -> what those rows are to carry that somebody answered."""

_PIECE = 1 << 20
"""Bytes that are copied at a time."""


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
        origin: where the answers are from.
        since: rows whose answers did not change since then, UTC, keep what they carry; None for every row.

    Attributes:
        counts: the lines so far.
    """

    def __init__(self, origin: Origin, since: datetime | None = None) -> None:
        self.counts = LineCounts()
        self._origin = origin
        self._since = since

    def merge(self, lines: Sequence[RowLine], find: Find) -> Iterator[str]:
        """Some lines as they go into the output, without their line breaks."""
        found = find([line.row["id"] for line in lines if line.row is not None])
        here: set[str] = set()
        for line in lines:
            self.counts.rows += 1
            if line.row is None:
                self.counts.unreadable += 1
                yield line.text
                continue
            one = found.get(line.row["id"])
            if one is not None:
                self.counts.repeated += one.met or line.row["id"] in here
                here.add(line.row["id"])
            yield self.merge_row(line.row, line.text, one.marked if one else None)

    def merge_row(self, row: Row, text: str, marked: Mapping[str, Any] | None) -> str:
        """A row, which stands in ``text``, as it goes into the output, with what it is to carry, if anything."""
        if marked is not None:
            self.counts.annotated += 1
            self.counts.responses += len(marked["responses"])
            if self._since is not None and not _changed(row, marked, self._since):
                return text
            return dump_row(with_annotation(row, marked))
        if is_withdrawn(row, self._origin):
            self.counts.withdrawn += 1
            return dump_row(without_annotation(row))
        return text


def patch(
    earlier: Path, output: IO[bytes], lengths: array[int], changed: Mapping[int, Callable[[bytes], bytes]]
) -> None:
    """Copy an earlier output, with some of its lines made anew.

    Args:
        earlier: what an earlier export wrote.
        output: takes the new output.
        lengths: bytes of each line of the earlier output; those of the new one afterwards.
        changed: number of a line, from 0, in the order of the file -> what makes the new one of the old.
    """
    ends = array("Q", accumulate(lengths))
    done = 0
    with earlier.open("rb") as before:
        for number, change in changed.items():
            end = ends[number]
            _copy(before, output, done, end - lengths[number])
            before.seek(end - lengths[number])
            line = change(before.read(lengths[number]))
            output.write(line)
            lengths[number] = len(line)
            done = end
        _copy(before, output, done, ends[-1] if ends else 0)


def _copy(source: IO[bytes], target: IO[bytes], start: int, end: int) -> None:
    """Bytes ``start`` to ``end`` of a file."""
    source.seek(start)
    while start < end:
        piece = source.read(min(_PIECE, end - start))
        if not piece:
            raise InputError("the output changed while it was read; run the command again")
        target.write(piece)
        start += len(piece)


def remade(merger: LineMerger, found: Found | None, original: bytes | None, line: bytes) -> bytes:
    """A line of an earlier output, made anew.

    Args:
        merger: merges and counts.
        found: what its row is to carry; None where it has no answers any more.
        original: what the rows file has in its place; None where that is the output itself, or is not needed.
        line: the line as it stands, a row in it.
    """
    end = line[len(line.rstrip(b"\r\n")) :]
    if found is None and original is not None:
        text = original.decode("utf-8-sig").rstrip("\r\n")
        made = merger.merge_row(json.loads(text), text, None)
        # Whatever the rows file carried: it is this output that had answers.
        merger.counts.withdrawn = merger.counts.withdrawn + 1 if text == made else merger.counts.withdrawn
    else:
        text = line.decode("utf-8-sig").rstrip("\r\n")
        made = merger.merge_row(json.loads(text), text, found.marked if found else None)
    return made.encode("utf-8") + end


def lines_at(path: Path, numbers: Collection[int]) -> dict[int, bytes]:
    """Some lines of a rows file, by their number from 0, blank lines left out."""
    with path.open("rb") as file:
        return {number: line for number, line in enumerate(filter(bytes.strip, file)) if number in numbers}


def _changed(row: Row, marked: Mapping[str, Any], since: datetime) -> bool:
    if any(read_time(response["submitted_at"]) >= since for response in marked["responses"]):
        return True
    # A withdrawn answer leaves no time, only a smaller number.
    before = read_extension(row).get(ANNOTATION)
    return not isinstance(before, dict) or len(before.get("responses", ())) != len(marked["responses"])
