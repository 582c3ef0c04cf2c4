"""Each thing that Argilla does in addition to annotating, once, on the embedded server."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.embedded import PATIENCE, EmbeddedArgilla, embedded_argilla, wait_until
from tests.live.rest import PASSWORD, RATING, TEXT_FIELD, Rest, owner_of, signed_in, texts

pytestmark = pytest.mark.live

WORKSPACE = "features"


class Receiver:
    """A web server that takes what webhooks deliver; it refuses the first ``refusals`` of them."""

    def __init__(self, refusals: int = 0) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.refused = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if receiver.refused < refusals:
                    receiver.refused += 1
                    self.send_response(500)
                else:
                    receiver.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
                    self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def events(self, kind: str) -> list[dict[str, Any]]:
        bodies = [json.loads(body) for _, body in self.received]
        return [body["data"] for body in bodies if body["type"] == kind]


@contextmanager
def receiving(owner: Rest, *events: str, refusals: int = 0) -> Iterator[tuple[Receiver, dict[str, Any]]]:
    """A receiver with a webhook for these events."""
    receiver = Receiver(refusals)
    thread = threading.Thread(target=receiver.server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{receiver.server.server_port}/hook"
    webhook = owner("POST", "/webhooks", {"url": url, "events": list(events)})
    try:
        yield receiver, webhook
    finally:
        owner("DELETE", f"/webhooks/{webhook['id']}")
        receiver.server.shutdown()
        thread.join()
        receiver.server.server_close()


@pytest.fixture
def owner(argilla: EmbeddedArgilla) -> Iterator[Rest]:
    with owner_of(argilla) as connection:
        yield connection


class TestWebhooks:
    def test_events_come_signed_and_with_their_data(self, argilla: EmbeddedArgilla, owner: Rest) -> None:
        dataset = owner.dataset(WORKSPACE, "webhooks")
        owner.user("hooked", workspace=WORKSPACE)
        kinds = ("record.created", "response.created", "record.completed")
        with receiving(owner, *kinds) as (receiver, webhook), signed_in(argilla.api_url, "hooked") as person:
            first, _ = owner.load(dataset, texts(2))
            person.answer(first, quality=4)
            wait_until(lambda: len(receiver.received) >= 4, "the events")

            created = receiver.events("record.created")
            assert sorted(item["external_id"] for item in created) == ["r1", "r2"]
            (response,) = receiver.events("response.created")
            assert response["values"] == {"quality": {"value": 4}}
            assert response["record"]["id"] == first
            (completed,) = receiver.events("record.completed")
            assert (completed["id"], completed["status"]) == (first, "completed")
            for headers, body in receiver.received:
                Webhook(webhook["secret"]).verify(body, headers)
        log = (argilla.home.logs / "worker.log").read_text()
        assert "Question 1 about rain" not in log

    def test_a_ping_reaches_this_machine_too(self, owner: Rest) -> None:
        with receiving(owner, "dataset.created") as (receiver, webhook):
            owner("POST", f"/webhooks/{webhook['id']}/ping")
            wait_until(lambda: bool(receiver.received), "the ping, which the server does not wait for")
            assert receiver.events("ping") == [{"agent": "argilla-server", "version": "2.8.0"}]

    @pytest.mark.slow
    def test_a_delivery_that_failed_is_tried_again(self, owner: Rest) -> None:
        with receiving(owner, "dataset.created", refusals=1) as (receiver, _):
            owner.dataset(WORKSPACE, "webhook-retried")
            wait_until(lambda: bool(receiver.received), "the second try, 10 seconds after the first")
            assert receiver.refused == 1
            assert receiver.events("dataset.created")[0]["name"] == "webhook-retried"


@pytest.mark.slow
def test_answers_count_while_redis_is_down_and_the_rest_follows_when_it_is_back(tmp_path: Path) -> None:
    with embedded_argilla(tmp_path) as argilla, owner_of(argilla) as owner:
        argilla.wait_for_child("worker")
        dataset = owner.dataset(WORKSPACE, "redis-down", distribution={"strategy": "overlap", "min_submitted": 2})
        first, second = owner.load(dataset, texts(2))
        owner.user("other", workspace=WORKSPACE)
        with signed_in(argilla.api_url, "other") as other:
            other.answer(second, quality=5)
        changed = owner.answer(second, "draft", quality=3)
        assert with_status(owner, dataset, "completed") == []
        kinds = ("response.created", "record.created")
        with receiving(owner, *kinds) as (receiver, _):
            # The launcher, which would start another Redis at once, is stopped.
            os.kill(argilla.pid, signal.SIGSTOP)
            try:
                argilla.kill_child("redis")
                owner.answer(first, quality=4)
                owner.load(dataset, texts(1, begin=3))
                owner("PUT", f"/responses/{changed['id']}", {"status": "submitted", "values": changed["values"]})
                assert found_submitted(owner, dataset) == sorted([first, second])
                # The answer that was changed is the second of two, and the server itself weighs the record then.
                assert with_status(owner, dataset, "completed") == [second]
                assert owner("GET", f"/datasets/{dataset}/progress")["total"] == 3
                # This is the worker's to do, once there is a Redis to tell it.
                owner(
                    "PATCH", f"/datasets/{dataset}", {"distribution": {"strategy": "overlap", "min_submitted": 1}}
                )
            finally:
                os.kill(argilla.pid, signal.SIGCONT)
            wait_until(lambda: len(with_status(owner, dataset, "completed")) == 2, "the worker's verdict")
            assert with_status(owner, dataset, "completed") == sorted([first, second])
            statuses = [owner("GET", f"/records/{record}")["status"] for record in (first, second)]
            assert statuses == ["completed", "completed"]
            wait_until(lambda: len(receiver.received) == 2, "the events")
            assert receiver.events("response.created")[0]["record"]["id"] == first
            assert receiver.events("record.created")[0]["external_id"] == "r3"


def found_submitted(owner: Rest, dataset: str) -> list[str]:
    return found(owner, dataset, "response", "submitted")


def with_status(owner: Rest, dataset: str, status: str) -> list[str]:
    return found(owner, dataset, "record", status)


def found(owner: Rest, dataset: str, entity: str, status: str) -> list[str]:
    """The ids, in their order, of the records whose status, or the status of whose answers, the index has so."""
    scope = {"entity": entity, "property": "status"}
    query = {"filters": {"and": [{"type": "terms", "scope": scope, "values": [status]}]}}
    items = owner("POST", f"/datasets/{dataset}/records/search", query)["items"]
    return sorted(item["record"]["id"] for item in items)


def test_a_change_of_min_submitted_reaches_old_records(argilla: EmbeddedArgilla, owner: Rest) -> None:
    dataset = owner.dataset(WORKSPACE, "distribution", distribution={"strategy": "overlap", "min_submitted": 2})
    owner.user("distributed", workspace=WORKSPACE)
    first, second = owner.load(dataset, texts(2))
    with signed_in(argilla.api_url, "distributed") as person:
        person.answer(first, "draft", quality=4)
        progress = owner("GET", f"/datasets/{dataset}/progress")
        assert (progress["completed"], progress["pending"]) == (0, 2)
        (draft,) = owner("GET", f"/records/{first}")["responses"]
        person("PUT", f"/responses/{draft['id']}", {"status": "submitted", "values": draft["values"]})
    assert owner("GET", f"/records/{first}")["status"] == "pending"

    owner("PATCH", f"/datasets/{dataset}", {"distribution": {"strategy": "overlap", "min_submitted": 1}})

    wait_until(lambda: with_status(owner, dataset, "completed") == [first], "the worker's verdict")
    assert owner("GET", f"/records/{second}")["status"] == "pending"


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedArgilla]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
        patch.setenv("HF_HUB_OFFLINE", "1")
        with embedded_argilla(tmp_path_factory.mktemp("offline")) as running:
            yield running


class TestHub:
    """Without a Hub its jobs fail and nothing else does."""

    @pytest.mark.slow
    def test_import_and_export_fail_and_leave_everything_as_it_was(self, offline: EmbeddedArgilla) -> None:
        with owner_of(offline) as owner:
            dataset = owner.dataset("w", "hub")
            mapping = {"fields": [{"source": "text", "target": "prompt"}]}
            request = {"name": "nobody/nothing", "subset": "default", "split": "train", "mapping": mapping}
            importing = owner("POST", f"/datasets/{dataset}/import", request)
            owner.load(dataset, texts(3))
            request = {"name": "nobody/nothing", "token": "hf_not_a_real_token"}
            exporting = owner("POST", f"/datasets/{dataset}/export", request)
            for job in (importing, exporting):
                wait_until(lambda: owner("GET", f"/jobs/{job['id']}")["status"] == "failed", "the job's end", 240)  # noqa: B023
            assert owner("GET", f"/datasets/{dataset}/progress")["total"] == 3
        assert "hf_not_a_real_token" not in (offline.home.logs / "worker.log").read_text()


def test_share_your_progress_is_off(argilla: EmbeddedArgilla, owner: Rest) -> None:
    assert owner("GET", "/settings")["argilla"]["share_your_progress_enabled"] is False
    page = httpx.get(f"{argilla.api_url}/share-your-progress", timeout=PATIENCE)
    assert "imglab" not in page.text


def test_people_and_workspaces(argilla: EmbeddedArgilla, owner: Rest) -> None:
    dataset = owner.dataset("people", "people", guidelines="g")
    other = owner.dataset("people-elsewhere", "elsewhere")
    member, admin = owner.user("p-member", workspace="people"), owner.user("p-admin", "admin", workspace="people")
    owner.user("p-stranger")
    with signed_in(argilla.api_url, "p-member") as person:
        assert [item["name"] for item in person("GET", "/me/workspaces")["items"]] == ["people"]
        assert person.http.get(f"/api/v1/datasets/{other}").status_code == 403
        assert person.http.get("/api/v1/users").status_code == 403
        assert person.http.patch(f"/api/v1/datasets/{dataset}", json={"guidelines": "x"}).status_code == 403
    with signed_in(argilla.api_url, "p-admin") as person:
        assert person("PATCH", f"/datasets/{dataset}", {"guidelines": "new"})["guidelines"] == "new"
        assert person.http.post("/api/v1/workspaces", json={"name": "n"}).status_code == 403
    with signed_in(argilla.api_url, "p-stranger") as person:
        assert person("GET", "/me/datasets")["items"] == []

    owner("PATCH", f"/users/{member}", {"password": "another-password", "role": "admin"})
    with signed_in(argilla.api_url, "p-member", "another-password") as person:
        assert person("GET", "/me")["role"] == "admin"
    form = {"username": "p-member", "password": PASSWORD}
    assert httpx.post(f"{argilla.api_url}/api/v1/token", data=form, timeout=PATIENCE).status_code == 401
    workspace = owner("GET", f"/datasets/{dataset}")["workspace_id"]
    owner("DELETE", f"/workspaces/{workspace}/users/{admin}")
    members = owner("GET", f"/workspaces/{workspace}/users")["items"]
    assert [user["username"] for user in members] == ["p-member"]
    owner("DELETE", f"/users/{member}")
    assert "p-member" not in {user["username"] for user in owner("GET", "/users")["items"]}
    owner("DELETE", f"/datasets/{dataset}")
    owner("DELETE", f"/workspaces/{workspace}")
    assert "people" not in {item["name"] for item in owner("GET", "/me/workspaces")["items"]}


def test_vectors_find_what_is_near(owner: Rest) -> None:
    settings = {"name": "meaning", "title": "Meaning", "dimensions": 2}
    dataset = owner.dataset(WORKSPACE, "vectors", vectors=[settings])
    items = [item | {"vectors": {"meaning": [1.0, number]}} for number, item in enumerate(texts(5))]
    ids = owner.load(dataset, items)

    def near(limit: int = 3, **query: Any) -> list[str]:
        vector = {"name": "meaning", **query}
        path = f"/datasets/{dataset}/records/search"
        return [
            item["record"]["external_id"]
            for item in owner("POST", path, {"query": {"vector": vector}}, limit=limit)["items"]
        ]

    assert near(record_id=ids[0]) == ["r2", "r3", "r4"]
    assert near(record_id=ids[0], order="least_similar") == ["r5", "r4", "r3"]
    assert near(value=[0.1, 1.0], limit=1) == ["r5"]
    # argilla-server's own answer to this is an error.
    assert owner("GET", f"/records/{ids[1]}")["vectors"] == {"meaning": [1.0, 1.0]}
    owner("PATCH", f"/records/{ids[4]}", {"vectors": {"meaning": [1.0, 0.01]}})
    assert near(record_id=ids[0])[0] == "r5"
    wrong = owner.http.put(
        f"/api/v1/datasets/{dataset}/records/bulk", json={"items": [texts(1)[0] | {"vectors": {"meaning": [1.0]}}]}
    )
    assert wrong.status_code == 422


def test_chat_custom_and_image_fields_are_kept_and_found(owner: Rest) -> None:
    fields: list[dict[str, Any]] = [
        TEXT_FIELD,
        {"name": "chat", "title": "C", "settings": {"type": "chat", "use_markdown": True}},
        {"name": "own", "title": "O", "settings": {"type": "custom", "template": "{{own.a}}"}},
        {"name": "image", "title": "I", "settings": {"type": "image"}},
    ]
    dataset = owner.dataset(WORKSPACE, "field-kinds", fields=fields, questions=[RATING])
    values = {
        "prompt": "plain",
        "chat": [{"role": "user", "content": "weather in Lisbon"}, {"role": "assistant", "content": "sunny"}],
        "own": {"a": "porcelain", "deep": {"b": [1, None]}},
        "image": "https://images.example/kingfisher.png",
    }
    owner.load(dataset, [{"external_id": "all", "fields": values}, *texts(1)])
    (item,) = [i for i in owner("GET", f"/datasets/{dataset}/records")["items"] if i["external_id"] == "all"]
    assert item["fields"] == values

    def found(text: str, field: str | None = None) -> list[str]:
        query = {"query": {"text": {"q": text, "field": field}}}
        items = owner("POST", f"/datasets/{dataset}/records/search", query)["items"]
        return [item["record"]["external_id"] for item in items]

    assert found("Lisbon") == found("sunny", "chat") == found("porcelain", "own") == ["all"]
    assert found("kingfisher") == []
    bad = [{"fields": {**values, "chat": [{"role": "user"}]}}, {"fields": {**values, "image": "no address"}}]
    for body in bad:
        answer = owner.http.put(f"/api/v1/datasets/{dataset}/records/bulk", json={"items": [body]})
        assert answer.status_code == 422, answer.text
