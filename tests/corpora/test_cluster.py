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

from sharegpt_argilla.curation import row_stretches
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.workflows.curate import curate
from sharegpt_argilla.workflows.extract import ExtractSummary, extract
from tests.corpora.layouts import conversation
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

    def _start(self, command: list[str], package: Path | None = None) -> subprocess.Popen[bytes]:
        environment = clean_environment() | {"PYTHONPATH": str(package or package_root())}
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


def run(corpus: Path | str, output: str, scheduler: str | None = None, shard_size: int = 5000) -> ExtractSummary:
    return extract([corpus], "vicuna", output, create_time=TIME, shard_size=shard_size, scheduler=scheduler)


@pytest.mark.skipif(not can_mount(), reason="this machine lets nobody mount a file over another")
def test_a_worker_with_a_shorter_copy_leaves_its_shards_to_the_others(cluster: DaskCluster, corpus: Path) -> None:
    short = corpus.with_name("short.jsonl")
    short.write_bytes(corpus.read_bytes()[: corpus.stat().st_size // 2])
    cluster.worker(shell=f"mount --bind {short} {corpus}")
    cluster.ready()
    with pytest.raises(InputError, match=rf"^on .+: {corpus}: has 43,090 bytes and not 86,180; every worker"):
        run(corpus, "away.jsonl", cluster.address)
    assert not Path("away.jsonl").exists()
    cluster.worker()
    cluster.ready()
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
    cluster.worker()
    cluster.ready()
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
    for _ in range(3):
        cluster.worker()
    cluster.ready()
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
    cluster.worker()
    cluster.ready()
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
