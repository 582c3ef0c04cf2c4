"""The route that streams responses: what it says, to whom, and how it is read when it is cut off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from sharegpt_argilla.annotation import ResponseStatus
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.responses_on_server import answered_record, question_names
from sharegpt_argilla.argilla_client.streamed_responses import StreamedResponses, stamp_values
from sharegpt_argilla.argilla_plugin.response_queries import PAGE
from sharegpt_argilla.argilla_plugin.response_route import MAX_BODY, MAX_IDS, PATH
from sharegpt_argilla.errors import ServerUnreachableError
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.live.rest import Rest
from tests.projects import ANSWER, TestProject, some_rows, write_rows

pytestmark = pytest.mark.live

STATUSES: tuple[ResponseStatus, ...] = ("submitted", "discarded")
NEVER = datetime(2999, 1, 1)


@pytest.fixture
def answered(project: TestProject, tmp_path) -> Iterator[tuple[TestProject, ArgillaClient, str]]:
    """Three records: with two answers and suggestions, with a discard, and with a discard without values."""
    rows = write_rows(tmp_path / "rows.jsonl", some_rows(3))
    push_to_argilla(rows, project.config, connection=project.connection, home=project.home)
    ana, ben = (project.annotator(name) for name in project.people[:2])
    records = ana.search({})
    given: list[dict[str, Any] | None] = [ANSWER, {"quality": 3}, None]
    for record, values in zip(records, given, strict=True):
        ana.answer(record["id"], "submitted" if values == ANSWER else "discarded", values)
    ben.answer(records[0]["id"], values=ANSWER)
    with connect(project.connection) as client:
        names = {name: key for key, name in question_names(client, ana.dataset_id).items()}
        for question, value, score in (("toxicity", "none", 0.75), ("intent", ["code", "chat"], [0.5, 1.0])):
            suggestion = {"question_id": names[question], "value": value, "agent": "rule\n2", "score": score}
            client.put(f"/api/v1/records/{records[0]['id']}/suggestions", suggestion)
        yield project, client, ana.dataset_id


def listed(client: ArgillaClient, dataset_id: str) -> dict[str, dict[str, Any]]:
    page = client.get(f"/api/v1/datasets/{dataset_id}/records", {"include": "responses,suggestions"})["items"]
    return {record["id"]: record for record in page}


def test_it_says_what_argilla_says(answered: tuple[TestProject, ArgillaClient, str]) -> None:
    _, client, dataset_id = answered
    wanted, questions = listed(client, dataset_id), question_names(client, dataset_id)
    streamed = list(StreamedResponses(client, dataset_id, STATUSES).records())
    assert [record["id"] for record in streamed] == sorted(wanted)
    for record in streamed:
        of_argilla = wanted[record["id"]]
        assert answered_record(record, {}, STATUSES, questions) == answered_record(
            of_argilla, {}, STATUSES, questions
        )
        assert record["metadata"] is None
        assert [{**one, "record_id": record["id"]} for one in by_id(record["responses"])] == by_id(
            [{**one, "values": one["values"] or None} for one in of_argilla["responses"]]
        )
    assert sorted(len(record["suggestions"]) for record in streamed) == [0, 0, 2]


def by_id(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(({**one, "values": one["values"] or None} for one in items), key=lambda one: str(one["id"]))


def test_copied_answers_keep_their_times(answered: tuple[TestProject, ArgillaClient, str]) -> None:
    _, client, dataset_id = answered
    record = next(iter(listed(client, dataset_id).values()))
    times = {"someone": ["2025-01-01T00:00:00", "2025-01-02T00:00:00.000001"]}
    metadata = {"metadata": {"copied_answers": times, "turn": 1}}
    client.patch(f"/api/v1/records/{record['id']}", metadata)
    (streamed,) = StreamedResponses(client, dataset_id, STATUSES).records([record["id"]])
    assert streamed["metadata"] == {"copied_answers": times}


def test_stamps_of_the_server_are_those_of_the_records(answered: tuple[TestProject, ArgillaClient, str]) -> None:
    _, client, dataset_id = answered
    responses = StreamedResponses(client, dataset_id, STATUSES)
    records = {record["id"]: record for record in responses.records()}
    stamps = dict(responses.stamps())
    assert stamps == {key: stamp_values(record) for key, record in records.items()}
    assert list(stamps) == sorted(stamps)
    some = list(stamps)[1:]
    assert dict(responses.stamps(some)) == {key: stamps[key] for key in some}
    totals = responses.totals()
    assert totals["responses"] == sum(stamp[2] for stamp in stamps.values()) == 4
    assert totals["checksum"] == sum(stamp[4] for stamp in stamps.values())
    assert [bool(stamp[5]) for stamp in stamps.values()].count(True) == 1
    assert list(StreamedResponses(client, dataset_id, ["draft"]).stamps()) == []


def test_what_changed_since_a_time(answered: tuple[TestProject, ArgillaClient, str]) -> None:
    project, client, dataset_id = answered
    responses = StreamedResponses(client, dataset_id, STATUSES)
    before = dict(responses.stamps())
    assert dict(responses.stamps(since=datetime(2020, 1, 1))) == before
    assert list(responses.stamps(since=NEVER)) == []
    newest = max(stamp[3] for stamp in before.values())
    ana = project.annotator(project.people[0])
    discarded = next(key for key, stamp in before.items() if stamp[2] == 1)
    (response,) = next(record["responses"] for record in responses.records() if record["id"] == discarded)
    ana.change(response["id"], ANSWER)
    # Now a submitted answer: it left the discarded ones, and is told all the same.
    later = datetime.fromisoformat(newest) + timedelta(microseconds=1)
    changed = dict(StreamedResponses(client, dataset_id, ["discarded"]).stamps(since=later))
    assert changed[discarded][2:4] == (0, "")
    # The suggestions came after the answers to their record.
    assert set(changed) == {discarded, *(key for key, stamp in before.items() if stamp[5])}
    ana.withdraw(response["id"])
    assert responses.totals()["responses"] == 3
    assert discarded not in dict(responses.stamps())


def test_annotators_and_strangers_get_nothing(answered: tuple[TestProject, ArgillaClient, str]) -> None:
    project, _, dataset_id = answered
    question = {"dataset_id": dataset_id, "statuses": ["submitted"]}
    owner_headers = {"X-Argilla-Api-Key": project.connection.api_key}
    ana = project.annotator(project.people[0])
    with httpx.Client(base_url=project.connection.api_url) as http:

        def asked(headers: dict[str, str], body: Any = question) -> tuple[int, str]:
            answer = http.post(PATH, json=body, headers=headers)
            return answer.status_code, answer.text

        with Rest(project.connection.api_url, **owner_headers) as owner:
            outside = owner.user(f"{project.people[0]}-outside", role="admin")
            (key,) = [item["api_key"] for item in owner("GET", "/users")["items"] if item["id"] == outside]
            assert asked({"X-Argilla-Api-Key": key})[0] == 404
            owner("DELETE", f"/users/{outside}")
        assert asked({})[0] == asked({"X-Argilla-Api-Key": "wrong"})[0] == 401
        status, said = asked(ana._headers)
        assert (status, "may not see everybody's responses" in said) == (403, True)
        assert asked(owner_headers)[0] == 200
        for wrong in (
            {"dataset_id": dataset_id},
            {**question, "statuses": []},
            {**question, "statuses": ["pending"]},
            {**question, "form": "texts"},
            {**question, "ids": ["x"]},
            {**question, "ids": [dataset_id] * (MAX_IDS + 1)},
            {**question, "other": 1},
            {**question, "dataset_id": "x"},
        ):
            assert asked(owner_headers, wrong)[0] == 422
        assert asked(owner_headers, {**question, "dataset_id": "0" * MAX_BODY})[0] == 413
        assert asked(owner_headers, {**question, "dataset_id": "629e1839-5268-4fab-a788-a67b258a11dc"})[0] == 404
        assert http.get(PATH, headers=owner_headers).status_code == 405


class CutOff(httpx.BaseTransport):
    """Passes requests on, and ends every answer of the route after some lines, and bytes of the next one."""

    def __init__(self, lines: int, rest: int = 0) -> None:
        self.lines, self.rest, self._inner = lines, rest, httpx.HTTPTransport()
        self.asked: list[dict[str, Any]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        if not request.url.path.endswith(PATH):
            return answer
        self.asked.append(json.loads(request.read()))
        lines = answer.read().splitlines(keepends=True)
        rest = b"".join(lines[self.lines :])[: self.rest]
        return httpx.Response(200, content=b"".join(lines[: self.lines]) + rest)

    def close(self) -> None:
        self._inner.close()


def test_a_stream_that_is_cut_off_is_resumed(
    answered: tuple[TestProject, ArgillaClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, client, dataset_id = answered
    monkeypatch.setattr("sharegpt_argilla.argilla_client.streamed_responses.FIRST_PAUSE", 0)
    whole = list(StreamedResponses(client, dataset_id, STATUSES).records())
    for lines, rest in ((1, 0), (2, 7), (3, 0)):
        transport = CutOff(lines, rest)
        headers = {"X-Argilla-Api-Key": project.connection.api_key}
        http = httpx.Client(base_url=project.connection.api_url, headers=headers, transport=transport)
        with ArgillaClient(project.connection.api_url, http, "owner", "owner") as cut:
            assert list(StreamedResponses(cut, dataset_id, STATUSES).records()) == whole
        assert [question.get("after") for question in transport.asked][:2] == [None, whole[lines - 1]["id"]]
    http = httpx.Client(base_url=project.connection.api_url, headers=headers, transport=CutOff(0))
    with (
        ArgillaClient(project.connection.api_url, http, "owner", "owner") as cut,
        pytest.raises(ServerUnreachableError, match="too early"),
    ):
        list(StreamedResponses(cut, dataset_id, STATUSES).records())


def test_pages_join_without_a_seam(
    answered: tuple[TestProject, ArgillaClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More records than the server reads at once, and a client that names few a request."""
    project, client, dataset_id = answered
    with connect(project.connection) as owner, project.owner() as http:
        ana = next(key for key, name in users(owner).items() if name == project.people[0])
        fields = {"prompt": "rain", "response": "sun"}
        values = {name: {"value": value} for name, value in ANSWER.items()}
        answer = {"user_id": ana, "status": "submitted", "values": values}
        for first in range(0, PAGE + 100, 300):
            items = [{"fields": fields, "responses": [answer]} for _ in range(first, first + 300)]
            body = {"items": items}
            http.post(f"/api/v1/datasets/{dataset_id}/records/bulk", json=body).raise_for_status()
    responses = StreamedResponses(client, dataset_id, ["submitted"])
    whole = list(responses.records())
    assert len({record["id"] for record in whole}) == len(whole) == 1 + 600 > PAGE
    assert [record["id"] for record in whole] == sorted(record["id"] for record in whole)
    monkeypatch.setattr("sharegpt_argilla.argilla_client.streamed_responses.IDS", 250)
    assert list(responses.records([record["id"] for record in whole])) == whole


def users(client: ArgillaClient) -> dict[str, str]:
    return {user["id"]: user["username"] for user in client.get("/api/v1/users")["items"]}
