"""Adds the script that measures active time to the copy of the page that argilla-server makes at each start."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from sharegpt_argilla.argilla_plugin.active_time_route import PATH
from sharegpt_argilla.errors import EmbeddedArgillaError

SCRIPT = "active-time.js"
_END = "</body>"


def measure_in_page(app: Any, base_url: str, idle: float) -> None:
    """Add the script to every HTML file of the page.

    Args:
        app: argilla-server.
        base_url: the path below which it is mounted, ``/`` for none.
        idle: seconds without a sign of the person after which time no longer counts.

    Raises:
        EmbeddedArgillaError: the page is not where argilla-server 2.8 has it, or its HTML has no end of a body.
    """
    script = (files(__package__) / "page" / SCRIPT).read_bytes()
    base = base_url.rstrip("/")
    version = hashlib.sha256(script).hexdigest()[:12]
    tag = (
        f'<script src="{escape(base)}/{SCRIPT}?{version}" data-url="{escape(base + PATH)}" '
        f'data-idle="{idle:g}" defer></script>'
    )
    folder = next(_static_folders(app), None)
    index = None if folder is None else folder / "index.html"
    if folder is None or index is None or not index.is_file() or _END not in index.read_text(encoding="utf-8"):
        raise EmbeddedArgillaError("active time cannot be measured: argilla-server has no page to add it to")
    (folder / SCRIPT).write_bytes(script)
    for path in folder.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(_END, tag + _END), encoding="utf-8")


def _static_folders(app: Any) -> Iterator[Path]:
    """The folders with the files of the page; below a base URL argilla-server is an application inside another."""
    for route in getattr(app, "routes", ()):
        mounted: Any = getattr(route, "app", None)
        if mounted is not None and getattr(mounted, "html", False):
            yield Path(mounted.directory)
        elif hasattr(mounted, "routes"):
            yield from _static_folders(mounted)
