"""owner.json: username, password and API key of the owner of an embedded Argilla."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from sharegpt_argilla.errors import InputError
from sharegpt_argilla.settings import Home, read_json, write_private

OWNER_USERNAME = "owner"
"""Not "argilla": that name goes with a default password that everybody knows."""

PASSWORD, API_KEY = "SHAREGPT_ARGILLA_OWNER_PASSWORD", "SHAREGPT_ARGILLA_OWNER_API_KEY"
"""Environment variables for the first start of a home folder."""
SHORTEST_PASSWORD, SHORTEST_KEY = 12, 32
"""Characters. A key is never slowed down as sign-ins are, so it has to be long."""


@dataclass(frozen=True)
class Owner:
    """The content of owner.json. ``password`` is the first one; the owner may have changed it since."""

    username: str
    password: str
    api_key: str


def new_owner(environ: Mapping[str, str] = MappingProxyType({})) -> Owner:
    """An owner with the password and the key of the environment; what it does not contain is random.

    Random: 24 characters, and a key of argilla-server's length.

    Args:
        environ: may contain `PASSWORD` and `API_KEY`, as the secrets of a container.

    Raises:
        InputError: one of them is too short.
    """
    return Owner(
        OWNER_USERNAME,
        _secret(environ, PASSWORD, SHORTEST_PASSWORD) or secrets.token_urlsafe(18),
        _secret(environ, API_KEY, SHORTEST_KEY) or secrets.token_urlsafe(64),
    )


def _secret(environ: Mapping[str, str], name: str, shortest: int) -> str:
    secret = environ.get(name, "")
    if secret and len(secret) < shortest:
        raise InputError(f"{name}: {len(secret)} characters are too few; give at least {shortest}")
    return secret


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
