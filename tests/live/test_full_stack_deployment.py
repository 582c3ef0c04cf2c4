"""A full Argilla as docs/deployment.md sets it up, but for Docker: its compose file's environment, its commands.

``FULL_STACK=1`` runs it, as test_full_stack.py; on PostgreSQL, Redis and OpenSearch of this machine.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import make_url

from tests.embedded import clean_environment, free_port, package_root, wait_until
from tests.live.rest import Rest, texts
from tests.reference.full_stack import POSTGRESQL, missing, running, running_postgresql, running_redis
from tests.reference.node import reference_node

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.environ.get("FULL_STACK") != "1", reason="FULL_STACK=1 runs it"),
]

PAGE = (package_root() / "docs" / "deployment.md").read_text("utf-8")
RECORDS = 25


def services() -> dict[str, Any]:
    """The services of the compose file."""
    (document,) = re.findall(r"```yaml\n(services:.*?)```", PAGE, re.DOTALL)
    return dict(yaml.safe_load(document)["services"])


def block(first_word: str) -> list[str]:
    """The commands of the one block of the page that begins with these words."""
    (text,) = (text for text in re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL) if text.startswith(first_word))
    return [line for line in text.splitlines() if line]


@dataclass
class Deployment:
    environment: dict[str, str]
    port: int
    database: str

    def run(self, command: str) -> None:
        """A shell command of the page, in the environment of the service ``argilla``."""
        path = f"{Path(sys.executable).parent}:{POSTGRESQL[-1]}:{os.environ['PATH']}"
        environment = {**self.environment, "PATH": path}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            env=environment,
            cwd=self.environment["ARGILLA_HOME_PATH"],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{command}: {done.stdout} {done.stderr}"

    def owner(self) -> Rest:
        key = self.environment["API_KEY"]
        return Rest(f"http://127.0.0.1:{self.port}", **{"X-Argilla-Api-Key": key})


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    assert not missing(), f"not installed: {missing()}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deployment-")))
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own
        (folder / "home").mkdir()
        database = stack.enter_context(running_postgresql(folder / "postgresql"))
        told = services()["argilla"]["environment"]
        # What the machine has in the place of the other containers; all else is as the file says.
        here = {
            "ARGILLA_HOME_PATH": str(folder / "home"),
            "ARGILLA_DATABASE_URL": database,
            # Elasticsearch's published jars have no scripts, which argilla-server needs for each answer.
            "ARGILLA_SEARCH_ENGINE": "opensearch",
            "ARGILLA_ELASTICSEARCH": stack.enter_context(reference_node("opensearch")),
            "ARGILLA_REDIS_URL": stack.enter_context(running_redis(folder)),
            "PYTHONPATH": str(package_root()),
        }
        values = {name: re.sub(r"\$\{\w+:\?\}", secrets.token_hex(32), value) for name, value in told.items()}
        port = free_port()
        deployment = Deployment({**clean_environment(), **values, **here}, port, database)
        migrate, serve, work = block("python -m argilla_server database migrate")
        deployment.run(migrate)
        account = "python -m argilla_server database users create --first-name owner --role owner"
        deployment.run(f'{account} --username "$USERNAME" --password "$PASSWORD" --api-key "$API_KEY"')
        for number, command in enumerate((serve.replace("6900", str(port)), work)):
            program, *rest = command.split()
            words = [sys.executable, *(["-m", program] if program == "uvicorn" else []), *rest]
            stack.enter_context(running(words, folder / f"{number}.log", deployment.environment))
        wait_until(lambda: is_healthy(deployment), "the server to be healthy")
        yield deployment


def is_healthy(deployment: Deployment) -> bool:
    """By the healthcheck of the compose file."""
    command, program, *arguments = services()["argilla"]["healthcheck"]["test"]
    assert (command, program) == ("CMD", "python")
    words = [argument.replace("6900", str(deployment.port)) for argument in arguments]
    return subprocess.run([sys.executable, *words], capture_output=True, check=False).returncode == 0


def test_the_plug_in_is_on_and_the_proxy_is_believed_within_docker_only(deployment: Deployment) -> None:
    with deployment.owner() as owner:
        told = owner.http.get("/api/sharegpt/capabilities").json()
        assert (told["plans"], told["private_answers"], told["sign_in_limit"]) == ("enforced", True, True)
        preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
        answer = owner.http.options("/api/v1/me", headers=preflight)
        assert "access-control-allow-origin" not in answer.headers
    assert services()["argilla"]["environment"]["UVICORN_APP"] in block("python -m argilla_server database")[1]


def test_a_backup_of_the_database_comes_back_into_an_empty_one(deployment: Deployment) -> None:
    with deployment.owner() as owner:
        dataset_id = owner.dataset("kept", "kept")
        ids = owner.load(dataset_id, texts(RECORDS))
        owner.answer(ids[0], quality=4)
    url = make_url(deployment.database)
    dump, restore, reindex = (on_this_machine(line, url.port) for line in block("docker compose exec -T postgres"))
    deployment.run(dump)
    deployment.run(f"psql -h 127.0.0.1 -p {url.port} -U argilla postgres -qc 'CREATE DATABASE empty'")
    deployment.run(restore.replace("-U argilla argilla", "-U argilla empty"))
    empty = deployment.database.rpartition("/")[0] + "/empty"
    again = Deployment({**deployment.environment, "ARGILLA_DATABASE_URL": empty}, free_port(), empty)
    again.run(reindex)
    log = Path(deployment.environment["ARGILLA_HOME_PATH"]) / "again.log"
    words = [sys.executable, "-m", "uvicorn", "sharegpt_argilla.argilla_plugin:app", "--port", str(again.port)]
    with running(words, log, again.environment):
        wait_until(lambda: is_healthy(again), "the server on the copy")
        with again.owner() as owner:
            found = owner("POST", f"/datasets/{dataset_id}/records/search", {}, limit=100, include="responses")
        answered = [item["record"]["external_id"] for item in found["items"] if item["record"]["responses"]]
        assert (found["total"], answered) == (RECORDS, ["r1"])


def on_this_machine(line: str, port: int | None) -> str:
    """A line of the page without Docker, with the address of this machine's PostgreSQL."""
    line = re.sub(r"docker compose exec (-T )?(postgres|argilla) ", "", line)
    return re.sub(r"\b(pg_dump|psql) ", rf"\1 -h 127.0.0.1 -p {port} ", line)


def test_a_wrong_secret_opens_nothing(deployment: Deployment) -> None:
    url = f"http://127.0.0.1:{deployment.port}/api/v1/me"
    assert httpx.get(url, headers={"X-Argilla-Api-Key": "owner.apikey"}).status_code == 401
