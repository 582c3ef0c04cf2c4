"""Paths and credentials: the embedded Argilla's home folder, the connection to an Argilla, account files.

The home folder is ``ARGILLA_HOME_PATH``, as for argilla-server itself; without it, ``~/.sharegpt-argilla``.
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sharegpt_argilla.common.atomic_files import write_text
from sharegpt_argilla.common.locks import is_locked
from sharegpt_argilla.errors import CredentialsError, InputError, ServerUnreachableError

DEFAULT_PORT = 6900
"""Argilla's usual port."""

_SHEET = ("username", "password", "role", "api_url")
"""The columns of the credentials sheet."""

_OF_ONE = ("username", "api_url")


@dataclass(frozen=True)
class Home:
    """The files under one home folder. Nothing is created by looking at them."""

    path: Path

    @property
    def database(self) -> Path:
        """argilla-server's SQLite database, under the name that argilla-server itself gives it."""
        return self.path / "argilla.db"

    @property
    def search_index(self) -> Path:
        """The index of the embedded search engine; can be rebuilt from the database at any time."""
        return self.path / "search-index.db"

    @property
    def activity(self) -> Path:
        """Measured times of a version that had them in a file; the next start puts them into the database."""
        return self.path / "activity.db"

    @property
    def owner(self) -> Path:
        """JSON with ``username``, ``password`` and ``api_key`` of the first owner; mode 0600."""
        return self.path / "owner.json"

    @property
    def credentials(self) -> Path:
        """CSV with the first password of every account that was created here; mode 0600."""
        return self.path / "credentials.csv"

    @property
    def secret_key(self) -> Path:
        """The key that signs sign-in tokens, so that a restart signs nobody out; mode 0600."""
        return self.path / "secret-key"

    @property
    def server(self) -> Path:
        """JSON that describes the running server, or the last one that ran: ``api_url`` and pids."""
        return self.path / "server.json"

    @property
    def lock(self) -> Path:
        """Locked with ``flock`` by the only process that serves this home."""
        return self.path / "serve.lock"

    @property
    def answering(self) -> Path:
        """Locked with ``flock`` while the address in server.json is that of a socket of this home's server."""
        return self.path / "answering.lock"

    @property
    def logs(self) -> Path:
        """Folder of the log files."""
        return self.path / "logs"


@dataclass(frozen=True)
class Connection:
    """The address of an Argilla and the API key to use there.

    Attributes:
        api_url: without a slash at its end.
        api_key: whose key decides what one may do.
        home: of the embedded Argilla, to whose address nothing is sent while it does not run; None for others.
    """

    api_url: str
    api_key: str
    home: Home | None = field(default=None, compare=False, repr=False)


def default_home() -> Home:
    """The current home folder: ``ARGILLA_HOME_PATH``, else ``~/.sharegpt-argilla``."""
    home_path = os.environ.get("ARGILLA_HOME_PATH")
    return Home(Path(home_path).expanduser() if home_path else Path.home() / ".sharegpt-argilla")


def default_cache() -> Path:
    """The cache folder, whose files can be recomputed: in ``XDG_CACHE_HOME``, else in ``~/.cache``."""
    cache_home = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache_home) if cache_home else Path.home() / ".cache") / "sharegpt-argilla"


def find_connection(home: Home | None = None) -> Connection:
    """Address and key from the environment; if neither is set, those of the embedded server.

    Raises:
        CredentialsError: an address is set without a key, or a key without an address.
        ServerUnreachableError: nothing is set and no embedded server was ever started on the home folder.
    """
    url, key = os.environ.get("ARGILLA_API_URL"), os.environ.get("ARGILLA_API_KEY")
    if url and key:
        return Connection(url.rstrip("/"), key)
    if url or key:
        names = ("ARGILLA_API_URL", "ARGILLA_API_KEY")
        present, missing = names if url else reversed(names)
        raise CredentialsError(
            f"{present} is set but {missing} is not; set both, or neither for the embedded Argilla"
        )
    home = home or default_home()
    if not (home.server.exists() and home.owner.exists()):
        raise ServerUnreachableError(
            f"no Argilla to talk to: ARGILLA_API_URL and ARGILLA_API_KEY are not set and {home.path} contains no "
            "embedded one; start it with `sharegpt-argilla serve`, or set both variables"
        )
    return connection_of(home)


def connection_of(home: Home) -> Connection:
    """Address and owner's key of the embedded Argilla of a home folder.

    Raises:
        InputError: server.json or owner.json is missing or damaged.
    """
    return Connection(_value(home.server, "api_url"), _value(home.owner, "api_key"), home)


def answers_at(home: Home, api_url: str) -> bool:
    """Whether the embedded Argilla of a home folder listens at an address now; else somebody else may do so."""
    if not is_locked(home.answering):
        return False
    try:
        return _value(home.server, "api_url") == api_url
    except InputError:
        return False


def _value(path: Path, name: str) -> str:
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get(name), str):
        raise InputError(f"{path}: {name} is missing; remove the file and start again")
    value: str = content[name]
    return value


def read_json(path: Path) -> Any:
    """The JSON document in a small file of ours.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read ({error}); remove it and start again") from error


def write_private(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` whole or not at all, readable by this user only (mode 0600).

    Raises:
        InputError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
    write_text(path, text, private=True)


def add_credentials(home: Home, username: str, password: str, role: str, api_url: str) -> None:
    """Append one account to the home folder's credentials sheet, creating the sheet when it is missing.

    Commands that run at once append one after the other. A row that cannot be written whole is taken back.

    Raises:
        InputError: it cannot be written.
    """
    try:
        home.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(home.credentials, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _append_row(descriptor, (username, password, role, api_url))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError(f"{home.credentials}: cannot be written: {error.strerror or error}") from error


def _append_row(descriptor: int, row: Sequence[str]) -> None:
    size = os.fstat(descriptor).st_size
    text = io.StringIO(newline="")
    if size == 0:
        csv.writer(text).writerow(_SHEET)
    elif os.pread(descriptor, 1, size - 1) != b"\n":
        # The end of a row that a power cut left.
        text.write("\r\n")
    csv.writer(text).writerow(row)
    data = text.getvalue().encode()
    try:
        with os.fdopen(descriptor, "ab", closefd=False) as file:
            file.write(data)
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def find_password(home: Home, username: str, api_url: str) -> str | None:
    """The initial password of an account at one Argilla; None if the credentials sheet does not have it.

    The sheet is appended to, so an account that was made or reset again has several rows: the last one counts. A
    password that the person has changed since is not in the sheet. Rows that are damaged are skipped.

    Raises:
        InputError: the sheet cannot be read.
    """
    if not home.credentials.exists():
        return None
    try:
        with home.credentials.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = [row for row in csv.DictReader(file) if tuple(map(row.get, _OF_ONE)) == (username, api_url)]
    except (OSError, csv.Error) as error:
        raise InputError(f"{home.credentials}: cannot be read ({error})") from error
    return rows[-1].get("password") if rows else None
