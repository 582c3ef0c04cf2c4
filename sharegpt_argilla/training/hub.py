"""The errors of the Hugging Face Hub as ours, and the way of a folder with a model to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

from sharegpt_argilla.errors import (
    CredentialsError,
    ServerRefusedError,
    ServerUnreachableError,
    SharegptArgillaError,
)


def upload_model(folder: Path, repository: str, *, private: bool) -> str:
    """Send a folder to the Hub as a model; returns its address there.

    The account is that of ``HF_TOKEN`` or of ``hf auth login``.

    Args:
        folder: the model, with README.md as its card.
        repository: ``owner/name``; made where it is missing.
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
    """What goes wrong at the Hub, as one of our errors.

    Raises:
        CredentialsError: no token, or one that may not write there.
        ServerUnreachableError: the Hub does not answer.
        ServerRefusedError: it refused.
    """
    try:
        yield
    except LocalTokenNotFoundError as error:
        raise CredentialsError("no Hugging Face token; set HF_TOKEN or run `hf auth login`") from error
    except HFValidationError as error:
        raise ServerRefusedError(f'"{repository}" is no name of a Hub repository, such as "owner/name"') from error
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
