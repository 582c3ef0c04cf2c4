"""Blocks of plain text, each after a marker line."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sharegpt_argilla.corpora.reading.base import Damaged, Located
from sharegpt_argilla.corpora.reading.byte_window import Readable, Window
from sharegpt_argilla.corpora.reading.json_recovery import NOT_UTF8

CHUNK = 1 << 20
"""Bytes read at a time, and the longest line."""
LONGEST_BLOCK = 64 << 20
"""Bytes after which a block that does not end is given up."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_blocks(
    file: Readable, name: str, marker: str, skip: int = 0, progress: Callable[[int], None] | None = None
) -> Iterator[Located | Damaged]:
    """The text after each marker line, up to the next; text before the first one counts as damage.

    Args:
        file: read from its current position.
        name: the name of the file in what is read.
        marker: what a marker line contains, white space around it left out.
        skip: lines to skip; reading starts at the next marker then.
        progress: is given the number of bytes after each read.
    """
    wanted = marker.encode("utf-8")
    window = Window(file, 0, CHUNK, progress)
    window.skip_lines(skip)
    block: list[bytes] = []
    start, size, marked = window.line, 0, False
    for number, line in _lines(window):
        if line.removeprefix(_BYTE_ORDER_MARK).strip() == wanted:
            yield from _block(name, start, block, marked, marker, skip)
            start, block, size, marked = number, [], 0, True
            continue
        block.append(line)
        size += len(line)
        if size > LONGEST_BLOCK:
            yield Damaged(name, start, b"".join(block), f"the block does not end within {LONGEST_BLOCK >> 20} MiB")
            start, block, size, marked = number + 1, [], 0, False
    yield from _block(name, start, block, marked, marker, skip)


def _block(
    name: str, start: int, lines: list[bytes], marked: bool, marker: str, skip: int
) -> Iterator[Located | Damaged]:
    data = b"".join(lines)
    if not marked:
        if data.removeprefix(_BYTE_ORDER_MARK).strip() and not skip:
            yield Damaged(name, start, data.rstrip(), f"the text comes before the first line {marker}")
        return
    try:
        yield Located(name, start, data, data.decode("utf-8"))
    except UnicodeDecodeError:
        yield Damaged(name, start, data, NOT_UTF8)


def _lines(window: Window) -> Iterator[tuple[int, bytes]]:
    """Each line with its number; a line longer than a chunk comes in pieces."""
    while True:
        end = window.data.find(b"\n", window.at) + 1
        if not end and len(window.data) - window.at < CHUNK and window.more():
            continue
        end = end or len(window.data)
        if end == window.at:
            return
        number, line = window.line, window.data[window.at : end]
        window.at = end
        yield number, line
