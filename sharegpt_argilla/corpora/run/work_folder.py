"""The work folder of a run: its plan, and the shards that are done. A run that was ended resumes from it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sharegpt_argilla.common.atomic_files import write_text
from sharegpt_argilla.common.object_storage import is_remote
from sharegpt_argilla.corpora.run.run_plan import RunPlan
from sharegpt_argilla.corpora.run.shard_results import ShardFiles, ShardResult
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.rows import check_create_time

PLAN = "plan.json"
_LOCK = "lock"
_held: set[int] = set()
"""Locks of this process. A forked worker would keep them when this process is killed."""


def _release_locks() -> None:
    for lock in _held:
        os.close(lock)
    _held.clear()


os.register_at_fork(after_in_child=_release_locks)


class NothingFoundError(InputError):
    """Not one conversation: most likely the name of another corpus was given."""


@contextmanager
def open_work(plan: RunPlan) -> Iterator[WorkFolder]:
    """The work folder of a run, locked; it is removed when the block ends, unless the run can be resumed from it.

    It is next to the output and hidden, in the current folder for an output in object storage, or anywhere when
    there is nothing to resume.

    Raises:
        InputError: it cannot be made, or another run uses it.
        UsageError: it has another plan, with the difference.
    """
    plan = _with_default_output(plan)
    settings = plan.settings
    if not (settings.dry_run or settings.to_stdout):
        with _open(_work_path(settings.output).resolve(), plan) as work:
            yield work
        return
    # Workers on other machines share the current folder with this one.
    with (
        TemporaryDirectory(prefix=".extract-", dir="." if settings.scheduler else None) as folder,
        _open(Path(folder, "work").resolve(), plan) as work,
    ):
        yield work


@contextmanager
def _open(folder: Path, plan: RunPlan) -> Iterator[WorkFolder]:
    with closing(WorkFolder(folder, plan)) as work:
        try:
            yield work
        except BaseException as error:
            # One shard's work, or that of a run that leads to nothing, is not worth a folder that stays.
            worth = len(plan.shards) > 1 and not isinstance(error, NothingFoundError)
            if not (worth and plan.resumable and work.results()):
                work.remove()
            raise
        work.remove()


class WorkFolder:
    """An open work folder, locked against other runs.

    Args:
        folder: made when it does not exist.
        plan: what this run is to do.

    Attributes:
        folder: as given.
        plan: as given; when an unfinished run with the same plan is resumed, with its time.

    Raises:
        InputError: it cannot be made, or another run uses it.
        UsageError: it has another plan, with the difference.
    """

    def __init__(self, folder: Path, plan: RunPlan) -> None:
        self.folder = folder
        try:
            folder.mkdir(exist_ok=True)
            self._lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise InputError(f"{folder}: cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise InputError(f"{folder}: another run is at work there; wait for it, or give another -o") from None
        _held.add(self._lock)
        try:
            self.plan = self._adopt(plan)
        except BaseException:
            self.close()
            raise

    def results(self) -> dict[int, ShardResult]:
        """The shards that are done, by their number."""
        results = {shard.number: ShardFiles.of(self.folder, shard.number).result() for shard in self.plan.shards}
        return {number: result for number, result in results.items() if result is not None}

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Let other runs in."""
        _held.discard(self._lock)
        os.close(self._lock)

    def _adopt(self, plan: RunPlan) -> RunPlan:
        """The plan that is in the folder when it is the same, its time included; else the given one, stored."""
        stored = _read_plan(self.folder)
        if stored is not None and not plan.settings.restart and plan.resumable:
            if not plan.settings.create_time_given:
                plan = replace(plan, settings=replace(plan.settings, create_time=_time_of(stored)))
            if difference := _difference(stored, plan.document()):
                raise UsageError(
                    f"{self.folder} contains an unfinished run, but {difference}; give the same command again,"
                    " --restart to discard it, or another -o"
                )
            return plan
        for path in self.folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _LOCK:
                with suppress(FileNotFoundError):
                    path.unlink()
        write_text(self.folder / PLAN, json.dumps(plan.document(), ensure_ascii=False))
        return plan


def _work_path(output: str) -> Path:
    """Next to the output; that of an object is in the current folder, named with a hash of the URL."""
    if is_remote(output):
        digest = blake2b(output.encode("utf-8"), digest_size=4).hexdigest()
        return Path(f".{output.rpartition('/')[2]}.{digest}.work")
    return Path(output).with_name(f".{Path(output).name}.work")


def _with_default_output(plan: RunPlan) -> RunPlan:
    """The plan; where no output was asked for, with that of an unfinished run with the same plan."""
    settings = plan.settings
    if settings.output_given or settings.dry_run or settings.restart:
        return plan
    wanted = plan.document()
    for folder in sorted(Path().glob(f".shareGPT_{settings.model}_*.jsonl.work"), reverse=True):
        stored = _read_plan(folder)
        if stored is not None and not _difference(stored, {**wanted, "create_time": stored.get("create_time")}):
            output = folder.name.removeprefix(".").removesuffix(".work")
            return replace(plan, settings=replace(settings, output=output))
    return plan


def _read_plan(folder: Path) -> dict[str, Any] | None:
    """The plan in a work folder; None when it has none that can be read."""
    try:
        stored = json.loads((folder / PLAN).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return stored if isinstance(stored, dict) else None


def _time_of(stored: Mapping[str, Any]) -> str:
    """The time in a plan; "" where damage left none."""
    with suppress(UsageError):
        return check_create_time(str(stored.get("create_time")))
    return ""


def _is_whole(stored: Mapping[str, Any]) -> bool:
    """Whether the parts of a plan have the types that `RunPlan.document` gives them; damage may leave others."""
    options, sources, corpora, shards = (stored.get(name) for name in ("options", "sources", "corpora", "shards"))
    return (
        isinstance(options, dict)
        and isinstance(sources, list)
        and all(isinstance(source, dict) for source in sources)
        and isinstance(corpora, list)
        and len(corpora) == len(sources)
        and isinstance(shards, list)
        and bool(_time_of(stored))
    )


def _difference(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """What is not the same in two plans, in words; "" when nothing is."""
    if stored.get("format") != wanted["format"]:
        return "another version of this program began it"
    return _other_work(stored, wanted) if _is_whole(stored) else f"its {PLAN} is damaged"


def _other_work(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    before, now = stored["options"], wanted["options"]
    for name in now:
        if before.get(name) != now[name]:
            return f"{name} was {_shown(before.get(name))} and is {_shown(now[name])} now"
    if stored.get("create_time") != wanted["create_time"]:
        return f"create time was {_shown(stored.get('create_time'))} and is {_shown(wanted['create_time'])} now"
    if difference := _other_inputs(stored["sources"], wanted["sources"]):
        return difference
    for source, old, new in zip(wanted["sources"], stored["corpora"], wanted["corpora"], strict=True):
        if old != new:
            return f"{source['name']} was read as {old} and is read as {new} now"
    return "" if stored["shards"] == wanted["shards"] else "it is cut in another way"


def _other_inputs(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> str:
    for old, new in zip(before, now, strict=False):
        if old.get("path") != new["path"]:
            return f"{old.get('name')} was read where {new['name']} is to be read now"
        if old.get("name") != new["name"]:
            return f"{old.get('name')} was given as that, and not as {new['name']}"
        if old != new:
            return f"{new['name']} has changed"
    if len(before) != len(now):
        return f"it had {len(before):,} inputs and has {len(now):,} now"
    return ""


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
