"""Cross-validation, beside the most frequent answer and beside what was suggested."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sharegpt_argilla.training.classifier.base import Labels, Score, Task, Validation
from sharegpt_argilla.training.classifier.folds import assign_folds
from sharegpt_argilla.training.classifier.pipeline import chances_of, train_pipeline
from sharegpt_argilla.training.classifier.scores import (
    at_thresholds,
    decide,
    label_scores,
    most_frequent,
    score,
)


def validate(task: Task, folds: int, seed: int, on_fold: Callable[[int], None]) -> Validation:
    """Train as often as there are folds, each time without one, and predict that one.

    Args:
        task: what to learn.
        folds: 2 to the number of groups.
        seed: of folds and training.
        on_fold: called with 1 after each fold.
    """
    chances, majority = _predict(task, folds, seed, on_fold)
    true = [case.labels for case in task.cases]
    predicted = [decide(one, several=task.several) for one in chances]
    return Validation(
        folds=folds,
        classifier=score(true, predicted),
        majority=score(true, majority),
        suggestions=_suggestions(task, predicted),
        labels=label_scores(true, predicted),
        thresholds=at_thresholds(true, chances, several=task.several),
    )


def _predict(
    task: Task, folds: int, seed: int, on_fold: Callable[[int], None]
) -> tuple[list[Mapping[str, float]], list[Labels]]:
    fold_of = assign_folds(task.cases, folds, seed)
    chances: list[Mapping[str, float]] = [{}] * len(task.cases)
    majority: list[Labels] = [frozenset()] * len(task.cases)
    for fold in range(folds):
        inside = [place for place, number in enumerate(fold_of) if number == fold]
        others = [case for case, number in zip(task.cases, fold_of, strict=True) if number != fold]
        nlp = train_pipeline(task, others, seed)
        usual = most_frequent([case.labels for case in others])
        found = chances_of(nlp, [task.cases[place].text for place in inside])
        for place, one in zip(inside, found, strict=True):
            chances[place], majority[place] = one, usual
        on_fold(1)
    return chances, majority


def _suggestions(task: Task, predicted: Sequence[Labels]) -> dict[str, tuple[Score, Score]]:
    agents = sorted({agent for case in task.cases for agent in case.suggested})
    found = {}
    for agent in agents:
        places = [place for place, case in enumerate(task.cases) if agent in case.suggested]
        true = [task.cases[place].labels for place in places]
        said = [task.cases[place].suggested[agent] for place in places]
        found[agent] = (score(true, said), score(true, [predicted[place] for place in places]))
    return found
