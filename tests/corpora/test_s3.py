"""S3, spoken by s3fs to moto's server, with faults."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sharegpt_argilla.common import object_storage
from sharegpt_argilla.common.object_storage import check_object_writable, object_output, state_of
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.workflows.curate import curate
from sharegpt_argilla.workflows.extract import extract
from tests.corpora.layouts import conversation
from tests.corpora.s3_server import FaultyS3, s3_of_test

s3fs = pytest.importorskip("s3fs")
pytest.importorskip("moto.server")

TIME = "20230511 15:56:03"
RECORDS = [conversation(f"h: question {n}", "g: " + "long answer " * 9, identity=f"c{n}") for n in range(400)]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyS3]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(object_storage, "_FIRST_PAUSE", 0.001)
    with s3_of_test(monkeypatch) as server:
        yield server


@pytest.fixture
def bucket(s3: FaultyS3) -> str:
    return "s3://chats"


def test_the_same_rows_as_on_this_machine(bucket: str) -> None:
    Path("a.jsonl").write_text(LINES, "utf-8")
    for name in ("in/a.jsonl", "in/notes.md", "in/deep/b.jsonl"):
        s3fs.S3FileSystem().pipe_file(f"chats/{name}", LINES.encode("utf-8"))
    extract(["a.jsonl"], "vicuna", "alone.jsonl", create_time=TIME, shard_size=9000)
    for workers in (1, 2):
        target = f"{bucket}/out/rows{workers}.jsonl"
        summary = extract(
            [f"{bucket}/in/a.jsonl"], "vicuna", target, create_time=TIME, shard_size=9000, workers=workers
        )
        assert summary.shards > 5
        assert s3fs.S3FileSystem(use_listings_cache=False).cat(target) == Path("alone.jsonl").read_bytes()
    whole = extract([f"{bucket}/in"], "vicuna", "both.jsonl", create_time=TIME)
    assert list(whole.corpora) == [f"{bucket}/in/a.jsonl", f"{bucket}/in/deep/b.jsonl"]
    curate("alone.jsonl", "curated.jsonl")
    curate(f"{bucket}/out/rows1.jsonl", f"{bucket}/out/curated.jsonl")
    assert (
        s3fs.S3FileSystem(use_listings_cache=False).cat(f"{bucket}/out/curated.jsonl")
        == Path("curated.jsonl").read_bytes()
    )


def test_a_large_object_is_sent_in_parts_and_only_then_there(bucket: str) -> None:
    url, part = f"{bucket}/large", b"0123456789" * 600_000
    with pytest.raises(RuntimeError), object_output(url) as file:
        for _ in range(11):
            file.write(part)
        raise RuntimeError
    with pytest.raises(InputError, match="there is no such object"):
        state_of(url)
    with object_output(url) as file:
        for _ in range(11):
            file.write(part)
        file.close()
    assert state_of(url).size == 11 * len(part)


def test_errors_are_one_line(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"^s3://chats/none: cannot be read: there is no such object$"):
        state_of(f"{bucket}/none")
    with pytest.raises(InputError, match=r"^s3://nowhere/a: cannot be written: there is no bucket nowhere$"):
        check_object_writable("s3://nowhere/a")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(Path.cwd()))
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(InputError, match=r"^s3://chats/none: cannot be read: no credentials; set them in"):
        state_of(f"{bucket}/none")


@pytest.mark.parametrize("fault", ["busy", "cut"])
def test_a_storage_that_fails_for_a_while_gives_the_same_rows(s3: FaultyS3, bucket: str, fault: str) -> None:
    Path("a.jsonl").write_text(LINES, "utf-8")
    s3fs.S3FileSystem().pipe_file("chats/a.jsonl", LINES.encode("utf-8"))
    extract(["a.jsonl"], "vicuna", "alone.jsonl", create_time=TIME, shard_size=30_000)
    s3.spoil[fault] = 3
    extract([f"{bucket}/a.jsonl"], "vicuna", f"{bucket}/rows.jsonl", create_time=TIME, shard_size=30_000)
    assert s3.spoiled == 3
    assert s3fs.S3FileSystem(use_listings_cache=False).cat("chats/rows.jsonl") == Path("alone.jsonl").read_bytes()


def test_a_storage_that_stays_busy_ends_the_run_in_one_line(
    s3: FaultyS3, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3fs.S3FileSystem().pipe_file("chats/a.jsonl", LINES.encode("utf-8"))
    monkeypatch.setattr(object_storage, "ATTEMPTS", 2)
    s3.spoil["busy"] = 10_000
    with pytest.raises(InputError, match=r"^s3://chats/a.jsonl: cannot be read: ") as raised:
        extract([f"{bucket}/a.jsonl"], "vicuna", "rows.jsonl", create_time=TIME)
    assert "\n" not in str(raised.value)
    assert not Path("rows.jsonl").exists()
    s3.spoil.clear()
    assert extract([f"{bucket}/a.jsonl"], "vicuna", "rows.jsonl", create_time=TIME).counts.pairs == 400


def test_an_upload_that_fails_leaves_the_earlier_object(
    s3: FaultyS3, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{bucket}/rows.jsonl"
    s3fs.S3FileSystem().pipe_file("chats/rows.jsonl", b"earlier")
    monkeypatch.setattr(object_storage, "ATTEMPTS", 1)
    with (
        pytest.raises(InputError, match=r"^s3://chats/rows.jsonl: cannot be written: "),
        object_output(url) as file,
    ):
        file.write(b"0" * 7_000_000)
        s3.spoil["busy"] = 10_000
    s3.spoil.clear()
    assert s3fs.S3FileSystem(use_listings_cache=False).cat("chats/rows.jsonl") == b"earlier"
