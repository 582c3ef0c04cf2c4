"""Merges answers into rows files line by line; all other lines stay as they are."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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
"""Row ids -> the annotations of those rows that somebody answered."""

_PIECE = 1 << 20
"""Bytes per copy."""


@dataclass
class LineCounts:
    """Counts of the lines; `ExportSummary` describes each."""

    rows: int = 0
    annotated: int = 0
    responses: int = 0
    withdrawn: int = 0
    unreadable: int = 0
    repeated: int = 0


class LineMerger:
    """Merges line by line and counts.

    Args:
        origin: where the answers come from.
        since: rows whose answers did not change since then, UTC, keep their annotation; None to merge all.

    Attributes:
        counts: the lines so far.
    """

    def __init__(self, origin: Origin, since: datetime | None = None) -> None:
        self.counts = LineCounts()
        self._origin = origin
        self._since = since

    def merge(self, lines: Sequence[RowLine], find: Find) -> Iterator[str]:
        """The output lines for some input lines, without line breaks."""
        answers_of_rows = find([line.row["id"] for line in lines if line.row is not None])
        ids_in_batch: set[str] = set()
        for line in lines:
            self.counts.rows += 1
            if line.row is None:
                self.counts.unreadable += 1
                yield line.text
                continue
            answers = answers_of_rows.get(line.row["id"])
            if answers is not None:
                self.counts.repeated += answers.met or line.row["id"] in ids_in_batch
                ids_in_batch.add(line.row["id"])
            yield self.merge_row(line.row, line.text, answers.marked if answers else None)

    def merge_row(self, row: Row, text: str, marked: Mapping[str, Any] | None) -> str:
        """The output line of the row in ``text``, with its annotation, if it has one."""
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
    """Copy an earlier output, replacing some of its lines.

    Args:
        earlier: what an earlier export wrote.
        output: file that the new output is written to.
        lengths: bytes of each line of the earlier output; those of the new one afterwards.
        changed: line number from 0 -> function from the old line to the new one.
    """
    ends = array("Q", accumulate(lengths))
    done = 0
    with earlier.open("rb") as before:
        for number, change in sorted(changed.items()):
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


def remade(merger: LineMerger, answers: Found | None, original: bytes | None, line: bytes) -> bytes:
    """The new version of a line of an earlier output.

    Args:
        merger: merges and counts.
        answers: the annotation of its row; None if it no longer has answers.
        original: the line in the rows file; None if that is the output itself, or is not needed.
        line: the line of the earlier output, which contains a row.
    """
    end = line[len(line.rstrip(b"\r\n")) :]
    if answers is None and original is not None:
        text = original.decode("utf-8-sig").rstrip("\r\n")
        merged = merger.merge_row(json.loads(text), text, None)
        # Withdrawn even if the rows file carried no annotation: the output had one.
        merger.counts.withdrawn = merger.counts.withdrawn + 1 if text == merged else merger.counts.withdrawn
    else:
        text = line.decode("utf-8-sig").rstrip("\r\n")
        merged = merger.merge_row(json.loads(text), text, answers.marked if answers else None)
    return merged.encode("utf-8") + end


def estimated_again(estimate: Callable[[Iterable[dict[str, Any]]], None], line: bytes) -> bytes:
    """A line of an earlier output with its estimated times computed again.

    Args:
        estimate: gives each response without a time an estimated one, in annotations.
        line: the line of the earlier output; one without an annotation stays as it is.
    """
    text = line.decode("utf-8-sig").rstrip("\r\n")
    row = json.loads(text)
    marked = read_extension(row).get(ANNOTATION)
    if not isinstance(marked, dict):
        return line
    for response in marked["responses"]:
        if response.get("active") == "estimated":
            del response["active"], response["active_seconds"]
    estimate([marked])
    return dump_row(with_annotation(row, marked)).encode("utf-8") + line[len(line.rstrip(b"\r\n")) :]


def lines_at(path: Path, numbers: Collection[int]) -> dict[int, bytes]:
    """Lines of a rows file by number, from 0; blank lines do not count."""
    with path.open("rb") as file:
        return {number: line for number, line in enumerate(filter(bytes.strip, file)) if number in numbers}


def _changed(row: Row, marked: Mapping[str, Any], since: datetime) -> bool:
    if any(read_time(response["submitted_at"]) >= since for response in marked["responses"]):
        return True
    # A withdrawn answer leaves no time, only a smaller number of responses.
    before = read_extension(row).get(ANNOTATION)
    return not isinstance(before, dict) or len(before.get("responses", ())) != len(marked["responses"])
