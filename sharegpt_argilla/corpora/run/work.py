"""The work folder of a run: its plan, and the parts that are done. A run that was ended goes on from it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sharegpt_argilla.corpora.reading.inputs import Source
from sharegpt_argilla.corpora.run.shard_files import ShardFiles, ShardResult
from sharegpt_argilla.corpora.run.shards import Shard
from sharegpt_argilla.errors import InputError, UsageError

PLAN = "plan.json"
FORMAT = 3
"""Of the plan and the parts; a run does not go on from another."""
_LOCK = "lock"
_held: set[int] = set()
"""Locks of this process. A worker that was forked off would hold them on when this process is killed."""


def _let_go() -> None:
    for lock in _held:
        os.close(lock)
    _held.clear()


os.register_at_fork(after_in_child=_let_go)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does, to the byte.

    Attributes:
        options: name -> value of what changes the rows; without the time.
        create_time: for rows without a time.
        sources: the inputs.
        corpora: the adapter of each input.
        shards: in the order of the output.
    """

    options: Mapping[str, Any]
    create_time: str
    sources: Sequence[Source]
    corpora: Sequence[str]
    shards: Sequence[Shard]

    def dump(self) -> str:
        """As JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False, indent=1)

    @property
    def resumable(self) -> bool:
        """Whether the inputs can be read again."""
        return all(source.form != "stream" for source in self.sources)


def work_folder(output: Path) -> Path:
    """Where the work for an output lies: beside it, hidden."""
    return output.with_name(f".{output.name}.work")


class Work:
    """An open work folder, locked against other runs.

    Args:
        folder: made when it is not there.

    Attributes:
        folder: as given.

    Raises:
        InputError: it cannot be made, or another run works in it.
    """

    def __init__(self, folder: Path) -> None:
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

    def adopt(self, plan: Plan, create_time_given: bool, restart: bool) -> Plan:
        """Take up a plan; the one that is there when it is the same, its time included.

        Args:
            plan: what this run is to do.
            create_time_given: whether its time was asked for, and is not just now.
            restart: discard what is there.

        Raises:
            UsageError: another plan is there, with the difference.
        """
        known = read_plan(self.folder)
        if known is not None and not restart and plan.resumable:
            create_time = str(known.get("create_time"))
            if not create_time_given:
                plan = Plan(plan.options, create_time, plan.sources, plan.corpora, plan.shards)
            if difference := _difference(known, json.loads(plan.dump())):
                raise UsageError(
                    f"{self.folder} holds an unfinished run, but {difference}; give the same command again,"
                    " --restart to discard it, or another -o"
                )
            return plan
        self._clear()
        draft = self.folder / f"{PLAN}.part"
        draft.write_text(plan.dump(), encoding="utf-8")
        draft.replace(self.folder / PLAN)
        return plan

    def results(self, plan: Plan) -> dict[int, ShardResult]:
        """The shards that are done, by their number."""
        found = {shard.number: ShardFiles.of(self.folder, shard.number).result() for shard in plan.shards}
        return {number: result for number, result in found.items() if result is not None}

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Let other runs in."""
        _held.discard(self._lock)
        os.close(self._lock)

    def _clear(self) -> None:
        for path in self.folder.iterdir():
            if path.name != _LOCK:
                with suppress(FileNotFoundError):
                    path.unlink()


def unfinished(pattern: str, plan: Plan) -> str:
    """The output in the current folder, named like the pattern, of an unfinished run with the same plan; or ""."""
    for folder in sorted(Path().glob(f".{pattern}.work"), reverse=True):
        known = read_plan(folder)
        wanted = json.loads(plan.dump())
        if known is not None and not _difference(known, {**wanted, "create_time": known.get("create_time")}):
            return folder.name.removeprefix(".").removesuffix(".work")
    return ""


def read_plan(folder: Path) -> dict[str, Any] | None:
    """The plan in a work folder; None when there is none that can be read."""
    try:
        known = json.loads((folder / PLAN).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) else None


def _difference(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """What is not the same in two plans, in words; "" when nothing is."""
    if known.get("format") != wanted["format"]:
        return "another version of this program began it"
    before, now = known.get("options", {}), wanted["options"]
    for name in now:
        if before.get(name) != now[name]:
            return f"{name} was {_shown(before.get(name))} and is {_shown(now[name])} now"
    if known.get("create_time") != wanted["create_time"]:
        return f"create time was {_shown(known.get('create_time'))} and is {_shown(wanted['create_time'])} now"
    if difference := _other_inputs(known.get("sources", []), wanted["sources"]):
        return difference
    for source, old, new in zip(wanted["sources"], known.get("corpora", []), wanted["corpora"], strict=True):
        if old != new:
            return f"{source['name']} was read as {old} and is read as {new} now"
    return "" if known.get("shards") == wanted["shards"] else "it is cut in another way"


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
