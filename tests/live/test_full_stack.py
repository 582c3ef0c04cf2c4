"""The plug-in on PostgreSQL, Redis, OpenSearch and two server processes. ``FULL_STACK=1`` runs it: it needs Java,
Maven and PostgreSQL, and fetches OpenSearch the first time (tests/reference/full_stack.py)."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

import httpx
import pytest

from sharegpt_argilla.argilla_plugin.active_time import FIRST_CREDIT
from sharegpt_argilla.argilla_plugin.active_time_route import PATH
from sharegpt_argilla.argilla_plugin.team_options import ACTIVE_TIME
from tests.embedded import PATIENCE, wait_until
from tests.live.plans import PENDING, assigned, planned_dataset, queue, status
from tests.live.rest import Rest
from tests.reference.full_stack import FullStack, full_stack, missing

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.skipif(os.environ.get("FULL_STACK") != "1", reason="FULL_STACK=1 runs it"),
]

NAMES = ["full-ana", "full-ben", "full-cem"]


@dataclass
class Team:
    """A workspace with annotators, on a full stack."""

    stack: FullStack
    owner: Rest
    people: dict[str, Rest]


@pytest.fixture(scope="module")
def team() -> Iterator[Team]:
    assert not missing(), f"not installed: {missing()}"
    with (
        full_stack(extra={ACTIVE_TIME: "1"}) as stack,
        Rest(stack.api_url, **{"X-Argilla-Api-Key": stack.api_key}) as owner,
    ):
        owner("POST", "/workspaces", {"name": "full"})
        for name in NAMES:
            owner.user(name, workspace="full")
        people = owner.people(NAMES)
        yield Team(stack, owner, people)
        for person in people.values():
            person.http.close()


def capabilities(person: Rest) -> httpx.Response:
    return person.http.get("/api/sharegpt/capabilities")


def test_it_says_what_it_does(team: Team) -> None:
    told = capabilities(team.owner).json()
    assert (told["plans"], told["private_answers"], told["sign_in_limit"]) == ("enforced", True, True)
    assert httpx.get(f"{team.stack.api_url}/api/sharegpt/capabilities").status_code == 401


def test_everybody_finds_their_own_records_in_the_order_of_the_plan(team: Team) -> None:
    ana, ben, cem = NAMES
    ranks = random.Random(4).sample(range(1000), 12)
    plan = [([ana], rank) if rank % 3 else ([ana, ben], rank) for rank in ranks]
    visible = {"name": "tokens", "title": "t", "settings": {"type": "integer"}}
    dataset_id, ids = planned_dataset(team.owner, "full", "queues", plan, metadata=[visible])
    items = [
        {"id": key, "metadata": assigned(people, rank) | {"tokens": rank}}
        for key, (people, rank) in zip(ids, plan, strict=True)
    ]
    team.owner.load(dataset_id, items)
    in_order = [key for _, key in sorted(zip(ranks, ids, strict=True))]
    shared = [key for key, rank in sorted(zip(ids, ranks, strict=True), key=lambda pair: pair[1]) if not rank % 3]
    assert queue(team.people[ana], dataset_id) == in_order
    for query in ({}, {"query": {"text": {"q": "rain"}}}, PENDING):
        assert sorted(queue(team.people[ben], dataset_id, query)) == sorted(shared)
    assert queue(team.people[ben], dataset_id) == shared
    assert queue(team.people[cem], dataset_id) == []
    assert len(queue(team.owner, dataset_id, {})) == 12
    own = [rank for rank in ranks if not rank % 3]
    (tokens,) = team.people[ben]("GET", f"/me/datasets/{dataset_id}/metadata-properties")["items"]
    metrics = team.people[ben]("GET", f"/metadata-properties/{tokens['id']}/metrics")
    assert (metrics["min"], metrics["max"]) == (min(own), max(own))


def test_answers_are_private_and_progress_counts_what_is_theirs(team: Team) -> None:
    ana, ben = NAMES[:2]
    plan = [([ana, ben], 1), ([ana], 2), ([ben], 3)]
    dataset_id, (both, of_ana, of_ben) = planned_dataset(team.owner, "full", "private", plan)
    refused = team.people[ana].http.post(
        f"/api/v1/records/{of_ben}/responses", json={"status": "submitted", "values": {"quality": {"value": 3}}}
    )
    assert (refused.status_code, "is not assigned to" in refused.text) == (403, True)
    team.people[ana].answer(both, quality=5)
    metrics = team.people[ana]("GET", f"/me/datasets/{dataset_id}/metrics")["responses"]
    assert (metrics["total"], metrics["submitted"], metrics["pending"]) == (2, 1, 1)
    assert status(team.owner, both) == "pending"
    team.people[ben].answer(both, quality=4)
    assert status(team.owner, both) == "completed"
    answers = team.people[ben]("GET", f"/records/{both}")["responses"]
    assert [answer["values"]["quality"]["value"] for answer in answers] == [4]
    # What somebody answered stays theirs when the record goes to another.
    team.owner.load(dataset_id, [{"id": of_ana, "metadata": assigned([ben], 2)}])
    assert queue(team.people[ana], dataset_id) == []
    assert both in queue(team.people[ana], dataset_id, {})


def test_answers_to_one_record_at_the_same_moment_are_all_found(team: Team) -> None:
    dataset_id, ids = planned_dataset(team.owner, "full", "same-moment", [(NAMES, rank) for rank in range(20)])
    together = Barrier(len(NAMES))
    body = {"status": "submitted", "values": {"quality": {"value": 4}}}

    def work(name: str) -> set[int]:
        replies = set()
        for key in ids:
            together.wait(PATIENCE)
            replies.add(team.people[name].http.post(f"/api/v1/records/{key}/responses", json=body).status_code)
        return replies

    with ThreadPoolExecutor(len(NAMES)) as threads:
        assert list(threads.map(work, NAMES)) == [{201}] * len(NAMES)
    for person in team.people.values():
        assert queue(person, dataset_id) == []
    assert {status(team.owner, key) for key in ids} == {"completed"}
    assert team.owner("GET", f"/datasets/{dataset_id}/progress")["completed"] == len(ids), "in the index too"


def test_an_answer_and_its_records_status_are_found_and_forgotten_together(team: Team) -> None:
    ana = NAMES[0]
    dataset_id, (key,) = planned_dataset(team.owner, "full", "together", [([ana], 1)])

    def found(entity: str, *values: str) -> int:
        scope = {"entity": entity, "property": "status"}
        query = {"filters": {"and": [{"type": "terms", "scope": scope, "values": values}]}}
        return len(queue(team.people[ana], dataset_id, query))

    team.people[ana].answer(key, quality=5)
    assert (found("record", "completed"), found("response", "submitted")) == (1, 1)
    (answer,) = team.people[ana]("GET", f"/records/{key}")["responses"]
    team.people[ana]("DELETE", f"/responses/{answer['id']}")
    assert (found("record", "completed"), found("response", "submitted")) == (0, 0)


def test_three_people_answer_a_plan_at_once_and_every_answer_is_by_its_person(team: Team) -> None:
    """40 records, two people each and three for a tenth, the page's own requests, 20 draws at a time."""
    draw = random.Random(19)
    plan = [
        (NAMES if number % 10 == 0 else draw.sample(NAMES, 2), rank)
        for number, rank in enumerate(draw.sample(range(1000), 40))
    ]
    dataset_id, ids = planned_dataset(team.owner, "full", "at-once", plan)

    def work(name: str) -> list[str]:
        done: list[str] = []
        while waiting := queue(team.people[name], dataset_id, limit=5):
            team.people[name].answer(waiting[0], quality=draw.randrange(1, 8))
            done.append(waiting[0])
        return done

    with ThreadPoolExecutor(len(NAMES)) as threads:
        done = dict(zip(NAMES, threads.map(work, NAMES), strict=True))
    planned = list(zip(ids, plan, strict=True))
    expected = {name: {key for key, (people, _) in planned if name in people} for name in NAMES}
    assert {name: set(keys) for name, keys in done.items()} == expected
    assert sum(map(len, done.values())) == sum(len(people) for people, _ in plan) == 84
    assert {status(team.owner, key) for key in ids} == {"completed"}


def test_both_server_processes_add_to_the_same_active_time(team: Team) -> None:
    """A connection for each post, so that both processes get some, and make the tables at the same moment."""
    dataset_id, (key,) = planned_dataset(team.owner, "full", "measured", [(NAMES, 1)])

    def post(name: str, seconds: float) -> int:
        times = [{"record": key, "seconds": seconds, "questions": {"quality": seconds / 2}}]
        headers = dict(team.people[name].http.headers)
        return httpx.post(f"{team.stack.api_url}{PATH}", json={"times": times}, headers=headers).status_code

    with ThreadPoolExecutor(12) as threads:
        replies = list(threads.map(post, NAMES * 8, [0.5] * 24))
    assert replies == [204] * 24
    expected = {name: {"seconds": 4.0, "questions": {"quality": 2.0}} for name in NAMES}
    for _ in range(6):
        answer = httpx.get(
            f"{team.stack.api_url}{PATH}", params={"dataset_id": dataset_id}, headers=dict(team.owner.http.headers)
        )
        items = answer.json()["items"]
        measured = {item["username"]: {name: item[name] for name in ("seconds", "questions")} for item in items}
        assert measured == expected
    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(post, NAMES[:1] * 6, [FIRST_CREDIT] * 6)).count(204) <= 1, "one credit for all"
    assert not (team.stack.logs / "home" / "activity.db").exists()


def test_the_worker_knows_plans_too(team: Team) -> None:
    ana, ben = NAMES[:2]
    dataset_id, (key,) = planned_dataset(team.owner, "full", "worker", [([ana, ben], 1)])
    team.people[ana].answer(key, quality=5)
    team.owner("PATCH", f"/datasets/{dataset_id}", {"distribution": {"strategy": "overlap", "min_submitted": 1}})
    log = team.stack.logs / "worker.log"
    wait_until(lambda: "Job OK" in log.read_text(), "the job that goes over all records")
    assert status(team.owner, key) == "pending"


def test_sign_ins_that_fail_are_slowed_down(team: Team) -> None:
    """The two processes count together, in Redis."""
    form = {"username": "full-cem", "password": "wrong"}
    replies = [httpx.post(f"{team.stack.api_url}/api/v1/token", data=form).status_code for _ in range(12)]
    assert replies == [401] * 10 + [429] * 2


def test_the_page_has_its_headers_and_scripts(team: Team) -> None:
    page = httpx.get(f"{team.stack.api_url}/sign-in", follow_redirects=True)
    assert page.headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    assert "empty-queue.js" in page.text
    assert httpx.get(f"{team.stack.api_url}/api/v1/status").status_code == 401
