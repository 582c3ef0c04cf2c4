"""docs/deployment.md, "Behind a proxy" and "As a service": its nginx block and its unit, run as they stand.

Skipped where nginx is not installed, unless ``REQUIRE_NGINX=1``.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sharegpt_argilla.embedded_argilla.owner_file import read_owner
from sharegpt_argilla.settings import Home
from tests.docs.reader import staying_up
from tests.embedded import PATIENCE, free_port, package_root, wait_until
from tests.live.rest import Rest, texts

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("nginx") and os.environ.get("REQUIRE_NGINX") != "1", reason="nginx is not installed"
    ),
]

NAME = "argilla.example.org"
PAGE = (package_root() / "docs" / "deployment.md").read_text("utf-8")
PROGRAM = f"{Path(sys.executable).parent}/sharegpt-argilla"
TRIES = 30
"""Wrong passwords after which everybody is told to wait, at the latest."""


def block(language: str) -> str:
    """The first block of that language on the page."""
    (text, *_) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(text)


@contextmanager
def nginx(folder: Path, upstream: str, location: str = "/") -> Iterator[httpx.Client]:
    """nginx with the page's server, in front of an Argilla; a client that knows it by its name."""
    certificate, key, port = folder / "argilla.pem", folder / "argilla.key", free_port()
    subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files],
        check=True,
        capture_output=True,
    )
    server = block("nginx")
    for on_the_page, here in (
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("/etc/ssl/argilla.pem", str(certificate)),
        ("/etc/ssl/argilla.key", str(key)),
        ("http://127.0.0.1:6900", upstream),
        ("location /", f"location {location}"),
    ):
        assert on_the_page in server
        server = server.replace(on_the_page, here)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"{user}pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log {folder}/access.log;\n{temporary}{server}}}\n",
        "utf-8",
    )
    process = subprocess.Popen(["nginx", "-e", folder / "error.log", "-c", configuration, "-g", "daemon off;"])
    try:
        trust = ssl.create_default_context(cafile=certificate)
        # People come from elsewhere: 127.0.0.1 is the proxy's own address, which is believed.
        way = httpx.HTTPTransport(verify=trust, local_address="127.0.0.2")
        with httpx.Client(base_url=f"https://127.0.0.1:{port}", transport=way, timeout=PATIENCE) as client:
            client.headers["Host"] = NAME
            client.event_hooks["request"] = [lambda sent: sent.extensions.update(sni_hostname=NAME)]
            wait_until(lambda: answers(client, location), "nginx to answer")
            yield client
    finally:
        process.send_signal(signal.SIGQUIT)
        assert process.wait(PATIENCE) == 0


def answers(client: httpx.Client, location: str) -> bool:
    try:
        return client.get(f"{location}api/v1/version").is_success
    except httpx.TransportError:
        return False


@contextmanager
def serving(home: Path, *options: str) -> Iterator[str]:
    """An Argilla of its own, as the unit starts it."""
    command = unit()["Service"]["ExecStart"].replace("/var/lib/argilla", str(home))
    with staying_up(shlex.join([PROGRAM, *shlex.split(command)[1:], *options])) as (address, _):
        yield re.match(r"http://[\d.:]+", address)[0]


def unit() -> configparser.ConfigParser:
    """The unit of the page."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # systemd's names have capitals
    parser.read_string(block("ini"))
    return parser


def test_people_work_behind_nginx_and_nobody_forges_an_address(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with serving(home.path) as upstream, nginx(tmp_path, upstream) as client:
        page = client.get("/")
        assert page.is_success
        assert page.headers["strict-transport-security"] == "max-age=31536000"

        owner = read_owner(home)
        assert owner is not None
        with Rest(upstream, **{"X-Argilla-Api-Key": owner.api_key}) as api:
            dataset = api.dataset("proxied", "proxied")
        # More than nginx takes unless it is told otherwise.
        items = [{**item, "fields": {"prompt": "rain " * 500_000}} for item in texts(1)]
        loaded = client.put(
            f"/api/v1/datasets/{dataset}/records/bulk",
            json={"items": items},
            headers={"X-Argilla-Api-Key": owner.api_key},
        )
        assert loaded.is_success, loaded.text

        right = {"username": owner.username, "password": owner.password}
        assert client.post("/api/v1/token", data=right).status_code == 201
        codes = [
            client.post(
                "/api/v1/token",
                data={**right, "password": "a wrong password"},
                headers={"X-Forwarded-For": f"203.0.113.{number}"},
            ).status_code
            for number in range(TRIES)
        ]
        assert codes[0] == 401
        assert codes[-1] == 429


def test_below_a_path(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "home", "--base-url", "/argilla") as upstream,
        nginx(tmp_path, upstream, "/argilla/") as client,
    ):
        page = client.get("/argilla/")
        assert page.is_success
        (script, *_) = re.findall(r'src="(/argilla/[^"]+\.js)"', page.text)
        assert client.get(script).is_success
        assert client.get("/api/v1/version").status_code == 404


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    service = tmp_path / "argilla.service"
    here = block("ini").replace("/opt/argilla/.venv/bin/sharegpt-argilla", PROGRAM).replace("=argilla", "=root")
    service.write_text(here, "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", service], capture_output=True, text=True, check=False)
    about = [line for line in done.stderr.splitlines() if service.name in line]
    assert (done.returncode, about) == (0, [])
