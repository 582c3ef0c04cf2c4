"""The suggestions that annotators will see on a row: those in the row, else those of the project's free agents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sharegpt_argilla.config import Project
from sharegpt_argilla.rows import ANNOTATION, Row
from sharegpt_argilla.suggestions.base import Agent, Subject
from sharegpt_argilla.suggestions.table import AgentContext, build_agent

FREE = ("intent_rules", "moderation")
"""Agents that look at nothing but the row; to ask the others for every row of a file takes money or minutes."""

Suggested = tuple[str, str]
"""Question, and the answer that is suggested to it; of several labels each is one."""


class SuggestedAnswers:
    """Computes the suggestions of rows.

    Args:
        project: the project with the agents.
    """

    def __init__(self, project: Project) -> None:
        context = AgentContext(project, dry_run=True)
        agents = [one for one in project.config.suggestions if one.type in FREE]
        self._agents: Sequence[Agent] = [build_agent(one, context) for one in agents]

    def of(self, row: Row, extension: Mapping[str, Any]) -> tuple[Suggested, ...]:
        """The suggestions of a row.

        Args:
            row: the row.
            extension: its ``扩展字段``, parsed. A suggestion that an export wrote there is what annotators saw.
        """
        answers_by_question: dict[str, list[str]] = {}
        for question, value in _exported(extension):
            answers_by_question.setdefault(question, _answers(value))
        subject = Subject(row["问"], row["答"], extension)
        for agent in self._agents:
            if set(agent.questions) - answers_by_question.keys():
                for suggestion in agent.suggest([subject])[0]:
                    answers_by_question.setdefault(suggestion.question, _answers(suggestion.value))
        return tuple((question, answer) for question, answers in answers_by_question.items() for answer in answers)


def _exported(extension: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    annotation = extension.get(ANNOTATION)
    suggestions = annotation.get("suggestions") if isinstance(annotation, dict) else None
    for suggestion in suggestions if isinstance(suggestions, list) else ():
        if isinstance(suggestion, dict) and "question" in suggestion and "value" in suggestion:
            yield str(suggestion["question"]), suggestion["value"]


def _answers(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
