"""kill -9 of every process at random moments of loading and annotating: nothing acknowledged is lost.

``CRASH_ROUNDS=30`` kills thirty times instead of four; ``CRASH_SEED`` repeats a run.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.embedded import PATIENCE, EmbeddedArgilla, embedded_argilla, server_database, wait_until
from tests.live.rest import owner_of, texts

pytestmark = [pytest.mark.live, pytest.mark.slow]

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "4"))
SEED = int(os.environ.get("CRASH_SEED", "7"))
PROCESSES = ("server", "worker", "redis", "launcher")
BATCH = 20
ANNOTATORS = 2


class Client(threading.Thread):
    """Somebody whose program tries again what failed, for as long as a restart may take."""

    def __init__(self, argilla: EmbeddedArgilla, api_key: str, dataset: str) -> None:
        super().__init__()
        self.dataset = dataset
        self.done = 0
        self.failure: BaseException | None = None
        self._ended = threading.Event()
        self._http = httpx.Client(
            base_url=f"{argilla.api_url}/api/v1", headers={"X-Argilla-Api-Key": api_key}, timeout=30
        )

    def end(self) -> None:
        self._ended.set()
        self.join(PATIENCE)
        self._http.close()
        assert not self.is_alive()

    def run(self) -> None:
        try:
            while not self._ended.is_set():
                self.work()
                self.done += 1
        except BaseException as error:
            self.failure = error

    def work(self) -> None:
        """One piece of work, acknowledged when this returns."""
        raise AssertionError

    def ask(self, method: str, path: str, fine: tuple[int, ...] = (200, 201), **arguments: Any) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self._http.request(method, path, **arguments)
                if answer.status_code in fine:
                    return answer
                problem = f"{answer.status_code} {answer.text[:300]}"
                assert answer.status_code >= 500, f"{method} {path}: {problem}"
            except httpx.TransportError as error:
                problem = repr(error)
            assert time.monotonic() < deadline, f"{method} {path} never succeeded: {problem}"
            time.sleep(0.1)


class Loader(Client):
    """Upserts one batch of records after the other."""

    def work(self) -> None:
        items = texts(BATCH, begin=1 + self.done * BATCH)
        self.ask("PUT", f"/datasets/{self.dataset}/records/bulk", json={"items": items})

    @property
    def acknowledged(self) -> set[str]:
        return {f"r{number}" for number in range(1, 1 + self.done * BATCH)}


class Annotator(Client):
    """Answers the next record of the queue; ``acknowledged`` are the ratings that the server took, by record."""

    def __init__(self, argilla: EmbeddedArgilla, api_key: str, dataset: str) -> None:
        super().__init__(argilla, api_key, dataset)
        self.acknowledged: dict[str, int] = {}

    def work(self) -> None:
        scope = {"entity": "response", "property": "status"}
        pending = {"filters": {"and": [{"type": "terms", "scope": scope, "values": ["pending"]}]}}
        path = f"/me/datasets/{self.dataset}/records/search"
        items = self.ask("POST", path, json=pending, params={"limit": 1}).json()["items"]
        if not items:
            time.sleep(0.1)
            return
        record, rating = items[0]["record"]["id"], 1 + self.done % 7
        body = {"status": "submitted", "values": {"quality": {"value": rating}}}
        # 409: it was stored before the answer to it was lost.
        answer = self.ask("POST", f"/records/{record}/responses", fine=(201, 409), json=body)
        if answer.status_code == 409:
            self.acknowledged.setdefault(record, rating)
        else:
            self.acknowledged[record] = rating


def crash(argilla: EmbeddedArgilla, name: str) -> None:
    """kill -9, and what happens afterwards by itself; a launcher is what its owner starts again."""
    if name == "launcher":
        argilla.kill()
        argilla.start()
        for child in PROCESSES[:3]:
            argilla.wait_for_child(child)
        return
    before = argilla.wait_for_child(name)
    argilla.kill_child(name)
    argilla.wait_for_child(name, other_than=before)


def all_went_on(clients: Sequence[Client], steps: Sequence[int]) -> bool:
    """Whether each client has done more than the step, or failed."""
    return all(client.failure or client.done > step for client, step in zip(clients, steps, strict=True))


@contextmanager
def clients_at_work(
    argilla: EmbeddedArgilla, workspace: str = "crashes"
) -> Iterator[tuple[str, Loader, list[Annotator]]]:
    """A dataset that one client loads and others annotate until the block ends."""
    with owner_of(argilla) as owner:
        distribution = {"strategy": "overlap", "min_submitted": 2}
        dataset = owner.dataset(workspace, workspace, distribution=distribution)
        names = [f"{workspace}-person{number}" for number in range(ANNOTATORS)]
        for name in names:
            owner.user(name, workspace=workspace)
        keys = {item["username"]: item["api_key"] for item in owner("GET", "/users")["items"]}
    loader = Loader(argilla, argilla.api_key, dataset)
    annotators = [Annotator(argilla, keys[name], dataset) for name in names]
    for client in (loader, *annotators):
        client.start()
    try:
        yield dataset, loader, annotators
    finally:
        for client in (loader, *annotators):
            client.end()


def stored_records(argilla: EmbeddedArgilla, dataset: str) -> dict[str, dict[str, Any]]:
    """All records with their responses, as the database has them, by id."""
    records: dict[str, dict[str, Any]] = {}
    with owner_of(argilla) as owner:
        for offset in range(0, 1_000_000, 500):
            path = f"/datasets/{dataset}/records"
            page = owner("GET", path, include="responses", offset=offset, limit=500)["items"]
            records.update({record["id"]: record for record in page})
            if len(page) < 500:
                return records
    raise AssertionError("the list of records does not end")


def counted(argilla: EmbeddedArgilla, dataset: str, body: dict[str, Any]) -> int:
    """How many records the index finds."""
    with owner_of(argilla) as owner:
        return owner("POST", f"/datasets/{dataset}/records/search", body, limit=1)["total"]


def submitted(record: dict[str, Any]) -> int:
    return sum(response["status"] == "submitted" for response in record["responses"])


def check_agreement(argilla: EmbeddedArgilla, dataset: str, records: dict[str, dict[str, Any]]) -> None:
    """Database and index count the same, and a search finds every record."""
    status = {"type": "terms", "scope": {"entity": "response", "property": "status"}, "values": ["submitted"]}
    assert counted(argilla, dataset, {}) == len(records)
    assert counted(argilla, dataset, {"query": {"text": {"q": "rain"}}}) == len(records)
    answered = [record for record in records.values() if submitted(record)]
    assert counted(argilla, dataset, {"filters": {"and": [status]}}) == len(answered)
    completed = [record for record in records.values() if record["status"] == "completed"]
    assert completed == [record for record in records.values() if submitted(record) >= 2]
    with owner_of(argilla) as owner:
        progress = owner("GET", f"/datasets/{dataset}/progress")
    assert progress["completed"] == len(completed)
    assert progress["total"] == len(records)


def passes(check: Callable[[], None]) -> bool:
    try:
        check()
    except AssertionError:
        return False
    return True


def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    victims = [name for _ in range(-(-ROUNDS // 4)) for name in chance.sample(PROCESSES, 4)][:ROUNDS]
    with embedded_argilla(tmp_path) as argilla:
        argilla.wait_for_child("worker")
        with clients_at_work(argilla) as (dataset, loader, annotators):
            for victim in victims:
                steps = [client.done for client in (loader, *annotators)]
                time.sleep(chance.uniform(0.1, 1.5))  # the random moment
                crash(argilla, victim)
                wait_until(
                    partial(all_went_on, [loader, *annotators], steps),
                    f"everybody to continue after kill -9 of the {victim}",
                )
        check_nothing_lost(argilla, dataset, loader, annotators)


def check_nothing_lost(
    argilla: EmbeddedArgilla, dataset: str, loader: Loader, annotators: Sequence[Annotator]
) -> None:
    """All that was acknowledged is there, in the database and the index alike."""
    assert [client.failure for client in (loader, *annotators)] == [None] * (1 + ANNOTATORS)
    records = stored_records(argilla, dataset)
    assert loader.acknowledged <= {record["external_id"] for record in records.values()}
    ratings = [
        {
            (record["id"], response["values"]["quality"]["value"])
            for record in records.values()
            for response in record["responses"]
            if response["user_id"] == person
        }
        for person in annotators_of(argilla, dataset)
    ]
    for annotator, stored in zip(annotators, ratings, strict=True):
        assert annotator.acknowledged
        assert set(annotator.acknowledged.items()) <= stored
    check_agreement(argilla, dataset, records)


def annotators_of(argilla: EmbeddedArgilla, dataset: str) -> list[str]:
    """The ids of the annotators, in the order of their names."""
    with owner_of(argilla) as owner:
        workspace = owner("GET", f"/datasets/{dataset}")["workspace_id"]
        members = owner("GET", f"/workspaces/{workspace}/users")["items"]
    return [item["id"] for item in sorted(members, key=lambda item: item["username"])]


def test_a_record_whose_status_was_not_written_is_complete_after_a_start(tmp_path: Path) -> None:
    """The server commits a response, then the status; a kill between the two cannot be timed from outside."""
    with embedded_argilla(tmp_path) as argilla:
        with owner_of(argilla) as owner:
            dataset = owner.dataset("crashes", "status", distribution={"strategy": "overlap", "min_submitted": 1})
            answered, unanswered = owner.load(dataset, texts(2))
            owner.answer(answered, quality=4)
        argilla.kill()
        with server_database(argilla.home) as database:
            database.execute(text("UPDATE records SET status = 'pending'"))
        argilla.start()
        records = stored_records(argilla, dataset)
        assert records[answered]["status"] == "completed"
        assert records[unanswered]["status"] == "pending"
        with owner_of(argilla) as owner:
            progress = owner("GET", f"/datasets/{dataset}/progress")
        assert (progress["completed"], progress["pending"]) == (1, 1)
