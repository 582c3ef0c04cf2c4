"""``stop``: a clean end of the embedded Argilla, from another terminal."""

from __future__ import annotations

from sharegpt_argilla.embedded_argilla.server_status import stop_server
from sharegpt_argilla.settings import Home, default_home


def stop(home: Home | None = None) -> int | None:
    """End the server of a home folder, by default `default_home`, and wait for its end.

    Returns:
        The launcher's process id; None if no server ran.

    Raises:
        EmbeddedArgillaError: it did not end in time.
    """
    return stop_server(home or default_home())
