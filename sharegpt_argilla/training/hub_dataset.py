"""A ``datasets.DatasetDict`` on disk with a dataset card, and uploads to the Hugging Face Hub."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import datasets
import httpx
from datasets.arrow_writer import ArrowWriter
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

from sharegpt_argilla.common.atomic_files import atomic_folder, check_folder_free
from sharegpt_argilla.errors import (
    CredentialsError,
    ServerRefusedError,
    ServerUnreachableError,
    SharegptArgillaError,
)
from sharegpt_argilla.training.base import About, Scheme, TrainingRow
from sharegpt_argilla.training.data_frames import features
from sharegpt_argilla.training.dataset_card import dataset_card


def upload_model(folder: Path, repository: str, *, private: bool) -> str:
    """Upload a folder to the Hub as a model; returns its URL.

    The account is that of ``HF_TOKEN`` or of ``hf auth login``.

    Args:
        folder: the model, with README.md as its card.
        repository: ``owner/name``; created if missing.
        private: whether a new repository is private.

    Raises:
        CredentialsError, ServerUnreachableError, ServerRefusedError: see ``hub_errors``.
    """
    with hub_errors(repository):
        hub = HfApi()
        hub.create_repo(repository, repo_type="model", private=private, exist_ok=True)
        hub.upload_folder(repo_id=repository, repo_type="model", folder_path=folder)
    return f"https://huggingface.co/{repository}"


@contextmanager
def hub_errors(repository: str) -> Iterator[None]:
    """Map the Hub's errors to this package's.

    Raises:
        CredentialsError: no token, or a token without write access.
        ServerUnreachableError: the Hub does not answer.
        ServerRefusedError: the Hub refused the request.
    """
    try:
        yield
    except LocalTokenNotFoundError as error:
        raise CredentialsError("no Hugging Face token; set HF_TOKEN or run `hf auth login`") from error
    except HFValidationError as error:
        raise ServerRefusedError(
            f'"{repository}" is not a valid name of a Hub repository, such as "owner/name"'
        ) from error
    except HfHubHTTPError as error:
        raise _refused(repository, error) from error
    except (OSError, httpx.TransportError) as error:
        raise ServerUnreachableError(f"the Hugging Face Hub cannot be reached: {error}") from error


def _refused(repository: str, error: Exception) -> SharegptArgillaError:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return CredentialsError(
            f"the Hugging Face token may not write to {repository}; set HF_TOKEN to one that may"
        )
    return ServerRefusedError(f"the Hugging Face Hub refused {repository}: status {status}")


ONLY_SPLIT = "train"
"""The name that ``datasets`` gives to unsplit data."""
_MARK = "dataset_dict.json"
_CARD = "README.md"


def write(target: Path, splits: Mapping[str, Iterable[TrainingRow]], scheme: Scheme, about: About) -> list[Path]:
    """Write a folder for ``datasets.load_from_disk``, with README.md as its card. Rows stream to disk.

    An existing folder is replaced if it is empty or contains such a dataset.

    Raises:
        InputError: the folder contains something else, or cannot be written.
    """
    check_folder_free(target, _MARK, "dataset")
    with atomic_folder(target) as draft:
        with tempfile.TemporaryDirectory(prefix="sharegpt-argilla-") as scratch:
            counts = _save(draft, splits, scheme, Path(scratch))
        (draft / _CARD).write_text(dataset_card(scheme, about, counts), encoding="utf-8")
    return [target]


def push_to_hub(folder: Path, repository: str, *, private: bool) -> str:
    """Upload a folder of ``write`` to the Hub; returns its URL.

    The account is that of ``HF_TOKEN`` or of ``hf auth login``.

    Args:
        folder: the dataset.
        repository: ``owner/name``; created if missing.
        private: whether a new repository is private.

    Raises:
        CredentialsError: no token, or a token without write access.
        ServerUnreachableError: the Hub does not answer.
        ServerRefusedError: the Hub refused the request.
    """
    with hub_errors(repository):
        hub = HfApi()
        hub.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        hub.upload_file(
            path_or_fileobj=folder / _CARD, path_in_repo=_CARD, repo_id=repository, repo_type="dataset"
        )
        # push_to_hub adds its own metadata to the existing card.
        datasets.load_from_disk(str(folder)).push_to_hub(repository)
    return f"https://huggingface.co/datasets/{repository}"


def _save(
    draft: Path, splits: Mapping[str, Iterable[TrainingRow]], scheme: Scheme, scratch: Path
) -> dict[str, int]:
    datasets_of_splits = {}
    for split, rows in splits.items():
        name = split or ONLY_SPLIT
        path = str(scratch / f"{name}.arrow")
        types = features(scheme)
        with ArrowWriter(path=path, features=types) as writer:
            for row in rows:
                writer.write(types.encode_example(row))
            writer.finalize()
        datasets_of_splits[name] = datasets.Dataset.from_file(path)
    with _quiet():
        datasets.DatasetDict(datasets_of_splits).save_to_disk(str(draft))
    return {name: len(split) for name, split in datasets_of_splits.items()}


class _quiet:  # noqa: N801 - reads as a verb in `with`
    """Disable the progress bars of ``datasets``; this package shows its own, only on a terminal."""

    def __enter__(self) -> None:
        self._were_on = datasets.is_progress_bar_enabled()
        datasets.disable_progress_bars()

    def __exit__(self, *_: object) -> None:
        if self._were_on:
            datasets.enable_progress_bars()
