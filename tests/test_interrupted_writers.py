"""Every command that writes files, killed at each moment and on a full disk: files are the old or the new ones.

After a kill the same command makes what an undisturbed run makes, and leaves nothing else. A full disk is one line
and exit code 1, and changes no file.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from sharegpt_argilla.embedded_argilla.environment import secret_key
from sharegpt_argilla.embedded_argilla.home_backup import back_up
from sharegpt_argilla.settings import Home, add_credentials
from tests.embedded import wait_until
from tests.interrupted import Case, interrupted
from tests.legacy.feedback_dataset import records, write_dataset
from tests.projects import ROOT, some_rows, write_rows
from tests.small_disk import small_disk
from tests.training.rows import GOOD, row, sample, save

DISK = "2m"
"""Size of the disk that is filled; only root can mount one."""

MOMENTS_AT_LEAST = 2
"""A file is begun and takes its name."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """What the commands write to: a small disk, where one can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder, DISK):
        yield folder


def _extract(inputs: Path, folder: Path) -> Case:
    for name in ("vicuna", "zetavg"):
        shutil.copy(ROOT / "examples" / f"sharegpt_{name}.json{'l' * (name == 'zetavg')}", inputs)
    (inputs / "bad.jsonl").write_text('{"conversations": []}\n', encoding="utf-8")
    options = ["-m", "auto", "-o", "rows.jsonl", "--create-time", "20230511 15:56:03"]
    first = ["extract", str(inputs / "sharegpt_vicuna.json"), *options]
    return Case(str(folder), first, ["extract", str(inputs / "sharegpt_zetavg.jsonl"), *options])


def _rows(inputs: Path) -> tuple[str, str]:
    return (
        str(write_rows(inputs / "few.jsonl", some_rows(20))),
        str(write_rows(inputs / "rows.jsonl", some_rows(50))),
    )


def _annotated(inputs: Path) -> tuple[str, str]:
    few, many = inputs / "few", inputs / "many"
    few.mkdir()
    many.mkdir()
    return str(save(few, sample()[:4])), str(save(many, sample()))


def _curate(inputs: Path, folder: Path) -> Case:
    few, rows = _rows(inputs)
    options = ["-o", "curated.jsonl", "--report", "report.json", "--check", "too_short"]
    return Case(str(folder), ["curate", few, *options], ["curate", rows, *options])


def _training(layout: str, output: str, *more: str) -> Callable[[Path, Path], Case]:
    def case(inputs: Path, folder: Path) -> Case:
        few, many = _annotated(inputs)
        options = ["--format", layout, "-o", output, "--config", str(ROOT / "dataset-config.yml"), *more]
        arguments = ["training", few, *options], ["training", many, *options]
        # The datasets library stores a random fingerprint.
        return Case(str(folder), *arguments, ["pyarrow.parquet"], ["state.json"])

    return case


def _report_agreement(inputs: Path, folder: Path) -> Case:
    few, many = _annotated(inputs)
    options = ["--json", "a.json", "--html", "a.html", "--datasheet", "a.md", "--config"]
    options.append(str(ROOT / "dataset-config.yml"))
    modules = ["altair", "vl_convert"]
    commands = ["report-agreement", few, *options], ["report-agreement", many, *options]
    # Its charts make it slow.
    return Case(str(folder), *commands, modules, kills=3)


def _plan(inputs: Path, folder: Path) -> Case:
    few, rows = _rows(inputs)
    content = yaml.safe_load((ROOT / "dataset-config.yml").read_text(encoding="utf-8"))
    content["assignment"] = {"mode": "queue", "seed": 3}
    content["people"] = [{"username": name} for name in ("ana", "ben", "cleo")]
    (folder / "dataset-config.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    shutil.copy(ROOT / "guidelines.md", folder)
    return Case(str(folder), ["plan", few], ["plan", rows])


def _init(_inputs: Path, folder: Path) -> Case:
    return Case(str(folder), [], ["init", "project"])


def _home(folder: Path) -> Home:
    """A home folder with a database and secrets."""
    home = Home(folder / "home")
    home.path.mkdir()
    with closing(sqlite3.connect(home.database)) as database:
        for table in ("users", "workspaces", "datasets", "fields", "questions", "records", "responses"):
            database.execute(f"CREATE TABLE {table} (id TEXT)")
        database.execute("INSERT INTO records VALUES ('a')")
        database.commit()
    secret_key(home)
    add_credentials(home, "ana", "not for others", "annotator", "http://a")
    return home


def _backup(target: str) -> Callable[[Path, Path], Case]:
    def case(inputs: Path, folder: Path) -> Case:
        arguments = ["backup", target, "--home", str(_home(inputs).path)]
        return Case(str(folder), [], arguments, kills=9, refuses=True)

    return case


def _restore(inputs: Path, folder: Path) -> Case:
    back_up(_home(inputs), inputs / "backup.tar.gz")
    arguments = ["restore", str(inputs / "backup.tar.gz"), "--home", str(folder / "restored")]
    return Case(str(folder), [], arguments, kills=9, refuses=True)


def _import_legacy(inputs: Path, folder: Path) -> Case:
    whole = write_dataset(inputs / "whole", records())
    few = write_dataset(inputs / "few", [*records()[:2], {"prompt": 3}])
    options = ["-o", "rows.jsonl", "--create-time", "20230511 15:56:03", "--dataset", "d"]
    return Case(str(folder), ["import-legacy", str(few), *options], ["import-legacy", str(whole), *options])


def _train(inputs: Path, folder: Path) -> Case:
    few, many = inputs / "few", inputs / "many"
    for path, count in ((few, 8), (many, 16)):
        path.mkdir()
        intents = [["code"] if number % 2 else ["chat"] for number in range(count)]
        save(
            path,
            [row(f"Say {n} of {intent}", values=GOOD | {"intent": intent}) for n, intent in enumerate(intents)],
        )
    options = ["-o", "model", "--folds", "0", "--question", "intent", "--config", str(ROOT / "dataset-config.yml")]
    first, again = (["train", str(path / "annotated.jsonl"), *options] for path in (few, many))
    return Case(str(folder), first, again, ["sklearn.linear_model", "sklearn.feature_extraction.text"], kills=4)


CASES: dict[str, Callable[[Path, Path], Case]] = {
    "extract": _extract,
    "curate": _curate,
    "training-json": _training("sharegpt", "training.json"),
    "training-parquet": _training("parquet", "training.parquet"),
    "training-csv": _training("csv", "training.csv"),
    "training-datasets": _training("datasets", "hub"),
    "report-agreement": _report_agreement,
    "plan": _plan,
    "init": _init,
    "backup-archive": _backup("backup.tar.gz"),
    "backup-folder": _backup("backup"),
    "restore": _restore,
    "import-legacy": _import_legacy,
    "train": _train,
}


@pytest.mark.parametrize("name", CASES)
def test_files_are_the_old_or_the_new_ones(name: str, folder: Path, tmp_path: Path) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    environment = {"ARGILLA_HOME_PATH": str(tmp_path / "home"), "ARGILLA_API_URL": "", "ARGILLA_API_KEY": ""}
    outcome = interrupted(CASES[name](inputs, folder), environment)
    assert not outcome.faults, "\n".join(outcome.faults)
    assert outcome.moments >= MOMENTS_AT_LEAST
    assert outcome.messages
    assert [message for message in outcome.messages if "cannot be written" not in message] == []


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.small_disk import small_disk
with small_disk(Path(sys.argv[1]), "1m") as mounted:
    print(mounted and os.path.ismount(sys.argv[1]), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_disk_goes_with_the_tests_that_are_killed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.stdout != "True\n":
        pytest.skip("only root can mount a small disk")
    wait_until(lambda: not os.path.ismount(tmp_path), "the disk to be gone")
