"""One project kept in several ways: each exports the same rows as the plain one."""

from __future__ import annotations

import copy
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml

from sharegpt_argilla.argilla_client.connection import ArgillaClient
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.config import load_project
from sharegpt_argilla.config.project_datasets import project_parts
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.project.annotator_progress import annotator_progress
from sharegpt_argilla.project.dashboard_access import open_dashboard
from sharegpt_argilla.project.project_watch import ProjectWatch
from sharegpt_argilla.project.team_progress import disputed_records, team_consensus, team_progress
from sharegpt_argilla.records.assignment_plan import Assigned
from sharegpt_argilla.records.plan_file import assigned_records, plan_path
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.migrate import migrate
from sharegpt_argilla.workflows.plan import plan
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.embedded import PATIENCE, EmbeddedArgilla
from tests.projects import Annotator, TestProject, some_rows, write_project, write_rows

pytestmark = [pytest.mark.live, pytest.mark.slow]

ROWS = some_rows(10)
ASSIGNMENT = {"overlap": 2, "seed": 4, "calibration": {"share": 0.3, "overlap": 3}}


class Kept:
    """A project with three people, kept in one of the ways; all of them under the same dataset name."""

    def __init__(self, project: TestProject, folder: Path, way: str, **assignment: object) -> None:
        self.project, self.folder = project, folder / way
        self.team: dict[str, Annotator | None] = {}
        self.people = [*project.people, f"cleo-{project.workspace}"]
        content = yaml.safe_load(project.config.read_text(encoding="utf-8"))
        self.folder.mkdir()
        self.config = self.folder / "dataset-config.yml"
        self.rows = write_rows(self.folder / "rows.jsonl", ROWS)
        (self.folder / "guidelines.md").write_text("Read.", encoding="utf-8")
        self.write(
            content
            | {
                "workspace": f"{project.workspace}-{way}",
                "people": [{"username": name} for name in self.people],
                "assignment": {**ASSIGNMENT, **assignment},
            }
        )

    def write(self, content: dict[str, Any]) -> None:
        self.content = content
        self.config.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")

    def with_sections(self, **sections: object) -> Kept:
        """The same project with other sections, in a file next to the first."""
        one = copy.copy(self)
        one.config = self.folder / f"{sections['dataset']}.yml"
        one.write({**self.content, **sections})
        return one

    def push(self) -> None:
        push_to_argilla(self.rows, self.config, connection=self.project.connection, home=self.project.home)

    def assigned(self) -> dict[str, Assigned]:
        return dict(assigned_records(plan_path(self.config, self.content["dataset"])))

    def dataset_ids(self) -> list[str]:
        with self.project.owner() as owner:
            spaces = {item["id"]: item["name"] for item in owner.get("/api/v1/me/workspaces").json()["items"]}
            found = owner.get("/api/v1/me/datasets").json()["items"]
        wanted = [(part.workspace, part.dataset) for part in project_parts(load_project(self.config))]
        return [item["id"] for item in found if (spaces[item["workspace_id"]], item["name"]) in wanted]

    def answer(self, assigned: dict[str, Assigned]) -> None:
        """Everybody answers what is theirs, except one of the people of the first record that two answer."""
        left_open = next(row for row, one in assigned.items() if not one.calibration)
        for person in self.people:
            annotator = self.team.setdefault(person, None) or self.sign_in(person)
            for dataset in self.dataset_ids_of(person):
                annotator.dataset_id = dataset
                for record in annotator.search({}):
                    row = record["external_id"]
                    mine = assigned[row].people
                    if person in mine and (row, person) != (left_open, mine[0]):
                        annotator.answer(record["id"], values=answers(row, self.people.index(person)))

    def sign_in(self, person: str) -> Annotator:
        """As long as there is but one dataset of the name."""
        self.team[person] = self.project.annotator(person)
        return self.team[person]

    def dataset_ids_of(self, person: str) -> list[str]:
        parts = project_parts(load_project(self.config))
        if parts[0].person is None:
            return self.dataset_ids()
        with self.project.owner() as owner:
            spaces = {item["name"]: item["id"] for item in owner.get("/api/v1/me/workspaces").json()["items"]}
            found = owner.get("/api/v1/me/datasets").json()["items"]
        (own,) = [part for part in parts if part.person == person]
        return [item["id"] for item in found if item["workspace_id"] == spaces[own.workspace]]

    def set_clocks(self) -> None:
        """The time of an answer is what two ways cannot have in common; here each answer has one of its own."""
        database = sqlite3.connect(self.project.home.database, timeout=PATIENCE)
        with database:
            ids = [identifier.replace("-", "") for identifier in self.dataset_ids()]
            marks = ",".join("?" * len(ids))
            rows = database.execute(
                "SELECT responses.id, records.external_id, users.username FROM responses "
                "JOIN records ON records.id = responses.record_id JOIN users ON users.id = responses.user_id "
                f"WHERE records.dataset_id IN ({marks})",
                ids,
            ).fetchall()
            for identifier, row, person in rows:
                number = [one["id"] for one in ROWS].index(row) * 10 + self.people.index(person)
                time = f"2026-11-01 10:{number // 60:02}:{number % 60:02}.000000"
                query = "UPDATE responses SET inserted_at = ?, updated_at = ? WHERE id = ?"
                database.execute(query, (time, time, identifier))
        database.close()

    def export(self) -> bytes:
        output = self.config.with_suffix(".annotated.jsonl")
        export_responses(self.rows, output, self.config, connection=self.project.connection)
        return output.read_bytes()


def answers(row: str, person: int) -> dict[str, Any]:
    """What a person thinks of a row, whatever dataset it is in."""
    number = int(row[:6], 16) + person
    return {
        "quality": number % 7 + 1,
        "intent": [["code"], ["chat", "code"], ["open_qa"]][number % 3],
        "toxicity": ["none", "harmful"][number % 2],
    }


def seen(kept: Kept) -> tuple[Any, ...]:
    """What the dashboard says of a project, whatever it is kept in."""
    watch = ProjectWatch(kept.config, kept.project.connection, kept.project.home)
    try:
        view = watch.view()
        team = team_progress(watch, view)
        distributions = [
            [answer["responses"] for answer in question["distribution"]] for question in team["questions"]
        ]
        people = [(person["annotator"], person["submitted"]) for person in team["people"]]
        return (
            team["counts"],
            people,
            distributions,
            team_consensus(watch, view)["alphas"],
            disputed_records(watch, view),
        )
    finally:
        watch.close()


def open_for(kept: Kept) -> list[list[int]]:
    """How many records the dashboard says are open for each person, in each of the queues that it links to."""
    watch = ProjectWatch(kept.config, kept.project.connection, kept.project.home)
    try:
        progress = [annotator_progress(watch, watch.view(), name) for name in kept.people]
        return [[queue["open"] for queue in own["queues"]] for own in progress]
    finally:
        watch.close()


def requests_of(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> int:
    """What a refresh of the dashboard asks Argilla when nothing happened."""
    watch = ProjectWatch(kept.config, kept.project.connection, kept.project.home)
    watch.view()
    calls: list[str] = []
    call = ArgillaClient._call

    def counting(self: ArgillaClient, method: str, path: str, **arguments: Any) -> Any:
        calls.append(path)
        return call(self, method, path, **arguments)

    with monkeypatch.context() as patch:
        patch.setattr(ArgillaClient, "_call", counting)
        watch.view(0)
    watch.close()
    return len(calls)


def may_see(kept: Kept, person: Annotator) -> bool:
    """Whether somebody signs in to the dashboard as a lead."""
    return open_dashboard(person.username, person.password, kept.config, kept.project.home).lead


@pytest.fixture(scope="module")
def plain(argilla: EmbeddedArgilla, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The project in one dataset, of which everybody answers what a plan for them says."""
    folder = tmp_path_factory.mktemp("parts")
    project = write_project(folder, Connection(argilla.api_url, argilla.api_key), argilla.home, "parts")
    planned = Kept(project, folder, "planned", mode="links")
    plan(planned.rows, planned.config, connection=project.connection)
    kept = Kept(project, folder, "plain")
    kept.push()
    kept.answer(planned.assigned())
    kept.set_clocks()
    return kept


def test_every_way_of_keeping_a_project_exports_the_same_rows(
    plain: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = plain.export()
    assert expected.count("标注".encode()) == len(ROWS)
    assert expected.count(b"pending") == 1
    ways = {}
    for way, mode, datasets in (("split", "links", 2), ("each", "per_person_datasets", 3)):
        kept = ways[way] = Kept(plain.project, tmp_path, way, mode=mode)
        kept.team = plain.team
        kept.push()
        assert len(kept.dataset_ids()) == datasets
        kept.answer(kept.assigned())
        kept.set_clocks()
        assert kept.export() == expected
        *numbers, disputed = seen(kept)
        *known, also_disputed = seen(plain)
        assert numbers == known
        assert {row["prompt"] for row in disputed} == {row["prompt"] for row in also_disputed}
        assert sorted(open_for(kept)) == [[], [], [1]]
        assert requests_of(kept, monkeypatch) <= 5
        assert {name: may_see(kept, person) for name, person in kept.team.items()} == dict.fromkeys(
            kept.people, False
        )
        # Over REST, as on any other Argilla.
        monkeypatch.setenv("ARGILLA_HOME_PATH", str(tmp_path))
        assert kept.export() == expected
        monkeypatch.undo()
        assert migrated(kept, f"{way}-2") == expected.replace(b"dataset-parts", f"{way}-2".encode())
    # What links kept in two datasets becomes one where the plan is enforced.
    one = {**ASSIGNMENT, "mode": "queue"}
    assert migrated(ways["split"], "one", assignment=one) == expected.replace(b"dataset-parts", b"one")


def migrated(kept: Kept, dataset: str, **sections: object) -> bytes:
    """The export of a project after its migration to a new dataset, in as many parts as it is kept in."""
    new = kept.with_sections(dataset=dataset, **sections)
    parts = len(project_parts(load_project(new.config)))
    where: dict[str, Any] = {"connection": kept.project.connection, "home": kept.project.home}
    done = migrate(kept.content["dataset"], new.config, **where)
    assert (done.complete, len(new.dataset_ids())) == (True, parts)
    assert migrate(kept.content["dataset"], new.config, **where).sent == 0
    return new.export()


def test_a_migration_exports_the_same_rows(
    plain: Kept, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    old = plain.content["dataset"]
    expected = plain.export()
    new = plain.with_sections(dataset=f"{old}-2")
    total: list[int] = []
    where: dict[str, Any] = {"connection": new.project.connection, "home": new.project.home}
    counted = migrate(old, new.config, **where, dry_run=True, on_total=total.append)
    assert total == [len(ROWS)]
    assert counted.wanted["records"] == len(ROWS)
    assert counted.there == {}
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(new.project.home.path))
    for sent in (len(ROWS), 0):
        assert main(["migrate", old, "--config", str(new.config)]) == 0
        found = capfd.readouterr().err
        assert f"{len(ROWS)} -> {len(ROWS)} records" in found
        assert found.endswith(f"{sent} records sent now; complete\n")
    assert new.export() == expected.replace(old.encode(), f"{old}-2".encode())
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(new.folder))
    # Over REST.
    assert new.export() == expected.replace(old.encode(), f"{old}-2".encode())
    assert plain.export() == expected


def test_a_migration_with_other_labels_maps_every_answer(plain: Kept, tmp_path: Path) -> None:
    old, expected = plain.content["dataset"], plain.export()
    quality, intent, toxicity = plain.content["questions"]
    labels = {name: text for name, text in intent["labels"].items() if name != "code"}
    intent = {**intent, "name": "aim", "labels": {"coding": "Coding", **labels}}
    new = plain.with_sections(dataset=f"{old}-3", questions=[quality, intent, toxicity], suggestions=[])
    options: dict[str, Any] = {"connection": plain.project.connection, "home": plain.project.home}
    with pytest.raises(UsageError, match='question "intent" of the old dataset is not in the new one'):
        migrate(old, new.config, **options)
    label_map = tmp_path / "labels.yml"
    label_map.write_text("names: {intent: aim}\n", encoding="utf-8")
    with pytest.raises(UsageError, match='"code" is no label of the new question "aim"'):
        migrate(old, new.config, label_map, **options)
    label_map.write_text("names: {intent: aim}\nquestions: {intent: {code: coding}}\n", encoding="utf-8")
    assert migrate(old, new.config, label_map, **options).complete
    changes = ((old, f"{old}-3"), ('\\"intent\\"', '\\"aim\\"'), ('\\"code\\"', '\\"coding\\"'))
    for before, after in changes:
        assert before.encode() in expected
        expected = expected.replace(before.encode(), after.encode())
    assert new.export() == expected
    # A label that has no counterpart leaves an answer open that must be given: the person is asked again.
    new = new.with_sections(dataset=f"{old}-4")
    label_map.write_text("names: {intent: aim}\nquestions: {intent: {code: null}}\n", encoding="utf-8")
    done = migrate(old, new.config, label_map, **options)
    assert done.complete
    assert done.reopened == done.there["draft responses"] == done.dropped > 0
