"""A Dask cluster whose workers differ: from one another, from the process that plans the run, or gone."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from sharegpt_argilla.annotation import Suggestion
from sharegpt_argilla.common.jsonl import RowLine
from sharegpt_argilla.config import load_project
from sharegpt_argilla.curation import row_stretches
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.project.enrichers import (
    EnrichOptions,
    RecordCandidate,
    numbers_plan,
    open_describer,
    open_suggestions,
)
from sharegpt_argilla.rows import Pair, build_row
from sharegpt_argilla.workflows.curate import curate
from sharegpt_argilla.workflows.extract import ExtractSummary, extract
from sharegpt_argilla.workflows.init import init
from tests.corpora.layouts import conversation
from tests.corpora.s3_server import s3_of_test
from tests.curation.rows import repeating_rows, write
from tests.embedded import PATIENCE, clean_environment, free_port, package_root, wait_until
from tests.object_server import serving

pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

TIME = "20230511 15:56:03"
StartWorker = Callable[..., None]


def can_mount() -> bool:
    """Whether this machine lets a process see another file under the same name."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    return subprocess.run([unshare, "-rm", "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0


class DaskCluster:
    """A scheduler and workers, each a process."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self._stack = stack
        self._folder = folder
        self._names = 0
        self.workers: list[subprocess.Popen[bytes]] = []
        options = ("--host", self.address, "--no-dashboard", "--no-jupyter")
        self.scheduler = self._start([sys.executable, "-m", "distributed.cli.dask_scheduler", *options])

    def worker(self, *, package: Path | None = None, shell: str = "") -> None:
        """Start a worker with one thread; with another package, or after a line of shell in its own mounts."""
        self._names += 1
        command = [sys.executable, "-m", "distributed.cli.dask_worker", self.address, "--nthreads", "1"]
        command += ["--no-nanny", "--no-dashboard", "--name", f"worker{self._names}"]
        if shell:
            command = ["unshare", "-rm", "sh", "-c", f'{shell} && exec "$@"', "sh", *command]
        self.workers.append(self._start(command, package))

    def ready(self) -> None:
        """Wait until every worker is there."""
        from distributed import Client

        with Client(self.address, timeout=f"{PATIENCE}s") as client:
            client.wait_for_workers(self._names, timeout=PATIENCE)

    def connected(self) -> int:
        """How many workers there are now."""
        from distributed import Client

        with Client(self.address, timeout=f"{PATIENCE}s") as client:
            return len(client.nthreads())

    def workers_of(self, count: int) -> None:
        """Start so many more, as this package is, and wait for all."""
        for _ in range(count):
            self.worker()
        self.ready()

    def _start(self, command: list[str], package: Path | None = None) -> subprocess.Popen[bytes]:
        aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        environment = clean_environment() | aws | {"PYTHONPATH": str(package or package_root())}
        process = subprocess.Popen(
            command,
            cwd=self._folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DaskCluster]:
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with ExitStack() as stack:
        yield DaskCluster(stack, elsewhere)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "raw.jsonl"
    records = (conversation(f"h: question {n}", "g: " + "long answer " * 9, identity=f"c{n}") for n in range(400))
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def run(
    corpus: Path | str,
    output: str,
    scheduler: str | None = None,
    shard_size: int = 5000,
    on_progress: Callable[[int], None] | None = None,
) -> ExtractSummary:
    return extract(
        [corpus],
        "vicuna",
        output,
        create_time=TIME,
        shard_size=shard_size,
        scheduler=scheduler,
        on_progress=on_progress,
    )


@pytest.mark.skipif(not can_mount(), reason="this machine lets nobody mount a file over another")
def test_a_worker_with_a_shorter_copy_leaves_its_shards_to_the_others(cluster: DaskCluster, corpus: Path) -> None:
    short = corpus.with_name("short.jsonl")
    short.write_bytes(corpus.read_bytes()[: corpus.stat().st_size // 2])
    cluster.worker(shell=f"mount --bind {short} {corpus}")
    cluster.ready()
    with pytest.raises(InputError, match=rf"^on .+: {corpus}: has 43,090 bytes and not 86,180; every worker"):
        run(corpus, "away.jsonl", cluster.address)
    assert not Path("away.jsonl").exists()
    cluster.workers_of(2)
    alone, away = run(corpus, "alone.jsonl"), run(corpus, "away.jsonl", cluster.address)
    assert away.counts == alone.counts
    assert Path("away.jsonl").read_bytes() == Path("alone.jsonl").read_bytes()


def test_workers_read_a_url_by_themselves(cluster: DaskCluster, corpus: Path) -> None:
    cluster.worker()
    cluster.ready()
    run(corpus, "alone.jsonl")
    with serving() as server:
        server.files["raw.jsonl"] = corpus.read_bytes()
        url = f"{server.url}raw.jsonl"
        away = run(url, "away.jsonl", cluster.address)
    assert away.shards > 10
    assert Path("away.jsonl").read_bytes() == Path("alone.jsonl").read_bytes()


@pytest.mark.skipif(not can_mount(), reason="this machine lets nobody mount a file over another")
def test_a_copy_of_the_same_size_with_another_content_is_refused(cluster: DaskCluster, corpus: Path) -> None:
    other = corpus.with_name("other.jsonl")
    other.write_bytes(corpus.read_bytes().replace(b"question 399", b"question 999"))
    cluster.worker(shell=f"mount --bind {other} {corpus}")
    cluster.ready()
    with pytest.raises(InputError, match="has another content; every worker must see the same file"):
        run(corpus, "away.jsonl", cluster.address)


def test_a_worker_with_another_version_makes_no_rows(cluster: DaskCluster, corpus: Path, tmp_path: Path) -> None:
    package = tmp_path / "other" / "sharegpt_argilla"
    shutil.copytree(package_root() / "sharegpt_argilla", package, ignore=shutil.ignore_patterns("__pycache__"))
    rows = package / "rows.py"
    rows.write_text(rows.read_text("utf-8").replace("md5(encode(content)", 'md5(b"x" + encode(content)'), "utf-8")
    cluster.worker(package=package.parent)
    cluster.ready()
    with pytest.raises(InputError, match="another version of sharegpt-argilla"):
        run(corpus, "away.jsonl", cluster.address)
    cluster.workers_of(2)
    run(corpus, "away.jsonl", cluster.address)
    run(corpus, "alone.jsonl")
    assert Path("away.jsonl").read_bytes() == Path("alone.jsonl").read_bytes()


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A rows file of some twenty stretches."""
    path = write(Path("rows.jsonl"), repeating_rows())
    monkeypatch.setattr(row_stretches, "STRETCH", path.stat().st_size // 20)
    return path


def test_workers_curate_stretches_with_one_killed(cluster: DaskCluster, rows: Path) -> None:
    cluster.workers_of(3)
    killed: list[int] = []

    def kill(_lines: int) -> None:
        if not killed:
            victim = cluster.workers[0]
            killed.append(victim.pid)
            psutil.Process(victim.pid).send_signal(signal.SIGKILL)

    alone = curate(rows, "alone.jsonl", drop=["duplicate"])
    away = curate(rows, "away.jsonl", drop=["duplicate"], scheduler=cluster.address, on_progress=kill)
    assert killed
    assert alone.report["checks"]["duplicate"]["dropped"] > 20
    assert away.report == alone.report
    assert Path("away.jsonl").read_bytes() == Path("alone.jsonl").read_bytes()


def test_two_of_three_workers_killed_at_once(cluster: DaskCluster, corpus: Path, rows: Path) -> None:
    cluster.workers_of(3)
    victims = [psutil.Process(worker.pid) for worker in cluster.workers]

    def kill_two() -> None:
        while len(victims) > 1:
            victims.pop().send_signal(signal.SIGKILL)

    alone = run(corpus, "alone.jsonl")
    away = run(corpus, "away.jsonl", cluster.address, on_progress=lambda _bytes: kill_two())
    assert len(victims) == 1
    assert (away.shards, away.counts) == (17, alone.counts)
    assert Path("away.jsonl").read_bytes() == Path("alone.jsonl").read_bytes()
    cluster.worker()
    cluster.worker()
    wait_until(lambda: cluster.connected() == 3, "the new workers are there")
    victims += [psutil.Process(worker.pid) for worker in cluster.workers[3:]]
    alone_curated = curate(rows, "alone-curated.jsonl", drop=["duplicate"])
    curated = curate(
        rows,
        "curated.jsonl",
        drop=["duplicate"],
        scheduler=cluster.address,
        on_progress=lambda _lines: kill_two(),
    )
    assert len(victims) == 1
    assert curated.report == alone_curated.report
    assert Path("curated.jsonl").read_bytes() == Path("alone-curated.jsonl").read_bytes()


def test_workers_measure_texts_where_their_code_is_the_same(cluster: DaskCluster, tmp_path: Path) -> None:
    package = tmp_path / "other" / "sharegpt_argilla"
    shutil.copytree(package_root() / "sharegpt_argilla", package, ignore=shutil.ignore_patterns("__pycache__"))
    with (package / "descriptives" / "text_statistics.py").open("a", encoding="utf-8") as file:
        file.write("\nNEWER = True\n")
    cluster.worker(package=package.parent)
    cluster.ready()
    init(tmp_path / "project")
    config = load_project(tmp_path / "project" / "dataset-config.yml").config
    plan = numbers_plan(config)
    texts = [f"{'kettle ' * number}end {number}. Next." for number in range(200)]
    away = EnrichOptions(cache=None, scheduler=cluster.address)
    with open_describer(config, plan, away) as describer:
        with pytest.raises(InputError, match=r"^on .+: another version of sharegpt-argilla, spaCy"):
            describer.describe(texts)
        cluster.workers_of(2)
        measured = describer.describe(texts)
    with open_describer(config, plan, EnrichOptions(cache=None)) as describer:
        assert describer.describe(texts) == measured


def test_workers_suggest_where_their_rules_are_the_same(cluster: DaskCluster, tmp_path: Path) -> None:
    package = tmp_path / "other" / "sharegpt_argilla"
    shutil.copytree(package_root() / "sharegpt_argilla", package, ignore=shutil.ignore_patterns("__pycache__"))
    with (package / "suggestions" / "intent_rules.toml").open("a", encoding="utf-8") as file:
        file.write("\n# newer\n")
    cluster.worker(package=package.parent)
    cluster.ready()
    init(tmp_path / "project")
    path = tmp_path / "project" / "dataset-config.yml"
    path.write_text(path.read_text("utf-8").replace("# - {type: moderation,", "- {type: moderation,"), "utf-8")
    project = load_project(path)
    assert {section.type for section in project.config.suggestions} == {"intent_rules", "moderation"}

    def suggested(options: EnrichOptions) -> list[list[Suggestion]]:
        prompts = [f"{'Rephrase' if number % 3 else 'Read'} letter {number}" for number in range(200)]
        scores = [{"openai_moderation": {"scores": {"violence": number / 200}}} for number in range(200)]
        rows = [build_row(Pair(prompt, "", "c", 1, "vicuna", "s", "human", ""), TIME) for prompt in prompts]
        lines = [RowLine(number, "", row) for number, row in enumerate(rows, 1)]
        candidates = [
            RecordCandidate(line, row, extension, {})
            for line, row, extension in zip(lines, rows, scores, strict=True)
        ]
        with open_suggestions(project, options, []) as suggestions:
            suggestions.enrich(candidates)
        return [candidate.suggestions for candidate in candidates]

    away = EnrichOptions(cache=None, scheduler=cluster.address)
    with pytest.raises(InputError, match=r"^on .+: another version of sharegpt-argilla, numpy"):
        suggested(away)
    cluster.workers_of(2)
    alone = suggested(EnrichOptions(cache=None))
    assert sum(map(len, alone)) > 200
    assert suggested(away) == alone


@pytest.mark.skipif(not can_mount(), reason="this machine lets nobody mount a file over another")
def test_a_worker_that_does_not_see_the_folder_leaves_its_shards_to_the_others(
    cluster: DaskCluster, corpus: Path, rows: Path
) -> None:
    folder = Path("out")
    folder.mkdir()
    cluster.worker(shell=f"mount -t tmpfs none {folder.resolve()}")
    cluster.ready()
    with pytest.raises(
        InputError, match=r"^on .+: .+/out/\.away\.jsonl\.work.+: cannot be written: No such"
    ) as raised:
        run(corpus, "out/away.jsonl", cluster.address)
    with pytest.raises(InputError, match=r"^on .+: .+/out/\.curated\.jsonl\..+: cannot be written: No such file"):
        curate(rows, "out/curated.jsonl", scheduler=cluster.address)
    assert "\n" not in str(raised.value)
    assert list(folder.iterdir()) == []
    cluster.workers_of(2)
    run(corpus, "out/away.jsonl", cluster.address)
    run(corpus, "alone.jsonl")
    assert Path("out/away.jsonl").read_bytes() == Path("alone.jsonl").read_bytes()
    alone = curate(rows, "curated.jsonl", drop=["duplicate"])
    assert curate(rows, "out/curated.jsonl", drop=["duplicate"], scheduler=cluster.address).report == alone.report
    assert Path("out/curated.jsonl").read_bytes() == Path("curated.jsonl").read_bytes()


@pytest.mark.parametrize("fault", ["busy", "cut"])
def test_three_workers_on_s3_that_fails_for_a_while(
    cluster: DaskCluster, corpus: Path, rows: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    s3fs = pytest.importorskip("s3fs")
    with s3_of_test(monkeypatch) as server:
        cluster.workers_of(3)
        for path in (corpus, rows):
            s3fs.S3FileSystem().put(str(path), f"chats/{path.name}")
        run(corpus, "alone.jsonl")
        curate(rows, "curated.jsonl")
        server.every = 5
        server.spoil[fault] = 4
        away = run("s3://chats/raw.jsonl", "s3://chats/away.jsonl", cluster.address)
        assert (server.spoiled, away.shards) == (4, 17)
        server.spoil[fault] = 4
        curate("s3://chats/rows.jsonl", "s3://chats/curated.jsonl", scheduler=cluster.address)
        assert server.spoiled == 8
        system = s3fs.S3FileSystem(use_listings_cache=False)
        assert system.cat("chats/away.jsonl") == Path("alone.jsonl").read_bytes()
        assert system.cat("chats/curated.jsonl") == Path("curated.jsonl").read_bytes()


def test_workers_with_other_checks_curate_nothing(cluster: DaskCluster, rows: Path, tmp_path: Path) -> None:
    package = tmp_path / "other" / "sharegpt_argilla"
    shutil.copytree(package_root() / "sharegpt_argilla", package, ignore=shutil.ignore_patterns("__pycache__"))
    checks = package / "curation" / "checks" / "duplicate_checks.py"
    checks.write_text(checks.read_text("utf-8").replace("SHINGLE = 3", "SHINGLE = 4"), "utf-8")
    cluster.worker(package=package.parent)
    cluster.ready()
    with pytest.raises(InputError, match=r"^on .+: another version of sharegpt-argilla"):
        curate(rows, "away.jsonl", scheduler=cluster.address)
    assert not Path("away.jsonl").exists()


def test_a_scheduler_that_ends_is_named(cluster: DaskCluster, corpus: Path) -> None:
    cluster.workers_of(3)
    code = (
        "import sys; from sharegpt_argilla.workflows.extract import extract; from sharegpt_argilla.errors import "
        "InputError\ntry: extract([sys.argv[1]], 'vicuna', 'away.jsonl', create_time=sys.argv[3], shard_size=300, "
        "scheduler=sys.argv[2])\nexcept InputError as error: sys.exit(str(error))"
    )
    command = [sys.executable, "-c", code, str(corpus), cluster.address, TIME]
    running = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(package_root())},
    )
    work = Path(".away.jsonl.work")
    wait_until(lambda: len(list(work.glob("*.done"))) > 3, "the first shards are done")
    psutil.Process(cluster.scheduler.pid).send_signal(signal.SIGKILL)
    _, errors = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1
    assert "the Dask scheduler no longer answers; what is done is kept" in errors.splitlines()[-1]
    assert run(corpus, "away.jsonl", shard_size=300).resumed > 3
