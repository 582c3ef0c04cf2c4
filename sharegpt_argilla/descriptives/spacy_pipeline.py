"""The spaCy pipeline, with only the components that the requested metrics need."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sharegpt_argilla.descriptives.metrics import METRICS, NEEDS_MODEL, Component
from sharegpt_argilla.descriptives.text_statistics import OFF, REPEATS, WordReader, measure, repeats, with_repeats
from sharegpt_argilla.errors import ConfigError

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

BATCH = 64
"""Texts that spaCy processes at once."""

WORDS_MAX = 100_000
"""New words after which a pipeline is loaded anew, in half a second: spaCy keeps 800 bytes of each for ever."""

_LONGEST = 100_000_000
# spaCy's limit of a million characters protects models from running out of memory; a blank pipeline has no model.
_OURS: frozenset[Component] = frozenset({"descriptive_stats", "readability"})
_NEVER_NEEDED = ("ner", "lemmatizer", "entity_linker", "entity_ruler", "span_ruler", "textcat", "spancat")
_SENTENCES = ("sentencizer", "parser")


@dataclass(frozen=True)
class PipelineChoice:
    """Which pipeline splits texts into tokens and sentences.

    Attributes:
        model: an installed spaCy model or a folder with one; None for a blank pipeline with spaCy's sentencizer.
        language: language of the blank pipeline.
    """

    model: str | None = None
    language: str = "en"

    def fingerprint(self) -> str:
        """A text that changes whenever the metrics of a text could change; loads no model."""
        libraries = [f"{name} {version(name)}" for name in ("spacy", "textdescriptives", "pyphen") if _has(name)]
        return "; ".join([*libraries, _model_version(self.model) if self.model else f"blank {self.language}"])


class Pipeline:
    """A loaded pipeline that measures texts.

    Args:
        choice: which pipeline.
        metrics: names out of METRICS.

    Raises:
        ConfigError: the model is not installed or cannot compute a metric, or spaCy does not know the language.
    """

    def __init__(self, choice: PipelineChoice, metrics: Sequence[str]) -> None:
        self._choice = choice
        self._metrics = [(metric, METRICS[metric]) for metric in metrics]
        self._own = [name for name, metric in self._metrics if metric.component in _OURS]
        self._components = library_components(metrics)
        self._repeats = "quality" not in self._components and not REPEATS.isdisjoint(metrics)
        self._load()

    def _load(self) -> None:
        self._pipeline = _load(self._choice, self._components)
        self._words = WordReader(self._pipeline)
        self._words_max = len(self._pipeline.vocab) + WORDS_MAX

    def measure(self, texts: Sequence[str]) -> Iterator[list[float | None]]:
        """For each text its numbers in the order of the metrics; None if a metric is undefined for the text.

        With a model, a text of more than a million characters has no numbers: spaCy refuses it to save memory.
        """
        if len(self._pipeline.vocab) > self._words_max:
            self._load()
            gc.collect()  # parts of a pipeline refer to each other
        longest = self._pipeline.max_length
        with warnings.catch_warnings():
            # Sentences without vectors, means of nothing: the metric is None then, and a warning adds nothing.
            warnings.simplefilter("ignore")
            docs = self._pipeline.pipe((text for text in texts if len(text) <= longest), batch_size=BATCH)
            for text in texts:
                yield self._numbers(next(docs)) if len(text) <= longest else [None] * len(self._metrics)

    def _numbers(self, doc: Doc) -> list[float | None]:
        own: dict[str, Any] = dict(measure(self._words.read(doc), self._own)) if self._own else {}
        if self._repeats:
            own |= repeats(doc)
        library = {name: _library(doc, name) for name in self._components}
        return [
            _plain(own[name] if name in own else library[metric.component].get(metric.key), integer=metric.integer)
            for name, metric in self._metrics
        ]


def library_components(metrics: Collection[str]) -> set[Component]:
    """The TextDescriptives components that the metrics need; the other metrics are computed in this package."""
    return {METRICS[name].component for name in metrics if name not in REPEATS} - _OURS


def missing_for(metrics: Collection[str]) -> list[str]:
    """What a blank pipeline lacks for these metrics (``a dependency parser``), sorted."""
    return sorted(
        {NEEDS_MODEL[METRICS[name].component] for name in metrics if METRICS[name].component in NEEDS_MODEL}
    )


def _library(doc: Doc, component: Component) -> Mapping[str, Any]:
    if component == "quality":
        return with_repeats(doc)
    return getattr(doc._, component) or {}


def _plain(value: Any, *, integer: bool) -> float | None:
    # Only NaN differs from itself.
    if value is None or value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124
        return None
    return int(value) if integer else float(value)


def _load(choice: PipelineChoice, components: Collection[Component]) -> Language:
    import spacy  # noqa: PLC0415 - takes a second, which only describing texts should cost

    if components:
        _register(components)
    try:
        pipeline: Language = (
            spacy.load(choice.model, exclude=list(_NEVER_NEEDED)) if choice.model else spacy.blank(choice.language)
        )
    except OSError:
        raise ConfigError(
            f'spaCy model "{choice.model}" is not installed; install it (`python -m spacy download '
            f"{choice.model}`), or leave out `describe: model:` for a blank pipeline"
        ) from None
    except ImportError as error:
        raise ConfigError(f'spaCy has no pipeline for language "{choice.language}": {error}') from None
    if choice.model is None:
        pipeline.max_length = _LONGEST
    if not set(_SENTENCES) & set(pipeline.pipe_names):
        pipeline.add_pipe("sentencizer")
    _check(choice, pipeline, components)
    for component in sorted(components):
        pipeline.add_pipe(f"textdescriptives/{component}", config=OFF if component == "quality" else {})
    return pipeline


def _register(components: Collection[Component]) -> None:
    """Register TextDescriptives' components with spaCy.

    Raises:
        ConfigError: TextDescriptives is not installed.
    """
    try:
        import textdescriptives  # noqa: F401, PLC0415 - slow, and only some metrics need it
    except ImportError:
        raise ConfigError(
            f"the metrics of {' and '.join(sorted(components))} need TextDescriptives, which is not installed "
            "(it needs NumPy 1, which has no wheels beyond Python 3.12): use Python 3.11 or 3.12, or take these "
            "metrics out of `metadata`"
        ) from None


def _has(library: str) -> bool:
    try:
        version(library)
    except PackageNotFoundError:
        return False
    return True


def _check(choice: PipelineChoice, pipeline: Language, components: Collection[Component]) -> None:
    names = set(pipeline.pipe_names)
    available: dict[Component, bool] = {
        "pos_proportions": bool({"tagger", "attribute_ruler", "morphologizer"} & names),
        "dependency_distance": "parser" in names,
        "coherence": pipeline.vocab.vectors_length > 0 or "tok2vec" in names,
    }
    for component, requirement in NEEDS_MODEL.items():
        if component in components and not available[component]:
            shortage = f'spaCy model "{choice.model}" has none' if choice.model else "no model is set"
            raise ConfigError(
                f"the metrics of {component} need {requirement}, and {shortage}; set `describe: model:` to a "
                "spaCy model that has one, such as en_core_web_md, or take these metrics out of `metadata`"
            )


def _model_version(model: str) -> str:
    folder = Path(model)
    if folder.is_dir():
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        states = [f"{path.relative_to(folder)} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
        return "; ".join([str(folder.resolve()), *states])
    try:
        return f"{model} {version(model)}"
    except PackageNotFoundError:
        return model
