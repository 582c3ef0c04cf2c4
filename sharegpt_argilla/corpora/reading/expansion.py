"""How far packed data may expand before it is refused as a decompression bomb."""

from __future__ import annotations

import os

from sharegpt_argilla.errors import InputError, UsageError

VARIABLE = "SHAREGPT_ARGILLA_MAX_EXPANSION"
"""The environment variable that raises the limit."""
MOST_EXPANSION = 200
"""Times its size that packed data may expand. Chats shrink to a tenth; zeros shrink to a thousandth and less."""
ALWAYS_READ = 16 << 20
"""Unpacked bytes up to which nobody asks: so much fits into the memory many times, and short texts repeat more."""


def most_expansion() -> int:
    """Times its size that packed data may expand: ``VARIABLE``, or ``MOST_EXPANSION``.

    Raises:
        UsageError: the variable is no number from 1.
    """
    value = os.environ.get(VARIABLE, "")
    if value and not (value.isascii() and value.isdigit() and int(value) > 0):
        raise UsageError(f"{VARIABLE} is {value!r}; give a number from 1, such as {MOST_EXPANSION}")
    return int(value or MOST_EXPANSION)


def refuse_bomb(name: str, packed: int, unpacked: int) -> None:
    """Refuse data that has expanded, or says that it will expand, too far.

    Args:
        name: what is named in the message.
        packed: bytes.
        unpacked: bytes that they become.

    Raises:
        InputError: it is more than ``ALWAYS_READ`` and more than ``most_expansion()`` times as much.
    """
    most = most_expansion()
    if unpacked > ALWAYS_READ and unpacked > most * max(1, packed):
        raise InputError(
            f"{name}: expands more than {most:,} times ({packed:,} bytes become {unpacked:,} or more), "
            f"refused as a decompression bomb; if it is none, set {VARIABLE} to a higher number"
        )
