"""One process at a time, and no lock outlives its holder."""

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sharegpt_argilla.common import locks
from sharegpt_argilla.common.atomic_files import drafts_of
from sharegpt_argilla.common.locks import file_lock, run_lock
from sharegpt_argilla.errors import InputError

HOLD = """
import sys
from pathlib import Path
from sharegpt_argilla.common.locks import file_lock, run_lock
with {lock}(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(lock: str, path: Path) -> "subprocess.Popen[str]":
    """Another process that has the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(lock=lock), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("end", [subprocess.Popen.kill, subprocess.Popen.communicate])
def test_a_file_lock_ends_with_its_holder(end: Callable[[object], object], tmp_path: Path) -> None:
    with holder("file_lock", tmp_path / "lock") as other:
        with pytest.raises(BlockingIOError), file_lock(tmp_path / "lock", wait=False):
            pass
        end(other)
        other.wait()
    with (
        file_lock(tmp_path / "lock", wait=False),
        pytest.raises(BlockingIOError),
        file_lock(tmp_path / "lock", wait=False),
    ):
        pass
    assert (tmp_path / "lock").exists()


def test_who_waits_gets_the_lock_next(tmp_path: Path) -> None:
    with holder("file_lock", tmp_path / "lock") as other:
        waiting = subprocess.Popen(
            [sys.executable, "-c", HOLD.format(lock="file_lock"), str(tmp_path / "lock")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.5)
        other.communicate()
        assert waiting.communicate(timeout=60)[0] == "held\n"


def test_a_second_run_of_an_output_is_refused(tmp_path: Path) -> None:
    output = tmp_path / "rows.jsonl"
    with holder("run_lock", output) as other:
        with pytest.raises(InputError, match=r"rows\.jsonl: another run is writing it"), run_lock(output):
            pass
        with run_lock(tmp_path / "other.jsonl"):
            pass
        other.communicate()
    with run_lock(output):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_run_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    output = tmp_path / "rows.jsonl"
    (tmp_path / ".rows.jsonl.some-host.77-0.part").touch()
    (tmp_path / ".rows.jsonl.x.some-host.77-0.part").touch()
    with holder("run_lock", output) as other:
        other.kill()
    assert (tmp_path / ".rows.jsonl.lock").exists()
    with run_lock(output):
        assert drafts_of(output) == []
    assert [path.name for path in tmp_path.iterdir()] == [".rows.jsonl.x.some-host.77-0.part"]


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    output = tmp_path / "none" / "rows.jsonl"
    with pytest.raises(InputError) as caught, run_lock(output):
        pass
    assert str(caught.value) == f"{output}: cannot be written: No such file or directory"


def test_a_lock_on_a_file_that_its_holder_removed_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, path = tmp_path / "rows.jsonl", tmp_path / ".rows.jsonl.lock"
    open_locked = locks._open_locked
    opened: list[int] = []

    def open_as_another_run_ends(path: Path, *, wait: bool) -> int:
        descriptor = open_locked(path, wait=wait)
        opened.append(descriptor)
        if len(opened) == 1:
            path.unlink()
        return descriptor

    monkeypatch.setattr(locks, "_open_locked", open_as_another_run_ends)
    with run_lock(output):
        assert len(opened) == 2
        second = os.open(path, os.O_RDWR)
        with pytest.raises(OSError) as caught:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert caught.value.errno == errno.EWOULDBLOCK
        os.close(second)
