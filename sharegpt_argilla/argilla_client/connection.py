"""Connections to an Argilla server: by API key for the commands, by name and password for the dashboard.

Calls take and return JSON, and raise errors of our own tree only.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx

from sharegpt_argilla.common.http_calls import NoAnswerError, call
from sharegpt_argilla.errors import (
    CredentialsError,
    ServerRefusedError,
    ServerUnreachableError,
    SharegptArgillaError,
)
from sharegpt_argilla.settings import Connection, answers_at

OLDEST = (2, 4)
"""The first Argilla that can be used: 2.0 has neither chat fields nor an order by id. Tried: 2.4, 2.6 and 2.8."""

NEWEST = (2, 8)
"""The last Argilla that was tried."""

ATTEMPTS = 4
"""How often a call is made before an unreachable server is reported; the waits are 0.5, 1 and 2 seconds."""

TIMEOUT = 60
"""Seconds that one call may take; a bulk upsert on a busy server takes several."""

_BUSY = frozenset({500, 502, 503, 504, httpx.codes.TOO_MANY_REQUESTS})
"""500 is what argilla-server answers when two commands write the same records at once."""

_EXISTS = frozenset({httpx.codes.CONFLICT, httpx.codes.UNPROCESSABLE_ENTITY})
"""How argilla-server refuses what exists, or is published, already."""


class ArgillaClient:
    """A signed-in connection, to be closed or used as a context.

    Every method raises ServerUnreachableError, CredentialsError or ServerRefusedError, never an error of
    httpx. Calls are repeated while the server cannot be reached, also where only the answer was lost; all that
    this package sends may be sent twice without harm. What makes something new uses `create`.

    Attributes:
        url: the server's address.
        username: whose API key this is.
        role: ``owner``, ``admin`` or ``annotator``.
        version: the server's, major and minor; that of a new one where it does not tell.
    """

    def __init__(
        self, url: str, http: httpx.Client, username: str, role: str, version: tuple[int, int] = NEWEST
    ) -> None:
        self.url = url
        self.username = username
        self.role = role
        self.version = version
        self._http = http

    def __enter__(self) -> ArgillaClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON answer to a GET."""
        return self._call("GET", path, params=params)

    def post(self, path: str, json: object, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON answer to a POST."""
        return self._call("POST", path, json=json, params=params)

    def create(self, path: str, json: object, *, listing: str, same: Callable[[Mapping[str, Any]], bool]) -> Any:
        """The answer to a POST that makes something; if it exists already, what exists.

        It does when the answer to an earlier attempt was lost, or when another command made it meanwhile.

        Args:
            path: where to send it.
            json: what to make.
            listing: the path whose ``items`` contain what exists.
            same: whether one of them is it.
        """
        try:
            return self.post(path, json)
        except RefusedError as error:
            if error.status not in _EXISTS:
                raise
            existing = next(filter(same, self.get(listing)["items"]), None)
            if existing is None:
                raise
            return existing

    def put(self, path: str, json: object | None = None) -> Any:
        """The JSON answer to a PUT."""
        return self._call("PUT", path, json=json)

    def patch(self, path: str, json: object) -> Any:
        """The JSON answer to a PATCH."""
        return self._call("PATCH", path, json=json)

    def delete(self, path: str) -> None:
        """Delete what is at the path; what is gone already, by an attempt whose answer was lost, is deleted."""
        try:
            self._call("DELETE", path)
        except RefusedError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise

    def lines(self, path: str, json: object) -> Iterator[bytes]:
        """The lines of the answer to a POST, as they come.

        This call alone is not repeated: who reads knows where to resume.
        """
        try:
            with self._http.stream("POST", path, json=json) as answer:
                if answer.status_code in _BUSY:
                    raise _unavailable(self.url, answer.status_code)
                if not answer.is_success:
                    answer.read()
                    raise _refusal(self.url, answer)
                yield from _lines(answer)
        except httpx.TransportError as error:
            raise ServerUnreachableError(_unreachable(self.url, error)) from None

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        return _ask(self.url, self._http, method, path, **arguments)


def _lines(answer: httpx.Response) -> Iterator[bytes]:
    """The whole lines; several times as fast as httpx's own, which decodes all text first.

    What follows the last line feed is part of a line that was cut off.
    """
    rest = b""
    for piece in answer.iter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines


def _ask(url: str, http: httpx.Client, method: str, path: str, **arguments: Any) -> Any:
    """The JSON answer to a call that is repeated while the server cannot be reached."""

    def read(response: httpx.Response) -> Any:
        # It was read whole. Its stream refers to it, and so each page, and what unpacked it, would stay in memory
        # until the garbage collector comes by.
        response.stream = httpx.ByteStream(b"")
        if response.is_success:
            return _json(url, response)
        raise _refusal(url, response)

    try:
        return call(http, method, path, attempts=ATTEMPTS, read=read, busy=_BUSY, **arguments)
    except NoAnswerError as error:
        if error.status is not None:
            raise _unavailable(url, error.status) from None
        raise ServerUnreachableError(_unreachable(url, error)) from None


class RefusedError(ServerRefusedError):
    """A refusal with its HTTP status.

    Attributes:
        status: the HTTP status code.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def connect(connection: Connection) -> ArgillaClient:
    """Sign in, and ask for the version; two calls, which are repeated like any other.

    Raises:
        ServerUnreachableError: nothing answers at the address.
        CredentialsError: the server refuses the key.
        ServerRefusedError: the server that answers is not an Argilla, or one before `OLDEST`.
    """
    url = connection.api_url
    with ExitStack() as stack:
        try:
            headers = {"X-Argilla-Api-Key": connection.api_key}
            http = _client(connection, headers=headers, timeout=TIMEOUT, verify=_trust(url))
            stack.callback(http.close)
            username, role = _whoami(url, http)
            version = _checked_version(url, http)
        except httpx.InvalidURL as error:
            raise ServerUnreachableError(_unreachable(url, error)) from None
        except UnicodeEncodeError:
            # HTTP headers are ASCII, and so are Argilla's keys.
            raise _wrong_key(url) from None
        stack.pop_all()
    return ArgillaClient(url, http, username, role, version)


def _client(connection: Connection, path: str = "", **options: Any) -> httpx.Client:
    """A client that sends nothing to the address of an embedded Argilla which does not listen there.

    While it is stopped another user of the machine may. Each new connection is looked at after it was made and
    before anything is sent: whoever listens then has taken it.
    """
    url, home = connection.api_url, connection.home
    if home is None:
        return httpx.Client(base_url=url + path, **options)

    def check(event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete" and not answers_at(home, url):
            info["return_value"].close()
            raise httpx.ConnectError(f"the embedded one of {home.path} does not run; something else listens there")

    def watch(request: httpx.Request) -> None:
        request.extensions["trace"] = check

    return httpx.Client(base_url=url + path, event_hooks={"request": [watch]}, **options)


def _trust(url: str) -> ssl.SSLContext:
    """Whose certificates count. Reading the list of them takes 50 ms, and plain HTTP needs none."""
    return httpx.create_ssl_context() if url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _whoami(url: str, http: httpx.Client) -> tuple[str, str]:
    """The name and the role of the key's account."""
    try:
        answer = _ask(url, http, "GET", "/api/v1/me")
    except RefusedError:
        raise _no_argilla(url) from None
    match answer:
        case {"username": str(username), "role": str(role)}:
            return username, role
    raise _no_argilla(url)


def _checked_version(url: str, http: httpx.Client) -> tuple[int, int]:
    """Refuse an Argilla that is too old; one that does not tell its version is taken for a new one."""
    try:
        answer = _ask(url, http, "GET", "/api/v1/version")
    except RefusedError:
        return NEWEST
    version = str(answer.get("version", "")) if isinstance(answer, dict) else ""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if not numbers:
        return NEWEST
    if (found := (int(numbers[1]), int(numbers[2]))) < OLDEST:
        raise ServerRefusedError(
            f"{url} is Argilla {version}, and {'.'.join(map(str, OLDEST))} or later is needed; upgrade the server"
        )
    return found


def _unavailable(url: str, status: int) -> ServerUnreachableError:
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return ServerUnreachableError(f"{url} answers {status}, too many requests; wait a minute and try again")
    return ServerUnreachableError(f"{url} answers {status}; is Argilla still starting?")


def _unreachable(url: str, error: Exception) -> str:
    return (
        f"no Argilla answers at {url} ({str(error) or type(error).__name__}); "
        "start one with `sharegpt-argilla serve` or fix ARGILLA_API_URL"
    )


def _wrong_key(url: str) -> CredentialsError:
    return CredentialsError(
        f"{url} refuses the API key; take the one on the user's settings page (ARGILLA_API_KEY)"
    )


def _json(url: str, response: httpx.Response) -> Any:
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        kind = response.headers.get("content-type", "").partition(";")[0].strip()
        if kind == "application/json":
            raise NoAnswerError("its answer was cut off") from None
        raise _no_argilla(url, kind) from None


def _no_argilla(url: str, kind: str = "") -> ServerRefusedError:
    """``kind`` is the type of what came instead; a page is what the sign-in of a hotel's network sends."""
    what = f" (it sent {kind[:40]}; a proxy or a network that wants a sign-in may be between)" if kind else ""
    return ServerRefusedError(f"{url} answers, but not as Argilla{what}; is the address (ARGILLA_API_URL) right?")


def _refusal(url: str, response: httpx.Response) -> SharegptArgillaError:
    status, detail = response.status_code, _detail(response)
    if status == httpx.codes.UNAUTHORIZED:
        return _wrong_key(url)
    if response.is_redirect or status == httpx.codes.NETWORK_AUTHENTICATION_REQUIRED:
        return _no_argilla(url, f"{status} {response.reason_phrase}")
    if status == httpx.codes.FORBIDDEN:
        return CredentialsError(
            f"the account of this API key may not do that at {url} ({response.request.method} "
            f"{response.request.url.path}); use an owner's or an admin's key"
        )
    return RefusedError(
        f"{url} refused {response.request.method} {response.request.url.path} with {status}: {detail}", status
    )


def _detail(response: httpx.Response) -> str:
    """What the server says is wrong, without the values that it repeats: they are people's texts."""
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return response.reason_phrase
    if isinstance(detail, str):
        return detail.splitlines()[0][:300] if detail else response.reason_phrase
    errors = detail.get("params", {}).get("errors", []) if isinstance(detail, dict) else detail
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        where = ".".join(str(part) for part in errors[0].get("loc", ()))
        return f"{where}: {errors[0].get('msg', '')}"[:300]
    return str(detail.get("code", response.reason_phrase)) if isinstance(detail, dict) else response.reason_phrase


SIGN_IN_TIMEOUT = 15
"""Seconds that one call may take."""


@dataclass(frozen=True)
class Account:
    """Who signed in, and where Argilla lets them.

    Attributes:
        username: the account's name.
        role: ``owner``, ``admin`` or ``annotator``.
        workspaces: names of those that the account sees.
        token: what `look_up` takes instead of name and password, for a day.
    """

    username: str
    role: str
    workspaces: frozenset[str]
    token: str = field(default="", repr=False, compare=False)


def sign_in(connection: Connection, username: str, password: str) -> Account:
    """Ask Argilla for a token with name and password, and who that is.

    Raises:
        ServerUnreachableError: nothing answers at the address.
        CredentialsError: name or password is wrong, or was wrong too often.
        ServerRefusedError: something else than an Argilla answers.
    """

    def ask(http: httpx.Client) -> str:
        answer = http.post("/token", data={"username": username, "password": password})
        _check(connection.api_url, answer)
        return str(answer.json()["access_token"])

    return _account(connection, ask)


def look_up(connection: Connection, token: str) -> Account:
    """Who a token belongs to now, and what they may do.

    Raises:
        ServerUnreachableError: nothing answers at the address.
        CredentialsError: the account is gone, or the token too old.
        ServerRefusedError: something else than an Argilla answers.
    """
    return _account(connection, lambda _http: token)


def _account(connection: Connection, ask: Callable[[httpx.Client], str]) -> Account:
    url = connection.api_url
    try:
        with _client(connection, "/api/v1", timeout=SIGN_IN_TIMEOUT) as http:
            token = ask(http)
            http.headers["Authorization"] = f"Bearer {token}"
            me, workspaces = http.get("/me"), http.get("/me/workspaces")
            _check(url, me)
            _check(url, workspaces)
            names = frozenset(item["name"] for item in workspaces.json()["items"])
            return Account(me.json()["username"], me.json()["role"], names, token)
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
