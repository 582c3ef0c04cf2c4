"""Pending pairs: questions and answers whose other half is not in their shard, kept in files until the end.

A line names the corpus and says of several of them where they belong and how long they are; then they follow, a
line each. So the files can be searched without reading their texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from sharegpt_argilla.corpora.formats.base import Turn
from sharegpt_argilla.corpora.pairing.pairing import Gap, Pairer
from sharegpt_argilla.rows import Pair


class _Pending(NamedTuple):
    """Where a question or its answers are stored, and what answers count as when their question is missing."""

    path: Path
    offset: int
    spoken: int
    blank: int

    def load(self) -> list[Any]:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            pending: list[Any] = json.loads(file.readline())
            return pending


def write_pending(pairer: Pairer, file: IO[bytes]) -> None:
    """Move what waits in a pairer to the end of a file."""
    entries: list[tuple[str, int, bool, int, int, int]] = []
    lines: list[bytes] = []
    for (session, index), waiting in pairer.take_waiting():
        if isinstance(waiting, Pair):
            asked, spoken, blank = True, 0, 0
            line = _dump([*waiting[:-1], dict(waiting.extra)]) + b"\n"
        else:
            asked, blank = False, len([turn for turn in waiting if turn.blank])
            spoken, line = len(waiting) - blank, _dump([tuple(turn) for turn in waiting]) + b"\n"
        entries.append((session, index, asked, spoken, blank, len(line)))
        lines.append(line)
    file.write(_dump([pairer.corpus, entries]) + b"\n")
    file.writelines(lines)


def complete_pairs(paths: Sequence[Path], pairers: Mapping[str, Pairer]) -> Iterator[Pair]:
    """The pairs that the files complete together, then the questions without an answer, in the order of the files.

    Memory: the gaps and where the texts are stored, not the texts.

    Args:
        paths: files that ``write_pending`` wrote.
        pairers: count what becomes of them, by the name of their corpus.
    """
    questions: dict[tuple[str, Gap], list[_Pending]] = {}
    answers: dict[tuple[str, Gap], list[_Pending]] = {}
    for key, asked, pending in _all(paths):
        same, others = (questions, answers) if asked else (answers, questions)
        if key not in others:
            same.setdefault(key, []).append(pending)
            continue
        other = others[key].pop(0)
        if not others[key]:
            del others[key]
        question, answer = (pending, other) if asked else (other, pending)
        turns = [Turn(*turn) for turn in answer.load()]
        yield pairers[key[0]].stitched(Pair(*question.load()), turns)
    for (corpus, _), unanswered in questions.items():
        yield from (pairers[corpus].counted(Pair(*question.load())) for question in unanswered)
    for (corpus, _), unasked in answers.items():
        counts = pairers[corpus].counts
        counts.answers_dropped += sum(answer.spoken for answer in unasked)
        counts.answers_blank += sum(answer.blank for answer in unasked)


def _all(paths: Sequence[Path]) -> Iterator[tuple[tuple[str, Gap], bool, _Pending]]:
    """Corpus and gap of each, whether it is a question, and where it is stored."""
    for path in paths:
        with path.open("rb") as file:
            while line := file.readline():
                offset = file.tell()
                corpus, entries = _entries(line)
                for session, index, asked, spoken, blank, size in entries:
                    yield (corpus, (session, index)), asked, _Pending(path, offset, spoken, blank)
                    offset += size
                file.seek(offset)


def _entries(line: bytes) -> Any:
    try:
        return msgspec.json.decode(line)
    except ValueError:
        # A lone surrogate in a session.
        return json.loads(line)


def _dump(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        # A lone surrogate.
        return json.dumps(value).encode("ascii")
