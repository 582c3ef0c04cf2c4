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
class AgentContext:
    """What agents are built from in addition to their own options.

    Attributes:
        project: the project.
        cache: answers of earlier runs; None for no cache.
        dry_run: True to send no request.
    """

    project: Project
    cache: DiskCache | None = None
    dry_run: bool = False

    @property
    def questions(self) -> Mapping[str, QuestionConfig]:
        """The project's questions by name."""
        return {question.name: question for question in self.project.config.questions}


Build = Callable[[Any, AgentContext], Agent]

AGENTS: Registry[Build] = Registry(
    "agent",
    {
        "moderation": lambda options, context: ModerationScores(options, context.questions[options.question]),
        "intent_rules": lambda options, context: IntentByRules(options, context.questions[options.question]),
        "classifier": lambda options, context: TrainedClassifier(
            options, context.questions[options.question], context.project.path.parent
        ),
        "llm": lambda options, context: ChatModel(
            options,
            [context.questions[name] for name in options.questions],
            context.project.guidelines,
            context.cache,
            dry_run=context.dry_run,
        ),
    },
    group="sharegpt_argilla.agents",
    needs=("__call__",),
)
"""Type -> function that builds the agent from its section of the file."""


def build_agent(options: AgentConfig, context: AgentContext) -> Agent:
    """Build the agent that a section of dataset-config.yml describes.

    Raises:
        CredentialsError: the agent needs an API key that is not set.
        InputError, ConfigError: the agent needs a model that does not exist, or that has other labels.
    """
    return AGENTS[options.type](options, context)
