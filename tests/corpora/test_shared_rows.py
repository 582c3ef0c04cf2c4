"""Rows of workers in the file that becomes the output: in order, while other shards are converted."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from sharegpt_argilla.corpora.run.conversion import convert
from sharegpt_argilla.corpora.run.run_plan import RunSettings, plan_run
from sharegpt_argilla.corpora.run.shard_results import SHARED, ShardFiles, ShardResult, StoredRows, this_boot
from sharegpt_argilla.corpora.run.shared_rows import RowsMover, copy_rows, shared_rows
from sharegpt_argilla.errors import InputError
from tests.corpora.layouts import conversation, json_lines


def complete(folder: Path, number: int) -> ShardResult:
    """A shard that a worker converted."""
    files, result = ShardFiles.of(folder, number), ShardResult(rows=1, boot=this_boot())
    files.rows.write_bytes(b"%d\n" % number * number)
    files.complete(result)
    return result


def starts(folder: Path, count: int) -> list[int]:
    results = [ShardFiles.of(folder, number).result() for number in range(count)]
    return [-2 if result is None else result.rows_start for result in results]


@pytest.fixture
def mover(tmp_path: Path) -> Iterator[RowsMover]:
    with shared_rows(tmp_path, []) as shared:
        yield RowsMover(tmp_path, range(4), {}, shared)


def test_rows_are_moved_when_it_is_their_turn(tmp_path: Path, mover: RowsMover) -> None:
    for number in (1, 3):
        complete(tmp_path, number)
        mover.move(number)
    assert starts(tmp_path, 4) == [-2, -1, -2, -1]
    complete(tmp_path, 0)
    mover.move(0)
    assert starts(tmp_path, 4) == [0, 0, -2, -1]
    complete(tmp_path, 2)
    mover.move(2)
    assert starts(tmp_path, 4) == [0, 0, 2, 6]
    assert (tmp_path / SHARED).read_bytes() == b"1\n2\n2\n3\n3\n3\n"
    assert not list(tmp_path.glob("0*.rows"))
    results = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("*.done"))]
    assert [(result["rows_size"], result["boot"]) for result in results] == [(0, ""), (2, ""), (4, ""), (6, "")]


def test_what_a_host_does_not_see_yet_is_moved_later(tmp_path: Path, mover: RowsMover) -> None:
    mover.move(0)
    complete(tmp_path, 1)
    mover.move(1)
    assert starts(tmp_path, 2) == [-2, -1]
    complete(tmp_path, 0)
    complete(tmp_path, 2)
    mover.move(2)
    assert starts(tmp_path, 3) == [0, 0, 2]


def test_moving_resumes_after_what_was_moved(tmp_path: Path, mover: RowsMover) -> None:
    for number in range(2):
        complete(tmp_path, number)
        mover.move(number)
    with (tmp_path / SHARED).open("ab") as file:
        file.write(b"of a shard whose marker was not written any more\n")
    before = {number: ShardFiles.of(tmp_path, number).result() or ShardResult() for number in range(2)}
    before[2] = complete(tmp_path, 2)
    complete(tmp_path, 3)
    with shared_rows(tmp_path, before.values()) as shared:
        RowsMover(tmp_path, range(4), before, shared).move(3)
    assert (tmp_path / SHARED).read_bytes() == b"1\n2\n2\n3\n3\n3\n"


def test_nothing_is_moved_behind_a_gap(tmp_path: Path, mover: RowsMover) -> None:
    """As one process leaves it that resumed what two began: all rows are copied in the end."""
    for number in range(2):
        complete(tmp_path, number)
        mover.move(number)
    before = {2: ShardFiles.of(tmp_path, 1).result() or ShardResult()}
    complete(tmp_path, 0)
    with shared_rows(tmp_path, before.values()) as shared:
        RowsMover(tmp_path, range(4), before, shared).move(0)
    assert starts(tmp_path, 1) == [-1]


def test_rows_that_cannot_be_read_are_one_line(tmp_path: Path, mover: RowsMover) -> None:
    complete(tmp_path, 0)
    ShardFiles.of(tmp_path, 0).rows.unlink()
    with pytest.raises(InputError, match=r"cannot be written: No such file"):
        mover.move(0)


def test_rows_that_have_become_fewer_are_not_copied_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"aa\nbb\n")
    with path.open("rb") as source, (tmp_path / "target").open("wb") as target:
        copy_rows(source, StoredRows(path, 3, 3), target)
        with pytest.raises(InputError, match="rows: lacks 4 bytes; run the same command again"):
            copy_rows(source, StoredRows(path, 0, 10), target)
    assert (tmp_path / "target").read_bytes().startswith(b"bb\n")


@pytest.mark.parametrize(("scheduler", "flushed"), [(None, False), ("tcp://127.0.0.1:1", True)])
def test_workers_here_leave_flushing_to_the_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheduler: str | None, flushed: bool
) -> None:
    """What the disk may not have counts until the machine starts again."""
    if not this_boot():
        pytest.skip("this system does not say when it was started")
    raw, work = tmp_path / "raw.jsonl", tmp_path / "work"
    raw.write_text(json_lines([conversation("h: q", "g: a")])[0], encoding="utf-8")
    work.mkdir()
    nodes: list[int] = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (nodes.append(os.fstat(number).st_ino), fsync(number))[1])
    rejects = tmp_path / "rejected.jsonl"
    settings = RunSettings((str(raw),), "vicuna", str(tmp_path / "rows.jsonl"), rejects, "20230511 15:56:03")
    settings = replace(settings, workers=2, scheduler=scheduler)
    with ExitStack() as stack:
        plan = plan_run(settings, stack)
        convert(str(work), plan.shards[0], plan.inputs_of(plan.shards[0]), settings)
    files = ShardFiles.of(work, 0)
    result = files.result()
    assert result is not None
    assert (files.rows.stat().st_ino in nodes, result.boot == "") == (flushed, flushed)
    if not flushed:
        files.marker.write_text(replace(result, boot="of another start").dump())
        assert files.result() is None
