"""How texts are split into tokens and sentences before they are measured."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sharegpt_argilla.config.base import Section


class Describe(Section):
    """The spaCy pipeline: an installed ``model`` (or a folder with one), else a blank one of ``language``."""

    model: Annotated[str, Field(min_length=1)] | None = None
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "en"
