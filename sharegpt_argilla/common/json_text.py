"""Fast JSON decoding for texts in which exact numbers do not matter."""

import json
from typing import Any

import orjson


def load_json(text: str | bytes) -> Any:
    """Decode a JSON text, several times faster than ``json``; integers beyond 64 bits may be rounded.

    Raises:
        ValueError: the text is not JSON.
    """
    try:
        return orjson.loads(text)
    except ValueError:
        # orjson refuses an unpaired surrogate and NaN.
        return json.loads(text)
