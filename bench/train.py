"""``train`` next to TF-IDF with logistic regression, on the same folds: accuracy, F1, calibration, time.

``python -m bench.train FILE --text KEY --label KEY`` reads JSON Lines with one label a text. The baseline is
``TfidfVectorizer`` over one and two characters, sublinear, with ``LogisticRegression`` as it comes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sharegpt_argilla.training.classifier.base import Case, Labels, Task, assign_folds
from sharegpt_argilla.training.classifier.classifier_validation import (
    calibration_error,
    decide,
    judged,
    lowest_threshold,
    reliability,
    score,
)
from sharegpt_argilla.training.classifier.learning_tasks import language_of
from sharegpt_argilla.training.classifier.text_classifier import chances_of, train_classifier

Chances = list[Mapping[str, float]]


def read_task(path: Path, text: str, label: str) -> Task:
    """The texts of a file with their labels; equal texts are one group."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    cases = [Case(row[text], frozenset([str(row[label])]), row[text].encode()) for row in rows]
    labels = sorted({str(row[label]) for row in rows})
    return Task(label, False, labels, (), cases, language_of([case.text for case in cases]))


def baseline(task: Task, cases: Sequence[Case], texts: Sequence[str]) -> Chances:
    """What scikit-learn's pipeline says of the texts after learning the cases."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
    pipeline = make_pipeline(vectorizer, LogisticRegression(C=10, max_iter=1000))
    pipeline.fit([case.text for case in cases], [next(iter(case.labels)) for case in cases])
    return [dict(zip(pipeline.classes_, row, strict=True)) for row in pipeline.predict_proba(texts)]


def ours(task: Task, cases: Sequence[Case], texts: Sequence[str]) -> Chances:
    """What the command's classifier says."""
    return chances_of(train_classifier(task, cases, 1), texts)


def compare(task: Task, folds: int, seed: int) -> None:
    """Print a line for each."""
    fold_of = np.array(assign_folds(task.cases, folds, seed))
    true: list[Labels] = [case.labels for case in task.cases]
    print("| | right | F1, macro | calibration error | threshold for 0.9 | CPU s |\n|---|--:|--:|--:|--:|--:|")
    for name, learn in (("train", ours), ("TF-IDF, logistic regression", baseline)):
        started = time.process_time()
        said: Chances = [{}] * len(task.cases)
        for fold in range(folds):
            inside = np.flatnonzero(fold_of == fold)
            others = [task.cases[index] for index in np.flatnonzero(fold_of != fold)]
            for index, chances in zip(
                inside, learn(task, others, [task.cases[i].text for i in inside]), strict=True
            ):
                said[index] = chances
        seconds = time.process_time() - started
        result = score(true, [decide(chances, several=False) for chances in said])
        error = calibration_error(reliability(judged(true, said, several=False)))
        lowest = lowest_threshold(true, said, several=False)
        figures = f"{result.accuracy:.3f} | {result.f1_macro:.3f} | {error:.3f} | {lowest or '–'} | {seconds:.0f}"
        print(f"| {name} | {figures} |")


def main() -> int:
    """Read the file and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--text", default="text", metavar="KEY")
    parser.add_argument("--label", default="label", metavar="KEY")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    compare(read_task(arguments.file, arguments.text, arguments.label), arguments.folds, arguments.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
