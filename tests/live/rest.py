"""Small datasets over REST, for tests that need a shape of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx

from tests.embedded import PATIENCE, EmbeddedArgilla

TEXT_FIELD = {"name": "prompt", "title": "Prompt", "required": True, "settings": {"type": "text"}}
RATING = {
    "name": "quality",
    "title": "Quality",
    "required": True,
    "settings": {"type": "rating", "options": [{"value": value} for value in range(1, 8)]},
}
COMMENT = {"name": "comment", "title": "Comment", "required": False, "settings": {"type": "text"}}
PASSWORD = "a-password-of-tests"


class Rest:
    """JSON in, JSON out, with one API key or token; anything but success is an AssertionError."""

    def __init__(self, url: str, **headers: str) -> None:
        self.http = httpx.Client(base_url=url, headers=headers, timeout=PATIENCE)

    def __enter__(self) -> Rest:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def __call__(self, method: str, path: str, json: object = None, **params: Any) -> Any:
        answer = self.http.request(method, f"/api/v1{path}", json=json, params=params)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def dataset(
        self,
        workspace: str,
        name: str,
        *,
        fields: list[dict[str, Any]] | None = None,
        questions: list[dict[str, Any]] | None = None,
        **other: Any,
    ) -> str:
        """Publish a dataset and return its id; the workspace is made when it is missing.

        ``other`` are ``metadata`` and ``vectors`` settings, and values for the dataset itself.
        """
        there = {item["name"]: item["id"] for item in self("GET", "/me/workspaces")["items"]}
        workspace_id = there.get(workspace) or self("POST", "/workspaces", {"name": workspace})["id"]
        parts = {
            "fields": fields or [TEXT_FIELD],
            "questions": questions or [RATING, COMMENT],
            "metadata-properties": other.pop("metadata", []),
            "vectors-settings": other.pop("vectors", []),
        }
        dataset_id = self("POST", "/datasets", {"name": name, "workspace_id": workspace_id, **other})["id"]
        for kind, bodies in parts.items():
            for body in bodies:
                self("POST", f"/datasets/{dataset_id}/{kind}", body)
        self("PUT", f"/datasets/{dataset_id}/publish")
        return dataset_id

    def load(self, dataset_id: str, items: list[dict[str, Any]]) -> list[str]:
        """Upsert records; returns their ids."""
        done = self("PUT", f"/datasets/{dataset_id}/records/bulk", {"items": items})
        return [item["id"] for item in done["items"]]

    def user(self, username: str, role: str = "annotator", workspace: str | None = None) -> str:
        """Make an account with the password of tests; returns its id."""
        body = {"username": username, "first_name": username, "role": role, "password": PASSWORD}
        user_id = self("POST", "/users", body)["id"]
        if workspace:
            there = {item["name"]: item["id"] for item in self("GET", "/me/workspaces")["items"]}
            self("POST", f"/workspaces/{there[workspace]}/users", {"user_id": user_id})
        return user_id

    def people(self, usernames: Iterable[str]) -> dict[str, Rest]:
        """Connections of these accounts, with their API keys: much faster than signing in."""
        keys = {item["username"]: item["api_key"] for item in self("GET", "/users")["items"]}
        url = str(self.http.base_url)
        return {name: Rest(url, **{"X-Argilla-Api-Key": keys[name]}) for name in usernames}

    def answer(self, record_id: str, status: str = "submitted", **values: Any) -> dict[str, Any]:
        """Answer a record as the account of this connection."""
        body = {"status": status, "values": {name: {"value": value} for name, value in values.items()}}
        return self("POST", f"/records/{record_id}/responses", body)


def owner_of(argilla: EmbeddedArgilla) -> Rest:
    return Rest(argilla.api_url, **{"X-Argilla-Api-Key": argilla.api_key})


def signed_in(url: str, username: str, password: str = PASSWORD) -> Rest:
    """The connection of somebody who signs in with a password."""
    answer = httpx.post(f"{url}/api/v1/token", data={"username": username, "password": password}, timeout=PATIENCE)
    assert answer.status_code == 201, answer.text
    return Rest(url, Authorization=f"Bearer {answer.json()['access_token']}")


def texts(count: int, begin: int = 1) -> list[dict[str, Any]]:
    """Records with one text field."""
    return [
        {"external_id": f"r{number}", "fields": {"prompt": f"Question {number} about rain"}}
        for number in range(begin, begin + count)
    ]
