"""The parts of a run put together: counts, rejects and rows, in the order of the inputs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sharegpt_argilla.common.jsonl import open_bytes_output
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.reading.byte_window import line_breaks
from sharegpt_argilla.corpora.reading.inputs import Source
from sharegpt_argilla.corpora.run.conversion import REJECTIONS_SHOWN, Settings
from sharegpt_argilla.corpora.run.halves import stitch
from sharegpt_argilla.corpora.run.lines import ID, RowLines
from sharegpt_argilla.corpora.run.pairing import Counts, Pairer
from sharegpt_argilla.corpora.run.shard_files import ShardFiles, ShardResult, Stored
from sharegpt_argilla.corpora.run.shards import Shard


@dataclass(slots=True)
class Assembly:
    """What the shards of a run gave together.

    Attributes:
        counts: what became of the records.
        rejections: file, line and reason of the first few.
        first_id: id of the first row; "" when there is none.
        rows: where the rows lie, in order.
        rejects: the parts of the rejects, in order, each with what its line numbers lack.
    """

    counts: Counts = field(default_factory=Counts)
    rejections: list[tuple[str, int, str]] = field(default_factory=list)
    first_id: str = ""
    rows: list[Stored] = field(default_factory=list)
    rejects: list[tuple[Path, int]] = field(default_factory=list)


def assemble(
    folder: Path, shards: Sequence[Shard], results: Mapping[int, ShardResult], sources: Sequence[Source]
) -> Assembly:
    """Take together what the shards gave. Nothing is written yet."""
    whole = Assembly()
    missing = _missing_lines(shards, results, sources)
    for shard in shards:
        result, files = results[shard.number], ShardFiles.of(folder, shard.number)
        lacking = missing.get(shard.number, 0)
        whole.counts.add(result.counts)
        whole.first_id = whole.first_id or result.first_id
        shown = ((file, line + lacking, reason) for file, line, reason in result.rejections)
        whole.rejections = [*whole.rejections, *shown][:REJECTIONS_SHOWN]
        if result.rows_size:
            whole.rows.append(files.stored(result))
        if result.rejects_size:
            whole.rejects.append((files.rejects, lacking))
    return whole


def stitch_halves(folder: Path, shards: Sequence[Shard], settings: Settings, whole: Assembly) -> Iterator[bytes]:
    """The rows whose halves lay in different shards, then the questions that nobody answered.

    They are counted in ``whole``.
    """
    paths = [path for shard in shards if (path := ShardFiles.of(folder, shard.number).halves).exists()]
    names = {shard.corpus for shard in shards}
    pairers = {name: Pairer(CORPORA[name].name, CORPORA[name].source) for name in sorted(names)}
    lines = RowLines(settings.create_time, settings.profile)
    for pair in stitch(paths, pairers):
        line = lines.line(pair)
        whole.first_id = whole.first_id or line[ID].decode("ascii")
        yield line
    for pairer in pairers.values():
        whole.counts.add(pairer.counts)


def write_stitched(folder: Path, shards: Sequence[Shard], settings: Settings, whole: Assembly) -> list[Stored]:
    """``stitch_halves`` into a file of its own; none when there is no row."""
    part = folder / "stitched.rows"
    with part.open("wb") as file:
        file.writelines(stitch_halves(folder, shards, settings, whole))
    size = part.stat().st_size
    return [Stored(part, 0, size)] if size else []


def write_rejects(path: Path, parts: Sequence[tuple[Path, int]]) -> None:
    """Put the rejects into one file; line numbers count from the start of the input then.

    Raises:
        InputError: the file cannot be written.
    """
    with open_bytes_output(path) as target:
        for part, lacking in parts:
            with part.open("rb") as source:
                for line in source:
                    target.write(_with_line(line, lacking) if lacking else line)


def _with_line(line: bytes, lacking: int) -> bytes:
    reject = json.loads(line)
    reject["line"] += lacking
    return json.dumps(reject).encode("ascii") + b"\n"


def _missing_lines(
    shards: Sequence[Shard], results: Mapping[int, ShardResult], sources: Sequence[Source]
) -> dict[int, int]:
    """The lines that lie before a shard in its file, for those that name lines and could not know them."""
    missing: dict[int, int] = {}
    path, counted, lines = "", 0, 0
    for shard in shards:
        first, result = shard.stretches[0], results[shard.number]
        if first.line or not result.rejections:
            continue
        if sources[first.source].path != path:
            path, counted, lines = sources[first.source].path, 0, 0
        with Path(path).open("rb") as file:
            lines += line_breaks(file, counted, result.start)
        counted, missing[shard.number] = result.start, lines
    return missing
