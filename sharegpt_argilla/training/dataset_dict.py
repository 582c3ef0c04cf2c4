"""A ``datasets.DatasetDict`` on disk with a dataset card, and its way to the Hugging Face Hub."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import datasets
import httpx
from datasets.arrow_writer import ArrowWriter
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

from sharegpt_argilla.errors import (
    CredentialsError,
    InputError,
    ServerRefusedError,
    ServerUnreachableError,
    SharegptArgillaError,
)
from sharegpt_argilla.training.base import About, Scheme, TrainingRow
from sharegpt_argilla.training.card import dataset_card
from sharegpt_argilla.training.frames import features

ONLY_SPLIT = "train"
"""The name that ``datasets`` gives to data that is not split."""
_MARK = "dataset_dict.json"
_CARD = "README.md"


def write(target: Path, splits: Mapping[str, Iterable[TrainingRow]], scheme: Scheme, about: About) -> list[Path]:
    """Write a folder for ``datasets.load_from_disk``, with README.md as its card. Rows stream to disk.

    A folder that stands there is replaced when it is such a dataset or empty.

    Raises:
        InputError: something else stands there, or it cannot be written.
    """
    _check_free(target)
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with tempfile.TemporaryDirectory(prefix="sharegpt-argilla-") as scratch:
            counts = _save(draft, splits, scheme, Path(scratch))
        (draft / _CARD).write_text(dataset_card(scheme, about, counts), encoding="utf-8")
        _replace(draft, target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return [target]


def push_to_hub(folder: Path, repository: str, *, private: bool) -> str:
    """Send a folder of ``write`` to the Hub; returns its address there.

    The account is that of ``HF_TOKEN`` or of ``hf auth login``.

    Args:
        folder: the dataset.
        repository: ``owner/name``; made where it is missing.
        private: whether a new repository is private.

    Raises:
        CredentialsError: no token, or one that may not write there.
        ServerUnreachableError: the Hub does not answer.
        ServerRefusedError: it refused.
    """
    try:
        hub = HfApi()
        hub.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        hub.upload_file(
            path_or_fileobj=folder / _CARD, path_in_repo=_CARD, repo_id=repository, repo_type="dataset"
        )
        # push_to_hub adds its own metadata to the card that is there.
        datasets.load_from_disk(str(folder)).push_to_hub(repository)
    except LocalTokenNotFoundError as error:
        raise CredentialsError("no Hugging Face token; set HF_TOKEN or run `hf auth login`") from error
    except HFValidationError as error:
        raise ServerRefusedError(f'"{repository}" is no name of a Hub repository, such as "owner/name"') from error
    except HfHubHTTPError as error:
        raise _refused(repository, error) from error
    except (OSError, httpx.TransportError) as error:
        raise ServerUnreachableError(f"the Hugging Face Hub cannot be reached: {error}") from error
    return f"https://huggingface.co/datasets/{repository}"


def _refused(repository: str, error: Exception) -> SharegptArgillaError:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return CredentialsError(
            f"the Hugging Face token may not write to {repository}; set HF_TOKEN to one that may"
        )
    return ServerRefusedError(f"the Hugging Face Hub refused {repository}: status {status}")


def _save(
    draft: Path, splits: Mapping[str, Iterable[TrainingRow]], scheme: Scheme, scratch: Path
) -> dict[str, int]:
    found = {}
    for split, rows in splits.items():
        name = split or ONLY_SPLIT
        path = str(scratch / f"{name}.arrow")
        types = features(scheme)
        with ArrowWriter(path=path, features=types) as writer:
            for row in rows:
                writer.write(types.encode_example(row))
            writer.finalize()
        found[name] = datasets.Dataset.from_file(path)
    with _quiet():
        datasets.DatasetDict(found).save_to_disk(str(draft))
    return {name: len(split) for name, split in found.items()}


class _quiet:  # noqa: N801 - reads as a verb in `with`
    """No bars of other libraries: ours are shown on a terminal only."""

    def __enter__(self) -> None:
        self._were_on = datasets.is_progress_bar_enabled()
        datasets.disable_progress_bars()

    def __exit__(self, *_: object) -> None:
        if self._were_on:
            datasets.enable_progress_bars()


def _check_free(target: Path) -> None:
    if target.is_dir() and any(target.iterdir()) and not (target / _MARK).is_file():
        raise InputError(f"{target}: a folder with other files; give the name of a new one")
    if not target.parent.is_dir():
        raise InputError(f"{target}: cannot be written: no folder {target.parent}")
    if target.exists() and not target.is_dir():
        raise InputError(f"{target}: a file; the dataset is a folder")


def _replace(draft: Path, target: Path) -> None:
    # A folder that is not empty cannot be replaced in one step; the old one steps aside first.
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    with suppress(FileNotFoundError):
        target.rename(old)
    try:
        draft.rename(target)
    except OSError:
        with suppress(FileNotFoundError):
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
