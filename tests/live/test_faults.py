"""What happens when something fails: the network to the server, the disk, the files of a home folder."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.argilla_client import connection as client_connection
from sharegpt_argilla.argilla_client.connection import ATTEMPTS, connect
from sharegpt_argilla.common import http_calls
from sharegpt_argilla.common.jsonl import read_rows
from sharegpt_argilla.errors import ServerRefusedError, ServerUnreachableError
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.doctor import doctor
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.load_records import load_records
from sharegpt_argilla.workflows.people import people
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from sharegpt_argilla.workflows.report_agreement import report_agreement
from sharegpt_argilla.workflows.setup_dataset import setup_dataset
from tests.embedded import EmbeddedArgilla, embedded_argilla, wait_until
from tests.live.faulty_proxy import DONE, OTHERS, Fault, FaultyProxy, faulty_proxy
from tests.live.rest import owner_of, texts
from tests.projects import TestProject, some_rows, write_project, write_rows
from tests.small_disk import small_disk

pytestmark = pytest.mark.live

_numbers = itertools.count(1)


@pytest.fixture
def proxy(argilla: EmbeddedArgilla, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A proxy that does nothing yet; calls are repeated without long pauses."""
    monkeypatch.setattr(http_calls, "FIRST_PAUSE", 0.01)
    with faulty_proxy(argilla.api_url) as proxy:
        yield proxy


@pytest.fixture
def spoiled(proxy: FaultyProxy, argilla: EmbeddedArgilla, tmp_path: Path) -> TestProject:
    """A project of its own, whose server is behind the proxy."""
    connection = Connection(proxy.url, argilla.api_key)
    return write_project(tmp_path, connection, argilla.home, f"faulty{next(_numbers)}")


def use(monkeypatch: pytest.MonkeyPatch, project: TestProject) -> dict[str, Any]:
    monkeypatch.setenv("ARGILLA_API_URL", project.connection.api_url)
    monkeypatch.setenv("ARGILLA_API_KEY", project.connection.api_key)
    return {"connection": project.connection}


class TestNetwork:
    """Every call of every command fails once; at 12 % lost answers 0 of 6 setups came through."""

    @pytest.mark.parametrize("fault", [*DONE, *(pytest.param(fault, marks=pytest.mark.slow) for fault in OTHERS)])
    def test_each_command_comes_through(
        self,
        spoiled: TestProject,
        proxy: FaultyProxy,
        argilla: EmbeddedArgilla,
        fault: Fault,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        options = use(monkeypatch, spoiled)
        rows = write_rows(tmp_path / "rows.jsonl", some_rows(12))
        proxy.fault = fault
        made = setup_dataset(spoiled.config, home=spoiled.home, **options)
        assert any(item.startswith("dataset") for item in made.created)
        assert setup_dataset(spoiled.config, home=spoiled.home, **options).created == []
        loaded = load_records(rows, spoiled.config, **options)
        assert (loaded.rejected, loaded.loaded + loaded.unchanged) == (0, 12)
        assert load_records(rows, spoiled.config, **options).unchanged == 12
        assert {person.member for person in people(spoiled.config, **options).people} == {True}
        proxy.fault = "none"
        annotator = spoiled.annotator(spoiled.people[0])
        for record in annotator.pending():
            annotator.answer(record["id"], values={"quality": 5, "intent": ["chat"], "toxicity": "none"})
        proxy.fault = fault
        export_responses(rows, tmp_path / "annotated.jsonl", spoiled.config, **options)
        assert len(list(read_rows(tmp_path / "annotated.jsonl"))) == 12
        report_agreement(tmp_path / "annotated.jsonl", spoiled.config)
        assert [each for each in doctor(spoiled.config) if not each.ok] == []
        assert proxy.spoiled > 20
        with owner_of(argilla) as owner:
            names = [item["username"] for item in owner("GET", "/users")["items"]]
            assert all(names.count(name) == 1 for name in spoiled.people)

    def test_a_network_that_wants_a_sign_in_is_named_at_once(
        self, spoiled: TestProject, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        options = use(monkeypatch, spoiled)
        proxy.fault = "html"
        with pytest.raises(ServerRefusedError, match=r"not as Argilla.*text/html; a proxy or a network that"):
            setup_dataset(spoiled.config, home=spoiled.home, **options)
        assert proxy.spoiled == 1

    def test_a_server_that_stays_away_is_reported_after_four_attempts(
        self, proxy: FaultyProxy, argilla: EmbeddedArgilla, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxy.fault = "503"
        monkeypatch.setattr(proxy, "fault_of", lambda _request: calls.append(1) or "503")
        calls: list[int] = []
        with pytest.raises(ServerUnreachableError, match="answers 503; is Argilla still starting"):
            connect(Connection(proxy.url, argilla.api_key))
        assert len(calls) == ATTEMPTS == 4

    def test_a_server_that_is_too_slow_is_reported(
        self, proxy: FaultyProxy, argilla: EmbeddedArgilla, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client_connection, "TIMEOUT", 0.05)
        monkeypatch.setattr(proxy, "fault_of", lambda _request: "slow")
        with pytest.raises(ServerUnreachableError, match=r"no Argilla answers at .*timed out"):
            connect(Connection(proxy.url, argilla.api_key))


class TestTwoAtOnce:
    def together(self, *works: Any) -> list[Any]:
        """What several calls return that begin at the same time; errors as they are."""
        results: list[Any] = [None] * len(works)
        barrier = threading.Barrier(len(works))

        def run(number: int) -> None:
            barrier.wait()
            try:
                results[number] = works[number]()
            except Exception as error:  # shown by the assertion
                results[number] = error

        threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def test_setups_loads_and_pushes_all_succeed(self, project: TestProject, tmp_path: Path) -> None:
        """One of two loads at once ended with "500 GenericServerError"."""
        options: dict[str, Any] = {"connection": project.connection, "home": project.home}
        rows = write_rows(tmp_path / "rows.jsonl", some_rows(300))
        made = self.together(*[lambda: setup_dataset(project.config, **options)] * 3)
        assert [bool(each.created) for each in made].count(True) == 1, made
        loads = self.together(*[lambda: load_records(rows, project.config, connection=project.connection)] * 2)
        assert [each.loaded + each.unchanged for each in loads] == [300, 300], loads
        pushes = self.together(*[lambda: push_to_argilla(rows, project.config, **options)] * 2)
        assert not [each for each in pushes if isinstance(each, Exception)]
        with project.owner() as http:
            found = http.get(f"/api/v1/datasets/{project.dataset_id()}/progress").json()
        assert found["total"] == 300


@pytest.mark.slow
class TestDisk:
    def test_what_power_loss_leaves_of_the_queue_and_a_clean_stop(self, tmp_path: Path) -> None:
        """Zeros at the end of Redis' file kept Argilla from starting, and a stop left most data in a log."""
        with embedded_argilla(tmp_path) as argilla, owner_of(argilla) as owner:
            dataset = owner.dataset("faults", "power")
            owner.load(dataset, texts(300))
            argilla.stop()
            databases = [argilla.home.database, argilla.home.search_index]
            assert [path.name for path in tmp_path.iterdir() if path.name.endswith("-wal")] == []
            copy = tmp_path / "copied.db"
            shutil.copyfile(databases[0], copy)
            with closing(sqlite3.connect(copy)) as database:
                assert database.execute("SELECT COUNT(*) FROM records").fetchone() == (300,)
            (queue,) = (tmp_path / "redis-queue").glob("*.incr.aof")
            with queue.open("ab") as file:
                file.write(b"\x00" * 4096)
            argilla.start()
            assert "were damaged and are cut off" in argilla.errors
            assert owner("GET", f"/datasets/{dataset}/progress")["total"] == 300
            # While it runs, the index is lost.
            for part in tmp_path.glob("search-index.db*"):
                part.unlink()
            found = owner("POST", f"/datasets/{dataset}/records/search", {"query": {"text": {"q": "rain"}}})
            assert found["total"] == 300

    def test_a_full_disk_ends_nothing_that_can_go_on(self, tmp_path: Path) -> None:
        """It ended with a traceback of 45 lines, and server.json said that it still ran."""
        disk = tmp_path / "disk"
        disk.mkdir()
        with small_disk(disk, "48m") as mounted:
            if not mounted:
                pytest.skip("only root can mount a small disk")
            with embedded_argilla(disk / "home") as argilla, owner_of(argilla) as owner:
                dataset = owner.dataset("faults", "full")
                ids = owner.load(dataset, texts(20))
                argilla.wait_for_child("worker")
                filler = disk / "filler"
                with filler.open("wb") as file, suppress(OSError):
                    while True:
                        file.write(b"x" * 65_536)
                        file.flush()
                argilla.kill_child("worker")
                wait_until(lambda: "the worker ended" in argilla.errors, "the line about the worker")
                wait_until(lambda: "cannot be written" in argilla.errors, "the line about server.json")
                # Reading continues, and writing fails in words.
                assert owner("GET", f"/datasets/{dataset}/progress")["total"] == 20
                filler.unlink()
                wait_until(lambda: owner.http.get("/api/v1/version").is_success, "an answer")
                assert owner.answer(ids[0], quality=5)["status"] == "submitted"
                assert argilla.stop() == 0
                assert not argilla.state["running"]
                assert "Traceback" not in argilla.errors
                assert [path.name for path in argilla.home.path.glob(".*.part")] == []
