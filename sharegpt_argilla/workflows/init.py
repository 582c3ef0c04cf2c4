"""``init``: a new project in a folder: what is asked, what annotators read, examples to try it with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from sharegpt_argilla.common.atomic_files import atomic_bytes
from sharegpt_argilla.config import DEFAULT_CONFIG
from sharegpt_argilla.errors import InputError, UnknownNameError
from sharegpt_argilla.workflows.config import config_schema

TASKS = {
    "prompts": "quality 1-7, intents and toxicity of prompts",
    "demonstrations": "annotators write the response to a prompt",
    "preferences": "two responses to one prompt are put in order",
    "topics": "annotators write a prompt for a topic",
    "sharegpt-2023": "the questions of the ShareGPT curation of 2023",
}
"""Task -> what annotators do. The folder of the same name in ``starter/`` has its files."""

SCHEMA = "dataset-config.schema.json"
"""The JSON Schema of the project file, which editors complete and check it by."""

_SCHEMA_LINE = f"# yaml-language-server: $schema={SCHEMA}\n"


@dataclass(frozen=True)
class InitSummary:
    """What ``init`` wrote.

    Attributes:
        folder: the project's folder.
        task: one of ``TASKS``.
        written: the files that are new, relative to the folder.
        kept: the files that were there before, which stay as they are.
    """

    folder: Path
    task: str
    written: list[str]
    kept: list[str]


def init(folder: str | Path, task: str = "prompts", *, dry_run: bool = False) -> InitSummary:
    """Write a project file, its guidelines, a schema for editors and examples into a folder.

    Nothing is overwritten: a file that exists already is not changed.

    Args:
        folder: takes the files; it is made if it does not exist.
        task: one of ``TASKS``.
        dry_run: write nothing.

    Raises:
        UnknownNameError: there is no such task.
        InputError: the folder or a file cannot be written.
    """
    if task not in TASKS:
        raise UnknownNameError("task", task, TASKS)
    target = Path(folder)
    content = dict(_project_files(task))
    kept = sorted(name for name in content if (target / name).exists())
    written = sorted(set(content) - set(kept))
    if not dry_run:
        for name in written:
            _write(target / name, content[name])
    return InitSummary(target, task, written, kept)


def starter() -> Traversable:
    """The package's own folder of projects and examples."""
    return files("sharegpt_argilla") / "starter"


def _project_files(task: str) -> Iterator[tuple[str, bytes]]:
    """Path in the project and content of each file."""
    for source in (starter() / task).iterdir():
        content = source.read_bytes()
        yield source.name, _SCHEMA_LINE.encode() + content if source.name == DEFAULT_CONFIG else content
    for source in (starter() / "examples").iterdir():
        yield f"examples/{source.name}", source.read_bytes()
    schema = json.dumps(config_schema(), ensure_ascii=False, indent=2)
    yield SCHEMA, f"{schema}\n".encode()


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path.parent}: cannot be made: {error.strerror}") from error
    with atomic_bytes(path) as file:
        file.write(content)
