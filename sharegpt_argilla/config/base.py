"""What the sections of dataset-config.yml have in common: strictness, names and lengths.

Limits are those that Argilla 2.8 itself checks (``api/schemas/v1`` of argilla-server), so that a mistake is
reported with its line and not by the server halfway through.
"""

from __future__ import annotations

import json
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

_RESERVED = frozenset({"add", "count", "index", "remove", "serialize"})
# Argilla's UI splits deep links on dots and the SDK refuses its own method names.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=200)]
Title = Annotated[str, Field(min_length=1, max_length=500)]
Description = Annotated[str, Field(min_length=1, max_length=1000)]


def _safe_in_urls(workspace: str) -> str:
    if not re.fullmatch(r"[a-zA-Z0-9_-]+", workspace):
        shown = json.dumps(workspace, ensure_ascii=False)
        raise ValueError(
            f'{shown} has other characters than a-z, A-Z, 0-9, "_" and "-"; Argilla\'s SDK fails on every '
            "workspace of a server that has one such name"
        )
    return workspace


WorkspaceName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_safe_in_urls)]
"""Argilla's server takes any name; its SDK then fails for everybody on any workspace, so it is refused here.

Source: argilla 2.8, ``argilla/_models/_workspace.py``, ``^[a-zA-Z0-9_-]+$``.
"""

Label = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=200)]


class Section(BaseModel):
    """A mapping in the file: unknown keys and values of another type are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Named(Section):
    """Something with a name for the data and a title for people."""

    name: Name
    title: Title

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name in _RESERVED:
            raise ValueError(f'"{name}" is a word that Argilla\'s SDK reserves; choose another name')
        return name
