"""Starts the children, watches them, restarts those that die, and stops them in order."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from sharegpt_argilla.embedded_argilla.processes.child_process import Child, remaining
from sharegpt_argilla.embedded_argilla.processes.process_log import last_line, rotate
from sharegpt_argilla.embedded_argilla.processes.readiness import Readiness
from sharegpt_argilla.errors import EmbeddedArgillaError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

READY_WITHIN = 120.0
"""Seconds that the server may take to its first answer, and again as long as it is busy: the index of a very
large database, or the migrations of another Argilla's, may take longer."""

BUSY = 0.1
"""Share of one processor that a server must have used to count as busy."""

STOP_WITHIN = 15.0
"""Seconds that a clean stop may take in all; then the rest is killed."""

GRACE = 5.0
"""Seconds that the other servers get for requests under way when one has ended."""

MAX_SERVER_DEATHS = 5
"""A server that dies this often within a minute is not started again."""

_TICK = 0.2
_LOG = logging.getLogger(__name__)


class Supervisor(threading.Thread):
    """The thread that owns the children.

    One thread starts all of them and lives as long as they do, because Linux ends a Redis when the thread that
    started it ends. The servers share a socket; the first one repairs what a killed one left behind while no other
    answers. So when one ends, all do, and start again in order.

    ``settled`` is set once the start has succeeded or not, ``ready`` says which; ``finished`` is set when all have
    stopped; ``error`` then says why, and is None when that was asked for.
    """

    def __init__(
        self,
        api_url: str,
        redis: Child | None,
        servers: Sequence[Child],
        worker: Child,
        on_start: Callable[[Child], None],
        repair_queue: Callable[[], bool] = lambda: False,
    ) -> None:
        """Take the children over.

        Args:
            api_url: where the server will answer.
            redis: None if another Redis is used.
            servers: argilla-server, once or more; only the first is started until it answers.
            worker: of its jobs.
            on_start: is told of every start of a child.
            repair_queue: repairs what Redis cannot read; returns whether there was anything.
        """
        super().__init__(name="embedded-argilla", daemon=True)
        self._api_url, self._on_start = api_url, on_start
        self._redis, self._server, self._worker = redis, servers[0], worker
        self._first = [child for child in (redis, self._server) if child is not None]
        self._further = servers[1:]
        self._repair_queue = repair_queue
        self._children = [*self._first, worker]
        self._readiness: Readiness | None = None
        # Not an Event: a signal handler that sets one deadlocks when it interrupts another that does.
        self._stop_requested = False
        self.settled, self.finished = threading.Event(), threading.Event()
        self.ready = False
        self.error: EmbeddedArgillaError | None = None

    def run(self) -> None:
        """Start, watch, stop; what goes wrong is left in ``error``."""
        try:
            self._start_up()
            self.settled.set()
            while not self._stop_requested:
                self._check_children()
                time.sleep(_TICK)
        except EmbeddedArgillaError as error:
            self.error = error
        except (OSError, InputError) as error:  # a full disk, no more processes, a home folder that is gone
            self.error = EmbeddedArgillaError(f"the embedded Argilla cannot keep running: {error}")
        finally:
            self._stop_children()
            self.finished.set()
            self.settled.set()

    def request_stop(self) -> None:
        """Begin a clean stop; may be called at any time and from a signal handler."""
        self._stop_requested = True

    def _start_up(self) -> None:
        for child in self._first:
            self._start_child(child)
        self._deadline, self._used = time.monotonic() + READY_WITHIN, 0.0
        with Readiness(self._api_url) as readiness:
            while not self._stop_requested and not readiness.answered(_TICK):
                self._check_start()
        # The worker imports as much as the server does. It would only slow down the first answer, and must not
        # work on a database that is still being migrated.
        if not self._stop_requested:
            self._start_child(self._worker)
            self.ready = True

    def _check_start(self) -> None:
        for child in self._first:
            if not child.alive and child is self._redis and self._repair_queue():
                self._start_child(child)
            elif not child.alive:
                raise _failure(child, "ended while starting")
        now = time.monotonic()
        if now > self._deadline:
            before, self._used = self._used, self._server.cpu_seconds
            if self._used - before < BUSY * READY_WITHIN:
                raise _failure(self._server, f"did not answer within {READY_WITHIN:.0f} seconds")
            self._deadline = now + READY_WITHIN
            _LOG.warning("the server is still busy starting; see %s", self._server.log)

    def _check_children(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and not child.alive:
                self._handle_death(child, now)
            elif child.process is None and now >= child.restart_at:
                self._restart(child, now)
        self._check_further(now)
        # The only log that its writer does not rotate.
        if self._first[0] is not self._server:
            rotate(self._first[0].log)

    def _check_further(self, now: float) -> None:
        """Start the other servers once the first one answers; end it when one of them ended."""
        for child in self._further:
            if child.process is not None and not child.alive:
                child.note_death(now)
                _check_deaths(child)
                _LOG.warning("the %s ended (%s); all servers start again", child.name, _status(child))
                self._server.stop(GRACE)
                return
        waiting = [child for child in self._further if child.process is None and now >= child.restart_at]
        if waiting and self._server.alive and self._answers():
            for child in waiting:
                self._restart(child, now)

    def _answers(self) -> bool:
        """Whether the first server has answered the request that is under way; one is sent if none is."""
        try:
            self._readiness = self._readiness or Readiness(self._api_url)
            if not self._readiness.answered(0):
                return False
            answers = True
        except (EmbeddedArgillaError, OSError):  # it ended meanwhile
            answers = False
        self._forget_request()
        return answers

    def _forget_request(self) -> None:
        if self._readiness is not None:
            self._readiness.close()
            self._readiness = None

    def _handle_death(self, child: Child, now: float) -> None:
        child.note_death(now)
        if child is self._server:
            _check_deaths(child)
        _LOG.warning("the %s ended (%s); starting it again", child.name, _status(child))
        if child is self._redis:
            self._repair_queue()
        if child is self._server:
            self._forget_request()
            _stop_all(self._further, GRACE)
            for each in self._further:
                each.process = None
        child.process = None

    def _restart(self, child: Child, now: float) -> None:
        """Start a child again; what is missing for it, such as space on the disk, may be there later."""
        try:
            self._start_child(child)
        except OSError as error:
            child.note_death(now)
            _LOG.warning("the %s cannot be started now (%s)", child.name, error.strerror or error)

    def _start_child(self, child: Child) -> None:
        child.start()
        self._on_start(child)

    def _stop_children(self) -> None:
        """The server first, so that nothing new comes in; Redis last, because the worker reports to it."""
        deadline = time.monotonic() + STOP_WITHIN
        self._forget_request()
        for children, share in (
            ([self._server, *self._further], 6.0),
            ([self._worker], 3.0),
            (self._first[:1], 0.0),
        ):
            _stop_all(children, remaining(deadline) - share)


def _stop_all(children: Sequence[Child], patience: float) -> None:
    """Ask all of them to end, then wait ``patience`` seconds for all."""
    deadline = time.monotonic() + patience
    # `stop` asks as well. Only of servers there are several, to which a second SIGTERM says nothing new; to rq's
    # worker it would say to leave its job.
    for child in children[1:]:
        child.ask_to_end()
    for child in children:
        child.stop(remaining(deadline))


def _check_deaths(server: Child) -> None:
    if len(server.deaths) >= MAX_SERVER_DEATHS:
        raise _failure(server, f"ended {MAX_SERVER_DEATHS} times within a minute")


def _failure(child: Child, what: str) -> EmbeddedArgillaError:
    reason = last_line(child.log)
    return EmbeddedArgillaError(
        f"the {child.name} {what} ({_status(child)})" + (f": {reason}" if reason else "") + f"; see {child.log}"
    )


def _status(child: Child) -> str:
    code = child.process.poll() if child.process is not None else None
    if code is None:
        return "still running"
    return f"signal {-code}" if code < 0 else f"exit status {code}"
