"""The agents by the name of their type in dataset-config.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.common.cache import DiskCache
from sharegpt_argilla.config import AgentConfig, Project, QuestionConfig
from sharegpt_argilla.registry import Registry
from sharegpt_argilla.suggestions.base import Agent
from sharegpt_argilla.suggestions.intent_rules import IntentByRules
from sharegpt_argilla.suggestions.llm import ChatModel
from sharegpt_argilla.suggestions.moderation_scores import ModerationScores
from sharegpt_argilla.suggestions.trained_classifier import TrainedClassifier


@dataclass(frozen=True)
class Surroundings:
    """What agents are built from beside their own options.

    Attributes:
        project: the project.
        cache: answers of former runs; None for none.
        dry_run: True to ask nobody.
    """

    project: Project
    cache: DiskCache | None = None
    dry_run: bool = False

    @property
    def questions(self) -> Mapping[str, QuestionConfig]:
        """The project's questions by name."""
        return {question.name: question for question in self.project.config.questions}


Build = Callable[[Any, Surroundings], Agent]

AGENTS: Registry[Build] = Registry(
    "agent",
    {
        "moderation": lambda options, around: ModerationScores(options, around.questions[options.question]),
        "intent_rules": lambda options, around: IntentByRules(options, around.questions[options.question]),
        "classifier": lambda options, around: TrainedClassifier(
            options, around.questions[options.question], around.project.path.parent
        ),
        "llm": lambda options, around: ChatModel(
            options,
            [around.questions[name] for name in options.questions],
            around.project.guidelines,
            around.cache,
            dry_run=around.dry_run,
        ),
    },
    group="sharegpt_argilla.agents",
    needs=("__call__",),
)
"""Type -> how the agent is built from its section of the file."""


def build_agent(options: AgentConfig, around: Surroundings) -> Agent:
    """The agent of a section of the file.

    Raises:
        CredentialsError: it needs a key that is not there.
        InputError, ConfigError: it needs a model that is not there, or that knows other labels.
    """
    return AGENTS[options.type](options, around)
