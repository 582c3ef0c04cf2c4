"""The data of a classifier: its annotated prompts, the question to learn, and the results of validation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Labels = frozenset[str]


@dataclass(frozen=True, slots=True)
class Case:
    """One annotated prompt.

    Attributes:
        text: the prompt.
        labels: the annotators' labels; a single label for a single-label question.
        group: cases of one group (conversation, equal prompts, duplicates) are never split across folds.
        suggested: agent -> the labels that it suggested.
        guidelines: short hash of the guidelines that annotators read.
    """

    text: str
    labels: Labels
    group: bytes
    suggested: Mapping[str, Labels] = field(default_factory=dict)
    guidelines: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A question to learn.

    Attributes:
        question: its name.
        several: whether a prompt may have several labels.
        labels: the labels that annotators gave, in the order of the project.
        unseen: labels of the project that no annotator gave; the classifier cannot suggest them.
        cases: the annotated prompts.
        language: code of spaCy's blank pipeline, ``xx`` for any language that is written with spaces.
    """

    question: str
    several: bool
    labels: Sequence[str]
    unseen: Sequence[str]
    cases: Sequence[Case]
    language: str

    @property
    def counts(self) -> dict[str, int]:
        """Label -> prompts that have it."""
        counts = Counter(label for case in self.cases for label in case.labels)
        return {label: counts[label] for label in self.labels}

    @property
    def groups(self) -> int:
        """Number of groups of the cases."""
        return len({case.group for case in self.cases})


@dataclass(frozen=True, slots=True)
class Score:
    """The agreement of predictions with annotators.

    Attributes:
        n: prompts.
        accuracy: share of the prompts with exactly the labels that annotators gave.
        f1_micro: harmonic mean of precision and recall over all labels of all prompts.
        f1_macro: mean of the labels' own F1, over the labels that were given or predicted.
    """

    n: int
    accuracy: float
    f1_micro: float
    f1_macro: float


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What would be suggested with a threshold.

    Attributes:
        threshold: minimum probability.
        suggested: labels that would be suggested.
        right: number of those labels that annotators gave.
        prompts: prompts with at least one suggested label.
    """

    threshold: float
    suggested: int
    right: int
    prompts: int


@dataclass(frozen=True, slots=True)
class Validation:
    """The results of cross-validation; every prediction is by a classifier that has not seen the conversation.

    Attributes:
        folds: number of folds.
        classifier: its score.
        majority: the score of always giving the most frequent answer of the training folds.
        suggestions: agent -> its score on the rows that have its suggestion, and the classifier's on the same.
        labels: label -> (precision, recall, prompts that have it).
        thresholds: what would be suggested with each threshold.
    """

    folds: int
    classifier: Score
    majority: Score
    suggestions: Mapping[str, tuple[Score, Score]]
    labels: Mapping[str, tuple[float, float, int]]
    thresholds: Sequence[AtThreshold]
