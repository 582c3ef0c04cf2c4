"""Members of zip files, a member at a time: ``export.zip/conversations.json`` names one."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sharegpt_argilla.corpora.reading.expansion import refuse_bomb
from sharegpt_argilla.errors import InputError

ZIP_MAGIC = b"PK\x03\x04"
MOST_MEMBERS = 100_000
"""Members of a zip file that are looked at."""
_ENCRYPTED = 0x1


def is_zip(path: Path) -> bool:
    """Whether a file starts like a zip file."""
    try:
        with path.open("rb") as file:
            return file.read(len(ZIP_MAGIC)) == ZIP_MAGIC
    except OSError:
        return False


def members(path: Path) -> list[zipfile.ZipInfo]:
    """The files in a zip file, by name; without hidden ones and those that macOS adds.

    Raises:
        InputError: the file is no whole zip file, is encrypted, or would expand without bounds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            listed = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        raise InputError(f"{path}: the zip file cannot be read; it was cut off or is damaged: {error}") from error
    if len(listed) > MOST_MEMBERS:
        raise InputError(f"{path}: the zip file has {len(listed):,} members; at most {MOST_MEMBERS:,} are read")
    files = [member for member in listed if not member.is_dir() and not _hidden(member.filename)]
    if any(member.flag_bits & _ENCRYPTED for member in files):
        raise InputError(f"{path}: the zip file is encrypted; unpack it with its password, and give the files")
    for member in files:
        refuse_bomb(f"{path}: {member.filename}", member.compress_size, member.file_size)
    return sorted(files, key=lambda member: member.filename)


def split_member(name: str) -> tuple[Path, str] | None:
    """The zip file and the member that a name of the form ``FILE.zip/MEMBER`` names; None for another name."""
    for parent in reversed(Path(name).parents):
        if parent.is_file():
            return (parent, str(Path(name).relative_to(parent))) if is_zip(parent) else None
    return None


@contextmanager
def open_member(path: str) -> Iterator[IO[bytes]]:
    """The bytes of a member, decompressed as they are read.

    Raises:
        InputError: there is no such member, or it cannot be read.
    """
    location = split_member(path)
    if location is None:
        raise InputError(f"{path}: no such member of a zip file")
    archive_path, member = location
    try:
        with zipfile.ZipFile(archive_path) as archive, archive.open(member) as file:
            yield file
    except KeyError:
        raise InputError(f"{path}: no such member of a zip file") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise InputError(f"{path}: the zip file is damaged: {error}") from error


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in Path(name).parts)
