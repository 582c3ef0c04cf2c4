"""What is in a rows file: one pass that keeps a few numbers of each row and where it stands, no texts."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import orjson

from sharegpt_argilla.common.contract_keys import (
    DUPLICATE_OF,
    FLAGS,
    PROMPT_LANGUAGE,
    RESPONSE_LANGUAGE,
    curation_block,
)
from sharegpt_argilla.config import ChatField, ProjectConfig
from sharegpt_argilla.descriptives.describe import describe
from sharegpt_argilla.errors import InputError, RejectedError
from sharegpt_argilla.project.suggested_answers import Suggested
from sharegpt_argilla.records.record_fields import EarlierTurns, build_fields
from sharegpt_argilla.responses.export_state import file_mark
from sharegpt_argilla.rows import CORPUS, SESSION, TURN, Row, check_row, read_extension

UNKNOWN = "unknown"

LENGTHS = (50, 100, 200, 500, 1000, 2000, 5000)
"""Upper ends of the classes of length, in characters; the last class has none."""

EASE = (0, 30, 50, 60, 70, 80, 90)
"""Lower ends of the classes of Flesch reading ease (Flesch, 1948: 0 to 30 very difficult, 90 up very easy)."""

SAMPLE = 500
"""Rows whose readability is computed; all of a large file would take minutes."""

FOUND = 200
"""Rows that a filter lists at most."""


class Entry(NamedTuple):
    """What is kept of one row.

    Attributes:
        offset: byte at which its line begins.
        id: the row's id.
        language: of the prompt: what ``curate`` found, else what the corpus says, else `UNKNOWN`.
        response_language: of the response, in the same way.
        corpus: name of its corpus.
        category: what the corpus itself calls it; "" where it does not.
        prompt: characters of the prompt.
        response: characters of the response; 0 when nobody answered.
        turn: 1-based.
        flags: what ``curate`` found wrong.
        duplicate: it repeats another row, as ``curate`` says.
        suggested: what annotators will see suggested.
    """

    offset: int
    id: str
    language: str
    response_language: str
    corpus: str
    category: str
    prompt: int
    response: int
    turn: int
    flags: tuple[str, ...]
    duplicate: bool
    suggested: tuple[Suggested, ...] = ()


@dataclass(frozen=True)
class Filter:
    """Which rows are wanted; what is None or empty does not count.

    Attributes:
        language: of the prompt.
        corpus: name of the corpus.
        flag: one that the row has.
        category: of the corpus.
        lengths: least and greatest number of characters of the prompt.
        duplicates: only rows that repeat another.
        text: words in prompt or response, whatever their case.
        suggested: a suggestion that the row has.
    """

    language: str | None = None
    corpus: str | None = None
    flag: str | None = None
    category: str | None = None
    lengths: tuple[int, int] | None = None
    duplicates: bool = False
    text: str = ""
    suggested: Suggested | None = None


def _none(_row: Row, _extension: Mapping[str, Any]) -> tuple[Suggested, ...]:
    return ()


class Corpus:
    """A rows file, read once.

    Args:
        path: the file.
        suggested: row and its extension -> what annotators will see suggested.

    Raises:
        InputError: it cannot be read.
    """

    def __init__(
        self,
        path: str | Path,
        suggested: Callable[[Row, Mapping[str, Any]], tuple[Suggested, ...]] = _none,
    ) -> None:
        self.path = Path(path)
        self.mark = file_mark(self.path)
        self.entries: list[Entry] = []
        self.unreadable = 0
        sessions: set[tuple[str, str]] = set()
        for offset, line in _lines(self.path):
            row = _row(line)
            if row is None:
                self.unreadable += 1
                continue
            extension = read_extension(row)
            sessions.add((str(extension.get(CORPUS)), str(extension.get(SESSION))))
            self.entries.append(_entry(offset, row, extension)._replace(suggested=suggested(row, extension)))
        self.conversations = len(sessions)
        self._earlier: EarlierTurns | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file."""
        if self._earlier is not None:
            self._earlier.close()

    def overview(self) -> dict[str, Any]:
        """All that the file holds, as counts.

        Returns:
            ``rows``, ``unreadable``, ``conversations``, ``unanswered``, ``duplicates``, ``repeated``, ``longest``;
            and ``languages``, ``response_languages``, ``corpora``, ``categories``, ``flags``, ``prompt_lengths``,
            ``response_lengths``, each a list of ``name``, ``rows``, ``share``; ``suggested``, question -> such a
            list, whose shares are of all rows.
        """
        entries = self.entries
        return {
            "rows": len(entries),
            "unreadable": self.unreadable,
            "conversations": self.conversations,
            "unanswered": sum(not one.response for one in entries),
            "duplicates": sum(one.duplicate for one in entries),
            "repeated": len(entries) - len({one.id for one in entries}),
            "longest": max((one.prompt for one in entries), default=0),
            "languages": _counted(one.language for one in entries),
            "response_languages": _counted(one.response_language for one in entries if one.response),
            "corpora": _counted(one.corpus for one in entries),
            "categories": _counted(one.category for one in entries if one.category),
            "flags": _counted((flag for one in entries for flag in one.flags), len(entries)),
            "prompt_lengths": _classes((one.prompt for one in entries), LENGTHS),
            "response_lengths": _classes((one.response for one in entries if one.response), LENGTHS),
            "suggested": self._suggested(),
        }

    def _suggested(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[str]] = {}
        for one in self.entries:
            for question, answer in one.suggested:
                found.setdefault(question, []).append(answer)
        return {question: _counted(answers, len(self.entries)) for question, answers in sorted(found.items())}

    def readability(self) -> dict[str, Any]:
        """Flesch reading ease of English prompts (or those of unknown language), of at most `SAMPLE` (seed 0)."""
        english = [one for one in self.entries if one.language in {"en", "english", UNKNOWN}]
        chosen = english if len(english) <= SAMPLE else Random(0).sample(english, SAMPLE)  # noqa: S311 - no secret
        texts = [self.row(one)["问"] for one in chosen]
        metric = "flesch_reading_ease"
        scores = [found[metric] for found in describe(texts, [metric]) if metric in found]
        return {"sampled": len(chosen), "of": len(english), "classes": _bands(scores)}

    def find(self, wanted: Filter) -> tuple[list[Entry], int, bool]:
        """Rows that pass a filter: the first `FOUND`, how many there are, and whether that is all.

        With a text the search ends at `FOUND`, since the file must be read for it.
        """
        kept = [one for one in self.entries if _passes(one, wanted)]
        words = wanted.text.casefold().split()
        if not words:
            return kept[:FOUND], len(kept), True
        found: list[Entry] = []
        for one in kept:
            row = self.row(one)
            text = f"{row['问']}\n{row['答']}".casefold()
            if all(word in text for word in words):
                found.append(one)
                if len(found) == FOUND:
                    return found, FOUND, False
        return found, len(found), True

    def row(self, entry: Entry) -> Row:
        """The row itself.

        Raises:
            InputError: the file is another one by now.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(entry.offset)
                row = _row(file.readline())
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error.strerror}") from error
        if row is None or row["id"] != entry.id:
            raise InputError(f"{self.path}: was changed meanwhile; load the page again")
        return row

    def as_annotators_see(self, entry: Entry, config: ProjectConfig) -> list[dict[str, Any]]:
        """The fields of its record in their order: ``title``, and ``text`` or ``messages``.

        Raises:
            InputError: the file is another one by now.
        """
        row = self.row(entry)
        with self._lock:
            if self._earlier is None:
                self._earlier = EarlierTurns(self.path)
            earlier = self._earlier
            try:
                fields = build_fields(row, config, lambda turns: earlier.messages(row, turns))
            except RejectedError as error:
                return [{"title": "No record", "text": f"It would be rejected: {error}."}]
        shown = [field for field in config.fields if field.name in fields]
        return [
            {
                "title": field.title,
                "messages" if isinstance(field, ChatField) else "text": fields[field.name],
            }
            for field in shown
        ]


def listed(corpus: Corpus, entries: Sequence[Entry], excerpt: int = 120) -> list[dict[str, Any]]:
    """Rows for a table: the beginning of the prompt, and the numbers."""
    return [
        {
            "prompt": " ".join(corpus.row(one)["问"].split())[:excerpt],
            "language": one.language,
            "corpus": one.corpus,
            "turn": one.turn,
            "characters": one.prompt,
            "answer": one.response,
            "flags": ", ".join(one.flags),
            "suggested": ", ".join(answer for _, answer in one.suggested),
        }
        for one in entries
    ]


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    offset = 0
    try:
        with path.open("rb") as file:
            for line in file:
                if line.strip():
                    yield offset, line
                offset += len(line)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _row(line: bytes) -> Row | None:
    try:
        return check_row(orjson.loads(line.removeprefix(b"\xef\xbb\xbf")))
    except (ValueError, RejectedError):
        return None


def _entry(offset: int, row: Row, extension: Mapping[str, Any]) -> Entry:
    curation = curation_block(extension)
    said = str(extension.get("lang") or extension.get("language") or UNKNOWN)
    turn = extension.get(TURN)
    category = extension.get("category")
    return Entry(
        offset,
        row["id"],
        str(curation.get(PROMPT_LANGUAGE) or said),
        str(curation.get(RESPONSE_LANGUAGE) or said),
        str(extension.get(CORPUS) or row["来源"]),
        category if isinstance(category, str) else "",
        len(row["问"]),
        len(row["答"]),
        turn if isinstance(turn, int) else 1,
        tuple(map(str, curation.get(FLAGS) or ())),
        DUPLICATE_OF in curation,
    )


def _passes(one: Entry, wanted: Filter) -> bool:
    return (
        wanted.language in {None, one.language}
        and wanted.corpus in {None, one.corpus}
        and wanted.category in {None, one.category}
        and (wanted.flag is None or wanted.flag in one.flags)
        and (wanted.lengths is None or wanted.lengths[0] <= one.prompt <= wanted.lengths[1])
        and (one.duplicate or not wanted.duplicates)
        and (wanted.suggested is None or wanted.suggested in one.suggested)
    )


def _counted(names: Iterable[str], whole: int | None = None, wanted: int = 15) -> list[dict[str, Any]]:
    counts = Counter(names)
    total = whole or counts.total()
    return [{"name": name, "rows": count, "share": count / total} for name, count in counts.most_common(wanted)]


def _classes(lengths: Iterable[int], ends: Sequence[int]) -> list[dict[str, Any]]:
    names = [f"≤ {end:,}" for end in ends] + [f"> {ends[-1]:,}"]
    counts = Counter(next((place for place, end in enumerate(ends) if one <= end), len(ends)) for one in lengths)
    whole = counts.total() or 1
    return [
        {"name": name, "rows": counts[place], "share": counts[place] / whole} for place, name in enumerate(names)
    ]


def _bands(scores: Sequence[float]) -> list[dict[str, Any]]:
    middle = [f"{low}–{high}" for low, high in pairwise(EASE)]
    names = [f"< {EASE[0]}", *middle, f"≥ {EASE[-1]}"]
    counts = Counter(sum(score >= low for low in EASE) for score in scores)
    whole = len(scores) or 1
    return [
        {"name": name, "rows": counts[place], "share": counts[place] / whole} for place, name in enumerate(names)
    ]
