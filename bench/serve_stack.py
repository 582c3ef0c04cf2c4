"""The embedded Argilla that the benchmark measures: start and stop it, call it, load it, weigh it."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import argilla as rg
import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
TERMS = "abcdef"
WORDS = [f"word{number}" for number in range(20_000)]
# Zipf's law as Mandelbrot has it: the frequencies of words in a natural text.
_FREQUENCIES = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(WORDS))))
WORKSPACE = "bench"


@dataclass(frozen=True)
class Server:
    """A running server: its address, its owner's key, its launcher's process, and what else it needs."""

    api_url: str
    api_key: str
    process: psutil.Process
    others: tuple[psutil.Process, ...] = ()

    def connect(self, api_key: str | None = None) -> Caller:
        """A connection of its own, as the owner or as somebody else."""
        return Caller(self.api_url, api_key or self.api_key)

    def memory(self) -> float:
        """Megabytes of the launcher, its children and other processes: PSS where the kernel tells, else RSS."""
        family = [self.process, *self.process.children(recursive=True), *self.others]
        return sum(_megabytes(process) for process in family)

    def processor_seconds(self) -> float:
        """Processor time that the server process has used, all threads together."""
        server = next(each for each in self.process.children() if "server" in each.cmdline())
        times = server.cpu_times()
        return float(times.user + times.system)


@dataclass(frozen=True)
class Node:
    """An OpenSearch in a process of its own."""

    address: str
    process: psutil.Process


class Caller:
    """One person's connection, kept open; http.client, since it costs the measured machine little."""

    def __init__(self, api_url: str, api_key: str) -> None:
        self._address = urlsplit(api_url).netloc
        self._headers = {"X-Argilla-Api-Key": api_key, "Content-Type": "application/json"}
        self._connection = http.client.HTTPConnection(self._address, timeout=120)

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; RuntimeError for an answer that is an error."""
        self._connection.request(method, f"/api/v1{path}", body and json.dumps(body), self._headers)
        response = self._connection.getresponse()
        content = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {content[:300]!r}")
        return json.loads(content) if content else None


@contextmanager
def served(speedups: bool = True, node: Node | None = None) -> Iterator[Server]:
    """A server on an empty home and a free port of 127.0.0.1, with our speed-ups or without, and with the search
    engine of ours or that of the node."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ARGILLA_")}
    environment |= {"SHAREGPT_ARGILLA_SPEEDUPS": str(int(speedups))}
    if node is not None:
        environment |= {"ARGILLA_SEARCH_ENGINE": "opensearch", "ARGILLA_ELASTICSEARCH": node.address}
    with tempfile.TemporaryDirectory(prefix="bench-serve-") as home:
        command = [sys.executable, "-m", "sharegpt_argilla.embedded_argilla", "--home", home, "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as launcher:
            try:
                assert launcher.stdout is not None
                if not launcher.stdout.readline():
                    raise RuntimeError("the server did not start")
                yield _server(Path(home), launcher.pid, () if node is None else (node.process,))
            finally:
                launcher.terminate()
                launcher.wait(30)


def _server(home: Path, pid: int, others: tuple[psutil.Process, ...]) -> Server:
    api_url = json.loads((home / "server.json").read_text("utf-8"))["api_url"]
    api_key = json.loads((home / "owner.json").read_text("utf-8"))["api_key"]
    return Server(api_url, api_key, psutil.Process(pid), others)


def _megabytes(process: psutil.Process) -> float:
    try:
        # Not psutil's memory_full_info, which reads every single mapping.
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text("utf-8").splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    except (OSError, StopIteration):
        return _resident(process)


def _resident(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


def text(generator: random.Random, words: int) -> str:
    """So many words, as frequent as words are in a natural text."""
    return " ".join(generator.choices(WORDS, cum_weights=_FREQUENCIES, k=words))


def record(number: int) -> rg.Record:
    """The record of this number: two fields, ten metadata values, two suggestions; always the same."""
    generator = random.Random(number)
    metadata: dict[str, Any] = {f"integer_{place}": generator.randrange(1000) for place in range(4)}
    metadata |= {f"float_{place}": generator.random() for place in range(4)}
    metadata |= {f"term_{place}": generator.choice(TERMS) for place in range(2)}
    return rg.Record(
        id=f"record-{number}",
        fields={"prompt": text(generator, 40), "response": text(generator, 80)},
        metadata=metadata,
        suggestions=[
            rg.Suggestion("quality", generator.randrange(1, 8), score=generator.random(), agent="model"),
            rg.Suggestion("intent", generator.choice(["code", "other"]), score=0.5, agent="model"),
        ],
    )


def make_dataset(server: Server, name: str) -> rg.Dataset:
    """An empty, published dataset."""
    client = rg.Argilla(api_url=server.api_url, api_key=server.api_key)
    if client.workspaces(WORKSPACE) is None:
        client.workspaces.add(rg.Workspace(name=WORKSPACE))
    settings = rg.Settings(
        fields=[rg.TextField(name=name, use_markdown=True) for name in ("prompt", "response")],
        questions=[
            rg.RatingQuestion(name="quality", values=list(range(1, 8))),
            rg.LabelQuestion(name="intent", labels=["code", "open_qa", "other"]),
        ],
        metadata=[
            *(rg.IntegerMetadataProperty(name=f"integer_{place}") for place in range(4)),
            *(rg.FloatMetadataProperty(name=f"float_{place}") for place in range(4)),
            *(rg.TermsMetadataProperty(name=f"term_{place}") for place in range(2)),
        ],
    )
    return rg.Dataset(name=name, workspace=WORKSPACE, settings=settings, client=client).create()
