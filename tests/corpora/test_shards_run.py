"""Runs in shards: any number of workers, killed and resumed, refused when something changed."""

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.corpora.pairing.pairing import Counts
from sharegpt_argilla.corpora.run import conversion, shards
from sharegpt_argilla.corpora.run.run_plan import Shard
from sharegpt_argilla.corpora.run.shard_results import ShardFiles
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.workflows.extract import extract
from tests.corpora.layouts import conversation, json_lines, pretty_array
from tests.embedded import PATIENCE, wait_until

TIME = "20230511 15:56:03"
SHARD = 3000


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def split_records(count: int) -> list[dict[str, Any]]:
    """Conversations, every third in two pieces far apart, some damaged or open at an end."""
    pieces, rest = [], []
    for number in range(count):
        name = f"c{number:06}"
        if number % 3 == 0:
            pieces.append(conversation(f"h: q{number}", f"g: a{number}", f"h: r{number}", identity=f"{name}_0"))
            if number % 4:
                rest.append(conversation(f"g: b{number}", f"h: s{number}", "g: c", identity=f"{name}_3"))
        elif number % 50 == 7:
            pieces.append({"id": name, "text": "no conversation"})
        else:
            pieces.append(conversation(f"h: q{number}", "g: " + "long answer " * (number % 9), identity=name))
    rest.append(conversation("g: nobody asked", identity="x000000_5"))
    return pieces + rest


@pytest.fixture
def corpus(folder: Path) -> Path:
    path = Path("raw.json")
    text = pretty_array(split_records(240))[0]
    path.write_text(text.replace('"id": "c000100"', '"id": c000100'), encoding="utf-8")
    return path


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"raw.json"}


def run(corpus: Path, output: str = "rows.jsonl", **options: Any) -> Any:
    return extract([corpus], "vicuna", output, **{"create_time": TIME, "shard_size": SHARD, **options})


def rows(path: str) -> list[str]:
    return Path(path).read_text("utf-8").splitlines()


def test_shards_give_the_rows_of_the_whole_file(corpus: Path) -> None:
    whole = run(corpus, "whole.jsonl", shard_size=10**9, rejects="whole.rejects")
    cut = run(corpus, rejects="cut.rejects")
    assert (whole.shards, cut.shards > 10, cut.resumed) == (1, True, 0)
    assert sorted(rows("rows.jsonl")) == sorted(rows("whole.jsonl"))
    assert cut.counts == whole.counts
    assert cut.counts.stitched > 30
    assert cut.counts.answers_dropped == 1
    assert Path("cut.rejects").read_bytes() == Path("whole.rejects").read_bytes()
    assert cut.first_rejections == whole.first_rejections
    lines = corpus.read_text("utf-8").splitlines()
    for reject in map(json.loads, rows("cut.rejects")):
        assert lines[reject["line"] - 1].strip() == reject["raw"].splitlines()[0]


def test_the_output_does_not_depend_on_the_number_of_workers(corpus: Path, folder: Path) -> None:
    alone = run(corpus, "one.jsonl", rejects="one.rejects")
    read: list[int] = []
    two = run(corpus, "two.jsonl", rejects="two.rejects", workers=2, on_progress=read.append)
    assert Path("one.jsonl").read_bytes() == Path("two.jsonl").read_bytes()
    assert Path("one.rejects").read_bytes() == Path("two.rejects").read_bytes()
    assert (alone.counts, alone.first_id, alone.rows) == (two.counts, two.first_id, two.rows)
    assert sum(read) == corpus.stat().st_size
    assert visible(folder) == {"one.jsonl", "two.jsonl", "one.rejects", "two.rejects"}


def test_a_dry_run_and_standard_output_give_the_same(corpus: Path, folder: Path, capfdbinary: Any) -> None:
    real = run(corpus)
    for workers in (1, 2):
        dry = run(corpus, "none.jsonl", dry_run=True, workers=workers)
        assert (dry.rows, dry.counts, dry.first_id) == (real.rows, real.counts, real.first_id)
        assert run(corpus, "-", workers=workers).outputs == ["-"]
        assert capfdbinary.readouterr().out == Path("rows.jsonl").read_bytes()
    assert visible(folder) == {"rows.jsonl", "rejected.jsonl"}


def test_files_of_limited_size_from_shards(corpus: Path) -> None:
    run(corpus, "whole.jsonl")
    parts = run(corpus, max_size=20_000).outputs
    assert len(parts) > 3
    assert all(Path(part).stat().st_size <= 20_000 for part in parts)
    assert b"".join(Path(part).read_bytes() for part in parts) == Path("whole.jsonl").read_bytes()


def test_pending_pairs_beyond_what_memory_may_hold_are_completed(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(corpus, "whole.jsonl", shard_size=10**9)
    monkeypatch.setattr(conversion, "SPILL", 100)
    spilled = run(corpus, shard_size=10**9)
    assert spilled.counts == whole.counts
    assert sorted(rows("rows.jsonl")) == sorted(rows("whole.jsonl"))


# Killed


SCRIPT = """
import sys
from sharegpt_argilla.workflows.extract import extract
if __name__ == "__main__":
    extract(["raw.json"], "vicuna", "rows.jsonl", shard_size=3000, workers=int(sys.argv[1]))
"""


def start(workers: int) -> subprocess.Popen[bytes]:
    Path("run.py").write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen([sys.executable, "run.py", str(workers)], env=environment, start_new_session=True)


def wait_for_shards(process: subprocess.Popen[bytes], count: int) -> None:
    """Until so many shards are done, or the run is."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and len(list(Path(".rows.jsonl.work").glob("*.done"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.mark.parametrize("crews", [(1,), (2,), (1, 2), (2, 1)])
def test_a_killed_run_resumes_to_the_same_bytes(corpus: Path, crews: tuple[int, ...]) -> None:
    corpus.write_text(pretty_array(split_records(1500))[0], encoding="utf-8")
    chance = random.Random(str(crews))
    kills = 0
    for number in range(4):
        process = start(crews[number % len(crews)])
        there = len(list(Path(".rows.jsonl.work").glob("*.done")))
        wait_for_shards(process, there + chance.randint(1, 12))
        # The workers are left alone: they have to notice by themselves.
        process.kill()
        kills += process.wait() == -signal.SIGKILL
    assert kills >= 1
    assert not Path("rows.jsonl").exists()
    planned = json.loads(Path(".rows.jsonl.work/plan.json").read_text())["create_time"]
    summary = run(corpus, create_time=None, workers=crews[0])
    assert 0 < summary.resumed < summary.shards
    run(corpus, "undisturbed.jsonl", create_time=planned, rejects="undisturbed.rejects")
    assert Path("rows.jsonl").read_bytes() == Path("undisturbed.jsonl").read_bytes()
    assert Path("rejected.jsonl").read_bytes() == Path("undisturbed.rejects").read_bytes()
    assert not Path(".rows.jsonl.work").exists()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_workers_end_with_a_killed_parent(corpus: Path) -> None:
    corpus.write_text(pretty_array(split_records(3000))[0], encoding="utf-8")
    process = start(2)
    wait_for_shards(process, 1)
    workers = children(process.pid)
    process.kill()
    process.wait()
    assert len(workers) >= 2
    deadline = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{worker}/cmdline").is_file() and alive(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_that_dies_is_one_line_and_the_run_resumes(corpus: Path) -> None:
    corpus.write_text(pretty_array(split_records(3000))[0], encoding="utf-8")
    source = SCRIPT.replace(
        "    extract(", "    from sharegpt_argilla.errors import InputError\n    try: extract("
    )
    Path("run.py").write_text(source + "    except InputError as error: sys.exit(str(error))\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen(
        [sys.executable, "run.py", "2"], env=environment, stderr=subprocess.PIPE, start_new_session=True
    )
    wait_for_shards(process, 1)
    victims = [pid for pid in children(process.pid) if "tracker" not in Path(f"/proc/{pid}/cmdline").read_text()]
    os.kill(victims[-1], signal.SIGKILL)
    _, message = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert message.decode().startswith("a worker process died, perhaps for want of memory; what is done is kept")
    assert message.count(b"\n") == 1
    assert run(corpus, create_time=None).resumed > 0


# A run that stopped in the middle


@pytest.fixture
def stopped(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An unfinished run of ``corpus``: Ctrl-C after five shards."""
    real = conversion.convert

    def stop(folder: str, shard: Any, *arguments: Any, **more: Any) -> int:
        if shard.number == 5:
            raise KeyboardInterrupt
        return real(folder, shard, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(shards, "convert", stop)
        with pytest.raises(KeyboardInterrupt):
            run(corpus, create_time=None)
    return corpus


def test_what_is_done_is_not_done_again(stopped: Path) -> None:
    plan = Path(".rows.jsonl.work/plan.json").read_bytes()
    assert run(stopped, create_time=None).resumed == 5
    time_of_plan = json.loads(plan)["create_time"]
    assert {json.loads(row)["元数据"]["create_time"] for row in rows("rows.jsonl")} == {time_of_plan}


def test_the_default_output_resumes_too(stopped: Path, folder: Path) -> None:
    Path(".rows.jsonl.work").rename(".shareGPT_vicuna_2020-01-02-03-04-05.jsonl.work")
    summary = extract([stopped], "vicuna", shard_size=SHARD)
    assert (summary.resumed, summary.outputs) == (5, ["shareGPT_vicuna_2020-01-02-03-04-05.jsonl"])
    assert visible(folder) == {"shareGPT_vicuna_2020-01-02-03-04-05.jsonl", "rejected.jsonl"}


def test_shared_rows_that_are_cut_off_are_done_again(stopped: Path) -> None:
    path = Path(".rows.jsonl.work/shared.rows")
    path.write_bytes(path.read_bytes()[:-1])
    planned = json.loads(Path(".rows.jsonl.work/plan.json").read_text())["create_time"]
    assert run(stopped, create_time=None).resumed == 4
    run(stopped, "undisturbed.jsonl", create_time=planned)
    assert Path("rows.jsonl").read_bytes() == Path("undisturbed.jsonl").read_bytes()


def convert_all_but_one(folder: str, shard: Shard, *arguments: Any, **more: Any) -> int:
    if shard.number == 5:
        wait_until(Path(folder, "000006.done").exists, "the shard after it is done")
        raise InputError("stopped")
    return conversion.convert(folder, shard, *arguments, **more)


@pytest.fixture
def stopped_workers(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An unfinished run of ``corpus`` by two workers: the sixth shard failed when the seventh was done."""
    with monkeypatch.context() as patch:
        patch.setattr(shards, "convert", convert_all_but_one)
        with pytest.raises(InputError, match="stopped"):
            run(corpus, create_time=None, workers=2)
    return corpus


def spoil_rows(work: Path) -> None:
    path = work / "000006.rows"
    path.write_bytes(path.read_bytes()[:-1])


def restart_machine(work: Path) -> None:
    """As far as the marker says that it is another start."""
    path = work / "000006.done"
    path.write_text(json.dumps({**json.loads(path.read_text()), "boot": "another"}))


@pytest.mark.parametrize("spoil", [spoil_rows, restart_machine])
@pytest.mark.parametrize("workers", [1, 2])
def test_rows_that_a_worker_may_have_lost_are_done_again(
    stopped_workers: Path, spoil: Callable[[Path], None], workers: int
) -> None:
    """Shards that workers did have a file of their own until their rows can be moved to the output."""
    corpus, work = stopped_workers, Path(".rows.jsonl.work")
    moved = [number for number in range(5) if not (work / f"{number:06}.rows").exists()]
    assert moved == list(range(len(moved)))
    assert (work / "000006.rows").exists()
    spoil(work)
    done = len(list(work.glob("*.done")))
    planned = json.loads(Path(".rows.jsonl.work/plan.json").read_text())["create_time"]
    assert run(corpus, create_time=None, workers=workers).resumed == done - 1
    run(corpus, "undisturbed.jsonl", create_time=planned)
    assert Path("rows.jsonl").read_bytes() == Path("undisturbed.jsonl").read_bytes()


@pytest.mark.parametrize("part", ["000002.rejects", "000002.pending", "000002.done"])
def test_a_part_that_is_damaged_is_done_again(stopped: Path, part: str) -> None:
    path = Path(".rows.jsonl.work") / part
    before = path.read_bytes() if path.exists() else b""
    path.write_bytes(before[: len(before) // 2] if before else b"{}")
    planned = json.loads(Path(".rows.jsonl.work/plan.json").read_text())["create_time"]
    assert run(stopped, create_time=None).resumed == 4
    run(stopped, "undisturbed.jsonl", create_time=planned)
    assert Path("rows.jsonl").read_bytes() == Path("undisturbed.jsonl").read_bytes()


WRONG = [None, 7, 1.5, "x", [], {}, ["x"], [[]], {"x": {}}]
"""What damage, or somebody's editor, leaves in place of a value."""


def spoiled(document: Any) -> Iterator[Any]:
    """Copies of a JSON document, each with one value, or one part, that is wrong; of lists the first two items."""
    keys = list(document) if isinstance(document, dict) else range(len(document))[:2]
    for key in keys:
        value = document[key]
        parts = spoiled(value) if isinstance(value, dict | list) else ()
        for wrong in (*WRONG, *parts):
            if wrong != value:
                copy = document.copy()
                copy[key] = wrong
                yield copy


def test_a_plan_with_a_wrong_value_is_refused_in_one_line(stopped: Path) -> None:
    """A list in place of an object was a traceback; a time that is none got into the rows."""
    path = Path(".rows.jsonl.work/plan.json")
    for damaged in spoiled(json.loads(path.read_text())):
        path.write_text(json.dumps(damaged))
        with pytest.raises(UsageError, match=r"^\S+\.work contains an unfinished run, but .*--restart to discard"):
            run(stopped, create_time=None)
        assert json.loads(path.read_text()) == damaged
    assert len(list(Path(".rows.jsonl.work").glob("*.done"))) == 5


def test_a_work_folder_without_a_readable_plan_is_begun_again(stopped: Path, folder: Path) -> None:
    work = Path(".rows.jsonl.work")
    for left in ("[" * 100_000, "[]", "{"):
        (work / "plan.json").write_text(left)
        assert run(stopped).resumed == 0
        work.mkdir()
    (work / "plan.json").mkdir()
    assert run(stopped).resumed == 0
    assert visible(folder) == {"rows.jsonl", "rejected.jsonl"}


def test_a_marker_with_a_wrong_value_is_no_marker(stopped: Path) -> None:
    marker = Path(".rows.jsonl.work/000002.done")
    stored = json.loads(marker.read_text())
    stored["rejections"] = [["raw.json", 3, "a reason"]]
    stored["counts"]["left_out"] = {"a reason": 2}
    files = ShardFiles.of(marker.parent, 2)
    marker.write_text(json.dumps(stored))
    assert files.result() is not None
    for damaged in [*WRONG, *spoiled(stored)]:
        marker.write_text(json.dumps(damaged))
        # Of a marker with another number, or another text, everything can still be used.
        if (result := files.result()) is not None:
            Counts().add(result.counts)
            assert sum(line for _, line, _ in result.rejections) >= 0
            assert "".join([result.first_id, *(file + reason for file, _, reason in result.rejections)])


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        ({"profile": "mnbvc-2025"}, 'profile was "mnbvc-2023" and is "mnbvc-2025" now'),
        ({"model": "gpt4"}, 'model was "vicuna" and is "gpt4" now'),
        ({"start_line": 2}, "start line was 1 and is 2 now"),
        ({"create_time": TIME}, "create time was"),
        ({"shard_size": 4000}, "it is cut in another way"),
    ],
)
def test_another_plan_is_refused_with_the_difference(stopped: Path, options: Any, difference: str) -> None:
    call = {"model": "vicuna", "output": "rows.jsonl", "shard_size": SHARD, **options}
    with pytest.raises(UsageError) as caught:
        extract([stopped], **call)
    message = str(caught.value)
    assert difference in message
    assert message.endswith("give the same command again, --restart to discard it, or another -o")
    assert len(list(Path(".rows.jsonl.work").glob("*.done"))) == 5
    assert extract([stopped], **call, restart=True).resumed == 0
    assert not Path(".rows.jsonl.work").exists()


def test_changed_inputs_are_refused(stopped: Path) -> None:
    with pytest.raises(UsageError, match="it had 1 inputs and has 2 now"):
        Path("more.json").write_text("[]")
        extract([stopped, "more.json"], "vicuna", "rows.jsonl", shard_size=SHARD)
    with pytest.raises(UsageError, match=r"raw\.json was read where more\.json is to be read now"):
        extract(["more.json"], "vicuna", "rows.jsonl", shard_size=SHARD)
    with pytest.raises(UsageError, match=r"raw\.json was given as that, and not as \./raw\.json"):
        extract(["./raw.json"], "vicuna", "rows.jsonl", shard_size=SHARD)
    os.utime(stopped, ns=(1, 1))
    with pytest.raises(UsageError, match=r"raw\.json has changed"):
        run(stopped, create_time=None)


def test_two_runs_do_not_write_the_same_output(stopped: Path) -> None:
    with Path(".rows.jsonl.work/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another run is at work there"):
            run(stopped, create_time=None)
    assert run(stopped, create_time=None).resumed == 5


def test_a_small_input_that_fails_leaves_no_folder(folder: Path) -> None:
    Path("raw.json").write_text(json_lines([conversation("h: q")])[0])
    with pytest.raises(UsageError, match="one row alone has"):
        extract(["raw.json"], "vicuna", "rows.jsonl", max_size=10)
    assert visible(folder) == set()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_dask_cluster_gives_the_same_bytes(corpus: Path) -> None:
    distributed = pytest.importorskip("distributed")
    alone = run(corpus, "alone.jsonl")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, protocol="tcp://"
    ) as cluster:
        away = run(corpus, "away.jsonl", scheduler=cluster.scheduler_address)
    assert away.counts == alone.counts
    assert Path("away.jsonl").read_bytes() == Path("alone.jsonl").read_bytes()


def test_without_dask_the_line_to_install_it_is_named(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r'pip install "sharegpt-argilla\[cluster\]"'):
        run(corpus, scheduler="tcp://127.0.0.1:1")


def test_counts_add_up() -> None:
    total, other = Counts(pairs=1, rejected=2), Counts(pairs=3)
    other.left_out["tool calls"] = 2
    total.add(other)
    total.add(other)
    assert total == Counts(pairs=7, rejected=2, left_out=total.left_out)
    assert dict(total.left_out) == {"tool calls": 4}


def test_pending_pairs_keep_what_json_can_encode(folder: Path) -> None:
    extra = {"number": 10**30, "text": "\ud800", "list": [None, 1.5, {"a": True}]}
    question = {**conversation("h: q\ud800", identity="abcDefg_0"), **extra}
    answer = conversation("g: a\udfff", "g: ", "g: b", identity="abcDefg_1")
    filler = [conversation("h: " + "x" * 500, identity=f"filler{number}") for number in range(20)]
    for name, records in (("whole", [question, answer, *filler]), ("cut", [question, *filler, answer])):
        Path(f"{name}.json").write_text("".join(json.dumps(record) + "\n" for record in records))
        summary = run(Path(f"{name}.json"), f"{name}.jsonl", shard_size=10**9 if name == "whole" else 2000)
        assert (summary.counts.stitched, summary.counts.answers_joined, summary.counts.answers_blank) == (1, 1, 1)
    assert summary.shards > 1
    assert sorted(rows("whole.jsonl")) == sorted(rows("cut.jsonl"))
    assert f'\\"number\\": {10**30}' in rows("cut.jsonl")[-1]
