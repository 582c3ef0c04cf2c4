"""``status``: whether the embedded Argilla runs, and where."""

from __future__ import annotations

from sharegpt_argilla.embedded_argilla.server_status import ServerStatus, server_status
from sharegpt_argilla.settings import Home, default_home


def status(home: Home | None = None) -> ServerStatus:
    """What is known of the server of a home folder, by default `default_home`.

    Raises:
        InputError: the database cannot be read.
    """
    return server_status(home or default_home())
