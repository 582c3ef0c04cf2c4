"""Damaged files of every kind end in one line and never in a traceback.

Each reader gets ``FUZZ_SECONDS`` (1 by default) of files that were damaged at random, from a fixed seed.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.common.cache import DiskCache, cache_key
from sharegpt_argilla.common.jsonl import read_rows
from sharegpt_argilla.config import load_project
from sharegpt_argilla.embedded_argilla.processes.redis_queue import sound_length
from sharegpt_argilla.embedded_argilla.server_file import read_server_file
from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.project.guidelines_history import guidelines_versions
from sharegpt_argilla.project.progress_history import History
from sharegpt_argilla.records.plan_file import read_plan
from sharegpt_argilla.responses.export_state import DamagedStateError, Stamp, load_state, new_state
from sharegpt_argilla.settings import Home, add_credentials, connection_of, find_password
from sharegpt_argilla.workflows.extract import extract
from sharegpt_argilla.workflows.import_legacy import import_legacy
from tests.legacy.feedback_dataset import records, write_dataset
from tests.projects import ROOT, some_rows, write_rows

SECONDS = float(os.environ.get("FUZZ_SECONDS", "1"))
pytestmark = pytest.mark.timeout(SECONDS + 300)
PIECES = [b"\x00", b"\xff\xfe", b"{", b"]", b'"', b"&a *a", b"!!python/x ", b"\n", b": ", b"- " * 50, b"[" * 200]
PIECES += [b"1e999", b"-1", b"null", b"NaN", "\ud83d".encode("utf-8", "surrogatepass"), b"2001-99-99", b"<<: *x"]


def damaged(content: bytes, draw: random.Random) -> bytes:
    """The content with some of its bytes changed, left out, doubled or replaced by what parsers dislike."""
    out = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        begin = draw.randrange(len(out) + 1)
        end = min(begin + draw.choice([0, 1, 5, 40]), len(out))
        out[begin:end] = draw.choice([b"", draw.randbytes(3), out[begin:end] * 3, *PIECES])
    return bytes(out[: draw.randrange(len(out) + 1)] if draw.random() < 0.1 else out)


def fuzz(path: Path, content: bytes, read: Callable[[Path], Any]) -> None:
    draw, end, count = random.Random(17), time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        path.write_bytes(damaged(content, draw))
        count += 1
        try:
            read(path)
        except SharegptArgillaError as error:
            assert "\n" not in str(error) or len(str(error).splitlines()) < 40, path.read_bytes()
        except Exception as error:
            error.add_note(f"after {count} files: {path.read_bytes()!r}")
            raise
    assert count > 3


def test_rows(tmp_path: Path) -> None:
    content = write_rows(tmp_path / "rows.jsonl", some_rows(3)).read_bytes()
    fuzz(tmp_path / "rows.jsonl", content, lambda path: [line.row for line in read_rows(path)])


def test_the_project_file(tmp_path: Path) -> None:
    (tmp_path / "guidelines.md").write_text("x", encoding="utf-8")
    fuzz(tmp_path / "dataset-config.yml", (ROOT / "dataset-config.yml").read_bytes(), load_project)


def test_the_plan_file(tmp_path: Path) -> None:
    plan = tmp_path / "p.plan.jsonl"
    content = (
        b'{"plan": 1, "people": ["ana", "ben"], "rules": {"seed": 1}}\n{"id": "a", "people": ["ana"], "rank": 1}\n'
    )
    fuzz(plan, content, read_plan)


def test_the_state_of_an_export(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with new_state(path, "plan") as state:
        for number in range(50):
            state.add_line(f"r{number}", 10)
        state.remember(0, [(f"k{number}", Stamp(f"r{number}", "completed", 1, "t")) for number in range(50)])
        state.save(output=(500, 1))

    def read(path: Path) -> None:
        with suppress(DamagedStateError):
            loaded = load_state(path)
            assert loaded is not None
            with closing(loaded):
                assert len(loaded.lines_of([f"r{number}" for number in range(50)])) == 50

    fuzz(path, path.read_bytes(), read)


@pytest.mark.parametrize("name", ["argilla.yaml", "records.jsonl"])
def test_a_dataset_of_argilla_1(tmp_path: Path, name: str) -> None:
    folder = write_dataset(tmp_path / "legacy", records())
    (path,) = folder.rglob(name)
    fuzz(path, path.read_bytes(), lambda _path: import_legacy(folder, tmp_path / "out.jsonl"))


@pytest.mark.parametrize("corpus", ["sharegpt_vicuna.json"])
def test_corpora(tmp_path: Path, corpus: str) -> None:
    content = (ROOT / "examples" / corpus).read_bytes()[:4000]

    def read(path: Path) -> None:
        extract([path], "auto", tmp_path / "out.jsonl", restart=True)

    fuzz(tmp_path / "corpus.json", content, read)


def test_redis_files() -> None:
    draw, content = random.Random(3), b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\nabcd\r\n" * 20
    for _ in range(2000):
        whole = damaged(content, draw)
        assert 0 <= sound_length(whole) <= len(whole)


def test_text_queries() -> None:
    # argilla-server reads its home folder at the import; that is a temporary one there.
    import tests.embedded_argilla.conftest  # noqa: F401
    from sharegpt_argilla.embedded_argilla.engine.text_query import Columns, compile_text_query

    draw, end = random.Random(9), time.monotonic() + SECONDS
    parts = [*'"()|+-*~\\ \t', "word", "的字", "~5", '"a b"~2', "\x00", "\ud800", "NEAR(", "AND", "a*", ":"]
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE VIRTUAL TABLE t USING fts5(a, always)")
        database.execute("INSERT INTO t VALUES ('word a b', 'x')")
        while time.monotonic() < end:
            text = "".join(draw.choices(parts, k=draw.randint(0, 40)))
            expression = compile_text_query(text, Columns(("a",), whole_document=draw.random() < 0.5))
            if expression is not None and "\ud800" not in expression:
                database.execute("SELECT COUNT(*) FROM t WHERE t MATCH ?", (expression,)).fetchone()


def test_snapshots_of_the_dashboard(tmp_path: Path) -> None:
    line = '{"at": "2026-01-02T03:04:05", "total": 3, "completed": 1, "submitted": 1, "draft": 0}\n'

    def read(path: Path) -> None:
        history = History(path)
        assert all(isinstance(point, dict) for point in history.points())
        assert history.is_due() in (True, False)

    fuzz(tmp_path / "progress.jsonl", line.encode() * 3, read)


def test_a_clock_that_is_put_back_stops_no_history(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    ahead = (datetime.now(UTC) + timedelta(days=400)).replace(tzinfo=None)
    path.write_text(json.dumps({"at": ahead.isoformat(timespec="seconds")}) + "\n", encoding="utf-8")
    assert History(path).is_due()
    now = datetime.now(UTC).replace(tzinfo=None)
    path.write_text(json.dumps({"at": now.isoformat(timespec="seconds")}) + "\n", encoding="utf-8")
    assert not History(path).is_due()


def test_versions_of_the_guidelines(tmp_path: Path) -> None:
    home = Home(tmp_path)
    guidelines_versions(home, "d", "first")
    (path,) = tmp_path.rglob("guidelines-d.json")
    fuzz(path, path.read_bytes(), lambda _path: guidelines_versions(home, "d", "second"))


OWNER = b'{"username": "owner", "password": "p", "api_key": "k"}'
SERVER = b'{"api_url": "http://127.0.0.1:1", "running": true, "pid": 1, "processes": [], "started": 1.0}'


def test_what_describes_a_server(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.owner.write_bytes(OWNER)

    def read(_path: Path) -> None:
        read_server_file(home)
        assert isinstance(connection_of(home).api_url, str)

    fuzz(home.server, SERVER, read)


def test_what_describes_an_owner(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.server.write_bytes(SERVER)
    fuzz(home.owner, OWNER, lambda _path: connection_of(home))


def test_the_credentials_sheet(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for name in ("ana", "ben"):
        add_credentials(home, name, "password", "annotator", "http://a")
    fuzz(home.credentials, home.credentials.read_bytes(), lambda _path: find_password(home, "ana", "http://a"))


def test_a_cache(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with closing(DiskCache(path, 10)) as cache:
        cache.put_many({cache_key("a"): b"[1]"})

    def read(path: Path) -> None:
        for companion in tmp_path.glob("cache.db-*"):
            companion.unlink()
        with closing(DiskCache(path, 10)) as cache:
            cache.get_many([cache_key("a")])

    fuzz(path, path.read_bytes(), read)
