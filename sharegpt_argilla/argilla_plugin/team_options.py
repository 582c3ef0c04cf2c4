"""What the environment of the server says of plans, active time and the size of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharegpt_argilla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

BEHIND_PROXY = "SHAREGPT_ARGILLA_BEHIND_PROXY"
"""How `serve --behind-proxy` tells the server, as ``1``; what the user's environment says of it does not count."""

OPEN_QUEUE = "SHAREGPT_ARGILLA_OPEN_QUEUE"
"""The environment variable that turns the enforcement of plans off if it is ``1``: all see all records then."""

ACTIVE_TIME = "SHAREGPT_ARGILLA_ACTIVE_TIME"
"""The environment variable that turns the measuring on: ``1``, or the idle cut-off in seconds."""

IDLE_SECONDS = 60.0
"""Seconds without any action of the person after which time no longer counts."""

MAX_REQUEST = "SHAREGPT_ARGILLA_MAX_REQUEST_MB"
"""The environment variable with the largest body of a request, in megabytes."""

MAX_REQUEST_MB = 100
"""Megabytes of a request: 500 records, the most that one upsert takes, of 200 kB each."""

_ON, _OFF = ("1", "on", "true", "yes"), ("", "0", "off", "false", "no")


def idle_cut_off(environ: Mapping[str, str]) -> float | None:
    """The idle cut-off in seconds; None if active time is not measured.

    Raises:
        UsageError: the variable is neither a switch nor a number of seconds above 1.
    """
    value = environ.get(ACTIVE_TIME, "").strip().lower()
    if value in _OFF:
        return None
    if value in _ON:
        return IDLE_SECONDS
    return checked_idle(value, f"{ACTIVE_TIME}={value}: ")


def checked_idle(text: str, prefix: str = "") -> float:
    """A number of seconds from 2 to 3600; ``prefix`` begins the message.

    Raises:
        UsageError: the text is no such number.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 2 <= seconds <= 3600:
        raise UsageError(f"{prefix}must be a number of seconds from 2 to 3600")
    return seconds


def max_request_bytes(environ: Mapping[str, str]) -> int:
    """Bytes that the body of a request may have: SHAREGPT_ARGILLA_MAX_REQUEST_MB, else `MAX_REQUEST_MB`.

    Raises:
        UsageError: the variable is no whole number above 0.
    """
    megabytes = environ.get(MAX_REQUEST) or str(MAX_REQUEST_MB)
    if not megabytes.isdecimal() or int(megabytes) < 1:
        raise UsageError(f"{MAX_REQUEST}={megabytes}: must be a whole number of megabytes above 0")
    return int(megabytes) * 1_000_000
