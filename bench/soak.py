"""People annotate, a lead exports, and an attacker tries to stop them: ``python -m bench.soak``.

Honest people answer what they get, with a second of thought in between; an export runs every 15 seconds, and what
the dashboard shows is read as an open one does. In the second half an attacker without an account sends slow
bodies, lists of ranges and bad sign-ins, and one with an account sends loose phrases.

Wanted, and judged in the report: the 95th percentile of honest requests at most 3 times that of the first half,
memory of the server flat within 10 % (the most in the second half next to that at the end of the first), every
acknowledged answer in the last export, and no failed request.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from sharegpt_argilla.project.project_watch import ProjectWatch
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.embedded import EmbeddedArgilla, embedded_argilla
from tests.live.rest import Rest, owner_of
from tests.projects import TestProject, read_annotations, some_rows, write_project, write_rows

MOST_SLOWER, MOST_GROWTH = 3.0, 1.10
EXPORT_EVERY, VIEW_EVERY, WEIGH_EVERY = 15.0, 5.0, 1.0


class Soak:
    """What happens, and what was measured: seconds of honest requests in each half."""

    def __init__(self, argilla: EmbeddedArgilla, project: TestProject, rows: Path, folder: Path) -> None:
        self.argilla, self.project, self.rows, self.output = argilla, project, rows, folder / "annotated.jsonl"
        self.stopping = threading.Event()
        self.half = 0
        self.times: tuple[list[float], list[float]] = ([], [])
        self.memory: tuple[list[int], list[int]] = ([], [])
        self.acknowledged: list[tuple[str, str]] = []
        self.errors: list[str] = []
        self.lock = threading.Lock()

    def timed(self, call: Callable[[], httpx.Response]) -> httpx.Response:
        """One honest request."""
        half, begin = self.half, time.monotonic()
        answer = call()
        with self.lock:
            self.times[half].append(time.monotonic() - begin)
            if not answer.is_success:
                self.errors.append(f"{answer.request.method} {answer.request.url.path}: {answer.status_code}")
        return answer

    def annotate(self, name: str, person: Rest, dataset: str, seed: int) -> None:
        """What one person does."""
        draw = random.Random(seed)
        statuses = [
            {"type": "terms", "scope": {"entity": entity, "property": "status"}, "values": ["pending"]}
            for entity in ("response", "record")
        ]
        path, query = f"/api/v1/me/datasets/{dataset}/records/search", {"filters": {"and": statuses}}
        while not self.stopping.is_set():
            page = self.timed(lambda: person.http.post(path, json=query, params={"limit": 10}))
            for item in page.json().get("items", []) if page.is_success else []:
                if self.stopping.wait(draw.uniform(0.5, 1.5)):
                    return
                values = {"quality": draw.randint(1, 7), "intent": ["chat"], "toxicity": "none"}
                body = {"status": "submitted", "values": {key: {"value": value} for key, value in values.items()}}
                url = f"/api/v1/records/{item['record']['id']}/responses"
                if self.timed(lambda url=url, body=body: person.http.post(url, json=body)).is_success:  # type: ignore[misc]
                    with self.lock:
                        self.acknowledged.append((name, item["record"]["external_id"]))

    def export(self) -> None:
        """What a lead does."""
        while not self.stopping.wait(EXPORT_EVERY):
            export_responses(self.rows, self.output, self.project.config, connection=self.project.connection)

    def watch(self) -> None:
        """What an open dashboard does."""
        view = ProjectWatch(self.project.config, self.project.connection, self.project.home)
        while not self.stopping.wait(VIEW_EVERY):
            view.view()

    def weigh(self, server: psutil.Process) -> None:
        """Note the memory of the server, for each half."""
        while not self.stopping.wait(WEIGH_EVERY):
            self.memory[self.half].append(server.memory_info().rss)

    def attack(self, insider: Rest, dataset: str) -> None:
        """What the attacker does, outside and inside."""
        url = httpx.URL(self.argilla.api_url)
        address, number = (url.host, url.port or 80), 0
        held: list[socket.socket] = []
        phrase = " | ".join(
            f'"{" ".join(random.Random(n).choices("abcdefghijklmnop", k=16))}"~900' for n in range(40)
        )
        query = {"query": {"text": {"q": phrase}}}
        with httpx.Client(base_url=url, timeout=60) as stranger:
            while not self.stopping.is_set():
                number += 1
                with suppress(httpx.HTTPError, OSError):
                    form = {"username": f"guess-{number}", "password": "wrong"}
                    stranger.post("/api/v1/token", data=form)
                    stranger.get("/", headers={"Range": "bytes=" + ",".join(f"{n}-" for n in range(5000))})
                    held = [*held[-100:], socket.create_connection(address)]
                    held[-1].sendall(
                        b"POST /api/v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000000\r\n\r\n "
                    )
                    insider.http.post(f"/api/v1/me/datasets/{dataset}/records/search", json=query)
        for connection in held:
            connection.close()


def run(people: int, records: int, seconds: float) -> dict[str, float]:
    """The figures of one soak."""
    with tempfile.TemporaryDirectory() as name, embedded_argilla(Path(name) / "home") as argilla:
        folder = Path(name)
        connection = Connection(argilla.api_url, argilla.api_key)
        project = write_project(folder, connection, argilla.home, "soak")
        names = [f"soak-{number}" for number in range(people + 1)]
        project.rewrite(people=[{"username": each} for each in names])
        rows = write_rows(folder / "rows.jsonl", some_rows(records))
        push_to_argilla(rows, project.config, connection=connection, home=argilla.home)
        with owner_of(argilla) as owner:
            everybody, dataset = owner.people(names), project.dataset_id()
        soak = Soak(argilla, project, rows, folder)
        works = [
            threading.Thread(target=soak.annotate, args=(each, everybody[each], dataset, seed))
            for seed, each in enumerate(names[:-1])
        ]
        server = psutil.Process(argilla.wait_for_child("server"))
        works += [threading.Thread(target=soak.export), threading.Thread(target=soak.watch)]
        works.append(threading.Thread(target=soak.weigh, args=(server,)))
        for work in works:
            work.start()
        time.sleep(seconds / 2)
        soak.half = 1
        attacker = threading.Thread(target=soak.attack, args=(everybody[names[-1]], dataset))
        attacker.start()
        time.sleep(seconds / 2)
        soak.stopping.set()
        for work in [*works, attacker]:
            work.join()
        export_responses(rows, soak.output, project.config, connection=connection)
        exported = {
            (response["annotator"], key)
            for key, block in read_annotations(soak.output).items()
            for response in block["responses"]
        }
        quiet, attacked = (statistics.quantiles(times, n=20)[-1] for times in soak.times)
        return {
            "requests": len(soak.times[0]) + len(soak.times[1]),
            "failed": len(soak.errors),
            "p95 quiet (s)": round(quiet, 3),
            "p95 attacked (s)": round(attacked, 3),
            "times slower": round(attacked / quiet, 2),
            "memory, times": round(max(soak.memory[1]) / soak.memory[0][-1], 3),
            "answers": len(soak.acknowledged),
            "answers lost": len(set(soak.acknowledged) - exported),
        }


def judged(figures: dict[str, float]) -> dict[str, bool]:
    """Which of the promises the figures keep."""
    return {
        f"honest requests at most {MOST_SLOWER:g} times slower": figures["times slower"] <= MOST_SLOWER,
        f"memory at most {MOST_GROWTH:g} times": figures["memory, times"] <= MOST_GROWTH,
        "every acknowledged answer exported": not figures["answers lost"] and figures["answers"] > 0,
        "no request failed": not figures["failed"],
    }


def main() -> int:
    """Print the figures and which promises they keep; 1 if one is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=600.0)
    options = parser.parse_args()
    figures = run(options.people, options.records, options.seconds)
    kept = judged(figures)
    print(json.dumps({**figures, "kept": kept}, indent=2))
    return 0 if all(kept.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
