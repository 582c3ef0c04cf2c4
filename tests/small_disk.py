"""A disk of a few megabytes to fill, which is gone when the tests are, however they end."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The shell reads until whoever started it ends, even by kill -9.
_SCRIPT = 'mount -t tmpfs -o "size=$1" tmpfs "$2" || exit; echo mounted; cat; umount -l "$2"'


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[bool]:
    """Mount one, such as ``2m``, on an existing folder; False where that is not allowed, as only root can."""
    if shutil.which("mount") is None:
        yield False
        return
    # A session of its own, as what kills the tests may kill their process group.
    with subprocess.Popen(
        ["sh", "-c", _SCRIPT, "sh", size, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as keeper:
        # Leaving the block closes the pipe and waits for the shell.
        yield bool(keeper.stdout.readline())
