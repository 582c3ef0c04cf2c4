"""The content of a rows file, indexed in one pass: a few numbers and the offset of each row, no texts."""

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
from sharegpt_argilla.config import ProjectConfig
from sharegpt_argilla.descriptives.describe import describe
from sharegpt_argilla.errors import InputError, RejectedError
from sharegpt_argilla.project.suggested_answers import Suggested
from sharegpt_argilla.records.chat_pieces import whole_messages
from sharegpt_argilla.records.earlier_turns import EarlierTurns
from sharegpt_argilla.records.record_fields import build_fields
from sharegpt_argilla.responses.export_state import file_mark
from sharegpt_argilla.rows import CORPUS, SESSION, TURN, Row, check_row, read_extension

UNKNOWN = "unknown"

LENGTHS = (50, 100, 200, 500, 1000, 2000, 5000)
"""Upper bounds of the length classes, in characters; the last class has none."""

EASE = (0, 30, 50, 60, 70, 80, 90)
"""Lower bounds of the classes of Flesch reading ease (Flesch, 1948: 0 to 30 very difficult, 90 up very easy)."""

SAMPLE = 500
"""Maximum number of rows whose readability is computed; all rows of a large file would take minutes."""

LISTED = 200
"""Maximum number of rows that a filter lists."""


class IndexEntry(NamedTuple):
    """The index entry of a row.

    Attributes:
        offset: byte at which its line begins.
        id: the row's id.
        language: language of the prompt: that of ``curate``, else that of the corpus, else `UNKNOWN`.
        response_language: language of the response, by the same rule.
        corpus: name of its corpus.
        category: the corpus' own category; "" if it has none.
        prompt: characters of the prompt.
        response: characters of the response; 0 if there is none.
        turn: 1-based number of the turn.
        flags: the flags of ``curate``.
        duplicate: whether ``curate`` says that it repeats another row.
        suggested: the suggestions that annotators will see.
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
    """Conditions for rows; None or empty matches any row.

    Attributes:
        language: language of the prompt.
        corpus: name of the corpus.
        flag: a flag that the row has.
        category: the corpus' own category.
        lengths: minimum and maximum number of characters of the prompt.
        duplicates: True for only rows that repeat another.
        text: words in prompt or response, in any case.
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


class RowsOverview:
    """A rows file, indexed in one pass.

    Args:
        path: the file.
        suggested: row and its extension -> the suggestions that annotators will see.

    Raises:
        InputError: the file cannot be read.
    """

    def __init__(
        self,
        path: str | Path,
        suggested: Callable[[Row, Mapping[str, Any]], tuple[Suggested, ...]] = _none,
    ) -> None:
        self.path = Path(path)
        self.mark = file_mark(self.path)
        self.entries: list[IndexEntry] = []
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
        """The content of the file as counts.

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
            "unanswered": sum(not entry.response for entry in entries),
            "duplicates": sum(entry.duplicate for entry in entries),
            "repeated": len(entries) - len({entry.id for entry in entries}),
            "longest": max((entry.prompt for entry in entries), default=0),
            "languages": _counted(entry.language for entry in entries),
            "response_languages": _counted(entry.response_language for entry in entries if entry.response),
            "corpora": _counted(entry.corpus for entry in entries),
            "categories": _counted(entry.category for entry in entries if entry.category),
            "flags": _counted((flag for entry in entries for flag in entry.flags), len(entries)),
            "prompt_lengths": _classes((entry.prompt for entry in entries), LENGTHS),
            "response_lengths": _classes((entry.response for entry in entries if entry.response), LENGTHS),
            "suggested": self._suggested(),
        }

    def _suggested(self) -> dict[str, list[dict[str, Any]]]:
        answers_by_question: dict[str, list[str]] = {}
        for one in self.entries:
            for question, answer in one.suggested:
                answers_by_question.setdefault(question, []).append(answer)
        return {
            question: _counted(answers, len(self.entries))
            for question, answers in sorted(answers_by_question.items())
        }

    def readability(self) -> dict[str, Any]:
        """Flesch reading ease of English prompts (or those of unknown language), of at most `SAMPLE` (seed 0)."""
        english = [one for one in self.entries if one.language in {"en", "english", UNKNOWN}]
        chosen = english if len(english) <= SAMPLE else Random(0).sample(english, SAMPLE)  # noqa: S311 - no secret
        texts = [self.row(one)["问"] for one in chosen]
        metric = "flesch_reading_ease"
        scores = [found[metric] for found in describe(texts, [metric]) if metric in found]
        return {"sampled": len(chosen), "of": len(english), "classes": _bands(scores)}

    def find(self, wanted: Filter) -> tuple[list[IndexEntry], int, bool]:
        """Rows that match a filter: the first `LISTED`, their number, and whether the number is exact.

        With a text the search ends at `LISTED`, because it must read the file.
        """
        kept = [entry for entry in self.entries if _passes(entry, wanted)]
        words = wanted.text.casefold().split()
        if not words:
            return kept[:LISTED], len(kept), True
        matching: list[IndexEntry] = []
        for entry in kept:
            row = self.row(entry)
            text = f"{row['问']}\n{row['答']}".casefold()
            if all(word in text for word in words):
                matching.append(entry)
                if len(matching) == LISTED:
                    return matching, LISTED, False
        return matching, len(matching), True

    def row(self, entry: IndexEntry) -> Row:
        """Read the row of an entry.

        Raises:
            InputError: the file has changed.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(entry.offset)
                row = _row(file.readline())
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read: {error.strerror}") from error
        if row is None or row["id"] != entry.id:
            raise InputError(f"{self.path}: was changed in the meantime; load the page again")
        return row

    def as_annotators_see(self, entry: IndexEntry, config: ProjectConfig) -> list[dict[str, Any]]:
        """The fields of the row's record in their order: ``title``, and ``text`` or ``messages``.

        Raises:
            InputError: the file has changed.
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
        shown = [(field, fields[field.name]) for field in config.fields if field.name in fields]
        return [
            {"title": field.title}
            | ({"messages": whole_messages(content)} if isinstance(content, list) else {"text": content})
            for field, content in shown
        ]


def listed(corpus: RowsOverview, entries: Sequence[IndexEntry], excerpt: int = 120) -> list[dict[str, Any]]:
    """Rows for a table: the beginning of the prompt, and numbers."""
    return [
        {
            "prompt": " ".join(corpus.row(entry)["问"].split())[:excerpt],
            "language": entry.language,
            "corpus": entry.corpus,
            "turn": entry.turn,
            "characters": entry.prompt,
            "answer": entry.response,
            "flags": ", ".join(entry.flags),
            "suggested": ", ".join(answer for _, answer in entry.suggested),
        }
        for entry in entries
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


def _entry(offset: int, row: Row, extension: Mapping[str, Any]) -> IndexEntry:
    curation = curation_block(extension)
    corpus_language = str(extension.get("lang") or extension.get("language") or UNKNOWN)
    turn = extension.get(TURN)
    category = extension.get("category")
    return IndexEntry(
        offset,
        row["id"],
        str(curation.get(PROMPT_LANGUAGE) or corpus_language),
        str(curation.get(RESPONSE_LANGUAGE) or corpus_language),
        str(extension.get(CORPUS) or row["来源"]),
        category if isinstance(category, str) else "",
        len(row["问"]),
        len(row["答"]),
        turn if isinstance(turn, int) else 1,
        tuple(map(str, curation.get(FLAGS) or ())),
        DUPLICATE_OF in curation,
    )


def _passes(entry: IndexEntry, wanted: Filter) -> bool:
    return (
        wanted.language in {None, entry.language}
        and wanted.corpus in {None, entry.corpus}
        and wanted.category in {None, entry.category}
        and (wanted.flag is None or wanted.flag in entry.flags)
        and (wanted.lengths is None or wanted.lengths[0] <= entry.prompt <= wanted.lengths[1])
        and (entry.duplicate or not wanted.duplicates)
        and (wanted.suggested is None or wanted.suggested in entry.suggested)
    )


def _counted(names: Iterable[str], whole: int | None = None, wanted: int = 15) -> list[dict[str, Any]]:
    counts = Counter(names)
    total = whole or counts.total()
    return [{"name": name, "rows": count, "share": count / total} for name, count in counts.most_common(wanted)]


def _classes(lengths: Iterable[int], ends: Sequence[int]) -> list[dict[str, Any]]:
    names = [f"≤ {end:,}" for end in ends] + [f"> {ends[-1]:,}"]
    counts = Counter(
        next((index for index, end in enumerate(ends) if length <= end), len(ends)) for length in lengths
    )
    whole = counts.total() or 1
    return [
        {"name": name, "rows": counts[index], "share": counts[index] / whole} for index, name in enumerate(names)
    ]


def _bands(scores: Sequence[float]) -> list[dict[str, Any]]:
    middle = [f"{low}–{high}" for low, high in pairwise(EASE)]
    names = [f"< {EASE[0]}", *middle, f"≥ {EASE[-1]}"]
    counts = Counter(sum(score >= low for low in EASE) for score in scores)
    whole = len(scores) or 1
    return [
        {"name": name, "rows": counts[index], "share": counts[index] / whole} for index, name in enumerate(names)
    ]
