"""The YAML that says what becomes of questions and labels when a project is changed."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import ValidationError

from sharegpt_argilla.config.base import Section
from sharegpt_argilla.errors import ConfigError

LabelValue = str | int


class LabelMap(Section):
    """What becomes of the old questions and labels; what is not named stays as it is.

    ``names``: old question -> new one, null for none. ``questions``: old question -> old label or rating -> new
    one, null for none.
    """

    names: dict[str, str | None] = {}
    questions: dict[str, dict[LabelValue, LabelValue | None]] = {}


def load_label_map(path: str | Path | None) -> LabelMap:
    """Read a label map; an empty one for None.

    Raises:
        ConfigError: one line with the file and what is wrong in it.
    """
    if path is None:
        return LabelMap()
    try:
        return LabelMap.model_validate(yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {})
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {where}: {first['msg']}; known keys: names, questions") from None
