"""S3, spoken by s3fs to moto's server. Both need versions of other libraries than constraints.txt has.

Where they are installed: ``pip install "sharegpt-argilla[object-storage]" "moto[server]"``.
"""

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

s3fs = pytest.importorskip("s3fs")
moto_server = pytest.importorskip("moto.server")

TIME = "20230511 15:56:03"
RECORDS = [conversation(f"h: question {n}", "g: " + "long answer " * 9, identity=f"c{n}") for n in range(400)]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(object_storage, "_FIRST_PAUSE", 0.001)
    server = moto_server.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().makedirs("chats", exist_ok=True)
    yield "s3://chats"
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()


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
        for _ in range(20):
            file.write(part)
        raise RuntimeError
    with pytest.raises(InputError, match="there is no such object"):
        state_of(url)
    with object_output(url) as file:
        for _ in range(20):
            file.write(part)
        file.close()
    assert state_of(url).size == 20 * len(part)


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
