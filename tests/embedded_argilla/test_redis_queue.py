"""The append-only file of Redis is cut after its last whole command."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sharegpt_argilla.embedded_argilla.processes.redis_queue import repair_queue, sound_length
from sharegpt_argilla.settings import Home

COMMANDS = [
    b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n",
    b"#TS:1700000000\r\n",
    b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\n\r\n\x00*\r\n",
    b"*3\r\n$5\r\nRPUSH\r\n$1\r\nq\r\n$0\r\n\r\n",
]
SOUND = b"".join(COMMANDS)


@pytest.mark.parametrize(
    "tail",
    [
        b"",
        b"\x00" * 4096,
        b"garbage",
        b"*3\r\n$3\r\nSE",
        b"*1\r\n$99999\r\nx\r\n",
        b"*2\r\n\x00\x00",
        b"$3\r\nabc\r\n",
        # What follows damage cannot be trusted.
        b"\x00" + COMMANDS[0],
    ],
)
def test_it_ends_with_the_last_whole_command(tail: bytes) -> None:
    assert sound_length(SOUND + tail) == len(SOUND)


def test_wherever_it_is_cut_or_damaged_whole_commands_stay() -> None:
    ends = [0]
    for command in COMMANDS:
        ends.append(ends[-1] + len(command))
    draw = random.Random(5)
    for position in range(len(SOUND)):
        expected = max(end for end in ends if end <= position)
        assert sound_length(SOUND[:position]) == expected
        damaged = SOUND[:position] + draw.randbytes(40)
        assert sound_length(damaged) >= expected


def test_the_damaged_file_is_kept_and_a_sound_one_untouched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "redis-queue"
    folder.mkdir()
    files = [folder / "redis-queue.aof.1.incr.aof", folder / "redis-queue.aof.2.incr.aof"]
    files[0].write_bytes(SOUND)
    files[1].write_bytes(SOUND + b"\x00" * 100)
    assert repair_queue(Home(tmp_path))
    assert [file.read_bytes() for file in files] == [SOUND, SOUND]
    (kept,) = tmp_path.glob("redis-queue.aof.2.incr.aof.damaged-*")
    assert (kept.read_bytes(), kept.stat().st_mode & 0o777) == (SOUND + b"\x00" * 100, 0o600)
    assert "the last 100 bytes were damaged and are cut off" in caplog.text
    assert not repair_queue(Home(tmp_path))
    assert not repair_queue(Home(tmp_path / "nothing"))
