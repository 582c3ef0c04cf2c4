"""``dashboard``: Streamlit in a process of its own, until it is stopped."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from sharegpt_argilla.common.worker_processes import life_line
from sharegpt_argilla.config import DEFAULT_CONFIG
from sharegpt_argilla.embedded_argilla.address import api_url, warn_unless_loopback
from sharegpt_argilla.errors import InputError, SharegptArgillaError, UsageError
from sharegpt_argilla.settings import Home, default_home

DEFAULT_PORT = 8501
"""The port that Streamlit has always used."""

REFRESH = 30.0
"""Seconds after which an open page looks again."""

OPTIONS = "SHAREGPT_ARGILLA_DASHBOARD"
"""Environment variable that carries the options to the dashboard's process, as JSON."""

READY_WITHIN = 60.0
STOP_WITHIN = 10.0
"""Seconds."""

# Blues of Okabe and Ito's palette; the lighter one on dark ground.
_SETTINGS = {
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "theme.light.primaryColor": "#0072B2",
    "theme.dark.primaryColor": "#56B4E9",
    # Links below numbers are paler than others.
    "theme.dark.linkColor": "#9AD4F7",
    # The green of code is too pale on either ground.
    "theme.light.codeTextColor": "#00664B",
    "theme.dark.codeTextColor": "#8EE0C0",
    "theme.baseRadius": "0.6rem",
    "theme.showWidgetBorder": "true",
}


@dataclass(frozen=True)
class DashboardOptions:
    """What the dashboard shows.

    Attributes:
        config: the project file.
        rows: the rows that were loaded, for the pages Corpus and Export; "" for none.
        annotated: what ``export-responses`` wrote last; "" for none.
        refresh: seconds after which an open page looks again.
    """

    config: str = DEFAULT_CONFIG
    rows: str = ""
    annotated: str = ""
    refresh: float = REFRESH


def read_options() -> DashboardOptions:
    """The options that `dashboard` gave to this process."""
    return DashboardOptions(**json.loads(os.environ.get(OPTIONS, "{}")))


def is_installed() -> bool:
    """Whether Streamlit is installed."""
    return importlib.util.find_spec("streamlit") is not None


def dashboard(  # noqa: PLR0913 - the options of the command, under their names
    options: DashboardOptions | None = None,
    *,
    config: str | Path = DEFAULT_CONFIG,
    rows: str | Path = "",
    annotated: str | Path = "",
    refresh: float = REFRESH,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    home: Home | None = None,
    on_ready: Callable[[str], None] = lambda _url: None,
) -> int:
    """Serve the dashboard until SIGINT or SIGTERM; returns 0. For the main thread.

    Args:
        options: ``config`` to ``refresh`` as one object.
        config: the project file.
        rows: the rows that were loaded, for the pages Corpus and Export; "" for none.
        annotated: what ``export-responses`` wrote last; "" for none.
        refresh: seconds after which an open page looks again.
        host: the address where it listens; other machines reach it only when it is not the default.
        port: where it listens.
        home: of the embedded Argilla, and where snapshots are kept.
        on_ready: called with the address when it answers.

    Raises:
        UsageError: Streamlit is not installed.
        InputError: a file that is named is not there.
        SharegptArgillaError: it does not start or stopped by itself; the port may be taken.
    """
    options = options or DashboardOptions(str(config), str(rows), str(annotated), refresh)
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with running_dashboard(options, host=host, port=port, home=home) as (url, process):
            on_ready(url)
            while not stop.wait(0.2):
                if process.poll() is not None:
                    raise SharegptArgillaError(f"the dashboard ended by itself (exit status {process.returncode})")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


@contextmanager
def running_dashboard(
    options: DashboardOptions = DashboardOptions(),
    *,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    home: Home | None = None,
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The dashboard for as long as the block lasts: its address and its process.

    Raises:
        UsageError, InputError, SharegptArgillaError: as for `dashboard`.
    """
    _check(options)
    home = home or default_home()
    environment = os.environ | {
        OPTIONS: json.dumps(asdict(options)),
        "ARGILLA_HOME_PATH": str(home.path.absolute()),
    }
    settings = {**_SETTINGS, "server.address": host, "server.port": str(port)}
    flags = [f"--{name}={value}" for name, value in settings.items()]
    home.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = home.logs / "dashboard.log"
    warn_unless_loopback(host)
    url = api_url(host, port, "")
    if _answers(url):
        raise UsageError(f"something listens on port {port} already; choose another with --port")
    # Tracebacks may name people; also where an earlier version made the file.
    log.touch(mode=0o600)
    log.chmod(0o600)
    with life_line() as ours, log.open("wb") as file:
        command = [sys.executable, "-m", "sharegpt_argilla.dashboard", str(ours), host, *flags]
        # Not in our process group: Ctrl-C is ours to pass on.
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            pass_fds=[ours],
            start_new_session=True,
        )
        try:
            _wait(process, url, log)
            yield url, process
        finally:
            _stop(process)


def _check(options: DashboardOptions) -> None:
    if not is_installed():
        raise UsageError("the dashboard needs Streamlit: pip install 'sharegpt-argilla[dashboard]'")
    for name in (options.config, options.rows, options.annotated):
        if name and not Path(name).is_file() and name != options.annotated:
            raise InputError(f"{name}: no such file")


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SharegptArgillaError(f"the dashboard did not start at {url}; see {log}")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=2)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status > 0
    except OSError:
        return False
    except http.client.HTTPException:
        return True
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
