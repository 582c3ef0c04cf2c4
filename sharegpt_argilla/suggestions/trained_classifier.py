"""Suggestions by a classifier of ``train``, for prompts on which it is sure enough."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sharegpt_argilla.annotation import Suggestion
from sharegpt_argilla.common.linear_classifier import MODEL, LinearClassifier, load_classifier
from sharegpt_argilla.config import Classifier, LabelQuestion, QuestionConfig
from sharegpt_argilla.errors import ConfigError, InputError
from sharegpt_argilla.suggestions.base import Subject

_SPACY = "meta.json"
_DIGITS = 4
_CHARACTERS = 4000
# Characters of a prompt that a pipeline reads if its meta.json does not say how many.


class TrainedClassifier:
    """Suggests labels whose probability reaches the threshold; for a single-label question the most probable.

    Args:
        options: the model's folder, question, threshold; without one that of the model, from which nine of ten
            labels were right on prompts that it had not seen. A model that has none suggests nothing.
        question: the question.
        folder: the folder of the project file, to which relative paths refer.

    Raises:
        InputError: the model does not exist or cannot be loaded.
        ConfigError: the model has a label that the question does not have.
    """

    def __init__(self, options: Classifier, question: QuestionConfig, folder: Path) -> None:
        self.questions = [options.question]
        self._single = isinstance(question, LabelQuestion)
        path = find_classifier(folder / options.model, options.question)
        self._model = classifier_for(folder / options.model, options.question)
        default = self._model.threshold
        self._threshold = options.threshold if options.threshold is not None else default
        self._agent = f"classifier-{fingerprint(path)}"
        self._check_labels(options, question)

    def suggest(self, subjects: Sequence[Subject]) -> list[list[Suggestion]]:
        """See ``Agent``."""
        said = self._model.probabilities([subject.prompt for subject in subjects])
        return [self._suggestions(probabilities) for probabilities in said]

    def report(self) -> str:
        """Empty: this agent has no cost."""
        return ""

    def _suggestions(self, probabilities: Mapping[str, float]) -> list[Suggestion]:
        (name,) = self.questions
        sure = {
            label: round(probability, _DIGITS)
            for label, probability in probabilities.items()
            if self._threshold is not None and probability >= self._threshold
        }
        if not sure:
            return []
        if self._single:
            best = max(sure, key=lambda label: (sure[label], label))
            return [Suggestion(name, best, self._agent, sure[best])]
        return [Suggestion(name, list(sure), self._agent, list(sure.values()))]

    def _check_labels(self, options: Classifier, question: QuestionConfig) -> None:
        question_labels = getattr(question, "labels", {})
        for label in self._model.labels:
            if label not in question_labels:
                raise ConfigError(
                    f'suggestions: the classifier {options.model} says "{label}", which is no label of question '
                    f'"{options.question}"; train it again'
                )


def fingerprint(folder: Path) -> str:
    """The first 8 hex digits of the sha256 over the folder's files, so that other weights have another name."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def classifier_for(model: Path, question: str) -> LinearClassifier | SpacyClassifier:
    """The classifier of a question in a folder of ``train``, or that folder itself if it has but one.

    Raises:
        InputError: it does not exist or cannot be loaded.
    """
    path = find_classifier(model, question)
    return load_classifier(path) if (path / MODEL).is_file() else SpacyClassifier(path)


def find_classifier(model: Path, question: str) -> Path:
    """The folder of a question's classifier: in a folder of ``train``, or that folder itself.

    Raises:
        InputError: it does not exist.
    """
    for path in (model / question, model):
        if (path / MODEL).is_file() or (path / _SPACY).is_file():
            return path
    raise InputError(
        f'{model}: no classifier for question "{question}"; '
        f"`sharegpt-argilla train annotated.jsonl -o {model.name} --question {question}` makes one"
    )


class SpacyClassifier:
    """A pipeline of spaCy, as ``train`` wrote before it had classifiers of its own, or of somebody else.

    Raises:
        InputError: it cannot be loaded, or has no text classifier.
    """

    threshold: float | None = 0.8
    """Its probabilities are not calibrated, and no threshold of its own is known."""

    def __init__(self, path: Path) -> None:
        self._nlp = _load(path)
        self.labels: Sequence[str] = [label for labels in self._nlp.pipe_labels.values() for label in labels]

    def probabilities(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Label -> how probable it is, 0 to 1, for each text."""
        length = int(self._nlp.meta.get("characters", _CHARACTERS))
        return [doc.cats for doc in self._nlp.pipe(text[:length] for text in texts)]


def _load(path: Path) -> Any:
    import spacy  # noqa: PLC0415 - takes a second, and only this agent needs it

    try:
        nlp = spacy.load(path)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).strip().splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: the classifier cannot be loaded ({reason[:200]})") from error
    if not any(name.startswith("textcat") for name in nlp.pipe_names):
        raise InputError(f"{path}: a spaCy pipeline without a text classifier")
    return nlp
