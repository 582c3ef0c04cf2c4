"""Where the embedded Argilla answers: its listening socket and its address."""

from __future__ import annotations

import errno
import ipaddress
import logging
import socket

from sharegpt_argilla.errors import EmbeddedArgillaError, UsageError

_LAST_PORT = 65_535
_LOG = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on ``host``:``port``; port 0 takes any free one.

    The launcher opens it and the server child inherits it. So the port is known to be free before anything
    starts, whatever answers on it is ours, and a server that is restarted keeps people waiting for a few
    seconds instead of refusing them.

    Raises:
        UsageError: there is no such port.
        EmbeddedArgillaError: the port is taken or not allowed, or the host is not one of this machine's.
    """
    # getaddrinfo would quietly take 70000 for 4464.
    if not 0 <= port <= _LAST_PORT:
        raise UsageError(f"--port {port}: there is no such port; choose one from 1024 to {_LAST_PORT}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise EmbeddedArgillaError(
            f"cannot listen on {host}:{port} ({error.strerror}); check --host and --port"
        ) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise _refusal(host, port, error) from error
    return listener


def api_url(host: str, port: int, base_url: str) -> str:
    """The address for clients on this machine, without a slash at its end."""
    if host in {"0.0.0.0", ""}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    elif host == "::":
        host = "::1"
    path = base_url.strip("/")
    return f"http://{f'[{host}]' if ':' in host else host}:{port}" + (f"/{path}" if path else "")


def warn_unless_loopback(host: str) -> None:
    """Warn that passwords travel in the clear when other machines can reach the server."""
    if not _is_loopback(host):
        _LOG.warning(
            "warning: %s is reachable from other machines and this server speaks plain HTTP; put a proxy with "
            "HTTPS in front of it before anybody signs in from elsewhere",
            host or "0.0.0.0",  # noqa: S104 - shown, not bound
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refusal(host: str, port: int, error: OSError) -> EmbeddedArgillaError:
    if error.errno == errno.EADDRINUSE:
        return EmbeddedArgillaError(
            f"port {port} on {host} is in use by another program; choose another with --port"
        )
    if error.errno == errno.EACCES:
        return EmbeddedArgillaError(f"port {port} on {host} is not allowed for this user; choose one above 1023")
    return EmbeddedArgillaError(f"cannot listen on {host}:{port} ({error.strerror}); check --host and --port")
