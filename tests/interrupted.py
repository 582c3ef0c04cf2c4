"""A command that is killed at each moment at which it changes a file, and one whose disk is full.

As a program, started by `interrupted`: it imports the command once and runs it in forks of itself.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "sqlite3.connect"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_FULL = 1


@dataclass(frozen=True)
class Case:
    """What is interrupted.

    Attributes:
        folder: what it writes to, and is run in. Files that are there are those of before.
        first: the arguments of a run that leaves the old files; none where there are no old ones.
        arguments: those of the run that is interrupted.
        modules: what it imports, to be imported once.
        random: names of files whose content differs in each run; they are not looked at.
        kills: how often it is killed, at most; of more moments, some are taken evenly.
        first_code: the exit code of that first run.
        refuses: whether it refuses to run again when all that it writes is there.
    """

    folder: str
    first: Sequence[str]
    arguments: Sequence[str]
    modules: Sequence[str] = ()
    random: Sequence[str] = ()
    kills: int = 5
    first_code: int = 0
    refuses: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of it.

    Attributes:
        moments: how many moments there are at which it changes a file.
        faults: what was wrong, and when.
        messages: what was printed about a full disk.
    """

    moments: int
    faults: Sequence[str]
    messages: Sequence[str]


def interrupted(case: Case, environment: Mapping[str, str] | None = None) -> Outcome:
    """Kill the command at each moment, fill its disk, and let it run again after each."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.interrupted", json.dumps(asdict(case))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(environment or {})},
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr
    return Outcome(**json.loads(done.stdout))


def _files(folder: Path, random: Sequence[str]) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in random)
    return {str(path.relative_to(folder)): _content(path) for path in files}


def _content(path: Path) -> bytes:
    """The bytes of a file; of an archive, whose times differ in each run, those of its files."""
    if not path.name.endswith(".tar.gz") or not tarfile.is_tarfile(path):
        return path.read_bytes()
    with tarfile.open(path) as archive:
        return repr([(member.name, archive.extractfile(member).read()) for member in archive]).encode()


def _folders(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_dir()}


class _Runs:
    def __init__(self, case: Case) -> None:
        self.case, self.folder = case, Path(case.folder)
        self.faults: list[str] = []
        self.messages: list[str] = []
        self.count = 0
        if case.first:
            self.must(case.first_code, self.run(case.first), "the first run")
        self.kept = Path(tempfile.mkdtemp()) / "before"
        shutil.copytree(self.folder, self.kept)
        self.old = _files(self.folder, self.case.random)
        self.count = self.moments()
        self.new, self.folders = _files(self.folder, self.case.random), _folders(self.folder)
        changed = [name for name, content in self.new.items() if content != self.old.get(name)]
        self.largest = max(((self.folder / name).stat().st_size for name in changed), default=0)
        # What a run makes of the old files is known from here on.
        self.tried = [(self.old, _folders(self.kept))]
        assert self.new != self.old, self.faults or "the run changes nothing"

    def run(self, arguments: Sequence[str], before: Callable[[], None] = lambda: None) -> tuple[int, str]:
        """Exit code, negative for a signal, and what went to standard error."""
        # No file, which a limit on the size of files would cut off.
        errors, inlet = os.pipe()
        with os.fdopen(errors) as printed:
            child = os.fork()
            if child == 0:
                code = 70
                try:
                    os.chdir(self.folder)
                    os.dup2(inlet, 2)
                    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
                    from sharegpt_argilla.cli.main import main

                    before()
                    code = main(list(arguments))
                except BaseException as error:
                    code = 71 if not isinstance(error, SystemExit) else int(error.code or 0)
                    if code == 71:
                        import traceback

                        traceback.print_exc()
                finally:
                    with suppress(Exception):
                        sys.stderr.flush()
                    os._exit(code)
            os.close(inlet)
            text = printed.read()
            _, status = os.waitpid(child, 0)
            return os.waitstatus_to_exitcode(status), text

    def restore(self) -> None:
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self.kept, self.folder, dirs_exist_ok=True)

    def must(self, wanted: int, done: tuple[int, str], when: str) -> None:
        if done[0] != wanted:
            self.faults.append(f"{when}: exit {done[0]} instead of {wanted}: {done[1][-300:]}")

    def moments(self) -> int:
        """How many there are, counted in a whole run."""
        with tempfile.TemporaryFile() as counter:

            def before() -> None:
                _watch(self.folder, lambda number: os.pwrite(counter.fileno(), str(number).encode(), 0))

            self.must(0, self.run(self.case.arguments, before), "the whole run")
            return int(os.pread(counter.fileno(), 20, 0) or 0)

    def whole(self, when: str) -> None:
        """Each file is the old or the new one; only hidden ones may be neither."""
        for name, content in _files(self.folder, self.case.random).items():
            if name not in self.old and name not in self.new and not _hidden(name):
                self.faults.append(f"{when}: {name} is left")
            elif not _hidden(name) and content not in (self.old.get(name), self.new.get(name)):
                self.faults.append(f"{when}: {name} is neither the old nor the new one")
        for name in self.old:
            if name in self.new and not (self.folder / name).exists():
                self.faults.append(f"{when}: {name} is gone")

    def again(self, when: str) -> None:
        """Run it on what is there, unless it ran on just that before."""
        state = _files(self.folder, self.case.random), _folders(self.folder)
        if state in self.tried:
            return
        self.tried.append(state)
        done = self.run(self.case.arguments)
        refused = self.case.refuses and done[0] == 1 and self.new.items() <= state[0].items()
        self.must(int(refused), done, f"{when}, again")
        now = _files(self.folder, self.case.random)
        for name in sorted(now.keys() | self.new.keys()):
            if now.get(name) != self.new.get(name):
                left = "left" if name not in self.new else "missing" if name not in now else "other"
                self.faults.append(f"{when}, again: {name} is {left}")
        for name in sorted(_folders(self.folder) - self.folders):
            self.faults.append(f"{when}, again: the folder {name} is left")

    def kills(self) -> None:
        step = max(1, -(-self.count // self.case.kills))
        for moment in range(1, self.count + 1, step):
            self.restore()

            def before(moment: int = moment) -> None:
                _watch(self.folder, lambda number: os.kill(os.getpid(), signal.SIGKILL) if number == moment else 0)

            when = f"killed at {moment} of {self.count}"
            self.must(-signal.SIGKILL, self.run(self.case.arguments, before), when)
            self.whole(when)
            self.again(when)

    def full(self, when: str, before: Callable[[], None]) -> None:
        code, errors = self.run(self.case.arguments, before)
        self.must(1, (code, errors), when)
        lines = [line for line in errors.splitlines() if line.startswith("sharegpt-argilla: ")]
        if len(lines) != 1 or "Traceback" in errors:
            self.faults.append(f"{when}: {errors[-600:]}")
        self.messages.extend(lines)
        self.whole(when)

    def full_disks(self) -> None:
        for limit in sorted({_FULL, self.largest // 2}):
            self.restore()
            when = f"files of at most {limit} bytes"
            self.full(when, partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit)))
            self.again(when)
        if os.path.ismount(self.folder):
            self.restore()
            filler = self.folder / ".filler"
            with filler.open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(4096))
            self.full("a full disk", lambda: None)
            filler.unlink()
            self.again("a full disk")


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in Path(name).parts)


def _watch(folder: Path, at: Callable[[int], object]) -> None:
    """Call with 1, 2, … before each change of a file in the folder, in this process."""
    count = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event != "open" and event not in _CHANGES:
            return
        if event == "open" and not int(arguments[2] or 0) & _WRITING:
            return
        name = arguments[0]
        if isinstance(name, (str, bytes, os.PathLike)):
            path = os.path.abspath(os.fsdecode(name))  # noqa: PTH100 - opens no file itself
            if path.startswith(f"{folder}{os.sep}"):
                count += 1
                at(count)

    sys.addaudithook(hook)


def main() -> None:
    """Run a case and print its outcome."""
    case = Case(**json.loads(sys.argv[1]))
    command = case.arguments[0].replace("-", "_")
    for name in (f"sharegpt_argilla.cli.{command}", f"sharegpt_argilla.workflows.{command}", *case.modules):
        import_module(name)
    runs = _Runs(case)
    if not runs.faults:
        runs.kills()
        runs.full_disks()
    shutil.rmtree(runs.kept.parent)
    sys.stdout.write(json.dumps(asdict(Outcome(runs.count, runs.faults, runs.messages))))


if __name__ == "__main__":
    main()
