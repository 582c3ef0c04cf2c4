"""Train a text classifier on annotated prompts, and compare it with the most frequent answer and with suggestions.

Each question with labels becomes a classifier in its own folder under the output, next to a model card
(README.md) and metrics.json. Scores are cross-validated; no conversation is on both sides. Name the folder under
`suggestions:` in dataset-config.yml, and load-records suggests what it says for the records that are still open.
"""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import counted, note, progress, tell
from sharegpt_argilla.common.plurals import numbered
from sharegpt_argilla.training.classifier.base import Score
from sharegpt_argilla.training.splits import DEFAULT_SEED
from sharegpt_argilla.workflows.train import DEFAULT_FOLDS, LearnedQuestion, TrainSummary, train

SUMMARY = TrainSummary
EXAMPLE = "sharegpt-argilla train annotated.jsonl -o model --question intent --question toxicity"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add = parser.add_argument
    add("annotated", metavar="ANNOTATED", help="what export-responses wrote; - is standard input")
    add("-o", "--output", required=True, metavar="FOLDER", help="takes the classifier; a former one is replaced")
    add(
        "--question",
        action="append",
        default=[],
        metavar="NAME",
        help="to learn; may be repeated (all with labels)",
    )
    add(
        "--folds",
        type=int,
        default=DEFAULT_FOLDS,
        metavar="N",
        help="of the cross-validation, 0: none (%(default)s)",
    )
    add("--seed", type=int, default=DEFAULT_SEED, metavar="N", help="of folds and training (%(default)s)")
    add("--language", default="", metavar="CODE", help="of the prompts (zh for Chinese ones, else xx)")
    add("--config", metavar="FILE", help="the project file (dataset-config.yml if it is here)")
    add("--licence", default="", metavar="ID", help="of the corpus, for the model card, as in cc0-1.0")
    add("--push-to-hub", metavar="OWNER/NAME", help="send it to the Hugging Face Hub as well; HF_TOKEN signs in")
    add("--private", action="store_true", help="make the repository there private")
    add("--dry-run", action="store_true", help="cross-validate, write nothing")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    with progress("folds") as bar:
        summary = train(
            arguments.annotated,
            arguments.output,
            questions=arguments.question,
            folds=arguments.folds,
            seed=arguments.seed,
            language=arguments.language,
            config=arguments.config,
            licence=arguments.licence,
            push=arguments.push_to_hub,
            private=arguments.private,
            dry_run=arguments.dry_run,
            on_progress=bar,
            on_total=bar.expect,
        )
    for name, why in summary.skipped.items():
        note(f"{name}: left out; {why}")
    for learned in summary.questions:
        for line in describe(learned):
            note(line)
    tell(summary, _last_line(summary))
    return 0


def describe(learned: LearnedQuestion) -> list[str]:
    """A question's scores, a line each."""
    name = learned.question
    lines = []
    if learned.unseen:
        lines.append(f"{name}: nobody gave {', '.join(learned.unseen)}; it cannot suggest them")
    validation = learned.validation
    if validation is None:
        return [*lines, f"{name}: not cross-validated, nobody knows how good it is ({learned.prompts:,} prompts)"]
    majority = _score(validation.majority, short=True)
    lines.append(f"{name}: {_score(validation.classifier)}; the most frequent answer {majority}")
    threshold = f"{validation.threshold:.2f}" if validation.threshold else "no probability"
    lines.append(
        f"{name}: probabilities are off by {validation.calibration_error:.3f} on the mean; "
        f"nine of ten labels are right from {threshold} on"
    )
    lines += [
        f"{name}: suggestions of {agent} {_score(theirs)}; the classifier on the same {_score(ours, short=True)}"
        for agent, (theirs, ours) in validation.suggestions.items()
    ]
    return lines


def _score(score: Score, *, short: bool = False) -> str:
    numbers = f"{score.accuracy:.2f} right, F1 {score.f1_macro:.2f}"
    return numbers if short else f"{numbers} (n={score.n:,})"


def _last_line(summary: TrainSummary) -> str:
    where = ", ".join(filter(None, [str(summary.output or ""), summary.hub])) or "nothing written (dry run)"
    counts = counted((len(summary.questions), "questions learned"), (len(summary.skipped), "left out"))
    return f"{counts} from {numbered(summary.rows, 'annotated rows')} -> {where}"
