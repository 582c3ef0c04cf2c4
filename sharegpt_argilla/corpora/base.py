"""What every corpus adapter reads a record into, and what an adapter is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

Role = Literal["human", "gpt", "system"]


class Turn(NamedTuple):
    """One message of a conversation.

    Attributes:
        role: who speaks, in the words of this package.
        text: what was said, untouched; may be blank.
        spelling: the role as the corpus writes it (``chatgpt``).
    """

    role: Role
    text: str
    spelling: str

    @property
    def blank(self) -> bool:
        """Whether the text is empty or white space only."""
        return not self.text or self.text.isspace()


@dataclass(frozen=True, slots=True)
class Conversation:
    """One record of a corpus: a whole conversation, or a piece of one that the corpus splits.

    Attributes:
        session: id of the whole conversation; the same for all its pieces.
        turns: in the order of the corpus.
        offset: 0-based index of the first turn in the whole conversation.
        piece: True when other pieces of the conversation may stand elsewhere in the corpus.
        extra: what else the corpus knows about it, under the corpus' own keys.
        created: ``yyyymmdd HH:MM:SS`` when the corpus knows it.
    """

    session: str
    turns: Sequence[Turn]
    offset: int = 0
    piece: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    created: str | None = None


class Corpus(Protocol):
    """An adapter for one raw format: one JSON record in, one conversation out."""

    @property
    def name(self) -> str:
        """What stands after ``-m`` and in ``解析模型``."""

    @property
    def title(self) -> str:
        """The data set as its publisher calls it, for help and documentation."""

    @property
    def source(self) -> str:
        """``来源`` of its rows."""

    def is_record(self, value: object) -> bool:
        """Whether a JSON value has the outline of a record; finds the next one after damaged text."""

    def read(self, value: object) -> Conversation:
        """The conversation in a record.

        Raises:
            RejectedError: there is none; the text is one line and quotes nobody.
        """
