"""export-responses on a real Argilla."""

import json
from pathlib import Path

import pytest

from sharegpt_argilla.errors import ServerUnreachableError
from sharegpt_argilla.rows import Row
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.export_responses import ExportSummary, export_responses
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.embedded import free_port
from tests.projects import ANSWER, Annotator, TestProject, annotations, some_rows, write_rows

pytestmark = pytest.mark.live


@pytest.fixture
def rows() -> list[Row]:
    return some_rows(12)


@pytest.fixture
def path(tmp_path: Path, rows: list[Row]) -> Path:
    return write_rows(tmp_path / "rows.jsonl", rows)


@pytest.fixture
def loaded(project: TestProject, path: Path) -> TestProject:
    push_to_argilla(path, project.config, connection=project.connection, home=project.home)
    return project


@pytest.fixture
def ana(loaded: TestProject) -> Annotator:
    return loaded.annotator(loaded.people[0])


@pytest.fixture
def server_id(ana: Annotator) -> dict[str, str]:
    """Row id -> Argilla's record id."""
    return {record["external_id"]: record["id"] for record in ana.search({})}


def export(project: TestProject, rows: Path, output: Path, **options: object) -> ExportSummary:
    return export_responses(rows, output, project.config, connection=project.connection, **options)


def test_untouched_rows_keep_every_byte(loaded, ana, server_id, rows, path, tmp_path) -> None:
    original = path.read_bytes().replace(b"\n", b"\r\n", 3).removesuffix(b"\n").replace(b'"id":', b'"id" : ', 1)
    path.write_bytes(original)
    ana.answer(server_id[rows[5]["id"]], values=ANSWER)
    summary = export(loaded, path, tmp_path / "out.jsonl")
    before, after = original.split(b"\n"), (tmp_path / "out.jsonl").read_bytes().split(b"\n")
    assert [n for n, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]] == [5]
    assert (summary.rows, summary.annotated, summary.responses) == (12, 1, 1)


def test_without_answers_the_export_is_the_input(loaded, path, tmp_path) -> None:
    export(loaded, path, tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == path.read_bytes()


def test_only_submitted_responses_count(loaded, ana, server_id, rows, path, tmp_path) -> None:
    ana.answer(server_id[rows[0]["id"]], "draft", {"quality": 1})
    ana.answer(server_id[rows[1]["id"]], "discarded")
    ana.answer(server_id[rows[2]["id"]], "discarded", {"quality": 1})
    ana.answer(server_id[rows[3]["id"]], values=ANSWER)
    export(loaded, path, tmp_path / "out.jsonl")
    found = annotations(tmp_path / "out.jsonl")
    assert list(found) == [rows[3]["id"]]
    assert found[rows[3]["id"]]["status"] == "completed"
    assert found[rows[3]["id"]]["responses"][0]["annotator"] == ana.username


def test_edited_and_withdrawn_answers_change_the_rows_again(loaded, ana, server_id, rows, path, tmp_path) -> None:
    first = ana.answer(server_id[rows[0]["id"]], values=ANSWER)
    second = ana.answer(server_id[rows[1]["id"]], values=ANSWER)
    out = tmp_path / "out.jsonl"
    export(loaded, path, out)
    ana.change(first, {**ANSWER, "quality": 1})
    ana.withdraw(second)
    summary = export(loaded, out, out)
    found = annotations(out)
    assert list(found) == [rows[0]["id"]]
    assert found[rows[0]["id"]]["quality"] == 1
    assert summary.withdrawn == 1
    assert out.read_text().splitlines()[1] == path.read_text().splitlines()[1]


def test_answers_whose_row_is_missing_are_kept(loaded, ana, server_id, rows, tmp_path) -> None:
    ana.answer(server_id[rows[0]["id"]], values=ANSWER)
    ana.answer(server_id[rows[1]["id"]], values=ANSWER)
    fewer = write_rows(tmp_path / "fewer.jsonl", rows[1:] + rows[1:2])
    summary = export(loaded, fewer, tmp_path / "out.jsonl")
    assert (summary.orphans, summary.repeated, summary.annotated) == (1, 1, 2)
    (orphan,) = [json.loads(line) for line in (tmp_path / "orphans.jsonl").read_text().splitlines()]
    assert orphan["id"] == rows[0]["id"]
    assert orphan["标注"]["quality"] == ANSWER["quality"]


def test_lines_that_are_no_rows_stay(loaded, path, tmp_path) -> None:
    path.write_text("not a row\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    summary = export(loaded, path, tmp_path / "out.jsonl")
    assert summary.unreadable == 1
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8").startswith("not a row\n{")


def test_a_dry_run_writes_nothing(loaded, ana, server_id, rows, path, tmp_path) -> None:
    ana.answer(server_id[rows[0]["id"]], values=ANSWER)
    assert export(loaded, path, tmp_path / "out.jsonl", dry_run=True).annotated == 1
    assert not (tmp_path / "out.jsonl").exists()


def test_a_server_that_is_down_leaves_the_last_export_alone(loaded, path, tmp_path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("the last export\n", encoding="utf-8")
    down = Connection(f"http://127.0.0.1:{free_port()}", "key")
    with pytest.raises(ServerUnreachableError):
        export_responses(path, out, loaded.config, connection=down)
    assert out.read_text(encoding="utf-8") == "the last export\n"
    assert sorted(item.name for item in tmp_path.glob("*out*")) == ["out.jsonl"]


def test_more_answers_than_one_page(loaded, ana, server_id, rows, path, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("sharegpt_argilla.argilla_client.responses.PAGE", 5)
    for row in rows:
        ana.answer(server_id[row["id"]], values=ANSWER)
    assert export(loaded, path, tmp_path / "out.jsonl").annotated == 12
    assert list(annotations(tmp_path / "out.jsonl")) == [row["id"] for row in rows]
