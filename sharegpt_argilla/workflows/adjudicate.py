"""Records that people disagree on -> a dataset that only reviewers see, with what the people answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from sharegpt_argilla.argilla_client.accounts import leave_workspace, members_of
from sharegpt_argilla.argilla_client.connection import ArgillaClient, connect
from sharegpt_argilla.argilla_client.dataset_on_server import find_dataset
from sharegpt_argilla.argilla_client.records_on_server import BATCH, RecordsDataset
from sharegpt_argilla.common.jsonl import DEFAULT_REJECTS, STANDARD_STREAM, RejectsFile, RowLine, read_rows
from sharegpt_argilla.config import (
    DEFAULT_CONFIG,
    NumberProperty,
    Project,
    ProjectConfig,
    TextField,
    load_project,
)
from sharegpt_argilla.config.annotation_task import EXTENSION
from sharegpt_argilla.config.project_datasets import review_part
from sharegpt_argilla.errors import InputError, UnknownNameError, UsageError
from sharegpt_argilla.project.enrichers import RecordCandidate
from sharegpt_argilla.project.record_links import queue_link
from sharegpt_argilla.project.record_loader import LoadSummary, RecordLoader
from sharegpt_argilla.records.earlier_turns import EarlierTurns
from sharegpt_argilla.records.record_fields import peer_table
from sharegpt_argilla.responses.agreement import METRIC_OF_TYPE
from sharegpt_argilla.responses.agreement_report import disagreements
from sharegpt_argilla.rows import ANNOTATION, dump_row, read_extension, with_extension
from sharegpt_argilla.settings import Connection, Home, default_home, find_connection
from sharegpt_argilla.workflows.setup_dataset import build_dataset, missing_of_dataset

PEERS = "peer-answers"
"""Name of the field with what people answered, and key of a row's extension on its way there."""

DISAGREEMENT = "disagreement"
"""Metadata of a record for review: 0 to 1, when the record was sent; reviewers can sort by it."""


@dataclass(frozen=True)
class AdjudicateOptions:
    """What is reviewed, where it is not what the project file says.

    Attributes:
        threshold: records whose disagreement is above it, 0 to 1; by default the project's.
        questions: whose mean disagreement counts; by default that of all questions that have one.
        names: show the reviewers who answered what.
        rejects: where rows go that the server refuses.
    """

    threshold: float | None = None
    questions: Sequence[str] = ()
    names: bool = False
    rejects: str | Path = DEFAULT_REJECTS


@dataclass(frozen=True)
class AdjudicateSummary:
    """What ``adjudicate`` did.

    Attributes:
        compared: rows that two people or more answered.
        disputed: those of them above the threshold.
        threshold: which it was.
        load: what became of them: ``loaded`` are new to the reviewers, ``updated`` are those whose answers changed
            before a reviewer decided, ``unchanged`` had been sent before.
        reviewed: those that a reviewer decided before; they stay as they are.
        created: what was made, in words, as in `SetupSummary`.
        removed: who is no member of the reviewers' workspace any more, being no reviewer.
        credentials: the sheet with the passwords of accounts made from here.
        url: the reviewers' page; empty when a dry run found no dataset.
    """

    compared: int
    disputed: int
    threshold: float
    load: LoadSummary
    reviewed: int
    created: Sequence[str]
    removed: Sequence[str]
    credentials: Path
    url: str


def adjudicate(  # noqa: PLR0913 - the options of the command, under their names
    annotated: str | Path,
    config: str | Path = DEFAULT_CONFIG,
    options: AdjudicateOptions | None = None,
    *,
    threshold: float | None = None,
    questions: Sequence[str] = (),
    names: bool = False,
    rejects: str | Path = DEFAULT_REJECTS,
    connection: Connection | None = None,
    home: Home | None = None,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _records: None,
    on_total: Callable[[int], None] = lambda _records: None,
) -> AdjudicateSummary:
    """Give the disputed records to the reviewers, each once.

    Args:
        annotated: rows with responses, as ``export_responses`` writes them.
        config: the project file, with a section ``adjudication``.
        options: ``threshold`` to ``rejects`` as one object.
        threshold: records whose disagreement is above it, 0 to 1; by default the project's.
        questions: whose mean disagreement counts; by default that of all questions that have one.
        names: show the reviewers who answered what.
        rejects: where rows go that the server refuses.
        connection: the Argilla; by default the one from the environment, else the embedded one.
        home: the home folder whose credentials sheet takes new passwords; by default the one in force.
        dry_run: count only; make nothing, send nothing.
        on_progress: called with the number of disputed records that are done since the last call.
        on_total: called once, with the number of disputed records.

    Raises:
        UsageError, UnknownNameError: the project has no reviewers, or a question of that name has no measure.
        ConfigError, InputError, DatasetDiffersError, ServerUnreachableError, CredentialsError,
        ServerRefusedError: see their docstrings. What was sent before stays.
    """
    options = options or AdjudicateOptions(threshold, questions, names, rejects)
    project = load_project(config)
    if project.config.adjudication is None:
        raise UsageError(f"{config}: no reviewers; add `adjudication: {{reviewers: [NAME]}}`")
    if str(annotated) == STANDARD_STREAM or not Path(annotated).is_file():
        raise InputError(f"{annotated}: no such file; `sharegpt-argilla export-responses` writes one")
    least = project.config.adjudication.threshold if options.threshold is None else options.threshold
    if not 0 <= least < 1:
        raise UsageError(f"threshold {least:g} is not from 0 to below 1")
    scores = _scores(annotated, project.config, options.questions)
    disputed = {row: score for row, score in scores.items() if score > least}
    on_total(len(disputed))
    review, home = _review_project(project), home or default_home()
    reviewing = review.config
    with connect(connection or find_connection()) as client:
        created = (
            missing_of_dataset(client, review) if dry_run else build_dataset(client, review, home, update=True)
        )
        existing = find_dataset(client, reviewing.workspace, reviewing.dataset)
        dataset = RecordsDataset(client, existing.id) if existing is not None and existing.ready else None
        load = LoadSummary(rejects=Path(options.rejects), url=client.url, dry_run=dry_run)
        lines = _lines(annotated, disputed, reviewing, names=options.names)
        with RejectsFile(options.rejects) as rejected, closing(EarlierTurns(Path(annotated))) as earlier:
            enrichers = [_Disagreement(disputed)]
            loader = RecordLoader(dataset, reviewing, enrichers, earlier, rejected, load, str(annotated))
            reviewed = _load(loader, lines, on_progress)
            load.rejected = rejected.count
        return AdjudicateSummary(
            compared=len(scores),
            disputed=len(disputed),
            threshold=least,
            load=load,
            reviewed=reviewed,
            created=created,
            removed=_remove_strangers(client, reviewing, dry_run=dry_run),
            credentials=home.credentials,
            url=queue_link(client.url, existing.id) if existing else "",
        )


def _remove_strangers(client: ArgillaClient, names: ProjectConfig, *, dry_run: bool) -> list[str]:
    """End the membership of those in the reviewers' workspace who are no reviewers (any more)."""
    reviewers = {person.username for person in names.people}
    members = members_of(client, names.workspace)
    strangers = sorted(name for name, role in members.items() if role != "owner" and name not in reviewers)
    for name in () if dry_run else strangers:
        leave_workspace(client, names.workspace, name)
    return strangers


def _scores(annotated: str | Path, config: ProjectConfig, wanted: Sequence[str]) -> dict[str, float]:
    """Row id -> mean disagreement over the wanted questions, of rows that two people or more answered."""
    measured = [question for question in config.questions if question.type in METRIC_OF_TYPE]
    for name in wanted:
        if name not in [question.name for question in measured]:
            raise UnknownNameError("question", name, [question.name for question in measured])
    questions = [question for question in measured if not wanted or question.name in wanted]
    rows = (line.row for line in read_rows(annotated) if line.row is not None)
    return disagreements(rows, questions)


def _review_project(project: Project) -> Project:
    """The reviewers' dataset as a project: the same questions, and what people answered after the first field."""
    review = review_part(project).project
    first, *others = review.config.fields
    peers = TextField(name=PEERS, title="What others answered", content=EXTENSION + PEERS, render="markdown")
    score = NumberProperty(name=DISAGREEMENT, title="Disagreement", type="float", min=0, max=1)
    changes = {"fields": [first, peers, *others], "metadata": [score], "suggestions": [], "vectors": []}
    return replace(review, config=review.config.model_copy(update=changes))


def _lines(
    annotated: str | Path, disputed: Mapping[str, float], config: ProjectConfig, *, names: bool
) -> Iterator[RowLine]:
    """The disputed rows, with what people answered in their extension."""
    for line in read_rows(annotated):
        if line.row is None or line.row["id"] not in disputed:
            continue
        extension = read_extension(line.row)
        answers = _peer_answers(extension[ANNOTATION])
        extension[PEERS] = peer_table(line.row["id"], answers, config.questions, names=names)
        row = with_extension(line.row, extension)
        yield line._replace(row=row, text=dump_row(row))


def _peer_answers(marked: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    answers: dict[str, dict[str, Any]] = {}
    for response in sorted(marked["responses"], key=lambda answer: str(answer.get("submitted_at", ""))):
        if response["status"] == "submitted" and not response.get("adjudication"):
            answers.setdefault(str(response["annotator"]), {}).update(response["values"])
    return answers


def _load(loader: RecordLoader, lines: Iterator[RowLine], on_progress: Callable[[int], None]) -> int:
    """Load all but those that a reviewer decided; returns how many those are."""
    reviewed = 0
    while batch := list(islice(lines, BATCH)):
        existing = loader.dataset.find([line.row["id"] for line in batch if line.row]) if loader.dataset else {}
        decided = {identifier for identifier, record in existing.items() if record.completed}
        loader.load([line for line in batch if line.row is None or line.row["id"] not in decided])
        reviewed += len(decided)
        on_progress(len(batch))
    return reviewed


class _Disagreement:
    """Puts the disagreement on the records."""

    # A score moves a little with every answer to any record; only another table is worth sending a record again.
    from_texts_alone = True

    def __init__(self, scores: Mapping[str, float]) -> None:
        self._scores = scores

    def enrich(self, candidates: Sequence[RecordCandidate]) -> None:
        for candidate in candidates:
            candidate.metadata[DISAGREEMENT] = round(self._scores[candidate.row["id"]], 4)
