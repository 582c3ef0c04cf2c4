"""Signing in with a person's own account, as the page of Argilla does."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from sharegpt_argilla.errors import CredentialsError, ServerRefusedError, ServerUnreachableError

TIMEOUT = 15
"""Seconds that one call may take."""


@dataclass(frozen=True)
class Account:
    """Who signed in, and where Argilla lets them.

    Attributes:
        username: the account's name.
        role: ``owner``, ``admin`` or ``annotator``.
        workspaces: names of those that the account sees.
    """

    username: str
    role: str
    workspaces: frozenset[str]


def sign_in(url: str, username: str, password: str) -> Account:
    """Ask Argilla for a token with name and password, and who that is. The token is not kept.

    Raises:
        ServerUnreachableError: nothing answers at the address.
        CredentialsError: name or password is wrong, or was wrong too often.
        ServerRefusedError: something answers that is no Argilla.
    """
    try:
        with httpx.Client(base_url=f"{url}/api/v1", timeout=TIMEOUT) as http:
            answer = http.post("/token", data={"username": username, "password": password})
            _check(url, answer)
            http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            me, workspaces = http.get("/me"), http.get("/me/workspaces")
            _check(url, me)
            _check(url, workspaces)
            names = frozenset(item["name"] for item in workspaces.json()["items"])
            return Account(me.json()["username"], me.json()["role"], names)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise ServerUnreachableError(f"no Argilla answers at {url}; try again when it runs") from error
    except (ValueError, KeyError, TypeError):
        raise ServerRefusedError(f"{url} answers, but not as Argilla") from None


def _check(url: str, answer: httpx.Response) -> None:
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise CredentialsError("name or password is wrong")
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise CredentialsError("wrong too often; wait a minute and try again")
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise ServerUnreachableError(f"{url} answers {answer.status_code}; try again when it runs")
    if not answer.is_success:
        raise ServerRefusedError(f"{url} refused to sign in: {answer.status_code}")
