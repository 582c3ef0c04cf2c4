"""``serve``: the embedded Argilla in the foreground, until Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharegpt_argilla.embedded_argilla.processes.launcher import ServeOptions, ServerInfo, run
from sharegpt_argilla.settings import DEFAULT_PORT, Home, default_home

if TYPE_CHECKING:
    from collections.abc import Callable


def serve(
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    home: Home | None = None,
    base_url: str = "/",
    *,
    open_queue: bool = False,
    active_time: float | None = None,
    on_ready: Callable[[ServerInfo], None] | None = None,
) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit status 0.

    ``home`` defaults to `default_home`; port 0 takes any free one; ``on_ready`` is called with address, home
    folder and owner's name when the server answers. The owner's password and API key are in owner.json.
    ``open_queue`` and ``active_time`` are those of `ServeOptions`.

    Raises:
        EmbeddedArgillaError: the port or the home folder is taken, or the server cannot start or go on.
        InputError: the home folder cannot be used.
    """
    options = ServeOptions(home or default_home(), host, port, base_url, open_queue, active_time)
    return run(options, on_ready)
