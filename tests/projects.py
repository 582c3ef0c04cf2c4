"""A project of a test's own on an Argilla that tests share: own workspace, dataset and people."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import httpx
import yaml

from sharegpt_argilla.rows import Pair, Row, build_row, dump_row
from sharegpt_argilla.settings import Connection, Home, find_password
from tests.embedded import PATIENCE

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"
ANSWER = {"quality": 6, "intent": ["code", "open_qa"], "toxicity": "none"}


@dataclass(frozen=True)
class TestProject:
    """A configuration on disk and the Argilla that it is for."""

    __test__ = False

    config: Path
    connection: Connection
    home: Home
    workspace: str
    dataset: str
    people: Sequence[str]

    def rewrite(self, **sections: object) -> None:
        """Replace whole sections of the configuration."""
        content = yaml.safe_load(self.config.read_text(encoding="utf-8"))
        text = yaml.safe_dump({**content, **sections}, allow_unicode=True, sort_keys=False)
        self.config.write_text(text, encoding="utf-8")

    def owner(self) -> httpx.Client:
        """REST calls with the owner's key."""
        headers = {"X-Argilla-Api-Key": self.connection.api_key}
        return httpx.Client(base_url=self.connection.api_url, headers=headers, timeout=PATIENCE)

    def annotator(self, username: str) -> Annotator:
        """Somebody of the project, signed in with the password of the credentials sheet."""
        password = find_password(self.home, username, self.connection.api_url)
        assert password
        return Annotator(self, username, password)

    def dataset_id(self) -> str:
        with self.owner() as owner:
            found = owner.get("/api/v1/me/datasets").json()["items"]
        (dataset,) = [item for item in found if item["name"] == self.dataset]
        return dataset["id"]


class Annotator:
    """What the page does for a person, through the same calls."""

    def __init__(self, project: TestProject, username: str, password: str) -> None:
        self.username = username
        self.password = password
        self.dataset_id = project.dataset_id()
        self._url = project.connection.api_url
        self._headers: dict[str, str] = {}
        form = {"username": username, "password": password}
        self._headers["Authorization"] = f"Bearer {self._call('POST', '/api/v1/token', data=form)['access_token']}"
        self.user_id = UUID(self._call("GET", "/api/v1/me")["id"])

    def pending(self, limit: int = 100) -> list[dict[str, Any]]:
        """The next records of the person's queue."""
        answered = {"entity": "response", "property": "status"}
        record = {"entity": "record", "property": "status"}
        filters = [{"type": "terms", "scope": scope, "values": ["pending"]} for scope in (answered, record)]
        return self.search({"filters": {"and": filters}}, limit)

    def search(self, query: dict[str, Any], limit: int = 100) -> list[dict[str, Any]]:
        """Records as the page finds them."""
        path = f"/api/v1/me/datasets/{self.dataset_id}/records/search"
        answer = self._call("POST", path, json=query, params={"limit": limit, "include": "responses"})
        return [item["record"] for item in answer["items"]]

    def answer(self, record_id: str, status: str = "submitted", values: dict[str, Any] | None = None) -> str:
        """Submit, draft or discard; returns the id of the response."""
        body: dict[str, Any] = {"status": status}
        if values is not None:
            body["values"] = {name: {"value": value} for name, value in values.items()}
        return self._call("POST", f"/api/v1/records/{record_id}/responses", json=body)["id"]

    def change(self, response_id: str, values: dict[str, Any]) -> None:
        """Edit a submitted answer."""
        body = {"status": "submitted", "values": {name: {"value": value} for name, value in values.items()}}
        self._call("PUT", f"/api/v1/responses/{response_id}", json=body)

    def withdraw(self, response_id: str) -> None:
        """Take an answer back altogether."""
        self._call("DELETE", f"/api/v1/responses/{response_id}")

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        response = httpx.request(method, self._url + path, headers=self._headers, timeout=PATIENCE, **arguments)
        assert response.is_success, response.text
        return response.json()


def write_project(folder: Path, connection: Connection, home: Home, name: str) -> TestProject:
    """The project that ships, under names that no other test uses."""
    content = yaml.safe_load((ROOT / "dataset-config.yml").read_text(encoding="utf-8"))
    people = [f"{person['username']}-{name}" for person in content["people"]]
    content |= {
        "workspace": f"workspace-{name}",
        "dataset": f"dataset-{name}",
        "people": [{"username": username} for username in people],
    }
    config = folder / "dataset-config.yml"
    config.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    (folder / "guidelines.md").write_bytes((ROOT / "guidelines.md").read_bytes())
    return TestProject(config, connection, home, content["workspace"], content["dataset"], people)


def some_rows(count: int, session: str = "s") -> list[Row]:
    """Rows of one conversation, written for the purpose."""
    return [
        build_row(
            Pair(
                f"Question **{n}** about rain?", f"Answer {n}.", session, n, "vicuna", "ShareGPT", "human", "gpt"
            ),
            "20230511 15:56:03",
        )
        for n in range(1, count + 1)
    ]


def write_rows(path: Path, rows: Sequence[Row]) -> Path:
    """The rows as a file."""
    path.write_text("".join(dump_row(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read_annotations(path: Path) -> dict[str, dict[str, Any]]:
    """Row id -> what an export put under 标注, for the rows that have it."""
    annotations = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        extension = json.loads(row["元数据"]["扩展字段"])
        if "标注" in extension:
            annotations[row["id"]] = extension["标注"]
    return annotations


def load_generator() -> ModuleType:
    """docs/generate.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    return generate
