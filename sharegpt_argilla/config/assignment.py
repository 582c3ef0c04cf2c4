"""Which records who gets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from sharegpt_argilla.config.base import Section

ASSIGNED_TO = "assigned_to"
"""Hidden metadata: usernames of those who answer the record."""

ASSIGNED_RANK = "assigned_rank"
"""Hidden metadata: the record's place in a random order of all; a person's queue is their records by it."""

ASSIGNED_N = "assigned_n"
"""Hidden metadata: how many people answer the record."""

Mode = Literal["open", "queue", "links", "per_person_datasets"]


class Calibration(Section):
    """Records that more people answer than others, so that agreement can be measured.

    ``share``: of the records. ``overlap``: people for each of them; everybody where there are fewer.
    """

    share: Annotated[float, Field(ge=0, le=1, strict=False)] = 0.1
    overlap: Annotated[int, Field(ge=1)] = 3


class Assignment(Section):
    """Who gets what.

    ``overlap``: people for each record; after so many submitted responses it is complete. ``mode``: ``open``,
    everybody is offered every record, first come first served; the others make a plan: ``queue``, enforced by the
    embedded Argilla; ``links``, by personal links on any Argilla 2.x; ``per_person_datasets``, a dataset in a
    workspace of their own for each person. ``seed``: of the plan. ``quotas``: person -> the most records.
    ``stratify``: a key of the rows' extension, or turn, corpus or source; everybody gets an even share of each of
    its values. ``open_queue``: the plan is made and shown, but everybody is offered every record.
    """

    overlap: Annotated[int, Field(ge=1)] = 1
    mode: Mode = "open"
    open_queue: bool = False
    calibration: Calibration = Calibration()
    seed: int = 0
    quotas: dict[str, Annotated[int, Field(ge=0)]] = {}
    stratify: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _calibration_has_more(self) -> Assignment:
        stated = "calibration" in self.model_fields_set and self.calibration.share > 0
        if stated and self.calibration.overlap < self.overlap:
            raise ValueError(
                f"calibration.overlap ({self.calibration.overlap}) is below overlap ({self.overlap}); "
                "raise it, or set calibration.share to 0"
            )
        return self

    @model_validator(mode="after")
    def _open_queue_is_a_queue(self) -> Assignment:
        if self.open_queue and self.mode != "queue":
            raise ValueError(
                f"open_queue belongs to mode queue, not to {self.mode}; remove it, or change the mode"
            )
        return self

    @property
    def on_records(self) -> bool:
        """Whether records carry who answers them; in a dataset of one's own there is nothing to say."""
        return self.mode in ("queue", "links") and not self.open_queue

    @property
    def planned(self) -> bool:
        """Whether there is a plan of who answers what."""
        return self.mode != "open"

    @property
    def calibrates(self) -> bool:
        """Whether some records are answered by more people than others."""
        return self.planned and self.calibration.share > 0 and self.calibration.overlap > self.overlap
