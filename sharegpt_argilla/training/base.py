"""What every training format is given, and what a training format is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Unit = Literal["row", "comparison", "conversation"]
"""What becomes one row, or a few rows, of a training file: an annotated row, all the answers to one question,
or a whole conversation."""
QuestionType = Literal["rating", "label", "multi_label", "text", "ranking", "span"]
TrainingRow = dict[str, Any]

NOT_ANNOTATED = "not annotated"
"""Why a row is left out that nobody answered; the one reason that does not spoil its conversation."""
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
    """

    name: str
    type: QuestionType
    choices: Sequence[int | str] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """One row, parsed.

    Attributes:
        id: the row's id.
        prompt: ``问``.
        answer: ``答``; ``""`` when nobody answered.
        source: ``来源``.
        session: id of the conversation, the corpus' own where two are known; the row's id where none is.
        turn: 1-based number of the question in the conversation.
        corpus: ``解析模型``.
        system: the system turns of the conversation; ``""`` when there are none.
        rank: ``rank`` in the extension, 1 is best; None when it is not there.
        annotation: the object under ``标注``; empty when the row has none.
        duplicate_of: id of the row that ``curate`` found this one to repeat or nearly so; ``""`` for none.
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

    @property
    def submitted(self) -> list[Mapping[str, Any]]:
        """The submitted responses, in the order of the row."""
        return self._responses("submitted")

    @property
    def discarded(self) -> list[Mapping[str, Any]]:
        """The responses by which somebody threw the record out."""
        return self._responses("discarded")

    def _responses(self, status: str) -> list[Mapping[str, Any]]:
        found = self.annotation.get("responses", ())
        return [response for response in found if response.get("status") == status]


@dataclass(frozen=True, slots=True)
class Group:
    """One unit.

    Attributes:
        examples: one row; or the rows that answer one question, in the order of the file; or the turns of a
            conversation, oldest first.
        history: the answered turns before them in the conversation, oldest first, without a gap.
    """

    examples: Sequence[Example]
    history: Sequence[Example] = ()


@dataclass(frozen=True, slots=True)
class Scheme:
    """How values are read.

    Attributes:
        questions: of the project, in its order.
        rank_by: the rating that tells better answers from worse; None when the project has none.
        good: ratings from here up count as good; None: what lies above the middle of the scale does, what lies
            below is bad, and the middle itself is neither.
    """

    questions: Sequence[Question] = ()
    rank_by: str | None = None
    good: float | None = None

    def question(self, name: str) -> Question | None:
        """The question of that name; None when there is none."""
        return next((question for question in self.questions if question.name == name), None)


@dataclass(frozen=True, slots=True)
class About:
    """What a dataset card says beside the rows.

    Attributes:
        title: a name for the data.
        licence: identifier of the corpus' licence as the Hugging Face Hub spells it; ``""`` when not given.
        guidelines: short hash of the guidelines -> rows annotated under them.
        guidelines_text: short hash and text of the project's own, where rows were annotated under them.
        annotators: how many people answered.
        responses: how many answers they submitted.
        agreement: question -> (mean agreement of two people on a row, 0 to 1; rows that two answered).
        left_out: why -> how many rows were left out.
    """

    title: str = "training"
    licence: str = ""
    guidelines: Mapping[str, int] = field(default_factory=dict)
    guidelines_text: tuple[str, str] | None = None
    annotators: int = 0
    responses: int = 0
    agreement: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


class TrainingFormat(Protocol):
    """One layout of training rows and the kind of file that they are kept in."""

    @property
    def name(self) -> str:
        """What stands after ``--format``."""

    @property
    def title(self) -> str:
        """What it is for, in a line of help."""

    @property
    def suffix(self) -> str:
        """How its files are named; ``""`` for a folder."""

    @property
    def unit(self) -> Unit:
        """What it makes rows from."""

    @property
    def needs_history(self) -> bool:
        """Whether it writes the turns before a question."""

    @property
    def needs_answer(self) -> bool:
        """Whether a row without an answer is of no use to it."""

    def rows(self, group: Group, scheme: Scheme) -> list[TrainingRow]:
        """The training rows of one unit.

        Raises:
            RejectedError: it has none; the text is the reason, in a few words that hold for many units.
        """

    def write(
        self, target: Path, splits: Mapping[str, Iterable[TrainingRow]], scheme: Scheme, about: About, /
    ) -> list[Path]:
        """Write every split, whole or not at all; returns the files or the folder.

        Args:
            target: the name given with ``-o``.
            splits: name of the split -> its rows; one split named ``""`` when nothing is split.
            scheme: the questions.
            about: for a dataset card.

        Raises:
            InputError: a file cannot be written. What stood under its name before is then still there.
        """


def split_path(target: Path, split: str) -> Path:
    """``sft.jsonl`` -> ``sft-test.jsonl``; the target itself for the split that has no name."""
    return target.with_name(f"{target.stem}-{split}{target.suffix}") if split else target
