"""What a user of Argilla's own SDK does from beginning to end, as one script, and what comes out of it.

``python -m tests.live.stock_sdk URL KEY`` prints that as JSON, which is the same for any Argilla of one version:
ids and times of the server's making are not in it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

import argilla as rg

WORKSPACE, PASSWORD = "stock", "a-password-of-the-stock-sdk"
PEOPLE = ("stock-ana", "stock-ben")
RECORDS = 30
TOPICS = ("rain", "snow", "wind")
PATIENCE = 60.0
"""Seconds that a search may take to see what was written: an engine refreshes its index now and then."""


def run(url: str, key: str, *, vectors: bool = True) -> dict[str, Any]:
    """Name of a step -> what the SDK returned; ``vectors`` for a search engine that can compare them."""
    client = rg.Argilla(api_url=url, api_key=key)
    with closing(client.http_client):
        return _run(client, vectors=vectors)


def _run(client: rg.Argilla, *, vectors: bool) -> dict[str, Any]:
    workspace = rg.Workspace(name=WORKSPACE, client=client).create()
    people = [_person(client, workspace, name) for name in PEOPLE]
    dataset = _create(client, vectors=vectors)
    dataset.records.log(records := [_record(number, vectors=vectors) for number in range(RECORDS)])
    done: dict[str, Any] = {"loaded": _ids(_when(lambda: list(dataset.records()), RECORDS))}
    done["queried"] = _ids(dataset.records(rg.Query(query="snow")))
    done["filtered"] = _ids(dataset.records(rg.Query(filter=rg.Filter(("metadata.length", ">=", 20)))))
    several = rg.Filter([("metadata.topic", "in", ["rain"]), ("quality.suggestion", ">=", 3)])
    done["several filters"] = _ids(dataset.records(rg.Query(query="question", filter=several)))
    if vectors:
        nearest = rg.Query(similar=rg.Similar("shape", [1.0, 0.0, 0.0]))
        done["similar to a vector"] = [record.id for record, _ in dataset.records(nearest, limit=5)]
        first = min(dataset.records(), key=lambda record: str(record.id))
        to_record = rg.Query(similar=rg.Similar("shape", first))
        done["similar to a record"] = [record.id for record, _ in dataset.records(to_record, limit=5)]
    records[0].metadata["topic"] = "hail"
    dataset.records.log(records[:1])
    hail = rg.Query(filter=rg.Filter(("metadata.topic", "==", "hail")))
    done["updated"] = _ids(_when(lambda: list(dataset.records(hail)), 1))
    done["annotated"] = _annotate(client, dataset, people)
    submitted = rg.Query(filter=rg.Filter(("response.status", "==", "submitted")))
    done["submitted"] = _ids(_when(lambda: list(dataset.records(submitted)), 10))
    done["progress"] = _plain(dataset.progress())
    done["by person"] = _plain(dataset.progress(with_users_distribution=True))
    done["export"] = _export(dataset, vectors=vectors)
    dataset.records.delete(list(dataset.records(rg.Query(query="wind"))))
    done["left"] = _ids(_when(lambda: list(dataset.records()), RECORDS - RECORDS // 3))
    done["settings"] = _settings(client)
    done["to disk and back"] = _to_disk_and_back(client, dataset)
    return done


def _person(client: rg.Argilla, workspace: rg.Workspace, name: str) -> rg.User:
    user = rg.User(username=name, password=PASSWORD, role="annotator", client=client).create()
    user.add_to_workspace(workspace)
    return user


def _create(client: rg.Argilla, *, vectors: bool) -> rg.Dataset:
    settings = rg.Settings(
        guidelines="Say how good it is.",
        fields=[rg.TextField(name="prompt"), rg.ChatField(name="chat", required=False)],
        questions=[
            rg.RatingQuestion(name="quality", values=[1, 2, 3, 4, 5]),
            rg.MultiLabelQuestion(name="topics", labels=list(TOPICS), required=False),
            rg.TextQuestion(name="comment", required=False),
        ],
        metadata=[rg.TermsMetadataProperty(name="topic"), rg.IntegerMetadataProperty(name="length")],
        vectors=[rg.VectorField(name="shape", dimensions=3)] if vectors else [],
        distribution=rg.TaskDistribution(min_submitted=2),
    )
    return rg.Dataset(name="stock", workspace=WORKSPACE, settings=settings, client=client).create()


def _record(number: int, *, vectors: bool) -> rg.Record:
    topic = TOPICS[number % 3]
    return rg.Record(
        id=f"record-{number:02}",
        fields={
            "prompt": f"Question {number} about {topic}",
            "chat": [{"role": "user", "content": f"{topic} 天气 {number} <b>?</b>"}],
        },
        metadata={"topic": topic, "length": number},
        vectors={"shape": [1.0, number / 10, (number % 7) / 7]} if vectors else {},
        suggestions=[rg.Suggestion("quality", 1 + number % 5, score=number / RECORDS, agent="model")],
    )


def _annotate(client: rg.Argilla, dataset: rg.Dataset, people: Iterable[rg.User]) -> list[str]:
    """Both people answer ten records, one of them discards another; the statuses of the records after that."""
    chosen = sorted(dataset.records(limit=RECORDS), key=lambda record: str(record.id))[:11]
    for number, person in enumerate(people):
        for record in chosen[:10]:
            record.responses.add(rg.Response("quality", 1 + number, user_id=person.id, status="submitted"))
            record.responses.add(rg.Response("topics", ["rain"], user_id=person.id, status="submitted"))
        if number:
            chosen[10].responses.add(rg.Response("quality", 5, user_id=person.id, status="discarded"))
    dataset.records.log(chosen)
    completed = rg.Query(filter=rg.Filter(("status", "==", "completed")))
    _when(lambda: list(client.datasets("stock", workspace=WORKSPACE).records(completed)), 10)
    return _ids(dataset.records(completed))


def _export(dataset: rg.Dataset, *, vectors: bool) -> list[Any]:
    records = dataset.records(with_responses=True, with_suggestions=True, with_vectors=vectors).to_list(
        flatten=True
    )
    of_people = {str(user.id): user.username for user in dataset.workspace.users}
    lines = []
    for record in records:
        users = {
            name: [of_people[str(user)] for user in value or []]
            for name, value in record.items()
            if ".users" in name
        }
        lines.append({**record, **users, "_server_id": None, "_inserted_at": None, "_updated_at": None})
    return _plain(sorted(lines, key=lambda line: str(line["id"])))


def _settings(client: rg.Argilla) -> Any:
    dataset = client.datasets("stock", workspace=WORKSPACE)
    dataset.settings.guidelines = "Say it better."
    dataset.settings.update()
    settings = client.datasets("stock", workspace=WORKSPACE).settings
    return [settings.guidelines, *([part.name for part in kind] for kind in (settings.fields, settings.questions))]


def _to_disk_and_back(client: rg.Argilla, dataset: rg.Dataset) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        dataset.to_disk(folder)
        copy = rg.Dataset.from_disk(folder, name="copy", workspace=WORKSPACE, client=client)
    return _ids(_when(lambda: list(copy.records()), RECORDS - RECORDS // 3))


def _ids(records: Iterable[Any]) -> list[str]:
    # A query that is not about similarity has no order that the SDK promises.
    return sorted(str(record[0].id if isinstance(record, tuple) else record.id) for record in records)


def _when(read: Callable[[], list[Any]], count: int) -> list[Any]:
    """What was read, as soon as there are so many of it."""
    deadline = time.monotonic() + PATIENCE
    while len(records := read()) != count:
        if time.monotonic() > deadline:
            raise AssertionError(f"{len(records)} records, expected {count}")
        time.sleep(0.2)
    return records


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str, sort_keys=True))


if __name__ == "__main__":
    print(json.dumps(run(*sys.argv[1:3], vectors="--no-vectors" not in sys.argv), indent=1))  # noqa: T201
