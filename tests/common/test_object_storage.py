import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.registry import known_implementations

from sharegpt_argilla.common import object_storage
from sharegpt_argilla.common.atomic_files import check_file_writable
from sharegpt_argilla.common.object_storage import (
    ATTEMPTS,
    BLOCK,
    ObjectReader,
    check_unchanged,
    find_objects,
    is_remote,
    object_output,
    shown,
    state_of,
)
from sharegpt_argilla.errors import InputError, UsageError
from tests.object_server import ObjectServer, serving


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with serving() as state:
        yield state


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_storage, "_FIRST_PAUSE", 0.001)


@pytest.mark.parametrize(
    ("name", "remote"),
    [
        ("s3://bucket/key", True),
        ("https://host/file.jsonl", True),
        ("hf://datasets/owner/name/file.parquet", True),
        ("hf://owner/name", False),
        ("owner/name", False),
        ("folder/file.json", False),
        ("C:/file", False),
        ("-", False),
    ],
)
def test_urls_are_told_from_names(name: str, remote: bool) -> None:
    assert is_remote(name) is remote


def test_what_may_be_secret_is_not_shown() -> None:
    assert shown("https://ann:pw@host/a.json?X-Amz-Signature=abc#x") == "https://host/a.json"
    assert shown("what?.json") == "what?.json"


def test_every_byte_comes_from_few_requests(server: ObjectServer) -> None:
    content = os.urandom(2 * BLOCK + 5)
    server.files["a"] = content
    with ObjectReader(f"{server.url}a") as file:
        assert file.read(7) == content[:7]
        file.seek(BLOCK - 3)
        assert file.read(BLOCK) == content[BLOCK - 3 : 2 * BLOCK - 3]
        assert file.seek(-4, os.SEEK_END) == len(content) - 4
        assert file.read() == content[-4:]
        assert file.tell() == len(content)
        file.seek(0)
        assert file.read(9) == content[:9]
    parts = [part for method, part in server.requests if method == "GET"]
    assert parts == [
        f"bytes=0-{BLOCK - 1}",
        f"bytes={BLOCK}-{2 * BLOCK - 1}",
        f"bytes={2 * BLOCK}-{2 * BLOCK + 4}",
    ]
    assert BLOCK == 4 * 1024**2


def test_a_reader_keeps_as_many_blocks_as_it_is_told(
    server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_storage, "BLOCK", 4)
    server.files["a"] = bytes(range(24))
    with ObjectReader(f"{server.url}a", blocks=2) as file:
        for start in (0, 4, 0, 8, 4):
            file.seek(start)
            assert file.read(1) == bytes([start])
    parts = [part for method, part in server.requests if method == "GET"]
    assert parts == ["bytes=0-3", "bytes=4-7", "bytes=8-11", "bytes=4-7"]


def test_requests_that_fail_are_made_again(server: ObjectServer) -> None:
    server.files["a"] = b"0123456789"
    server.statuses, server.cut = [503, 429], 1
    with ObjectReader(f"{server.url}a") as file:
        assert file.read() == b"0123456789"
    assert len([1 for method, _ in server.requests if method == "GET"]) == 4


def test_what_fails_for_good_ends_in_one_line(server: ObjectServer) -> None:
    server.files["a"] = b"0123456789"
    with ObjectReader(f"{server.url}a") as file:
        server.statuses = [503] * ATTEMPTS
        with pytest.raises(InputError, match=rf"^{server.url}a: cannot be read: the server answers 503$"):
            file.read()
        assert server.statuses == []
        assert file.read() == b"0123456789"
        server.statuses = [403, 503]
        file.seek(0)
        assert file.read() == b"0123456789"
    assert ATTEMPTS == 5


def test_a_refusal_is_not_asked_again(server: ObjectServer) -> None:
    server.files["a"] = b"0123456789"
    with ObjectReader(f"{server.url}a") as file:
        server.statuses = [403, 200]
        with pytest.raises(InputError, match=r"cannot be read: access denied; check the credentials"):
            file.read()
    assert server.statuses == [200]


def test_an_absent_object_is_named_without_its_query(server: ObjectServer) -> None:
    with pytest.raises(InputError, match=rf"^{server.url}a: cannot be read: there is no such object$"):
        state_of(f"{server.url}a?token=secret")


def test_a_server_that_serves_no_parts_is_refused(server: ObjectServer) -> None:
    server.files["a"] = b"0123456789"
    server.ranges = False
    with pytest.raises(InputError, match=r"the server gives no size or no parts of it; download it"):
        ObjectReader(f"{server.url}a")


def test_nobody_at_the_address(server: ObjectServer) -> None:
    with serving() as other:
        url = other.url
    with pytest.raises(InputError, match=rf"^{url}a: cannot be read: "):
        state_of(f"{url}a")


def test_a_changed_object_is_refused(server: ObjectServer) -> None:
    server.files["a"] = b"0123456789"
    state = state_of(f"{server.url}a")
    check_unchanged(f"{server.url}a", state)
    server.files["a"] = b"9876543210"
    with pytest.raises(InputError, match=r"has another content than where the run was planned"):
        check_unchanged(f"{server.url}a", state)
    server.files["a"] = b"0"
    with pytest.raises(InputError, match=r"has 1 bytes and not 10 than where"):
        check_unchanged(f"{server.url}a", state)


def test_folders_and_patterns(memory: fsspec.AbstractFileSystem) -> None:
    for name in ("c/b.jsonl", "c/a.json", "c/d/e.json", "other"):
        memory.pipe_file(f"/{name}", b"x")
    assert find_objects("memory://c").names == [
        "memory:///c/a.json",
        "memory:///c/b.jsonl",
        "memory:///c/d/e.json",
    ]
    assert find_objects("memory://c/").folder == "memory:///c/"
    assert find_objects("memory://c/*.json").names == ["memory:///c/a.json"]
    assert find_objects("memory://other").names == ["memory://other"]
    with pytest.raises(InputError, match=r"^memory://c/\*.txt: no object matches this pattern$"):
        find_objects("memory://c/*.txt")
    with pytest.raises(InputError, match=r"^memory://none: cannot be read: there is no such object$"):
        find_objects("memory://none")


def test_an_object_appears_when_the_block_ends_well(tmp_path: Path) -> None:
    # Of fsspec's own file systems this one has the two steps of object storage; that in memory has not.
    url, path = f"file://{tmp_path}/folder/a", tmp_path / "folder" / "a"
    path.parent.mkdir()
    path.write_bytes(b"before")
    with pytest.raises(RuntimeError), object_output(url) as file:
        file.write(b"after")
        raise RuntimeError
    assert [each.name for each in path.parent.iterdir()] == ["a"]
    assert path.read_bytes() == b"before"
    with object_output(url) as file:
        file.write(b"after")
        file.close()
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"


def test_what_cannot_be_written_is_known_beforehand(memory: fsspec.AbstractFileSystem) -> None:
    with pytest.raises(UsageError, match=r"^https://host/a: cannot be written: https is for reading"):
        check_file_writable("https://host/a?secret")
    with pytest.raises(InputError, match=r"^memory://: cannot be written: it names no object$"):
        check_file_writable("memory://")
    check_file_writable("memory://a/b.jsonl")


def test_unknown_protocols_and_missing_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"^nonsense://a: cannot be opened: Protocol not known: nonsense"):
        state_of("nonsense://a")
    monkeypatch.setitem(known_implementations, "gone", {"class": "gone.Gone", "err": "Install gone"})
    with pytest.raises(UsageError, match=r"^gone:// needs a library that is not installed \(Install gone\): pip"):
        state_of("gone://a")
