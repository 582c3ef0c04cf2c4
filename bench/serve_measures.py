"""What the benchmark does to a server, and how long each of it takes."""

from __future__ import annotations

import contextlib
import io
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.serve_report import tell
from bench.serve_stack import TERMS, WORDS, WORKSPACE, Caller, Server, record

if TYPE_CHECKING:
    from collections.abc import Iterator

    import argilla as rg

CHUNK = 2_000
"""Records that are made at a time; making them is not part of the measured time."""

TOLD = 10_000
"""Records after which a long load says how far it is."""


@dataclass(frozen=True)
class Sizes:
    """How much is loaded, answered and searched. The large dataset has ten times ``records``."""

    records: int
    plain: int
    people: int
    answers: int
    searches: int

    @property
    def large(self) -> int:
        """Records of the large dataset."""
        return 10 * self.records


@dataclass(frozen=True)
class Latencies:
    """Seconds that calls took, and how long all of them took together."""

    seconds: list[float]
    elapsed: float
    errors: list[str]

    @property
    def p95(self) -> float:
        """Milliseconds that 95 of 100 calls did not exceed."""
        return sorted(self.seconds)[int(0.95 * (len(self.seconds) - 1))] * 1000 if self.seconds else 0.0

    @property
    def rate(self) -> float:
        """Calls a second, of all callers together."""
        return len(self.seconds) / self.elapsed


@dataclass(frozen=True)
class Crowd:
    """A dataset, and the API keys of the people who annotate it."""

    server: Server
    dataset_id: str
    keys: list[str]


def load(dataset: rg.Dataset, records: int, begin: int = 0) -> float:
    """Records a second through the SDK, as fast as it sends them; ``begin`` is the number of the first."""
    elapsed = 0.0
    tell(f"loading {records} records into {dataset.name}")
    for start in range(begin, begin + records, CHUNK):
        made = [record(number) for number in range(start, min(start + CHUNK, begin + records))]
        started = time.perf_counter()
        with contextlib.redirect_stderr(io.StringIO()):  # the SDK's progress bar
            dataset.records.log(made)
        elapsed += time.perf_counter() - started
        done = start - begin + len(made)
        if done % TOLD == 0:
            tell(f"  {done} loaded, {done / elapsed:.0f} records/s so far")
    return records / elapsed


def hire(server: Server, people: int) -> list[str]:
    """The API keys of so many new annotators."""
    owner = server.connect()
    workspaces = owner("GET", "/me/workspaces")["items"]
    workspace = next(item["id"] for item in workspaces if item["name"] == WORKSPACE)
    keys = []
    for _ in range(people):
        name = f"annotator-{uuid.uuid4().hex[:12]}"
        user = owner(
            "POST",
            "/users",
            {"username": name, "first_name": name, "password": uuid.uuid4().hex, "role": "annotator"},
        )
        owner("POST", f"/workspaces/{workspace}/users", {"user_id": user["id"]})
        keys.append(user["api_key"])
    return keys


def annotate_in_turn(crowds: tuple[Crowd, Crowd], answers: int) -> tuple[Latencies, Latencies]:
    """Each person of both crowds answers so many records: the crowds by turns, five answers at a time."""
    tell(f"annotating, {answers} answers each")
    runs: list[list[Latencies]] = [[], []]
    for crowd in crowds:
        _annotate(crowd, 1)  # the first request of a kind costs more, however many records there are
    for _ in range(-(-answers // 5)):
        for crowd, found in zip(crowds, runs, strict=True):
            found.append(_annotate(crowd, min(answers, 5)))
    return _joined(runs[0]), _joined(runs[1])


def _joined(runs: list[Latencies]) -> Latencies:
    return Latencies(
        [seconds for run in runs for seconds in run.seconds],
        sum(run.elapsed for run in runs),
        [error for run in runs for error in run.errors],
    )


def _annotate(crowd: Crowd, answers: int) -> Latencies:
    """Everybody takes the next record, reads it and submits, so many times, without a pause.

    A call is one such round: what a person waits for between two answers.
    """
    seconds: list[float] = []
    errors: list[str] = []
    start = threading.Barrier(len(crowd.keys) + 1)

    def work(key: str) -> None:
        call = crowd.server.connect(key)
        start.wait()
        for _ in range(answers):
            begin = time.perf_counter()
            try:
                _answer_next(call, crowd.dataset_id)
            except (OSError, RuntimeError) as error:
                errors.append(str(error))
            seconds.append(time.perf_counter() - begin)

    with ThreadPoolExecutor(len(crowd.keys)) as people:
        for key in crowd.keys:
            people.submit(work, key)
        start.wait()
        begin = time.perf_counter()
    return Latencies(seconds, time.perf_counter() - begin, errors)


def _answer_next(call: Caller, dataset_id: str) -> None:
    scopes = ({"entity": "response", "property": "status"}, {"entity": "record", "property": "status"})
    filters = [{"type": "terms", "scope": scope, "values": ["pending"]} for scope in scopes]
    path = f"/me/datasets/{dataset_id}/records/search?limit=1&include=responses,suggestions"
    found = call("POST", path, {"filters": {"and": filters}})["items"]
    if not found:
        raise RuntimeError("the queue is empty before its end")
    record_id = found[0]["record"]["id"]
    call("GET", f"/records/{record_id}")
    values = {"quality": {"value": 5}, "intent": {"value": "code"}}
    call("POST", f"/records/{record_id}/responses", {"status": "submitted", "values": values})


def searches(generator: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """One search of each kind: ``(kind, the body of the request)``."""

    def scope(name: str) -> dict[str, str]:
        return {"entity": "metadata", "metadata_property": name}

    low = generator.randrange(900)
    ranges = {"type": "range", "scope": scope("integer_0"), "ge": low, "le": low + 99}
    terms = {"type": "terms", "scope": scope("term_0"), "values": [generator.choice(TERMS)]}
    # Words that people look for: in 30 to 0.1 of 100 records, not in all of them.
    words = generator.sample(WORDS[30:5_000], 2)
    yield "text", {"query": {"text": {"q": words[0]}}}
    yield "two words", {"query": {"text": {"q": " | ".join(words)}}}
    yield "range filter", {"filters": {"and": [ranges]}}
    yield "terms filter", {"filters": {"and": [terms]}}
    yield "both filters", {"filters": {"and": [ranges, terms]}}
    yield "sort by number", {"sort": [{"scope": scope("float_0"), "order": "desc"}]}
    yield "sort by time", {"sort": [{"scope": {"entity": "record", "property": "inserted_at"}, "order": "asc"}]}


def search_in_turn(crowds: tuple[Crowd, Crowd], rounds: int) -> dict[str, tuple[Latencies, Latencies]]:
    """So many searches of each kind on both datasets, one after the other, a page of ten records each."""
    tell(f"searching, {rounds} times each kind")
    callers = [crowd.server.connect() for crowd in crowds]
    generator = random.Random(7)
    times: dict[str, tuple[list[float], list[float]]] = {}
    for _ in range(rounds):
        for kind, body in searches(generator):
            seconds = times.setdefault(kind, ([], []))
            for place, (call, crowd) in enumerate(zip(callers, crowds, strict=True)):
                begin = time.perf_counter()
                call("POST", f"/datasets/{crowd.dataset_id}/records/search?limit=10", body)
                seconds[place].append(time.perf_counter() - begin)
    return {
        kind: (Latencies(small, sum(small), []), Latencies(large, sum(large), []))
        for kind, (small, large) in times.items()
    }


class PeakMemory:
    """The highest memory of a server while a block runs, looked at every second."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.megabytes = 0.0

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(1.0):
            self.megabytes = max(self.megabytes, self._server.memory())
