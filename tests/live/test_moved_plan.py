"""A planned project moved to another Argilla: statuses, times, active time, plan; what cannot be kept is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.argilla_client import copying
from sharegpt_argilla.argilla_client.connection import connect
from sharegpt_argilla.argilla_plugin.active_time_route import PATH
from sharegpt_argilla.argilla_plugin.team_options import ACTIVE_TIME, OPEN_QUEUE
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.load_records import load_records
from sharegpt_argilla.workflows.move import move
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.embedded import EmbeddedArgilla, embedded_argilla
from tests.live.plans import queue
from tests.live.rest import Rest, owner_of, texts
from tests.projects import TestProject, some_rows, write_project, write_rows

pytestmark = [pytest.mark.live, pytest.mark.slow]

ROWS = some_rows(30)
DATASET = "dataset-moved"
ANSWER: dict[str, Any] = {"quality": 6, "intent": ["code", "open_qa"], "toxicity": "none"}
SECONDS = 1.5


@dataclass
class Moved:
    """A project whose people submitted, discarded and began answers, and were measured."""

    argilla: EmbeddedArgilla
    project: TestProject
    rows: Path
    people: list[str]

    def export(self, argilla: EmbeddedArgilla, output: Path) -> bytes:
        where = Connection(argilla.api_url, argilla.api_key)
        statuses = ["submitted", "draft", "discarded"]
        export_responses(self.rows, output, self.project.config, statuses=statuses, connection=where)
        return output.read_bytes()


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    folder = tmp_path_factory.mktemp("planned")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ACTIVE_TIME, "60")
        with embedded_argilla(folder / "home") as argilla:
            where = Connection(argilla.api_url, argilla.api_key)
            project = write_project(folder, where, argilla.home, "moved")
            names = [*project.people, "cleo-moved"]
            assignment = {"mode": "queue", "overlap": 2, "seed": 7, "calibration": {"share": 0.2, "overlap": 3}}
            project.rewrite(people=[{"username": name} for name in names], assignment=assignment)
            rows = write_rows(folder / "rows.jsonl", ROWS)
            push_to_argilla(rows, project.config, connection=where, home=argilla.home)
            with owner_of(argilla) as owner:
                answer(owner, project.dataset_id(), names)
            yield Moved(argilla, project, rows, names)


def answer(owner: Rest, dataset_id: str, names: list[str]) -> None:
    """Everybody works on their queue, most not to its end: submits, discards, begins; each is measured once."""
    for number, (name, person) in enumerate(owner.people(names).items()):
        for turn, key in enumerate(queue(person, dataset_id)[: 99 if number else 9]):
            if turn % 7 == 6:
                person.answer(key, "draft", quality=2)
            elif turn % 5 == number:
                person("POST", f"/records/{key}/responses", {"status": "discarded"})
            else:
                person.answer(key, **{**ANSWER, "quality": turn % 7 + 1})
            if turn == 3:
                spent = {"times": [{"record": key, "seconds": SECONDS, "questions": {"quality": 1.0}}]}
                assert person.http.post(PATH, json=spent).status_code == 204, name
        person.http.close()


def records_of(argilla: EmbeddedArgilla) -> dict[str, dict[str, Any]]:
    """External id -> record with its responses, of the planned dataset there."""
    with owner_of(argilla) as owner:
        (dataset,) = [item for item in owner("GET", "/me/datasets")["items"] if item["name"] == DATASET]
        page = owner("GET", f"/datasets/{dataset['id']}/records", limit=500, include=["responses"])
    return {item["external_id"]: item for item in page["items"]}


def statuses(argilla: EmbeddedArgilla) -> dict[str, str]:
    return {key: item["status"] for key, item in records_of(argilla).items()}


def queues(argilla: EmbeddedArgilla, names: list[str]) -> dict[str, list[str]]:
    """What everybody has left to do, by external id."""
    keys = {item["id"]: key for key, item in records_of(argilla).items()}
    with owner_of(argilla) as owner:
        (dataset,) = [item for item in owner("GET", "/me/datasets")["items"] if item["name"] == DATASET]
        people = owner.people(names)
        left = {name: [keys[key] for key in queue(person, dataset["id"])] for name, person in people.items()}
    for person in people.values():
        person.http.close()
    return left


@pytest.fixture(scope="module")
def there(planned: Moved, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedArgilla]:
    """Another Argilla, to which all was moved."""
    with embedded_argilla(tmp_path_factory.mktemp("there")) as argilla:
        assert move(planned.argilla.home, argilla.home).complete
        yield argilla


def test_all_of_a_plan_is_the_same_there(planned: Moved, there: EmbeddedArgilla, tmp_path: Path) -> None:
    expected = planned.export(planned.argilla, tmp_path / "before.jsonl")
    assert expected.count(b'\\"active\\": \\"measured\\"') == len(planned.people)
    before = statuses(planned.argilla)
    assert set(before.values()) == {"pending", "completed"}
    assert statuses(there) == before
    assert queues(there, planned.people) == queues(planned.argilla, planned.people)
    assert planned.export(there, tmp_path / "there.jsonl") == expected
    # A row that is loaded again with another text keeps when its answers were given.
    rows = [json.loads(line) for line in planned.rows.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row["答"] += "!"
    changed = write_rows(tmp_path / "rows.jsonl", rows)
    where = Connection(there.api_url, there.api_key)
    assert load_records(changed, planned.project.config, connection=where).updated == len(ROWS)
    assert planned.export(there, tmp_path / "there.jsonl") == expected


def test_what_the_target_cannot_keep_is_counted_and_said(
    planned: Moved,
    there: EmbeddedArgilla,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A target that follows no plans, webhooks, and a dataset that takes no metadata but its own."""
    before, expected = statuses(there), planned.export(there, tmp_path / "before.jsonl")
    with owner_of(there) as owner:
        owner("POST", "/webhooks", {"url": "https://hooks.example/x", "events": ["record.created"]})
        (key, _) = owner.load(owner.dataset("strict", "strict", allow_extra_metadata=False), texts(2))
        owner.answer(key, quality=3)
    monkeypatch.setenv(OPEN_QUEUE, "1")
    with embedded_argilla(tmp_path / "open") as other:
        assert main(["move", "--from-home", str(there.home.path), "--to-home", str(other.home.path)]) == 1
        said = capsys.readouterr().err
        after = statuses(other)
        differ = sum(after[key] != before[key] for key in before)
        assert differ > 0
        assert (
            f"{other.api_url} does not enforce the plans of 1 dataset: everybody is offered every record" in said
        )
        assert "1 webhook not copied" in said
        assert f"{len(ROWS)} sent now, {differ} records with another status there; NOT COMPLETE\n" in said
        assert "2 sent now, 1 response without times (no extra metadata is taken there); complete\n" in said
        # Of a copy of a copy, all but that is as it was.
        found = planned.export(other, tmp_path / "other.jsonl")
        assert found.replace(b"pending", b"completed") == expected.replace(b"pending", b"completed")


def test_a_reading_goes_on_from_a_time_where_offsets_end(planned: Moved, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = sorted(item["id"] for item in records_of(planned.argilla).values())
    monkeypatch.setattr(copying, "PAGE", 4)
    monkeypatch.setattr(copying, "WINDOW", 8)
    offsets: list[int] = []
    search = copying._search

    def counting(*arguments: Any) -> Any:
        offsets.append(arguments[-1])
        return search(*arguments)

    monkeypatch.setattr(copying, "_search", counting)
    moments = [copying._moment, itemgetter("inserted_at"), lambda _record: "2026-01-01T00:00:00.000"]
    with connect(Connection(planned.argilla.api_url, planned.argilla.api_key)) as client:
        (dataset,) = copying.list_datasets(client)
        for moment, windows in zip(moments, (None, 5, 2), strict=True):
            monkeypatch.setattr(copying, "_moment", moment)
            ids = [record["id"] for page in copying.read_records(client, dataset.id) for record in page]
            assert sorted(ids) == expected
            assert windows in (None, offsets.count(0))
            offsets.clear()
