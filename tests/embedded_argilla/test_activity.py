"""Active time that is posted adds up, and nobody can tell of more time than went by."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sharegpt_argilla.argilla_plugin.active_time import (
    FIRST_CREDIT,
    MAX_CREDIT,
    SLACK,
    Spent,
    add_activity,
    read_activity,
)
from sharegpt_argilla.argilla_plugin.team_options import (
    ACTIVE_TIME,
    BEHIND_PROXY,
    IDLE_SECONDS,
    OPEN_QUEUE,
    idle_cut_off,
)
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.embedded_argilla.processes.launcher import ServeOptions
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.settings import Home

NOW = 1_700_000_000.0


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def post(home: Home, seconds: float, at: float = 0.0, person: str = "ana", **questions: float) -> bool:
    return add_activity(home, f"id-{person}", person, [Spent("d", "r", seconds, questions)], NOW + at)


def test_nothing_was_measured(home: Home) -> None:
    assert read_activity(home, "d") == {}
    assert not home.activity.exists()


def test_posts_add_up_per_record_person_and_question(home: Home) -> None:
    assert post(home, 4.0, quality=1.5)
    assert post(home, 2.5, at=10, quality=0.5, intent=1.0)
    assert post(home, 1.0, person="ben")
    assert read_activity(home, "d") == {
        ("r", "ana"): {"seconds": 6.5, "questions": {"intent": 1.0, "quality": 2.0}},
        ("r", "ben"): {"seconds": 1.0, "questions": {}},
    }
    assert read_activity(home, "another") == {}


def test_a_person_who_was_renamed_keeps_their_times(home: Home) -> None:
    assert post(home, 1.0)
    assert add_activity(home, "id-ana", "anna", [Spent("d", "r", 1.0)], NOW + 5)
    assert read_activity(home, "d") == {("r", "anna"): {"seconds": 2.0, "questions": {}}}


def test_more_than_went_by_is_refused_whole(home: Home) -> None:
    assert not post(home, FIRST_CREDIT + SLACK + 0.1)
    assert not home.activity.exists() or read_activity(home, "d") == {}
    assert post(home, FIRST_CREDIT)
    assert not post(home, 10, at=5)
    assert post(home, 5, at=5)
    # A clock that was set back gives nothing.
    assert not post(home, 5, at=-3600)
    assert not post(home, MAX_CREDIT + SLACK + 1, at=1e6)
    assert post(home, MAX_CREDIT, at=1e6)
    assert read_activity(home, "d")["r", "ana"]["seconds"] == FIRST_CREDIT + 5 + MAX_CREDIT


def test_a_clock_that_was_set_back_takes_nothing(home: Home) -> None:
    assert post(home, 1)
    assert post(home, FIRST_CREDIT - 1, at=-3600), "the credit of before the clock was set is still there"
    assert not post(home, SLACK + 0.1, at=-3600), "and no more than that"


def test_people_who_post_at_once_lose_nothing(home: Home) -> None:
    people = [f"p{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda name: all(post(home, 0.5, n, name) for n in range(5)), people))
    assert {times["seconds"] for times in read_activity(home, "d").values()} == {2.5}


def test_a_damaged_file_is_said(home: Home) -> None:
    home.activity.write_bytes(b"not a database at all" * 100)
    with pytest.raises(InputError, match=r"activity\.db: the measured times cannot be read"):
        read_activity(home, "d")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", None), ("0", None), ("off", None), ("1", IDLE_SECONDS), ("on", 60.0), ("90", 90.0)],
)
def test_the_variable(value: str, expected: float | None) -> None:
    assert idle_cut_off({ACTIVE_TIME: value}) == expected


@pytest.mark.parametrize("value", ["1.5", "-3", "soon", "nan", "4000"])
def test_a_variable_that_is_no_time(value: str) -> None:
    with pytest.raises(UsageError, match=f"{ACTIVE_TIME}={value}: must be a number of seconds from 2 to 3600"):
        idle_cut_off({ACTIVE_TIME: value})


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        ([], {}),
        (["--active-time"], {ACTIVE_TIME: "60"}),
        (["--behind-proxy"], {BEHIND_PROXY: "1"}),
        (["--active-time", "90", "--open-queue"], {ACTIVE_TIME: "90", OPEN_QUEUE: "1"}),
    ],
)
def test_what_serve_tells_its_children(options: list[str], variables: dict[str, str], monkeypatch) -> None:
    asked: list[ServeOptions] = []
    monkeypatch.setattr("sharegpt_argilla.workflows.serve.run", lambda given, _: asked.append(given) or 0)
    assert main(["serve", *options]) == 0
    assert asked[0].variables == variables


def test_serve_refuses_what_is_no_time(capsys) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["serve", "--active-time", "soon"])
    assert "argument --active-time: soon: must be a number of seconds from 2 to 3600" in capsys.readouterr().err


@pytest.mark.parametrize("damage", [b"", b"garbage"], ids=["zeros", "garbage"])
def test_a_damaged_file_is_set_aside_and_measuring_goes_on(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home(tmp_path)
    assert add_activity(home, "u", "ana", [Spent("d", "r", 5.0)], NOW)
    size = home.activity.stat().st_size
    home.activity.write_bytes(damage.ljust(size, b"\x00") if damage else b"\x00" * size)
    for ending in ("-wal", "-shm"):
        home.activity.with_name(home.activity.name + ending).unlink(missing_ok=True)
    with pytest.raises(InputError, match="cannot be read"):
        read_activity(home, "d")
    assert add_activity(home, "u", "ana", [Spent("d", "r", 7.0)], NOW)
    assert read_activity(home, "d")[("r", "ana")]["seconds"] == 7.0
    assert len(list(tmp_path.glob("activity.db.damaged-*"))) == 1
    assert "measuring continues in a new file" in caplog.text
