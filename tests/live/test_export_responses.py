"""export-responses on a real Argilla."""

import json
import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from sharegpt_argilla.argilla_client.streamed_responses import StreamedResponses
from sharegpt_argilla.argilla_plugin.active_time import Spent, add_activity
from sharegpt_argilla.cli import main
from sharegpt_argilla.cli.export_responses import describe
from sharegpt_argilla.common.locks import run_lock
from sharegpt_argilla.errors import InputError, ServerUnreachableError, UsageError
from sharegpt_argilla.rows import Row
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.export_responses import ExportOptions, ExportSummary, export_responses
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from sharegpt_argilla.workflows.report_agreement import report_agreement
from tests.embedded import PATIENCE, free_port, package_root, server_database, wait_until
from tests.projects import ANSWER, Annotator, TestProject, read_annotations, some_rows, write_rows

pytestmark = pytest.mark.live

PAGE_BYTES = 4096
"""Of SQLite's files."""


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


def export(project: TestProject, rows: Path, output: Path, **options: Any) -> ExportSummary:
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
    found = read_annotations(tmp_path / "out.jsonl")
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
    found = read_annotations(out)
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


def test_more_answers_than_one_page(way, loaded, ana, server_id, rows, path, monkeypatch) -> None:
    tmp_path = path.parent
    monkeypatch.setattr("sharegpt_argilla.argilla_client.responses_on_server.PAGE", 5)
    for row in rows:
        ana.answer(server_id[row["id"]], values=ANSWER)
    assert export(loaded, path, tmp_path / "out.jsonl").annotated == 12
    assert list(read_annotations(tmp_path / "out.jsonl")) == [row["id"] for row in rows]


def test_drafts_and_discards_on_request_never_make_values(loaded, ana, server_id, rows, path, tmp_path) -> None:
    ana.answer(server_id[rows[0]["id"]], "draft", {"quality": 1})
    ana.answer(server_id[rows[1]["id"]], "discarded")
    ana.answer(server_id[rows[2]["id"]], values=ANSWER)
    options = ExportOptions(statuses=["discarded", "draft", "submitted"])
    export(loaded, path, tmp_path / "out.jsonl", options=options)
    found = read_annotations(tmp_path / "out.jsonl")
    assert [found[row["id"]]["responses"][0]["status"] for row in rows[:3]] == ["draft", "discarded", "submitted"]
    assert "quality" not in found[rows[0]["id"]]
    assert found[rows[1]["id"]]["responses"][0]["values"] == {}


@pytest.fixture(params=["pages", "stream"])
def way(request, monkeypatch) -> str:
    """Both ways of reading: an Argilla without the plug-in is read in pages."""
    if request.param == "pages":
        monkeypatch.setattr("sharegpt_argilla.project.answer_sources.streams_responses", lambda _client: False)
    return request.param


def test_an_incremental_export_has_the_bytes_of_a_whole_one(
    way, loaded, ana, server_id, rows, path, tmp_path
) -> None:
    path.write_bytes(path.read_bytes().replace(b'"id":', b'"id" : ', 3).replace(b"\n", b"\r\n", 2) + b"no row\n")
    state, out = ExportOptions(state=tmp_path / "export.state"), tmp_path / "out.jsonl"
    answers = [ana.answer(server_id[row["id"]], values=ANSWER) for row in rows[:6]]
    spread(loaded, dict(zip(answers, (0, 10, 30, 60, 100, 1000), strict=True)))

    def both() -> ExportSummary:
        summary = export(loaded, path, out, options=state)
        export(loaded, path, tmp_path / "whole.jsonl")
        assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
        return summary

    def seconds() -> list[float | None]:
        lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()[:6]]
        found = [json.loads(line["元数据"]["扩展字段"]).get("标注", {"responses": [{}]}) for line in lines]
        responses = [one for marked in found for one in marked["responses"]]
        assert all(one["active"] == "estimated" for one in responses if one)
        return [one.get("active_seconds") for one in responses]

    assert both().changed is None
    assert seconds() == [10, 10, 20, 30, 40, 300]
    summary = both()
    assert (summary.changed, summary.annotated, summary.responses, summary.unreadable) == (0, 6, 6, 1)
    suggest(loaded, ana.dataset_id, server_id[rows[3]["id"]], "toxicity", "harmful")
    ana.change(answers[0], {**ANSWER, "quality": 1})
    ana.withdraw(answers[1])
    ana.answer(server_id[rows[7]["id"]], values=ANSWER)
    summary = both()
    assert (summary.changed, summary.annotated, summary.withdrawn) == (4, 6, 1)
    # The third is now the first of its sitting, and so it says how long the next one took.
    assert seconds()[1:] == [None, 30, 30, 40, 300]
    extensions = [json.loads(json.loads(line)["元数据"]["扩展字段"]) for line in out.read_text().splitlines()[:4]]
    wanted = {"question": "toxicity", "agent": "rules", "value": "harmful", "type": "model", "score": 0.9}
    assert [one.get("标注", {}).get("suggestions") for one in extensions] == [None, None, None, [wanted]]
    with loaded.owner() as owner:
        ids = {"ids": server_id[rows[2]["id"]]}
        owner.delete(f"/api/v1/datasets/{ana.dataset_id}/records", params=ids).raise_for_status()
    assert both().changed == 1
    assert "标注" not in out.read_text(encoding="utf-8").splitlines()[2]
    with closing(sqlite3.connect(tmp_path / "export.state")) as file:
        ((about,),) = file.execute("SELECT about FROM export")
    assert json.loads(about)["cursor"] > "2026"
    assert (tmp_path / "export.state").stat().st_mode & 0o077 == 0


def test_an_incremental_export_asks_for_what_changed_and_estimates_the_rest_itself(
    loaded, ana, server_id, rows, path, tmp_path, monkeypatch
) -> None:
    asked: list[Any] = []
    read = StreamedResponses.records

    def records(self: StreamedResponses, ids: Any = None) -> Any:
        asked.append(None if ids is None else sorted(ids))
        return read(self, ids)

    monkeypatch.setattr(StreamedResponses, "records", records)
    state, out = ExportOptions(state=tmp_path / "export.state"), tmp_path / "out.jsonl"
    given = [ana.answer(server_id[row["id"]], values=ANSWER) for row in rows[:6]]
    spread(loaded, {response: 10 * number for number, response in enumerate(given)})
    export(loaded, path, out, options=state)
    before = out.read_bytes().splitlines()
    asked.clear()

    ana.change(given[2], {**ANSWER, "quality": 1})
    assert export(loaded, path, out, options=state).changed == 1

    assert asked == [[server_id[rows[2]["id"]]]]
    lines = out.read_bytes().splitlines()
    # The next one in the order of time has another before it now.
    assert [number for number, line in enumerate(lines) if line != before[number]] == [2, 3]
    export(loaded, path, tmp_path / "whole.jsonl")
    assert lines == (tmp_path / "whole.jsonl").read_bytes().splitlines()


def test_measured_time_that_comes_after_the_answer_is_exported(
    way, loaded, ana, server_id, rows, path, monkeypatch
) -> None:
    monkeypatch.setattr("sharegpt_argilla.project.answer_sources.MARGIN", timedelta(0))
    tmp_path = path.parent
    state, out = ExportOptions(state=tmp_path / "export.state"), tmp_path / "out.jsonl"
    for row in rows[:2]:
        ana.answer(server_id[row["id"]], values=ANSWER)
    export(loaded, path, out, options=state)
    spent = Spent(UUID(ana.dataset_id), UUID(server_id[rows[1]["id"]]), 12.34)
    with server_database(loaded.home) as database:
        assert add_activity(database, ana.user_id, [spent])
    assert export(loaded, path, out, options=state).changed == 1
    export(loaded, path, tmp_path / "whole.jsonl")
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    found = [one["responses"][0] for one in read_annotations(out).values()]
    assert [one["active"] for one in found] == ["estimated", "measured"]
    assert found[1]["active_seconds"] == 12.3
    assert all(one["inserted_at"] <= one["updated_at"] == one["submitted_at"] for one in found)


def spread(project: TestProject, seconds: dict[str, int]) -> None:
    """Responses as if they had been given so many seconds after noon of a day."""
    noon = datetime(2026, 1, 5, 12)
    with closing(sqlite3.connect(project.home.database, timeout=PATIENCE)) as database, database:
        for response, after in seconds.items():
            time = (noon + timedelta(seconds=after)).isoformat(sep=" ", timespec="microseconds")
            query = "UPDATE responses SET inserted_at = ?, updated_at = ? WHERE id = ?"
            assert database.execute(query, (time, time, response.replace("-", ""))).rowcount == 1


def suggest(project: TestProject, dataset_id: str, record_id: str, question: str, value: object) -> None:
    with project.owner() as owner:
        questions = owner.get(f"/api/v1/datasets/{dataset_id}/questions").json()["items"]
        body = {
            "question_id": next(one["id"] for one in questions if one["name"] == question),
            "value": value,
            "agent": "rules",
            "score": 0.9,
        }
        owner.put(f"/api/v1/records/{record_id}/suggestions", json=body).raise_for_status()


def test_a_change_of_anything_else_makes_a_whole_export(way, loaded, ana, server_id, rows, path, tmp_path) -> None:
    state, out = ExportOptions(state=tmp_path / "export.state"), tmp_path / "out.jsonl"
    ana.answer(server_id[rows[0]["id"]], values=ANSWER)
    export(loaded, path, out, options=state)
    assert export(loaded, path, out, options=state).changed == 0
    out.write_bytes(out.read_bytes() + b"\n")
    assert export(loaded, path, out, options=state).changed is None
    loaded.rewrite(export={"policies": {"quality": "median"}})
    assert export(loaded, path, out, options=state).changed is None
    assert read_annotations(out)[rows[0]["id"]]["policy"]["quality"] == "median"
    path.write_bytes(path.read_bytes() + path.read_bytes())
    assert export(loaded, path, out, options=state).changed is None
    (tmp_path / "export.state").write_text("damaged", encoding="utf-8")
    summary = export(loaded, path, out, options=state)
    assert (summary.changed, summary.damaged_state) == (None, tmp_path / "export.state")


def test_a_damaged_page_of_the_state_changes_no_output(loaded, ana, server_id, rows, path, tmp_path) -> None:
    """Where SQLite met one it was a traceback; in the lengths of lines it would have been a wrong output."""
    state, out = tmp_path / "export.state", tmp_path / "out.jsonl"
    options, draw = ExportOptions(state=state), random.Random(5)
    answers = [ana.answer(server_id[row["id"]], values=ANSWER) for row in rows[:2]]
    export(loaded, path, out, options=options)
    pages = state.stat().st_size // PAGE_BYTES
    assert pages > 5
    for page in range(pages):
        left = draw.randbytes(PAGE_BYTES) if page % 2 else bytes(PAGE_BYTES)
        ana.change(answers[0], {**ANSWER, "quality": 1 + (page + left[0]) % 7})
        content = bytearray(state.read_bytes())
        content[page * PAGE_BYTES : (page + 1) * PAGE_BYTES] = left
        state.write_bytes(content)
        summary = export(loaded, path, out, options=options)
        assert (summary.changed, summary.damaged_state) == (None, state)
        assert describe(summary).endswith(f"; {state} was damaged, so every row was looked at")
        export(loaded, path, tmp_path / "whole.jsonl")
        assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert export(loaded, path, out, options=options).damaged_state is None


def test_orphans_stay_known_to_incremental_exports(way, loaded, ana, server_id, rows, tmp_path) -> None:
    fewer = write_rows(tmp_path / "fewer.jsonl", rows[1:])
    state, out = ExportOptions(state=tmp_path / "export.state"), tmp_path / "out.jsonl"
    first = ana.answer(server_id[rows[0]["id"]], values=ANSWER)
    assert export(loaded, fewer, out, options=state).orphans == 1
    ana.answer(server_id[rows[1]["id"]], values=ANSWER)
    assert export(loaded, fewer, out, options=state).orphans == 1
    assert export(loaded, fewer, out, options=state).orphans == 1
    (orphan,) = [json.loads(line) for line in (tmp_path / "orphans.jsonl").read_text().splitlines()]
    assert orphan["id"] == rows[0]["id"]
    ana.withdraw(first)
    summary = export(loaded, fewer, out, options=state)
    assert (summary.orphans, summary.stale) == (0, tmp_path / "orphans.jsonl")
    assert not (tmp_path / "orphans.jsonl").exists()


def test_since_looks_only_at_what_changed_since(loaded, ana, server_id, rows, path, tmp_path) -> None:
    out = tmp_path / "out.jsonl"
    answers = [ana.answer(server_id[row["id"]], values=ANSWER) for row in rows[:2]]
    export(loaded, path, out)
    times = {key: annotation["responses"][0]["submitted_at"] for key, annotation in read_annotations(out).items()}
    ana.change(answers[1], {**ANSWER, "quality": 1})
    # An edit of the file that a row which is looked at would lose.
    out.write_text(
        out.read_text(encoding="utf-8").replace('\\"quality\\": 6', '\\"quality\\": 5'), encoding="utf-8"
    )
    export(loaded, out, out, options=ExportOptions(since=max(times.values()) + "9"))
    assert [annotation["quality"] for annotation in read_annotations(out).values()] == [5, 1]


def test_datasets_are_joined_by_the_row(way, loaded, ana, server_id, rows, path, tmp_path) -> None:
    ana.answer(server_id[rows[0]["id"]], values={**ANSWER, "quality": 2})
    first = loaded.dataset
    loaded.rewrite(dataset=f"{first}-calibration")
    push_to_argilla(path, loaded.config, connection=loaded.connection, home=loaded.home)
    second = replace(loaded, dataset=f"{first}-calibration").annotator(loaded.people[1])
    ids = {record["external_id"]: record["id"] for record in second.search({})}
    response_id, _ = [second.answer(ids[row["id"]], values={**ANSWER, "quality": 4}) for row in rows[:2]]
    loaded.rewrite(export={"policies": {"quality": "mean"}})
    names = [first, f"{loaded.workspace}/{first}-calibration"]
    options = ExportOptions(datasets=names, state=tmp_path / "export.state")
    summary = export(loaded, path, tmp_path / "out.jsonl", options=options)
    assert (summary.annotated, summary.responses) == (2, 3)
    annotation = read_annotations(tmp_path / "out.jsonl")[rows[0]["id"]]
    assert (annotation["dataset"], annotation["quality"]) == (names, 3)
    assert [response["dataset"] for response in annotation["responses"]] == names
    second.answer(ids[rows[2]["id"]], values=ANSWER)
    second.change(response_id, {**ANSWER, "quality": 6})
    assert export(loaded, path, tmp_path / "out.jsonl", options=options).changed == 2
    annotation = read_annotations(tmp_path / "out.jsonl")[rows[0]["id"]]
    assert (annotation["quality"], len(annotation["responses"])) == (4, 2)


def test_one_run_at_a_time(loaded, path, tmp_path) -> None:
    out = tmp_path / "out.jsonl"
    with run_lock(out), pytest.raises(InputError, match="another run is writing it"):
        export(loaded, path, out)
    export(loaded, path, out)
    assert [item.name for item in tmp_path.glob(".*")] == []


def test_every_continues_after_a_failed_run_and_stops_on_sigterm(loaded, path, tmp_path) -> None:
    out = tmp_path / "out.jsonl"
    moved = path.rename(tmp_path / "later.jsonl")
    environment = {
        **os.environ,
        "ARGILLA_API_URL": loaded.connection.api_url,
        "ARGILLA_API_KEY": loaded.connection.api_key,
        "PYTHONPATH": str(package_root()),
    }
    program = "import sys; from sharegpt_argilla.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "export-responses", str(path), "-o", str(out)]
    process = subprocess.Popen(
        [*command, "--config", str(loaded.config), "--every", "1s", "--training", "alpaca"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert "failed, next try in 1s" in process.stderr.readline()
    moved.rename(path)
    wait_until(out.exists, "a run that ends well")
    process.terminate()
    _, rest = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "0 of 12 rows annotated" in rest
    assert rest.splitlines()[-1].endswith("stopped")
    assert out.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (ExportOptions(since="soon"), 'time "soon"'),
        (ExportOptions(since="2026-01-01", state="s.json"), "not both"),
        (ExportOptions(statuses=["submited"]), 'did you mean "submitted"'),
    ],
)
def test_options_that_cannot_be(project, path, tmp_path, options, part) -> None:
    with pytest.raises(UsageError, match=part):
        export(project, path, tmp_path / "out.jsonl", options=options)


@pytest.fixture
def signed_in(loaded: TestProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command finds the Argilla; the folder for its files."""
    monkeypatch.setenv("ARGILLA_API_URL", loaded.connection.api_url)
    monkeypatch.setenv("ARGILLA_API_KEY", loaded.connection.api_key)
    return tmp_path


def test_training_sets_next_to_the_output(loaded, ana, server_id, rows, path, signed_in, capsys) -> None:
    for row, quality in zip(rows[:3], (2, 6, 7), strict=True):
        ana.answer(server_id[row["id"]], values={**ANSWER, "quality": quality})
    out = signed_in / "annotated.jsonl"
    command = ["export-responses", str(path), "-o", str(out), "--config", str(loaded.config)]
    training = ["--training", "alpaca", "--training", "classification", "--min-quality", "6"]
    assert main([*command, *training]) == 0
    made = json.loads((signed_in / "annotated-alpaca.json").read_text(encoding="utf-8"))
    assert [entry["instruction"] for entry in made] == [row["问"] for row in rows[1:3]]
    assert (signed_in / "annotated-classification.jsonl").read_text(encoding="utf-8").count("\n") == 6
    notes = capsys.readouterr().err.splitlines()
    assert notes[-3].startswith("3 of 12 rows annotated")
    assert notes[-2].startswith("2 training rows from 12 rows")
    assert main([*command, "--training", "alpaca", "--split", "train=0.5,test=0.5"]) == 0
    parts = [json.loads((signed_in / f"annotated-alpaca-{entry}.json").read_text()) for entry in ("train", "test")]
    # One conversation, of which nothing is parted.
    assert sorted(map(len, parts)) == [0, 3]
    assert main([*command, "--training", "alpaca", "--split", "train=2"]) == 2
    assert "share is a number" in capsys.readouterr().err
    assert main([*command[:3], "-", *command[4:], *training]) == 2
    assert "--training needs a file" in capsys.readouterr().err
    assert main([*command, "--training", "alpaka"]) == 2
    assert 'did you mean "alpaca"' in capsys.readouterr().err


def test_the_report_links_to_disputed_records(loaded, ana, server_id, rows, path, tmp_path) -> None:
    ben = loaded.annotator(loaded.people[1])
    for row in rows[:3]:
        ana.answer(server_id[row["id"]], values=ANSWER)
        ben.answer(server_id[row["id"]], values={**ANSWER, "quality": 1, "toxicity": "harmful"})
    out, page = tmp_path / "out.jsonl", tmp_path / "page.html"
    export(loaded, path, out)
    report = report_agreement(out, loaded.config, html_file=page, connection=loaded.connection)
    assert len(report["disputed"]) == 3
    first = report["disputed"][0]
    assert first["url"].startswith(f"{loaded.connection.api_url}/dataset/{ana.dataset_id}/annotation-mode?")
    assert "status=submitted" in first["url"]
    (search,) = parse_qs(urlsplit(first["url"]).query)["search"]
    words, _, field = search.rpartition("~")
    # Without the field, those that have the question among their earlier turns would be found too.
    found = ana.search({"query": {"text": {"q": words, "field": field}}})
    assert [record["external_id"] for record in found] == [first["id"]]
    shown = page.read_text(encoding="utf-8")
    assert escape(first["url"]) in shown
    assert shown.count("the page is empty for those who did not answer it") >= 3
    down = Connection(f"http://127.0.0.1:{free_port()}", "key")
    assert "url" not in report_agreement(out, loaded.config, connection=down)["disputed"][0]


def test_confidence_is_the_same_in_steps_as_at_once(loaded, ana, server_id, rows, path, tmp_path) -> None:
    loaded.rewrite(export={"confidence": True, "policies": {"toxicity": "model"}})
    ben = loaded.annotator(loaded.people[1])
    options, out = ExportOptions(state=tmp_path / "export.state"), tmp_path / "out.jsonl"
    for row in rows[:3]:
        ana.answer(server_id[row["id"]], values=ANSWER)
    export(loaded, path, out, options=options)
    before = read_annotations(out)
    ben.answer(server_id[rows[0]["id"]], values=ANSWER)
    export(loaded, path, out, options=options)
    export(loaded, path, tmp_path / "whole.jsonl")
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    annotations = read_annotations(out)
    shares = {row["id"]: annotations[row["id"]]["confidence"]["toxicity"] for row in rows[:3]}
    assert shares[rows[0]["id"]] > shares[rows[1]["id"]]
    # Whom Ben agrees with is more to be believed on the other rows too.
    assert before[rows[1]["id"]]["confidence"] != annotations[rows[1]["id"]]["confidence"]
    assert annotations[rows[0]["id"]]["policy"]["toxicity"] == "model"
