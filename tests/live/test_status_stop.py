"""`status` tells the truth about a home folder, `stop` ends what serves it and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from sharegpt_argilla.cli.main import main
from sharegpt_argilla.embedded_argilla.server_file import ServerFile, read_server_file
from sharegpt_argilla.embedded_argilla.server_status import stop_server
from sharegpt_argilla.errors import EmbeddedArgillaError
from sharegpt_argilla.settings import Home
from sharegpt_argilla.workflows.status import status
from sharegpt_argilla.workflows.stop import stop
from tests.embedded import PATIENCE, EmbeddedArgilla, embedded_argilla, gone

pytestmark = pytest.mark.live


def test_status_of_a_running_server(argilla: EmbeddedArgilla, capsys) -> None:
    argilla.wait_for_child("worker")
    assert main(["status", "--home", str(argilla.home.path)]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["server"] == "running"
    assert lines["address"] == argilla.api_url
    assert lines["version"] == "Argilla 2.8.0"
    assert lines["home"] == str(argilla.home.path)
    assert int(lines["records"].replace(",", "")) >= 0
    pids = {name: argilla.child_pid(name) for name in ("redis", "server", "worker")}
    assert lines["processes"] == ", ".join(f"{k} {v}" for k, v in [("launcher", argilla.pid), *pids.items()])

    since = status(argilla.home).since
    assert since is not None
    assert abs(since.timestamp() - psutil.Process(argilla.pid).create_time()) < 1


def test_status_where_nothing_ever_ran(tmp_path: Path, capsys) -> None:
    assert main(["status", "--home", str(tmp_path / "none")]) == 1
    out = capsys.readouterr().out
    assert "server    not running\n" in out
    assert "records" not in out
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_stop_from_another_terminal(tmp_path: Path, capsys) -> None:
    home = str(tmp_path)
    with embedded_argilla(tmp_path) as argilla:
        argilla.wait_for_child("worker")
        family, address, pid = argilla.family(), argilla.api_url, argilla.pid

        command = [
            sys.executable,
            "-c",
            "import sys; from sharegpt_argilla.cli import main; sys.exit(main())",
            "stop",
            "--home",
            home,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)

        assert done.stderr == f"stopped process {pid} on {home}\n"
        assert [process for process in family if not gone(process)] == []
        assert argilla._reap() == 0
        assert main(["status", "--home", home]) == 1
        assert f"address   {address} (when it ran last)\n" in capsys.readouterr().out
        assert main(["stop", "--home", home]) == 0
        assert capsys.readouterr().err == f"no Argilla runs on {home}\n"


def test_a_process_that_only_has_the_number_is_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        ServerFile("http://127.0.0.1:1", running=True, pid=stranger.pid, started=1.0).write(home)
        assert status(home).running is False
        assert stop(home) is None
        assert stranger.poll() is None
        stranger.communicate(b"\n")
    assert stranger.returncode == 0


def test_a_server_file_of_an_older_version_can_be_read(tmp_path: Path) -> None:
    home = Home(tmp_path)
    old = {"api_url": "http://127.0.0.1:1", "running": True, "pid": os.getpid(), "runtime": "", "processes": []}
    home.server.write_text(json.dumps(old))
    file = read_server_file(home)
    assert file is not None
    assert file.started == 0.0
    assert stop(home) is None


def test_a_launcher_that_does_not_end_is_said_so(tmp_path: Path) -> None:
    home = Home(tmp_path)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", deaf], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout.readline()
        started = psutil.Process(launcher.pid).create_time()
        ServerFile("http://127.0.0.1:1", running=True, pid=launcher.pid, started=started).write(home)
        with pytest.raises(EmbeddedArgillaError, match=f"kill -9 {launcher.pid}"):
            stop_server(home, patience=0.3)
        launcher.communicate(b"\n")
