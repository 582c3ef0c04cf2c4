"""The history of the guidelines: every version that was seen, stored in the home folder."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from sharegpt_argilla.project.progress_history import FOLDER
from sharegpt_argilla.responses.merge import guidelines_hash
from sharegpt_argilla.settings import Home, write_private

_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)


@dataclass(frozen=True)
class GuidelinesVersion:
    """One version of the guidelines.

    Attributes:
        hash: short hash of the text, as in exported rows.
        seen: when it was first seen, ISO 8601, UTC.
        text: the whole text.
    """

    hash: str
    seen: str
    text: str


def guidelines_versions(home: Home, dataset_id: str, text: str) -> list[GuidelinesVersion]:
    """All versions, oldest first; ``text`` is the current one and is stored if it is new."""
    path = home.path / FOLDER / f"guidelines-{dataset_id}.json"
    versions = list(_read(path))
    if not versions or versions[-1].text != text:
        seen = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
        versions.append(GuidelinesVersion(guidelines_hash(text), seen, text))
        write_private(path, json.dumps([asdict(version) for version in versions], ensure_ascii=False) + "\n")
    return versions


def changes(before: str, after: str) -> list[tuple[str, str]]:
    """The lines that differ, in order: ``+`` or ``-`` and the line; blank lines are left out."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [(line[0], line[2:]) for line in lines if line[0] in "+-" and line[2:].strip()]


def sections_with(text: str, words: str) -> list[str]:
    """The sections that contain all the words, in any case; the whole text if ``words`` is empty."""
    wanted = words.casefold().split()
    if not wanted:
        return [text]
    starts = [0, *(heading.start() for heading in _HEADING.finditer(text) if heading.start()), len(text)]
    sections = [text[begin:end].strip() for begin, end in pairwise(starts)]
    return [section for section in sections if section and all(word in section.casefold() for word in wanted)]


def _read(path: Path) -> Iterator[GuidelinesVersion]:
    with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        for item in json.loads(path.read_text(encoding="utf-8")):
            yield GuidelinesVersion(item["hash"], item["seen"], item["text"])
