"""People, and which records they get."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sharegpt_argilla.config.base import Section


class Person(Section):
    """Somebody with an account; the password is made by ``setup-dataset`` and never stands here."""

    username: Annotated[str, Field(min_length=1, pattern=r"^\S+$")]
    role: Literal["annotator", "admin"] = "annotator"
    first_name: Annotated[str, Field(min_length=1)] | None = None
    last_name: Annotated[str, Field(min_length=1)] | None = None


class Assignment(Section):
    """Who gets what. ``overlap``: submitted responses after which a record is complete."""

    overlap: Annotated[int, Field(ge=1)] = 1
