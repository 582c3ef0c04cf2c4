"""``demo``: all of it, twice."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.embedded import PATIENCE, START_WITHIN, clean_environment, free_port
from tests.projects import read_annotations

pytestmark = [pytest.mark.live, pytest.mark.slow]

COMMAND = Path(sys.executable).with_name("sharegpt-argilla")


class Demo:
    """A running demo in a folder of its own; ``said`` is what it has printed until it is ready."""

    def __init__(self, folder: Path, port: int, dashboard_port: int, command: Path = COMMAND) -> None:
        environment = clean_environment() | {"HOME": str(folder)}
        self._process = subprocess.Popen(
            [command, "demo", "--port", str(port), "--dashboard-port", str(dashboard_port)],
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        lines = []
        for line in self._process.stderr:
            lines.append(line)
            if line.startswith("  stop"):
                break
        self.said = "".join(lines)

    def interrupt(self) -> int:
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(START_WITHIN)
        self._process.stderr.close()
        return code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty one: the demo brings all that it needs."""
    return tmp_path


def test_a_second_demo_finds_everything_in_place(folder: Path) -> None:
    port, dashboard_port = free_port(), free_port()
    first = Demo(folder, port, dashboard_port)
    try:
        assert f"Argilla is running at http://127.0.0.1:{port}\n" in first.said
        assert "made workspace sharegpt-demo, dataset demo-prompts, account ana, account ben" in first.said
        loaded = re.search(r"^(\d+) loaded$", first.said, re.MULTILINE)
        assert loaded
        sheet = folder / ".sharegpt-argilla" / "demo" / "credentials.csv"
        assert sheet.stat().st_mode & 0o777 == 0o600
        signed_in = dict(re.findall(r"(\w+) / (\S+?)(?:,|$)", first.said, re.MULTILINE))
        assert signed_in.keys() == {"owner", "ana"}
        assert f"ana,{signed_in['ana']}," in sheet.read_text()
        assert {"owner", "ana", "ben"} <= {line.split(",")[0] for line in sheet.read_text().splitlines()}
        assert f"  dashboard  http://127.0.0.1:{dashboard_port}\n" in first.said
        assert httpx.get(f"http://127.0.0.1:{dashboard_port}/_stcore/health", timeout=PATIENCE).text == "ok"
        _run_the_export_it_names(folder, first.said)
    finally:
        assert first.interrupt() == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{dashboard_port}/_stcore/health", timeout=PATIENCE)

    # A port that is taken costs the dashboard, not the demo.
    second = Demo(folder, port, port)
    try:
        busy = f"something listens on port {port} already; choose another with --dashboard-port"
        assert f"  dashboard  not running: {busy}" in second.said
        assert "all there, nothing changed" in second.said
        assert f"0 loaded, {loaded[1]} unchanged" in second.said
    finally:
        assert second.interrupt() == 0


def _run_the_export_it_names(folder: Path, said: str) -> None:
    command = re.search(r"^  export +in another terminal: (.+)$", said, re.MULTILINE)[1]
    environment = clean_environment() | {"HOME": str(folder), "PATH": os.environ["PATH"]}
    found = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    project = folder / "sharegpt-demo"
    assert read_annotations(project / "annotated.jsonl") == {}
    assert (project / "annotated.jsonl").read_bytes() == (project / "demo-rows.jsonl").read_bytes()
