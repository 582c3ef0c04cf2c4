"""Rows -> examples, and what can be said about the answers in one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sharegpt_argilla.common.contract_keys import DUPLICATE_OF, curation_block
from sharegpt_argilla.rows import (
    ANNOTATION,
    CORPUS,
    ORIGINAL_SESSION,
    SESSION,
    TURN,
    Row,
    dump_extension,
    encodable,
    read_extension,
)
from sharegpt_argilla.training.base import NOT_ANNOTATED, Example

RANK = "rank"
"""Key of the extension by which a corpus says how good an answer is among those to its question; 1 is best."""
_SYSTEM = "system"


def read_example(row: Row) -> Example:
    """The row, parsed. A row without session is a conversation of its own."""
    extension = _encodable(read_extension(row), row["元数据"]["扩展字段"])
    turn, rank, annotation = extension.get(TURN), extension.get(RANK), extension.get(ANNOTATION)
    session = extension.get(ORIGINAL_SESSION, extension.get(SESSION))
    return Example(
        id=row["id"],
        prompt=encodable(row["问"]),
        answer=encodable(row["答"]),
        source=encodable(row["来源"]),
        session=str(session) if session not in (None, "") else row["id"],
        turn=turn if isinstance(turn, int) else 1,
        corpus=str(extension.get(CORPUS, "")),
        system=str(extension.get(_SYSTEM, "")),
        rank=float(rank) if isinstance(rank, int | float) and not isinstance(rank, bool) else None,
        annotation=_annotation(annotation),
        duplicate_of=str(curation_block(extension).get(DUPLICATE_OF) or ""),
    )


def agreement(example: Example, question: str) -> float | None:
    """Mean agreement of two people on a question, 0 to 1; None where fewer than two answered it.

    Reviewers, who saw the others' answers, do not count.
    Two answers agree by 1 when they are equal, else by 0; two lists of labels by the share of the labels in
    either that both have (Jaccard).
    """
    peers = [response for response in example.submitted if not response.get("adjudication")]
    answers = [r["values"][question] for r in peers if question in r.get("values", {})]
    pairs = list(combinations(answers, 2))
    return sum(_alike(*pair) for pair in pairs) / len(pairs) if pairs else None


def mean_agreement(example: Example, questions: Sequence[str]) -> float | None:
    """The mean of ``agreement`` over the questions that two people answered; None where there is none."""
    found = [value for name in questions if (value := agreement(example, name)) is not None]
    return sum(found) / len(found) if found else None


def answered(annotation: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Question and value for each question that somebody answered, by the responses in the row."""
    names = dict.fromkeys(name for r in annotation.get("responses", ()) for name in r.get("values", {}))
    for name in names:
        if annotation.get(name) is not None:
            yield name, annotation[name]


def _annotation(found: object) -> dict[str, Any]:
    """The object, with no response in it but objects with values."""
    if not isinstance(found, dict):
        return {}
    responses = found.get("responses")
    given = [one for one in responses if isinstance(one, dict)] if isinstance(responses, list) else []
    whole = [one if isinstance(one.get("values"), dict) else {**one, "values": {}} for one in given]
    return {**found, "responses": whole}


def _encodable(extension: dict[str, Any], text: str) -> dict[str, Any]:
    """Without lone surrogates, which other programs may have escaped, and UTF-8 cannot hold."""
    if "\\ud" not in text.lower():
        return extension
    clean: dict[str, Any] = json.loads(dump_extension(extension))
    return clean


def _alike(one: Any, other: Any) -> float:
    if isinstance(one, list) and isinstance(other, list):
        first, second = set(map(str, one)), set(map(str, other))
        return len(first & second) / len(first | second) if first | second else 1.0
    return float(one == other)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a row must have. A question that nobody answered passes no filter on it: open does not mean clean.

    Attributes:
        unannotated: take rows that nobody answered too.
        discarded: take rows that at least as many people discarded as submitted.
        ties: take rows on which the votes were even.
        quality: name of the rating question, and the least rating.
        intents: name of the question, and the labels of which a row has at least one.
        toxicity: name of the question, and the labels that a row may have; it may have no other.
        agreement: the least mean agreement over the questions, 0 to 1. A row that one person answered has none
            and passes; ``responses`` asks for more people.
        responses: the least number of submitted responses.
        questions: names of the project's questions.
    """

    unannotated: bool = False
    discarded: bool = False
    ties: bool = True
    quality: tuple[str, float] | None = None
    intents: tuple[str, frozenset[str]] | None = None
    toxicity: tuple[str, frozenset[str]] | None = None
    agreement: float | None = None
    responses: int = 0
    questions: Sequence[str] = ()

    def reason(self, example: Example) -> str | None:
        """Why the row is left out; None when it is taken."""
        submitted, discarded = len(example.submitted), len(example.discarded)
        if not self.discarded and discarded and discarded >= submitted:
            return "discarded"
        if not submitted:
            return None if self.unannotated and not self._asks() else NOT_ANNOTATED
        if submitted < self.responses:
            return "with too few responses"
        if not self.ties and example.annotation.get("tie"):
            return "with a tie"
        return self._by_value(example) or self._by_agreement(example)

    def _asks(self) -> bool:
        return bool(self.quality or self.intents or self.toxicity or self.responses)

    def _by_value(self, example: Example) -> str | None:
        if self.quality and not _at_least(example.annotation.get(self.quality[0]), self.quality[1]):
            return "below the quality"
        if self.intents and not labels(example, self.intents[0]) & self.intents[1]:
            return "of another intent"
        if self.toxicity:
            found = labels(example, self.toxicity[0])
            if not found or not found <= self.toxicity[1]:
                return "of another toxicity"
        return None

    def _by_agreement(self, example: Example) -> str | None:
        if self.agreement is None:
            return None
        measured = mean_agreement(example, self.questions)
        return "below the agreement" if measured is not None and measured < self.agreement else None


def labels(example: Example, question: str) -> frozenset[str]:
    """The labels of a row, whether the question takes one or several; none where nobody answered."""
    value = example.annotation.get(question)
    if value is None:
        return frozenset()
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset({str(value)})


def _at_least(value: Any, least: float) -> bool:
    return isinstance(value, int | float) and value >= least
