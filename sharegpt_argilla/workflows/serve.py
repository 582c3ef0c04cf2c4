"""``serve``: the embedded Argilla in the foreground, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable

from sharegpt_argilla.embedded_argilla.processes.launcher import ServeOptions, ServerInfo, run
from sharegpt_argilla.settings import DEFAULT_PORT, Home, default_home


def serve(  # noqa: PLR0913 - the options of the command, under their names
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    home: Home | None = None,
    base_url: str = "/",
    *,
    open_queue: bool = False,
    active_time: float | None = None,
    behind_proxy: bool = False,
    processes: int | None = None,
    on_ready: Callable[[ServerInfo], None] | None = None,
) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit status 0.

    The owner's password and API key are in owner.json of the home folder.

    Args:
        host: where to listen; other machines reach it only when it is not the default.
        port: where to listen; 0 takes any free one.
        home: the home folder; by default `default_home`.
        base_url: the path under which a reverse proxy shows it; at ``/``, ARGILLA_BASE_URL counts.
        open_queue: do not enforce assignment plans; when false, the environment decides.
        active_time: seconds without activity after which an annotator is taken to be away; when None, the
            environment decides.
        behind_proxy: a proxy on this machine tells people's addresses by X-Forwarded-For; without it the header
            is ignored.
        processes: how many server processes answer; when None, WEB_CONCURRENCY decides, else one.
        on_ready: called with address, home folder and owner's name when the server answers.

    Raises:
        EmbeddedArgillaError: the port or the home folder is taken, or the server cannot start or keep running.
        InputError: the home folder cannot be used.
        UsageError: an option or a variable has a value that cannot be.
    """
    place = (home or default_home(), host, port, base_url)
    return run(ServeOptions(*place, open_queue, active_time, behind_proxy, processes), on_ready)
