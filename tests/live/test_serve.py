"""The embedded Argilla as a whole: real server, real worker, real Redis."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue

from sharegpt_argilla.argilla_plugin.active_time_route import PATH as ACTIVITY
from sharegpt_argilla.argilla_plugin.security import SECURITY_HEADERS
from sharegpt_argilla.argilla_plugin.sign_in_limit import FREE_ATTEMPTS
from sharegpt_argilla.embedded_argilla.processes.child_process import Child
from sharegpt_argilla.embedded_argilla.processes.launcher import ServeOptions, ServerInfo, running
from sharegpt_argilla.embedded_argilla.processes.redis_process import redis_binary, redis_command
from sharegpt_argilla.settings import Home
from tests.embedded import (
    PATIENCE,
    EmbeddedArgilla,
    clean_environment,
    embedded_argilla,
    free_port,
    gone,
    launcher_command,
    package_root,
    wait_until,
)

pytestmark = pytest.mark.live


def refused(*options: str) -> str:
    """What a launcher that cannot start writes to stderr."""
    result = subprocess.run(
        launcher_command(*options),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=clean_environment(),
        cwd=package_root(),
    )
    assert result.returncode == 1, result
    assert result.stdout == ""
    return result.stderr


def me(argilla: EmbeddedArgilla, **headers: str) -> dict[str, Any]:
    answer = httpx.get(f"{argilla.api_url}/api/v1/me", headers=headers, timeout=PATIENCE)
    answer.raise_for_status()
    return answer.json()


def listening(process: psutil.Process) -> list[int]:
    return [item.laddr.port for item in process.connections("inet") if item.status == psutil.CONN_LISTEN]


def test_owner_file_is_private_and_opens_the_server_with_key_and_password(argilla):
    assert stat.S_IMODE(argilla.home.owner.stat().st_mode) == 0o600
    assert stat.S_IMODE(argilla.home.secret_key.stat().st_mode) == 0o600
    assert len(argilla.password) >= 16

    by_key = me(argilla, **{"X-Argilla-Api-Key": argilla.api_key})
    by_password = me(argilla, Authorization=f"Bearer {argilla.sign_in()}")

    assert (by_key["username"], by_key["role"]) == ("owner", "owner")
    assert by_password == by_key
    assert f"owner,{argilla.password},owner,{argilla.api_url}" in argilla.home.credentials.read_text("utf-8")


def test_user_interface_is_served(argilla):
    page = httpx.get(argilla.api_url, timeout=PATIENCE)

    assert page.status_code == 200
    assert "<title>Argilla</title>" in page.text
    assert "@@baseUrl@@" not in page.text


def test_api_key_of_nobody_is_refused(argilla):
    answer = httpx.get(f"{argilla.api_url}/api/v1/me", headers={"X-Argilla-Api-Key": "x"}, timeout=PATIENCE)

    assert answer.status_code == 401


def test_other_origins_get_no_cors_permission(argilla):
    def allowed(origin: str) -> str | None:
        answer = httpx.get(f"{argilla.api_url}/api/v1/version", headers={"Origin": origin}, timeout=PATIENCE)
        return answer.headers.get("access-control-allow-origin")

    assert allowed(f"http://localhost:{argilla.port}") == f"http://localhost:{argilla.port}"
    assert allowed("http://evil.example") is None


def test_only_the_one_port_listens(argilla):
    argilla.wait_for_child("worker")

    ports = {port for process in argilla.family() for port in listening(process)}

    assert ports == {argilla.port}


def test_redis_socket_is_in_a_private_folder(argilla):
    folder = Path(argilla.state["runtime"]).stat()

    assert stat.S_IMODE(folder.st_mode) == 0o700
    assert folder.st_uid == os.getuid()


def test_database_is_in_wal_mode(argilla):
    assert argilla.home.database.with_name("argilla.db-wal").exists()


def test_second_server_on_the_same_home_is_refused_in_one_line(argilla):
    line = refused("--home", str(argilla.home.path), "--port", str(free_port()))

    assert line == (
        f"{argilla.home.path} is already served by process {argilla.pid} at {argilla.api_url}; use that one, "
        "stop it, or choose another folder with --home\n"
    )


def test_busy_port_is_refused_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        line = refused("--home", str(tmp_path), "--port", str(port))

    assert line == f"port {port} on 127.0.0.1 is in use by another program; choose another with --port\n"
    assert not (tmp_path / "server.json").exists()


def test_server_that_cannot_start_is_one_line_that_names_the_log(tmp_path):
    (tmp_path / "argilla.db").write_text("this is no database")

    line = refused("--home", str(tmp_path), "--port", str(free_port()))

    assert line.count("\n") == 1
    assert line.startswith("the server ended while starting (exit status 1): ")
    assert "file is not a database" in line
    assert f"see {tmp_path / 'logs' / 'server.log'}" in line


@pytest.mark.slow
def test_restart_and_kill_keep_data_and_sign_ins(tmp_path):
    with embedded_argilla(tmp_path) as argilla:
        token, key = argilla.sign_in(), argilla.api_key
        created = httpx.post(
            f"{argilla.api_url}/api/v1/workspaces",
            headers={"X-Argilla-Api-Key": key},
            json={"name": "kept"},
            timeout=PATIENCE,
        )
        assert created.status_code == 201

        argilla.restart()
        assert me(argilla, Authorization=f"Bearer {token}")["username"] == "owner"

        family = argilla.family()
        argilla.kill()
        wait_until(lambda: all(gone(process) for process in family), "the end of all children")
        # The port is free as soon as the last of them is gone.
        socket.create_server(("127.0.0.1", argilla.port)).close()

        argilla.restart()
        assert me(argilla, Authorization=f"Bearer {token}")["username"] == "owner"
        assert argilla.api_key == key
        names = [item["name"] for item in argilla.get("/api/v1/me/workspaces").json()["items"]]
        assert names == ["kept"]


@pytest.mark.slow
def test_a_lost_owner_file_is_made_anew_and_a_lost_database_is_not(tmp_path):
    with embedded_argilla(tmp_path) as argilla:
        first = argilla.owner
        argilla.stop()
        argilla.home.owner.unlink()

        argilla.restart()
        second = argilla.owner
        assert second["api_key"] != first["api_key"]
        assert argilla.get("/api/v1/me").json()["role"] == "owner"
        argilla.sign_in()

        argilla.stop()
        for file in tmp_path.glob("argilla.db*"):
            file.unlink()
        with pytest.raises(AssertionError, match=r"is missing, but owner\.json shows that there was an Argilla"):
            argilla.restart()
        argilla.home.owner.unlink()
        argilla.restart()
        assert argilla.owner != second
        assert argilla.get("/api/v1/me").json()["role"] == "owner"


@pytest.mark.slow
def test_killed_children_come_back_and_a_clean_stop_leaves_nothing(tmp_path):
    with embedded_argilla(tmp_path) as argilla:
        argilla.wait_for_child("worker")

        redis_pid = argilla.kill_child("redis")
        argilla.wait_for_child("redis", other_than=redis_pid)
        redis_socket = Path(argilla.state["runtime"]) / "redis.sock"
        wait_until(lambda: redis_socket.exists() and answers(redis_socket), "Redis")
        assert run_job(redis_socket) == 5

        worker_pid = argilla.kill_child("worker")
        argilla.wait_for_child("worker", other_than=worker_pid)
        assert run_job(redis_socket) == 5

        server_pid = argilla.child_pid("server")
        argilla.kill_server()
        argilla.wait_for_child("server", other_than=server_pid)
        # The launcher keeps the port meanwhile: the request waits for the new server.
        assert argilla.get("/api/v1/me").json()["username"] == "owner"

        family, runtime, address = argilla.family(), argilla.state["runtime"], argilla.api_url
        assert len(family) >= 4
        assert argilla.stop(signal.SIGTERM) == 0
        assert [process for process in family if not gone(process)] == []
        assert not Path(runtime).exists()
        state = argilla.state
        assert (state["running"], state["processes"], state["api_url"]) == (False, [], address)


@pytest.mark.slow
def test_base_url_other_hosts_and_a_redis_of_the_users_own(tmp_path, monkeypatch, caplog):
    redis_socket = tmp_path / "redis.sock"
    log = tmp_path / "redis.log"
    redis = Child("redis", redis_command(redis_binary(), Home(tmp_path), redis_socket, log), os.environ, log)
    redis.start()
    monkeypatch.setenv("ARGILLA_REDIS_URL", f"unix://{redis_socket}?db=0")
    home = Home(tmp_path / "home")
    try:
        with running(ServeOptions(home, host="0.0.0.0", port=0, base_url="/argilla")) as server:
            port = urlsplit(server.api_url).port
            assert server == ServerInfo(f"http://127.0.0.1:{port}/argilla", home, "owner")
            assert "reachable from other machines" in caplog.text
            page = httpx.get(f"{server.api_url}/", timeout=PATIENCE)
            assert page.status_code == 200
            assert '"/argilla/_nuxt/' in page.text
            guard_below_base_url(server.api_url)
            wait_until(lambda: len(json.loads(home.server.read_text())["processes"]) == 2, "the worker")
            names = {item["name"] for item in json.loads(home.server.read_text())["processes"]}
            assert names == {"server", "worker"}
            assert run_job(redis_socket) == 5
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.api_url, timeout=PATIENCE)
    finally:
        redis.stop(5)


def guard_below_base_url(url: str) -> None:
    """Nothing answers outside of it, and no spelling of a path leads around the limit of sign-ins."""
    outside = url.removesuffix("/argilla")
    for path in ("/api/v1/me", "//argilla/api/v1/me", "/argilla/../api/v1/me", "/api/v1/token", ACTIVITY):
        answer = httpx.get(outside + path, timeout=PATIENCE)
        assert answer.status_code == 404
        assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert httpx.get(url + ACTIVITY, timeout=PATIENCE).status_code == 401
    form = {"username": "nobody", "password": "a-wrong-guess"}
    for path in ("//api/v1/token", "/api/v1/token/", "/API/v1/token"):
        # A redirect leads to the right one, where it is counted.
        assert httpx.post(url + path, data=form, timeout=PATIENCE).status_code in (307, 404, 405)
    spellings = ("/api/v1/token", "/api/v1/%74oken", "/api/v1/token?x=1")
    guesses = [
        httpx.post(url + spellings[number % 3], data=form, timeout=PATIENCE).status_code
        for number in range(FREE_ATTEMPTS + 5)
    ]
    assert guesses[:FREE_ATTEMPTS] == [401] * FREE_ATTEMPTS
    assert 429 in guesses


def test_ctrl_c_while_starting_is_a_clean_stop(tmp_path):
    command = launcher_command("--home", str(tmp_path), "--port", "0")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), cwd=package_root()
    ) as launcher:
        wait_until((tmp_path / "logs" / "server.log").exists, "the server's start")
        family = psutil.Process(launcher.pid).children(recursive=True)

        launcher.send_signal(signal.SIGINT)

        assert launcher.wait(PATIENCE) == 0
        assert launcher.communicate() == (b"", b"")
    assert [process for process in family if not gone(process)] == []


@pytest.mark.slow
def test_stop_does_not_wait_for_a_long_job(tmp_path):
    with embedded_argilla(tmp_path) as argilla:
        with Redis(unix_socket_path=str(Path(argilla.state["runtime"]) / "redis.sock")) as connection:
            job = Queue("default", connection=connection).enqueue("time.sleep", 600)
            wait_until(lambda: job.get_status(refresh=True) == "started", "the job's start")
        family = argilla.family()
        begin = time.monotonic()

        assert argilla.stop(signal.SIGINT) == 0

        assert time.monotonic() - begin < 60
        wait_until(lambda: all(gone(process) for process in family), "the end of all children")


def answers(redis_socket: Path) -> bool:
    with Redis(unix_socket_path=str(redis_socket)) as connection:
        try:
            return connection.ping()
        except RedisConnectionError:
            return False


def run_job(redis_socket: Path) -> int | None:
    """Have the worker add 2 and 3."""
    with Redis(unix_socket_path=str(redis_socket)) as connection:
        job = Queue("default", connection=connection).enqueue("operator.add", 2, 3)
        wait_until(lambda: job.get_status(refresh=True) in {"finished", "failed"}, "the job's end")
        return job.return_value()
