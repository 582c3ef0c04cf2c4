"""How many people a server bears, each at their own pace: ``python -m bench.people``.

An open loop: 200 people take 30 seconds a record on average, whether the server is quick or slow, and what they
wait is counted from the moment at which they press the button. They ask for what the stock page asks for: all of
it when it is opened, an answer with the two counts after each record, ten further records after ten, and the
measured time of each record and minute. Then the pace is doubled, again and again, as if there were twice as many
people, until the 95th percentile of some kind of request exceeds 300 ms; or halved, until none does. At last an
export says whether every answer is there.

The server is the embedded one; ``--full-stack`` takes argilla-server with the plug-in on PostgreSQL, OpenSearch
and Redis, two server processes and a worker (tests/reference/full_stack.py). ``--warm-up 240`` has people annotate
for so long before anything is measured, at half the pace: OpenSearch needs twice the processor time for its first
thousand answers, until Java has compiled what it runs often. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bench.serve_measures import Latencies
from bench.serve_report import Report, tell
from bench.serve_stack import text
from sharegpt_argilla.argilla_plugin.team_options import ACTIVE_TIME
from sharegpt_argilla.embedded_argilla.environment import PROCESSES
from sharegpt_argilla.rows import Pair, build_row
from sharegpt_argilla.settings import Connection, Home
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.embedded import embedded_argilla
from tests.live.plans import PENDING
from tests.live.rest import Rest
from tests.projects import TestProject, read_annotations, write_project, write_rows
from tests.reference.full_stack import full_stack

PEOPLE, PACE = 200, 30.0
"""Accounts, and seconds that each takes for a record."""
MOST_WAITED = 300.0
"""Milliseconds: the 95th percentile of each kind of request."""
MOST_HALVINGS = 4
"""How often the pace is halved or doubled at most."""
PAGE, FEW_LEFT = 10, 6
"""Records that the page asks for at once, and with how many left it asks for more (Argilla 2.8)."""
TOLD_EVERY = 60.0
"""Seconds after which the page posts the active time on a record that is not left before."""
ACTIVE = 0.9
"""Share of the time that counts as active; more than went by is refused."""
OPENING = ("", "/questions", "/fields", "/progress", "/vectors-settings")
"""What the page asks of a dataset when it is opened."""


@dataclass
class Watch:
    """What was waited for, in seconds, by kind of request; which answers were acknowledged; what failed."""

    waited: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    answered: set[tuple[str, str]] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


class Person:
    """One account with its page open."""

    def __init__(self, http: aiohttp.ClientSession, dataset: str, name: str, key: str) -> None:
        self._http, self._dataset, self.name = http, dataset, name
        self._headers = {"X-Argilla-Api-Key": key}
        self._draw = random.Random(name)
        self._queue: list[tuple[str, str]] = []
        self._answered: set[str] = set()

    @property
    def done(self) -> bool:
        """Whether nothing is left in the queue."""
        return not self._queue

    async def open(self, watch: Watch) -> None:
        """Open the page; its requests run side by side."""
        of_dataset = f"/datasets/{self._dataset}"
        calls = [self._call(watch, "opening", "GET", of_dataset + each) for each in OPENING]
        calls += [self._call(watch, "opening", "GET", path) for path in ("/me", "/settings")]
        await asyncio.gather(*calls, self._fetch(watch))

    async def annotate(self, watch: Watch, pace: float, seconds: float) -> None:
        """Answer records for so long, at moments that no answer of the server moves."""
        begin, step = time.monotonic(), TOLD_EVERY * min(pace / PACE, 1)
        # As if their pages had been opened at different moments.
        told, due = begin - self._draw.uniform(0, step), begin + self._draw.expovariate(1 / pace)
        while due < begin + seconds and self._queue:
            record = self._queue[0][0]
            for moment in [*_moments(told, due, step), due]:
                await asyncio.sleep(moment - time.monotonic())
                if moment == due:
                    await self._answer(watch, due)
                await self._tell_time(watch, record, moment - max(told, begin))
                told = moment
            due += self._draw.expovariate(1 / pace)

    async def _answer(self, watch: Watch, due: float) -> None:
        record, row = self._queue.pop(0)
        self._answered.add(record)
        values = {"quality": self._draw.randint(1, 7), "intent": ["chat"], "toxicity": "none"}
        body = {"status": "submitted", "values": {name: {"value": value} for name, value in values.items()}}
        if await self._call(watch, "answer", "POST", f"/records/{record}/responses", body, due) is not None:
            watch.answered.add((self.name, row))
        await asyncio.gather(
            self._call(watch, "progress", "GET", f"/datasets/{self._dataset}/progress"),
            self._call(watch, "own counts", "GET", f"/me/datasets/{self._dataset}/metrics"),
            *([self._fetch(watch)] if len(self._queue) == FEW_LEFT else []),
        )

    async def _fetch(self, watch: Watch) -> None:
        path = f"/me/datasets/{self._dataset}/records/search?limit={PAGE}&include=responses&include=suggestions"
        path += f"&offset={len(self._queue)}"
        page = await self._call(watch, "next records", "POST", path, PENDING)
        found = [
            (item["record"]["id"], item["record"]["external_id"]) for item in (page or {"items": []})["items"]
        ]
        self._queue += [each for each in found if each[0] not in self._answered and each not in self._queue]

    async def _tell_time(self, watch: Watch, record: str, seconds: float) -> None:
        body = {"times": [{"record": record, "seconds": round(seconds * ACTIVE, 3), "questions": {}}]}
        await self._call(watch, "active time", "POST", "/api/sharegpt/activity", body)

    async def _call(
        self, watch: Watch, kind: str, method: str, path: str, body: Any = None, due: float | None = None
    ) -> Any:
        begin = time.monotonic() if due is None else due
        url = path if path.startswith("/api/") else f"/api/v1{path}"
        try:
            async with self._http.request(method, url, json=body, headers=self._headers) as answer:
                content = await answer.json() if answer.status in {200, 201} else {}
                if answer.status >= 400:
                    watch.errors.append(f"{kind}: {answer.status}")
                    return None
        except (aiohttp.ClientError, TimeoutError) as error:
            watch.errors.append(f"{kind}: {type(error).__name__}")
            return None
        watch.waited[kind].append(time.monotonic() - begin)
        return content


def _moments(begin: float, end: float, step: float) -> Iterator[float]:
    while begin + step < end:
        begin += step
        yield begin


async def crowd(
    where: Connection, dataset: str, keys: dict[str, str], sizes: argparse.Namespace, report: Report
) -> Watch:
    """Everybody opens the page, then annotates, at the pace of ever more people; what was answered in all."""
    whole, seconds = Watch(), sizes.seconds
    # uvicorn closes a connection after five idle seconds; a browser would ask again on another.
    connections = aiohttp.TCPConnector(limit=0, keepalive_timeout=4)
    async with aiohttp.ClientSession(where.api_url, connector=connections) as http:
        people = [Person(http, dataset, name, key) for name, key in keys.items()]
        tell(f"{len(people)} people open the page")
        for group in range(0, len(people), PAGE):
            await asyncio.gather(*(each.open(whole) for each in people[group : group + PAGE]))
        if sizes.warm_up:
            tell(f"warming up for {sizes.warm_up:g} s")
            await asyncio.gather(*(each.annotate(whole, PACE * 2, sizes.warm_up) for each in people))
        held, halvings = 0, 0
        while abs(halvings) <= MOST_HALVINGS:
            count, watch = round(len(people) / 2**halvings), Watch()
            tell(f"as {count} people annotate, {PACE:g} s a record")
            await asyncio.gather(*(each.annotate(watch, PACE * 2**halvings, seconds) for each in people))
            slowest = _told(count, watch, report, first=not halvings)
            whole.answered |= watch.answered
            whole.errors += watch.errors
            if any(each.done for each in people):
                tell("somebody's queue ended; more records would tell more")
                break
            holds = slowest <= MOST_WAITED
            held = count if holds else held
            # The last number that held on the way up, or the first one on the way down.
            if halvings and holds == (halvings > 0):
                break
            halvings += -1 if holds else 1
        report.note("people for whom every kind of request held", held, "people")
    return whole


def _told(count: int, watch: Watch, report: Report, first: bool) -> float:
    """Report a step; the 95th percentile, in ms, of the kind of request that is slowest."""
    slowest = 0.0
    for kind, seconds in watch.waited.items():
        measured = Latencies(seconds, 1.0, [])
        slowest = max(slowest, measured.p95)
        report.note(f"{count} people: {kind}, p95 of {len(seconds)}", measured.p95, "ms")
    if first:
        report.check(f"{count} people: slowest kind, p95 in ms", slowest, at_most=MOST_WAITED)
    return slowest


def run(where: Connection, folder: Path, sizes: argparse.Namespace, report: Report) -> None:
    """Load a project with a plan, have it annotated, and export it."""
    project = write_project(folder, where, Home(folder / "home"), "people")
    names = [f"person-{number}" for number in range(sizes.people)]
    project.rewrite(
        people=[{"username": name} for name in names], assignment={"mode": "queue", "overlap": 1, "seed": 5}
    )
    draw = random.Random(5)
    pairs = (
        Pair(text(draw, 40), text(draw, 80), f"s{number}", 1, "vicuna", "ShareGPT", "human", "gpt")
        for number in range(sizes.records)
    )
    rows = write_rows(folder / "rows.jsonl", [build_row(pair, "20230511 15:56:03") for pair in pairs])
    tell(f"loading {sizes.records} records for {sizes.people} people")
    push_to_argilla(rows, project.config, connection=where, home=project.home)
    with Rest(where.api_url, **{"X-Argilla-Api-Key": where.api_key}) as owner:
        keys = {item["username"]: item["api_key"] for item in owner("GET", "/users")["items"]}
    ours = {name: keys[name] for name in names}
    watch = asyncio.run(crowd(where, project.dataset_id(), ours, sizes, report))
    report.check("failed requests", len(watch.errors), at_most=0.0)
    for error in sorted(set(watch.errors))[:5]:
        tell(error)
    _export(project, rows, watch, report)


def _export(project: TestProject, rows: Path, watch: Watch, report: Report) -> None:
    output, begin = rows.with_name("annotated.jsonl"), time.monotonic()
    export_responses(rows, output, project.config, connection=project.connection)
    report.note(f"export of {len(watch.answered)} answers", time.monotonic() - begin, "s")
    exported = {
        (response["annotator"], row)
        for row, block in read_annotations(output).items()
        for response in block["responses"]
    }
    report.check("acknowledged answers that are not in the export", len(watch.answered - exported), at_most=0.0)


@contextmanager
def server(folder: Path, on_full_stack: bool, processes: int) -> Iterator[Connection]:
    """The server that is measured, with active time; a full stack always has two processes."""
    os.environ |= {ACTIVE_TIME: "60", PROCESSES: str(processes)}
    if on_full_stack:
        with full_stack() as stack:
            yield Connection(stack.api_url, stack.api_key)
        return
    with embedded_argilla(folder / "server") as argilla:
        argilla.wait_for_child("server" if processes == 1 else f"server-{processes}")
        yield Connection(argilla.api_url, argilla.api_key)


def main() -> int:
    """Measure and print; 1 when a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=PEOPLE, help="accounts (%(default)s)")
    parser.add_argument("--records", type=int, default=20_000, help="of one person each (%(default)s)")
    parser.add_argument("--seconds", type=float, default=90.0, help="of each pace (%(default)s)")
    parser.add_argument("--warm-up", type=float, default=0.0, help="seconds before what is measured (%(default)s)")
    parser.add_argument(
        "--processes", type=int, default=2, help="server processes of the embedded Argilla (%(default)s)"
    )
    parser.add_argument("--full-stack", action="store_true")
    sizes, report = parser.parse_args(), Report()
    with (
        tempfile.TemporaryDirectory(prefix="bench-people-") as name,
        server(Path(name), sizes.full_stack, sizes.processes) as where,
    ):
        run(where, Path(name), sizes, report)
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
