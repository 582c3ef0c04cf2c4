"""Files and folders that appear under their name whole or not at all.

What is written goes to a draft next to the target. When the block ends well, the draft is flushed to disk and
takes the target's name in one step; when it ends with an error, the draft is removed and the target is as before.
A killed process leaves its draft and nothing else, and the next process of that host that writes to the folder
removes it. The draft's name tells process and host, so that equal process ids on two hosts of a shared file system
do not meet; ``drafts_of`` finds it.

Every OSError becomes an InputError of one line. An error while cleaning up never replaces the first one.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import md5
from itertools import count
from pathlib import Path
from typing import IO, Any

from sharegpt_argilla.common.object_storage import check_object_writable, is_remote
from sharegpt_argilla.errors import InputError

_NAME_BYTES = 140
"""Bytes of a target's name in a draft's; file systems allow 255 with host, process and suffix."""

_HOST_CHARACTERS = 64
"""Of the host's name in a draft's name; what Linux allows, HOST_NAME_MAX in limits.h."""

_numbers = count()

_tidied: set[Path] = set()
"""Folders in which this process has removed what killed ones left."""

_own: set[str] = set()
"""Names of the drafts that this process is writing. Others with its id are those of an earlier process."""


@contextmanager
def atomic_text(target: str | Path, *, private: bool = False) -> Iterator[IO[str]]:
    """A UTF-8 text file to write to; line breaks are written as they are.

    Args:
        target: the file. A device or a pipe is written to directly.
        private: whether only this user may read and write it (mode 0600).

    Raises:
        InputError: the file cannot be written.
    """
    with _open_draft(Path(target), "w", 0o600 if private else 0o666) as file:
        yield file


@contextmanager
def atomic_bytes(
    target: str | Path, *, private: bool = False, buffering: int = -1, flushed: bool = True
) -> Iterator[IO[bytes]]:
    """As ``atomic_text``, for bytes.

    Args:
        target: the file. A device or a pipe is written to directly.
        private: whether only this user may read and write it (mode 0600).
        buffering: bytes of the buffer; -1 for Python's own choice.
        flushed: whether the disk has it before it takes its name. Else a power failure may leave a part, or zeros.

    Raises:
        InputError: the file cannot be written.
    """
    with _open_draft(Path(target), "wb", 0o600 if private else 0o666, buffering, flushed=flushed) as file:
        yield file


@contextmanager
def atomic_path(target: str | Path, *, private: bool = False) -> Iterator[Path]:
    """The path of an empty draft, for libraries that open a file by its name.

    Args:
        target: the file.
        private: whether only this user may read and write it (mode 0600).

    Raises:
        InputError: the file cannot be written.
    """
    target = Path(target)
    with _draft(target) as draft:
        os.close(_create(draft, 0o600 if private else 0o666))
        yield draft
        flush_path(draft)
        draft.replace(target)


@contextmanager
def atomic_folder(target: str | Path) -> Iterator[Path]:
    """The path of an empty folder that becomes the target; a folder that the target names is replaced.

    A folder with files cannot be replaced in one step: the old one is called ``….old`` for a moment, and gets its
    name back when the new one cannot take it. A process that is killed in that moment leaves it to the next that
    writes the folder.

    Raises:
        InputError: the folder cannot be written.
    """
    target = Path(target)
    with _draft(target) as draft:
        _settle_replaced(target)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        yield draft
        for folder, _, names in os.walk(draft):
            for name in names:
                flush_path(Path(folder, name))
        _replace_folder(draft, target)


@contextmanager
def scratch_folder(target: str | Path) -> Iterator[Path]:
    """A folder next to a target for what its writer needs meanwhile; mode 0700, and gone when the block ends.

    The folder itself, or a file in it, may take the target's name.

    Raises:
        InputError: it cannot be made, or an OSError ended the block.
    """
    target = Path(target)
    # Also in a process that has done so before: they may contain passwords.
    tidy(target.parent)
    with _draft(target) as draft:
        draft.mkdir(mode=0o700)
        yield draft


def tidy(folder: Path) -> None:
    """Remove the drafts that killed processes of this host left in a folder."""
    name = re.compile(rf"\..+\.{re.escape(_host())}\.(?P<process>\d+)-\d+\.part")
    with suppress(OSError):
        for path in list(folder.iterdir()):
            match = name.fullmatch(path.name)
            if match and path.name not in _own and _has_ended(int(match["process"])):
                _remove(path)


def write_text(target: str | Path, text: str, *, private: bool = False) -> None:
    """Write a small text file at once; see ``atomic_text``.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic_text(target, private=private) as file:
        file.write(text)


def flush_path(path: Path) -> None:
    """Have the disk store what is in a file or folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def drafts_of(target: str | Path) -> list[Path]:
    """The drafts of a target, of all processes and hosts, sorted by name."""
    target = Path(target)
    name = re.compile(rf"\.{re.escape(_short_name(target))}\.[^.]+\.\d+-\d+\.part")
    try:
        return sorted(path for path in target.parent.iterdir() if name.fullmatch(path.name))
    except OSError:
        return []


def remove_drafts(target: str | Path) -> None:
    """Remove what killed processes left next to a target that nobody is writing; see ``locks``."""
    for draft in drafts_of(target):
        _remove(draft)


def check_folder_free(target: Path, marker: str, kind: str) -> None:
    """Whether a folder of ours may take that path: it is free, empty, or contains one of the same kind.

    Args:
        target: the path.
        marker: the file by which a folder of that kind is recognised.
        kind: what it is, for the message.

    Raises:
        InputError: something else is there.
    """
    if target.is_dir() and any(target.iterdir()) and not (target / marker).is_file():
        raise InputError(f"{target}: a folder with other files; give the name of a new one")
    if not target.parent.is_dir():
        raise InputError(f"{target}: cannot be written: no folder {target.parent}")
    if target.exists() and not target.is_dir():
        raise InputError(f"{target}: a file; the {kind} is a folder")


def check_file_writable(target: str | Path) -> None:
    """Whether a file or object can be written there, as far as that shows beforehand: for work that takes long.

    Raises:
        UsageError: objects of that kind cannot be written here.
        InputError: the target is a folder, or its folder does not exist.
    """
    if is_remote(target):
        check_object_writable(str(target))
        return
    target = Path(target)
    if target.is_dir():
        raise InputError(f"{target}: cannot be written: it is a folder")
    if not target.parent.is_dir():
        raise InputError(f"{target}: cannot be written: there is no folder {target.parent}")


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """A path next to the target, removed when the block ends; OSErrors become InputErrors."""
    draft = target.with_name(f".{_short_name(target)}.{_host()}.{os.getpid()}-{next(_numbers)}.part")
    if target.parent not in _tidied:
        _tidied.add(target.parent)
        tidy(target.parent)
    _own.add(draft.name)
    try:
        yield draft
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        _remove(draft)
        _own.discard(draft.name)


def _has_ended(process: int) -> bool:
    """Whether the process that wrote a draft has ended. In a container the next one may get its id."""
    return process == os.getpid() or not _is_running(process)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


@contextmanager
def _open_draft(
    target: Path, mode: str, permissions: int, buffering: int = -1, *, flushed: bool = True
) -> Iterator[IO[Any]]:
    with _draft(target) as draft:
        special = _is_special(target)
        descriptor = os.open(target, os.O_WRONLY | os.O_CLOEXEC) if special else _create(draft, permissions)
        options: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": ""}
        file = os.fdopen(descriptor, mode, buffering, **options)
        try:
            yield file
            file.flush()
            if flushed and not special:
                os.fsync(descriptor)
        except BaseException:
            # Closing writes what is buffered, and may fail once more for the same reason.
            with suppress(OSError):
                file.close()
            raise
        file.close()
        if not special:
            draft.replace(target)


def _create(draft: Path, permissions: int) -> int:
    # Left over from a process with our id, on a host that was started again.
    draft.unlink(missing_ok=True)
    return os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, permissions)


def _is_special(target: Path) -> bool:
    """Whether it is a device or a pipe: /dev/null must not be replaced by a file."""
    try:
        mode = target.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _replace_folder(draft: Path, target: Path) -> None:
    old = draft.with_suffix(".old")
    with suppress(FileNotFoundError):
        target.rename(old)
    try:
        draft.rename(target)
    except OSError:
        with suppress(OSError):
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _settle_replaced(target: Path) -> None:
    """Old folders that killed processes of this host left: one gets its name back if no other has it."""
    name = re.compile(rf"\.{re.escape(_short_name(target))}\.{re.escape(_host())}\.(?P<process>\d+)-\d+\.old")
    for path in sorted(target.parent.iterdir()):
        match = name.fullmatch(path.name)
        if match and path.with_suffix(".part").name not in _own and _has_ended(int(match["process"])):
            if target.exists():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.rename(target)


def _remove(draft: Path) -> None:
    with suppress(OSError):
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            draft.unlink(missing_ok=True)


def _short_name(target: Path) -> str:
    """The target's name; a long one is cut, with a hash that tells it from others that begin alike."""
    name = os.fsencode(target.name)
    if len(name) <= _NAME_BYTES:
        return target.name
    digest = md5(name, usedforsecurity=False).hexdigest()
    return f"{name[: _NAME_BYTES - len(digest) - 1].decode(errors='ignore')}-{digest}"


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", os.uname().nodename)[:_HOST_CHARACTERS] or "localhost"
