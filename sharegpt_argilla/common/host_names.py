"""Which names a server answers to: a website with a name of its own must not reach it through a browser.

With "DNS rebinding" a site's name first leads to the site and then to 127.0.0.1, so that its scripts count as the
server's own. The browser still sends the site's name, in the header ``Host``.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HOSTS = "SHAREGPT_ARGILLA_HOSTS"
"""The environment variable with further names, separated by commas; ``*`` for all names."""


class HostNames:
    """The names that a server answers to; numeric addresses and ``localhost`` are always among them.

    Args:
        names: further names; ``*`` for all.
    """

    def __init__(self, *names: str) -> None:
        self._names = frozenset(_bare(name) for name in names)

    @classmethod
    def of(cls, environ: Mapping[str, str], host: str = "", *, behind_proxy: bool = False) -> HostNames:
        """This machine's own names, and those in `HOSTS`. A proxy answers for the names that it passes on.

        Args:
            environ: may contain `HOSTS`.
            host: the address or name that the server listens on.
            behind_proxy: whether a proxy is in front of it.
        """
        listed = [name.strip() for name in environ.get(HOSTS, "").split(",") if name.strip()]
        if not listed and behind_proxy:
            return cls("*")
        own = socket.gethostname()
        return cls(*listed, *filter(None, (host, own)), f"{own.partition('.')[0]}.local")

    def include(self, host: str) -> bool:
        """Whether a header ``Host`` has one of the names; a missing one, which browsers never send, is fine."""
        name = _bare(host)
        if not name or "*" in self._names or name in self._names:
            return True
        return name == "localhost" or name.endswith(".localhost") or _is_number(name)


def refusal(host: str) -> str:
    """What is said to a browser that came by another name."""
    return f"this server is not called {_bare(host)[:100]!r}; whoever runs it can name it in {HOSTS}"


def _bare(host: str) -> str:
    """The name in lower case, without port, brackets of IPv6 and a dot at the end."""
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    if name.count(":") > 1:
        return name
    return name.partition(":")[0].rstrip(".")


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
