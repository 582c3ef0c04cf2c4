"""JSON read quickly where an exact number does not matter."""

import json
from typing import Any

import orjson


def load_json(text: str) -> Any:
    """The value in a JSON text, several times as quick as ``json``; integers beyond 64 bits may be rounded.

    Raises:
        ValueError: it is none.
    """
    try:
        return orjson.loads(text)
    except ValueError:
        # Half a surrogate pair, or NaN.
        return json.loads(text)
