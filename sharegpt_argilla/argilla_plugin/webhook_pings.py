"""Webhooks are tried from a thread, and whoever asks for it is not told what the address answered.

argilla-server tries an address where it handles all requests, for up to 20 seconds, and answers 500 where nothing
listens. One address that never answers stopped everybody, and answers told which ports of the network are open.
"""

from __future__ import annotations

import logging
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sharegpt_argilla.argilla_plugin.base import Code, Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE = 4
"""Addresses that are tried at the same time; further ones are not tried, with a line in the log."""

_free = threading.BoundedSemaphore(AT_ONCE)
_LOG = logging.getLogger(__name__)


def _in_thread(notify: Callable[[Any], Any]) -> Callable[[Any], None]:
    def try_address(webhook: Any) -> None:
        try:
            status = notify(webhook).status_code
            _LOG.info("a webhook was tried and answered %d", status)
        except Exception as error:  # whatever an address of a stranger does
            # Without the address: it may contain a token.
            _LOG.warning("a webhook was tried and did not answer: %s", type(error).__name__)
        finally:
            _free.release()

    def notify_in_thread(webhook: Any) -> None:
        """Try the address of a webhook; returns at once."""
        if not _free.acquire(blocking=False):
            _LOG.warning("a webhook was not tried: %d others are being tried", AT_ONCE)
            return
        # Read here, where the database's session is; a thread that waits must not hold up a stop.
        copy = SimpleNamespace(url=webhook.url, secret=webhook.secret)
        threading.Thread(target=try_address, args=(copy,), name="webhook-ping", daemon=True).start()

    return notify_in_thread


PATCH = Patch(
    name="webhooks tried in a thread",
    owner="argilla-server",
    reason="while an owner tries a webhook argilla-server answers nobody, and it tells what the address answered",
    upstream="argilla-io/argilla: argilla_server/api/handlers/v1/webhooks.py, ping_webhook",
    loss="trying a webhook holds up all other requests",
    replaces=(
        Replacement(
            "argilla_server.api.handlers.v1.webhooks:notify_ping_event", ("c0b74cb0f59aa8fb",), _in_thread
        ),
    ),
    relies_on=(
        Code("argilla_server.api.handlers.v1.webhooks:ping_webhook", ("f7f046ab3e3f0afb",)),
        Code("argilla_server.webhooks.v1.commons:notify_event", ("39cdea79a7493fff",)),
    ),
)
