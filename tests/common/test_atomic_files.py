"""Files and folders appear whole or not at all, whatever happens while they are written."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.common import atomic_files
from sharegpt_argilla.common.atomic_files import (
    atomic_bytes,
    atomic_folder,
    atomic_path,
    atomic_text,
    check_file_writable,
    check_folder_free,
    drafts_of,
    remove_drafts,
    scratch_folder,
    write_text,
)
from sharegpt_argilla.errors import InputError

Writer = Callable[..., AbstractContextManager[Any]]


def fill(draft: Any, text: str) -> None:
    """Write the text by whichever means the writer offers."""
    if isinstance(draft, Path):
        (draft / "content" if draft.is_dir() else draft).write_text(text)
    else:
        draft.write(text if "b" not in draft.mode else text.encode())


def content(target: Path) -> str:
    return (target / "content" if target.is_dir() else target).read_text()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


WRITERS = pytest.mark.parametrize("writer", [atomic_text, atomic_bytes, atomic_path, atomic_folder])


@WRITERS
def test_what_was_there_stays_until_the_new_one_is_whole(writer: Writer, tmp_path: Path) -> None:
    target = tmp_path / "target"
    with writer(target) as draft:
        fill(draft, "old")
        assert not target.exists()
    with writer(target) as draft:
        fill(draft, "new")
        assert content(target) == "old"
        assert len(drafts_of(target)) == 1
    assert content(target) == "new"
    assert names(tmp_path) == ["target"]


@WRITERS
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError("not ours"), InputError("ours")])
def test_an_error_leaves_what_was_there_and_no_draft(writer: Writer, error: Any, tmp_path: Path) -> None:
    target = tmp_path / "target"
    with writer(target) as draft:
        fill(draft, "old")
    with pytest.raises(type(error) if isinstance(error, Exception) else error), writer(target) as draft:
        fill(draft, "half")
        raise error
    assert content(target) == "old"
    assert names(tmp_path) == ["target"]


@WRITERS
def test_a_target_in_no_folder_is_one_clear_line(writer: Writer, tmp_path: Path) -> None:
    target = tmp_path / "none" / "target"
    with pytest.raises(InputError) as caught, writer(target) as draft:
        fill(draft, "x")
    assert str(caught.value) == f"{target}: cannot be written: No such file or directory"


@WRITERS
def test_a_draft_names_target_host_and_process(writer: Writer, tmp_path: Path) -> None:
    with writer(tmp_path / "a.jsonl") as first, writer(tmp_path / "a.jsonl") as second:
        fill(first, "1")
        fill(second, "2")
        drafts = drafts_of(tmp_path / "a.jsonl")
    host = re.sub("[^A-Za-z0-9-]", "-", os.uname().nodename)
    assert len({draft.name for draft in drafts}) == 2
    for draft in drafts:
        assert re.fullmatch(rf"\.a\.jsonl\.{host}\.{os.getpid()}-\d+\.part", draft.name)


def test_equal_process_ids_on_two_hosts_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic_files, "_numbers", iter([0, 0]))
    with atomic_text(tmp_path / "a") as here:
        monkeypatch.setattr(os, "uname", lambda: os.uname_result(("", "other.example", "", "", "")))
        with atomic_text(tmp_path / "a") as there:
            there.write("there")
        here.write("here")
    assert (tmp_path / "a").read_text() == "here"


def test_leftovers_are_those_of_the_target_alone(tmp_path: Path) -> None:
    target = tmp_path / "rows[1]"
    others = ("rows[1].part", ".rows[1].jsonl.host.1-1.part", ".rows[1].a.part", ".rows1.host.1-1.part")
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / ".rows[1].host-1.77-0.part").touch()
    (tmp_path / ".rows[1].host-2.77-0.part").mkdir()
    (tmp_path / ".rows[1].host-2.77-0.part" / "file").touch()
    assert [draft.name for draft in drafts_of(target)] == [
        ".rows[1].host-1.77-0.part",
        ".rows[1].host-2.77-0.part",
    ]
    remove_drafts(target)
    assert names(tmp_path) == sorted(others)
    assert drafts_of(tmp_path / "none" / "target") == []


def test_long_names_are_written_and_told_apart(tmp_path: Path) -> None:
    first, second = (tmp_path / ("好" * 80 + end) for end in ("1.jsonl", "2.jsonl"))
    with atomic_text(first) as one, atomic_text(second) as two:
        one.write("1")
        two.write("2")
        assert len(drafts_of(first)) == len(drafts_of(second)) == 1
    assert (first.read_text(), second.read_text()) == ("1", "2")


@WRITERS
@pytest.mark.parametrize("is_there", [True, False])
def test_a_killed_process_leaves_nothing_under_the_name(writer: Writer, is_there: bool, tmp_path: Path) -> None:
    target = tmp_path / "target"
    if is_there:
        with writer(target) as draft:
            fill(draft, "old")
    code = (
        "import os, signal, sys\n"
        f"from sharegpt_argilla.common.atomic_files import {writer.__name__}\n"
        "from tests.common.test_atomic_files import fill\n"
        f"with {writer.__name__}(sys.argv[1]) as draft:\n"
        "    fill(draft, 'x' * 1_000_000)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert target.exists() == is_there
    assert len(drafts_of(target)) == 1
    remove_drafts(target)
    assert names(tmp_path) == (["target"] if is_there else [])


def test_what_a_killed_process_left_is_removed_by_the_next_one_that_writes_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic_files, "_tidied", set())
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = atomic_files._host()
    (tmp_path / f".rows.jsonl.{host}.{os.getpid()}-999999.part").touch()  # of a container that ran before
    drafts = {
        "ended": tmp_path / f".rows.jsonl.{host}.{ended.pid}-0.part",
        "running": tmp_path / f".rows.jsonl.{host}.{os.getppid()}-0.part",
        "elsewhere": tmp_path / f".rows.jsonl.another-host.{ended.pid}-0.part",
    }
    for draft in drafts.values():
        draft.touch()
    folder = tmp_path / f".model.{host}.{ended.pid}-1.part"
    folder.mkdir()
    (folder / "weights").touch()
    write_text(tmp_path / "another", "text")
    remaining = [drafts["running"].name, drafts["elsewhere"].name, "another"]
    assert names(tmp_path) == sorted(remaining)
    drafts["ended"].mkdir()
    with scratch_folder(tmp_path / "backup") as scratch:
        assert scratch.stat().st_mode & 0o777 == 0o700
        # Under another name the folder is not known, and what is being written there stays.
        write_text(tmp_path / ".." / tmp_path.name / "another", "text")
        assert names(tmp_path) == sorted([*remaining, scratch.name])
    assert names(tmp_path) == sorted(remaining)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_folder_whose_replacement_was_killed_has_its_name_again(is_there: bool, tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    target, host = tmp_path / "target", atomic_files._host()
    old = tmp_path / f".target.{host}.{ended.pid}-0.old"
    old.mkdir()
    fill(old, "old")
    if is_there:
        target.mkdir()
        fill(target, "newer")
    with pytest.raises(ZeroDivisionError), atomic_folder(target):
        raise ZeroDivisionError
    assert content(target) == ("newer" if is_there else "old")
    assert names(tmp_path) == ["target"]


@WRITERS
def test_a_full_disk_is_one_clear_line_and_leaves_nothing(writer: Writer, tmp_path: Path) -> None:
    # A limit on the size of files simulates a full disk: the system refuses the write in the same way.
    code = (
        "import resource, sys\n"
        "from sharegpt_argilla.errors import InputError\n"
        f"from sharegpt_argilla.common.atomic_files import {writer.__name__}\n"
        "from tests.common.test_atomic_files import fill\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        f"    with {writer.__name__}(sys.argv[1]) as draft:\n"
        "        fill(draft, 'x' * 100_000)\n"
        "except InputError as error:\n"
        "    print(error)"
    )
    target = tmp_path / "target"
    target.mkdir() if writer is atomic_folder else target.touch()
    done = subprocess.run([sys.executable, "-c", code, str(target)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{target}: cannot be written: File too large\n"
    assert done.stderr == ""
    assert names(tmp_path) == ["target"]


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    write_text("/dev/null", "x")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(InputError, match=r"^/dev/full: cannot be written: No space left on device$"):
        write_text("/dev/full", "x")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with atomic_bytes(pipe) as file:
        file.write(b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert names(tmp_path) == ["pipe"]


def test_an_error_while_cleaning_up_does_not_hide_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    with pytest.raises(InputError, match=r"^the first$"), atomic_text(tmp_path / "a"):
        monkeypatch.setattr(Path, "unlink", refuse)
        raise InputError("the first")
    with pytest.raises(InputError, match="No space left"), atomic_text("/dev/full") as file:
        file.write("x")


@pytest.mark.parametrize("writer", [atomic_text, atomic_bytes, atomic_path])
def test_a_private_file_is_never_readable_by_others(writer: Writer, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with writer(tmp_path / "private", private=True) as draft:
            modes = [path.stat().st_mode & 0o777 for path in drafts_of(tmp_path / "private")]
            fill(draft, "secret")
        assert [*modes, (tmp_path / "private").stat().st_mode & 0o777] == [0o600, 0o600]
        with writer(tmp_path / "public") as draft:
            fill(draft, "x")
        assert (tmp_path / "public").stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)


def test_a_draft_follows_no_link_that_somebody_laid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "precious").write_text("precious")
    monkeypatch.setattr(atomic_files, "_numbers", iter([0]))
    host = re.sub("[^A-Za-z0-9-]", "-", os.uname().nodename)
    (tmp_path / f".a.{host}.{os.getpid()}-0.part").symlink_to(tmp_path / "precious")
    write_text(tmp_path / "a", "new")
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (tmp_path / "a").is_symlink()


def test_all_files_are_flushed_to_disk_before_they_appear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (flushed.append(os.fstat(number).st_ino), fsync(number))[1])
    for writer in (atomic_text, atomic_bytes, atomic_path):
        with writer(tmp_path / writer.__name__) as draft:
            fill(draft, "x")
        assert flushed[-1:] == [(tmp_path / writer.__name__).stat().st_ino]
    with atomic_bytes(tmp_path / "again", flushed=False) as draft:
        fill(draft, "x")
    assert (tmp_path / "again").stat().st_ino not in flushed
    with atomic_folder(tmp_path / "folder") as draft:
        (draft / "deep").mkdir()
        (draft / "deep" / "file").touch()
    assert flushed[-1:] == [(tmp_path / "folder" / "deep" / "file").stat().st_ino]


def test_a_folder_comes_back_when_the_new_one_cannot_take_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "target"
    with atomic_folder(target) as draft:
        fill(draft, "old")
    rename = Path.rename

    def refuse_drafts(self: Path, to: Path) -> Path:
        if self.suffix == ".part":
            raise OSError(5, "Input/output error")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", refuse_drafts)
    with pytest.raises(InputError, match="Input/output error"), atomic_folder(target) as draft:
        fill(draft, "new")
    assert content(target) == "old"
    assert names(tmp_path) == ["target"]


def test_a_folder_of_ours_takes_no_other_place(tmp_path: Path) -> None:
    check_folder_free(tmp_path / "new", "mark", "model")
    (tmp_path / "empty").mkdir()
    check_folder_free(tmp_path / "empty", "mark", "model")
    with pytest.raises(InputError, match="a folder with other files; give the name of a new one"):
        check_folder_free(tmp_path, "mark", "model")
    (tmp_path / "mark").touch()
    check_folder_free(tmp_path, "mark", "model")
    with pytest.raises(InputError, match="mark: a file; the model is a folder"):
        check_folder_free(tmp_path / "mark", "mark", "model")
    with pytest.raises(InputError, match="cannot be written: no folder"):
        check_folder_free(tmp_path / "none" / "new", "mark", "model")


def test_a_file_that_cannot_be_written_shows_beforehand(tmp_path: Path) -> None:
    check_file_writable(tmp_path / "new")
    with pytest.raises(InputError, match="cannot be written: it is a folder"):
        check_file_writable(tmp_path)
    with pytest.raises(InputError, match="cannot be written: there is no folder"):
        check_file_writable(tmp_path / "none" / "new")
