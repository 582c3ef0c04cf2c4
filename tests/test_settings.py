"""Where things are: home folder, connection, files that only their owner reads."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sharegpt_argilla.errors import CredentialsError, InputError, ServerUnreachableError
from sharegpt_argilla.settings import (
    Connection,
    Home,
    add_credentials,
    default_home,
    find_connection,
    find_password,
    read_json,
    write_private,
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("ARGILLA_API_URL", "ARGILLA_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(tmp_path))
    return default_home()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_without_a_variable_the_home_is_in_the_users_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ARGILLA_HOME_PATH", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_home().path == tmp_path / ".sharegpt-argilla"


def test_the_environment_names_the_argilla(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGILLA_API_URL", "http://there:1/")
    monkeypatch.setenv("ARGILLA_API_KEY", "k")
    assert find_connection() == Connection("http://there:1", "k")


def test_with_nothing_set_it_is_the_embedded_one(home: Home) -> None:
    write_private(home.server, json.dumps({"api_url": "http://127.0.0.1:6900"}))
    write_private(home.owner, json.dumps({"api_key": "owner-key"}))
    assert find_connection() == Connection("http://127.0.0.1:6900", "owner-key")


@pytest.mark.parametrize("name", ["ARGILLA_API_URL", "ARGILLA_API_KEY"])
def test_half_a_connection_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://there")
    with pytest.raises(CredentialsError, match=f"^{name} is set but"):
        find_connection()


def test_no_connection_at_all_says_what_to_do(home: Home) -> None:
    with pytest.raises(ServerUnreachableError, match="sharegpt-argilla serve"):
        find_connection()


def test_a_private_file_is_replaced_whole_and_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    write_private(path, "one")
    write_private(path, "two")
    assert path.read_text(encoding="utf-8") == "two"
    assert mode(path) == 0o600
    assert [item.name for item in path.parent.iterdir()] == ["secret"]


def test_a_damaged_credentials_sheet_keeps_its_whole_rows_and_takes_new_ones(home: Home) -> None:
    add_credentials(home, "ana", "p1", "annotator", "http://a")
    with home.credentials.open("ab") as file:
        file.write(b"ben,p2,annot\xff")
    add_credentials(home, "cleo", "p3", "annotator", "http://a")
    assert [find_password(home, name, "http://a") for name in ("ana", "ben", "cleo")] == ["p1", None, "p3"]


def test_a_full_disk_leaves_the_credentials_sheet_as_it_was(home: Home) -> None:
    add_credentials(home, "ana", "p1", "annotator", "http://a")
    before = home.credentials.read_bytes()
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from sharegpt_argilla.errors import InputError\n"
        "from sharegpt_argilla.settings import Home, add_credentials\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 10},) * 2)\n"
        "try:\n"
        "    add_credentials(Home(Path(sys.argv[1])), 'ben', 'p2', 'annotator', 'http://a')\n"
        "except InputError as error:\n"
        "    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(home.path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{home.credentials}: cannot be written: File too large\n"
    assert home.credentials.read_bytes() == before


def test_the_credentials_sheet(home: Home) -> None:
    add_credentials(home, "ana", 'p,"1', "annotator", "http://a")
    add_credentials(home, "ana", "p2", "annotator", "http://b")
    add_credentials(home, "ben", "p3", "admin", "http://a")
    assert mode(home.credentials) == 0o600
    assert home.credentials.read_text(encoding="utf-8").splitlines()[0] == "username,password,role,api_url"
    assert find_password(home, "ana", "http://a") == 'p,"1'
    assert find_password(home, "ana", "http://b") == "p2"
    assert find_password(home, "ana", "http://c") is None


def test_no_sheet_no_password(home: Home) -> None:
    assert find_password(home, "ana", "http://a") is None


def test_a_damaged_file_of_ours(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"server\.json: cannot be read"):
        read_json(tmp_path / "server.json")
