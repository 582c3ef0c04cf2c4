"""owner.json: username, password and API key of the owner of an embedded Argilla."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass

from sharegpt_argilla.errors import InputError
from sharegpt_argilla.settings import Home, read_json, write_private

OWNER_USERNAME = "owner"
"""Not "argilla": that name goes with a default password that everybody knows."""


@dataclass(frozen=True)
class Owner:
    """The content of owner.json. ``password`` is the first one; the owner may have changed it since."""

    username: str
    password: str
    api_key: str


def new_owner() -> Owner:
    """An owner with a random password of 24 characters and a random key of argilla-server's length."""
    return Owner(OWNER_USERNAME, secrets.token_urlsafe(18), secrets.token_urlsafe(64))


def read_owner(home: Home) -> Owner | None:
    """The owner of a home folder, or None if no server has run yet.

    Raises:
        InputError: the file is damaged.
    """
    if not home.owner.exists():
        return None
    content = read_json(home.owner)
    try:
        return Owner(content["username"], content["password"], content["api_key"])
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{home.owner}: username, password or api_key is missing; remove the file and start again"
        ) from error


def write_owner(home: Home, owner: Owner) -> None:
    """Write owner.json, mode 0600."""
    write_private(home.owner, json.dumps(asdict(owner), indent=2) + "\n")
