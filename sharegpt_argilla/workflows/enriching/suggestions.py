"""Answers that agents propose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path

from sharegpt_argilla.cache import DiskCache
from sharegpt_argilla.config import Project
from sharegpt_argilla.suggestions.base import Agent, Subject
from sharegpt_argilla.suggestions.llm import CACHE_ENTRIES
from sharegpt_argilla.suggestions.table import Surroundings, build_agent
from sharegpt_argilla.workflows.enriching.base import Candidate, EnrichOptions

CACHE_FILE = "llm.db"


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
        around = Surroundings(project, cache, options.dry_run)
        agents = [build_agent(section, around) for section in sections]
        try:
            yield Suggestions(agents)
        finally:
            notes += [report for agent in agents if (report := agent.report())]


def _open_cache(folder: Path | None) -> AbstractContextManager[DiskCache | None]:
    return nullcontext() if folder is None else closing(DiskCache(folder / CACHE_FILE, CACHE_ENTRIES))


def _open_questions(agent: Agent, candidate: Candidate) -> set[str]:
    return set(agent.questions) - {item.question for item in candidate.suggestions}


def _subject(candidate: Candidate) -> Subject:
    return Subject(candidate.row["问"], candidate.row["答"], candidate.extension)
