"""The interface of a suggestion agent: the row that it sees, and what it must provide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sharegpt_argilla.annotation import Suggestion


@dataclass(frozen=True, slots=True)
class Subject:
    """A row as agents see it.

    Attributes:
        prompt: the question.
        response: the answer; empty if there is none.
        extension: the row's ``扩展字段``, parsed.
        id: the row's; empty if it has none.
    """

    prompt: str
    response: str
    extension: Mapping[str, Any]
    id: str = ""


class Agent(Protocol):
    """Proposes answers to questions about rows before people answer them."""

    @property
    def questions(self) -> Sequence[str]:
        """Names of the questions that it may answer."""
        ...

    def suggest(self, subjects: Sequence[Subject]) -> list[list[Suggestion]]:
        """Suggestions for each subject: at most one per question, none if the agent is not sure.

        The same subject gets the same suggestions each time.
        """
        ...

    def report(self) -> str:
        """One line about the cost so far; empty if there is no cost."""
        ...
