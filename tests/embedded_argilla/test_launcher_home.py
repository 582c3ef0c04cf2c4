from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import psutil
import pytest

from sharegpt_argilla.embedded_argilla.home_folder import check_database, clean_scratch, home_lock
from sharegpt_argilla.embedded_argilla.owner_file import (
    SHORTEST_KEY,
    SHORTEST_PASSWORD,
    new_owner,
    read_owner,
    write_owner,
)
from sharegpt_argilla.embedded_argilla.processes.child import scratch_of
from sharegpt_argilla.embedded_argilla.processes.launcher import ServeOptions, run
from sharegpt_argilla.embedded_argilla.server_file import (
    RUNTIME_PREFIX,
    ProcessRecord,
    ServerFile,
    end_leftovers,
    read_server_file,
    record,
)
from sharegpt_argilla.errors import EmbeddedArgillaError, InputError
from sharegpt_argilla.settings import Home, find_connection

SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    *(sys.executable, "-u", "-c"),
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1); time.sleep(60)",
)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def sleeper():
    with subprocess.Popen(SLEEPER) as process:
        yield process
        process.kill()


def test_new_home_is_private(home):
    with home_lock(home):
        assert stat.S_IMODE(home.path.stat().st_mode) == 0o700


def test_home_is_held_by_one_only_and_given_back(home):
    with home_lock(home):
        ServerFile("http://127.0.0.1:6900", running=True, pid=4711).write(home)
        with (
            pytest.raises(EmbeddedArgillaError, match=r"process 4711 at http://127\.0\.0\.1:6900"),
            home_lock(home),
        ):
            pytest.fail("two have the lock of the same home")
    with home_lock(home):
        pass


def test_holder_that_has_not_written_its_address_yet(home):
    with (
        home_lock(home),
        pytest.raises(EmbeddedArgillaError, match="already served by another process"),
        home_lock(home),
    ):
        pytest.fail("two have the lock of the same home")


def test_home_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")

    message = r"file: the home folder cannot be written \(.+\); choose"
    with pytest.raises(InputError, match=message) as refusal, home_lock(Home(tmp_path / "file")):
        pytest.fail("a file cannot be a home")
    assert "\n" not in str(refusal.value)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_home_that_may_not_be_written_is_one_line(tmp_path):
    tmp_path.chmod(0o500)

    with pytest.raises(InputError, match="cannot be written"), home_lock(Home(tmp_path)):
        pytest.fail("the folder is read-only")


def test_home_whose_path_breaks_the_database_address_is_refused(tmp_path):
    with pytest.raises(InputError, match='contains "%"'), home_lock(Home(tmp_path / "100%")):
        pytest.fail("argilla-server cannot use this path")


def test_scratch_folder_is_emptied(home):
    with home_lock(home):
        (scratch_of(home) / "old").write_text("")
        clean_scratch(home)

        assert list(scratch_of(home).iterdir()) == []


@pytest.mark.parametrize(("content", "what"), [(None, "is missing"), (b"", "is empty")])
def test_database_that_is_gone_is_refused_with_the_way_back(home, content, what):
    check_database(home, {})
    write_owner(home, new_owner())
    if content is not None:
        home.database.write_bytes(content)

    with pytest.raises(InputError, match=rf"argilla\.db: {what}, but owner\.json .*restore BACKUP --replace"):
        run(ServeOptions(home, port=0))
    check_database(home, {"ARGILLA_DATABASE_URL": "postgresql://elsewhere/argilla"})
    home.database.write_bytes(b"SQLite format 3")
    check_database(home, {})


def test_server_file_keeps_what_it_is_given_and_serves_find_connection(home, monkeypatch):
    monkeypatch.delenv("ARGILLA_API_URL", raising=False)
    monkeypatch.delenv("ARGILLA_API_KEY", raising=False)
    file = ServerFile("http://127.0.0.1:6900", True, 1, "/tmp/x", [ProcessRecord("redis", 2, 3.5)])
    file.write(home)
    owner = new_owner()
    write_owner(home, owner)

    assert read_server_file(home) == file
    connection = find_connection(home)
    assert (connection.api_url, connection.api_key) == (file.api_url, owner.api_key)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"processes": [1]}', '{"processes": [], "other": 1}'])
def test_damaged_server_file_counts_as_none(home, text):
    home.path.mkdir()
    home.server.write_text(text)

    assert read_server_file(home) is None
    end_leftovers(home)


def test_leftovers_of_a_killed_launcher_are_ended(home, tmp_path, sleeper):
    runtime = tmp_path / f"{RUNTIME_PREFIX}abc"
    runtime.mkdir()
    with subprocess.Popen(STUBBORN, stdout=subprocess.PIPE) as stubborn:
        stubborn.stdout.readline()
        left = [record("server", sleeper.pid), record("worker", stubborn.pid)]
        ServerFile("http://127.0.0.1:6900", True, 1, str(runtime), left).write(home)

        end_leftovers(home)

        assert not psutil.pid_exists(sleeper.pid)
        assert not psutil.pid_exists(stubborn.pid)
    assert not runtime.exists()


def test_process_that_only_has_the_same_number_is_left_alone(home, tmp_path, sleeper):
    keep = tmp_path / "not-ours"
    keep.mkdir()
    other = ProcessRecord("server", sleeper.pid, psutil.Process(sleeper.pid).create_time() - 100)
    ServerFile("http://127.0.0.1:6900", True, 1, str(keep), [other]).write(home)

    end_leftovers(home)

    assert sleeper.poll() is None
    assert keep.exists()


def test_process_that_is_no_python_and_no_redis_is_left_alone(home):
    with subprocess.Popen(["sleep", "60"]) as other:
        ServerFile("http://127.0.0.1:6900", True, 1, "", [record("server", other.pid)]).write(home)

        end_leftovers(home)

        assert other.poll() is None
        other.kill()


def test_record_of_a_process_that_is_gone_matches_nothing():
    with subprocess.Popen(["true"]) as gone:
        gone.wait()

    assert record("server", gone.pid) == ProcessRecord("server", gone.pid, 0.0)


def test_owner_file_is_private_and_comes_back(home):
    owner = new_owner()
    write_owner(home, owner)

    assert stat.S_IMODE(home.owner.stat().st_mode) == 0o600
    assert read_owner(home) == owner
    assert owner.username == "owner"
    assert len(owner.password) >= 16
    assert new_owner().password != owner.password


def test_the_first_owner_has_the_secrets_of_the_environment_and_short_ones_are_refused(home, monkeypatch):
    monkeypatch.setenv("SHAREGPT_ARGILLA_OWNER_PASSWORD", "p" * SHORTEST_PASSWORD)
    monkeypatch.setenv("SHAREGPT_ARGILLA_OWNER_API_KEY", "k" * SHORTEST_KEY)
    owner = new_owner(os.environ)
    assert (owner.password, owner.api_key) == ("p" * 12, "k" * 32)

    for name, secret in (("PASSWORD", "p" * 11), ("API_KEY", "k" * 31)):
        with monkeypatch.context() as patch:
            patch.setenv(f"SHAREGPT_ARGILLA_OWNER_{name}", secret)
            with pytest.raises(InputError, match=rf"OWNER_{name}: \d\d characters are too few") as refused:
                run(ServeOptions(home, port=0))
            assert secret not in str(refused.value)
    assert not home.owner.exists()


def test_no_owner_yet(home):
    assert read_owner(home) is None


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"username": "owner", "password": "x"})])
def test_damaged_owner_file_says_what_to_do(home, text):
    home.path.mkdir()
    home.owner.write_text(text)

    with pytest.raises(InputError, match=r"owner\.json: .*remove"):
        read_owner(home)
