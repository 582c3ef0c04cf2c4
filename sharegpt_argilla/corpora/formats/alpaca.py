"""The Alpaca layout: ``{"instruction": …, "input": …, "output": …}``.

LLaMA-Factory's ``system`` and ``history`` (``[[question, answer], …]``) may come with them. ChatDoctor's files
have this layout too: their instruction is the same in every record, and nothing else differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import (
    BETWEEN_TURNS,
    SYSTEM,
    Container,
    Conversation,
    Gatherer,
    Options,
    Turn,
)
from sharegpt_argilla.corpora.formats.fields import (
    optional_text,
    other_keys,
    record_object,
    required_text,
    session_id,
)
from sharegpt_argilla.corpora.formats.repeated_rounds import HISTORY, RoundGatherer, earlier_rounds
from sharegpt_argilla.errors import RejectedError

INSTRUCTION, INPUT, OUTPUT = "instruction", "input", "output"

NEIGHBOURS = "most_similar_instructions"
"""Key of Stanford's generator: up to ten instructions of other records. Left out, as it is not about this one."""


@dataclass(frozen=True, slots=True)
class Alpaca:
    """One corpus in the Alpaca layout.

    Attributes:
        name: what follows ``-m``.
        title: the data set as its publisher calls it.
    """

    name: str
    title: str
    container: Container = "json"

    @property
    def source(self) -> str:
        """``来源`` of its rows: the name."""
        return self.name

    def with_options(self, options: Options) -> Alpaca:
        """The same corpus, which puts rounds together where records repeat them."""
        kind = AlpacaRounds if options.history else Alpaca
        return kind(self.name, self.title)

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with texts under ``instruction`` and ``output``."""
        return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in (INSTRUCTION, OUTPUT))

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a record: what came before, then the instruction with its input.

        Raises:
            RejectedError: instruction or output is missing or no text, or instruction and input are blank.
        """
        record = record_object(value)
        system = optional_text(record, SYSTEM)
        turns = [
            *([Turn("system", system, SYSTEM)] if system else []),
            *earlier_rounds(record.get(HISTORY), INSTRUCTION, OUTPUT),
            Turn("human", question(record), INSTRUCTION),
            Turn("gpt", required_text(record, OUTPUT), OUTPUT),
        ]
        extra = other_keys(record, {"id", INSTRUCTION, INPUT, OUTPUT, HISTORY, NEIGHBOURS, SYSTEM})
        return [Conversation(session_id(record, turns), turns, extra=extra)]


class AlpacaRounds(Alpaca):
    """The same layout, in files whose records repeat the rounds before their question."""

    def gather(self) -> Gatherer:
        """A gatherer that gives each round once."""
        return RoundGatherer(self.read)


def question(record: dict[str, Any], key: str = INSTRUCTION) -> str:
    """The instruction and its input, a blank line between them.

    Raises:
        RejectedError: the instruction is missing, one of the two is no text, or both are blank.
    """
    return joined(required_text(record, key), optional_text(record, INPUT), key)


def joined(instruction: str, passage: str, key: str = INSTRUCTION) -> str:
    """Those of the two texts that are not blank.

    Raises:
        RejectedError: both are.
    """
    texts = [text for text in (instruction, passage) if text and not text.isspace()]
    if not texts:
        raise RejectedError(f'"{key}" is blank')
    return BETWEEN_TURNS.join(texts)
