"""Locks on files, by ``flock``: the kernel releases them however the process that holds them ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sharegpt_argilla.common.atomic_files import remove_drafts
from sharegpt_argilla.errors import InputError


@contextmanager
def file_lock(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a file, which is made if it is missing and stays.

    Args:
        path: the file.
        wait: until another process releases it.

    Raises:
        BlockingIOError: another process holds it, and ``wait`` is False.
        OSError: the file cannot be written, or its file system has no locks.
    """
    descriptor = _open_locked(path, wait=wait)
    try:
        yield
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of a file; who takes it just then has to wait for a few microseconds.

    False for a file that is missing or cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


@contextmanager
def run_lock(output: Path) -> Iterator[None]:
    """Hold the lock of an output; one run at a time writes it.

    Drafts that a killed run left next to the output are removed, since nobody else can be writing one.

    Raises:
        InputError: another run holds it, or the folder cannot be written to.
    """
    path = output.with_name(f".{output.name}.lock")
    try:
        descriptor = _take(path)
    except BlockingIOError:
        raise InputError(f"{output}: another run is writing it; wait for it, or write another file") from None
    except OSError as error:
        raise InputError(f"{output}: cannot be written: {error.strerror}") from error
    try:
        remove_drafts(output)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _take(path: Path) -> int:
    while True:
        descriptor = _open_locked(path, wait=False)
        if path.exists() and os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
        # The run that held it before removed the file meanwhile: a lock on it keeps nobody out.
        os.close(descriptor)


def _open_locked(path: Path, *, wait: bool) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
