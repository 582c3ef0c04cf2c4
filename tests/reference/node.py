"""Starts the Elasticsearch node of pom.xml in a temporary folder. Needs ``java`` (17 or newer) and ``mvn``."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HERE = Path(__file__).parent
_START_SECONDS = 120
_MAIN = "org.elasticsearch.node.ReferenceNode"


def _require_tools() -> None:
    missing = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"{' and '.join(missing)} not found: recording needs Java 17 or newer and Maven 3")


def _class_path(folder: Path) -> str:
    """Compile the node in ``folder``; what it is made of is fetched by Maven, about 60 MB the first time."""
    shutil.copy(_HERE / "pom.xml", folder)
    shutil.copytree(_HERE / "src", folder / "src")
    jars = folder / "class-path.txt"
    command = ["mvn", "-q", "-B", "compile", "dependency:build-classpath", f"-Dmdep.outputFile={jars}"]
    subprocess.run(command, cwd=folder, check=True)
    return f"{folder / 'target' / 'classes'}:{jars.read_text().strip()}"


def _address(process: "subprocess.Popen[bytes]", ports: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"the Elasticsearch node ended with {process.returncode}; what it said stands above")
        lines = ports.read_text().split() if ports.exists() else []
        if lines:
            return f"http://{lines[0]}"
        time.sleep(0.2)
    sys.exit(f"the Elasticsearch node was not up within {_START_SECONDS} seconds")


@contextmanager
def reference_node() -> Iterator[str]:
    """The address of a node that runs while the context does."""
    _require_tools()
    with tempfile.TemporaryDirectory(prefix="reference-node-") as name:
        folder = Path(name)
        home = folder / "home"
        command = ["java", "-Xmx1g", "-cp", _class_path(folder), _MAIN, str(home)]
        # It ends when its standard input does, so it cannot outlive this process.
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=sys.stderr) as process:
            try:
                yield _address(process, home / "logs" / "http.ports")
            finally:
                process.terminate()
