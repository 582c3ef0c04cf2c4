"""``plan``, ``adjudicate``, ``migrate`` and ``move`` behind a proxy that fails in turn, kills them, and dies.

Each first attempt of a call fails, in every way in turn. On top of that each run of a command is ended later than
the one before: by kill -9, or by a network that is gone for good. In the end everything is done, once.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.argilla_client.connection import ATTEMPTS
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.common import http_calls
from sharegpt_argilla.records.plan_file import assigned_records, plan_path
from sharegpt_argilla.settings import Connection, Home, find_password
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.embedded import PATIENCE, EmbeddedArgilla, embedded_argilla, package_root
from tests.interrupted import Case, interrupted
from tests.live.faulty_proxy import DONE, Fault, FaultyProxy, faulty_proxy
from tests.live.rest import Rest, owner_of, signed_in, texts
from tests.projects import ANSWER, TestProject, some_rows, write_project, write_rows
from tests.small_disk import small_disk

pytestmark = [pytest.mark.live, pytest.mark.slow]

ROWS = some_rows(6)
DISK = "2m"
"""Size of the disk that is filled; only root can mount one."""
SPOILED: tuple[Fault, ...] = (*DONE, "reset before", "cut", "502", "503")
ENDS: tuple[tuple[int, Fault], ...] = (
    (1, "reset before"),
    (6, "kill after"),
    (9, "html"),
    (17, "kill before"),
    (27, "503"),
    (45, "kill after"),
    (10_000, "none"),
)
"""After how many requests a run is ended, and how."""

TOLD: dict[Fault, tuple[int, str]] = {
    "reset before": (ATTEMPTS, "no Argilla answers at"),
    "503": (ATTEMPTS, "answers 503; is Argilla still starting?"),
    "html": (1, "but not as Argilla (it sent text/html; a proxy or a network that wants a sign-in"),
}
"""How often a call is tried that fails for good, and what is said then."""


class Network:
    """Proxies that one command after the other goes through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *proxies: FaultyProxy):
        self.monkeypatch, self.capfd, self.proxies = monkeypatch, capfd, proxies
        self.faults: list[Fault] = []

    def spoil(self, last: int, end: Fault) -> None:
        """Spoil the first attempt of each request, and from the ``last`` one on all."""
        kinds, passes = itertools.cycle(SPOILED), dict[bytes, bool]()
        self.faults = []

        def fault_of(request: bytes) -> Fault:
            passes[request] = not passes.get(request, True)
            fault = end if len(self.faults) >= last else "none" if passes[request] else next(kinds)
            self.faults.append(fault)
            return fault

        for proxy in self.proxies:
            self.monkeypatch.setattr(proxy, "fault_of", fault_of)

    def until_done(self, *command: str) -> list[Fault]:
        """Run a command again and again while it is ended later each time; how it was ended."""
        ends: list[Fault] = []
        for last, end in ENDS:
            self.spoil(last, end)
            code, said = self.killable(command) if end.startswith("kill") else self.run(command)
            if code == 0:
                for proxy in self.proxies:
                    self.monkeypatch.setattr(proxy, "fault_of", lambda _request: "none")
                return ends
            ends.append(end)
            assert "Traceback" not in said
            if end in TOLD:
                self.check_told(end, code, said)
        raise AssertionError(said)

    def check_told(self, end: Fault, code: int, said: str) -> None:
        """One line says it, after the right number of attempts of the last call."""
        tries, text = TOLD[end]
        (line,) = [line for line in said.splitlines() if line.startswith("sharegpt-argilla: ")]
        assert code == 1
        assert text in line
        passed = max((at for at, fault in enumerate(self.faults) if fault == "none"), default=-1)
        attempts = self.faults[passed + 1 :]
        assert len(attempts) == tries or (end == "html" and attempts.count("html") == 1), self.faults

    def run(self, command: tuple[str, ...]) -> tuple[int, str]:
        self.capfd.readouterr()
        code = main(list(command))
        return code, self.capfd.readouterr().err

    def killable(self, command: tuple[str, ...]) -> tuple[int, str]:
        with subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"import sys; sys.path.insert(0, {str(package_root())!r})\n{_COMMAND}",
                *command,
            ],
            stderr=subprocess.PIPE,
        ) as process:
            for proxy in self.proxies:
                proxy.victim = process
            _, said = process.communicate(timeout=PATIENCE)
        return process.returncode, said.decode()


_COMMAND = """
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.common import http_calls
http_calls.FIRST_PAUSE = 0.01
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def network(
    argilla: EmbeddedArgilla, monkeypatch: pytest.MonkeyPatch, capfd: Any, tmp_path: Path
) -> Iterator[Network]:
    monkeypatch.setattr(http_calls, "FIRST_PAUSE", 0.01)
    monkeypatch.chdir(tmp_path)
    with faulty_proxy(argilla.api_url) as proxy:
        monkeypatch.setenv("ARGILLA_API_URL", proxy.url)
        monkeypatch.setenv("ARGILLA_API_KEY", argilla.api_key)
        monkeypatch.setenv("ARGILLA_HOME_PATH", str(argilla.home.path))
        yield Network(monkeypatch, capfd, proxy)


def records_of(owner: Rest, dataset: str) -> dict[str, dict[str, Any]]:
    """External id -> record with everybody's answers; no id occurs twice."""
    (identifier,) = [item["id"] for item in owner("GET", "/me/datasets")["items"] if item["name"] == dataset]
    page = owner("GET", f"/datasets/{identifier}/records", limit=100, include=["responses", "suggestions"])
    records = {record["external_id"]: record for record in page["items"]}
    assert len(records) == page["total"]
    return records


def answered(records: dict[str, dict[str, Any]]) -> dict[str, list[tuple[str, str, Any]]]:
    return {
        row: sorted((item["user_id"], item["status"], item["values"]) for item in record["responses"])
        for row, record in records.items()
    }


def test_plan_adjudicate_and_migrate_come_through(
    network: Network, argilla: EmbeddedArgilla, project: TestProject, tmp_path: Path
) -> None:
    cleo, dora = f"cleo-{project.workspace}", f"dora-{project.workspace}"
    project.rewrite(
        assignment={"mode": "queue", "overlap": 2, "seed": 3}, adjudication={"reviewers": [cleo]}, suggestions=[]
    )
    rows, config = str(write_rows(tmp_path / "rows.jsonl", ROWS)), ["--config", str(project.config)]
    with network.monkeypatch.context() as direct:
        # The passwords of people are kept for the server's own address.
        direct.setenv("ARGILLA_API_URL", project.connection.api_url)
        assert main(["push-to-argilla", rows, *config]) == 0
    for number, name in enumerate(project.people):
        person = project.annotator(name)
        for record in person.pending()[:4]:
            person.answer(record["id"], values=ANSWER | {"toxicity": ("none", "harmful")[number]})
    with owner_of(argilla) as owner:
        before = records_of(owner, project.dataset)
        assert main(["export-responses", rows, "-o", "annotated.jsonl", *config]) == 0

        ends = network.until_done("adjudicate", "annotated.jsonl", "--threshold", "0", *config)
        assert {"kill after", "kill before", "html", "503", "reset before"} <= set(ends)
        reviewed = records_of(owner, f"{project.dataset}-adjudication")
        assert set(reviewed) == {row for row, record in before.items() if len(record["responses"]) == 2}

        project.rewrite(people=[{"username": name} for name in (*project.people, dora)])
        ends = network.until_done("plan", rows, "--apply", *config)
        assert {"kill after", "html", "reset before"} <= set(ends)
        planned = assigned_records(plan_path(project.config, project.dataset))
        after = records_of(owner, project.dataset)
        assert {row: record["metadata"]["assigned_to"] for row, record in after.items()} == {
            row: list(entry.people) for row, entry in planned.items()
        }
        assert any(dora in record["metadata"]["assigned_to"] for record in after.values())
        assert answered(after) == answered(before)

        old = project.dataset
        project.rewrite(dataset=f"{old}-2")
        ends = network.until_done("migrate", old, *config)
        assert {"kill after", "kill before", "html", "503", "reset before"} <= set(ends)
        assert answered(records_of(owner, f"{old}-2")) == answered(before)
        names = [item["username"] for item in owner("GET", "/users")["items"]]
        assert all(names.count(name) == 1 for name in (*project.people, cleo, dora))
    assert list(tmp_path.glob(".*.part")) == []
    assert list(argilla.home.path.glob(".*.part")) == []


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Fill a small disk to the last byte."""
    filler = disk / ".filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    filler.unlink()


def refused_by_a_full_disk(network: Network, disk: Path, *command: str) -> None:
    """Run a command on a full disk, if it could be mounted: one line, and no file is another one than before.

    A sheet of passwords that is made for the first one stays empty.
    """

    def files() -> dict[Path, bytes]:
        found = {path: path.read_bytes() for path in disk.rglob("*") if path.is_file() and path.name != ".filler"}
        return {path: content for path, content in found.items() if content or path.name != "credentials.csv"}

    if not os.path.ismount(disk):
        return
    before = files()
    with full(disk):
        code, said = network.run(command)
        (line,) = [line for line in said.splitlines() if line.startswith("sharegpt-argilla: ")]
        assert (code, "cannot be written: No space left on device" in line, "Traceback" in said) == (
            1,
            True,
            False,
        )
        assert files() == before


def test_a_full_disk_of_adjudicate_and_migrate(network: Network, argilla: EmbeddedArgilla, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, DISK), network.monkeypatch.context() as patched:
        project = write_project(disk, Connection(argilla.api_url, argilla.api_key), argilla.home, "full-disk")
        project.rewrite(
            assignment={"mode": "queue", "overlap": 2, "seed": 3}, adjudication={"reviewers": ["full-disk-cleo"]}
        )
        patched.setenv("ARGILLA_API_URL", argilla.api_url)
        rows, config = str(write_rows(disk / "rows.jsonl", ROWS)), ["--config", str(project.config)]
        assert main(["push-to-argilla", rows, *config]) == 0
        for number, name in enumerate(project.people):
            person = project.annotator(name)
            for record in person.pending():
                person.answer(record["id"], values=ANSWER | {"toxicity": ("none", "harmful")[number]})
        annotated = str(disk / "annotated.jsonl")
        assert main(["export-responses", rows, "-o", annotated, *config]) == 0

        # The password of the reviewer goes to a sheet that is not there yet.
        sheet = Home(disk / "home")
        patched.setenv("ARGILLA_HOME_PATH", str(sheet.path))
        adjudicate = ("adjudicate", annotated, "--threshold", "0", *config)
        refused_by_a_full_disk(network, disk, *adjudicate)
        assert main(list(adjudicate)) == 0
        password = find_password(sheet, "full-disk-cleo", argilla.api_url)
        assert password
        with signed_in(argilla.api_url, "full-disk-cleo", password) as cleo:
            assert cleo("GET", "/me")["username"] == "full-disk-cleo"

        old = project.dataset
        project.rewrite(dataset=f"{old}-2")
        refused_by_a_full_disk(network, disk, "migrate", old, *config)
        assert main(["migrate", old, *config]) == 0
        plan = plan_path(project.config, f"{old}-2")
        assert plan.read_bytes() == plan_path(project.config, old).read_bytes()
        with owner_of(argilla) as owner:
            assert len(records_of(owner, f"{old}-adjudication")) == len(ROWS)
            assert answered(records_of(owner, f"{old}-2")) == answered(records_of(owner, old))


def test_move_comes_through(network: Network, argilla: EmbeddedArgilla, tmp_path: Path) -> None:
    target_proxy, disk = network.proxies[0], tmp_path / "disk"
    sheet = Home(disk / "sheet")
    disk.mkdir()
    with (
        small_disk(disk, DISK),
        embedded_argilla(tmp_path / "source") as source,
        faulty_proxy(source.api_url) as source_proxy,
    ):
        network.proxies = (source_proxy, target_proxy)
        with owner_of(source) as owner:
            dataset = owner.dataset("moved", "moved-with-faults")
            owner.user("moved-ana", workspace="moved")
            for identifier in owner.load(dataset, texts(6))[:3]:
                with signed_in(source.api_url, "moved-ana") as ana:
                    ana.answer(identifier, quality=3)
            before = records_of(owner, "moved-with-faults")
        for name, url, key in (
            ("ARGILLA_API_", source_proxy.url, source.api_key),
            ("SHAREGPT_ARGILLA_TARGET_", target_proxy.url, argilla.api_key),
        ):
            network.monkeypatch.setenv(f"{name}URL", url)
            network.monkeypatch.setenv(f"{name}KEY", key)
        network.monkeypatch.setenv("ARGILLA_HOME_PATH", str(sheet.path))
        refused_by_a_full_disk(network, disk, "move")
        ends = network.until_done("move")
        assert {"kill after", "kill before", "html", "503", "reset before"} <= set(ends)
        with owner_of(argilla) as owner:
            after = records_of(owner, "moved-with-faults")
            assert {row: len(record["responses"]) for row, record in after.items()} == {
                row: len(record["responses"]) for row, record in before.items()
            }
            names = [item["username"] for item in owner("GET", "/users")["items"]]
        assert names.count("moved-ana") == 1
        # Her account was made once, and whoever was killed after that had noted her password.
        password = find_password(sheet, "moved-ana", target_proxy.url)
        assert password
        with signed_in(argilla.api_url, "moved-ana", password) as ana:
            assert ana("GET", "/me")["username"] == "moved-ana"
        assert list(sheet.path.glob(".*.part")) == []


def test_an_export_that_is_killed_or_has_a_full_disk(
    argilla: EmbeddedArgilla, project: TestProject, tmp_path: Path
) -> None:
    rows, few = write_rows(tmp_path / "rows.jsonl", ROWS), write_rows(tmp_path / "few.jsonl", ROWS[:4])
    push_to_argilla(rows, project.config, connection=project.connection, home=project.home)
    for name in project.people:
        person = project.annotator(name)
        for record in person.pending()[:4]:
            person.answer(record["id"], values=ANSWER)
    folder = tmp_path / "disk"
    folder.mkdir()
    options = ["-o", "annotated.jsonl", "--state", "export.state", "--training", "alpaca", "--config"]
    options.append(str(project.config))
    first, again = (["export-responses", str(path), *options] for path in (few, rows))
    environment = {
        "ARGILLA_API_URL": argilla.api_url,
        "ARGILLA_API_KEY": argilla.api_key,
        "ARGILLA_HOME_PATH": str(argilla.home.path),
    }
    with small_disk(folder, DISK):
        # The state has the time of the export in it.
        case = Case(str(folder), first, again, random=["export.state"], kills=6, first_code=1)
        outcome = interrupted(case, environment)
    assert not outcome.faults, "\n".join(outcome.faults)
    assert outcome.messages
    assert [message for message in outcome.messages if "cannot be written" not in message] == []
