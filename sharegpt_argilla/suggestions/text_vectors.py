"""Text vectors from a local model, for Argilla's search for similar records.

model2vec and not sentence-transformers: its static models need no PyTorch (three small wheels in place of
gigabytes), embed thousands of texts per second on one core, and are accurate enough to find similar prompts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sharegpt_argilla.config import VectorConfig
from sharegpt_argilla.errors import ConfigError, InputError, UsageError


class TextVectors:
    """A loaded embedding model.

    Args:
        options: model and dimensions.

    Raises:
        UsageError: model2vec is not installed.
        InputError: the model cannot be loaded.
        ConfigError: its vectors have a different length than dataset-config.yml says.
    """

    def __init__(self, options: VectorConfig) -> None:
        self._model = _load(options)
        dimensions = int(self._model.dim)
        if dimensions != options.dimensions:
            raise ConfigError(
                f'vector "{options.name}": model {options.model} gives {dimensions} dimensions, the file says '
                f"{options.dimensions}; set `dimensions: {dimensions}`"
            )

    def embed(self, texts: Sequence[str]) -> list[list[float] | None]:
        """The vector of each text, of length 1; None for a text without any word that the model knows."""
        vectors = self._model.encode(list(texts))
        unit_vectors: list[list[float] | None] = []
        for vector in vectors:
            length = float((vector**2).sum() ** 0.5)
            unit_vectors.append([float(number) for number in vector / length] if length > 0 else None)
        return unit_vectors


def _load(options: VectorConfig) -> Any:
    try:
        from model2vec import StaticModel  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise UsageError('`vectors` needs model2vec: pip install "sharegpt-argilla[embeddings]"') from None
    try:
        return StaticModel.from_pretrained(options.model)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f'vector "{options.name}": model {options.model} cannot be loaded ({reason[:200]}); it is a folder '
            "with a model2vec model, or the name of one on the Hugging Face Hub"
        ) from error
