"""Training formats: the interface of a format, and the rows, units and questions that it works on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Unit = Literal["row", "comparison", "conversation"]
"""What one or a few rows of a training file are made from: an annotated row, all answers to one question, or a
whole conversation."""
QuestionType = Literal["rating", "label", "multi_label", "text", "ranking", "span"]
TrainingRow = dict[str, Any]

NOT_ANNOTATED = "not annotated"
"""The reason why an unanswered row is left out; the only reason that does not exclude its conversation."""
JSON_LINES = ".jsonl"
JSON_ARRAY = ".json"


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the project.

    Attributes:
        name: its name in the rows.
        type: rating, label, multi_label, text, ranking or span.
        choices: the values of a rating, lowest first, or the labels, in the order of dataset-config.yml; empty
            for texts.
        field: the text that a span question is about; ``""`` for other types.
    """

    name: str
    type: QuestionType
    choices: Sequence[int | str] = ()
    field: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """One row, parsed.

    Attributes:
        id: the row's id.
        prompt: ``问``.
        answer: ``答``; ``""`` if there is none.
        source: ``来源``.
        session: id of the conversation, the corpus' own if there are two; the row's id if there is none.
        turn: 1-based number of the question in the conversation.
        corpus: ``解析模型``.
        system: the system turns of the conversation; ``""`` if there are none.
        rank: ``rank`` in the extension, 1 is best; None if absent.
        annotation: the object under ``标注``; empty if the row has none.
        duplicate_of: id of the row of which ``curate`` says this is a duplicate or near-duplicate; ``""`` if none.
        tools: definitions of the tools of the conversation, in OpenAI's form.
        tool_messages: what the model and its tools said to each other up to the answer, which is among it, as
            OpenAI's messages; empty if no tool was called, or if it is not known.
    """

    id: str
    prompt: str
    answer: str
    source: str
    session: str
    turn: int
    corpus: str = ""
    system: str = ""
    rank: float | None = None
    annotation: Mapping[str, Any] = field(default_factory=dict)
    duplicate_of: str = ""
    tools: Sequence[Mapping[str, Any]] = ()
    tool_messages: Sequence[Mapping[str, Any]] = ()

    @property
    def submitted(self) -> list[Mapping[str, Any]]:
        """The submitted responses, in the order of the row."""
        return self._responses("submitted")

    @property
    def discarded(self) -> list[Mapping[str, Any]]:
        """The responses that discarded the record."""
        return self._responses("discarded")

    def _responses(self, status: str) -> list[Mapping[str, Any]]:
        responses = self.annotation.get("responses", ())
        return [response for response in responses if response.get("status") == status]


@dataclass(frozen=True, slots=True)
class Group:
    """One unit.

    Attributes:
        examples: a row; or the rows that answer one question, in the order of the file; or the turns of a
            conversation, oldest first.
        history: the answered turns before them in the conversation, oldest first, without a gap.
    """

    examples: Sequence[Example]
    history: Sequence[Example] = ()


@dataclass(frozen=True, slots=True)
class Scheme:
    """How answers are interpreted.

    Attributes:
        questions: the project's questions, in its order.
        rank_by: the rating that tells better answers from worse; None if the project has none.
        good: the least rating that counts as good; None: ratings above the middle of the scale are good, ratings
            below it are bad, and the middle itself is neither.
        tools: whether some row has tools; formats that write them then have their columns in every row.
    """

    questions: Sequence[Question] = ()
    rank_by: str | None = None
    good: float | None = None
    tools: bool = False

    def question(self, name: str) -> Question | None:
        """The question of that name; None if there is none."""
        return next((question for question in self.questions if question.name == name), None)


@dataclass(frozen=True, slots=True)
class About:
    """What a dataset card says in addition to the rows.

    Attributes:
        title: a name for the data.
        licence: identifier of the corpus' licence as the Hugging Face Hub spells it; ``""`` if not given.
        guidelines: short hash of the guidelines -> rows annotated under them.
        guidelines_text: short hash and text of the project's guidelines, if rows were annotated under them.
        annotators: number of people who answered.
        responses: number of answers that they submitted.
        agreement: question -> (mean agreement of two people on a row, 0 to 1; rows that two answered).
        left_out: reason -> number of rows left out.
    """

    title: str = "training"
    licence: str = ""
    guidelines: Mapping[str, int] = field(default_factory=dict)
    guidelines_text: tuple[str, str] | None = None
    annotators: int = 0
    responses: int = 0
    agreement: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flat:
    """What a format of one question and its answer cannot write.

    Attributes:
        instead: name of the format for the same purpose that writes it.
        system: whether the system text is dropped too, in addition to the earlier turns.
    """

    instead: str
    system: bool = True


class TrainingFormat(Protocol):
    """One layout of training rows and the kind of file that they are written to.

    A format may have ``flat``, a ``Flat``, in addition: `training` then counts what it drops. One with a true
    ``with_tools`` writes tools; of the others `training` counts the rows without them.
    """

    @property
    def name(self) -> str:
        """Its name for ``--format``."""

    @property
    def title(self) -> str:
        """Its purpose, in a line of help."""

    @property
    def suffix(self) -> str:
        """The suffix of its files; ``""`` for a folder."""

    @property
    def unit(self) -> Unit:
        """What its rows are made from."""

    @property
    def needs_history(self) -> bool:
        """Whether it writes the turns before a question."""

    @property
    def needs_answer(self) -> bool:
        """Whether it cannot use a row without an answer."""

    def rows(self, group: Group, scheme: Scheme) -> list[TrainingRow]:
        """The training rows of one unit.

        Raises:
            RejectedError: the unit has none; the text is the reason, in a few words that many units share.
        """

    def write(
        self, target: Path, splits: Mapping[str, Iterable[TrainingRow]], scheme: Scheme, about: About, /
    ) -> list[Path]:
        """Write every split, whole or not at all; returns the files or the folder.

        Args:
            target: the name given with ``-o``.
            splits: name of the split -> its rows; one split named ``""`` if nothing is split.
            scheme: the questions.
            about: the content of a dataset card.

        Raises:
            InputError: a file cannot be written. An existing file of that name is kept.
        """


def split_path(target: Path, split: str) -> Path:
    """``sft.jsonl`` -> ``sft-test.jsonl``; the target itself for the split without a name."""
    return target.with_name(f"{target.stem}-{split}{target.suffix}") if split else target
