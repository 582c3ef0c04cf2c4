"""Questions and answers that found no other half in their shard: kept in files, and put together at the end.

A line names the corpus and says of several halves where they belong and how long they are; then come the halves, a
line each. So the files can be gone through without reading the text of the halves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from sharegpt_argilla.corpora.formats.base import Turn
from sharegpt_argilla.corpora.run.pairing import Gap, Pairer
from sharegpt_argilla.rows import Pair


class _Half(NamedTuple):
    """Where a half lies, and what it counts as when nothing is found for it."""

    path: Path
    offset: int
    spoken: int
    blank: int

    def load(self) -> list[Any]:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            half: list[Any] = json.loads(file.readline())
            return half


def write_halves(pairer: Pairer, file: IO[bytes]) -> None:
    """Append what waits in a pairer, which waits there no longer."""
    entries: list[tuple[str, int, bool, int, int, int]] = []
    lines: list[bytes] = []
    for (session, index), half in pairer.take_waiting():
        if isinstance(half, Pair):
            asked, spoken, blank = True, 0, 0
            line = _dump([*half[:-1], dict(half.extra)]) + b"\n"
        else:
            asked, blank = False, len([turn for turn in half if turn.blank])
            spoken, line = len(half) - blank, _dump([tuple(turn) for turn in half]) + b"\n"
        entries.append((session, index, asked, spoken, blank, len(line)))
        lines.append(line)
    file.write(_dump([pairer.corpus, entries]) + b"\n")
    file.writelines(lines)


def stitch(paths: Sequence[Path], pairers: Mapping[str, Pairer]) -> Iterator[Pair]:
    """The pairs whose halves lie in the files, then the questions that stay unanswered, in the order of the files.

    Memory: the gaps and where the halves lie, not their text.

    Args:
        paths: files that ``write_halves`` wrote.
        pairers: count what becomes of the halves, by the name of their corpus.
    """
    questions: dict[tuple[str, Gap], list[_Half]] = {}
    answers: dict[tuple[str, Gap], list[_Half]] = {}
    for key, asked, half in _all(paths):
        mine, others = (questions, answers) if asked else (answers, questions)
        if key not in others:
            mine.setdefault(key, []).append(half)
            continue
        other = others[key].pop(0)
        if not others[key]:
            del others[key]
        question, answer = (half, other) if asked else (other, half)
        turns = [Turn(*turn) for turn in answer.load()]
        yield pairers[key[0]].stitched(Pair(*question.load()), turns)
    for (corpus, _), halves in questions.items():
        yield from (pairers[corpus].counted(Pair(*half.load())) for half in halves)
    for (corpus, _), halves in answers.items():
        counts = pairers[corpus].counts
        counts.answers_dropped += sum(half.spoken for half in halves)
        counts.answers_blank += sum(half.blank for half in halves)


def _all(paths: Sequence[Path]) -> Iterator[tuple[tuple[str, Gap], bool, _Half]]:
    """Corpus and gap of each half, whether it is a question, and where it lies."""
    for path in paths:
        with path.open("rb") as file:
            while line := file.readline():
                offset = file.tell()
                corpus, entries = _entries(line)
                for session, index, asked, spoken, blank, size in entries:
                    yield (corpus, (session, index)), asked, _Half(path, offset, spoken, blank)
                    offset += size
                file.seek(offset)


def _entries(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError:
        # A lone surrogate in a session.
        return json.loads(line)


def _dump(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        # A lone surrogate, or a number beyond 64 bits.
        return json.dumps(value).encode("ascii")
