"""load-records on a real Argilla."""

import json
import random
from pathlib import Path
from typing import Any

import argilla
import pytest

from sharegpt_argilla.argilla_client import copying
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.records_on_server import RecordsDataset
from sharegpt_argilla.errors import DatasetDiffersError, InputError, ServerRefusedError, ServerUnreachableError
from sharegpt_argilla.rows import Pair, build_row, dump_row, read_extension, with_extension
from sharegpt_argilla.workflows.load_records import UPLOADS, LoadSummary, load_records
from sharegpt_argilla.workflows.setup_dataset import setup_dataset
from tests.projects import TestProject, some_rows, write_rows

pytestmark = pytest.mark.live


@pytest.fixture
def ready(project: TestProject) -> TestProject:
    setup_dataset(project.config, connection=project.connection, home=project.home)
    return project


def load(project: TestProject, rows: Path, **options: Any) -> LoadSummary:
    rejects = rows.with_name("rejected.jsonl")
    return load_records(rows, project.config, connection=project.connection, rejects=rejects, **options)


def counts(summary: LoadSummary) -> tuple[int, int, int, int, int]:
    return summary.loaded, summary.updated, summary.unchanged, summary.repeated, summary.rejected


def test_a_second_load_changes_nothing(ready: TestProject, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", some_rows(30))
    assert counts(load(ready, rows)) == (30, 0, 0, 0, 0)
    assert counts(load(ready, rows)) == (0, 0, 30, 0, 0)
    assert not (tmp_path / "rejected.jsonl").exists()


def test_batches_that_are_sent_at_a_time_make_the_same_records(ready: TestProject, tmp_path: Path) -> None:
    rows = [row for number in range(120) for row in some_rows(10, f"s{number}")]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    assert counts(load(ready, path, workers=4)) == (1200, 0, 0, 0, 0)
    # Texts, earlier turns, metadata and suggestions are compared with what one process would send.
    assert counts(load(ready, path)) == (0, 0, 1200, 0, 0)
    assert UPLOADS == 4


def test_an_older_server_gets_an_empty_chat_in_place_of_none(
    ready: TestProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert copying.INDEXES_WITHOUT_CHAT == (2, 8)
    monkeypatch.setattr(copying, "INDEXES_WITHOUT_CHAT", (99, 0))
    rows = some_rows(3)
    path = write_rows(tmp_path / "rows.jsonl", rows)
    assert counts(load(ready, path)) == (3, 0, 0, 0, 0)
    assert counts(load(ready, path)) == (0, 0, 3, 0, 0)
    with connect(ready.connection) as client:
        assert client.version >= (2, 8)
        (dataset,) = (item for item in client.get("/api/v1/me/datasets")["items"] if item["name"] == ready.dataset)
        records = client.get(f"/api/v1/datasets/{dataset['id']}/records", {"limit": 3})["items"]
    contexts = {record["external_id"]: record["fields"]["context"] for record in records}
    assert [len(contexts[row["id"]]) for row in rows] == [0, 2, 4]


def test_what_the_sdk_reads_is_what_the_rows_say(ready: TestProject, tmp_path: Path) -> None:
    rows = some_rows(3)
    load(ready, write_rows(tmp_path / "rows.jsonl", rows))
    sdk = argilla.Argilla(api_url=ready.connection.api_url, api_key=ready.connection.api_key)
    dataset = sdk.datasets(ready.dataset, workspace=ready.workspace)
    found = {record.id: record for record in dataset.records()}
    sdk.http_client.close()
    third = found[rows[2]["id"]]
    assert third.fields["prompt"] == rows[2]["问"]
    assert third.fields["response"] == rows[2]["答"]
    assert [(message.role, message.content) for message in third.fields["context"]] == [
        ("user", rows[0]["问"]),
        ("assistant", rows[0]["答"]),
        ("user", rows[1]["问"]),
        ("assistant", rows[1]["答"]),
    ]
    assert third.metadata["prompt_n_tokens"] == 4
    assert third.metadata["turn"] == 3
    assert third.metadata["corpus"] == "vicuna"
    assert isinstance(third.metadata["prompt_flesch_reading_ease"], float)


def test_an_earlier_turn_that_comes_later_updates_the_context(ready: TestProject, tmp_path: Path) -> None:
    rows = some_rows(2)
    load(ready, write_rows(tmp_path / "second.jsonl", rows[1:]))
    assert counts(load(ready, write_rows(tmp_path / "both.jsonl", rows))) == (1, 1, 0, 0, 0)


def test_a_row_that_learnt_something_updates_its_record(ready: TestProject, tmp_path: Path) -> None:
    rows = some_rows(1, "one") + some_rows(1, "two")
    load(ready, write_rows(tmp_path / "rows.jsonl", rows))
    changed = [with_extension(rows[0], {**read_extension(rows[0]), "多轮序号": 7}), rows[1]]
    path = write_rows(tmp_path / "changed.jsonl", changed)
    assert counts(load(ready, path)) == (0, 1, 1, 0, 0)
    assert counts(load(ready, path)) == (0, 0, 2, 0, 0)


def test_lines_that_are_no_rows_are_kept_apart(ready: TestProject, tmp_path: Path) -> None:
    good = [dump_row(row) for row in some_rows(2)]
    other = dump_row(build_row(Pair("q", "a", "x", 1, "other", "S", "human", "gpt"), "20230511 15:56:03"))
    bad = ["not json", '{"id": "x"}', "[]", other, '{"id": 1}', '{"a": ' * 2000]
    rows = tmp_path / "rows.jsonl"
    rows.write_text("\n".join([good[0], *bad, "", good[1], good[0]]) + "\n", encoding="utf-8")
    assert counts(load(ready, rows)) == (2, 0, 0, 1, len(bad))
    rejected = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text().splitlines()]
    by_line = sorted(rejected, key=lambda item: item["line"])
    assert [item["line"] for item in by_line] == [2, 3, 4, 5, 6, 7]
    assert [item["raw"] for item in by_line] == bad
    assert "not valid JSON" in by_line[0]["reason"]
    assert '"问" is missing' in by_line[1]["reason"]
    assert load(ready, rows).not_of_this_run == ""
    rows.write_text(good[0] + "\n", encoding="utf-8")
    assert "rejected.jsonl is from an earlier run" in load(ready, rows).not_of_this_run
    assert "not among its options" in by_line[3]["reason"]


def test_a_record_that_the_server_refuses_goes_alone(ready: TestProject, tmp_path: Path, monkeypatch) -> None:
    # Nothing that passes our checks is refused by this server, so one body is spoilt on its way.
    rows = some_rows(9)
    spoilt = rows[4]["id"]
    body = RecordsDataset._body

    def spoil(self, draft):
        return body(self, draft) | ({"metadata": {"prompt_n_tokens": -1}} if draft.id == spoilt else {})

    monkeypatch.setattr(RecordsDataset, "_body", spoil)
    path = write_rows(tmp_path / "rows.jsonl", rows)
    assert counts(load(ready, path)) == (8, 0, 0, 0, 1)
    (rejected,) = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text().splitlines()]
    assert rejected["line"] == 5
    assert "prompt_n_tokens" in rejected["reason"]
    monkeypatch.undo()
    assert counts(load(ready, path)) == (1, 0, 8, 0, 0)


def test_a_load_that_is_cut_off_resumes_where_it_stopped(ready: TestProject, tmp_path: Path, monkeypatch) -> None:
    rows = some_rows(600)
    random.Random(7).shuffle(rows)
    path = write_rows(tmp_path / "rows.jsonl", rows)
    sent: list[Any] = []
    put = ArgillaClient.put

    def cut_off(self, path, json=None):
        if len(sent) == 1:
            raise ServerUnreachableError("gone")
        sent.append(path)
        return put(self, path, json)

    monkeypatch.setattr(ArgillaClient, "put", cut_off)
    with pytest.raises(ServerUnreachableError):
        load(ready, path)
    monkeypatch.undo()
    assert counts(load(ready, path)) == (350, 0, 250, 0, 0)


def test_a_dry_run_sends_nothing(ready: TestProject, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", some_rows(4))
    assert counts(load(ready, rows, dry_run=True)) == (4, 0, 0, 0, 0)
    assert counts(load(ready, rows)) == (4, 0, 0, 0, 0)
    assert counts(load(ready, rows, dry_run=True)) == (0, 0, 4, 0, 0)


def test_a_dry_run_before_the_dataset_is_there(project: TestProject, tmp_path: Path) -> None:
    assert load(project, write_rows(tmp_path / "rows.jsonl", some_rows(4)), dry_run=True).loaded == 4


def test_without_the_dataset_it_says_what_to_run(project: TestProject, tmp_path: Path) -> None:
    with pytest.raises(ServerRefusedError, match="sharegpt-argilla setup-dataset"):
        load(project, write_rows(tmp_path / "rows.jsonl", some_rows(1)))


def test_a_dataset_that_differs_is_not_loaded_into(ready: TestProject, tmp_path: Path) -> None:
    ready.rewrite(assignment={"overlap": 3})
    with pytest.raises(DatasetDiffersError):
        load(ready, write_rows(tmp_path / "rows.jsonl", some_rows(1)))


def test_a_missing_file(ready: TestProject, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load(ready, tmp_path / "none.jsonl")
