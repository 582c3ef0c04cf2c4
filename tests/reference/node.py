"""Starts the node of ``elasticsearch/`` or ``opensearch/`` in a temporary folder.

Needs ``java`` (17 or newer) and ``mvn``.
"""

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


def require_java() -> None:
    """End the program with one line where no node can be started."""
    missing = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"{' and '.join(missing)} not found: a reference node needs Java 17 or newer and Maven 3")


def _class_path(kind: str, folder: Path) -> str:
    """Compile the node in ``folder``; what it is made of is fetched by Maven, about 60 MB the first time."""
    shutil.copytree(_HERE / kind, folder, dirs_exist_ok=True)
    jars = folder / "class-path.txt"
    command = ["mvn", "-q", "-B", "compile", "dependency:build-classpath", f"-Dmdep.outputFile={jars}"]
    subprocess.run(command, cwd=folder, check=True, stdout=sys.stderr)
    return f"{folder / 'target' / 'classes'}:{jars.read_text().strip()}"


def _address(kind: str, process: "subprocess.Popen[bytes]", ports: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"the {kind} node ended with {process.returncode}; its output is above")
        lines = ports.read_text().split() if ports.exists() else []
        if lines:
            return f"http://{lines[0]}"
        time.sleep(0.2)
    sys.exit(f"the {kind} node was not up within {_START_SECONDS} seconds")


@contextmanager
def reference_node(kind: str) -> Iterator[str]:
    """The address of a node of ``elasticsearch`` or ``opensearch`` that runs while the context does."""
    require_java()
    with tempfile.TemporaryDirectory(prefix="reference-node-") as name:
        folder = Path(name)
        home = folder / "home"
        main = f"org.{kind}.node.ReferenceNode"
        command = ["java", "-Xmx1g", "-cp", _class_path(kind, folder), main, str(home)]
        # It ends when its standard input does, so it cannot outlive this process.
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=sys.stderr) as process:
            try:
                yield _address(kind, process, home / "logs" / "http.ports")
            finally:
                process.terminate()
