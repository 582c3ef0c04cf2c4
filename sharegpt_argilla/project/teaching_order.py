"""Which records of a project teach most, so that they come first: the unsure ones, or those of many kinds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from sharegpt_argilla.annotation import Suggestion
from sharegpt_argilla.common.batching import batched
from sharegpt_argilla.common.cache import DiskCache
from sharegpt_argilla.common.jsonl import read_rows
from sharegpt_argilla.config import LabelQuestion, MultiLabelQuestion, Project
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.project.enrichers import ANSWERS_CACHE
from sharegpt_argilla.records.queue_order import diverse
from sharegpt_argilla.rows import Row, read_extension
from sharegpt_argilla.settings import default_cache
from sharegpt_argilla.suggestions.base import Subject
from sharegpt_argilla.suggestions.llm import CACHE_ENTRIES
from sharegpt_argilla.suggestions.table import AgentContext, build_agent
from sharegpt_argilla.suggestions.trained_classifier import classifier_for

OrderName = Literal["uncertain", "diverse", "random"]
DIGITS = 4
"""Of how unsure a record is: more would differ from one processor to the next."""
_BATCH = 256

Unsure = Callable[[Sequence[Row]], list[float | None]]
"""Rows -> how unsure each is, 0 to 1; None where nothing can be said of it."""


@dataclass(frozen=True)
class TeachingOrder:
    """What is to come first.

    Attributes:
        name: ``uncertain``, what a model or the project's agents are least sure of; ``diverse``, one record of
            each kind of prompt, then the next; ``random``, by the plan's seed.
        model: the folder of a classifier of ``train``, for ``uncertain``; None for the agents of the project.
    """

    name: OrderName
    model: str | Path | None = None


def teaching_order(project: Project, rows: str | Path, ids: Sequence[str], order: TeachingOrder) -> list[str]:
    """The ids in the order in which they are to come; those that are not in the rows file are left out.

    Args:
        project: its questions and agents count, and the seed of its plan.
        rows: the rows file.
        ids: of the records to order, in their present order, which decides where nothing else does.
        order: what comes first.

    Raises:
        UsageError: nothing says how unsure a record is.
        InputError, ConfigError, CredentialsError: a model or an agent cannot be used.
    """
    wanted = {identifier: number for number, identifier in enumerate(ids)}
    if order.name == "random":
        known = sorted(row["id"] for row in _rows(rows, wanted))
        random = np.random.default_rng([project.config.assignment.seed, len(known)])
        return [known[number] for number in random.permutation(len(known)).tolist()]
    if order.name == "diverse":
        listed: list[str] = []
        numbers = diverse(_texts(_rows(rows, wanted), listed))
        return [listed[number] for number in numbers]
    unsure = _measured(project, rows, wanted, order.model)
    return sorted(unsure, key=lambda identifier: (-unsure[identifier], wanted[identifier]))


def _texts(rows: Iterator[Row], listed: list[str]) -> Iterator[str]:
    for row in rows:
        listed.append(row["id"])
        yield row["问"]


def _rows(path: str | Path, wanted: Collection[str]) -> Iterator[Row]:
    """The wanted rows, each once."""
    seen: set[str] = set()
    for line in read_rows(path):
        if line.row is not None and line.row["id"] in wanted and line.row["id"] not in seen:
            seen.add(line.row["id"])
            yield line.row


def _measured(
    project: Project, rows: str | Path, wanted: Collection[str], model: str | Path | None
) -> dict[str, float]:
    """Row id -> how unsure it is, by the least sure of its questions; without rows of which nothing is said."""
    names = project.config.assignment.adapt.questions if project.config.assignment.adapt else []
    measured: dict[str, float] = {}
    pays = not model and any(section.type == "llm" for section in project.config.suggestions)
    cached = closing(DiskCache(default_cache() / ANSWERS_CACHE, CACHE_ENTRIES)) if pays else nullcontext()
    with cached as cache:
        unsure = _by_model(project, Path(model), names) if model else _by_agents(project, names, cache)
        for batch in batched(_rows(rows, wanted), _BATCH):
            for row, value in zip(batch, unsure(batch), strict=True):
                if value is not None:
                    measured[row["id"]] = round(value, DIGITS)
    if wanted and not measured:
        raise UsageError(
            f"{project.path}: no agent under `suggestions` says how sure it is; "
            "`sharegpt-argilla train` makes a classifier for --model"
        )
    return measured


def _by_model(project: Project, model: Path, names: Collection[str]) -> Unsure:
    """By the classifiers of a folder that learned one of the project's questions."""
    learned = {
        question.name: isinstance(question, MultiLabelQuestion)
        for question in project.config.questions
        if isinstance(question, LabelQuestion | MultiLabelQuestion)
        and (not names or question.name in names)
        and (model / question.name).is_dir()
    }
    if not learned:
        known = ", ".join(names) or "any question with labels"
        raise InputError(f"{model}: no classifier for {known}; `sharegpt-argilla train` makes one")
    classifiers = [(classifier_for(model, name), several) for name, several in learned.items()]

    def unsure(rows: Sequence[Row]) -> list[float | None]:
        texts = [row["问"] for row in rows]
        columns = [
            [unsureness(chances, several=several) for chances in classifier.probabilities(texts)]
            for classifier, several in classifiers
        ]
        return [max(of_row) for of_row in zip(*columns, strict=True)]

    return unsure


def unsureness(chances: Mapping[str, float], *, several: bool) -> float:
    """How unsure a classifier is of a text, 0 to 1: least confidence (Lewis and Gale, 1994).

    Args:
        chances: label -> its probability.
        several: whether each label is a question of its own; the least sure counts.
    """
    if several:
        return max((2 * min(chance, 1 - chance) for chance in chances.values()), default=1.0)
    return (1 - max(chances.values())) / (1 - 1 / len(chances)) if len(chances) > 1 else 0.0


def _by_agents(project: Project, names: Collection[str], cache: DiskCache | None) -> Unsure:
    """By the scores of the project's agents; of a model behind an endpoint those that it gave before."""
    context = AgentContext(project, cache, dry_run=True)
    agents = [(build_agent(section, context), section.type != "llm") for section in project.config.suggestions]

    def unsure(rows: Sequence[Row]) -> list[float | None]:
        subjects = [Subject(row["问"], row["答"], read_extension(row), row["id"]) for row in rows]
        values: list[float | None] = [None] * len(rows)
        for agent, is_complete in agents:
            questions = [name for name in agent.questions if not names or name in names]
            for number, suggestions in enumerate(agent.suggest(subjects)):
                for value in _doubts(questions, suggestions, is_complete=is_complete):
                    values[number] = max(value, values[number] or 0.0)
        return values

    return unsure


def _doubts(questions: Sequence[str], suggestions: Sequence[Suggestion], *, is_complete: bool) -> Iterator[float]:
    """How unsure an agent is, question by question.

    Args:
        questions: that it may answer.
        suggestions: of one row.
        is_complete: whether it is unsure where it suggests nothing, rather than never asked.
    """
    by_question = {suggestion.question: suggestion.score for suggestion in suggestions}
    for question in questions:
        score = by_question.get(question, 0.0 if is_complete else None)
        if score is not None:
            yield 1 - (min(score, default=0.0) if isinstance(score, list) else score)
