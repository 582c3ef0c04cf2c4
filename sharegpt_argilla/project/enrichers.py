"""A row on its way to a record, and what adds to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from sharegpt_argilla.annotation import FieldValue, MetadataValue, RecordDraft, Suggestion
from sharegpt_argilla.common.cache import DiskCache
from sharegpt_argilla.common.jsonl import RowLine
from sharegpt_argilla.config import Project, ProjectConfig, VectorConfig
from sharegpt_argilla.descriptives.describe import CACHE_ENTRIES as NUMBERS_KEPT
from sharegpt_argilla.descriptives.describe import Describer
from sharegpt_argilla.descriptives.metrics import METRICS
from sharegpt_argilla.descriptives.spacy_pipeline import PipelineChoice, missing_for
from sharegpt_argilla.errors import ConfigError, RejectedError
from sharegpt_argilla.records.assignment_plan import Assigned
from sharegpt_argilla.records.record_metadata import MetadataPlan, assigned_metadata, plan_metadata
from sharegpt_argilla.rows import Row
from sharegpt_argilla.settings import default_cache
from sharegpt_argilla.suggestions.base import Agent, Subject
from sharegpt_argilla.suggestions.llm import CACHE_ENTRIES as ANSWERS_KEPT
from sharegpt_argilla.suggestions.table import AgentContext, build_agent
from sharegpt_argilla.suggestions.text_vectors import TextVectors


@dataclass
class Candidate:
    """A row on its way to a record; enrichers add to it or reject it.

    Attributes:
        line: where the row stands.
        row: the row.
        extension: its ``扩展字段``, parsed.
        fields: what annotators see.
        known: whether the server has the record.
        completed: whether enough people have answered it.
        metadata: property -> value; None for a property that the record shall not have.
        suggestions: at most one a question.
        vectors: vector name -> its numbers.
        reason: why the row is unusable; empty while it is usable.
    """

    line: RowLine
    row: Row
    extension: Mapping[str, Any]
    fields: Mapping[str, FieldValue]
    known: bool = False
    completed: bool = False
    metadata: dict[str, MetadataValue | None] = field(default_factory=dict)
    suggestions: list[Suggestion] = field(default_factory=list)
    vectors: dict[str, Sequence[float]] = field(default_factory=dict)
    reason: str = ""

    @property
    def draft(self) -> RecordDraft:
        """The record as it will be sent."""
        metadata = {name: value for name, value in self.metadata.items() if value is not None}
        return RecordDraft(self.row["id"], self.fields, metadata, self.suggestions, self.vectors)


@dataclass(frozen=True)
class EnrichOptions:
    """How a run works that does not change what it gives.

    Attributes:
        workers: processes that measure texts.
        cache: folder with what former runs measured and asked; None for none.
        dry_run: True to ask nobody for anything that costs.
    """

    workers: int = 1
    cache: Path | None = field(default_factory=default_cache)
    dry_run: bool = False


class Enricher(Protocol):
    """Adds metadata, suggestions or vectors to candidates.

    Attributes:
        from_texts_alone: True when what it adds follows from the texts: it is then not asked about records that
            are on the server with the same texts. Every other enricher is asked about every row, and what it adds
            is compared with the server; so it has to be cheap, and give the same for the same row each time.
    """

    from_texts_alone: bool

    def enrich(self, candidates: Sequence[Candidate]) -> None:
        """Add to the candidates of one batch, in place; ``reason`` rejects one."""
        ...


class RowMetadata:
    """The properties that are read from the row.

    Args:
        plan: where metadata comes from.
    """

    from_texts_alone = False

    def __init__(self, plan: MetadataPlan) -> None:
        self._plan = plan

    def enrich(self, candidates: Sequence[Candidate]) -> None:
        """Add the properties; a value that does not fit rejects its row."""
        for candidate in candidates:
            try:
                candidate.metadata |= self._plan.from_row(candidate.row, candidate.extension)
            except RejectedError as error:
                candidate.reason = str(error)


class Assignments:
    """The plan, put on the records.

    Args:
        assigned: record -> who answers it.
    """

    from_texts_alone = False

    def __init__(self, assigned: Mapping[str, Assigned]) -> None:
        self._assigned = assigned

    def enrich(self, candidates: Sequence[Candidate]) -> None:
        """Add the three properties to records of the plan."""
        for candidate in candidates:
            one = self._assigned.get(candidate.row["id"])
            if one is not None:
                candidate.metadata |= assigned_metadata(one)


NUMBERS_CACHE = "descriptives.db"


class Numbers:
    """TextDescriptives metrics of the text fields.

    Args:
        plan: which metrics of which fields.
        describer: measures ``plan.metric_names``.
    """

    from_texts_alone = True

    def __init__(self, plan: MetadataPlan, describer: Describer) -> None:
        self._plan = plan
        self._describer = describer

    def enrich(self, candidates: Sequence[Candidate]) -> None:
        """Add the metrics, one pass of the pipeline for the whole batch."""
        names = list(self._plan.metrics)
        texts = [str(candidate.fields.get(name, "")) for candidate in candidates for name in names]
        described = iter(self._describer.describe(texts))
        for candidate in candidates:
            numbers = dict(zip(names, islice(described, len(names)), strict=True))
            try:
                candidate.metadata |= self._plan.from_numbers(numbers)
            except RejectedError as error:
                candidate.reason = str(error)


def numbers_plan(config: ProjectConfig) -> MetadataPlan:
    """Where the metadata of the project comes from.

    Raises:
        ConfigError: nothing computes some property, or a blank pipeline cannot.
    """
    plan = plan_metadata(config, METRICS)
    missing = missing_for(plan.metric_names)
    if missing and config.describe.model is None:
        raise ConfigError(
            f"some properties of `metadata` need {' and '.join(missing)}: set `describe: model:` to a spaCy model "
            "that has it, such as en_core_web_md, or take them out"
        )
    return plan


@contextmanager
def open_describer(config: ProjectConfig, plan: MetadataPlan, options: EnrichOptions) -> Iterator[Describer]:
    """A describer with the pipeline, the cache and the processes that were chosen."""
    choice = PipelineChoice(config.describe.model, config.describe.language)
    metrics = sorted(plan.metric_names)
    folder = options.cache
    with (
        nullcontext() if folder is None else closing(DiskCache(folder / NUMBERS_CACHE, NUMBERS_KEPT)) as cache,
        Describer(metrics, choice, cache, options.workers) as describer,
    ):
        yield describer


ANSWERS_CACHE = "llm.db"


class Suggestions:
    """The suggestions of the project's agents, the first that has an answer for each question.

    A record that is completed gets none: people answered with the former ones before them.

    Args:
        agents: in the order of the file. One is not asked about a row whose questions are all answered.
    """

    from_texts_alone = False

    def __init__(self, agents: Sequence[Agent]) -> None:
        self._agents = agents

    def enrich(self, candidates: Sequence[Candidate]) -> None:
        """Add the suggestions."""
        for agent in self._agents:
            open_ones = [one for one in candidates if not one.completed and _open_questions(agent, one)]
            subjects = [_subject(candidate) for candidate in open_ones]
            for candidate, found in zip(open_ones, agent.suggest(subjects), strict=True):
                still_open = _open_questions(agent, candidate)
                candidate.suggestions += [item for item in found if item.question in still_open]


@contextmanager
def open_suggestions(project: Project, options: EnrichOptions, notes: list[str]) -> Iterator[Suggestions]:
    """The agents of the project, with the cache of what models said; what they cost is added to the notes."""
    sections = project.config.suggestions
    with _open_cache(options.cache if any(section.type == "llm" for section in sections) else None) as cache:
        around = AgentContext(project, cache, options.dry_run)
        agents = [build_agent(section, around) for section in sections]
        try:
            yield Suggestions(agents)
        finally:
            notes += [report for agent in agents if (report := agent.report())]


def _open_cache(folder: Path | None) -> AbstractContextManager[DiskCache | None]:
    return nullcontext() if folder is None else closing(DiskCache(folder / ANSWERS_CACHE, ANSWERS_KEPT))


def _open_questions(agent: Agent, candidate: Candidate) -> set[str]:
    return set(agent.questions) - {item.question for item in candidate.suggestions}


def _subject(candidate: Candidate) -> Subject:
    return Subject(candidate.row["问"], candidate.row["答"], candidate.extension)


class Vectors:
    """One vector for each section of the file; its model is loaded when the first record needs it.

    Args:
        sections: name, field, model.
    """

    from_texts_alone = True

    def __init__(self, sections: Sequence[VectorConfig]) -> None:
        self._sections = sections
        self._models: dict[str, TextVectors] = {}

    def enrich(self, candidates: Sequence[Candidate]) -> None:
        """Add the vectors; a text in which the model knows no word has none."""
        for section in self._sections:
            if section.name not in self._models:
                self._models[section.name] = TextVectors(section)
            texts = [str(candidate.fields.get(section.field, "")) for candidate in candidates]
            for candidate, vector in zip(candidates, self._models[section.name].embed(texts), strict=True):
                if vector is not None:
                    candidate.vectors[section.name] = vector


@contextmanager
def build_enrichers(
    project: Project, options: EnrichOptions, notes: list[str], assigned: Mapping[str, Assigned] | None = None
) -> Iterator[Sequence[Enricher]]:
    """All that the project asks for, in the order in which it is added; a context, since some hold files.

    Args:
        project: the project.
        options: how the run works.
        notes: takes a line about what the run cost, when the context ends.
        assigned: record -> who answers it, where that is planned.

    Raises:
        ConfigError: the project asks for what nothing computes.
        InputError: the cache cannot be used.
        CredentialsError: an agent needs a key that is not there.
    """
    plan = numbers_plan(project.config)
    with ExitStack() as held:
        describer = held.enter_context(open_describer(project.config, plan, options))
        suggestions = held.enter_context(open_suggestions(project, options, notes))
        yield [
            RowMetadata(plan),
            Assignments(assigned or {}),
            suggestions,
            Numbers(plan, describer),
            Vectors(project.config.vectors),
        ]
