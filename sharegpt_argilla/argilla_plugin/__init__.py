"""All that changes how argilla-server behaves, wherever it runs: one file a change.

``sharegpt_argilla.argilla_plugin:app`` is the application for uvicorn on a full stack.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """``app``, made when it is asked for: that patches argilla-server."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.asgi").app
