"""Compressed input that takes much memory: a bomb is read in small pieces, the longest window of zstd is taken."""

import bz2
import gzip
import io
import lzma
import re
import subprocess
import sys
import tracemalloc
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import zstandard

from sharegpt_argilla.corpora.reading import expansion
from sharegpt_argilla.corpora.reading.compression import Decompressed, Peekable
from sharegpt_argilla.errors import InputError, UsageError

pyarrow: Any = pytest.importorskip("pyarrow")
parquet: Any = pytest.importorskip("pyarrow.parquet")

MEGABYTE = 1 << 20


def opened(data: bytes) -> Decompressed:
    return Decompressed(Peekable(io.BytesIO(data)))


def _packed(form: str) -> bytes:
    text = b'{"text": "' + bytes(64 * MEGABYTE).replace(b"\0", b"a") + b'"}\n'
    match form:
        case "gz":
            return gzip.compress(text, 9)
        case "zst":
            return zstandard.compress(text)
        case "xz":
            return lzma.compress(text, preset=0)
    return bz2.compress(text)


def _peak_of(path: Path) -> tuple[int, str]:
    """Megabytes that a process of its own takes to refuse a file, and what it says."""
    command = [sys.executable, "-c", _MEASURED, str(path), str(path.parent / "rows.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    return int(done.stdout) >> 10, done.stderr


_MEASURED = """
import re, sys
from pathlib import Path
from sharegpt_argilla.cli.main import main
code = main(["extract", "-m", "multilang", sys.argv[1], "-o", sys.argv[2]])
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
raise SystemExit(code)
"""


def _table(path: Path) -> None:
    """One text of 1 MiB in 300 rows, which a dictionary makes a megabyte of metadata and a page."""
    table = pyarrow.table({"text": ["a" * MEGABYTE] * 300})
    parquet.write_table(table, path, compression="zstd")


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("form", ["gz", "zst", "xz", "bz2", "parquet"])
def test_a_bomb_ends_in_one_line_and_takes_little_memory(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"bomb.{form}"
    _table(path) if form == "parquet" else path.write_bytes(_packed(form))
    megabytes, words = _peak_of(path)
    assert re.search(r"bomb\..*: expands more than 200 times .*set SHAREGPT_ARGILLA_MAX_EXPANSION", words)
    assert words.count("\n") == 1
    assert megabytes < 200
    assert [left.name for left in tmp_path.iterdir()] == [path.name]


def test_the_limit_can_be_raised_and_has_to_be_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _packed("gz")
    monkeypatch.setenv(expansion.VARIABLE, "2000")
    file = opened(data)
    assert sum(len(file.read(MEGABYTE)) for _ in range(64)) == 64 * MEGABYTE
    monkeypatch.setenv(expansion.VARIABLE, "much")
    with pytest.raises(UsageError, match="is 'much'; give a number from 1, such as 200"):
        opened(data).read(1)


@pytest.mark.parametrize(
    ("packed", "unpacked", "refused"),
    [
        (1, 16 << 20, False),
        (1, (16 << 20) + 1, True),
        (1 << 20, 200 << 20, False),
        (1 << 20, (200 << 20) + 1, True),
    ],
)
def test_what_expands_too_far(packed: int, unpacked: int, refused: bool) -> None:
    with pytest.raises(InputError) if refused else nullcontext():
        expansion.refuse_bomb("a.gz", packed, unpacked)


def test_a_feed_of_a_bomb_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the limit off, zstd that turns 4 bytes into 128 KiB is unpacked a few megabytes at a time."""
    monkeypatch.setenv(expansion.VARIABLE, str(10**9))
    bomb = zstandard.compress(bytes(256 * MEGABYTE))
    tracemalloc.start()
    try:
        file = opened(bomb)
        assert sum(len(file.read(MEGABYTE)) for _ in range(200)) == 200 * MEGABYTE
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 24 * MEGABYTE


def test_the_longest_window_of_zstd_is_read() -> None:
    """The frame that ``zstd --long=31`` writes, by hand (RFC 8878): one raw block behind a window of 2 GiB."""
    text = b'{"id": "a"}\n'
    window = (31 - 10) << 3
    block = (len(text) << 3 | 1).to_bytes(3, "little")
    file = opened(b"\x28\xb5\x2f\xfd\x00" + bytes([window]) + block + text)
    assert (file.read(), file.fault) == (text, "")
