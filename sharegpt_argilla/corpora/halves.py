"""Questions and answers that found no other half in their shard: kept in files, and put together at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import orjson

from sharegpt_argilla.corpora.base import Turn
from sharegpt_argilla.corpora.pairing import Gap, Pairer
from sharegpt_argilla.rows import Pair


class _Place(NamedTuple):
    """Where a half lies: number of the file, and the offset in it."""

    file: int
    offset: int


def write_halves(pairer: Pairer, file: IO[bytes]) -> None:
    """Append what waits in a pairer, which waits there no longer. One JSON object a line."""
    for gap, half in pairer.take_waiting():
        found = {"pair": _pair(half)} if isinstance(half, Pair) else {"answers": half}
        file.write(_dump({"corpus": pairer.corpus, "gap": gap, **found}) + b"\n")


def stitch(paths: Sequence[Path], pairers: Mapping[str, Pairer]) -> Iterator[Pair]:
    """The pairs whose halves lie in the files, then the questions that stay unanswered, in the order of the files.

    Memory: the gaps and where the halves lie, not their text, in the order in which they wait.

    Args:
        paths: files that ``write_halves`` wrote.
        pairers: count what becomes of the halves, by the name of their corpus.
    """
    questions: dict[tuple[str, Gap], list[_Place]] = {}
    answers: dict[tuple[str, Gap], list[_Place]] = {}
    files = _Files(paths)
    for place, half in files.all():
        corpus = half["corpus"]
        key = (corpus, (half["gap"][0], half["gap"][1]))
        mine, others = (questions, answers) if "pair" in half else (answers, questions)
        if key not in others:
            mine.setdefault(key, []).append(place)
            continue
        other = files.load(others[key].pop(0))
        if not others[key]:
            del others[key]
        yield pairers[corpus].stitched(_read_pair({**half, **other}), _read_answers({**half, **other}))
    for (corpus, _), places in questions.items():
        yield from (pairers[corpus].counted(_read_pair(files.load(place))) for place in places)
    for (corpus, _), places in answers.items():
        for place in places:
            pairers[corpus].drop(_read_answers(files.load(place)))


class _Files:
    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    def all(self) -> Iterator[tuple[_Place, dict[str, Any]]]:
        for number, path in enumerate(self._paths):
            offset = 0
            with path.open("rb") as file:
                for line in file:
                    yield _Place(number, offset), _load(line)
                    offset += len(line)

    def load(self, place: _Place) -> dict[str, Any]:
        with self._paths[place.file].open("rb") as file:
            file.seek(place.offset)
            return _load(file.readline())


def _dump(half: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(half)
    except TypeError:
        # A lone surrogate, or a number beyond 64 bits.
        return json.dumps(half).encode("ascii")


def _load(line: bytes) -> dict[str, Any]:
    try:
        half: dict[str, Any] = orjson.loads(line)
    except ValueError:
        half = json.loads(line)
    return half


def _pair(pair: Pair) -> list[Any]:
    return [*pair[:-1], dict(pair.extra)]


def _read_pair(half: Mapping[str, Any]) -> Pair:
    return Pair(*half["pair"])


def _read_answers(half: Mapping[str, Any]) -> list[Turn]:
    return [Turn(*turn) for turn in half["answers"]]
