"""Active time that is posted adds up, in SQLite and PostgreSQL, and nobody can tell of more time than went by."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Barrier
from uuid import UUID

import pytest
from argilla_server.database import TAGGED_REVISIONS
from argilla_server.settings import settings
from sqlalchemy import Engine, create_engine, event, inspect, text

from sharegpt_argilla.argilla_plugin.active_time import (
    FIRST_CREDIT,
    MAX_CREDIT,
    SLACK,
    TIMES,
    Spent,
    add_activity,
    make_tables,
    put_activity,
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
from sharegpt_argilla.errors import UsageError
from tests.embedded import clean_environment, package_root
from tests.reference.full_stack import POSTGRESQL, running_postgresql

NOW = 1_700_000_000.0
DATASET, RECORD = UUID(int=1), UUID(int=2)
PEOPLE = {name: UUID(int=number << 64) for number, name in enumerate(["ana", "ben", *map(str, range(8))], 10)}
"""Username -> Argilla's id."""


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    if not POSTGRESQL:
        pytest.skip("PostgreSQL is not installed")
    for driver in ("asyncpg", "psycopg2"):
        pytest.importorskip(driver)
    # Not pytest's own folder, which the user of PostgreSQL may not enter.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with running_postgresql(folder / "postgresql") as url, pytest.MonkeyPatch.context() as patch:
            # argilla-server asks it before it gives a new connection, of whatever engine, settings of SQLite.
            patch.setattr(settings, "database_url", url)
            yield url.replace("+asyncpg", "")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with accounts, and none of our tables yet."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'argilla.db'}", connect_args={"timeout": 60})
    else:
        engine = create_engine(request.getfixturevalue("postgresql"))
    with engine.begin() as db:
        for table in ("users", "sharegpt_active_credit", TIMES.name):
            db.execute(text(f"DROP TABLE IF EXISTS {table}"))
        kind = "UUID" if request.param == "postgresql" else "CHAR(32)"
        db.execute(text(f"CREATE TABLE users (id {kind} PRIMARY KEY, username VARCHAR)"))
        for name, key in PEOPLE.items():
            db.execute(text("INSERT INTO users VALUES (:id, :name)"), {"id": key.hex, "name": name})
    yield engine
    engine.dispose()


def post(database: Engine, seconds: float, at: float = 0.0, person: str = "ana", /, **questions: float) -> bool:
    with database.begin() as db:
        return add_activity(db, PEOPLE[person], [Spent(DATASET, RECORD, seconds, questions)], NOW + at)


def times(database: Engine, dataset: UUID = DATASET) -> dict[str, dict[str, object]]:
    """Username -> times on the one record."""
    with database.begin() as db:
        measured = read_activity(db, dataset)
    assert {record for record, _ in measured} <= {str(RECORD)}
    return {name: dict(spent) for (_, name), spent in measured.items()}


def test_nothing_was_measured(database: Engine) -> None:
    assert times(database) == {}
    assert not inspect(database).has_table(TIMES.name), "reading makes no tables"


def test_posts_add_up_per_record_person_and_question(database: Engine) -> None:
    assert post(database, 4.0, quality=1.5)
    assert post(database, 2.5, 10, quality=0.5, intent=1.0)
    assert post(database, 1.0, 0, "ben")
    assert times(database) == {
        "ana": {"seconds": 6.5, "questions": {"intent": 1.0, "quality": 2.0}},
        "ben": {"seconds": 1.0, "questions": {}},
    }
    assert times(database, RECORD) == {}


def test_who_posts_looks_for_the_tables_until_they_are_there(database: Engine) -> None:
    looked: list[str] = []
    event.listen(database, "before_cursor_execute", lambda *given: looked.append(given[2]))
    for number in range(4):
        assert post(database, 1.0, number)
    after = [statement.partition(" ")[0] for statement in looked[-4:]]
    assert after == ["INSERT", "SELECT", "INSERT", "UPDATE"]
    assert looked[-8:-4] == looked[-4:]
    assert not post(database, 999.0, 4)
    assert times(database)["ana"]["seconds"] == 4.0


def test_a_record_that_is_twice_in_a_post_counts_twice(database: Engine) -> None:
    with database.begin() as db:
        assert add_activity(db, PEOPLE["ana"], [Spent(DATASET, RECORD, 1.5)] * 2, NOW)
    assert times(database)["ana"]["seconds"] == 3.0


def test_a_renamed_person_keeps_their_times_and_a_deleted_one_has_none(database: Engine) -> None:
    assert post(database, 1.0)
    assert post(database, 1.0, 0, "ben")
    with database.begin() as db:
        db.execute(text("UPDATE users SET username = 'anna' WHERE username = 'ana'"))
        db.execute(text("DELETE FROM users WHERE username = 'ben'"))
    assert times(database) == {"anna": {"seconds": 1.0, "questions": {}}}


def test_more_than_went_by_is_refused_whole(database: Engine) -> None:
    assert not post(database, FIRST_CREDIT + SLACK + 0.1)
    assert times(database) == {}
    assert post(database, FIRST_CREDIT)
    assert not post(database, 10, 5)
    assert post(database, 5, 5)
    # A clock that was set back gives nothing.
    assert not post(database, 5, -3600)
    assert not post(database, MAX_CREDIT + SLACK + 1, 1e6)
    assert post(database, MAX_CREDIT, 1e6)
    assert times(database)["ana"]["seconds"] == FIRST_CREDIT + 5 + MAX_CREDIT


def test_a_clock_that_was_set_back_takes_nothing(database: Engine) -> None:
    assert post(database, 1)
    assert post(database, FIRST_CREDIT - 1, -3600), "the credit of before the clock was set is still there"
    assert not post(database, SLACK + 0.1, -3600), "and no more than that"


def test_the_present_is_the_default(database: Engine) -> None:
    for expected in (True, False):
        with database.begin() as db:
            assert add_activity(db, PEOPLE["ana"], [Spent(DATASET, RECORD, FIRST_CREDIT)]) is expected


def at_once(works: list[Callable[[], bool]]) -> list[bool]:
    start = Barrier(len(works))

    def run(work: Callable[[], bool]) -> bool:
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_people_who_post_at_once_lose_nothing(database: Engine) -> None:
    """The very first posts, so that each of them makes the tables."""

    def work(name: str) -> bool:
        return all(post(database, 0.5, number, name) for number in range(5))

    names = [str(number) for number in range(8)]
    assert all(at_once([partial(work, name) for name in names]))
    assert times(database) == {name: {"seconds": 2.5, "questions": {}} for name in names}


def test_one_person_in_several_tabs_has_one_credit(database: Engine) -> None:
    """Posts that reach several server processes at the same moment do not count the same seconds twice."""
    taken = at_once([lambda: post(database, FIRST_CREDIT / 2)] * 6)
    assert taken.count(True) == 2
    assert times(database)["ana"]["seconds"] == FIRST_CREDIT


def test_rows_that_are_there_stay(database: Engine) -> None:
    assert post(database, 4.0)
    row = {"dataset_id": DATASET, "record_id": RECORD, "question": "", "seconds": 9.0}
    with database.begin() as db:
        put_activity(db, {TIMES: [row | {"user_id": PEOPLE["ana"]}, row | {"user_id": PEOPLE["ben"]}]})
    assert {name: spent["seconds"] for name, spent in times(database).items()} == {"ana": 4.0, "ben": 9.0}


def test_tables_whose_making_was_killed_are_made(database: Engine) -> None:
    with database.begin() as db:
        make_tables(db)
        db.execute(text(f"DROP TABLE {TIMES.name}"))
    assert post(database, 1.0)


MIGRATIONS = """
import sys
from alembic import command
from argilla_server.database import sync_engine
from sqlalchemy import text
from uuid import UUID
from sharegpt_argilla.argilla_plugin.active_time import Spent, add_activity, read_activity
from sharegpt_argilla.embedded_argilla.server_database import alembic_config, migrate
migrate()
with sync_engine.begin() as db:
    assert add_activity(db, UUID(int=1), [Spent(UUID(int=2), UUID(int=3), 4.0, {"quality": 1.0})])
command.downgrade(alembic_config(), sys.argv[1])
migrate()
with sync_engine.begin() as db:
    print(db.scalar(text("SELECT SUM(seconds) FROM sharegpt_active_time")))
    assert read_activity(db, UUID(int=2)) == {}
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_migrations_of_argilla_server_leave_the_tables_alone(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    environment = clean_environment() | {"ARGILLA_HOME_PATH": str(tmp_path)}
    if kind == "postgresql":
        url = request.getfixturevalue("postgresql")
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as db:
            db.execute(text("CREATE DATABASE migrated"))
        engine.dispose()
        environment["ARGILLA_DATABASE_URL"] = (
            url.replace("postgresql:", "postgresql+asyncpg:").rpartition("/")[0] + "/migrated"
        )
    command = [sys.executable, "-c", MIGRATIONS, TAGGED_REVISIONS["2.4"]]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=package_root(), check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "5.0"


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


TAKEN_OVER = """
import os, sys
from pathlib import Path
from uuid import UUID
from argilla_server.database import sync_engine
from sqlalchemy import text
from sharegpt_argilla.argilla_plugin.active_time import Spent, add_activity, read_activity
from sharegpt_argilla.embedded_argilla import activity_file
from sharegpt_argilla.embedded_argilla.server_database import migrate
from sharegpt_argilla.settings import Home
migrate()
with sync_engine.begin() as db:
    db.execute(text("DELETE FROM users"))
    db.execute(text("INSERT INTO users (id, username, first_name, password_hash, api_key, role, inserted_at,"
                    " updated_at) VALUES (:id, 'ana', 'ana', 'x', 'key', 'owner', '2026-01-01', '2026-01-01')"),
               {"id": UUID(int=3).hex})
if sys.argv[2:]:
    activity_file._parts = lambda path: os._exit(9)
activity_file.take_over_activity(Home(Path(sys.argv[1])))
with sync_engine.begin() as db:
    print(read_activity(db, UUID(int=1)))
    print(add_activity(db, UUID(int=3), [Spent(UUID(int=1), UUID(int=2), 20.0)], 1000.0))
"""
OLD_FILE = f"""
CREATE TABLE activity (
    dataset TEXT NOT NULL, record TEXT NOT NULL, person TEXT NOT NULL, question TEXT NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (dataset, record, person, question)
) WITHOUT ROWID;
CREATE TABLE person (
    id TEXT PRIMARY KEY, username TEXT NOT NULL, credit REAL NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO activity VALUES ('{DATASET}', '{RECORD}', '{UUID(int=3)}', '', 7.5);
INSERT INTO activity VALUES ('{DATASET}', '{RECORD}', '{UUID(int=3)}', 'quality', 2.25);
INSERT INTO person VALUES ('{UUID(int=3)}', 'ana', 10.0, 1000.0);
"""


def started(home: Path, *killed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TAKEN_OVER, str(home), *killed],
        capture_output=True,
        text=True,
        # argilla-server's log breaks its lines to fit.
        env=clean_environment() | {"ARGILLA_HOME_PATH": str(home), "COLUMNS": "1000"},
        cwd=package_root(),
        check=False,
    )


def test_the_file_of_an_earlier_version_is_taken_over_once(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "activity.db")) as file:
        file.executescript(OLD_FILE)
    assert started(tmp_path, "killed before the file is removed").returncode == 9
    assert (tmp_path / "activity.db").exists()
    done = started(tmp_path)
    assert done.returncode == 0, done.stderr
    *_, measured, twenty_more = done.stdout.splitlines()
    assert measured == str({(str(RECORD), "ana"): {"seconds": 7.5, "questions": {"quality": 2.25}}})
    assert twenty_more == "False", "the credit is taken over too"
    assert not list(tmp_path.glob("activity.db*"))


@pytest.mark.parametrize("damage", [b"\x00", b"garbage"], ids=["zeros", "garbage"])
def test_a_damaged_file_of_an_earlier_version_is_set_aside(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "activity.db").write_bytes(damage * 4000)
    done = started(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["{}", "True"]
    assert [path.read_bytes() for path in tmp_path.glob("activity.db*")] == [damage * 4000]
    assert "measuring continues without it" in done.stdout


def test_a_file_of_something_else_is_set_aside(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "activity.db")) as file:
        file.executescript(OLD_FILE.replace(str(RECORD), "no id"))
    done = started(tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-2:]) == (0, ["{}", "True"]), done.stderr
    assert len(list(tmp_path.glob("activity.db.damaged-*"))) == 1
