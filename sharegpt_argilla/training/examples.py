"""Rows -> examples, and what can be said about the answers in one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

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
from sharegpt_argilla.training.base import Example

RANK = "rank"
"""Key of the extension by which a corpus says how good an answer is among those to its question; 1 is best."""
CURATION, DUPLICATE_OF = "curation", "dup_of"
"""Where ``curate`` says of which row another is a duplicate or nearly one."""
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
        duplicate_of=_duplicate_of(extension.get(CURATION)),
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


def _duplicate_of(curation: object) -> str:
    return str(curation.get(DUPLICATE_OF) or "") if isinstance(curation, dict) else ""


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
