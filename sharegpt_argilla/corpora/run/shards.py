"""A run cut into shards, the same whatever the number of workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sharegpt_argilla.corpora.formats.base import Corpus, GatheringCorpus
from sharegpt_argilla.corpora.reading.inputs import Source, Stretch
from sharegpt_argilla.corpora.reading.tabular import row_groups

SHARD_SIZE = 32_000_000
"""Bytes of an input in one shard: less than a second of work, and few enough shards for a corpus of a terabyte."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Shard:
    """What one worker does in one go.

    Attributes:
        number: its place in the output, from 0.
        corpus: name of the adapter.
        stretches: read in this order.
    """

    number: int
    corpus: str
    stretches: tuple[Stretch, ...]

    @property
    def size(self) -> int:
        """Bytes of the inputs in it."""
        return sum(stretch.size for stretch in self.stretches)


def cut(
    sources: Sequence[Source],
    names: Sequence[str],
    corpora: Mapping[str, Corpus],
    start_line: int,
    shard_size: int,
) -> list[Shard]:
    """The shards of a run.

    Plain JSON is cut at every ``shard_size`` bytes, parquet between row groups. Everything else is read as a
    whole, and small inputs side by side share a shard. All of a corpus that gathers is one shard.

    Args:
        sources: the inputs.
        names: the adapter of each.
        corpora: the adapters by name.
        start_line: 1-based line, or row, of each input to start at.
        shard_size: bytes.
    """
    groups: list[tuple[str, list[Stretch]]] = []
    gathered: dict[str, list[Stretch]] = {}
    room = 0
    for number, (source, name) in enumerate(zip(sources, names, strict=True)):
        stretches = list(_stretches(number, source, corpora[name], start_line, shard_size))
        if isinstance(corpora[name], GatheringCorpus):
            if name not in gathered:
                gathered[name] = []
                groups.append((name, gathered[name]))
            gathered[name] += stretches
            room = 0
        elif groups and len(stretches) == 1 and source.size <= room and groups[-1][0] == name:
            groups[-1][1].extend(stretches)
            room -= source.size
        else:
            groups += [(name, [stretch]) for stretch in stretches]
            room = shard_size - source.size if source.size and len(stretches) == 1 else 0
    return [Shard(number, name, tuple(stretches)) for number, (name, stretches) in enumerate(groups)]


def _stretches(number: int, source: Source, corpus: Corpus, start_line: int, shard_size: int) -> Iterator[Stretch]:
    whole = isinstance(corpus, GatheringCorpus)
    if source.form == "parquet":
        yield from _of_row_groups(number, source, source.size + 1 if whole else shard_size)
    elif source.form == "plain" and corpus.container == "json":
        start = _offset_of_line(source.path, start_line)
        size = source.size if whole else shard_size
        yield from _of_bytes(number, start, source.size, start_line, size)
    else:
        yield Stretch(number, size=source.size)


def _of_bytes(number: int, start: int, end: int, line: int, size: int) -> Iterator[Stretch]:
    # A rest of less than half a shard belongs to the last one.
    count = max(1, round((end - start) / size)) if size else 1
    for place in range(count):
        first, last = start + place * size, place == count - 1
        stop = end if last else first + size
        yield Stretch(number, first, None if last else stop, 0 if place else line, stop - first)


def _of_row_groups(number: int, source: Source, shard_size: int) -> Iterator[Stretch]:
    groups = row_groups(source.path)
    total = sum(size for _, size in groups) or 1
    first, row, rows, size = 0, 1, 0, 0
    for place, (group_rows, group_size) in enumerate(groups, 1):
        rows += group_rows
        size += group_size
        if size >= shard_size or place == len(groups):
            # In bytes of the file, so that they add up to its size.
            yield Stretch(number, first, place, row, source.size * size // total)
            first, row, rows, size = place, row + rows, 0, 0


def _offset_of_line(path: str, line: int) -> int:
    """Bytes before a 1-based line; the size of the file when it has fewer."""
    offset, breaks = 0, line - 1
    with Path(path).open("rb") as file:
        while breaks and (block := file.read(_BLOCK)):
            found = block.count(b"\n")
            if found < breaks:
                breaks -= found
                offset += len(block)
                continue
            at = -1
            for _ in range(breaks):
                at = block.index(b"\n", at + 1)
            return offset + at + 1
    return offset
