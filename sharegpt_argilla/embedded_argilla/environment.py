"""The environment of the child processes: argilla-server is configured by nothing else."""

from __future__ import annotations

import json
import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sharegpt_argilla.argilla_plugin.team_options import idle_cut_off, max_request_bytes
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.settings import Home, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

SQLITE_TIMEOUT = 30
"""Seconds to wait for a locked database. With argilla-server's 5, twenty people who submit at once get errors;
with 30 none did (https://github.com/argilla-io/argilla/issues/5213)."""

MALLOC_ARENAS = 2
"""Heaps that glibc's malloc makes for the threads of a process, by itself up to 8 for each core.

Every thread that reads from a database keeps the most that it ever needed in its own: within 600 requests of 20
people the server's memory grew to 1.17 times, and to 1.02 with two heaps."""

PROCESSES = "WEB_CONCURRENCY"
"""The environment variable with the number of server processes; its name is uvicorn's."""

MAX_PROCESSES = 64
"""More are a mistake: each takes some 150 MB, and SQLite lets one of them write at a time."""

MIN_KEY_LENGTH = 32
"""Characters below which a signing key is not one of ours, which have 64; what a crash leaves is empty."""

_LOG = logging.getLogger(__name__)


def child_environment(
    home: Home, api_url: str, redis_url: str, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """``environ`` (default: this process's) with all that the children need.

    A variable that the user set keeps the user's value, but for the two that options of ours set:
    ARGILLA_HOME_PATH and ARGILLA_BASE_URL.

    Raises:
        UsageError: SHAREGPT_ARGILLA_MAX_REQUEST_MB or SHAREGPT_ARGILLA_ACTIVE_TIME is not a number; reported here,
            before anything starts.
    """
    environment = dict(os.environ if environ is None else environ)
    max_request_bytes(environment)
    idle_cut_off(environment)
    defaults = {
        "ARGILLA_SEARCH_ENGINE": "embedded",
        "ARGILLA_REDIS_URL": redis_url,
        "ARGILLA_DATABASE_SQLITE_TIMEOUT": str(SQLITE_TIMEOUT),
        "ARGILLA_CORS_ORIGINS": json.dumps(own_origins(api_url)),
        "ARGILLA_ENABLE_SHARE_YOUR_PROGRESS": "false",
        "ARGILLA_SHOW_HUGGINGFACE_SPACE_PERSISTENT_STORAGE_WARNING": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "MALLOC_ARENA_MAX": str(MALLOC_ARENAS),
    }
    merged = environment | {name: environment.get(name) or value for name, value in defaults.items()}
    merged["ARGILLA_AUTH_SECRET_KEY"] = environment.get("ARGILLA_AUTH_SECRET_KEY") or secret_key(home)
    merged["ARGILLA_HOME_PATH"] = str(home.path)
    merged["ARGILLA_BASE_URL"] = f"{urlsplit(api_url).path}/"
    return _with_import_path(merged)


def server_processes(environ: Mapping[str, str]) -> int:
    """How many server processes answer: WEB_CONCURRENCY, else one.

    Raises:
        UsageError: the variable is no whole number from 1 to `MAX_PROCESSES`.
    """
    value = environ.get(PROCESSES, "").strip() or "1"
    if not value.isdecimal() or not 1 <= int(value) <= MAX_PROCESSES:
        raise UsageError(
            f"{value} server processes (--processes, {PROCESSES}): must be a whole number from 1 to "
            f"{MAX_PROCESSES}"
        )
    return int(value)


def own_origins(api_url: str) -> list[str]:
    """The origins that the server's own pages have in a browser on this machine."""
    parts = urlsplit(api_url)
    hosts = dict.fromkeys((parts.hostname, "127.0.0.1", "localhost"))
    return [f"http://{f'[{host}]' if host and ':' in host else host}:{parts.port}" for host in hosts]


def secret_key(home: Home) -> str:
    """The key that signs sign-in tokens; made on the first call and kept, so that a restart signs nobody out.

    A file with fewer than `MIN_KEY_LENGTH` characters is replaced: with its key anybody could sign tokens.
    """
    if home.secret_key.exists():
        kept = home.secret_key.read_text(encoding="utf-8", errors="replace").strip()
        if len(kept) >= MIN_KEY_LENGTH:
            return kept
        _LOG.warning(
            "warning: %s was too short to be safe; a new key is made, and everybody has to sign in again",
            home.secret_key.name,
        )
    key = secrets.token_hex(32)
    write_private(home.secret_key, key)
    return key


def _with_import_path(environment: dict[str, str]) -> dict[str, str]:
    """Children find this package where this process found it, in a checkout that is not installed too."""
    root = Path(__file__).parents[2]
    if root.name not in {"site-packages", "dist-packages"}:
        paths = [str(root), *filter(None, [environment.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment
