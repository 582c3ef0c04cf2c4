from __future__ import annotations

import json
import logging
import stat

import pytest

from sharegpt_argilla.embedded_argilla.environment import (
    MAX_PROCESSES,
    MIN_KEY_LENGTH,
    PROCESSES,
    child_environment,
    own_origins,
    secret_key,
    server_processes,
)
from sharegpt_argilla.embedded_argilla.processes.launcher import ServeOptions
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.settings import Home

URL = "http://127.0.0.1:6900"
REDIS = "unix:///tmp/x/redis.sock?db=0"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def test_children_get_the_embedded_parts_and_no_telemetry(home):
    environment = child_environment(home, URL, REDIS, {"LANG": "C"})

    assert environment["LANG"] == "C"
    assert environment["ARGILLA_HOME_PATH"] == str(home.path)
    assert environment["ARGILLA_SEARCH_ENGINE"] == "embedded"
    assert environment["ARGILLA_REDIS_URL"] == REDIS
    assert environment["ARGILLA_DATABASE_SQLITE_TIMEOUT"] == "30"
    assert environment["ARGILLA_BASE_URL"] == "/"
    assert environment["HF_HUB_DISABLE_TELEMETRY"] == "1"
    assert environment["MALLOC_ARENA_MAX"] == "2"
    assert environment["ARGILLA_ENABLE_SHARE_YOUR_PROGRESS"] == "false"
    assert json.loads(environment["ARGILLA_CORS_ORIGINS"]) == [URL, "http://localhost:6900"]
    assert "ARGILLA_DATABASE_URL" not in environment


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ARGILLA_SEARCH_ENGINE", "elasticsearch"),
        ("ARGILLA_REDIS_URL", "redis://elsewhere:6379/0"),
        ("ARGILLA_DATABASE_URL", "postgresql://elsewhere/argilla"),
        ("ARGILLA_AUTH_SECRET_KEY", "mine"),
        ("ARGILLA_CORS_ORIGINS", '["https://lab.example"]'),
        ("HF_HUB_DISABLE_TELEMETRY", "0"),
        ("MALLOC_ARENA_MAX", "8"),
    ],
)
def test_what_the_user_set_stays(home, name, value):
    assert child_environment(home, URL, REDIS, {name: value})[name] == value


def test_empty_variable_is_one_that_is_not_set(home):
    assert child_environment(home, URL, REDIS, {"ARGILLA_REDIS_URL": ""})["ARGILLA_REDIS_URL"] == REDIS


def test_options_win_over_variables_of_the_same_meaning(home):
    environ = {"ARGILLA_HOME_PATH": "/elsewhere", "ARGILLA_BASE_URL": "/old/"}

    given = child_environment(home, f"{URL}/new", REDIS, environ)

    assert (given["ARGILLA_HOME_PATH"], given["ARGILLA_BASE_URL"]) == (str(home.path), "/new/")


def test_origins_have_no_path_and_bracket_ipv6():
    assert own_origins("http://[::1]:6900/argilla") == ["http://[::1]:6900", URL, "http://localhost:6900"]


def test_secret_key_is_random_private_and_kept(home, tmp_path):
    first = secret_key(home)

    assert secret_key(home) == first
    assert len(first) == 64
    assert stat.S_IMODE(home.secret_key.stat().st_mode) == 0o600
    assert secret_key(Home(tmp_path / "other")) != first


@pytest.mark.parametrize("left", ["", " \n", "0" * (MIN_KEY_LENGTH - 1) + "\n"])
def test_secret_key_that_is_too_short_is_made_anew_with_a_line(home, caplog, left):
    home.secret_key.write_text(left)

    made = secret_key(home)

    assert len(made) == 64
    assert secret_key(home) == made
    assert [(each.levelno, "sign in again" in each.getMessage()) for each in caplog.records] == [
        (logging.WARNING, True)
    ]


def test_secret_key_that_is_long_enough_is_kept(home, caplog):
    home.secret_key.write_text("k" * MIN_KEY_LENGTH + "\n")

    assert (MIN_KEY_LENGTH, secret_key(home), caplog.records) == (32, "k" * 32, [])


def test_one_server_process_answers_unless_told_otherwise():
    assert [server_processes({PROCESSES: value}) for value in ("", " ", "1", "3", str(MAX_PROCESSES))] == [
        *(1, 1, 1, 3),
        MAX_PROCESSES,
    ]
    assert server_processes({}) == 1
    assert ServeOptions(processes=2).variables == {PROCESSES: "2"}
    assert ServeOptions().variables == {}


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "65"])
def test_a_number_of_server_processes_that_cannot_be_is_refused(value):
    with pytest.raises(UsageError, match=rf"^{value} server processes \(--processes, WEB_CONCURRENCY\): must be"):
        server_processes({PROCESSES: value})
