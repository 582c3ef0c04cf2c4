"""The append-only files with Redis' queues: what a power failure damaged is cut off, so that Redis starts.

Redis itself only accepts a file that ends in the middle of a command. Zeros or garbage behind the last command,
which file systems leave, stop it. See https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/.
"""

from __future__ import annotations

import logging
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sharegpt_argilla.embedded_argilla.processes.redis_process import QUEUE_FILE, QUEUE_FOLDER

if TYPE_CHECKING:
    from sharegpt_argilla.settings import Home

_NUMBER = re.compile(rb"([*$])(\d{1,9})\r\n")
_LOG = logging.getLogger(__name__)


def repair_queue(home: Home) -> bool:
    """Repair the queue of a Redis that does not run.

    A file is cut after its last whole command, and the damaged one kept. If every file is sound as far as can be
    seen here, nothing is done.

    Returns:
        Whether something was repaired.
    """
    repaired = False
    for path in (home.path / QUEUE_FILE, *sorted((home.path / QUEUE_FOLDER).glob("*.incr.aof"))):
        if path.is_file() and (sound := sound_length(content := path.read_bytes())) < len(content):
            aside = path.parent.parent if path.parent.name == QUEUE_FOLDER else path.parent
            copy = aside / f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
            shutil.copyfile(path, copy)
            copy.chmod(0o600)
            _cut(path, sound)
            _LOG.warning(
                "%s: the last %d bytes were damaged and are cut off; the whole file is now %s",
                *(path, len(content) - sound, copy),
            )
            repaired = True
    return repaired


def sound_length(content: bytes) -> int:
    """The bytes of an append-only file up to the end of its last whole command."""
    position = 0
    while (end := _after_command(content, position)) is not None:
        position = end
    return position


def _after_command(content: bytes, position: int) -> int | None:
    """Where the command, or the note, at a position ends; None if there is no whole one."""
    if content.startswith(b"#", position):  # a time, or a comment
        end = content.find(b"\r\n", position)
        return end + 2 if end >= 0 else None
    head = _NUMBER.match(content, position)
    if head is None or head[1] != b"*":
        return None
    position = head.end()
    for _ in range(int(head[2])):
        size = _NUMBER.match(content, position)
        if size is None or size[1] != b"$":
            return None
        position = size.end() + int(size[2])
        if content[position : position + 2] != b"\r\n":
            return None
        position += 2
    return position


def _cut(path: Path, length: int) -> None:
    with path.open("r+b") as file:
        file.truncate(length)
