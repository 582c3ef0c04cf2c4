"""What an agent gets and gives."""

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
        response: the answer; empty when nobody answered.
        extension: the row's ``扩展字段``, parsed.
    """

    prompt: str
    response: str
    extension: Mapping[str, Any]


class Agent(Protocol):
    """Answers questions about rows, as well as it can, before people do."""

    @property
    def questions(self) -> Sequence[str]:
        """Names of the questions that it may answer."""
        ...

    def suggest(self, subjects: Sequence[Subject]) -> list[list[Suggestion]]:
        """For each subject at most one suggestion a question; none where the agent is not sure.

        The same subject gets the same suggestions each time.
        """
        ...

    def report(self) -> str:
        """One line about what it cost so far; empty where it costs nothing."""
        ...
