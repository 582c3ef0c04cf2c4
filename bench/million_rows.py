"""A whole project of a million rows on the embedded Argilla: ``python -m bench.million_rows``.

Made-up rows of some 500 characters are planned for 20 people (one for each record) and loaded with the shipped
project. Then what people, a lead and whoever runs the server do is measured once each: seconds, the most memory of
the command, memory of the server and size of the home folder. Wanted, and judged in the report: no command takes
500 MB or more, none fails, and every answer is in the export.

A load that was cut off is resumed with the same ``--folder``, which is kept. Without one all is removed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import yaml

from sharegpt_argilla.rows import Pair, build_row, dump_row
from sharegpt_argilla.settings import Home, find_password, read_json
from tests.embedded import EmbeddedArgilla, embedded_argilla
from tests.live.rest import Rest, signed_in

ROOT = Path(__file__).parent.parent
PEOPLE, ANSWERS, MOST_MEMORY, SEED = 20, 100, 500.0, 7
PATIENCE = 3600.0
WORDS = [f"word{number}" for number in range(20_000)]
_FREQUENCIES = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(WORDS))))
LOOK = """
import sys
from pathlib import Path
from sharegpt_argilla.project.project_watch import ProjectWatch
from sharegpt_argilla.settings import Home, connection_of
home = Home(Path(sys.argv[1]))
ProjectWatch(Path("dataset-config.yml"), connection_of(home), home).view()
"""


class Measures:
    """What was done, and what it took."""

    def __init__(self, argilla: EmbeddedArgilla, folder: Path) -> None:
        self.argilla, self.folder = argilla, folder
        self.most_memory, self.failed = 0.0, 0

    def command(self, name: str, *arguments: str, program: tuple[str, ...] = ("-m", "sharegpt_argilla")) -> None:
        """Run a command in the project; its time, the most memory of its largest process, and the server's."""
        environment = {**os.environ, "ARGILLA_HOME_PATH": str(self.argilla.home.path), "PYTHONPATH": str(ROOT)}
        begin = time.monotonic()
        with subprocess.Popen([sys.executable, *program, *arguments], cwd=self.folder, env=environment) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        megabytes = usage.ru_maxrss / 1024
        self.most_memory = max(self.most_memory, megabytes)
        self.failed += process.returncode != 0
        self.report(name, time.monotonic() - begin, f"{megabytes:,.0f} MB, exit {process.returncode}")

    def call(self, name: str, work: Callable[[], Any]) -> Any:
        """Time a call; returns what it returns."""
        begin = time.monotonic()
        done = work()
        self.report(name, time.monotonic() - begin)
        return done

    def report(self, name: str, seconds: float, more: str = "") -> None:
        """Print a line."""
        home = self.argilla.home.path
        size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file()) / 1e9
        server = self.argilla.child_pid("server")
        memory = psutil.Process(server).memory_info().rss / 2**20 if server and psutil.pid_exists(server) else 0
        print(f"{name:<40}{seconds:10.2f} s  server {memory:,.0f} MB, home {size:.2f} GB  {more}", flush=True)


def write_rows(path: Path, count: int) -> None:
    """Made-up rows, always the same; three turns to a conversation."""
    generator = random.Random(SEED)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            prompt, response = (_text(generator, *words) for words in ((15, 35), (45, 75)))
            pair = Pair(
                f"{number} {prompt}", response, f"s{number // 3}", number % 3 + 1, "vicuna", "ShareGPT", "", ""
            )
            file.write(dump_row(build_row(pair, "20230511 15:56:03")) + "\n")


def _text(generator: random.Random, least: int, most: int) -> str:
    words = generator.choices(WORDS, cum_weights=_FREQUENCIES, k=generator.randint(least, most))
    return " ".join(words).capitalize() + "."


def write_project(folder: Path) -> None:
    """The project that ships, with a plan for 20 people."""
    content = yaml.safe_load((ROOT / "dataset-config.yml").read_text(encoding="utf-8"))
    content["people"] = [{"username": f"p{number:02d}"} for number in range(PEOPLE)]
    content["assignment"] = {"mode": "queue", "overlap": 1, "calibration": {"share": 0}}
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    (folder / "dataset-config.yml").write_text(text, encoding="utf-8")
    (folder / "guidelines.md").write_bytes((ROOT / "guidelines.md").read_bytes())


def annotate(measures: Measures) -> int:
    """What one person does on the page; returns how many answers were taken."""
    argilla = measures.argilla
    password = find_password(Home(argilla.home.path), "p00", argilla.api_url)
    assert password
    with signed_in(argilla.api_url, "p00", password) as person:
        person.http.timeout = PATIENCE
        (dataset,) = person("GET", "/me/datasets")["items"]
        measures.call("the page's progress", lambda: person("GET", f"/me/datasets/{dataset['id']}/metrics"))
        queue = measures.call("the page's first records", lambda: _search(person, dataset["id"], _pending(), 10))
        measures.call("again", lambda: _search(person, dataset["id"], _pending(), 10))
        for text in ("word700", "word3", '"word3 word1"'):
            query = {**_pending(), "query": {"text": {"q": text}}}
            measures.call(f"a search for {text}", partial(_search, person, dataset["id"], query, 10))
        queue = _search(person, dataset["id"], _pending(), ANSWERS)
        measures.call(f"{len(queue)} answers", lambda: [_answer(person, item) for item in queue])
        return len(queue)


def _pending() -> dict[str, Any]:
    statuses = [
        {"type": "terms", "scope": {"entity": entity, "property": "status"}, "values": ["pending"]}
        for entity in ("response", "record")
    ]
    return {"filters": {"and": statuses}}


def _search(person: Rest, dataset: str, query: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    page = person("POST", f"/me/datasets/{dataset}/records/search", query, limit=limit, include="responses")
    items: list[dict[str, Any]] = page["items"]
    return items


def _answer(person: Rest, item: dict[str, Any]) -> None:
    person.answer(item["record"]["id"], quality=6, intent=["chat"], toxicity="none")


def run(folder: Path, count: int) -> bool:
    """Print what each step took; whether all promises are kept."""
    rows = folder / "rows.jsonl"
    if not rows.exists():
        write_rows(rows, count)
        write_project(folder)
    with embedded_argilla(folder / "home", _port(Home(folder / "home"))) as argilla:
        measures = Measures(argilla, folder)
        measures.command("push-to-argilla", "push-to-argilla", "rows.jsonl", "--workers", "2", "--quiet")
        measures.command("plan", "plan", "rows.jsonl", "--quiet")
        answers = annotate(measures)
        measures.command("the dashboard's first look", str(argilla.home.path), program=("-c", LOOK))
        export = ("export-responses", "rows.jsonl", "-o", "annotated.jsonl", "--state", "export.state", "--quiet")
        measures.command("export", *export)
        answers += annotate(measures)
        measures.command("export, incremental", *export)
        measures.command("backup", "backup", "copy", "--quiet")
        measures.command("restore", "restore", "copy", "--home", "restored", "--quiet")
        measures.call("stop", argilla.stop)
        measures.call("start", argilla.start)
        annotate(measures)
    with (folder / "annotated.jsonl").open(encoding="utf-8") as file:
        exported = sum("标注" in line for line in file)
    promises = {
        f"a command takes at most {MOST_MEMORY:.0f} MB ({measures.most_memory:,.0f})": measures.most_memory
        < MOST_MEMORY,
        f"none fails ({measures.failed})": not measures.failed,
        f"every answer is exported ({exported} of {answers})": exported >= answers,
    }
    print(json.dumps(promises, indent=2, ensure_ascii=False))
    return all(promises.values())


def _port(home: Home) -> int | None:
    """That of an earlier run: passwords are kept for an address."""
    return urlsplit(str(read_json(home.server)["api_url"])).port if home.server.exists() else None


@contextmanager
def _working_folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="bench-million-") as name:
        yield Path(name)


def main() -> int:
    """Print the measures; 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with _working_folder(options.folder) as folder:
        return 0 if run(folder, options.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
