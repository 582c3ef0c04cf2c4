"""Annotated rows -> a text classifier."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sharegpt_argilla.common.jsonl import rereadable
from sharegpt_argilla.curation.checks.base import Options
from sharegpt_argilla.curation.checks.duplicate_checks import Resembling
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.project.annotated_rows import known_questions
from sharegpt_argilla.training.base import Example, Question
from sharegpt_argilla.training.classifier.base import Task, Validation
from sharegpt_argilla.training.classifier.classifier_card import Trained, check_target, write_classifier
from sharegpt_argilla.training.classifier.classifier_validation import validate
from sharegpt_argilla.training.classifier.learning_tasks import LEARNABLE, build_task, read_examples
from sharegpt_argilla.training.classifier.text_classifier import check_language
from sharegpt_argilla.training.question_scheme import SeenQuestions
from sharegpt_argilla.training.splits import DEFAULT_SEED

_NAME = re.compile(r"\w[\w-]*")
DEFAULT_FOLDS = 5
LEAST_PROMPTS = 5
"""Annotated prompts below which nothing is trained."""
LEAST_VALIDATED = 10
"""Annotated prompts below which a score would say nothing; the classifier is trained and not validated."""


@dataclass(frozen=True, slots=True)
class LearnedQuestion:
    """One question.

    Attributes:
        question: its name.
        prompts: annotated prompts that it was learned from.
        groups: groups of them that stay together: conversations, equal prompts, duplicates.
        labels: label -> prompts that have it.
        unseen: labels of the project that nobody gave.
        validation: what cross-validation found; None if the prompts are too few.
    """

    question: str
    prompts: int
    groups: int
    labels: dict[str, int]
    unseen: Sequence[str]
    validation: Validation | None


@dataclass(slots=True)
class TrainSummary:
    """What ``train`` did.

    Attributes:
        rows: annotated rows that were not discarded.
        questions: those that were learned.
        skipped: question -> why it was not.
        output: the folder; None in a dry run.
        hub: address of the model on the Hugging Face Hub; "" when it was not sent.
    """

    rows: int = 0
    questions: list[LearnedQuestion] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    output: Path | None = None
    hub: str = ""


def train(  # noqa: PLR0913 - the options of the command, under their names
    annotated: str | Path,
    output: str | Path,
    *,
    questions: Sequence[str] = (),
    folds: int = DEFAULT_FOLDS,
    seed: int = DEFAULT_SEED,
    language: str = "",
    config: str | Path | None = None,
    licence: str = "",
    push: str | None = None,
    private: bool = False,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _folds: None,
    on_total: Callable[[int], None] = lambda _folds: None,
) -> TrainSummary:
    """Train a classifier of prompts for label questions, and say how good it is.

    Args:
        annotated: what ``export-responses`` wrote; ``-`` is standard input.
        output: the folder that takes it; one with a classifier is replaced.
        questions: which to learn; default: every question with labels that can be learned.
        folds: of the cross-validation; fewer if there are fewer conversations. 0 for none.
        seed: of folds and training.
        language: code of the prompts' language, which tells whether spaces part words; "" to find out.
        config: the project file; default ``dataset-config.yml`` if it exists here, else the answers tell.
        licence: of the corpus, for the card, as the Hub spells it (``cc0-1.0``).
        push: ``owner/name`` on the Hugging Face Hub.
        private: make the repository there private.
        dry_run: cross-validate, write nothing.
        on_progress: called with 1 after each fold.
        on_total: called once, with the number of folds of all questions.

    Raises:
        UsageError, ConfigError: an option cannot be used.
        InputError: too few answers, or a file cannot be read or written.
        CredentialsError, ServerRefusedError, ServerUnreachableError: the Hub; what is on disk stays.
    """
    if folds < 0 or folds == 1:
        raise UsageError(f"--folds {folds}: 2 or more, or 0 for no cross-validation")
    if language:
        check_language(language)
    if not dry_run:
        check_target(Path(output))
    with (
        rereadable(annotated, "export-responses") as path,
        closing(Resembling(Options().similarity)) as seen,
    ):
        examples, groups = read_examples(path, lambda example: seen.add(example.prompt, example.id))
    summary = TrainSummary(rows=len(examples))
    tasks = _tasks(_wanted(examples, questions, config), (examples, groups), language, summary.skipped)
    if not tasks or (questions and summary.skipped):
        raise InputError(f"{annotated}: " + "; ".join(f"{name}: {why}" for name, why in summary.skipped.items()))
    on_total(sum(_folds(task, folds) for task in tasks))
    trained = [Trained(task, _validated(task, folds, seed, on_progress)) for task in tasks]
    summary.questions = [_learned(result) for result in trained]
    if not dry_run:
        summary.output = Path(output)
        write_classifier(summary.output, trained, seed, licence)
        summary.hub = _push(summary.output, push, private=private) if push else ""
    return summary


def _wanted(examples: Sequence[Example], names: Sequence[str], config: str | Path | None) -> list[Question]:
    seen = SeenQuestions(known_questions(config))
    for example in examples:
        seen.add(example.annotation)
    # A name becomes a folder; without a project file it comes from the rows.
    learnable = [each for each in seen.questions() if each.type in LEARNABLE and _NAME.fullmatch(each.name)]
    by_name = {question.name: question for question in learnable}
    for name in names:
        if name not in by_name:
            offered = ", ".join(by_name) or "none"
            raise UsageError(f"--question {name}: no question with labels of that name; there are: {offered}")
    if not by_name:
        raise InputError("no question with labels was answered; nothing to learn")
    return [by_name[name] for name in dict.fromkeys(names)] if names else list(by_name.values())


def _tasks(
    questions: Sequence[Question],
    rows: tuple[Sequence[Example], Sequence[bytes]],
    language: str,
    skipped: dict[str, str],
) -> list[Task]:
    tasks = []
    for question in questions:
        task = build_task(question, *rows, language)
        if len(task.cases) < LEAST_PROMPTS:
            skipped[question.name] = f"{len(task.cases)} annotated prompts, and it takes {LEAST_PROMPTS} to learn"
        elif len({case.labels for case in task.cases}) < 2:
            skipped[question.name] = _only_answer(task)
        else:
            tasks.append(task)
    return tasks


def _only_answer(task: Task) -> str:
    answer = ", ".join(f'"{label}"' for label in sorted(task.cases[0].labels)) or "no label"
    return f"{answer} is the only {'answer' if task.several else 'label'} that was given, nothing to tell apart"


def _validated(task: Task, folds: int, seed: int, on_progress: Callable[[int], None]) -> Validation | None:
    count = _folds(task, folds)
    return validate(task, count, seed, on_progress) if count else None


def _folds(task: Task, wanted: int) -> int:
    """Folds of the cross-validation; 0 where the prompts are too few for one."""
    count = min(wanted, task.groups)
    return count if len(task.cases) >= LEAST_VALIDATED and count > 1 else 0


def _learned(trained: Trained) -> LearnedQuestion:
    task = trained.task
    return LearnedQuestion(
        task.question, len(task.cases), task.groups, task.counts, task.unseen, trained.validation
    )


def _push(folder: Path, repository: str, *, private: bool) -> str:
    # Imported only when asked for.
    from sharegpt_argilla.training.hub_dataset import upload_model  # noqa: PLC0415

    return upload_model(folder, repository, private=private)
