"""Inputs and outputs under URLs: the same rows as from files on this machine, in shards, with faults."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow
import pyarrow.parquet
import pytest

from sharegpt_argilla.common import object_storage
from sharegpt_argilla.common.jsonl import read_rows, rereadable
from sharegpt_argilla.corpora.formats.base import Options
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.workflows.curate import curate
from sharegpt_argilla.workflows.extract import ExtractSummary, extract, input_size
from tests.corpora.layouts import conversation
from tests.object_server import ObjectServer, serving

TIME = "20230511 15:56:03"
RECORDS = [conversation(f"h: question {n}", "g: " + "long answer " * 9, identity=f"c{n}") for n in range(120)]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS).encode("utf-8")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectServer]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(object_storage, "_FIRST_PAUSE", 0.001)
    with serving() as state:
        yield state


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[fsspec.AbstractFileSystem]:
    monkeypatch.chdir(tmp_path)
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


def run(source: str | Path, output: str, model: str = "vicuna", **options: Any) -> ExtractSummary:
    settings: dict[str, Any] = {"create_time": TIME, "shard_size": 5000, **options}
    return extract([source], model, output, **settings)


def as_on_this_machine(name: str, content: bytes, model: str = "vicuna", **options: Any) -> bytes:
    Path(name).write_bytes(content)
    run(name, "alone.jsonl", model, **options)
    return Path("alone.jsonl").read_bytes()


def parquet() -> bytes:
    rows = [{"id": f"c{n}", "conversations": record["conversations"]} for n, record in enumerate(RECORDS)]
    buffer = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), buffer, row_group_size=25, use_dictionary=False)
    return bytes(buffer.getvalue())


def arrow() -> bytes:
    buffer = pyarrow.BufferOutputStream()
    table = pyarrow.Table.from_pylist([{"conversations": record["conversations"]} for record in RECORDS])
    with pyarrow.ipc.new_stream(buffer, table.schema) as writer:
        writer.write_table(table)
    return bytes(buffer.getvalue())


CSV = "question,answer\n" + "".join(f"what is {n}?,it is {n}\n" for n in range(30))


@pytest.mark.parametrize(
    ("name", "content", "model"),
    [
        ("a.jsonl", LINES, "vicuna"),
        ("a.json", json.dumps(RECORDS, indent=1).encode("utf-8"), "auto"),
        ("a.json.gz", gzip.compress(LINES), "auto"),
        ("a.parquet", parquet(), "auto"),
        ("a.arrow", arrow(), "auto"),
        ("a.csv", CSV.encode("utf-8"), "auto"),
    ],
)
def test_every_form_gives_the_same_rows_as_on_this_machine(
    server: ObjectServer, name: str, content: bytes, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_storage, "BLOCK", 3000)
    server.files[name] = content
    alone = as_on_this_machine(name, content, model)
    away = run(f"{server.url}{name}", "away.jsonl", model)
    assert Path("away.jsonl").read_bytes() == alone
    assert away.shards > 1 or name.endswith((".gz", ".arrow", ".csv"))
    assert input_size([f"{server.url}{name}"]) == len(content)


def test_several_processes_read_a_url(server: ObjectServer) -> None:
    server.files["a.jsonl"] = LINES
    alone = as_on_this_machine("a.jsonl", LINES)
    run(f"{server.url}a.jsonl", "away.jsonl", workers=2)
    assert Path("away.jsonl").read_bytes() == alone


def test_a_shard_asks_for_its_own_part_only(server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    block = 50_000
    monkeypatch.setattr(object_storage, "BLOCK", block)
    content = LINES * 40
    server.files["a.jsonl"] = content
    assert run(f"{server.url}a.jsonl", "away.jsonl", shard_size=250_000).shards == 4
    first = [int(part.removeprefix("bytes=").split("-")[0]) for _, part in server.requests if part]
    # The beginning is looked at to know what it is, and a shard reads one piece of 128 kB beyond its end.
    assert set(first) == set(range(0, len(content), block))
    assert len(first) < len(content) / block + 4 * (128_000 / block + 3)


@pytest.mark.parametrize("start", [1, 90])
def test_lines_and_rejects_are_named_as_in_a_file(server: ObjectServer, start: int) -> None:
    content = LINES + b'{"conversations": "nothing"}\n'
    server.files["a.jsonl"] = content
    alone = as_on_this_machine("a.jsonl", content, start_line=start)
    Path("rejected.jsonl").unlink(missing_ok=True)
    away = run(f"{server.url}a.jsonl?signature=secret", "away.jsonl", start_line=start)
    assert Path("away.jsonl").read_bytes() == alone
    assert away.rejects == Path("rejected.jsonl")
    reject = json.loads(Path("rejected.jsonl").read_text("utf-8"))
    assert (reject["file"], reject["line"]) == (f"{server.url}a.jsonl", 121)


def test_rounds_and_columns_are_looked_for_to_the_end(
    server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_storage, "BLOCK", 700)
    rows: list[dict[str, Any]] = [{"instruction": f"q{n}", "input": "", "output": f"a{n}"} for n in range(40)]
    rows += [{"instruction": "q40", "input": "", "output": "a40", "history": [["q39", "a39"]]}]
    content = "".join(json.dumps(row) + "\n" for row in rows).encode("utf-8")
    server.files["a.jsonl"] = content
    alone = as_on_this_machine("a.jsonl", content, "alpaca")
    run(f"{server.url}a.jsonl", "away.jsonl", "alpaca")
    assert Path("away.jsonl").read_bytes() == alone
    columns = Options(columns={"question": "instruction", "answer": "none"})
    with pytest.raises(InputError, match='it has no column "none"'):
        run(f"{server.url}a.jsonl", "away.jsonl", "auto", options=columns)


def test_faults_that_pass_cost_nothing(server: ObjectServer) -> None:
    server.files["a.jsonl"] = LINES
    alone = as_on_this_machine("a.jsonl", LINES)
    server.statuses, server.cut = [500, 503], 1
    run(f"{server.url}a.jsonl", "away.jsonl")
    assert Path("away.jsonl").read_bytes() == alone


def test_a_run_that_lost_its_storage_resumes(server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_storage, "BLOCK", 5000)
    server.files["a.jsonl"] = LINES
    alone = as_on_this_machine("a.jsonl", LINES)

    def lose(_size: int) -> None:
        server.statuses = [503] * 50

    with pytest.raises(InputError, match=rf"^{server.url}a.jsonl: cannot be read: the server answers 503$"):
        run(f"{server.url}a.jsonl", "away.jsonl", on_progress=lose)
    server.statuses = []
    assert not Path("away.jsonl").exists()
    assert run(f"{server.url}a.jsonl", "away.jsonl").resumed
    assert Path("away.jsonl").read_bytes() == alone


def test_an_object_that_changes_during_the_run_ends_it(server: ObjectServer) -> None:
    server.files["a.jsonl"] = LINES

    def change(_size: int) -> None:
        server.files["a.jsonl"] = LINES.replace(b"question 119", b"question 911")

    with pytest.raises(InputError, match=r"a.jsonl: has another content than where the run was planned"):
        run(f"{server.url}a.jsonl", "away.jsonl", on_progress=change)
    assert not Path("away.jsonl").exists()
    with pytest.raises(UsageError, match=r"a.jsonl has changed"):
        run(f"{server.url}a.jsonl", "away.jsonl")


def test_folders_and_patterns_in_storage(memory: fsspec.AbstractFileSystem) -> None:
    half = len(RECORDS) // 2
    for name, records in (("b", RECORDS[half:]), ("a", RECORDS[:half])):
        memory.pipe_file(f"/c/{name}.jsonl", "".join(json.dumps(each) + "\n" for each in records).encode("utf-8"))
    memory.pipe_file("/c/notes.md", b"no corpus")
    memory.pipe_file("/c/.hidden/x.jsonl", b"no corpus")
    alone = as_on_this_machine("whole.jsonl", LINES)
    for source in ("memory://c", "memory://c/*.jsonl"):
        summary = run(source, "memory://c/rows.jsonl")
        assert memory.cat("/c/rows.jsonl") == alone
        assert summary.outputs == ["memory://c/rows.jsonl"]
        assert list(summary.corpora) == ["memory:///c/a.jsonl", "memory:///c/b.jsonl"]
        assert list(summary.skipped) == (["memory:///c/notes.md"] if source == "memory://c" else [])
    assert [path.name for path in Path().glob(".*.work")] == []
    with pytest.raises(UsageError, match=r"would be read and written in the same run"):
        run("memory:///c/rows.jsonl", "memory://c/rows.jsonl")


def test_outputs_of_a_limited_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jsonl").write_bytes(LINES)
    (tmp_path / "b").mkdir()
    alone = run("a.jsonl", "rows.jsonl", max_size=20_000)
    away = run(f"file://{tmp_path}/a.jsonl", f"file://{tmp_path}/b/rows.jsonl", max_size=20_000)
    assert [f"file://{tmp_path}/b/{name}" for name in alone.outputs] == away.outputs
    assert len(alone.outputs) > 1
    assert [(tmp_path / "b" / name).read_bytes() for name in alone.outputs] == [
        Path(name).read_bytes() for name in alone.outputs
    ]


def test_what_is_not_possible_is_said_in_one_line(server: ObjectServer) -> None:
    server.files["a.zip"] = b"PK\x03\x04" + bytes(40)
    with pytest.raises(InputError, match=r"a.zip: zip files are read from this machine only; download it"):
        run(f"{server.url}a.zip", "away.jsonl")
    with pytest.raises(UsageError, match=r"cannot be written: https is for reading"):
        run("a.jsonl", f"{server.url}rows.jsonl")
    with pytest.raises(UsageError, match=r"^memory://r: rejects go to a file on this machine"):
        run("a.jsonl", "away.jsonl", rejects="memory://r")
    with pytest.raises(UsageError, match=r"^memory://r: rejects go to a file on this machine"):
        curate("a.jsonl", "away.jsonl", rejects="memory://r")


def test_curate_reads_and_writes_urls(memory: fsspec.AbstractFileSystem) -> None:
    as_on_this_machine("whole.jsonl", LINES)
    memory.pipe_file("/rows.jsonl", Path("alone.jsonl").read_bytes() + b"no row\n")
    Path("rows.jsonl").write_bytes(memory.cat("/rows.jsonl"))
    curate("rows.jsonl", "curated.jsonl")
    summary = curate("memory://rows.jsonl", "memory://curated.jsonl", report="memory://report.json")
    assert memory.cat("/curated.jsonl") == Path("curated.jsonl").read_bytes()
    assert json.loads(memory.cat("/report.json"))["rows"] == len(RECORDS)
    assert summary.rejects == Path("rejected.jsonl")
    assert json.loads(Path("rejected.jsonl").read_text("utf-8"))["file"] == "memory://rows.jsonl"


def test_rows_of_an_object_can_be_read_twice(memory: fsspec.AbstractFileSystem) -> None:
    as_on_this_machine("whole.jsonl", LINES)
    memory.pipe_file("/rows.jsonl", Path("alone.jsonl").read_bytes())
    with rereadable("memory://rows.jsonl", "extract") as copy:
        assert [line.row for line in read_rows(copy)] == [line.row for line in read_rows("alone.jsonl")]


def test_the_work_folder_of_an_object_is_named_by_its_url(memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe_file("/a.jsonl", LINES)
    seen: list[list[str]] = []

    def look(_size: int) -> None:
        seen.append([path.name for path in Path().iterdir()])

    run("memory://a.jsonl", "memory://x/rows.jsonl", on_progress=look)
    assert seen[0] == [".rows.jsonl.16526600.work"]
