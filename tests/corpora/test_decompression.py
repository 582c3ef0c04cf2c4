"""Compressed input that takes much memory: a bomb is read in small pieces, the longest window of zstd is taken."""

import gzip
import io
import tracemalloc

from sharegpt_argilla.corpora.reading.compression import Decompressed, Peekable

MEGABYTE = 1 << 20


def opened(data: bytes) -> Decompressed:
    return Decompressed(Peekable(io.BytesIO(data)))


def test_a_bomb_takes_the_memory_of_a_few_bytes_of_it() -> None:
    bomb = gzip.compress(bytes(128 * MEGABYTE), 9)
    assert len(bomb) < MEGABYTE
    tracemalloc.start()
    try:
        file = opened(bomb)
        assert sum(len(file.read(MEGABYTE)) for _ in range(20)) == 20 * MEGABYTE
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # 4 KiB of deflate contain 4 MiB of zeros, of which there are three copies at once.
    assert most < 24 * MEGABYTE


def test_the_longest_window_of_zstd_is_read() -> None:
    """The frame that ``zstd --long=31`` writes, by hand (RFC 8878): one raw block behind a window of 2 GiB."""
    text = b'{"id": "a"}\n'
    window = (31 - 10) << 3
    block = (len(text) << 3 | 1).to_bytes(3, "little")
    file = opened(b"\x28\xb5\x2f\xfd\x00" + bytes([window]) + block + text)
    assert (file.read(), file.fault) == (text, "")
