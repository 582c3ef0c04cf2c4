"""The folder of a classifier: its pipelines, README.md with data, scores and licence, and metrics.json."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sharegpt_argilla.common.atomic_files import atomic_folder, check_folder_free
from sharegpt_argilla.training.classifier.base import Score, Task, Validation
from sharegpt_argilla.training.classifier.text_classifier import CHARACTERS, train_classifier
from sharegpt_argilla.training.dataset_card import UNKNOWN_LICENCE, licence_note, table

_SCORES = ("predicted by", "prompts", "all labels right", "F1, micro", "F1, macro")


@dataclass(frozen=True, slots=True)
class Trained:
    """A question with its trained classifier.

    Attributes:
        task: the data that it learned from.
        validation: its scores; None if there are too few prompts to cross-validate.
    """

    task: Task
    validation: Validation | None


def model_card(title: str, licence: str, trained: Sequence[Trained]) -> str:
    """README.md: metadata as the Hub reads it, then the card as text."""
    head = {
        "license": licence or UNKNOWN_LICENCE,
        "library_name": "sharegpt-argilla",
        "pipeline_tag": "text-classification",
    }
    tags = "tags:\n- sharegpt-argilla\n- argilla\n- text-classification\n"
    lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in head.items())
    parts = [
        f"# {title}",
        "Logistic regression over TF-IDF of characters, one classifier of chat prompts for each question, trained "
        f"on what annotators said in Argilla. They look at the first {CHARACTERS:,} characters of a prompt.",
        _guidelines(trained),
        *(_section(one) for one in trained),
        "## Use\n\n```python\nfrom pathlib import Path\n\n"
        "from sharegpt_argilla.common.linear_classifier import load_classifier\n\n"
        f'model = load_classifier(Path("{title}/{trained[0].task.question}"))\n'
        'print(model.probabilities(["Write a Python function that adds two numbers"]))\n```',
        "## Limits\n\nIt knows pieces of words, not their order, and only those that it has seen. What it says is "
        "a suggestion to annotators; it decides nothing.",
        f"## Licence\n\n{licence_note(licence)}",
    ]
    return f"---\n{lines}{tags}---\n\n" + "\n\n".join(parts) + "\n"


def metrics(trained: Sequence[Trained], seed: int) -> dict[str, Any]:
    """metrics.json: counts and scores, question by question; scores are 0 to 1."""
    return {
        "seed": seed,
        "questions": {
            item.task.question: {
                "prompts": len(item.task.cases),
                "conversations": item.task.groups,
                "language": item.task.language,
                "labels": item.task.counts,
                "unseen": list(item.task.unseen),
                "guidelines": dict(Counter(case.guidelines for case in item.task.cases)),
                "validation": asdict(item.validation) if item.validation else None,
            }
            for item in trained
        },
    }


def _guidelines(trained: Sequence[Trained]) -> str:
    counts = Counter(case.guidelines for one in trained[:1] for case in one.task.cases)
    rows = [(f"`{name}`" if name else "not known", f"{count:,}") for name, count in sorted(counts.items())]
    return "Guidelines are known by the first 12 hex digits of their sha256:\n\n" + table(
        ("guidelines", "prompts"), rows
    )


def _section(item: Trained) -> str:
    task = item.task
    parts = [
        f"## `{task.question}`",
        f"{len(task.cases):,} annotated prompts in {task.groups:,} groups (conversations, and prompts that say "
        f"the same); {'several labels' if task.several else 'one label'} a prompt.",
        _labels(item),
        f"Nobody gave {', '.join(f'`{label}`' for label in task.unseen)}; it cannot suggest them."
        if task.unseen
        else "",
        f"{_scores(item.validation)}\n\n![Reliability diagram]({diagram_name(item)})"
        if item.validation
        else "Too few prompts to cross-validate: nobody knows how good it is.",
    ]
    return "\n\n".join(part for part in parts if part)


def _labels(item: Trained) -> str:
    if item.validation is None:
        counts = item.task.counts.items()
        return table(("label", "prompts"), [(f"`{label}`", f"{count:,}") for label, count in counts])
    rows = []
    for label, count in item.task.counts.items():
        precision, recall, _ = item.validation.labels.get(label, (0.0, 0.0, 0))
        rows.append((f"`{label}`", f"{count:,}", f"{precision:.2f}", f"{recall:.2f}"))
    return table(("label", "prompts", "precision", "recall"), rows)


def _scores(validation: Validation) -> str:
    rows = [
        _score_row("this classifier", validation.classifier),
        _score_row("the most frequent answer", validation.majority),
    ]
    for agent, (theirs, ours) in validation.suggestions.items():
        rows += [
            _score_row(f"suggestions of `{agent}`", theirs),
            _score_row("this classifier, on the same prompts", ours),
        ]
    above = [
        (f"{one.threshold:.1f}", f"{one.prompts:,}", f"{one.suggested:,}", f"{one.right:,}")
        for one in validation.thresholds
    ]
    return (
        f"Cross-validated in {validation.folds} folds that part no conversation:\n\n{table(_SCORES, rows)}\n\n"
        "What it would suggest from a probability on:\n\n"
        + table(("probability", "prompts", "labels suggested", "of them right"), above)
        + "\n\n"
        + _calibration(validation)
    )


def _calibration(validation: Validation) -> str:
    rows = [
        (
            f"{each.above:.1f}–{each.below:.1f}",
            f"{each.n:,}",
            f"{each.said:.2f}",
            f"{each.right:.2f} ({each.low:.2f}–{each.high:.2f})",
        )
        for each in validation.reliability
    ]
    lowest = f"{validation.threshold:.2f}" if validation.threshold else "no probability"
    return (
        f"Nine of ten suggested labels are right from {lowest} on, its own threshold. Probabilities are off by "
        f"{validation.calibration_error:.3f} on the mean (expected calibration error). What was said with which "
        "probability, and how much of it was right, with 95 % Wilson bounds:\n\n"
        + table(("probability", "answers", "said on the mean", "right"), rows)
    )


def diagram_name(item: Trained) -> str:
    """The file of a question's reliability diagram."""
    return f"reliability-{item.task.question}.svg"


def _diagram(validation: Validation) -> str:
    # Altair takes half a second to import.
    from sharegpt_argilla.common.charts import reliability, svg  # noqa: PLC0415

    drawn = svg(reliability([asdict(each) for each in validation.reliability]))
    # Alone it has no page that sets the colours.
    return re.sub(r"var\(--\w+\)", _INK, drawn)


def _score_row(name: str, score: Score) -> tuple[str, ...]:
    return (
        name,
        f"{score.n:,}",
        f"{score.accuracy:.2f}",
        f"{score.f1_micro:.2f}",
        f"{score.f1_macro:.2f}",
    )


_INK = "#808080"
"""Readable on a light and on a dark page."""
CARD = "README.md"
METRICS = "metrics.json"


def check_target(target: Path) -> None:
    """Check that a classifier can be written there: the folder is missing, empty, or contains a classifier.

    Raises:
        InputError: the folder contains something else.
    """
    check_folder_free(target, METRICS, "model")


def write_classifier(target: Path, trained: Sequence[Trained], seed: int, licence: str) -> None:
    """Train each question on all its prompts and write the folder, whole or not at all.

    Raises:
        InputError: it cannot be written. An existing classifier is kept.
    """
    with atomic_folder(target) as draft:
        for item in trained:
            model = train_classifier(item.task, item.task.cases, seed)
            threshold = item.validation.threshold if item.validation else None
            replace(model, threshold=threshold).save(draft / item.task.question)
            if item.validation:
                (draft / diagram_name(item)).write_text(_diagram(item.validation), encoding="utf-8")
        text = json.dumps(metrics(trained, seed), ensure_ascii=False, indent=2)
        (draft / METRICS).write_text(text + "\n", encoding="utf-8")
        (draft / CARD).write_text(model_card(target.name, licence, trained), encoding="utf-8")
