"""Enrichers, which add metadata, suggestions and vectors to a row on its way to a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from sharegpt_argilla.annotation import FieldValue, MetadataValue, RecordDraft, Suggestion
from sharegpt_argilla.common.cache import DiskCache
from sharegpt_argilla.common.executors import executor
from sharegpt_argilla.common.jsonl import RowLine
from sharegpt_argilla.config import AgentConfig, LanguageModel, Project, ProjectConfig, VectorConfig
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
from sharegpt_argilla.suggestions.cluster_agent import ClusterAgent
from sharegpt_argilla.suggestions.llm import CACHE_ENTRIES as ANSWERS_KEPT
from sharegpt_argilla.suggestions.table import COMPUTED, AgentContext, build_agent
from sharegpt_argilla.suggestions.text_vectors import TextVectors


@dataclass
class RecordCandidate:
    """A row on its way to a record; enrichers add to it or reject it.

    Attributes:
        line: the line of the file.
        row: the row.
        extension: its ``扩展字段``, parsed.
        fields: what annotators see.
        on_server: whether the server has the record.
        completed: whether enough people have answered it.
        metadata: property -> value; None for a property that the record must not have.
        suggestions: at most one per question.
        vectors: vector name -> its numbers.
        reason: why the row is unusable; empty while it is usable.
    """

    line: RowLine
    row: Row
    extension: Mapping[str, Any]
    fields: Mapping[str, FieldValue]
    on_server: bool = False
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
    """Options of a run that do not change its results.

    Attributes:
        workers: processes that measure texts.
        cache: folder with the results of earlier runs; None for no cache.
        dry_run: True to send no request that costs money.
        scheduler: address of a Dask scheduler whose workers measure the texts and compute suggestions instead.
    """

    workers: int = 1
    cache: Path | None = field(default_factory=default_cache)
    dry_run: bool = False
    scheduler: str | None = None


class Enricher(Protocol):
    """Adds metadata, suggestions or vectors to candidates.

    Attributes:
        from_texts_alone: True if its result depends only on the texts; it then skips records that the server has
            with the same texts. Any other enricher gets every row and its result is compared with the server, so
            it must be cheap and deterministic.
    """

    from_texts_alone: bool

    def enrich(self, candidates: Sequence[RecordCandidate]) -> None:
        """Add to the candidates of a batch, in place; set ``reason`` to reject one."""
        ...


class RowMetadata:
    """Adds the properties that are read from the row.

    Args:
        plan: the sources of the metadata.
    """

    from_texts_alone = False

    def __init__(self, plan: MetadataPlan) -> None:
        self._plan = plan

    def enrich(self, candidates: Sequence[RecordCandidate]) -> None:
        """Add the properties; a value that does not fit rejects its row."""
        for candidate in candidates:
            try:
                candidate.metadata |= self._plan.from_row(candidate.row, candidate.extension)
            except RejectedError as error:
                candidate.reason = str(error)


class Assignments:
    """Adds the assignment plan to the records.

    Args:
        assigned: record -> who answers it.
    """

    from_texts_alone = False

    def __init__(self, assigned: Mapping[str, Assigned]) -> None:
        self._assigned = assigned

    def enrich(self, candidates: Sequence[RecordCandidate]) -> None:
        """Add the three properties to records of the plan."""
        for candidate in candidates:
            assigned = self._assigned.get(candidate.row["id"])
            if assigned is not None:
                candidate.metadata |= assigned_metadata(assigned)


NUMBERS_CACHE = "descriptives.db"


class Numbers:
    """Adds TextDescriptives metrics of the text fields.

    Args:
        plan: which metrics of which fields.
        describer: measures ``plan.metric_names``.
    """

    from_texts_alone = True

    def __init__(self, plan: MetadataPlan, describer: Describer) -> None:
        self._plan = plan
        self._describer = describer

    def enrich(self, candidates: Sequence[RecordCandidate]) -> None:
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
    """The sources of the project's metadata.

    Raises:
        ConfigError: nothing computes a property, or the blank pipeline cannot compute it.
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
    """A describer with the chosen pipeline, cache and number of processes."""
    choice = PipelineChoice(config.describe.model, config.describe.language)
    metrics = sorted(plan.metric_names)
    folder = options.cache
    with (
        nullcontext() if folder is None else closing(DiskCache(folder / NUMBERS_CACHE, NUMBERS_KEPT)) as cache,
        _open_cluster(options.scheduler) as cluster,
        Describer(metrics, choice, cache, options.workers, cluster) as describer,
    ):
        yield describer


ANSWERS_CACHE = "llm.db"


class Suggestions:
    """Adds the suggestions of the project's agents: for each question that of the first agent with an answer.

    A completed record gets none: people answered it with the earlier suggestions in view.

    Args:
        agents: in the order of the file. An agent skips rows whose questions all have suggestions.
    """

    from_texts_alone = False

    def __init__(self, agents: Sequence[Agent]) -> None:
        self._agents = agents

    def enrich(self, candidates: Sequence[RecordCandidate]) -> None:
        """Add the suggestions."""
        for agent in self._agents:
            unanswered = [
                candidate
                for candidate in candidates
                if not candidate.completed and _open_questions(agent, candidate)
            ]
            subjects = [_subject(candidate) for candidate in unanswered]
            for candidate, suggestions in zip(unanswered, agent.suggest(subjects), strict=True):
                still_open = _open_questions(agent, candidate)
                candidate.suggestions += [item for item in suggestions if item.question in still_open]


@contextmanager
def open_suggestions(project: Project, options: EnrichOptions, notes: list[str]) -> Iterator[Suggestions]:
    """The agents of the project, with the cache of models' answers; their costs are added to the notes.

    Those that only compute do so on the cluster, if one is given.
    """
    sections = project.config.suggestions
    computed = any(section.type in COMPUTED for section in sections)
    with (
        _open_cache(options.cache if any(section.type == "llm" for section in sections) else None) as cache,
        _open_cluster(options.scheduler if computed else None) as cluster,
    ):
        context = AgentContext(project, cache, options.dry_run)
        agents = [_agent(section, context, cluster) for section in sections]
        try:
            yield Suggestions(agents)
        finally:
            notes += [report for agent in agents if (report := agent.report())]


def _agent(section: AgentConfig, context: AgentContext, cluster: Executor | None) -> Agent:
    if cluster is None or isinstance(section, LanguageModel) or section.type not in COMPUTED:
        return build_agent(section, context)
    return ClusterAgent(cluster, section, context.questions[section.question], context.project.path.parent)


def _open_cluster(scheduler: str | None) -> AbstractContextManager[Executor | None]:
    return nullcontext() if scheduler is None else executor(1, 1, scheduler)


def _open_cache(folder: Path | None) -> AbstractContextManager[DiskCache | None]:
    return nullcontext() if folder is None else closing(DiskCache(folder / ANSWERS_CACHE, ANSWERS_KEPT))


def _open_questions(agent: Agent, candidate: RecordCandidate) -> set[str]:
    return set(agent.questions) - {item.question for item in candidate.suggestions}


def _subject(candidate: RecordCandidate) -> Subject:
    return Subject(candidate.row["问"], candidate.row["答"], candidate.extension, candidate.row["id"])


class Vectors:
    """Adds a vector for each section of the file; the model is loaded when the first record needs it.

    Args:
        sections: name, field, model.
    """

    from_texts_alone = True

    def __init__(self, sections: Sequence[VectorConfig]) -> None:
        self._sections = sections
        self._models: dict[str, TextVectors] = {}

    def enrich(self, candidates: Sequence[RecordCandidate]) -> None:
        """Add the vectors; a text without any word that the model knows has none."""
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
    """The project's enrichers, in the order in which they run; a context manager, because some have open files.

    Args:
        project: the project.
        options: how the run works.
        notes: gets a line about the costs of the run when the context ends.
        assigned: record -> who answers it, if that is planned.

    Raises:
        ConfigError: nothing computes a property of the project.
        InputError: the cache cannot be used.
        CredentialsError: an agent needs an API key that is not set.
    """
    plan = numbers_plan(project.config)
    with ExitStack() as resources:
        describer = resources.enter_context(open_describer(project.config, plan, options))
        suggestions = resources.enter_context(open_suggestions(project, options, notes))
        yield [
            RowMetadata(plan),
            Assignments(assigned or {}),
            suggestions,
            Numbers(plan, describer),
            Vectors(project.config.vectors),
        ]
