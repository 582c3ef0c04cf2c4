"""A backup is the state of one moment, taken while people work, and restores to an Argilla that runs."""

from __future__ import annotations

import gzip
import io
import sqlite3
import stat
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import pytest

from sharegpt_argilla.cli.main import main
from sharegpt_argilla.errors import EmbeddedArgillaError, InputError
from sharegpt_argilla.settings import Home
from sharegpt_argilla.workflows.backup import backup
from sharegpt_argilla.workflows.restore import restore
from tests.embedded import EmbeddedArgilla, embedded_argilla
from tests.live.rest import owner_of, texts

pytestmark = pytest.mark.live

NAMES = {"argilla.db", "owner.json", "credentials.csv", "secret-key"}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.slow
def test_a_backup_taken_while_records_come_in_restores_to_a_server_that_agrees_with_itself(
    argilla: EmbeddedArgilla, tmp_path: Path, capsys
) -> None:
    archive, home = tmp_path / "backup.tar.gz", tmp_path / "home"
    with owner_of(argilla) as owner:
        dataset = owner.dataset("backups", "while-it-runs")
        first = owner.load(dataset, texts(200))
        owner.answer(first[0], quality=3)
        loading = threading.Thread(target=lambda: [owner.load(dataset, texts(50, 1000 * n)) for n in range(1, 9)])
        loading.start()
        assert main(["backup", str(archive), "--home", str(argilla.home.path)]) == 0
        loading.join()
    assert f" MB -> {archive}" in capsys.readouterr().err
    assert mode(archive) == 0o600
    with tarfile.open(archive) as packed:
        assert set(packed.getnames()) == NAMES
        assert {member.mode for member in packed} == {0o600}

    assert main(["restore", str(archive), "--home", str(home)]) == 0
    assert {mode(home / name) for name in NAMES} == {0o600}
    token = argilla.sign_in()
    with embedded_argilla(home) as restored, owner_of(restored) as owner:
        assert restored.api_key == argilla.api_key
        listed = owner("GET", f"/datasets/{dataset}/records", limit=1)["total"]
        # A batch is in it whole or not at all, and the new index knows what the database knows.
        assert listed >= 200
        assert listed % 50 == 0
        assert owner("GET", f"/datasets/{dataset}/progress")["total"] == listed
        (response,) = owner("GET", f"/records/{first[0]}")["responses"]
        assert response["values"] == {"quality": {"value": 3}}
        me = restored.get("/api/v1/me")
        assert me.json()["username"] == "owner"
        kept = owner.http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert kept.status_code == 200
    assert list(tmp_path.glob(".*")) == []


def test_a_folder_is_as_good_as_an_archive(argilla: EmbeddedArgilla, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    summary = backup(copy, argilla.home)

    assert summary.target == copy
    assert mode(copy) == 0o700
    assert {path.name: mode(path) for path in copy.iterdir()} == dict.fromkeys(NAMES, 0o600)
    assert summary.size == sum(path.stat().st_size for path in copy.iterdir())
    home = Home(tmp_path / "home")
    assert restore(summary.target, home).records == summary.records
    assert home.owner.read_bytes() == argilla.home.owner.read_bytes()


@pytest.mark.parametrize("name", ["taken.tar.gz", "taken"])
def test_a_backup_overwrites_nothing(argilla: EmbeddedArgilla, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    if name == "taken":
        target.mkdir()
        (target / "mine").touch()
    else:
        target.write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        backup(target, argilla.home)
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_no_backup_of_nothing_and_none_of_a_database_elsewhere(
    argilla: EmbeddedArgilla, tmp_path: Path, monkeypatch
) -> None:
    with pytest.raises(InputError, match="contains no Argilla"):
        backup(tmp_path / "b.tgz", Home(tmp_path))
    monkeypatch.setenv("ARGILLA_DATABASE_URL", "postgresql+asyncpg://db/argilla")
    with pytest.raises(InputError, match="a database of your own"):
        backup(tmp_path / "b.tgz", argilla.home)
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_served_is_never_restored(argilla: EmbeddedArgilla, tmp_path: Path) -> None:
    target = backup(tmp_path / "copy", argilla.home).target
    with pytest.raises(EmbeddedArgillaError, match="already served by process"):
        restore(target, argilla.home, replace=True)


def test_what_a_home_holds_is_kept_aside_and_only_when_asked(argilla: EmbeddedArgilla, tmp_path: Path) -> None:
    source = tmp_path / "copy"
    backup(source, argilla.home)
    home = Home(tmp_path / "home")
    restore(source, home)
    home.owner.write_text("another owner")
    home.search_index.write_text("an index of another database")

    with pytest.raises(InputError, match="contains an Argilla already"):
        restore(source, home)
    assert home.owner.read_text() == "another owner"

    summary = restore(source, home, replace=True)
    assert home.owner.read_bytes() == (source / "owner.json").read_bytes()
    assert not home.search_index.exists()
    assert summary.aside is not None
    assert mode(summary.aside) == 0o700
    assert (summary.aside / "owner.json").read_text() == "another owner"
    assert (summary.aside / "search-index.db").exists()


def damaged_archive(path: Path) -> None:
    path.write_bytes(gzip.compress(b"no archive" * 1000))


def truncated_archive(path: Path) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as packed:
        member = tarfile.TarInfo("argilla.db")
        member.size = 100_000
        packed.addfile(member, io.BytesIO(sqlite_file(path.with_suffix(".db"))[:8192].ljust(100_000, b"x")))
    path.write_bytes(content.getvalue()[: len(content.getvalue()) // 2])


def archive_without_a_database(path: Path) -> None:
    with tarfile.open(path, "w:gz") as packed:
        packed.addfile(tarfile.TarInfo("../argilla.db"))
        packed.addfile(tarfile.TarInfo("owner.json"))


def archive_of_another_database(path: Path) -> None:
    sqlite_file(path.with_suffix(".db"))
    with tarfile.open(path, "w:gz") as packed:
        packed.add(path.with_suffix(".db"), "argilla.db")


def sqlite_file(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (id)")
        connection.commit()
    return path.read_bytes()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (damaged_archive, "cannot be read as a backup"),
        (truncated_archive, "cannot be read as a backup"),
        (archive_without_a_database, "contains no argilla.db"),
        (archive_of_another_database, "it has no table datasets"),
        (Path.mkdir, "contains no argilla.db"),
    ],
)
def test_a_bad_backup_leaves_the_home_as_it_was(tmp_path: Path, make, reason: str) -> None:
    source, home = tmp_path / "b.tar.gz", Home(tmp_path / "home")
    make(source)
    home.path.mkdir()
    home.owner.write_text("mine")
    with pytest.raises(InputError, match=reason):
        restore(source, home, replace=True)
    assert home.owner.read_text() == "mine"
    assert not home.database.exists()
    assert [path for path in home.path.iterdir() if path.name.startswith((".restore", "before"))] == []
