"""Files in object storage and on web servers, read and written by fsspec under their URLs.

``s3://bucket/key``, ``gs://…``, ``https://…``, ``hf://datasets/owner/name/file`` and every other protocol that
fsspec knows. Credentials and endpoints come from where its libraries look for them: the environment, their own
configuration files, and fsspec's (https://filesystem-spec.readthedocs.io/en/latest/features.html#configuration).
"""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

from sharegpt_argilla.errors import InputError, UsageError

T = TypeVar("T")

BLOCK = 1 << 22
"""Bytes of one request: a few of them in a shard, and each long enough that its delay does not count."""
BLOCKS = 4
"""Blocks that a reader keeps, by default."""
ATTEMPTS = 5
"""How often a request is made while the storage is busy, or cuts an answer off."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
"""Seconds between attempts; they double."""

_URL = re.compile(r"[a-z][a-z0-9+.-]*://")
_HUB, _HUB_FILES = "hf://", "hf://datasets/"
_QUERY = re.compile(r"(?<=://)[^/@]*@|[?#].*", re.DOTALL)
_VERSIONS = (
    "ETag",
    "etag",
    "md5Hash",
    "generation",
    "blob_id",
    "LastModified",
    "Last-Modified",
    "mtime",
    "created",
)
"""What file systems of fsspec call that which tells two contents of an object apart."""
_READ_ONLY = ("http://", "https://")
_LIBRARIES = frozenset({"aiohttp", "botocore", "httpx"})
"""What file systems of fsspec speak HTTP with, and whose errors they let through."""
_BUSY = frozenset({408, 425, 429, *range(500, 600)})


class ObjectState(NamedTuple):
    """What tells whether an object has changed.

    Attributes:
        size: bytes.
        version: hash of its ETag or of what the storage has instead; 0 if it has nothing.
    """

    size: int
    version: int


def is_remote(name: object) -> bool:
    """Whether a name is a URL that fsspec opens. ``hf://owner/name`` is a data set, and none."""
    text = str(name) if isinstance(name, str) else ""
    if not _URL.match(text):
        return False
    return text.startswith(_HUB_FILES) or not text.startswith(_HUB)


def shown(name: str) -> str:
    """A name without what may be a secret of a URL: its user and its query, such as a signature."""
    return _QUERY.sub("", name) if is_remote(name) else name


def canonical(url: str) -> str:
    """The one spelling of a URL.

    Raises:
        UsageError: the protocol is unknown, or its library is not installed.
    """
    system, path = _system(url)
    return str(system.unstrip_protocol(path))


class Objects(NamedTuple):
    """The objects that a URL names.

    Attributes:
        names: their URLs, sorted.
        folder: the URL of the folder that they are in, with a slash at its end; "" where it is none.
    """

    names: list[str]
    folder: str = ""


def find_objects(url: str) -> Objects:
    """The objects that a URL names: itself, those below a folder, or those that match a pattern.

    Raises:
        UsageError: the protocol is unknown, or its library is not installed.
        InputError: there is none, or the storage refuses.
    """
    system, path = _system(url)
    # What was listed before may have changed.
    system.invalidate_cache()
    folder = ""
    if not url.startswith(_READ_ONLY) and re.search(r"[*?\[]", path):
        paths = [each for each in _attempt(url, lambda: system.glob(path)) if not each.endswith("/")]
    elif _attempt(url, lambda: system.info(path))["type"] == "directory":
        paths = _attempt(url, lambda: system.find(path))
        folder = f"{canonical(url).rstrip('/')}/"
    else:
        return Objects([url])
    if not paths:
        why = "nothing in this folder" if folder else "no object matches this pattern"
        raise InputError(f"{shown(url)}: {why}")
    return Objects(sorted(str(system.unstrip_protocol(each)) for each in paths), folder)


def state_of(url: str) -> ObjectState:
    """Size and version of an object.

    Raises:
        UsageError: the protocol is unknown, or its library is not installed.
        InputError: there is no such object, its size is unknown, or the storage refuses.
    """
    system, path = _system(url)
    info = _attempt(url, lambda: system.info(path))
    if info["type"] == "directory":
        raise InputError(f"{shown(url)}: cannot be read: it is a folder")
    if info.get("size") is None or info.get("partial") is False:
        raise InputError(_no_ranges(url))
    marks = [f"{name} {info[name]}" for name in _VERSIONS if info.get(name)]
    digest = blake2b(" ".join(marks).encode("utf-8"), digest_size=7).digest() if marks else b""
    return ObjectState(int(info["size"]), int.from_bytes(digest, "big"))


def check_unchanged(url: str, state: ObjectState) -> None:
    """Whether an object is still what it was.

    Raises:
        InputError: it is not, or cannot be read.
    """
    now = state_of(url)
    if now != state:
        same_size = now.size == state.size
        how = "has another content" if same_size else f"has {now.size:,} bytes and not {state.size:,}"
        raise InputError(f"{shown(url)}: {how} than where the run was planned; give the command again")


class ObjectReader(io.RawIOBase):
    """The bytes of an object, read in blocks of ``BLOCK``, each of which is asked for again if it fails.

    Args:
        url: of the object.
        blocks: how many blocks are kept, for readers that come back to what they have read.

    Raises:
        UsageError: the protocol is unknown, or its library is not installed.
        InputError: there is no such object, or it is not served in parts.
    """

    def __init__(self, url: str, blocks: int = BLOCKS) -> None:
        super().__init__()
        # A reader that cannot be made is closed too, when Python drops it.
        self._file: Any = None
        self._block = lru_cache(blocks)(self._fetch)
        system, path = _system(url)
        self._url = url
        self._size = state_of(url).size
        self._file = _attempt(url, lambda: system.open(path, "rb", block_size=BLOCK, cache_type="none"))
        if not self._file.seekable():
            raise InputError(_no_ranges(url))
        self._at = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The offset of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Set the offset of the next byte."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer; less only at the end.

        Raises:
            InputError: the storage fails after ``ATTEMPTS`` attempts.
        """
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view) and self._at < self._size:
            number, start = divmod(self._at, BLOCK)
            piece = self._block(number)[start : start + len(view) - done]
            view[done : done + len(piece)] = piece
            done += len(piece)
            self._at += len(piece)
        return done

    def close(self) -> None:
        """Forget the blocks and close the connection."""
        if not self.closed:
            self._block.cache_clear()
            if self._file is not None:
                self._file.close()
        super().close()

    def _fetch(self, number: int) -> bytes:
        start, end = number * BLOCK, min(self._size, (number + 1) * BLOCK)

        def attempt() -> bytes:
            self._file.seek(start)
            data = bytes(self._file.read(end - start))
            if len(data) != end - start:
                raise ConnectionError(f"the answer was cut off after {len(data):,} of {end - start:,} bytes")
            return data

        return _attempt(self._url, attempt)


def check_object_writable(url: str) -> None:
    """Whether an object can be written there, as far as that shows beforehand: for work that takes long.

    Raises:
        UsageError: the protocol is unknown, its library is not installed, or it is for reading only.
        InputError: the storage refuses, or the URL is that of a folder.
    """
    if url.startswith(_READ_ONLY):
        raise UsageError(f"{shown(url)}: cannot be written: https is for reading; give a file, or s3:// or gs://")
    system, path = _system(url)
    if not path.rpartition("/")[2]:
        raise InputError(f"{shown(url)}: cannot be written: it names no object")
    _attempt(url, lambda: system.exists(path))
    bucket = path.partition("/")[0]
    if url.startswith(("s3://", "gs://")) and not _attempt(url, lambda: system.exists(bucket)):
        raise InputError(f"{shown(url)}: cannot be written: there is no bucket {bucket}")


@contextmanager
def object_output(url: str) -> Iterator[IO[bytes]]:
    """A new object, uploaded in parts; it appears under its name only if the block succeeds.

    The file may be closed within the block, which sends what is left of it; the object still appears at the end.

    Raises:
        UsageError: the protocol is unknown, or its library is not installed.
        InputError: the storage refuses. An existing object of that name is kept.
    """
    system, path = _system(url)
    with suppress(NotImplementedError, AttributeError):
        # What a local disk or a mounted share wants; object storage has no folders.
        _attempt(url, lambda: system.makedirs(path.rpartition("/")[0], exist_ok=True), words="written")
    # The Hub's file system knows no other way than that an object appears when its file is closed.
    options = {} if url.startswith(_HUB) else {"autocommit": False}
    file = _attempt(url, lambda: system.open(path, "wb", **options), words="written")
    try:
        yield file
        file.close()
        file.commit()
    except BaseException as error:
        _abandon(file)
        if isinstance(error, InputError) or not _is_of_storage(_cause(error)):
            raise
        raise _failure(url, error, "written") from error


def upload(source: Path, url: str) -> None:
    """Copy a file to object storage; the object appears, or replaces an earlier one, only when all of it is there.

    Raises:
        UsageError: the protocol is unknown, or its library is not installed.
        InputError: the storage refuses.
    """
    with source.open("rb") as file, object_output(url) as target:
        shutil.copyfileobj(file, target, BLOCK)


def download(url: str, target: Path) -> None:
    """Copy an object to a new file that only this user can read.

    Raises:
        UsageError: the protocol is unknown, or its library is not installed.
        InputError: there is no such object, or the storage refuses.
    """
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, io.BufferedReader(ObjectReader(url), BLOCK) as source:
        shutil.copyfileobj(source, file, BLOCK)


def is_there(url: str) -> bool:
    """Whether there is an object of that name.

    Raises:
        UsageError: the protocol is unknown, or its library is not installed.
        InputError: the storage does not answer, or refuses.
    """
    system, path = _system(url)
    system.invalidate_cache()

    # fsspec's own exists() takes every failure for an answer.
    def look() -> bool:
        try:
            system.info(path)
        except FileNotFoundError as error:
            if (cause := _cause(error)) is not error and _status(cause) != 404:
                raise
            return False
        return True

    return _attempt(url, look)


def check_private(url: str) -> None:
    """Whether what is stored there is for the account's own people, as far as that can be asked: on the Hub.

    Raises:
        InputError: the repository is public, or not there for this account.
    """
    if not url.startswith(_HUB):
        return
    from huggingface_hub import HfApi  # noqa: PLC0415 - few runs need it
    from huggingface_hub.errors import RepositoryNotFoundError  # noqa: PLC0415

    repository = "/".join(url.removeprefix(_HUB_FILES).split("/")[:2]).partition("@")[0]

    def look() -> bool | None:
        try:
            return HfApi().dataset_info(repository).private
        except RepositoryNotFoundError:
            raise InputError(
                f"{shown(url)}: there is no such repository, or the account of HF_TOKEN cannot see it; make it: "
                f"hf repo create {repository} --repo-type dataset --private"
            ) from None

    if not _attempt(url, look):
        raise InputError(f"{shown(url)}: the repository is public; make it private first")


def _abandon(file: Any) -> None:
    """Let nothing of an unfinished object appear: fsspec sends what is left when Python drops an open file."""
    with suppress(Exception):
        file.discard()
    with suppress(Exception):
        file.closed = True
    # The Hub's file system collects an object in a file on this disk, and leaves that after a failure.
    if collected := getattr(file, "temp_file", None):
        Path(collected.name).unlink(missing_ok=True)


def _system(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it."""
    from fsspec.core import url_to_fs  # noqa: PLC0415 - few runs need it

    protocol = url.partition("://")[0]
    if url.startswith(_HUB):
        from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415

        disable_progress_bars()
    try:
        system, path = url_to_fs(url)
    except ImportError as error:
        reason = " ".join(str(error).split())
        install = 'pip install "sharegpt-argilla[object-storage]"'
        raise UsageError(f"{protocol}:// needs a library that is not installed ({reason}): {install}") from None
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{shown(url)}: cannot be opened: {reason}") from None
    # Some file systems look for credentials at once.
    except Exception as error:
        raise _failure(url, error, "opened") from error
    return system, path


def _attempt(url: str, ask: Callable[[], T], words: str = "read") -> T:
    """What the storage answers, asked again while it is busy.

    Raises:
        InputError: it refuses, or fails after ``ATTEMPTS`` attempts.
    """
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential  # noqa: PLC0415

    attempts = Retrying(
        retry=retry_if_exception(_is_transient),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(_FIRST_PAUSE, _LONGEST_PAUSE),
        reraise=True,
    )
    try:
        return attempts(ask)
    # fsspec lets through what any of its dozens of libraries raise.
    except Exception as error:
        raise _failure(url, error, words) from error


def _cause(error: BaseException) -> BaseException:
    """What happened: fsspec calls every failure of a web server a missing file, the Hub a runtime error."""
    cause = error.__cause__
    return cause if isinstance(error, FileNotFoundError | RuntimeError) and isinstance(cause, Exception) else error


def _status(error: BaseException) -> int:
    """The HTTP status in an error; 0 without one."""
    status = getattr(error, "status", None) or getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else 0


def _is_of_storage(error: BaseException) -> bool:
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in _LIBRARIES


def _is_transient(error: BaseException) -> bool:
    error = _cause(error)
    if status := _status(error):
        return status in _BUSY
    return _is_of_storage(error) and not isinstance(
        error, FileNotFoundError | PermissionError | NotADirectoryError | IsADirectoryError
    )


def _failure(url: str, error: BaseException, words: str) -> InputError:
    """The error in one line."""
    error = _cause(error)
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, InputError):
        return error
    if isinstance(error, FileNotFoundError) or _status(error) == 404:
        reason = "there is no such object"
    elif isinstance(error, PermissionError) or _status(error) in {401, 403}:
        reason = "access denied; check the credentials, in the environment or in the library's own files"
    elif "Credentials" in type(error).__name__:
        reason = "no credentials; set them in the environment or in the library's own files"
    elif status := _status(error):
        reason = f"the server answers {status}"
    return InputError(f"{shown(url)}: cannot be {words}: {reason}")


def _no_ranges(url: str) -> str:
    return (
        f"{shown(url)}: cannot be read: the server gives no size or no parts of it; download it and give the file"
    )
