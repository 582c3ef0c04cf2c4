"""One run at a time writes a file."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING, Any

import pytest
from sharegpt_argilla.common.run_lock import run_lock

from sharegpt_argilla.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_run_is_refused_and_a_later_one_is_not(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    with run_lock(output), pytest.raises(InputError, match="another run is writing it"), run_lock(output):
        pytest.fail("two runs write one file")
    with run_lock(output):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_on_a_file_that_its_holder_removed_meanwhile_keeps_nobody_out_and_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run ends between our opening of its lock file and our locking of it."""
    output = tmp_path / "out.jsonl"
    real, opened = fcntl.flock, []

    def flock(descriptor: int, operation: int) -> Any:
        if not opened:
            (tmp_path / ".out.jsonl.lock").unlink()
        opened.append(descriptor)
        return real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with run_lock(output):
        assert len(opened) == 2, "the removed file was not locked"
        with pytest.raises(InputError, match="another run is writing it"), run_lock(output):
            pytest.fail("two runs write one file")
