"""What annotators will see suggested on a row: what stands in it, else what the project's free agents say."""

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
    """Finds the suggestions of rows.

    Args:
        project: whose agents are asked.
    """

    def __init__(self, project: Project) -> None:
        around = AgentContext(project, dry_run=True)
        agents = [one for one in project.config.suggestions if one.type in FREE]
        self._agents: Sequence[Agent] = [build_agent(one, around) for one in agents]

    def of(self, row: Row, extension: Mapping[str, Any]) -> tuple[Suggested, ...]:
        """The suggestions of one row.

        Args:
            row: the row.
            extension: its ``扩展字段``, parsed. What an export wrote there of a question is what people saw.
        """
        found: dict[str, list[str]] = {}
        for question, value in _exported(extension):
            found.setdefault(question, _answers(value))
        subject = Subject(row["问"], row["答"], extension)
        for agent in self._agents:
            if set(agent.questions) - found.keys():
                for one in agent.suggest([subject])[0]:
                    found.setdefault(one.question, _answers(one.value))
        return tuple((question, answer) for question, answers in found.items() for answer in answers)


def _exported(extension: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    marked = extension.get(ANNOTATION)
    listed = marked.get("suggestions") if isinstance(marked, dict) else None
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and "question" in one and "value" in one:
            yield str(one["question"]), one["value"]


def _answers(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
