"""The container's start script, run as it stands: Argilla, dashboard, and backups at a stand-in of the Hub."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from tests.embedded import PATIENCE, free_port, package_root, wait_until
from tests.hub_server import TOKEN, Hub, hub_stand_in

pytestmark = [pytest.mark.live, pytest.mark.slow]

DEPLOYMENT = package_root() / "examples" / "deployment"
BACKUP = "hf://datasets/me/backups/argilla.tar.gz"
PASSWORD, KEY = "twelve or more", "k" * 40


class Container:
    """One run of the script in an empty folder, with nothing of this environment but the commands."""

    def __init__(self, folder: Path, hub: Hub) -> None:
        folder.mkdir(exist_ok=True)
        self.data = folder / "data"
        self.port, self.dashboard = free_port(), free_port()
        self.output = folder / "output"
        environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "PYTHONPATH": str(package_root()),
            "HOME": str(folder),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DASHBOARD_PORT": str(self.dashboard),
            "ARGILLA_HOME_PATH": str(self.data),
            "BACKUP": BACKUP,
            "BACKUP_EVERY": "1h",
            "BEHIND_PROXY": "1",
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": TOKEN,
            "SHAREGPT_ARGILLA_OWNER_PASSWORD": PASSWORD,
            "SHAREGPT_ARGILLA_OWNER_API_KEY": KEY,
        }
        with self.output.open("w") as file:
            self.process = subprocess.Popen(
                [str(DEPLOYMENT / "start.sh")], cwd=folder, env=environment, stdout=file, stderr=file
            )
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers={"X-Argilla-Api-Key": KEY}, timeout=PATIENCE
        )

    def wait_for(self, text: str) -> None:
        """Until it has said so."""

        def said() -> bool:
            assert self.process.poll() is None, self.output.read_text()
            return text in self.output.read_text()

        wait_until(said, text)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextmanager
def container(folder: Path, hub: Hub) -> Iterator[Container]:
    running = Container(folder, hub)
    try:
        yield running
    finally:
        running.http.close()
        if running.process.poll() is None:
            running.stop()


@pytest.fixture
def hub() -> Iterator[Hub]:
    with hub_stand_in() as hub:
        hub.private = {"me/backups": True}
        yield hub


def test_a_container_whose_disk_is_lost_resumes_from_its_backup(hub: Hub, tmp_path: Path) -> None:
    project = tmp_path / "first" / "data" / "project"
    project.mkdir(parents=True)
    for name in ("dataset-config.yml", "guidelines.md"):
        shutil.copy(package_root() / name, project)

    with container(tmp_path / "first", hub) as first:
        first.wait_for("The dashboard is at")
        first.wait_for("-> hf://datasets/me/backups/argilla.tar.gz")
        assert first.http.post("/api/v1/workspaces", json={"name": "of-the-team"}).status_code == 201
        sign_in = {"username": "owner", "password": PASSWORD}
        assert first.http.post("/api/v1/token", data=sign_in).status_code == 201
        page = httpx.get(f"http://127.0.0.1:{first.dashboard}/", timeout=PATIENCE)
        assert page.status_code == 200
        assert first.stop() == 0, first.output.read_text()
    # At the start, and at the end what had changed since.
    assert hub.commits == 2
    assert KEY not in first.output.read_text()

    with container(tmp_path / "second", hub) as second:
        second.wait_for("Argilla answers at")
        assert "0 records -> " in second.output.read_text()
        names = [each["name"] for each in second.http.get("/api/v1/me/workspaces").json()["items"]]
        assert names == ["of-the-team"]
        assert second.stop() == 0, second.output.read_text()


def test_a_hub_that_does_not_answer_starts_no_empty_argilla(hub: Hub, tmp_path: Path) -> None:
    hub.status = 401
    with container(tmp_path / "third", hub) as third:
        assert third.process.wait(PATIENCE) == 1
    assert "Argilla answers at" not in third.output.read_text()
    assert "argilla.tar.gz: " in third.output.read_text()
    assert not (third.data / "argilla.db").exists()


def test_the_manifests_name_what_the_script_reads() -> None:
    script = (DEPLOYMENT / "start.sh").read_text("utf-8")
    kubernetes = list(yaml.safe_load_all((DEPLOYMENT / "kubernetes.yaml").read_text("utf-8")))
    kinds = {each["kind"]: each for each in kubernetes}
    assert set(kinds) == {"Secret", "PersistentVolumeClaim", "StatefulSet", "Service"}
    pod = kinds["StatefulSet"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    (argilla,) = pod["containers"]
    assert [each["name"] for each in argilla["env"]] == ["BEHIND_PROXY"]
    assert "${BEHIND_PROXY:-}" in script
    ports = {each["name"]: each["containerPort"] for each in argilla["ports"]}
    assert ports == {"argilla": 6900, "dashboard": 8501}
    assert "${PORT:-6900}" in script
    assert "${DASHBOARD_PORT:-8501}" in script
