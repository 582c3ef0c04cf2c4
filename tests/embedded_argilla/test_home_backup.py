"""What a backup and its restore do to a home folder, without a server."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from sharegpt_argilla.embedded_argilla.environment import secret_key
from sharegpt_argilla.embedded_argilla.home_backup import back_up, put_back
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.settings import Home

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home folder with a database of three records and a key."""
    home = Home(tmp_path / "home")
    home.path.mkdir()
    with closing(sqlite3.connect(home.database)) as connection:
        for table in ("users", "workspaces", "datasets", "fields", "questions", "records", "responses"):
            connection.execute(f"CREATE TABLE {table} (id TEXT)")
        connection.executemany("INSERT INTO records VALUES (?)", [("a",), ("b",), ("c",)])
        connection.commit()
    secret_key(home)
    return home


def test_an_empty_key_in_a_backup_is_made_anew(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = secret_key(home)
    back_up(home, tmp_path / "good")
    home.secret_key.write_text("")
    back_up(home, tmp_path / "empty")

    assert put_back(tmp_path / "good", Home(tmp_path / "kept")) == (3, None)
    assert secret_key(Home(tmp_path / "kept")) == before
    assert caplog.records == []
    put_back(tmp_path / "empty", Home(tmp_path / "new"))
    assert "sign in again" in caplog.text
    assert len(Home(tmp_path / "new").secret_key.read_text()) == 64


KILLED = """
import os, signal, sys
from pathlib import Path
from sharegpt_argilla.embedded_argilla import home_backup
from sharegpt_argilla.settings import Home
home_backup.count_records = lambda _: os.kill(os.getpid(), signal.SIGKILL)
home_backup.back_up(Home(Path(sys.argv[1])), Path(sys.argv[2]))
"""


def test_what_a_killed_backup_left_is_removed_by_the_next(home: Home, tmp_path: Path) -> None:
    target = tmp_path / "backups" / "monday.tar.gz"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(home.path), str(target)], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = target.parent.iterdir()
    assert (left / "secret-key").exists()
    assert stat.S_IMODE(left.stat().st_mode) == 0o700
    running = left.with_name(left.name.replace(left.name.split("-")[-2], str(os.getppid())))
    running.mkdir()

    back_up(home, target.with_name("tuesday.tar.gz"))

    assert {path.name for path in target.parent.iterdir()} == {"tuesday.tar.gz", running.name}


def test_a_database_of_something_else_is_no_backup_and_the_error_names_it(home: Home, tmp_path: Path) -> None:
    """One with nothing but a table ``records`` was taken; a damaged one was named by its temporary path."""
    other = tmp_path / "other"
    other.mkdir()
    with closing(sqlite3.connect(other / "argilla.db")) as connection:
        connection.execute("CREATE TABLE records (id TEXT)")
    new = Home(tmp_path / "new")
    with pytest.raises(InputError, match=r"other/argilla\.db: no database of an Argilla; it has no table d"):
        put_back(other, new)
    archive = tmp_path / "backup.tar.gz"
    back_up(home, tmp_path / "good")
    (tmp_path / "good" / "owner.json").write_text("{", encoding="utf-8")
    with tarfile.open(archive, "w:gz") as packed:
        for path in (tmp_path / "good").iterdir():
            packed.add(path, path.name)
    for source in (archive, tmp_path / "good"):
        with pytest.raises(InputError) as refused:
            put_back(source, new)
        assert str(refused.value).startswith(f"{source}/owner.json: cannot be read")
        assert ".restore-" not in str(refused.value)
    assert not new.database.exists()


def test_a_link_in_a_folder_is_not_followed(home: Home, tmp_path: Path) -> None:
    """``owner.json -> /etc/passwd`` was copied into the home folder."""
    back_up(home, tmp_path / "good")
    secret = tmp_path / "secret"
    secret.write_text("nobody's", encoding="utf-8")
    (tmp_path / "good" / "credentials.csv").symlink_to(secret)
    new = Home(tmp_path / "new")
    assert put_back(tmp_path / "good", new) == (3, None)
    assert not new.credentials.exists()
