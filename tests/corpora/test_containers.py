"""One corpus in every container: the same rows, and one sentence for what is none."""

import bz2
import codecs
import csv
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharegpt_argilla.corpora.reading import archives, expansion
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.workflows.extract import extract

TEXTS = [(f"q{number}, so\nsaid ‘{number}’", f'a"{number}"') for number in range(4)]
RECORDS = [
    {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}
    for question, answer in TEXTS
]
LISTS = [record["messages"] for record in RECORDS]
LINES = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS).encode()
ROWS = [{"row_idx": number, "row": record, "truncated_cells": []} for number, record in enumerate(RECORDS)]


def zipped(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        archive.writestr("chat.html", "<html>")
        archive.writestr("__MACOSX/._x.json", "junk")
    return file.getvalue()


def table(delimiter: str) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows([("question", "answer"), *TEXTS])
    return file.getvalue().encode()


def dumped(value: Any, indent: int | None = None) -> bytes:
    return json.dumps(value, indent=indent).encode()


CONTAINERS: dict[str, bytes] = {
    "plain.ndjson": LINES,
    "bzip2.jsonl.bz2": bz2.compress(LINES),
    "two.jsonl.bz2": bz2.compress(LINES[:50]) + bz2.compress(LINES[50:]),
    "xz.jsonl.xz": lzma.compress(LINES),
    "little.json": codecs.BOM_UTF16_LE + LINES.decode().encode("utf-16-le"),
    "big.json": codecs.BOM_UTF16_BE + LINES.decode().encode("utf-16-be"),
    "zip.zip": zipped("conversations.json", LINES),
    "zip_of_gzip.zip": zipped("a/b.jsonl.gz", gzip.compress(LINES)),
    "zip_of_table.zip": zipped("a.csv", table(",")),
    "table.csv": table(","),
    "semicolons.csv": table(";"),
    "marked.csv": codecs.BOM_UTF8 + table(","),
    "table.tsv": table("\t"),
    "table.csv.gz": gzip.compress(table(",")),
    "data.json": dumped({"data": RECORDS}),
    "splits.json": dumped({"train": RECORDS[:3], "test": RECORDS[3:], "version": "1.0"}, 1),
    "hub.json": dumped({"features": [{"name": "messages"}], "rows": ROWS, "num_rows_total": 4, "partial": False}),
    "data.json.gz": gzip.compress(dumped({"data": RECORDS}, 2)),
    "lists.jsonl": b"".join(dumped(messages) + b"\n" for messages in LISTS),
    "lists.json": dumped(LISTS),
    "pretty.json": dumped(LISTS, 2),
    "content_first.jsonl": b"".join(
        dumped([dict(reversed(list(message.items()))) for message in messages]) + b"\n" for messages in LISTS
    ),
    "weight_first.json": dumped([[{"weight": 1, **message} for message in messages] for messages in LISTS]),
    "described.json": dumped({"version": 2, "name": "x", "num_rows": 4, "data": RECORDS, "license": "mit"}),
    "items.json": dumped({"total": 4, "items": RECORDS, "has_more": False}, 1),
    "conversations.json": dumped({"exported_at": "2026-01-01", "conversations": RECORDS}),
}


def rows_of(path: Path, tmp_path: Path) -> list[tuple[str, str]]:
    extract([path], "auto", tmp_path / "rows.jsonl", create_time="20230511 15:56:03")
    lines = (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()
    return [(row["问"], row["答"]) for row in map(json.loads, lines)]


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_rows_are_those_of_the_records(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(CONTAINERS[name])
    assert rows_of(tmp_path / name, tmp_path) == TEXTS
    assert not (tmp_path / "rejected.jsonl").exists()


def test_a_member_of_a_zip_file_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("export.zip").write_bytes(zipped("a/conversations.json", LINES))
    assert rows_of(Path("export.zip/a/conversations.json"), tmp_path) == TEXTS
    with pytest.raises(InputError, match=r"export\.zip/other\.json: no such member of a zip file"):
        rows_of(Path("export.zip/other.json"), tmp_path)
    with pytest.raises(InputError, match=r"export\.txt/other\.json: no such file or folder"):
        rows_of(Path("export.txt/other.json"), tmp_path)


@pytest.mark.parametrize("way", ["new_stream", "new_file"])
def test_arrow_is_read_as_a_file_and_as_a_stream(way: str, tmp_path: Path) -> None:
    arrow: Any = pytest.importorskip("pyarrow")
    columns = arrow.Table.from_pylist(RECORDS)
    open_writer: Callable[..., Any] = getattr(arrow.ipc, way)
    with arrow.OSFile(str(tmp_path / "a.arrow"), "wb") as file, open_writer(file, columns.schema) as writer:
        writer.write_table(columns)
    assert rows_of(tmp_path / "a.arrow", tmp_path) == TEXTS


def test_a_folder_of_save_to_disk_is_read(tmp_path: Path) -> None:
    datasets: Any = pytest.importorskip("datasets")
    datasets.Dataset.from_list(RECORDS).save_to_disk(tmp_path / "saved")
    assert rows_of(tmp_path / "saved", tmp_path) == TEXTS


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", "it is a pointer of git-LFS"),
        (b"<!DOCTYPE html>\n<title>404</title>", "it is a page of HTML"),
        (b"PK\x03\x04rest", "the zip file cannot be read"),
    ],
)
def test_what_is_no_data_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(InputError, match=words):
        extract([tmp_path / "a.json"], "auto", tmp_path / "rows.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_an_encrypted_zip_is_named(tmp_path: Path) -> None:
    data = bytearray(zipped("a.json", LINES))
    central = data.index(b"PK\x01\x02")
    data[6] |= 1
    data[central + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(InputError, match="the zip file is encrypted"):
        extract([tmp_path / "a.zip"], "auto", tmp_path / "rows.jsonl")


def test_a_member_that_expands_without_bounds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.zip").write_bytes(zipped("a.json", b" " * 1_000_000))
    assert (expansion.ALWAYS_READ, expansion.MOST_EXPANSION) == (16 << 20, 200)
    monkeypatch.setattr(expansion, "ALWAYS_READ", 999_999)
    with pytest.raises(InputError, match=r"a\.json: expands more than 200 times"):
        archives.members(tmp_path / "a.zip")
    monkeypatch.setattr(expansion, "ALWAYS_READ", 1_000_000)
    assert len(archives.members(tmp_path / "a.zip")) == 2
    monkeypatch.setattr(archives, "MOST_MEMBERS", 2)
    with pytest.raises(InputError, match="has 3 members; at most 2 are read"):
        archives.members(tmp_path / "a.zip")


def test_a_row_that_does_not_fit_its_header_costs_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"question,answer\nq,a\nr,b,c\ns,\xff\nt,d\n")
    assert rows_of(tmp_path / "a.csv", tmp_path) == [("q", "a"), ("t", "d")]
    rejects = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text("utf-8").splitlines()]
    assert [(reject["line"], reject["reason"]) for reject in rejects] == [
        (3, "the row has 3 cells and the header 2"),
        (4, "the row contains bytes that are not UTF-8"),
    ]


@given(st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_in_a_container_costs_records_and_never_the_run(tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(CONTAINERS)))
    content = bytearray(CONTAINERS[name])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / name).write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        extract([tmp_path / name], "messages", tmp_path / "rows.jsonl", create_time="20230511 15:56:03")
    except InputError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    "record",
    [
        {"question": "q", "answer": "a", "results": [{"title": "t"}]},
        {"id": "1", "items": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
        {"title": "t", "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        {
            "source": "s",
            "conversations": [{"content": "q", "role": "user"}, {"content": "a", "role": "assistant"}],
        },
    ],
)
def test_a_record_with_a_list_is_not_taken_for_an_object_around_records(
    record: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "x.jsonl").write_bytes(dumped(record) + b"\n")
    assert rows_of(tmp_path / "x.jsonl", tmp_path) == [("q", "a")]


def test_messages_that_name_their_tree_are_no_list_of_messages(tmp_path: Path) -> None:
    tree = [
        {"role": "prompter", "text": "q", "message_id": "q", "parent_id": None, "message_tree_id": "q"},
        {"role": "assistant", "text": "a", "message_id": "a", "parent_id": "q", "message_tree_id": "q"},
    ]
    (tmp_path / "x.json").write_bytes(dumped([{"message_id": item["message_id"], **item} for item in tree]))
    assert rows_of(tmp_path / "x.json", tmp_path) == [("q", "a")]
