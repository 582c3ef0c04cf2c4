"""Answers read from the embedded Argilla's own database: only where it is the server's."""

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.argilla_client.responses_on_server import answered_record
from sharegpt_argilla.embedded_argilla.database_answers import EmbeddedAnswers, find_answers
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
    given: list[dict[str, Any] | None] = [ANSWER, {"quality": 3}, None]
    for record, values in zip(ana.search({}), given, strict=True):
        ana.answer(record["id"], "submitted" if values == ANSWER else "discarded", values)
    key, statuses = ana.dataset_id, ("submitted", "discarded")
    with project.owner() as owner:
        questions = {
            item["id"]: item["name"] for item in owner.get(f"/api/v1/datasets/{key}/questions").json()["items"]
        }
        suggested = ana.search({})[1]["id"]
        for question, value, score in (("toxicity", "none", 0.75), ("intent", ["code", "chat"], [0.5, 1.0])):
            question_id = next(item for item, name in questions.items() if name == question)
            owner.put(
                f"/api/v1/records/{suggested}/suggestions",
                json={"question_id": question_id, "value": value, "agent": "rules", "score": score},
            ).raise_for_status()
        include = {"include": "responses,suggestions"}
        page = owner.get(f"/api/v1/datasets/{key}/records", params=include).json()["items"]
        active = owner.get(f"/api/v1/datasets/{key}").json()["last_activity_at"]
    answers = find_answers(project.home, project.connection.api_url, {key: lambda: active})
    assert answers is not None
    kept = ("id", "external_id", "status")
    wanted = {
        record["id"]: {name: record[name] for name in kept}
        | {"responses": [{k: v for k, v in item.items() if k != "record_id"} for item in record["responses"]]}
        for record in page
    }
    read = {record["id"]: record for record in answers.records(key, statuses)}
    names = answers.question_names(key)
    for record in page:
        near = answered_record(read[record["id"]], {}, statuses, names)
        assert near == answered_record(record, {}, statuses, questions)
        assert len(near.suggestions) == (2 if record["id"] == suggested else 0)
        read[record["id"]].pop("suggestions", None)
        assert read[record["id"]].pop("metadata") == {}
    assert read == wanted
    some = next(iter(wanted))
    assert [record["id"] for record in answers.records(key, statuses, [some])] == [some]
    newest = {name: record["responses"][0]["updated_at"] for name, record in wanted.items()}
    stamps = {stamp[0]: stamp for stamp in answers.stamps(key, statuses)}
    assert list(stamps) == sorted(newest)
    assert all(stamps[name][4] == time for name, time in newest.items())
    assert [stamp[0] for stamp in stamps.values() if stamp[6]] == [suggested]
    assert list(answers.stamps(key, ["draft"])) == []
    assert set(answers.changed_since(key, datetime(2020, 1, 1))) == set(stamps)
    assert answers.changed_since(key, datetime(2999, 1, 1)) == []
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
