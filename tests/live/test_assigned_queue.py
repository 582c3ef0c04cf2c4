"""A plan on the embedded Argilla: own queues, own answers, and completion by the people of each record."""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.browser_contexts import new_context
from tests.embedded import PATIENCE, EmbeddedArgilla, wait_until
from tests.live.plans import assigned, planned_dataset, queue, status
from tests.live.rest import PASSWORD, Rest, owner_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.live

_numbers = itertools.count(1)


@dataclass
class Team:
    """A workspace with signed-in annotators."""

    owner: Rest
    workspace: str
    people: dict[str, Rest]

    @property
    def names(self) -> list[str]:
        return list(self.people)


@pytest.fixture(scope="module")
def team(argilla: EmbeddedArgilla) -> Iterator[Team]:
    with owner_of(argilla) as owner:
        owner("POST", "/workspaces", {"name": "planned"})
        names = [f"planned-{letter}" for letter in "abcde"]
        for name in names:
            owner.user(name, workspace="planned")
        people = owner.people(names)
        yield Team(owner, "planned", people)
        for person in people.values():
            person.http.close()


def make(team: Team, plan: list[tuple[list[str], int]], **settings: object) -> tuple[str, list[str]]:
    return planned_dataset(team.owner, team.workspace, f"plan-{next(_numbers)}", plan, **settings)


def refused(person: Rest, method: str, path: str, json: object = None) -> str:
    answer = person.http.request(method, f"/api/v1{path}", json=json)
    assert answer.status_code == 403, answer.text
    return answer.text


class TestQueue:
    def test_is_what_is_assigned_in_the_order_of_the_plan(self, team: Team) -> None:
        ana, ben = team.names[:2]
        ranks = random.Random(4).sample(range(1000), 12)
        plan = [([ana], rank) if rank % 3 else ([ana, ben], rank) for rank in ranks]
        dataset_id, ids = make(team, plan)
        in_order = [key for _, key in sorted(zip(ranks, ids, strict=True))]
        assert queue(team.people[ana], dataset_id) == in_order
        assert queue(team.people[ana], dataset_id, limit=5) == in_order[:5]
        shared = {key for key, (people, _) in zip(ids, plan, strict=True) if ben in people}
        assert queue(team.people[ben], dataset_id) == [key for key in in_order if key in shared]
        assert queue(team.people[team.names[2]], dataset_id) == []

    def test_no_search_leads_out_of_it(self, team: Team) -> None:
        ana, ben = team.names[:2]
        vectors = [{"name": "v", "title": "v", "dimensions": 2}]
        visible = {"name": "tokens", "title": "t", "settings": {"type": "integer"}}
        dataset_id, ids = make(team, [([ana], 1), ([ben], 2), ([], 3)], metadata=[visible], vectors=vectors)
        items = [
            {"id": key, "vectors": {"v": [1.0, place]}, "metadata": assigned([name], place) | {"tokens": place}}
            for place, (key, name) in enumerate(zip(ids, (ana, ben, "nobody"), strict=True), 1)
        ]
        team.owner.load(dataset_id, items)
        person = team.people[ana]
        everything = {"query": {"text": {"q": "rain"}}}
        scope = {"entity": "metadata", "metadata_property": "assigned_to"}
        of_ben = {"filters": {"and": [{"type": "terms", "scope": scope, "values": [ben]}]}}
        by_tokens = {"sort": [{"scope": {"entity": "metadata", "metadata_property": "tokens"}, "order": "desc"}]}
        similar = {"query": {"vector": {"name": "v", "value": [1.0, 2.0]}}}
        for query in ({}, everything, by_tokens, similar):
            assert queue(person, dataset_id, query) == ids[:1]
        # Nobody filters by what they may not see: tests/live/test_security.py.
        assert person.http.post(f"/api/v1/me/datasets/{dataset_id}/records/search", json=of_ben).status_code == 422
        tokens = person("GET", f"/me/datasets/{dataset_id}/metadata-properties")["items"]
        assert [item["name"] for item in tokens] == ["tokens"]
        metrics = person("GET", f"/metadata-properties/{tokens[0]['id']}/metrics")
        assert (metrics["min"], metrics["max"]) == (1, 1)
        assert sorted(queue(team.owner, dataset_id, everything)) == sorted(ids)

    def test_a_record_of_others_is_neither_shown_nor_answered(self, team: Team) -> None:
        ana, ben = team.names[:2]
        dataset_id, (of_ana, of_ben) = make(team, [([ana], 1), ([ben], 2)])
        person, answer = team.people[ana], {"values": {"quality": {"value": 3}}, "status": "submitted"}
        expected = f"record {of_ben} is not assigned to {ana}"
        assert expected in refused(person, "POST", f"/records/{of_ben}/responses", answer)
        assert expected in refused(person, "GET", f"/records/{of_ben}")
        assert expected in refused(person, "GET", f"/records/{of_ben}/suggestions")
        bulk = [{"record_id": key, **answer} for key in (of_ben, of_ana)]
        done = person("POST", "/me/responses/bulk", {"items": bulk})["items"]
        assert expected in done[0]["error"]["detail"]
        assert done[1]["item"]["record_id"] == of_ana
        assert queue(team.people[ben], dataset_id) == [of_ben]

    def test_progress_is_of_the_own_queue(self, team: Team) -> None:
        ana, ben = team.names[:2]
        dataset_id, ids = make(team, [([ana], 1), ([ana, ben], 2), ([ben], 3), ([ana], 4)])
        team.people[ana].answer(ids[0], quality=5)
        team.people[ana].answer(ids[1], "discarded")
        counts = team.people[ana]("GET", f"/me/datasets/{dataset_id}/metrics")["responses"]
        assert counts == {"total": 3, "submitted": 1, "discarded": 1, "draft": 0, "pending": 1}
        assert team.owner("GET", f"/me/datasets/{dataset_id}/metrics")["responses"]["total"] == 4


class TestAnswers:
    def test_of_others_cannot_be_read(self, team: Team) -> None:
        ana, ben = team.names[:2]
        dataset_id, (record_id,) = make(team, [([ana, ben], 1)])
        team.people[ana].answer(record_id, quality=2)
        team.people[ben].answer(record_id, quality=6)
        seen = team.people[ana]("GET", f"/records/{record_id}")
        assert [response["values"]["quality"]["value"] for response in seen["responses"]] == [2]
        assert seen["metadata"] == {}
        found = team.people[ana]("POST", f"/me/datasets/{dataset_id}/records/search", {}, include="responses")
        assert [len(item["record"]["responses"]) for item in found["items"]] == [1]
        scope = {"entity": "response", "question": "quality"}
        sixes = {"filters": {"and": [{"type": "terms", "scope": scope, "values": ["6"]}]}}
        assert queue(team.people[ana], dataset_id, sixes) == []
        assert team.people[ana].http.get(f"/api/v1/datasets/{dataset_id}/records").status_code == 403
        whole = team.owner("GET", f"/records/{record_id}")
        assert len(whole["responses"]) == 2
        assert whole["metadata"] == assigned([ana, ben], 1)

    def test_stay_their_authors_when_the_record_goes_to_somebody_else(self, team: Team) -> None:
        ana, ben = team.names[:2]
        dataset_id, (record_id,) = make(team, [([ana], 1)])
        response = team.people[ana].answer(record_id, "draft", quality=2)
        team.owner.load(dataset_id, [{"id": record_id, "metadata": assigned([ben], 1)}])
        assert queue(team.people[ana], dataset_id, {}) == [record_id]
        assert queue(team.people[ana], dataset_id) == []
        body = {"values": {"quality": {"value": 3}}, "status": "submitted"}
        team.people[ana]("PUT", f"/responses/{response['id']}", body)
        assert status(team.owner, record_id) == "pending"
        assert queue(team.people[ben], dataset_id) == [record_id]


class TestCompletion:
    def test_is_when_the_people_of_the_record_have_answered(self, team: Team) -> None:
        ana, ben, cleo = team.names[:3]
        _, (single, double, triple) = make(
            team,
            [([ana], 1), ([ana, ben], 2), ([ana, ben, cleo], 3)],
            distribution={"strategy": "overlap", "min_submitted": 2},
        )
        team.people[ana].answer(single, quality=1)
        assert status(team.owner, single) == "completed"
        team.people[ana].answer(triple, quality=1)
        team.people[ben].answer(triple, quality=1)
        assert status(team.owner, triple) == "pending"
        team.people[cleo].answer(triple, "discarded")
        assert status(team.owner, triple) == "completed"
        team.owner.answer(double, quality=1)
        team.people[ana].answer(double, "draft", quality=1)
        assert status(team.owner, double) == "pending"
        bulk = {"record_id": double, "values": {"quality": {"value": 1}}, "status": "submitted"}
        for name in (ana, ben):
            team.people[name]("POST", "/me/responses/bulk", {"items": [bulk]})
        assert status(team.owner, double) == "completed"

    def test_goes_with_an_answer_that_is_taken_back_and_not_with_discards_alone(self, team: Team) -> None:
        ana = team.names[0]
        _, (first, second) = make(team, [([ana], 1), ([ana], 2)])
        response = team.people[ana].answer(first, quality=1)
        team.people[ana]("DELETE", f"/responses/{response['id']}")
        assert status(team.owner, first) == "pending"
        team.people[ana].answer(second, "discarded")
        assert status(team.owner, second) == "pending"

    @pytest.mark.parametrize("way", ["upsert", "patch"])
    def test_follows_a_change_of_the_plan(self, team: Team, way: str) -> None:
        ana, ben = team.names[:2]
        dataset_id, (record_id,) = make(team, [([ana, ben], 1)])
        team.people[ana].answer(record_id, quality=1)
        for people, expected in (([ana], "completed"), ([ana, ben], "pending")):
            metadata = assigned(people, 1)
            if way == "patch":
                team.owner("PATCH", f"/records/{record_id}", {"metadata": metadata})
            else:
                team.owner.load(dataset_id, [{"id": record_id, "metadata": metadata}])
            assert status(team.owner, record_id) == expected
            progress = team.owner("GET", f"/datasets/{dataset_id}/progress")
            assert progress["completed"] == (expected == "completed")

    def test_is_the_same_for_the_worker_that_goes_over_all_records(
        self, team: Team, argilla: EmbeddedArgilla
    ) -> None:
        ana, ben = team.names[:2]
        dataset_id, (record_id,) = make(team, [([ana, ben], 1)])
        team.people[ana].answer(record_id, quality=1)
        with closing(sqlite3.connect(argilla.home.database, timeout=PATIENCE)) as database, database:
            # What it would be by the dataset's number, one, which is what a worker without plans would leave.
            key = record_id.replace("-", "")
            assert database.execute("UPDATE records SET status = 'completed' WHERE id = ?", (key,)).rowcount == 1
        assert status(team.owner, record_id) == "completed"
        team.owner("PATCH", f"/datasets/{dataset_id}", {"guidelines": "Be kind."})
        wait_until(lambda: status(team.owner, record_id) == "pending", "the worker's job")


def work_off(person: Rest, dataset_id: str) -> list[str]:
    """Answer the first record of the queue until there is none; the ids in that order."""
    done: list[str] = []
    while records := queue(person, dataset_id)[:1]:
        person.answer(records[0], quality=1 + len(done) % 7)
        done += records
    return done


ENDS = ("no pending records", "The task is completed")


def plan_for(names: list[str], count: int) -> list[tuple[list[str], int]]:
    chance = random.Random(7)
    return [(chance.sample(names, 3 if rank % 5 == 0 else 1), rank) for rank in range(count)]


def test_five_people_at_once(team: Team) -> None:
    plan = plan_for(team.names, 30)
    dataset_id, ids = make(team, plan)
    with ThreadPoolExecutor(5) as pool:
        done = list(pool.map(lambda person: work_off(person, dataset_id), team.people.values()))
    planned = [[key for key, (people, _) in zip(ids, plan, strict=True) if name in people] for name in team.names]
    assert done == planned
    assert {status(team.owner, key) for key in ids} == {"completed"}
    assert team.owner("GET", f"/datasets/{dataset_id}/progress")["completed"] == len(ids)


@pytest.mark.browser
def test_five_people_at_once_and_one_in_the_browser(team: Team, browser: Browser) -> None:
    plan = [*plan_for(team.names, 10), (["planned-f"], 12), (["planned-f", team.names[0]], 11)]
    team.owner.user("planned-f", workspace=team.workspace)
    dataset_id, ids = make(team, plan)
    url = str(team.owner.http.base_url).rstrip("/")
    page = new_context(browser).new_page()
    page.goto(f"{url}/sign-in")
    page.fill("input[type=text]", "planned-f")
    page.fill("input[type=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/")
    with ThreadPoolExecutor(5) as pool:
        others = [pool.submit(work_off, person, dataset_id) for person in team.people.values()]
        page.goto(f"{url}/dataset/{dataset_id}/annotation-mode")
        page.get_by_text("1 of 2").wait_for()
        for record in ("Question 12 about rain", "Question 11 about rain"):
            page.get_by_text(record).wait_for()
            page.locator("label[for='quality_5']").click()
            with page.expect_response(lambda response: response.url.endswith("/responses") and response.ok):
                page.locator(".button--submit").click()
        # Nothing is left that could be shown; the page says more once the others are done too.
        wait_until(lambda: any(end in page.locator("body").inner_text() for end in ENDS), "the end")
        done = [future.result() for future in others]
    page.close()
    assert done[0] == [key for key, (people, _) in sorted_by_rank(ids, plan) if team.names[0] in people]
    assert {status(team.owner, key) for key in ids} == {"completed"}


def sorted_by_rank(ids: list[str], plan: list[tuple[list[str], int]]) -> list[tuple[str, tuple[list[str], int]]]:
    return sorted(zip(ids, plan, strict=True), key=lambda item: item[1][1])


def test_a_dataset_without_a_plan_is_everybodys(team: Team) -> None:
    dataset_id = team.owner.dataset(team.workspace, f"plain-{next(_numbers)}")
    ids = team.owner.load(dataset_id, [{"fields": {"prompt": f"rain {n}"}} for n in range(6)])
    ana, ben = (team.people[name] for name in team.names[:2])
    orders = [queue(person, dataset_id) for person in (ana, ben)]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(ids)
    ana.answer(ids[0], quality=1)
    assert status(team.owner, ids[0]) == "completed"
    assert sorted(queue(ben, dataset_id)) == sorted(ids[1:])
    ben("GET", f"/records/{ids[0]}")
    counts = ben("GET", f"/me/datasets/{dataset_id}/metrics")["responses"]
    assert counts == {"total": 6, "submitted": 0, "discarded": 0, "draft": 0, "pending": 6}
