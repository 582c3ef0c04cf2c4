"""Inputs of every kind: compressed, parquet, plain text, streams, the Hub; and telling the corpus by content."""

import gzip
import importlib.util
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharegpt_argilla.corpora.reading.base import Damaged, Located
from sharegpt_argilla.corpora.reading.inputs import expand_inputs
from sharegpt_argilla.corpora.reading.tabular import hub_name, json_value, read_parquet
from sharegpt_argilla.corpora.reading.text_blocks import read_blocks
from sharegpt_argilla.errors import InputError, SharegptArgillaError
from sharegpt_argilla.rows import read_extension
from sharegpt_argilla.workflows.extract import extract
from tests.corpora.layouts import conversation, json_lines, pretty_array
from tests.test_extract import rejects_of, rows_of

TIME = "20230511 15:56:03"
MARKER = "<<start conversation>>"
RECORDS = [conversation(f"h: q{number}", f"g: a{number} ü", identity=f"c{number}") for number in range(40)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def two_members(data: bytes) -> bytes:
    return gzip.compress(data[:100]) + gzip.compress(data[100:])


def two_frames(data: bytes) -> bytes:
    return zstd(data[:100]) + zstd(data[100:])


# Compressed


@pytest.mark.parametrize("compress", [gzip.compress, two_members, zstd, two_frames])
@pytest.mark.parametrize("layout", [pretty_array, json_lines])
def test_compressed_files_are_known_by_their_content(layout: Any, compress: Callable[[bytes], bytes]) -> None:
    data = layout(RECORDS)[0].encode("utf-8")
    Path("plain.json").write_bytes(data)
    Path("named-like-json.json").write_bytes(compress(data))
    read: list[int] = []
    summary = extract(["named-like-json.json"], "gpt4", "rows.jsonl", create_time=TIME, on_progress=read.append)
    extract(["plain.json"], "gpt4", "plain.jsonl", create_time=TIME)
    assert Path("rows.jsonl").read_bytes() == Path("plain.jsonl").read_bytes()
    assert (summary.rows, summary.shards) == (40, 1)
    assert sum(read) == Path("named-like-json.json").stat().st_size


def test_a_folder_takes_every_kind_of_file(folder: Path) -> None:
    names = ["a.json", "b.jsonl", "c.json.gz", "d.JSONL.GZ", "e.zst", "f.parquet", "no.txt", "no.gz", ".no.json"]
    for name in names:
        Path(name).write_bytes(b"x")
    assert [Path(file).name for file in expand_inputs([folder])] == names[:6]


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_compressed_data_that_is_cut_off_gives_what_is_there(compress: Callable[[bytes], bytes]) -> None:
    noise = [conversation("h: q", "g: " + os.urandom(400).hex(), identity=f"n{number}") for number in range(900)]
    data = compress(json_lines(noise)[0].encode())
    Path("cut.json").write_bytes(data[: len(data) // 2])
    Path("good.json").write_text(json_lines(RECORDS[:1])[0])
    summary = extract(["cut.json", "good.json"], "gpt4", "rows.jsonl")
    assert 100 < summary.rows < 800
    assert rows_of("rows.jsonl")[-1]["问"] == "q0"
    assert {reject["file"] for reject in rejects_of("rejected.jsonl")} == {"cut.json"}
    assert summary.counts.rejected in {1, 2}


@given(st.sampled_from([gzip.compress, zstd]), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_damaged_compressed_data_is_never_a_traceback(folder: Path, compress: Any, data: st.DataObject) -> None:
    content = bytearray(compress(json_lines(RECORDS)[0].encode()))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = folder / "damaged.json.gz"
    path.write_bytes(content)
    try:
        summary = extract([path], "gpt4", folder / "rows.jsonl")
    except SharegptArgillaError:
        return
    assert summary.rows <= 40


# Parquet


def write_parquet(path: str, records: list[dict[str, Any]], group: int) -> None:
    pq.write_table(pa.Table.from_pylist(records), path, row_group_size=group)


def test_parquet_is_cut_between_row_groups(folder: Path) -> None:
    write_parquet("data.bin", RECORDS, group=10)
    Path("plain.json").write_text(json_lines(RECORDS)[0], encoding="utf-8")
    extract(["plain.json"], "gpt4", "plain.jsonl", create_time=TIME)
    for workers, size in ((1, 10**9), (1, 1), (2, 1)):
        read: list[int] = []
        options: dict[str, Any] = {"workers": workers, "shard_size": size, "on_progress": read.append}
        summary = extract(["data.bin"], "gpt4", "rows.jsonl", create_time=TIME, **options)
        assert summary.shards == (4 if size == 1 else 1)
        assert Path("rows.jsonl").read_bytes() == Path("plain.jsonl").read_bytes()
        assert 0 <= Path("data.bin").stat().st_size - sum(read) < 4


def test_times_with_a_zone_are_read_without_a_search_for_pytz_each(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []

    class Searches(MetaPathFinder):
        def find_spec(self, name: str, *_: object) -> None:
            searched.append(name)

    monkeypatch.delitem(sys.modules, "pytz", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Searches(), *(each for each in sys.meta_path if each is not None)])
    times = [datetime(2023, 5, 11, 15, 56, second, tzinfo=UTC) for second in range(50)]
    pq.write_table(pa.table({"at": pa.array(times, pa.timestamp("us", tz="UTC"))}), "data.parquet")
    rows = [row.value for row in read_parquet("data.parquet", "data", 0, 1, 1) if isinstance(row, Located)]
    assert rows == [{"at": f"2023-05-11T15:56:{second:02}+00:00"} for second in range(50)]
    assert searched.count("pytz") <= 1
    if importlib.util.find_spec("pytz") is None:
        assert "pytz" not in sys.modules


def test_rejects_of_parquet_name_the_row_and_keep_it() -> None:
    bad = {"id": "bad", "conversations": []}
    write_parquet("data.parquet", [*RECORDS[:15], bad, *RECORDS[15:]], group=10)
    summary = extract(["data.parquet"], "gpt4", "rows.jsonl", shard_size=1)
    (reject,) = rejects_of("rejected.jsonl")
    assert (reject["line"], json.loads(reject["raw"])) == (16, bad)
    assert summary.rows == 40
    assert extract(["data.parquet"], "gpt4", "rest.jsonl", start_line=31, shard_size=1).rows == 11


def test_damaged_parquet_costs_a_row_group_or_the_file() -> None:
    write_parquet("data.parquet", [conversation("h: q", "g: " + os.urandom(3000).hex())] * 30, group=10)
    offset = pq.read_metadata("data.parquet").row_group(1).column(0).file_offset
    start = pq.read_metadata("data.parquet").row_group(1).column(1).dictionary_page_offset or offset
    content = bytearray(Path("data.parquet").read_bytes())
    content[start : start + 60] = b"\xff" * 60
    Path("data.parquet").write_bytes(content)
    summary = extract(["data.parquet"], "gpt4", "rows.jsonl")
    assert (summary.rows, summary.counts.rejected) == (20, 1)
    assert summary.first_rejections[0].reason.startswith("row group 1 is not readable: ")
    Path("data.parquet").write_bytes(b"PAR1 no footer PAR1")
    Path("good.json").write_text(json_lines(RECORDS)[0], encoding="utf-8")
    summary = extract(["data.parquet", "good.json"], "gpt4", "rows.jsonl")
    assert (summary.rows, summary.counts.rejected) == (40, 1)
    assert summary.first_rejections[0].reason.startswith("not readable as parquet: ")


def test_values_of_tables_become_json() -> None:
    time = datetime(2023, 4, 9, 0, 2, 53, tzinfo=UTC)
    value = json_value(
        {"t": time, "d": Decimal("2"), "e": Decimal("1.5"), "n": float("nan"), "b": b"\xffx", 1: (b"a",)}
    )
    assert value == {"t": "2023-04-09T00:02:53+00:00", "d": 2, "e": 1.5, "n": None, "b": "", "1": ["a"]}
    assert json.loads(json.dumps(value)) == value


# Plain text


def blocks(text: str | bytes, skip: int = 0) -> list[tuple[int, str, str]]:
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    found = read_blocks(io.BytesIO(data), "f", MARKER, skip)
    return [
        (item.line, "", item.value) if isinstance(item, Located) else (item.line, item.reason, item.raw)
        for item in found
    ]


def test_text_is_cut_at_marker_lines() -> None:
    text = f"\ufeff{MARKER}\n<a>: x\ny\n  {MARKER}\r\n{MARKER}\n<b>: {MARKER} z"
    assert blocks(text) == [(1, "", "<a>: x\ny\n"), (4, "", ""), (5, "", f"<b>: {MARKER} z")]
    assert blocks(text, skip=1) == [(4, "", ""), (5, "", f"<b>: {MARKER} z")]
    assert blocks("") == blocks("\n \n") == []


def test_text_that_is_in_no_block_is_damage() -> None:
    before, block = blocks(f"lost\n{MARKER}\nx")
    assert before == (1, f"the text comes before the first line {MARKER}", "lost")
    assert block == (2, "", "x")
    bad, good = blocks(f"{MARKER}\n\xff\n{MARKER}\nx".encode("latin-1"))
    assert (bad[0], bad[1], good[2]) == (1, "the record contains bytes that are not UTF-8", "x")


def test_a_text_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharegpt_argilla.corpora.reading.text_blocks.CHUNK", 64)
    monkeypatch.setattr("sharegpt_argilla.corpora.reading.text_blocks.LONGEST_BLOCK", 100)
    found = blocks(f"{MARKER}\n" + "x" * 150 + f"\n{MARKER}\ngood")
    assert found[0][1] == "the block does not end within 0 MiB"
    assert found[-1] == (3, "", "good")


def test_conversations_of_plain_text_become_rows() -> None:
    text = "".join(f"{MARKER}\n<Orang>: q{number}\n<Chatbot>: a{number}\n" for number in range(3))
    Path("talk.jsonl").write_text(text)
    Path("talk.json").write_bytes(gzip.compress(text.encode()))
    for name in ("talk.jsonl", "talk.json"):
        summary = extract([name], "kochatgpt_conversation", "rows.jsonl")
        assert [(row["问"].strip(), row["答"].strip()) for row in rows_of("rows.jsonl")] == [
            (f"q{number}", f"a{number}") for number in range(3)
        ]
        assert summary.counts.rejected == 0


# Streams


def run_with_stdin(arguments: list[str], data: bytes) -> subprocess.CompletedProcess[bytes]:
    code = "import sys; from sharegpt_argilla.cli import main; sys.exit(main())"
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", code, "extract", *arguments]
    return subprocess.run(command, input=data, capture_output=True, env=environment, check=False)


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstd])
def test_standard_input_of_any_kind(folder: Path, compress: Callable[[bytes], bytes]) -> None:
    Path("plain.json").write_bytes(data := json_lines(RECORDS)[0].encode("utf-8"))
    extract(["plain.json"], "vicuna", "plain.jsonl", create_time=TIME)
    arguments = ["-", "-m", "auto", "-o", "-", "--create-time", TIME, "--workers", "2"]
    done = run_with_stdin(arguments, compress(data))
    assert done.returncode == 0, done.stderr
    assert done.stdout == Path("plain.jsonl").read_bytes()


def test_parquet_needs_a_file() -> None:
    write_parquet("data.parquet", RECORDS, group=10)
    done = run_with_stdin(["-", "-m", "gpt4", "-o", "rows.jsonl"], Path("data.parquet").read_bytes())
    assert done.returncode == 1
    assert (
        done.stderr.decode() == "sharegpt-argilla: <stdin>: parquet cannot be read from a stream; give the file\n"
    )
    assert [path.name for path in Path().iterdir()] == ["data.parquet"]


def test_a_named_pipe_is_read_once() -> None:
    os.mkfifo("pipe")
    data = json_lines(RECORDS)[0].encode("utf-8")
    writer = threading.Thread(target=lambda: Path("pipe").write_bytes(gzip.compress(data)))
    writer.start()
    summary = extract(["pipe"], "auto", "rows.jsonl", shard_size=100)
    writer.join()
    assert (summary.rows, summary.shards) == (40, 1)


# The Hub


def test_a_data_set_is_streamed_as_from_the_hub(folder: Path) -> None:
    (folder / "dataset").mkdir()
    Path("dataset/train.jsonl").write_text(json_lines(RECORDS)[0], encoding="utf-8")
    Path("dataset/test.jsonl").write_text(json_lines(RECORDS[:3])[0], encoding="utf-8")
    extract(["dataset/train.jsonl"], "vicuna", "plain.jsonl", create_time=TIME)
    data_set = f"hf://{folder}/dataset"
    for model in ("vicuna", "auto"):
        extract([data_set], model, "rows.jsonl", create_time=TIME)
        assert Path("rows.jsonl").read_bytes() == Path("plain.jsonl").read_bytes()
    assert extract([data_set], "vicuna", "test.jsonl", split="test").rows == 3
    assert extract([data_set], "vicuna", "test.jsonl", split="train", start_line=39).rows == 2
    with pytest.raises(InputError, match=r"the data set cannot be read \(split nothing\)"):
        extract([data_set], "vicuna", "none.jsonl", split="nothing")


@pytest.mark.parametrize(
    ("input_name", "name"),
    [
        ("hf://owner/name", "owner/name"),
        ("owner/name", "owner/name"),
        ("owner/name.v1", "owner/name.v1"),
        ("owner/name.json", None),
        ("here/name", None),
        ("owner/*", None),
        ("a/b/c", None),
        ("name", None),
    ],
)
def test_what_names_a_data_set(folder: Path, input_name: str, name: str | None) -> None:
    (folder / "here").mkdir()
    assert hub_name(input_name) == name
    if name:
        assert expand_inputs([input_name]) == [input_name]
    else:
        with pytest.raises(InputError):
            expand_inputs([input_name])


# Telling the corpus


def test_auto_looks_into_each_file_and_not_at_its_name() -> None:
    Path("1.txt").write_text(pretty_array(RECORDS[:2])[0], encoding="utf-8")
    Path("2.jsonl").write_text(f"{MARKER}\n<Orang>: q\n<Chatbot>: a\n")
    Path("3.json").write_bytes(gzip.compress(b'{"prompt": "p", "completion": "c", "tokens": 3}\n' * 3))
    write_parquet("4.json", RECORDS[2:4], group=10)
    Path("5.json").write_text("\n")
    summary = extract([f"{path}" for path in sorted(Path().iterdir())], "auto", "rows.jsonl")
    models = [read_extension(row)["解析模型"] for row in rows_of("rows.jsonl")]
    assert models[:3] == ["vicuna", "vicuna", "kochatgpt_conversation"]
    assert "auto" not in models
    assert models[-2:] == ["vicuna", "vicuna"]
    assert summary.counts.rejected == 0


def test_auto_names_the_file_that_fits_nothing() -> None:
    Path("odd.json").write_text('{"nothing": "known"}\n')
    with pytest.raises(InputError, match=r"^odd\.json: .*name one with -m: "):
        extract(["odd.json"], "auto", "rows.jsonl")
    Path("odd.json").write_text(" \n[]")
    with pytest.raises(InputError, match=r"no conversation in odd\.json: no record at all"):
        extract(["odd.json"], "auto", "rows.jsonl")
    assert [path.name for path in Path().iterdir()] == ["odd.json"]


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_auto_on_anything_gives_our_errors_only(folder: Path, content: bytes) -> None:
    (folder / "raw").write_bytes(content)
    with pytest.raises(SharegptArgillaError):
        extract([folder / "raw"], "auto", folder / "rows.jsonl")


def test_damage_kinds_are_named_tuples() -> None:
    assert Damaged("f", 1, b"\xff", "why").raw == "\udcff"
    assert json.loads(Located("f", 1, b"", {"a": 1}).raw) == {"a": 1}


@pytest.mark.parametrize("start", [b"PAR1", b"ARROW1", b"ARROW1 is the name of a project", b"\xff\xff\xff\xff"])
def test_text_that_begins_like_a_table_is_text(folder: Path, start: bytes) -> None:
    good = json_lines([conversation("h: q", "g: a")])[0].encode()
    Path("raw.jsonl").write_bytes(start + b"\n" + good)
    assert extract(["raw.jsonl"], "vicuna", "rows.jsonl").rows == 1
