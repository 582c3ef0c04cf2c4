"""The embedded Argilla in one foreground process: it starts server, worker and Redis, watches and stops them.

Importing this module is fast: argilla-server is imported by the child processes only.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sharegpt_argilla.argilla_plugin.team_options import ACTIVE_TIME, BEHIND_PROXY, OPEN_QUEUE
from sharegpt_argilla.common.locks import file_lock
from sharegpt_argilla.common.worker_processes import life_line
from sharegpt_argilla.embedded_argilla.address import api_url, listen, warn_unless_loopback
from sharegpt_argilla.embedded_argilla.environment import PROCESSES, child_environment, server_processes
from sharegpt_argilla.embedded_argilla.home_folder import (
    check_database,
    clean_scratch,
    home_lock,
    settle_databases,
)
from sharegpt_argilla.embedded_argilla.owner_file import OWNER_USERNAME, new_owner, read_owner
from sharegpt_argilla.embedded_argilla.processes.child import ChildOptions, Role, child_command, log_of
from sharegpt_argilla.embedded_argilla.processes.child_process import Child
from sharegpt_argilla.embedded_argilla.processes.redis_process import redis_binary, redis_command
from sharegpt_argilla.embedded_argilla.processes.redis_queue import repair_queue
from sharegpt_argilla.embedded_argilla.processes.supervisor import Supervisor
from sharegpt_argilla.embedded_argilla.server_file import RUNTIME_PREFIX, ServerFile, end_leftovers, record
from sharegpt_argilla.errors import EmbeddedArgillaError, InputError
from sharegpt_argilla.settings import DEFAULT_PORT, Home, default_home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_LOG = logging.getLogger(__name__)

_MAX_SOCKET_FOLDER = 80
"""A socket's path has room for 108 bytes on Linux and 104 on macOS, and must fit a random folder name too."""


@dataclass(frozen=True)
class ServeOptions:
    """Where to keep the data and where to answer. ``port`` 0 takes any free port.

    ``base_url`` is the path below which a proxy shows the server; left at ``/``, ARGILLA_BASE_URL counts.
    ``open_queue`` leaves plans to people's good will; ``active_time`` is the idle cut-off in seconds of measured
    active time. Left as they are, the environment decides (see `team_options`). ``behind_proxy``: the address of a
    person is what a proxy on this machine says (X-Forwarded-For). ``processes`` is how many servers answer; None
    leaves it to the environment.
    """

    home: Home = field(default_factory=default_home)
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    base_url: str = "/"
    open_queue: bool = False
    active_time: float | None = None
    behind_proxy: bool = False
    processes: int | None = None

    @property
    def variables(self) -> dict[str, str]:
        """What the children find in their environment of it."""
        given = {OPEN_QUEUE: "1"} if self.open_queue else {}
        given |= {BEHIND_PROXY: "1"} if self.behind_proxy else {}
        given |= {} if self.processes is None else {PROCESSES: str(self.processes)}
        return given | ({} if self.active_time is None else {ACTIVE_TIME: f"{self.active_time:g}"})


@dataclass(frozen=True)
class ServerInfo:
    """A server that answers.

    Attributes:
        api_url: its address.
        home: its home folder, where owner.json has the owner's password and key.
        username: the owner's name.
    """

    api_url: str
    home: Home
    username: str


def run(options: ServeOptions, on_ready: Callable[[ServerInfo], None] | None = None) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP, then stop cleanly; returns 0. For the main thread.

    ``on_ready`` is called once, when the server answers.

    Raises:
        EmbeddedArgillaError: the port or the home folder is taken, or a child cannot start or keep running.
        InputError: the home folder cannot be used.
    """
    with _prepared(options) as (info, supervisor), _stopping_on_signals(supervisor):
        supervisor.start()
        supervisor.settled.wait()
        if on_ready is not None and supervisor.ready:
            on_ready(info())
        supervisor.finished.wait()
        if supervisor.error is not None:
            raise supervisor.error
    return 0


@contextmanager
def running(options: ServeOptions) -> Iterator[ServerInfo]:
    """Serve in the background for as long as the block lasts.

    Raises:
        EmbeddedArgillaError: as for `run`; a server that stopped by itself is reported when the block ends.
        InputError: the home folder cannot be used.
    """
    with _prepared(options) as (info, supervisor):
        supervisor.start()
        supervisor.settled.wait()
        if supervisor.ready:
            yield info()
        if supervisor.error is not None:
            raise supervisor.error


@contextmanager
def _prepared(options: ServeOptions) -> Iterator[tuple[Callable[[], ServerInfo], Supervisor]]:
    """Take home folder, port and runtime folder, and give all of them back when the block ends."""
    _check_installed()
    home = Home(options.home.path.expanduser().absolute())
    with ExitStack() as stack:
        stack.enter_context(home_lock(home))
        # What is wrong with them is said here, before anything starts.
        _ = read_owner(home) or new_owner(os.environ)
        check_database(home, os.environ)
        end_leftovers(home)
        warn_unless_loopback(options.host)
        listener = stack.enter_context(listen(options.host, options.port))
        base_url = options.base_url if options.base_url.strip("/") else os.environ.get("ARGILLA_BASE_URL", "/")
        address = api_url(options.host, listener.getsockname()[1], base_url)
        clean_scratch(home)
        runtime = stack.enter_context(_runtime_folder())
        started = record("launcher", os.getpid()).create_time
        file = ServerFile(address, running=True, pid=os.getpid(), runtime=str(runtime), started=started)
        file.write(home)
        stack.callback(settle_databases, home)
        stack.callback(_write_stopped, file, home)
        # Held for less time than the socket is open, and only by who opened it: clients trust the address by it.
        stack.enter_context(file_lock(home.answering))
        environ = {**os.environ, BEHIND_PROXY: "", **options.variables}
        supervisor = _supervisor(home, file, environ, listener.fileno(), stack.enter_context(life_line()))
        stack.callback(_stop, supervisor)
        yield (lambda: _server_info(file, home)), supervisor


def _supervisor(
    home: Home, file: ServerFile, environ: Mapping[str, str], listener: int, life_line: int
) -> Supervisor:
    redis_socket = Path(file.runtime) / "redis.sock"
    environment = child_environment(home, file.api_url, f"unix://{quote(str(redis_socket))}?db=0", environ)
    redis = None
    if not os.environ.get("ARGILLA_REDIS_URL"):
        log = log_of(home, "redis")
        redis = Child("redis", redis_command(redis_binary(), home, redis_socket, log), environment, log)

    def python_child(role: Role, listener: int, number: int = 1) -> Child:
        options = ChildOptions(role, home, file.api_url, life_line, listener, number)
        inherited = [each for each in (life_line, listener) if each >= 0]
        return Child(options.name, child_command(options), environment, log_of(home, options.name), inherited)

    def note(child: Child) -> None:
        if child.process is not None:
            others = [item for item in file.processes if item.name != child.name]
            file.processes = [*others, record(child.name, child.process.pid)]
            _write_if_possible(file, home)

    servers = [python_child("server", listener, 1 + number) for number in range(server_processes(environ))]
    worker = python_child("worker", -1)
    return Supervisor(file.api_url, redis, servers, worker, note, lambda: repair_queue(home))


def _server_info(file: ServerFile, home: Home) -> ServerInfo:
    owner = read_owner(home)
    return ServerInfo(file.api_url, home, owner.username if owner else OWNER_USERNAME)


def _stop(supervisor: Supervisor) -> None:
    if supervisor.ident is not None:
        supervisor.request_stop()
        supervisor.join()


def _write_stopped(file: ServerFile, home: Home) -> None:
    # The address stays: it tells clients where the server will be again.
    _write_if_possible(replace(file, running=False, runtime="", processes=[]), home)


def _write_if_possible(file: ServerFile, home: Home) -> None:
    """A full disk must not end a server that can go on."""
    try:
        file.write(home)
    except InputError as error:
        _LOG.warning("%s", error)


@contextmanager
def _runtime_folder() -> Iterator[Path]:
    """A folder that only this user can enter, short enough a path for a socket."""
    parent = tempfile.gettempdir()
    short = len(os.fsencode(parent)) <= _MAX_SOCKET_FOLDER
    folder = Path(tempfile.mkdtemp(prefix=RUNTIME_PREFIX, dir=parent if short else "/tmp"))  # noqa: S108 - mkdtemp
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _stopping_on_signals(supervisor: Supervisor) -> Iterator[None]:
    def stop(_number: int, _frame: Any) -> None:
        supervisor.request_stop()

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        # nohup ignores SIGHUP, and a shell's background job SIGINT; both mean it.
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    finally:
        _stop(supervisor)
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_installed() -> None:
    if find_spec("argilla_server") is None:
        raise EmbeddedArgillaError('argilla-server is not installed; pip install "sharegpt-argilla[serve]"')
