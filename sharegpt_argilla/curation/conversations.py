"""Rows in chunks that part no conversation, found without parsing a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

CHUNK = 250
"""Rows that a worker gets at once."""
_LONGEST_SESSION = 2000
"""Rows of one conversation that stay together beyond that."""
# The session as `extract` writes it, and as a writer that escapes it does.
_SESSION = re.compile(r'\\"(?:会话|\\u4f1a\\u8bdd)\\": *(\\".*?\\"|\d+)')


def chunks(lines: Iterable[str], size: int = CHUNK) -> Iterator[list[str]]:
    """The lines in lists of about ``size``; neighbours of one conversation stay together."""
    chunk: list[str] = []
    last = ""
    for line in lines:
        if len(chunk) >= size:
            session = _session(line)
            if not session or session != last or len(chunk) >= size + _LONGEST_SESSION:
                yield chunk
                chunk = []
        if len(chunk) >= size - 1:
            last = _session(line)
        chunk.append(line)
    if chunk:
        yield chunk


def _session(line: str) -> str:
    found = _SESSION.findall(line)
    return str(found[-1]) if found else ""
