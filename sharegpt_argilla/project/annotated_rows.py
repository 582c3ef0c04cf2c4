"""Shared by the workflows that read annotated rows: the project's questions, and whose answers count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.common.contract_keys import GOLD
from sharegpt_argilla.common.jsonl import read_rows
from sharegpt_argilla.config import DEFAULT_CONFIG, Export, Project, ProjectConfig, load_project
from sharegpt_argilla.config.annotation_task import LabelQuestion, MultiLabelQuestion, RatingQuestion
from sharegpt_argilla.responses.merge import Origin, annotation
from sharegpt_argilla.responses.policies import MODEL, POLICY, PolicyChoice
from sharegpt_argilla.rows import Row
from sharegpt_argilla.training.base import Example, Question
from sharegpt_argilla.training.question_scheme import configured_questions


def known_questions(config: str | Path | None) -> list[Question]:
    """The questions of the project file; empty if no file is named and none is in the current folder.

    Raises:
        ConfigError: the file cannot be used.
    """
    project = find_config(config)
    return configured_questions(project) if project else []


def find_config(config: str | Path | None) -> ProjectConfig | None:
    """The project file; None if no file is named and none is in the current folder.

    Raises:
        ConfigError: the file cannot be used.
    """
    project = find_project(config)
    return project.config if project else None


def find_project(config: str | Path | None) -> Project | None:
    """The project file with the files that it names; None if none is named and none is in the current folder.

    Raises:
        ConfigError: one of them cannot be used.
    """
    if config is None and not Path(DEFAULT_CONFIG).is_file():
        return None
    return load_project(config or DEFAULT_CONFIG)


def read_rows_of(path: str | Path) -> Iterator[Row]:
    """The rows of a file; lines that are not valid rows are skipped."""
    return (line.row for line in read_rows(path) if line.row is not None)


def policy_choice(export: Export) -> PolicyChoice:
    """How several answers are merged, according to the project file."""
    return PolicyChoice(
        export.policies, export.adjudicators, export.weights_by_hand, weighs_by_gold=export.weighs_by_gold
    )


def modelled_choice(project: ProjectConfig) -> PolicyChoice:
    """The same, with the questions whose answers are to have a probability."""
    export = project.export
    asked = [
        question
        for question in project.questions
        if isinstance(question, RatingQuestion | LabelQuestion | MultiLabelQuestion)
        and (export.confidence or export.policies.get(question.name) == MODEL)
    ]
    labels = {
        question.name: list(question.values if isinstance(question, RatingQuestion) else question.labels)
        for question in asked
    }
    scales = [question.name for question in asked if isinstance(question, RatingQuestion)]
    return replace(policy_choice(export), modelled=labels, scales=scales, agents=export.agents)


def restricted(
    questions: Sequence[Question], annotators: Sequence[str], config: str | Path | None
) -> Callable[[Example], Example]:
    """A function that restricts an example to the given people's answers; to everybody's if none is given.

    If other people answered too, the values are merged again with the policies of the project.
    """
    people = frozenset(annotators)
    project = find_config(config)
    choice = PolicyChoice()
    if project:
        export = project.export
        choice = policy_choice(export)
        if choice.weighs_by_gold:
            # The weight of a vote depends on all rows, and this reads one row at a time.
            plain = {name: POLICY if one == "weighted" else one for name, one in choice.policies.items()}
            choice = PolicyChoice(plain, export.adjudicators)
    names = [question.name for question in questions]

    def restrict(example: Example) -> Example:
        responses = example.annotation.get("responses", ())
        kept = [response for response in responses if response.get("annotator") in people]
        if not people or len(kept) == len(responses):
            return example
        return replace(example, annotation=_merged_again(example.annotation, kept, names, choice) if kept else {})

    return restrict


def _merged_again(
    annotation_before: Mapping[str, Any],
    responses: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    choice: PolicyChoice,
) -> dict[str, Any]:
    record = AnsweredRecord(
        id=None,
        status=annotation_before.get("status", "pending"),
        responses=[
            Response(
                str(r.get("annotator")),
                r.get("status", "draft"),
                r.get("values", {}),
                r.get("submitted_at", ""),
                adjudication=r.get("adjudication", False),
            )
            for r in responses
        ],
    )
    origin = Origin(annotation_before.get("dataset", ""), annotation_before.get("guidelines", ""), names, choice)
    # Responses and suggestions are kept as they were read: the record's copy has fewer details.
    kept = {key: annotation_before[key] for key in ("suggestions", GOLD) if key in annotation_before}
    return {**annotation(record, origin), "responses": list(responses), **kept}
