"""Rows -> examples: parsing, agreement of the answers, and the filters that select rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sharegpt_argilla.common.contract_keys import (
    CONFIDENCE,
    DUPLICATE_OF,
    TOOL_MESSAGES,
    TOOLS,
    curation_block,
)
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
"""Key of the extension for a corpus' rank of the answer among all answers to its question; 1 is best."""
NO_CONFIDENCE = "without confidence"
"""The reason why a row is left out that does not say how probable its values are."""
_SYSTEM = "system"


def read_example(row: Row) -> Example:
    """Parse a row. A row without session is a conversation of its own."""
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
        tools=_objects(extension.get(TOOLS)) if TOOL_MESSAGES in extension else (),
        tool_messages=_objects(extension.get(TOOL_MESSAGES)),
    )


def agreement(example: Example, question: str) -> float | None:
    """Mean agreement of two people on a question, 0 to 1; None if fewer than two answered it.

    Reviewers, who saw the others' answers, do not count.
    Two answers agree by 1 when they are equal, else by 0; two lists of labels by the share of the labels in
    either that both have (Jaccard).
    """
    peers = [response for response in example.submitted if not response.get("adjudication")]
    answers = [r["values"][question] for r in peers if question in r.get("values", {})]
    pairs = list(combinations(answers, 2))
    return sum(_alike(*pair) for pair in pairs) / len(pairs) if pairs else None


def mean_agreement(example: Example, questions: Sequence[str]) -> float | None:
    """The mean of ``agreement`` over the questions that two people answered; None if there is none."""
    values = [value for name in questions if (value := agreement(example, name)) is not None]
    return sum(values) / len(values) if values else None


def confidences(example: Example, question: str) -> dict[str, float]:
    """Each of the question's values, as text -> how probable it is, 0 to 1; empty where the row does not say."""
    told = example.annotation.get(CONFIDENCE)
    of_question = told.get(question) if isinstance(told, dict) else None
    if not isinstance(of_question, dict):
        of_question = {str(example.annotation.get(question)): of_question}
    return {str(label): float(share) for label, share in of_question.items() if _is_share(share)}


def answered(annotation: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Question and value of each answered question, according to the responses in the row."""
    names = dict.fromkeys(name for r in annotation.get("responses", ()) for name in r.get("values", {}))
    for name in names:
        if annotation.get(name) is not None:
            yield name, annotation[name]


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _objects(values: object) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _annotation(annotation: object) -> dict[str, Any]:
    """The annotation with only those responses that are objects, each with ``values``."""
    if not isinstance(annotation, dict):
        return {}
    responses = annotation.get("responses")
    usable = [item for item in responses if isinstance(item, dict)] if isinstance(responses, list) else []
    complete = [item if isinstance(item.get("values"), dict) else {**item, "values": {}} for item in usable]
    return {**annotation, "responses": complete}


def _encodable(extension: dict[str, Any], text: str) -> dict[str, Any]:
    """Without unpaired surrogates, which other programs may have escaped and UTF-8 cannot encode."""
    if "\\ud" not in text.lower():
        return extension
    clean: dict[str, Any] = json.loads(dump_extension(extension))
    return clean


def _alike(answer: Any, other: Any) -> float:
    if isinstance(answer, list) and isinstance(other, list):
        first, second = set(map(str, answer)), set(map(str, other))
        return len(first & second) / len(first | second) if first | second else 1.0
    return float(answer == other)


@dataclass(frozen=True, slots=True)
class Filters:
    """The conditions for a row. An unanswered question passes no filter on it: unanswered does not mean clean.

    Attributes:
        unannotated: also take unanswered rows.
        discarded: also take rows that at least as many people discarded as submitted.
        ties: also take rows with tied votes.
        quality: name of the rating question, and the minimum rating.
        intents: name of the question, and the labels of which a row needs at least one.
        toxicity: name of the question, and the only labels that a row may have.
        agreement: the minimum mean agreement over the questions, 0 to 1. A row that one person answered has none
            and passes; set ``responses`` to require more people.
        responses: the minimum number of submitted responses.
        confidence: the minimum probability of each value, 0 to 1, of every label where there are several.
        sure_of: the questions that it concerns; empty: those of which the row says it, one at least.
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
    confidence: float | None = None
    sure_of: Sequence[str] = ()
    questions: Sequence[str] = ()

    def reason(self, example: Example) -> str | None:
        """Why the row is left out; None if it is taken."""
        submitted, discarded = len(example.submitted), len(example.discarded)
        if not self.discarded and discarded and discarded >= submitted:
            return "discarded"
        if not submitted:
            return None if self.unannotated and not self._asks() else NOT_ANNOTATED
        if submitted < self.responses:
            return "with too few responses"
        if not self.ties and example.annotation.get("tie"):
            return "with a tie"
        return self._by_value(example) or self._by_agreement(example) or self._by_confidence(example)

    def _asks(self) -> bool:
        asks = self.quality or self.intents or self.toxicity or self.responses
        return bool(asks) or self.confidence is not None

    def _by_value(self, example: Example) -> str | None:
        if self.quality and not _at_least(example.annotation.get(self.quality[0]), self.quality[1]):
            return "below the quality"
        if self.intents and not labels(example, self.intents[0]) & self.intents[1]:
            return "of another intent"
        if self.toxicity:
            toxicity = labels(example, self.toxicity[0])
            if not toxicity or not toxicity <= self.toxicity[1]:
                return "of another toxicity"
        return None

    def _by_agreement(self, example: Example) -> str | None:
        if self.agreement is None:
            return None
        measured = mean_agreement(example, self.questions)
        return "below the agreement" if measured is not None and measured < self.agreement else None

    def _by_confidence(self, example: Example) -> str | None:
        if self.confidence is None:
            return None
        by_question = [confidences(example, name) for name in self.sure_of or self.questions]
        shares = [share for of_question in by_question for share in of_question.values()]
        if not shares or (self.sure_of and not all(by_question)):
            return NO_CONFIDENCE
        return "below the confidence" if min(shares) < self.confidence else None


def labels(example: Example, question: str) -> frozenset[str]:
    """The labels of a row, whether the question takes one or several; empty if it is unanswered."""
    value = example.annotation.get(question)
    if value is None:
        return frozenset()
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset({str(value)})


def _at_least(value: Any, least: float) -> bool:
    return isinstance(value, int | float) and value >= least
