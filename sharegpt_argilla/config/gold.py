"""Rows whose answers are known, and who reviews what people disagree on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sharegpt_argilla.config.base import Section
from sharegpt_argilla.config.people import Username


class Gold(Section):
    """Rows whose right answers are known, among the others and unmarked.

    ``file``: JSON Lines beside the project file, ``{"id": row id, "gold": {question: value}}``; without it, those
    rows whose extension has ``gold``. ``rate``: the share of the plan's places that are on gold rows.
    """

    file: Annotated[str, Field(min_length=1)] | None = None
    rate: Annotated[float, Field(ge=0, lt=1, strict=False)] = 0.05


class Adjudication(Section):
    """Who decides where people disagree.

    ``reviewers``: usernames; an account is made where there is none. ``threshold``: records whose disagreement, 0
    to 1, is above it are reviewed.
    """

    reviewers: Annotated[list[Username], Field(min_length=1)]
    threshold: Annotated[float, Field(ge=0, lt=1, strict=False)] = 0.5
