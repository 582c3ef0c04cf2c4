"""Folders that are written whole or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from sharegpt_argilla.errors import InputError


def check_free(target: Path, mark: str, kind: str) -> None:
    """Whether a folder of ours may take that place: it is free, empty, or holds one of them.

    Args:
        target: the place.
        mark: the file by which one of them is known.
        kind: what it is, for the message.

    Raises:
        InputError: something else stands there.
    """
    if target.is_dir() and any(target.iterdir()) and not (target / mark).is_file():
        raise InputError(f"{target}: a folder with other files; give the name of a new one")
    if not target.parent.is_dir():
        raise InputError(f"{target}: cannot be written: no folder {target.parent}")
    if target.exists() and not target.is_dir():
        raise InputError(f"{target}: a file; the {kind} is a folder")


def replace_folder(draft: Path, target: Path) -> None:
    """Give the draft the name of the target; what stood there is gone, or all of it is still there.

    Raises:
        OSError: it cannot be done.
    """
    # A folder that is not empty cannot be replaced in one step; the old one steps aside first.
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    with suppress(FileNotFoundError):
        target.rename(old)
    try:
        draft.rename(target)
    except OSError:
        with suppress(FileNotFoundError):
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
