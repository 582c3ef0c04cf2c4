"""What a backup and its restore do to a home folder, without a server."""

from __future__ import annotations

import os
import re
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
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.settings import Home
from sharegpt_argilla.workflows.backup import Backups, backup
from sharegpt_argilla.workflows.restore import restore
from tests.embedded import PATIENCE, package_root

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
    running = left.with_name(re.sub(r"\.\d+-", f".{os.getppid()}-", left.name))
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
        assert ".restore." not in str(refused.value)
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


def test_equal_content_makes_equal_archives_and_only_archives_are_replaced(home: Home, tmp_path: Path) -> None:
    first, second, folder = tmp_path / "first.tar.gz", tmp_path / "second.tgz", tmp_path / "folder"
    back_up(home, first)
    os.utime(home.database, (1, 1))
    back_up(home, second)
    assert first.read_bytes() == second.read_bytes()

    with closing(sqlite3.connect(home.database)) as connection:
        connection.execute("DELETE FROM records WHERE id = 'a'")
        connection.commit()
    assert back_up(home, first, replace=True) == 2
    assert first.read_bytes() != second.read_bytes()
    back_up(home, folder)
    with pytest.raises(InputError, match="is there already"):
        back_up(home, folder, replace=True)


def test_whoever_works_on_another_argilla_is_told_what_to_back_up(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ARGILLA_API_URL", "https://argilla.example.org")
    with pytest.raises(InputError, match=r"names https://argilla\.example\.org: .*pg_dump"):
        back_up(Home(tmp_path), tmp_path / "copy.tar.gz")


def test_a_backup_at_a_url_comes_back_is_not_overwritten_and_goes_up_once(home: Home, tmp_path: Path) -> None:
    url = f"file://{tmp_path}/stored/argilla.tar.gz"
    assert restore(url, Home(tmp_path / "empty"), missing_ok=True).missing
    with pytest.raises(InputError, match="there is no such object"):
        restore(url, Home(tmp_path / "empty"))

    with pytest.raises(InputError, match="contains no Argilla"):
        backup(url, Home(tmp_path / "nowhere"))
    assert backup(url, home).records == 3
    with pytest.raises(InputError, match="is there already"):
        backup(url, home)
    assert restore(url, Home(tmp_path / "back"), missing_ok=True).records == 3
    assert secret_key(Home(tmp_path / "back")) == secret_key(home)

    backups = Backups(url, home)
    assert [backups.make().unchanged for _ in range(2)] == [False, True]
    home.credentials.write_text("changed")
    assert not backups.make().unchanged
    assert [path.name for path in (tmp_path / "stored").iterdir()] == ["argilla.tar.gz"]


@pytest.mark.parametrize("url", ["s3://bucket/folder", "hf://datasets/me/backups/argilla.zip"])
def test_a_url_that_is_none_of_an_archive_is_refused(home: Home, url: str) -> None:
    with pytest.raises(UsageError, match=r"end its name in \.tar\.gz"):
        backup(url, home)
    with pytest.raises(UsageError, match=r"end its name in \.tar\.gz"):
        restore(url, home)


def test_every_makes_backups_until_it_is_told_to_end_and_then_one_more(home: Home, tmp_path: Path) -> None:
    archive = tmp_path / "argilla.tar.gz"
    command = [sys.executable, "-m", "sharegpt_argilla", "backup", str(archive), "--every", "1h"]
    with subprocess.Popen(
        [*command, "--home", str(home.path)], stderr=subprocess.PIPE, text=True, cwd=package_root()
    ) as service:
        assert service.stderr is not None
        assert "3 records" in service.stderr.readline()
        with closing(sqlite3.connect(home.database)) as connection:
            connection.execute("DELETE FROM records")
            connection.commit()
        service.send_signal(signal.SIGTERM)
        assert "0 records" in service.stderr.readline()
        assert service.wait(PATIENCE) == 0
    assert put_back(archive, Home(tmp_path / "back")) == (0, None)
