"""The agents by the name of their type in dataset-config.yml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
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

COMPUTED: Mapping[str, Callable[[Any, QuestionConfig, Path], Agent]] = {
    "moderation": lambda options, question, _folder: ModerationScores(options, question),
    "intent_rules": lambda options, question, _folder: IntentByRules(options, question),
    "classifier": TrainedClassifier,
}
"""Agents that need nothing but their section, their question and the folder of the project, so also elsewhere."""


def _built_here(name: str) -> Build:
    def build(options: Any, context: AgentContext) -> Agent:
        return COMPUTED[name](options, context.questions[options.question], context.project.path.parent)

    return build


AGENTS: Registry[Build] = Registry(
    "agent",
    {
        **{name: _built_here(name) for name in COMPUTED},
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
