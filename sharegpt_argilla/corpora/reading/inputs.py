"""Which files an input means: a file, a folder, a pattern, standard input, or a data set of the Hub."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from pathlib import Path

from sharegpt_argilla.corpora.reading.hub import SCHEME, hub_name
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.jsonl import STANDARD_STREAM

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz", ".zst", ".parquet")
"""Files that count inside a folder. What is in them is found out by reading."""


def expand_inputs(inputs: Sequence[str | Path], written: Iterable[str | Path] = ()) -> list[str]:
    """The files that the inputs name, each once, in the order given; folders and patterns sorted.

    Args:
        inputs: files, folders (every file at any depth that ends with one of ``SUFFIXES``, hidden ones left out),
            patterns such as ``data/*.json``, ``-``, or data sets of the Hub (``hf://owner/name`` or
            ``owner/name``), which stay as they are.
        written: files that the run writes. A folder or pattern leaves them out.

    Raises:
        UsageError: no input, or a file is to be read and written.
        InputError: an input names no file.
    """
    if not inputs:
        raise UsageError("no input: give a file, a folder, a pattern or - for standard input")
    outputs = {Path(path).resolve() for path in written if str(path) != STANDARD_STREAM}
    files: dict[Path, str] = {}
    for given in inputs:
        for file in _files(str(given), outputs):
            files.setdefault(Path(file) if hub_name(file) else Path(file).resolve(), file)
    return list(files.values())


def total_size(files: Iterable[str]) -> int | None:
    """Bytes in the files together; None when one of them is a stream."""
    paths = [Path(file) for file in files]
    return sum(path.stat().st_size for path in paths) if all(path.is_file() for path in paths) else None


def _files(given: str, outputs: set[Path]) -> list[str]:
    path = Path(given)
    if given == STANDARD_STREAM or given.startswith(SCHEME):
        return [given]
    if path.is_dir():
        return _in_folder(path, outputs)
    if path.exists():
        if path.resolve() in outputs:
            raise UsageError(f"{given}: would be read and written in the same run; give another -o or --rejects")
        return [given]
    matches = [match for match in sorted(glob.glob(given, recursive=True)) if Path(match).is_file()]  # noqa: PTH207
    found = [match for match in matches if Path(match).resolve() not in outputs]
    if not found and hub_name(given) and not glob.has_magic(given):
        return [given]
    if not found:
        wanted = "no file matches this pattern" if glob.has_magic(given) else "no such file or folder"
        raise InputError(f"{given}: {wanted}")
    return found


def _in_folder(folder: Path, outputs: set[Path]) -> list[str]:
    found = [
        str(path)
        for path in sorted(folder.rglob("*"))
        if path.name.lower().endswith(SUFFIXES)
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.resolve() not in outputs
    ]
    if not found:
        raise InputError(f"{folder}: no .json or .jsonl file in this folder")
    return found
