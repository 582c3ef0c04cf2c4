"""People, and the file that they may stand in."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError
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
    """Somebody with an account; the password is made by ``setup-dataset`` and never stands here."""

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
        known = str(error["ctx"]["expected"]).replace("'", "")
        return f'unknown word "{error["input"]}"; known: {known}'
    return str(error.get("ctx", {}).get("error", error["msg"]))


def _checked(person: dict[str, str], where: str) -> dict[str, str]:
    try:
        Person.model_validate(person)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{where}: {first['loc'][0]}: {_plain(first)}") from None
    return person
