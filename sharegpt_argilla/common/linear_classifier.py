"""A linear classifier of texts as a folder: hashed n-grams of characters, weights, a scale for probabilities.

``model.json`` says how a text is read and which labels there are; ``weights.npz`` has arrays of numbers, loaded
without pickle. Words of the texts that it learned from are not in it, only numbers of hashes.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from sharegpt_argilla.errors import InputError

MODEL, WEIGHTS = "model.json", "weights.npz"
FORMAT = 1
"""Number of this layout of the folder; another one is refused."""
CHARACTERS = 4000
"""Characters from the start of a text that are read; the request of a prompt is usually there."""
HASHES = 2**18
"""Columns that n-grams are hashed into; at 20,000 n-grams of 1,000 prompts 4 % of them share one."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CharacterGrams:
    """How a text becomes numbers.

    Attributes:
        analyzer: ``char`` for n-grams across words, ``char_wb`` for those within words.
        shortest: characters of the shortest n-gram.
        longest: characters of the longest.
    """

    analyzer: str
    shortest: int
    longest: int

    def counts(self, texts: Sequence[str]) -> Any:
        """Texts x ``HASHES``, sparse: 1 + ln of how often an n-gram is there (sublinear term frequency)."""
        # scikit-learn takes a second to import.
        from sklearn.feature_extraction.text import HashingVectorizer  # noqa: PLC0415

        vectorizer = HashingVectorizer(
            analyzer=self.analyzer,
            ngram_range=(self.shortest, self.longest),
            n_features=HASHES,
            norm=None,
            alternate_sign=False,
        )
        counts = vectorizer.transform([text[:CHARACTERS] for text in texts])
        counts.data = 1 + np.log(counts.data)
        return counts


@dataclass(frozen=True)
class LinearClassifier:
    """A trained classifier.

    Attributes:
        labels: in the order of the columns of ``weights``.
        several: whether a text may have several labels, each with a probability of its own.
        reading: how a text is read.
        threshold: the lowest probability from which nine of ten labels were right on prompts that it had not seen;
            None where no threshold reached that or nothing was validated.
        columns: the hashes that training texts had.
        idf: weight of each column, inverse document frequency.
        weights: columns x labels.
        bias: one for each label.
        scale: what scores are multiplied by so that probabilities are those of being right.
        shift: what is added then; 0 where a text has one label.
    """

    labels: Sequence[str]
    several: bool
    reading: CharacterGrams
    threshold: float | None
    columns: NDArray[np.int32]
    idf: Floats
    weights: Floats
    bias: Floats
    scale: float = 1.0
    shift: float = 0.0

    def probabilities(self, texts: Sequence[str]) -> list[dict[str, float]]:
        """Label -> how probable it is, 0 to 1, for each text."""
        if not texts:
            return []
        chances = probable(self.scores(texts) * self.scale + self.shift, several=self.several)
        return [dict(zip(self.labels, map(float, row), strict=True)) for row in chances]

    def scores(self, texts: Sequence[str]) -> Floats:
        """Texts x labels, before scaling."""
        from sklearn.preprocessing import normalize  # noqa: PLC0415 - as above

        features = self.reading.counts(texts)[:, self.columns].multiply(self.idf).tocsr()
        scores: Floats = np.asarray(normalize(features) @ self.weights + self.bias)
        return scores

    def save(self, folder: Path) -> None:
        """Write the folder; equal classifiers give equal bytes."""
        folder.mkdir()
        told = {
            "format": FORMAT,
            "labels": list(self.labels),
            "several": self.several,
            "threshold": self.threshold,
        }
        told |= {"reading": asdict(self.reading), "scale": self.scale, "shift": self.shift}
        (folder / MODEL).write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        small = {name: getattr(self, name).astype(np.float32) for name in ("idf", "weights", "bias")}
        # Not to the file itself: on a full disk zipfile prints a traceback when it is collected.
        packed = io.BytesIO()
        np.savez_compressed(packed, columns=self.columns, **small)
        (folder / WEIGHTS).write_bytes(packed.getbuffer())


def probable(scores: Floats, *, several: bool) -> Floats:
    """Scores as probabilities: each by itself where there may be several labels, else all of a text sum to 1."""
    if several:
        each: Floats = 1 / (1 + np.exp(-np.clip(scores, -30, 30)))
        return each
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    share: Floats = powers / powers.sum(axis=1, keepdims=True)
    return share


def load_classifier(folder: Path) -> LinearClassifier:
    """The classifier of a folder.

    Raises:
        InputError: a file is missing, damaged, or of another format.
    """
    try:
        told: Mapping[str, Any] = json.loads((folder / MODEL).read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise InputError(
                f"{folder}: a classifier of format {told['format']}, this version reads {FORMAT}; train again"
            )
        with np.load(folder / WEIGHTS, allow_pickle=False) as arrays:
            numbers = {name: arrays[name] for name in ("columns", "idf", "weights", "bias")}
        reading = CharacterGrams(**told["reading"])
        labels, several, threshold = list(told["labels"]), told["several"], told["threshold"]
        return LinearClassifier(
            labels, several, reading, threshold, **numbers, scale=told["scale"], shift=told["shift"]
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError, RecursionError, BadZipFile, zlib.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{folder}: the classifier cannot be loaded ({reason[:200]}); train it again") from error
