"""What every corpus adapter reads a record into, and what an adapter is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

SYSTEM = "system"
"""Key of the extra that contains the system turns of a conversation."""
BETWEEN_TURNS = "\n\n"
"""Separates texts that become one."""

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


class ToolMessage(NamedTuple):
    """A call of tools, or a result.

    Attributes:
        place: number of turns before it.
        message: in OpenAI's form: ``tool_calls`` by the assistant, or ``content`` by a tool.
    """

    place: int
    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One record of a corpus: a whole conversation, or a piece of one that the corpus splits.

    Attributes:
        session: id of the whole conversation; the same for all its pieces.
        turns: in the order of the corpus.
        offset: 0-based index of the first turn in the whole conversation.
        piece: True when other pieces of the conversation may be elsewhere in the corpus.
        extra: what else the corpus knows about it, under the corpus' own keys.
        created: ``yyyymmdd HH:MM:SS`` when the corpus knows it.
        left_out: what the adapter skipped on purpose, in words, and how often (``{"tool calls": 2}``).
        continues: True for what a gatherer adds to a conversation with this session that it gave before.
        tool_messages: calls of tools and their results, all of them; None where there are no tools, or not kept.
    """

    session: str
    turns: Sequence[Turn]
    offset: int = 0
    piece: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    created: str | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    continues: bool = False
    tool_messages: Sequence[ToolMessage] | None = None


Container = Literal["json", "text"]
"""Where records lie: ``json`` is all that becomes JSON values (JSON, JSON Lines, parquet); ``text`` is plain text,
cut into blocks at a marker line."""


class Corpus(Protocol):
    """An adapter for one raw format: one record in, its conversations out."""

    @property
    def name(self) -> str:
        """What follows ``-m`` and is written to ``解析模型``."""

    @property
    def title(self) -> str:
        """The data set as its publisher calls it, for help and documentation."""

    @property
    def source(self) -> str:
        """``来源`` of its rows."""

    @property
    def container(self) -> Container:
        """Where its records lie."""

    def is_record(self, value: object) -> bool:
        """Whether a JSON value has the outline of a record; finds the next one after damaged text."""

    def read(self, value: object) -> Sequence[Conversation]:
        """The conversations in a record; mostly one, several where it contains alternatives.

        Raises:
            RejectedError: there is none; the text is one line and quotes nobody.
        """


@runtime_checkable
class TextCorpus(Corpus, Protocol):
    """A corpus of plain text (``container`` is ``text``)."""

    @property
    def marker(self) -> str:
        """The line that every block starts with."""


class Gatherer(Protocol):
    """Puts conversations together whose parts are in several records of a file."""

    def add(self, value: object) -> Iterable[Conversation]:
        """Take one record; give the conversations that are complete now.

        Raises:
            RejectedError: the record cannot be used.
        """

    def finish(self) -> Iterable[Conversation]:
        """After the last record: what is left."""


@runtime_checkable
class InputGatherer(Gatherer, Protocol):
    """A gatherer that has to know where one input ends and the next begins."""

    def begin_input(self) -> None:
        """Before the first record of each input."""


@runtime_checkable
class GatheringCorpus(Corpus, Protocol):
    """A corpus whose conversations lie across records. A file of it is read by one worker, as a whole."""

    def gather(self) -> Gatherer:
        """A new gatherer, for one run."""


Ranking = Literal["order", "rank"]
"""How a list of numbers ranks the completions of a record, see ``Options.ranking``."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may choose about how a corpus is read.

    Attributes:
        keep_origin: keep where a message came from (country, state, hashed address, request headers).
        ranking: ``order``: numbers of completions from best to worst; ``rank``: the rank of each completion.
        salt: key of the hash (HMAC-SHA256) that replaces a network address where the origin is kept; None leaves
            raw addresses out altogether.
        columns: what a column of a table means -> its name, see ``question_answer``; none to go by known names.
        history: put rounds together that records repeat; a run finds out by itself whether its inputs do.
        keep_tools: keep definitions, calls and results of tools.
    """

    keep_origin: bool = False
    ranking: Ranking = "order"
    salt: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    history: bool = False
    keep_tools: bool = False


@runtime_checkable
class Configurable(Protocol):
    """A corpus that some of the options change."""

    def with_options(self, options: Options) -> Corpus:
        """The same corpus, read as the options say."""


@runtime_checkable
class Typical(Corpus, Protocol):
    """A corpus that shares its layout with another and is told apart by what its records say."""

    def is_typical(self, values: Sequence[object]) -> bool:
        """Whether these values, all with its outline, are of this corpus."""
