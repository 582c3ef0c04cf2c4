"""Metadata properties: what people filter and sort records by."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sharegpt_argilla.config.base import Named


class _Property(Named):
    visible: bool = True


class NumberProperty(_Property):
    """A number to filter and sort by. Values outside the bounds are set to the nearest bound.

    The bounds are the ends of the slider in Argilla's filter; a property that declares them costs the page no
    request of its own.
    """

    type: Literal["integer", "float"]
    min: float
    max: float

    @model_validator(mode="after")
    def _bounds(self) -> NumberProperty:
        if self.min >= self.max:
            raise ValueError(f"min ({self.min:g}) is not below max ({self.max:g})")
        return self


class TermsProperty(_Property):
    """One word out of ``options``."""

    type: Literal["terms"]
    options: Annotated[list[str], Field(min_length=1, max_length=250)]


PropertyConfig = Annotated[NumberProperty | TermsProperty, Field(discriminator="type")]
