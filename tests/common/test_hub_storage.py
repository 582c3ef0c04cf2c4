"""Files in data set repositories of the Hub, at a stand-in on loopback."""

import gc
import tempfile
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import HfFileSystem, constants

from sharegpt_argilla.common import object_storage
from sharegpt_argilla.common.object_storage import check_private, download, is_there, object_output, upload
from sharegpt_argilla.errors import InputError
from tests.hub_server import TOKEN, Hub, hub_stand_in

# huggingface_hub gives httpx a file in an older way.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload raw bytes:DeprecationWarning")

URL = "hf://datasets/me/backups/folder/argilla.tar.gz"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    # What the client leaves there shows.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(object_storage, "_FIRST_PAUSE", 0.001)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with hub_stand_in() as hub:
        hub.private = {"me/backups": True, "me/open": False}
        # What HF_ENDPOINT sets before the client is imported.
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        template = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        HfFileSystem.clear_instance_cache()
        yield hub
        HfFileSystem.clear_instance_cache()
        huggingface_hub.close_session()


def test_a_file_goes_there_and_comes_back(hub: Hub, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    here, back = tmp_path / "here", tmp_path / "back"
    here.write_bytes(bytes(range(256)) * 1000)
    assert not is_there(URL)

    upload(here, URL)

    assert is_there(URL)
    assert hub.files == {"me/backups": {"folder/argilla.tar.gz": here.read_bytes()}}
    download(URL, back)
    assert back.read_bytes() == here.read_bytes()
    assert back.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "here"]
    assert capfd.readouterr() == ("", "")


def test_what_was_not_finished_leaves_the_earlier_file_and_nothing_here(hub: Hub, tmp_path: Path) -> None:
    hub.files = {"me/backups": {"folder/argilla.tar.gz": b"earlier"}}

    with pytest.raises(KeyError), object_output(URL) as file:
        file.write(b"half of it")
        raise KeyError
    del file
    gc.collect()

    assert hub.files == {"me/backups": {"folder/argilla.tar.gz": b"earlier"}}
    assert hub.commits == 0
    assert list(tmp_path.iterdir()) == []


def test_an_upload_that_is_refused_says_so_and_leaves_nothing_here(hub: Hub, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.write_bytes(b"new")
    hub.files = {"me/backups": {"folder/argilla.tar.gz": b"earlier"}}
    hub.upload_status = 403

    with pytest.raises(InputError, match="cannot be written: access denied"):
        upload(here, URL)

    assert hub.files == {"me/backups": {"folder/argilla.tar.gz": b"earlier"}}
    gc.collect()
    assert list(tmp_path.iterdir()) == [here]


def test_only_private_repositories_that_are_there_are_private(hub: Hub) -> None:
    check_private(URL)
    with pytest.raises(InputError, match="the repository is public"):
        check_private("hf://datasets/me/open/argilla.tar.gz")
    with pytest.raises(InputError, match="hf repo create me/none --repo-type dataset --private"):
        check_private("hf://datasets/me/none/argilla.tar.gz")


def test_a_hub_that_fails_or_refuses_is_no_hub_without_the_file(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="there is no such object"):
        is_there("hf://datasets/me/none/argilla.tar.gz")
    hub.status = 403
    HfFileSystem.clear_instance_cache()
    with pytest.raises(InputError, match="access denied"):
        is_there(URL)
    hub.status = 503
    # The client itself waits and asks again.
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _seconds: None)
    with pytest.raises(InputError, match="the server answers 503"):
        is_there(URL)
