"""How fast export-responses is, compared with the SDK's own reading and with fetching pages and discarding them.

    python bench/export.py                     20,000 records with 2 responses each
    python bench/export.py --records 2000      fewer; the fixed cost of signing in then shows

It starts an embedded Argilla of its own, fills it, and measures in one run: the SDK's
``dataset.records(with_responses=True).to_list()``, the pages that an export reads, whole exports in pages, as from
an Argilla without the plug-in, and from the stream of a server with it, incremental ones after 1 % of the answers
changed, and the memory that exports of a fifth of the records and of all take.
"""

from __future__ import annotations

import argparse
import functools
import gc
import os
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import argilla

from sharegpt_argilla.argilla_client import responses_on_server as reader
from sharegpt_argilla.argilla_client.accounts import usernames
from sharegpt_argilla.argilla_client.connection import connect
from sharegpt_argilla.argilla_client.dataset_on_server import require_dataset
from sharegpt_argilla.project import answer_sources as sources
from sharegpt_argilla.rows import Pair, Row, build_row
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.export_responses import ExportOptions, export_responses
from sharegpt_argilla.workflows.setup_dataset import setup_dataset
from tests.embedded import EmbeddedArgilla, embedded_argilla
from tests.projects import Annotator, write_project, write_rows

SEED = 20
FLAT = 10
"""Megabytes that five times the records may cost: the index of lines, and what the allocator rounds up."""
MEASURED = """
import re, sys
from pathlib import Path
from sharegpt_argilla.project import answer_sources
from sharegpt_argilla.workflows.export_responses import export_responses
if sys.argv.pop(1) == "pages":
    answer_sources.streams_responses = lambda _client: False
export_responses(*sys.argv[1:])
# Not ru_maxrss, which begins at what the starting process had.
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""
ROUNDS = 3
WORDS = ["rain", "kettle", "write", "function", "sort", "please", "explain", "river", "number", "story", "map"]
LABELS = ["code", "chat", "open_qa", "other", "extract"]


def main() -> int:
    """Measure and print; 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000, help="how many (%(default)s)")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder, embedded_argilla(Path(folder) / "home") as server:
        return Bench(Path(folder), server, given.records).run()


class Bench:
    """One server, one project, one file of rows."""

    def __init__(self, folder: Path, server: EmbeddedArgilla, count: int) -> None:
        self.folder, self.count = folder, count
        self.home = server.home
        self.connection = Connection(server.api_url, server.api_key)
        self.project = write_project(folder, self.connection, self.home, "bench")
        setup_dataset(self.project.config, connection=self.connection, home=self.home)
        rng = random.Random(SEED)
        self.rows = [_row(rng, number) for number in range(count)]
        # As the command does; so the rows here, and the SDK, cost no measurement anything.
        gc.freeze()
        write_rows(folder / "rows.jsonl", self.rows)
        self.dataset_id = self.project.dataset_id()

    def run(self) -> int:
        """All measurements."""
        fifth = self.count // 5
        seconds = clock(lambda: self.fill(0, fifth))
        small = self.memory("pages", fifth), self.memory("stream", fifth)
        seconds += clock(lambda: self.fill(fifth, self.count))
        large = self.memory("pages", self.count), self.memory("stream", self.count)
        print(f"{self.count:,} records with 2 responses each, filled in {seconds:.0f} s\n")
        sdk, pages, rest, near = best(
            self.sdk,
            self.pages,
            lambda: self.export("pages", streams=False),
            lambda: self.export("stream", streams=True),
        )
        for what, taken in (
            ("SDK, records(with_responses=True).to_list()", sdk),
            ("the same pages, thrown away", pages),
            ("whole export in pages", rest),
            ("whole export from the stream", near),
        ):
            print(f"{what:<46}{taken:8.2f} s {self.count / taken:10,.0f} records/s")
        whole_near, whole_rest, later_near, later_rest, quiet = self.increments()
        self.export("whole", streams=True)
        same = len({(self.folder / f"{name}.jsonl").read_bytes() for name in ("stream", "pages", "whole")}) == 1
        print(f"\nwhole, with a state file, from the stream      {whole_near:8.2f} s")
        print(f"whole, with a state file, in pages             {whole_rest:8.2f} s")
        print(f"1 % changed, from the stream                   {later_near:8.2f} s")
        print(f"1 % changed, in pages (reads all answers)      {later_rest:8.2f} s")
        print(f"nothing changed, in pages                      {quiet:8.2f} s\n")
        for what, less, more in zip(("in pages", "from the stream"), small, large, strict=True):
            print(f"most memory of an export {what}: {less:.0f} MB of {fifth:,}, {more:.0f} MB of {self.count:,}")
        grown = max(more - less for less, more in zip(small, large, strict=True))
        promises = [
            (f"export {sdk / near:.1f} times as fast as the SDK (3; in pages {sdk / rest:.1f})", sdk / near >= 3),
            (f"in pages {rest / pages:.2f} times the pages alone (1.5)", rest / pages <= 1.5),
            (f"incremental {later_near / whole_near:.3f} of a whole one (0.1)", later_near / whole_near <= 0.1),
            (f"{grown:.0f} MB more memory for five times the records ({FLAT})", grown <= FLAT),
            ("incremental and whole exports have the same bytes", same),
        ]
        print()
        for text, kept in promises:
            print(f"{'ok  ' if kept else 'MISS'} {text}")
        return 0 if all(kept for _, kept in promises) else 1

    def fill(self, first: int, end: int) -> None:
        """Records with two submitted responses each, in bulk."""
        rng = random.Random(SEED + first)
        with connect(self.connection) as client:
            dataset = require_dataset(client, self.project.workspace, self.project.dataset)
            people = [
                key for key, name in usernames(client, dataset.workspace_id).items() if name in self.project.people
            ]
            for start in range(first, end, 250):
                items = [_body(rng, row, people) for row in self.rows[start : min(end, start + 250)]]
                client.post(f"/api/v1/datasets/{dataset.id}/records/bulk", {"items": items})

    def sdk(self) -> None:
        """The yardstick: what the SDK's users call."""
        client = argilla.Argilla(api_url=self.connection.api_url, api_key=self.connection.api_key)
        dataset = client.datasets(self.project.dataset, workspace=self.project.workspace)
        assert len(dataset.records(with_responses=True).to_list(flatten=False)) == self.count

    def pages(self) -> None:
        """The pages that an export reads, not even parsed."""
        with self.project.owner() as http:
            query = {
                "filters": {"and": [reader._answered(reader.SUBMITTED)]},
                "sort": [{"scope": {"entity": "record", "property": "id"}, "order": "asc"}],
            }
            for offset in range(0, self.count, reader.PAGE):
                http.post(
                    f"/api/v1/datasets/{self.dataset_id}/records/search",
                    json=query,
                    params={"offset": offset, "limit": reader.PAGE, "include": reader.INCLUDE},
                ).raise_for_status()

    def export(self, name: str, *, streams: bool, state: bool = False) -> None:
        """One run of the command's workflow."""
        sources.streams_responses = lambda client: streams
        options = ExportOptions(state=self.folder / f"{name}.state" if state else None)
        out = self.folder / f"{name}.jsonl"
        summary = export_responses(
            self.folder / "rows.jsonl", out, self.project.config, options, connection=self.connection
        )
        assert summary.annotated == self.count

    def increments(self) -> tuple[float, float, float, float, float]:
        """Seconds: whole ones that leave a state, then after 1 % changed, then over REST after nothing changed."""
        near = functools.partial(self.export, "stream", streams=True, state=True)
        rest = functools.partial(self.export, "pages", streams=False, state=True)
        whole = []
        for _ in range(ROUNDS):
            for name in ("stream", "pages"):
                (self.folder / f"{name}.state").unlink(missing_ok=True)
            whole.append((clock(near), clock(rest)))
        later = []
        for quality in range(1, ROUNDS + 1):
            self.edit(quality)
            later.append((clock(near), clock(rest), clock(rest)))
        wholes, laters = zip(*whole, strict=True), zip(*later, strict=True)
        whole_near, whole_rest = map(min, wholes)
        later_near, later_rest, quiet = map(min, laters)
        return whole_near, whole_rest, later_near, later_rest, quiet

    def memory(self, name: str, count: int) -> float:
        """Most megabytes that a process of its own had while it exported; the first ``count`` rows are there."""
        rows = write_rows(self.folder / "some.jsonl", self.rows[:count])
        environment = {
            **os.environ,
            "ARGILLA_API_URL": self.connection.api_url,
            "ARGILLA_API_KEY": self.connection.api_key,
        }
        command: list[str | Path] = [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            MEASURED,
            name,
            rows,
            self.folder / "m.jsonl",
            self.project.config,
        ]
        done = subprocess.run(
            command, env=environment, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE, check=True
        )
        return int(done.stdout) / 1000

    def edit(self, quality: int) -> None:
        """1 % of the records get another answer from one person."""
        ana: Annotator = self.project.annotator(self.project.people[0])
        own = {"type": "terms", "scope": {"entity": "response", "property": "status"}, "values": ["submitted"]}
        for record in ana.search({"filters": {"and": [own]}}, limit=max(1, self.count // 100)):
            (response,) = record["responses"]
            ana.change(response["id"], {"quality": quality, "intent": ["other"], "toxicity": "harmful"})


def clock(work: Callable[[], Any]) -> float:
    """Seconds that ``work`` took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def best(*works: Callable[[], Any]) -> list[float]:
    """The shortest of several times of each, taken by turns, so that a busy machine slows none alone."""
    rounds = [[clock(work) for work in works] for _ in range(ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def _row(rng: random.Random, number: int) -> Row:
    question, answer = (" ".join(rng.choices(WORDS, k=words)) for words in (60, 120))
    pair = Pair(f"{number} {question}", answer, f"s{number}", 1, "vicuna", "ShareGPT", "human", "gpt")
    return build_row(pair, "20230511 15:56:03")


def _body(rng: random.Random, row: Row, people: list[str]) -> dict[str, Any]:
    answers = [
        {
            "user_id": person,
            "status": "submitted",
            "values": {
                "quality": {"value": rng.randint(1, 7)},
                "intent": {"value": rng.sample(LABELS, 2)},
                "toxicity": {"value": "none"},
            },
        }
        for person in people
    ]
    fields = {"prompt": row["问"], "response": row["答"]}
    return {"external_id": row["id"], "fields": fields, "metadata": {"turn": 1}, "responses": answers}


if __name__ == "__main__":
    sys.exit(main())
