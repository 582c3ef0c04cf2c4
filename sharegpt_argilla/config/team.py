"""The sections about the team: people, the assignment of records, gold rows and adjudication."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from sharegpt_argilla.config.base import Section
from sharegpt_argilla.errors import ConfigError

COLUMNS = ("username", "role", "first_name", "last_name")
"""Columns of a CSV of people; only the first must be there."""


def _without_spaces(username: str) -> str:
    if any(character.isspace() for character in username):
        raise ValueError(f'"{username}" has a space in it; a username has none')
    return username


Username = Annotated[str, Field(min_length=1), AfterValidator(_without_spaces)]
"""The name to sign in with."""


class Person(Section):
    """Somebody with an account; the password is made by ``setup-dataset`` and is never stored here."""

    username: Username
    role: Literal["annotator", "admin"] = "annotator"
    first_name: Annotated[str, Field(min_length=1)] | None = None
    last_name: Annotated[str, Field(min_length=1)] | None = None


def read_people(path: Path) -> list[dict[str, str]]:
    """The people of a CSV with a header, each as the project file would have them.

    Raises:
        ConfigError: one line with the file, the line, and what is wrong there.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = [column.strip() for column in reader.fieldnames or []]
    unknown = [column for column in columns if column not in COLUMNS]
    if "username" not in columns or unknown:
        raise ConfigError(
            f"{path}:1: the columns are {', '.join(columns) or 'missing'}; known: {', '.join(COLUMNS)}"
        )
    reader.fieldnames = columns
    people = []
    for row in reader:
        person = {
            name: value.strip() for name, value in row.items() if name in COLUMNS and value and value.strip()
        }
        if person:
            people.append(_checked(person, f"{path}:{reader.line_num}"))
    return people


def _plain(error: ErrorDetails) -> str:
    if error["type"] == "literal_error":
        valid = str(error["ctx"]["expected"]).replace("'", "")
        return f'unknown word "{error["input"]}"; known: {valid}'
    return str(error.get("ctx", {}).get("error", error["msg"]))


def _checked(person: dict[str, str], where: str) -> dict[str, str]:
    try:
        Person.model_validate(person)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{where}: {first['loc'][0]}: {_plain(first)}") from None
    return person


Mode = Literal["open", "queue", "links", "per_person_datasets"]


class Calibration(Section):
    """Records that more people answer than others, so that agreement can be measured.

    ``share``: of the records. ``overlap``: people for each of them; everybody if there are fewer.
    """

    share: Annotated[float, Field(ge=0, le=1, strict=False)] = 0.1
    overlap: Annotated[int, Field(ge=1)] = 3


class Adapt(Section):
    """A plan that asks of each record as often as it must: ``plan --adapt`` gives open records one person more.

    ``until``: a record is settled when an answer to each question is at least so probable. ``most``: people for a
    record, after whom it is given up. ``questions``: those that must be settled; by default all with labels or
    ratings.
    """

    until: Annotated[float, Field(gt=0.5, lt=1, strict=False)] = 0.9
    most: Annotated[int, Field(ge=2)] = 4
    questions: list[str] = []


class Assignment(Section):
    """Who gets what.

    ``overlap``: people for each record; after so many submitted responses it is complete. ``mode``: ``open``,
    everybody is offered every record, first come first served; the others make a plan: ``queue``, enforced by the
    embedded Argilla; ``links``, by personal links on any Argilla 2.x; ``per_person_datasets``, a dataset in a
    workspace of their own for each person. ``seed``: of the plan. ``quotas``: person -> the most records.
    ``stratify``: a key of the rows' extension, or turn, corpus or source; everybody gets an even share of each of
    its values. ``open_queue``: the plan is made and shown, but everybody is offered every record. ``adapt``: ask
    of each record only as often as it must be asked, from ``overlap`` people up.
    """

    overlap: Annotated[int, Field(ge=1)] = 1
    mode: Mode = "open"
    open_queue: bool = False
    calibration: Calibration = Calibration()
    seed: int = 0
    quotas: dict[str, Annotated[int, Field(ge=0)]] = {}
    stratify: Annotated[str, Field(min_length=1)] | None = None
    adapt: Adapt | None = None

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

    @model_validator(mode="after")
    def _adapts_a_plan(self) -> Assignment:
        if self.adapt is None:
            return self
        if self.mode not in ("queue", "links") or self.open_queue:
            mode = "an open queue" if self.open_queue else f"mode {self.mode}"
            raise ValueError(f"adapt belongs to mode queue or links, not to {mode}; remove it, or change the mode")
        if self.adapt.most <= self.overlap:
            raise ValueError(
                f"adapt.most ({self.adapt.most}) is not above overlap ({self.overlap}), so nobody more would be "
                "asked; raise it, or lower the overlap"
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


class Gold(Section):
    """Rows whose right answers are known, among the others and unmarked.

    ``file``: JSON Lines next to the project file, ``{"id": row id, "gold": {question: value}}``; without it, those
    rows whose extension has ``gold``. ``rate``: the share of the plan's slots that are on gold rows.
    """

    file: Annotated[str, Field(min_length=1)] | None = None
    rate: Annotated[float, Field(ge=0, lt=1, strict=False)] = 0.05


class Practice(Section):
    """Newcomers answer gold rows first and get their part of the plan when enough of them are right.

    ``gold``: gold rows, the same for everybody, first in the queue. ``pass``: share of them that must be right.
    ``exempt``: usernames of annotators who get their part without it.
    """

    gold: Annotated[int, Field(ge=1)] = 10
    pass_: Annotated[float, Field(alias="pass", gt=0, le=1, strict=False)] = 0.8
    exempt: list[Username] = []


class Adjudication(Section):
    """Who decides where people disagree.

    ``reviewers``: usernames; an account is made if none exists. ``threshold``: records whose disagreement, 0
    to 1, is above it are reviewed.
    """

    reviewers: Annotated[list[Username], Field(min_length=1)]
    threshold: Annotated[float, Field(ge=0, lt=1, strict=False)] = 0.5
