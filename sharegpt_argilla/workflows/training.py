"""Annotated rows -> training files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sharegpt_argilla.common.jsonl import STANDARD_STREAM, rereadable
from sharegpt_argilla.curation.checks.base import Options
from sharegpt_argilla.curation.checks.duplicate_checks import Resembling
from sharegpt_argilla.errors import RejectedError, UnknownNameError, UsageError
from sharegpt_argilla.project.annotated_rows import find_project, known_questions, read_rows_of, restricted
from sharegpt_argilla.responses.merge import guidelines_hash
from sharegpt_argilla.training.annotated_file import NO_ANSWER, AnnotatedFile, Plans
from sharegpt_argilla.training.base import (
    About,
    Example,
    Flat,
    Group,
    Question,
    Scheme,
    TrainingFormat,
    TrainingRow,
)
from sharegpt_argilla.training.examples import Filters, agreement, read_example
from sharegpt_argilla.training.question_scheme import SeenQuestions, find_question, require_question
from sharegpt_argilla.training.splits import DEFAULT_SEED, Families, parse_split
from sharegpt_argilla.training.table import FORMATS
from sharegpt_argilla.training.trainer_configs import write_trainer_configs

_TO_STREAM = (".jsonl", ".json", ".csv")
TOOL_USE = "tools"
"""What formats without tools drop of a conversation."""
TOOL_FORMAT = "messages"
"""The format that writes every use of tools."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows go into a training set, and how values are read.

    Attributes:
        min_quality: the least rating of the question ``quality``.
        intents: labels of the question ``intent``; a row has at least one of them.
        toxicity: labels of the question ``toxicity`` that a row may have; it may have no other.
        annotators: only what these people said counts, merged again with the project's policies.
        agreement: the least mean agreement, 0 to 1, of rows that two people or more answered.
        min_responses: the least number of submitted responses.
        ties: ``keep`` or ``drop`` rows on which the votes were even.
        unannotated: take rows that nobody answered too.
        discarded: take rows that at least as many people discarded as submitted.
        rank_by: the rating that tells better answers from worse; default ``quality``.
        good: the rating from which ``kto`` says true; default: above the middle of the scale.
        min_confidence: the least probability of the values, 0 to 1, in the questions that ``min_quality``,
            ``intents`` and ``toxicity`` ask about; where they ask nothing, in all of which the row says it.
    """

    min_quality: float | None = None
    intents: Sequence[str] = ()
    toxicity: Sequence[str] = ()
    annotators: Sequence[str] = ()
    agreement: float | None = None
    min_responses: int = 0
    ties: str = "keep"
    unannotated: bool = False
    discarded: bool = False
    rank_by: str | None = None
    good: float | None = None
    min_confidence: float | None = None


@dataclass(slots=True)
class TrainingSummary:
    """What ``training`` did.

    Attributes:
        rows: annotated and other rows in the input.
        unreadable: lines of it that are no row.
        repeated: rows whose id occurred in it before.
        left_out: why -> how many rows or, where the format compares answers, questions.
        mixed: session in which rows have one turn and different questions -> how many have the turn of another.
        headless: conversations that go out without their first turn, which is not in the input; counted in formats
            that write earlier turns.
        dropped: what the format cannot write (``earlier turns``, ``system text``, ``tools``) -> training rows that
            lack it.
        written: split -> training rows, ``""`` where nothing is split; in a dry run, those that would be.
        units: what they were made from: rows, questions or conversations.
        largest_family: share of the units that had to stay together in one split; 0 where nothing is split.
        outputs: the files or the folder; none in a dry run, and none when no training row is left.
        trainer_configs: files next to them that describe them to trainers.
        sample: the first training row; None if there is none.
        hub: address of the dataset on the Hugging Face Hub; ``""`` when it was not sent.
    """

    rows: int = 0
    unreadable: int = 0
    repeated: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    mixed: Counter[str] = field(default_factory=Counter)
    headless: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    written: dict[str, int] = field(default_factory=dict)
    units: int = 0
    largest_family: float = 0.0
    outputs: list[str] = field(default_factory=list)
    trainer_configs: list[str] = field(default_factory=list)
    sample: TrainingRow | None = None
    hub: str = ""


def training(  # noqa: PLR0913 - the options of the command, under their names
    annotated: str | Path,
    format: str,  # noqa: A002 - the option's name
    output: str | Path,
    *,
    selection: Selection | None = None,
    min_quality: float | None = None,
    intents: Sequence[str] = (),
    toxicity: Sequence[str] = (),
    annotators: Sequence[str] = (),
    agreement: float | None = None,
    min_responses: int = 0,
    ties: str = "keep",
    unannotated: bool = False,
    discarded: bool = False,
    rank_by: str | None = None,
    good: float | None = None,
    min_confidence: float | None = None,
    split: str | None = None,
    seed: int = DEFAULT_SEED,
    config: str | Path | None = None,
    licence: str = "",
    push: str | None = None,
    private: bool = False,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _rows: None,
) -> TrainingSummary:
    """Write a training set from annotated rows, whole or not at all.

    Args:
        annotated: what ``export-responses`` wrote; ``-`` is standard input.
        format: one of ``FORMATS``.
        output: a file, ``-`` for standard output, or a folder for ``datasets``.
        selection: ``min_quality`` to ``min_confidence`` as one object.
        min_quality: the least rating of the question ``quality``.
        intents: labels of the question ``intent``; a row has at least one of them.
        toxicity: labels of the question ``toxicity`` that a row may have; it may have no other.
        annotators: only what these people said counts, merged again with the project's policies.
        agreement: the least mean agreement, 0 to 1, of rows that two people or more answered.
        min_responses: the least number of submitted responses.
        ties: ``keep`` or ``drop`` rows on which the votes were even.
        unannotated: take rows that nobody answered too.
        discarded: take rows that at least as many people discarded as submitted.
        rank_by: the rating that tells better answers from worse; default ``quality``.
        good: the rating from which ``kto`` says true; default: above the middle of the scale.
        min_confidence: the least probability of the values, 0 to 1, in the questions that ``min_quality``,
            ``intents`` and ``toxicity`` ask about; where they ask nothing, in all of which the row says it.
        split: ``train=0.9,test=0.1``; each split becomes a file with its name behind the output's.
        seed: of the splits; the same seed splits the same rows alike.
        config: the project file; default ``dataset-config.yml`` if it exists here, else the answers tell.
        licence: of the corpus, for the dataset card, as the Hub spells it (``cc0-1.0``).
        push: ``owner/name`` on the Hugging Face Hub, for the format ``datasets``.
        private: make the repository there private.
        dry_run: count, write nothing.
        on_progress: called with the number of rows that are read since the last call.

    Raises:
        UsageError, ConfigError: an option cannot be used.
        InputError: a file cannot be read or written.
        CredentialsError, ServerRefusedError, ServerUnreachableError: the Hub; what is on disk stays.
    """
    selection = selection or Selection(
        min_quality,
        intents,
        toxicity,
        annotators,
        agreement,
        min_responses,
        ties,
        unannotated,
        discarded,
        rank_by,
        good,
        min_confidence,
    )
    layout, project = FORMATS[format], find_project(config)
    shares = parse_split(split) if split else {}
    _check_output(layout, (str(annotated), str(output)), shares, push)
    _check_quality(known_questions(config), selection.min_quality)
    with rereadable(annotated, "export-responses") as path:
        questions = _questions(path, config)
        scheme = Scheme(questions, _rank_by(questions, selection), selection.good)
        job = _Job(layout, scheme, TrainingSummary())
        reason = _reason(layout, _filters(questions, selection))
        prepare = restricted(questions, selection.annotators, config)
        with (
            _resembling(shares) as resembling,
            closing(AnnotatedFile(path, reason, prepare, on_progress, resembling)) as source,
        ):
            about = _About(path.stem, licence, project.guidelines if project else "")
            job.scheme = replace(scheme, tools=source.tools)
            job.run(source, Path(output), about, (shares, seed), dry_run=dry_run)
    if push and job.summary.outputs:
        job.summary.hub = _push(Path(output), push, private=private)
    return job.summary


def check_formats(formats: Sequence[str], annotated: str | Path) -> dict[str, Path]:
    """Format -> the file or folder next to the annotated rows that takes it: ``annotated-alpaca.json``.

    Raises:
        UnknownNameError: one of them does not exist.
        UsageError: the annotated rows go to standard output.
    """
    if formats and str(annotated) == STANDARD_STREAM:
        raise UsageError("--training needs a file for the annotated rows, not standard output")
    path = Path(annotated)
    return {name: path.with_name(f"{path.stem}-{name}{FORMATS[name].suffix}") for name in formats}


@dataclass(frozen=True, slots=True)
class _About:
    title: str
    licence: str
    guidelines: str


@dataclass(slots=True)
class _Job:
    layout: TrainingFormat
    scheme: Scheme
    summary: TrainingSummary

    def run(
        self,
        source: AnnotatedFile,
        output: Path,
        about: _About,
        splitting: tuple[dict[str, float], int],
        *,
        dry_run: bool,
    ) -> None:
        """Plan the units, split them, make and write their rows."""
        plans = source.plans(self.layout.unit, history=self.layout.needs_history)
        if self._writes_tools:
            # Readers tell the type of a column from the first rows, and only these have all of its keys.
            plans = plans.with_tools_first()
        self.summary.units = len(plans)
        self.summary.rows, self.summary.unreadable = source.rows, source.unreadable
        self.summary.repeated, self.summary.left_out = source.repeated, source.left_out
        self.summary.mixed, self.summary.headless = source.mixed, source.headless
        parts = self._split(plans, *splitting)
        self.summary.written = dict.fromkeys(parts, 0)
        rows = {name: self._rows(source, name, part) for name, part in parts.items()}
        if dry_run:
            for part in rows.values():
                for _ in part:
                    pass
            return
        rows = {name: self._peeked(part) for name, part in rows.items()}
        if not any(self.summary.written.values()):
            return
        card = self._card(source, plans, about) if not self.layout.suffix else About(about.title)
        paths = self.layout.write(output, rows, self.scheme, card)
        self.summary.outputs = [str(path) for path in paths]
        if str(output) != STANDARD_STREAM:
            configs = write_trainer_configs(self.layout.name, output, list(parts), tools=self._writes_tools)
            self.summary.trainer_configs = [str(path) for path in configs]

    @property
    def _drops_tools(self) -> bool:
        return self.layout.needs_answer and not getattr(self.layout, "with_tools", False)

    @property
    def _writes_tools(self) -> bool:
        return self.scheme.tools and bool(getattr(self.layout, "with_tools", False))

    @staticmethod
    def _peeked(rows: Iterator[TrainingRow]) -> Iterator[TrainingRow]:
        """The same rows, of which the first is made by now: no file is opened before there is something for it."""
        return chain(list(islice(rows, 1)), rows)

    def _split(self, plans: Plans, shares: dict[str, float], seed: int) -> dict[str, Plans]:
        if not shares:
            return {"": plans}
        families = Families()
        for plan in plans:
            families.add(plan.keys())
        parts = plans.divided(shares, families.assign(shares, seed))
        self.summary.largest_family = families.largest
        return parts

    def _rows(self, source: AnnotatedFile, split: str, plans: Plans) -> Iterator[TrainingRow]:
        for plan in plans:
            try:
                group = source.read(plan)
                made = self.layout.rows(group, self.scheme)
            except RejectedError as error:
                self.summary.left_out[str(error)] += 1
                continue
            self._count_dropped(group, len(made))
            for row in made:
                self.summary.sample = self.summary.sample or row
                self.summary.written[split] += 1
                yield row

    def _count_dropped(self, group: Group, rows: int) -> None:
        flat: Flat | None = getattr(self.layout, "flat", None)
        turns = (*group.examples, *group.history)
        if any(turn.tools or turn.tool_messages for turn in turns) and self._drops_tools:
            self.summary.dropped[TOOL_USE] += rows
        if flat is None:
            return
        self.summary.dropped["earlier turns"] += rows * (group.examples[0].turn > 1)
        self.summary.dropped["system text"] += rows * (flat.system and bool(group.examples[0].system))

    def _card(self, source: AnnotatedFile, plans: Plans, about: _About) -> About:
        """What the card says of the rows that were taken."""
        people: set[str] = set()
        guidelines: Counter[str] = Counter()
        agreements: dict[str, list[float]] = {}
        responses = 0
        for plan in plans:
            for example in source.read(plan).examples:
                responses += len(example.submitted)
                people.update(str(response.get("annotator")) for response in example.submitted)
                guidelines.update(_names(example.annotation.get("guidelines")))
                for question in self.scheme.questions:
                    if (value := agreement(example, question.name)) is not None:
                        agreements.setdefault(question.name, []).append(value)
        current = guidelines_hash(about.guidelines)
        return About(
            title=about.title,
            licence=about.licence,
            guidelines=dict(sorted(guidelines.items())),
            guidelines_text=(current, about.guidelines) if current in guidelines else None,
            annotators=len(people),
            responses=responses,
            agreement={name: (sum(values) / len(values), len(values)) for name, values in agreements.items()},
            left_out=dict(self.summary.left_out),
        )


def _push(folder: Path, repository: str, *, private: bool) -> str:
    # Imported only when asked for: `datasets` takes a second.
    from sharegpt_argilla.training.hub_dataset import push_to_hub  # noqa: PLC0415

    return push_to_hub(folder, repository, private=private)


def _questions(path: Path, config: str | Path | None) -> list[Question]:
    seen = SeenQuestions(known_questions(config))
    for row in read_rows_of(path):
        seen.add(read_example(row).annotation)
    return seen.questions()


@contextmanager
def _resembling(shares: Mapping[str, float]) -> Iterator[Callable[[Example], Collection[str]]]:
    """What finds rows that are nearly the same; where nothing is split, nobody asks."""
    if not shares:
        yield lambda _example: ()
        return
    with closing(Resembling(Options().similarity)) as seen:
        yield lambda example: seen.add(example.prompt, example.id)


def _rank_by(questions: Sequence[Question], selection: Selection) -> str | None:
    if selection.rank_by is None:
        return find_question(questions, "quality")
    ratings = [question.name for question in questions if question.type == "rating"]
    if selection.rank_by not in ratings:
        raise UnknownNameError("rating question", selection.rank_by, ratings)
    return selection.rank_by


def _filters(questions: Sequence[Question], selection: Selection) -> Filters:
    if selection.ties not in ("keep", "drop"):
        raise UnknownNameError("way with ties", selection.ties, ("keep", "drop"))
    if selection.agreement is not None and not 0 <= selection.agreement <= 1:
        raise UsageError(f"agreement {selection.agreement:g}: it must be between 0 and 1")
    _check_confidence(selection)
    quality = None
    if selection.min_quality is not None:
        quality = (require_question(questions, "quality", "--min-quality"), selection.min_quality)
    intents = _labels(questions, "intent", selection.intents)
    toxicity = _labels(questions, "toxicity", selection.toxicity)
    return Filters(
        unannotated=selection.unannotated,
        discarded=selection.discarded,
        ties=selection.ties == "keep",
        quality=quality,
        intents=intents,
        toxicity=toxicity,
        agreement=selection.agreement,
        responses=selection.min_responses,
        confidence=selection.min_confidence,
        sure_of=[asked[0] for asked in (quality, intents, toxicity) if asked],
        questions=[question.name for question in questions],
    )


def _check_confidence(selection: Selection) -> None:
    if selection.min_confidence is None:
        return
    if not 0 <= selection.min_confidence <= 1:
        raise UsageError(f"--min-confidence {selection.min_confidence:g}: it must be between 0 and 1")
    if selection.annotators:
        raise UsageError("--min-confidence is about everybody's answers; it does not go with --annotators")


def _check_quality(questions: Sequence[Question], least: float | None) -> None:
    """Only the project file knows the whole scale; the answers show what was given."""
    name = find_question(questions, "quality")
    scale = [value for question in questions if question.name == name for value in question.choices]
    numbers = [value for value in scale if isinstance(value, int)]
    if least is not None and numbers and least > max(numbers):
        raise UsageError(f"--min-quality {least:g}: the highest rating of {name} is {max(numbers)}")


def _labels(questions: Sequence[Question], word: str, wanted: Sequence[str]) -> tuple[str, frozenset[str]] | None:
    if not wanted:
        return None
    name = require_question(questions, word, f"--{word}")
    (question,) = [question for question in questions if question.name == name]
    for label in wanted:
        if label not in question.choices:
            raise UnknownNameError(f"label of {name}", label, map(str, question.choices))
    return name, frozenset(wanted)


def _reason(layout: TrainingFormat, filters: Filters) -> Callable[[Example], str | None]:
    def reason(example: Example) -> str | None:
        why = filters.reason(example)
        if why is None and layout.needs_answer and layout.unit != "conversation" and not example.answer:
            return NO_ANSWER
        return why

    return reason


def _check_output(
    layout: TrainingFormat, files: tuple[str, str], shares: dict[str, float], push: str | None
) -> None:
    annotated, output = files
    if push and layout.suffix:
        raise UsageError('only the format "datasets" goes to the Hugging Face Hub')
    if output == STANDARD_STREAM and (shares or layout.suffix not in _TO_STREAM):
        what = "splits are files" if shares else f"{layout.name} is no text"
        raise UsageError(f"{what}; give -o a name")
    if STANDARD_STREAM not in files and Path(annotated).resolve() == Path(output).resolve():
        raise UsageError(f"{output}: the annotated rows themselves; give -o another name")


def _names(value: Any) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else [str(value or "")]
