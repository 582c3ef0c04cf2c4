"""Agents that only compute, on the workers of a cluster.

Those are the rules, the scores that a row contains, and trained classifiers. A language model is asked by the
process of the command, where its key and the cache of its answers are.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from threading import Lock

from pydantic import TypeAdapter

from sharegpt_argilla.annotation import Suggestion
from sharegpt_argilla.common.batching import batched
from sharegpt_argilla.common.code_marks import code_mark
from sharegpt_argilla.common.executors import completed
from sharegpt_argilla.config import AgentConfig, Classifier, QuestionConfig
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.suggestions.base import Agent, Subject
from sharegpt_argilla.suggestions.table import COMPUTED
from sharegpt_argilla.suggestions.trained_classifier import find_classifier, fingerprint

BATCH = 64
"""Rows of one task, as many as texts that are measured in one."""

_AGENTS_KEPT = 8
"""Agents that a worker keeps: those of a project or two; a classifier takes some megabytes."""

_CODE = ("suggestions", "suggestions/intent_rules.toml", "common/linear_classifier.py", "common/pattern_files.py")

_suggesting = Lock()
"""A pipeline of spaCy is used by one thread at a time."""


class ClusterAgent:
    """Has the workers of a cluster suggest what the agent suggests here; each of them builds it once.

    Args:
        pool: the cluster, or another engine.
        options: the agent's section; its type is one of ``COMPUTED``.
        question: the question.
        folder: the folder of the project file.

    Raises:
        InputError, ConfigError: as the agent itself.
    """

    def __init__(self, pool: Executor, options: AgentConfig, question: QuestionConfig, folder: Path) -> None:
        folder = folder.resolve()
        # What is wrong with it is said here, and not by a worker.
        self.questions = COMPUTED[options.type](options, question, folder).questions
        self._pool = pool
        self._arguments = (
            _mark(options, folder),
            options.model_dump_json(),
            question.model_dump_json(),
            str(folder),
        )

    def suggest(self, subjects: Sequence[Subject]) -> list[list[Suggestion]]:
        """See ``Agent``.

        Raises:
            InputError: no worker can do a batch.
        """
        batches = dict(enumerate(batched(subjects, BATCH)))
        tasks = {number: partial(suggest_as_there, *self._arguments, batch) for number, batch in batches.items()}
        suggested = dict(completed(self._pool, tasks))
        return [suggestions for number in batches for suggestions in suggested[number]]

    def report(self) -> str:
        """Empty: this agent has no cost."""
        return ""


def suggest_as_there(
    mark: str, options: str, question: str, folder: str, subjects: Sequence[Subject]
) -> list[list[Suggestion]]:
    """The suggestions of an agent whose code and model are the same as in the process that asks.

    Args:
        mark: what tells them from others.
        options, question: the sections of the agent and of its question, as JSON.
        folder: the folder of the project file.
        subjects: the rows.

    Raises:
        InputError: they are others here, or the model is not there.
    """
    with _suggesting:
        return _agent(mark, options, question, folder).suggest(subjects)


@lru_cache(_AGENTS_KEPT)
def _agent(mark: str, options: str, question: str, folder: str) -> Agent:
    section: AgentConfig = TypeAdapter(AgentConfig).validate_json(options)
    of_question: QuestionConfig = TypeAdapter(QuestionConfig).validate_json(question)
    if mark != _mark(section, Path(folder)):
        model = f", or another content of {section.model}," if isinstance(section, Classifier) else ""
        raise InputError(
            f"another version of sharegpt-argilla, numpy, scikit-learn or spaCy{model} than where the command"
            " runs; install the same one on every worker"
        )
    return COMPUTED[section.type](section, of_question, Path(folder))


def _mark(options: AgentConfig, folder: Path) -> str:
    """What tells code and model of an agent from others."""
    code = " ".join([code_mark(*_CODE), *map(version, ("numpy", "scikit-learn", "spacy"))])
    if not isinstance(options, Classifier):
        return code
    return f"{code} {fingerprint(find_classifier(folder / options.model, options.question))}"
