"""Adds scripts of ours to the copy of the page that argilla-server makes at each start.

`literal-text.js` shows texts as they were typed, `unsaved-answers.js` keeps answers until the server has them,
`empty-queue.js` says that the plan gives somebody nothing, `active-time.js` measures active time,
`pdf-fields.js` shows PDFs.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from sharegpt_argilla.argilla_plugin.active_time_route import PATH
from sharegpt_argilla.errors import EmbeddedArgillaError

SCRIPT = "active-time.js"
ABOUT = "about-active-time.html"
"""What annotators can read about it, next to the page."""

PDF_SCRIPT = "pdf-fields.js"
TEXT_SCRIPT = "literal-text.js"

ANSWERS_SCRIPT = "unsaved-answers.js"
QUEUE_SCRIPT = "empty-queue.js"

MARKERS = ("markdownToHtml", "webpackJsonp", "fieldText", "spanQuestion")
"""Names in the page's own scripts that `literal-text.js` goes by."""

_HEAD, _END = "<head>", "</body>"
_LOG = logging.getLogger(__name__)


def measure_in_page(app: Any, base_url: str, idle: float) -> None:
    """Add the script that measures active time to every HTML file of the page.

    Args:
        app: argilla-server.
        base_url: the path below which it is mounted, ``/`` for none.
        idle: seconds without a sign of the person after which time no longer counts.

    Raises:
        EmbeddedArgillaError: the page is not where argilla-server 2.8 has it, or its HTML has no end of a body.
    """
    folder = next(_static_folders(app), None)
    if folder is None or not _contains(folder / "index.html", _END):
        raise EmbeddedArgillaError("active time cannot be measured: argilla-server has no page to add it to")
    base = base_url.rstrip("/")
    attributes = {"data-url": base + PATH, "data-idle": f"{idle:g}", "data-more": f"{base}/{ABOUT}", "defer": ""}
    _insert(folder, _END, _install(folder, SCRIPT, base, attributes) + _END)
    about = (files(__package__) / "page" / ABOUT).read_text(encoding="utf-8")
    (folder / ABOUT).write_text(about.replace("{idle}", f"{idle:g}"), encoding="utf-8")


def keep_answers(app: Any, base_url: str) -> bool:
    """Add the scripts that keep unsaved answers and explain an empty queue to every HTML file of the page.

    Args:
        app: argilla-server.
        base_url: the path below which it is mounted, ``/`` for none.

    Returns:
        False if argilla-server has no page; the log then says what is lost.
    """
    folder = next(_static_folders(app), None)
    if folder is None or not _contains(folder / "index.html", _HEAD):
        _LOG.warning("answers that the server does not take are not kept: argilla-server has no page")
        return False
    base = base_url.rstrip("/")
    tags = [_install(folder, name, base, {"data-base": base}) for name in (ANSWERS_SCRIPT, QUEUE_SCRIPT)]
    _insert(folder, _HEAD, _HEAD + "".join(tags))
    return True


def show_literal_texts(app: Any, base_url: str) -> bool:
    """Add the script that shows texts as they were typed to every HTML file of the page, before its own scripts.

    Args:
        app: argilla-server.
        base_url: the path below which it is mounted, ``/`` for none.

    Returns:
        False if the page is not the one that the script was written for; the log then says what is lost.
    """
    folder = next(_static_folders(app), None)
    if folder is None or not _contains(folder / "index.html", _HEAD) or not _has_markers(folder):
        _LOG.warning("texts are rendered as markdown: argilla-server's page is not the one of version 2.8")
        return False
    base = base_url.rstrip("/")
    _insert(folder, _HEAD, _HEAD + _install(folder, TEXT_SCRIPT, base, {"data-base": base}))
    return True


def show_pdfs(app: Any, base_url: str) -> None:
    """Add the script that lets PDFs in fields through the page's policy, where there is a page.

    Args:
        app: argilla-server.
        base_url: the path below which it is mounted, ``/`` for none.
    """
    folder = next(_static_folders(app), None)
    if folder is not None and _contains(folder / "index.html", _HEAD):
        _insert(folder, _HEAD, _HEAD + _install(folder, PDF_SCRIPT, base_url.rstrip("/"), {}))


def _install(folder: Path, name: str, base: str, attributes: Mapping[str, str]) -> str:
    """Copy a script next to the page; returns its tag, whose address has a hash so that no older copy is used."""
    script = (files(__package__) / "page" / name).read_bytes()
    (folder / name).write_bytes(script)
    version = hashlib.sha256(script).hexdigest()[:12]
    rest = " ".join(f'{key}="{escape(value)}"' if key != "defer" else key for key, value in attributes.items())
    return f'<script src="{escape(base)}/{name}?{version}" {rest}></script>'


def _insert(folder: Path, old: str, new: str) -> None:
    for path in folder.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _contains(path: Path, text: str) -> bool:
    return path.is_file() and text in path.read_text(encoding="utf-8")


def _has_markers(folder: Path) -> bool:
    missing = set(MARKERS)
    for path in (folder / "_nuxt").glob("*.js"):
        text = path.read_text(encoding="utf-8", errors="replace")
        missing -= {marker for marker in missing if marker in text}
        if not missing:
            return True
    return False


def _static_folders(app: Any) -> Iterator[Path]:
    """The folders with the files of the page; below a base URL argilla-server is an application inside another."""
    for route in getattr(app, "routes", ()):
        mounted: Any = getattr(route, "app", None)
        if mounted is not None and getattr(mounted, "html", False):
            yield Path(mounted.directory)
        elif hasattr(mounted, "routes"):
            yield from _static_folders(mounted)
