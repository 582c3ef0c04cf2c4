"""The cache keeps what was put, for several processes at once, and stays small."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from sharegpt_argilla.common.cache import DiskCache, cache_key
from sharegpt_argilla.errors import InputError

PUT_AND_WAIT = """
import sys
from pathlib import Path
from sharegpt_argilla.common.cache import DiskCache, cache_key
cache = DiskCache(Path(sys.argv[1]), 1000)
cache.put_many({cache_key(sys.argv[2], str(n)): b"v" for n in range(50)})
print("done", flush=True)
input()
"""


def test_what_was_put_is_found(tmp_path: Path) -> None:
    keys = [cache_key(str(number)) for number in range(1200)]
    with closing(DiskCache(tmp_path / "new" / "c.db", 10_000)) as cache:
        cache.put_many({key: key[:3] for key in keys[:1100]})
        cache.put_many({keys[0]: b"other"})
    with closing(DiskCache(tmp_path / "new" / "c.db", 10_000)) as cache:
        assert cache.get_many(keys) == {keys[0]: b"other"} | {key: key[:3] for key in keys[1:1100]}
        assert cache.get_many([]) == {}


def test_the_oldest_go_first(tmp_path: Path) -> None:
    keys = [cache_key(str(number)) for number in range(30)]
    with closing(DiskCache(tmp_path / "c.db", 10)) as cache:
        for key in keys:
            cache.put_many({key: b""})
        assert set(cache.get_many(keys)) == set(keys[-10:])


def test_keys_of_other_parts_differ() -> None:
    assert len({cache_key("ab", "c"), cache_key("a", "bc"), cache_key("abc"), cache_key("abc", "")}) == 4
    assert cache_key("\ud800") == cache_key("\ud800")


def test_several_processes_put_at_once_and_a_kill_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    command = [sys.executable, "-c", PUT_AND_WAIT, str(path)]
    running = [
        subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in "abc"
    ]
    for process in running:
        assert process.stdout.readline() == "done\n"
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    with closing(DiskCache(path, 1000)) as cache:
        assert len(cache.get_many([cache_key(name, str(n)) for name in "abc" for n in range(50)])) == 150


def test_threads_share_one_cache(tmp_path: Path) -> None:
    with closing(DiskCache(tmp_path / "c.db", 1000)) as cache:
        threads = [
            threading.Thread(target=cache.put_many, args=({cache_key(str(number)): b"x"},)) for number in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(cache.get_many([cache_key(str(number)) for number in range(20)])) == 20


def test_a_damaged_file_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(InputError, match=r"c\.db: the cache cannot be used .*--no-cache"):
        DiskCache(path, 10)


@pytest.mark.parametrize("columns", ["key TEXT", "id INTEGER PRIMARY KEY, name BLOB, value BLOB"])
def test_a_table_of_another_version_is_one_clear_line(columns: str, tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"CREATE TABLE entries ({columns})")
    with closing(DiskCache(path, 10)) as cache:
        with pytest.raises(InputError, match=r"c\.db: the cache cannot be used .*remove the file, .*--no-cache"):
            cache.get_many([b"key"])
        with pytest.raises(InputError, match=r"c\.db: the cache cannot be used .*remove the file, .*--no-cache"):
            cache.put_many({b"key": b"value"})


def test_an_entry_that_damage_made_no_json_does_not_exist(tmp_path: Path) -> None:
    with closing(DiskCache(tmp_path / "cache.db", 10)) as cache:
        cache.put_many({b"whole": b"[1]", b"cut": b"[1", b"garbage": b"\xff"})
        assert cache.get_json([b"whole", b"cut", b"garbage", b"none"]) == {b"whole": [1]}
