"""The launcher's own parts with small real processes in place of server, worker and Redis."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from sharegpt_argilla.embedded_argilla.address import api_url, listen
from sharegpt_argilla.embedded_argilla.processes.child_process import Child
from sharegpt_argilla.embedded_argilla.processes.launcher import ServeOptions, run
from sharegpt_argilla.embedded_argilla.processes.process_log import MAX_BYTES, last_line, rotate
from sharegpt_argilla.embedded_argilla.processes.readiness import Readiness
from sharegpt_argilla.embedded_argilla.processes.redis_process import redis_binary, redis_command
from sharegpt_argilla.embedded_argilla.processes.supervisor import MAX_SERVER_DEATHS, Supervisor
from sharegpt_argilla.errors import EmbeddedArgillaError, InputError
from sharegpt_argilla.settings import Home
from tests.embedded import PATIENCE, gone, package_root, wait_until

ANSWER_ONCE = """
import os, socket, sys
listener, marker, status, body = socket.socket(fileno=int(sys.argv[1])), *sys.argv[2:]
if os.path.exists(marker):
    sys.exit(3)
connection, _ = listener.accept()
connection.recv(1000)
connection.sendall(f"HTTP/1.1 {status} X\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body}".encode())
connection.close()
open(marker, "w").close()
"""
ANSWER_ALL = """
import socket, sys
listener, diary, name = socket.socket(fileno=int(sys.argv[1])), *sys.argv[2:]
def note(what):
    with open(diary, "a") as file:
        file.write(f"{name} {what}\\n")
note("started")
while True:
    connection, _ = listener.accept()
    connection.recv(1000)
    note("answers")
    connection.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 16\\r\\n\\r\\n{"version": "2"}')
    connection.close()
"""
SLEEP = "import time; time.sleep(60)"
FORKING = """
import os, sys, time
from sharegpt_argilla.common.worker_processes import end_with
end_with(int(sys.argv[1]))
forked = os.fork()
if forked:
    print(forked, flush=True)
time.sleep(60)
"""
LOGGING = """
import logging, sys, warnings
from pathlib import Path
from sharegpt_argilla.embedded_argilla.processes.process_log import log_to
log_to(Path(sys.argv[1]))
logging.getLogger("uvicorn.access").info("x" * 1000)
for _ in range(6000):
    logging.getLogger("uvicorn.access").info("y" * 1000)
logging.getLogger("chatty.library").info("not wanted")
warnings.warn("a warning")
print("printed", flush=True)
raise RuntimeError("the reason")
"""


@pytest.fixture
def log(tmp_path):
    return tmp_path / "logs" / "child.log"


def child(log: Path, script: str, *arguments: str, name: str = "worker", fds: tuple[int, ...] = ()) -> Child:
    environment = os.environ | {"PYTHONPATH": str(package_root())}
    return Child(name, [sys.executable, "-c", script, *arguments], environment, log, fds)


def supervise(tmp_path: Path, script: str, *arguments: str) -> Supervisor:
    """A supervisor that has run to its end; server ``script`` gets the listener's number, then ``arguments``."""
    with listen("127.0.0.1", 0) as listener:
        number = listener.fileno()
        server = child(tmp_path / "server.log", script, str(number), *arguments, name="server", fds=(number,))
        worker = child(tmp_path / "worker.log", SLEEP)
        address = api_url("127.0.0.1", listener.getsockname()[1], "/")
        supervisor = Supervisor(address, None, [server], worker, lambda _: None)
        supervisor.start()
        assert supervisor.finished.wait(PATIENCE)
        assert not worker.alive
        assert not server.alive
    return supervisor


def test_stopped_child_takes_what_it_started_along(log):
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    parent = child(log, script)
    process = psutil.Process(parent.start())
    wait_until(lambda: bool(process.children()), "the grandchild")
    below = process.children()

    parent.stop(5)

    assert not parent.alive
    assert all(gone(item) for item in below)


def test_child_that_does_not_listen_to_sigterm_is_killed(log):
    script = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); {SLEEP}"
    stubborn = child(log, script)
    stubborn.start()
    wait_until(lambda: last_line(log) == "1", "the child's first word")

    stubborn.stop(0.2)

    assert stubborn.process.returncode == -9


def test_a_stop_asks_the_worker_once(tmp_path):
    """rq's worker leaves its job at the second time."""
    asked = tmp_path / "asked"
    script = f"""
import signal, time
def note(*_):
    with open({str(asked)!r}, "a") as file:
        file.write("x")
signal.signal(signal.SIGTERM, note)
print("ready", flush=True)
time.sleep(2)
"""
    with listen("127.0.0.1", 0) as listener:
        number = listener.fileno()
        arguments = (str(number), str(tmp_path / "diary"), "server")
        server = child(tmp_path / "server.log", ANSWER_ALL, *arguments, name="server", fds=(number,))
        worker = child(tmp_path / "worker.log", script)
        address = api_url("127.0.0.1", listener.getsockname()[1], "/")
        supervisor = Supervisor(address, None, [server], worker, lambda _: None)
        supervisor.start()
        wait_until(lambda: last_line(worker.log) == "ready", "the worker")
        supervisor.request_stop()
        assert supervisor.finished.wait(PATIENCE)

    assert asked.read_text() == "x"


def test_wait_before_a_restart_grows_and_is_forgotten(log):
    dying = child(log, "")
    delays = []
    for second in range(10):
        dying.note_death(float(second))
        delays.append(dying.delay)

    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]
    dying.note_death(1000.0)
    assert dying.delay == 0.2


def test_processes_end_with_their_launcher_and_so_do_their_forks(log):
    reading, writing = os.pipe()
    watching = child(log, FORKING, str(reading), fds=(reading,))
    pid = watching.start()
    wait_until(lambda: last_line(log).isdigit(), "the fork")
    forked = psutil.Process(int(last_line(log)))

    os.close(writing)

    assert watching.process.wait(PATIENCE) == 1, pid
    wait_until(lambda: gone(forked), "the fork's end")
    os.close(reading)


def test_log_of_a_process_holds_all_it_says_and_is_bounded(log):
    talking = child(log, LOGGING, str(log))
    talking.start()
    assert talking.process.wait(PATIENCE) == 1

    text = log.read_text("utf-8")
    assert "a warning" in text
    assert "not wanted" not in text
    # After the rotation, prints and the interpreter's traceback follow the log to its new file.
    assert "printed" in text
    assert last_line(log) == "RuntimeError: the reason"
    files = sorted(file.name for file in log.parent.iterdir())
    assert files == ["child.log", "child.log.1"]
    assert all(file.stat().st_size <= MAX_BYTES for file in log.parent.iterdir())


def test_large_log_is_moved_away_at_a_start(tmp_path):
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"x")
    large.write_bytes(b"x" * (MAX_BYTES + 1))

    for path in (small, large, tmp_path / "missing"):
        rotate(path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["large.1", "small"]


def test_last_line_of_an_empty_or_missing_log(tmp_path):
    (tmp_path / "empty").write_text("\n\n")

    assert (last_line(tmp_path / "empty"), last_line(tmp_path / "missing")) == ("", "")


def test_server_that_dies_before_it_answers_is_not_tried_again(tmp_path):
    supervisor = supervise(tmp_path, "import sys; print('no space left'); sys.exit(7)")

    expected = f"the server ended while starting (exit status 7): no space left; see {tmp_path / 'server.log'}"
    assert str(supervisor.error) == expected


def test_server_that_hangs_at_its_start_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("sharegpt_argilla.embedded_argilla.processes.supervisor.READY_WITHIN", 3.0)

    supervisor = supervise(tmp_path, SLEEP)

    assert str(supervisor.error).startswith("the server did not answer within 3 seconds (still running); see ")


def test_server_that_is_busy_at_its_start_gets_more_time(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("sharegpt_argilla.embedded_argilla.processes.supervisor.READY_WITHIN", 0.4)
    busy = "import time; end = time.process_time() + 1.5\nwhile time.process_time() < end: pass\n"

    supervisor = supervise(tmp_path, busy + "raise SystemExit(9)")

    assert "ended while starting (exit status 9)" in str(supervisor.error)
    assert "the server is still busy starting" in caplog.text


def test_server_that_dies_again_and_again_ends_the_launcher(tmp_path):
    supervisor = supervise(tmp_path, ANSWER_ONCE, str(tmp_path / "answered"), "200", '{"version": "2.8.0"}')

    assert f"the server ended {MAX_SERVER_DEATHS} times within a minute" in str(supervisor.error)
    assert str(tmp_path / "server.log") in str(supervisor.error)


def has_started(diary: Path, name: str, times: int) -> bool:
    return diary.read_text().count(f"{name} started") == times


@pytest.mark.parametrize("victim", [0, 1])
def test_further_servers_start_after_the_first_one_answers_and_all_end_with_any(tmp_path, victim):
    diary = tmp_path / "diary"
    diary.touch()
    with listen("127.0.0.1", 0) as listener:
        number = listener.fileno()
        servers = [
            child(tmp_path / f"{name}.log", ANSWER_ALL, str(number), str(diary), name, name=name, fds=(number,))
            for name in ("server", "server-2")
        ]
        address = api_url("127.0.0.1", listener.getsockname()[1], "/")
        supervisor = Supervisor(address, None, servers, child(tmp_path / "worker.log", SLEEP), lambda _: None)
        supervisor.start()
        try:
            for starts in (1, 2):
                wait_until(partial(has_started, diary, "server-2", starts), "the second server")
                assert all(server.alive for server in servers)
                if starts == 1:
                    first = [server.process.pid for server in servers]
                    servers[victim].process.kill()
        finally:
            supervisor.request_stop()
            assert supervisor.finished.wait(PATIENCE)

    begun = [line for line in diary.read_text().splitlines() if not line.startswith("server-2 answers")]
    once = ["server started", "server answers", "server-2 started"]
    assert [line for line, last in zip(begun, ["", *begun], strict=False) if line != last] == once * 2
    assert not set(first) & {server.process.pid for server in servers}
    assert not any(server.alive for server in servers)
    assert supervisor.error is None


def test_a_further_server_that_dies_again_and_again_ends_the_launcher_by_its_own_name(tmp_path):
    with listen("127.0.0.1", 0) as listener:
        number = listener.fileno()
        arguments = (str(number), str(tmp_path / "diary"), "server")
        first = child(tmp_path / "server.log", ANSWER_ALL, *arguments, name="server", fds=(number,))
        second = child(tmp_path / "server-2.log", "raise SystemExit('no memory')", name="server-2")
        address = api_url("127.0.0.1", listener.getsockname()[1], "/")
        worker = child(tmp_path / "worker.log", SLEEP)
        supervisor = Supervisor(address, None, [first, second], worker, lambda _: None)
        supervisor.start()
        assert supervisor.finished.wait(PATIENCE)

    assert f"the server-2 ended {MAX_SERVER_DEATHS} times within a minute (exit status 1): no memory" in str(
        supervisor.error
    )
    assert not first.alive


@pytest.mark.parametrize(("status", "body"), [("200", "<html>"), ("500", '{"version": "1"}'), ("200", "7")])
def test_answer_that_is_no_version_ends_the_start(tmp_path, status, body):
    supervisor = supervise(tmp_path, ANSWER_ONCE, str(tmp_path / "answered"), status, body)

    assert f"/api/v1/version answered {status}" in str(supervisor.error)


def test_readiness_waits_and_reports_a_broken_answer():
    with listen("127.0.0.1", 0) as listener:
        readiness = Readiness(api_url("127.0.0.1", listener.getsockname()[1], "/base"))
        with readiness, listener.accept()[0] as connection:
            assert not readiness.answered(0.05)
            assert connection.recv(1000).startswith(b"GET /base/api/v1/version HTTP/1.1")
            connection.close()
            with pytest.raises(EmbeddedArgillaError, match="broke off its first answer"):
                readiness.answered(5)


def test_stop_before_the_server_answers_is_a_clean_one(tmp_path):
    with listen("127.0.0.1", 0) as listener:
        server = child(tmp_path / "server.log", SLEEP, name="server")
        address = api_url("127.0.0.1", listener.getsockname()[1], "/")
        supervisor = Supervisor(address, None, [server], child(tmp_path / "worker.log", SLEEP), lambda _: None)
        supervisor.start()
        wait_until(lambda: server.alive, "the server process")

        supervisor.request_stop()

        assert supervisor.finished.wait(PATIENCE)
        assert supervisor.settled.is_set()
        assert supervisor.error is None


def test_redis_answers_on_its_socket_keeps_its_data_and_ends_with_its_starter(tmp_path):
    home, path, log = Home(tmp_path / "with space"), tmp_path / "redis.sock", tmp_path / "redis.log"
    home.path.mkdir()
    command = redis_command(redis_binary(), home, path, log)
    for expected in (1, 2):
        redis = Child("redis", command, os.environ, log)
        redis.start()
        with Redis(unix_socket_path=str(path)) as connection:
            wait_until(path.exists, "Redis' socket")
            wait_until(partial(pings, connection), "Redis")
            assert connection.incr("starts") == expected
        assert psutil.Process(redis.process.pid).connections("inet") == []
        redis.stop(10)

    if sys.platform == "linux":
        script = (
            "import subprocess, sys; from pathlib import Path; "
            "from sharegpt_argilla.embedded_argilla.processes.redis_process import redis_binary, redis_command; "
            "from sharegpt_argilla.settings import Home; "
            "c = redis_command(redis_binary(), Home(Path(sys.argv[1])), *map(Path, sys.argv[2:])); "
            "print(subprocess.Popen(c).pid, flush=True); sys.stdin.read()"
        )
        arguments = [sys.executable, "-c", script, str(home.path), str(path), str(log)]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
            orphan = psutil.Process(int(starter.stdout.readline()))
            with Redis(unix_socket_path=str(path)) as connection:
                wait_until(lambda: path.exists() and pings(connection), "Redis")
            starter.kill()
        wait_until(lambda: gone(orphan), "Redis' end")


def pings(connection: Redis) -> bool:
    try:
        return connection.ping()
    except RedisConnectionError:
        return False


def test_redis_of_another_launcher_does_not_start(tmp_path, log):
    """The launcher was killed before its Redis could ask to be told."""
    command = redis_command(redis_binary(), Home(tmp_path), tmp_path / "redis.sock", log)
    at = command.index(str(os.getpid()))
    command[at] = "1" if os.getpid() != 1 else "2"
    if sys.platform == "linux":
        redis = Child("redis", command, os.environ, log)
        redis.start()
        assert redis.process.wait(PATIENCE) == 0
        assert not (tmp_path / "redis.sock").exists()


def test_damaged_owner_file_is_found_before_anything_starts(tmp_path):
    Home(tmp_path).owner.write_text("{")

    with pytest.raises(InputError, match=r"owner\.json"):
        run(ServeOptions(Home(tmp_path), port=0))
    assert not Home(tmp_path).server.exists()


def test_launcher_is_light():
    """``serve --help`` and the first second of a start depend on it."""
    heavy = {"argilla_server", "argilla", "spacy", "pandas", "redis", "uvicorn", "sqlalchemy"}
    code = f"import sys, sharegpt_argilla.embedded_argilla.processes.launcher; print({heavy} & set(sys.modules))"
    before = os.times()
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=package_root()
    )

    assert answer.stdout.strip() == "set()"
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    assert used < 5
