"""Answers read from the embedded Argilla's own database: only where it is the server's."""

import sqlite3
from pathlib import Path

import pytest

from sharegpt_argilla.embedded_argilla.answers import EmbeddedAnswers, find_answers
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.settings import Home, write_private
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.projects import ANSWER, TestProject, some_rows, write_rows


@pytest.mark.live
def test_it_says_what_rest_says(project: TestProject, tmp_path: Path) -> None:
    rows = some_rows(3)
    path = write_rows(tmp_path / "rows.jsonl", rows)
    push_to_argilla(path, project.config, connection=project.connection, home=project.home)
    ana = project.annotator(project.people[0])
    for record, values in zip(ana.search({}), (ANSWER, {"quality": 3}, None), strict=True):
        ana.answer(record["id"], "submitted" if values == ANSWER else "discarded", values)
    key, statuses = ana.dataset_id, ("submitted", "discarded")
    with project.owner() as owner:
        page = owner.get(f"/api/v1/datasets/{key}/records", params={"include": "responses"}).json()["items"]
        active = owner.get(f"/api/v1/datasets/{key}").json()["last_activity_at"]
    answers = find_answers(project.home, project.connection.api_url, {key: lambda: active})
    assert answers is not None
    kept = ("id", "external_id", "status")
    wanted = {
        record["id"]: {name: record[name] for name in kept}
        | {"responses": [{k: v for k, v in one.items() if k != "record_id"} for one in record["responses"]]}
        for record in page
    }
    assert {record["id"]: record for record in answers.records(key, statuses)} == wanted
    some = next(iter(wanted))
    assert [record["id"] for record in answers.records(key, statuses, [some])] == [some]
    newest = {name: record["responses"][0]["updated_at"] for name, record in wanted.items()}
    assert {name: found[3] for name, found in answers.times(key, statuses).items()} == newest
    assert answers.times(key, ["draft"]) == {}
    answers.close()
    assert find_answers(project.home, project.connection.api_url, {key: lambda: "2999-01-01T00:00:00"}) is None
    assert find_answers(project.home, "http://127.0.0.1:1", {key: lambda: active}) is None


def test_a_home_without_an_argilla(tmp_path: Path) -> None:
    assert find_answers(Home(tmp_path), "http://127.0.0.1:1", {}) is None


def test_a_database_that_is_none(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write_private(home.server, '{"api_url": "http://127.0.0.1:1"}')
    home.database.write_text("not a database, but long enough to be read as one" * 100, encoding="utf-8")
    assert find_answers(home, "http://127.0.0.1:1", {"629e1839-5268-4fab-a788-a67b258a11dc": lambda: ""}) is None
    home.database.unlink()
    sqlite3.connect(home.database).close()
    answers = EmbeddedAnswers(home)
    with pytest.raises(InputError, match="cannot be read: no such table"):
        list(answers.records("629e1839-5268-4fab-a788-a67b258a11dc", ["submitted"]))
    answers.close()
