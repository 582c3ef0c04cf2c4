"""Who is how able, which labels are confused, and where the guidelines may be unclear: for leads, not colleagues.

A record is listed as unclear where the able disagree with the many: the answer with the most votes is not the one
that weighs most when each vote weighs the log odds of its person's ability.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from sharegpt_argilla.responses.confidence import CERTAIN, Estimate, estimate

UNCLEAR = 20
"""Number of records in the list."""
CONFUSED = 10
"""Number of pairs of labels for each question."""
FEWEST = 1.0
"""Expected answers from which a pair of labels is listed."""

Answers = Mapping[str, Mapping[str, Hashable]]
"""Record -> person -> answer; several labels are a frozenset."""


@dataclass(frozen=True)
class QuestionReliability:
    """What the model says of the people and labels of one question.

    Attributes:
        abilities: ``annotator``, ``ability``, ``low``, ``high``, ``answers`` of each person, by name. Where
            several labels can be chosen, the mean over the yes or no of each.
        confused: ``right``, ``given`` and ``expected``: labels, and how many such answers there are.
        unclear: ``id``, ``many`` (the answer of the many), ``able`` (that of the able), ``weight`` of the latter
            over the former.
    """

    abilities: list[dict[str, Any]]
    confused: list[dict[str, Any]]
    unclear: list[dict[str, Any]]


def question_reliability(
    answers: Answers, labels: Sequence[Any] | None, gold: Mapping[str, Hashable], *, ordered: bool
) -> QuestionReliability:
    """The people and labels of one question.

    Args:
        answers: of submitted responses.
        labels: all that could be answered, in order; None for those that somebody gave.
        gold: record -> the right answer.
        ordered: whether the labels are a scale.
    """
    several = any(isinstance(answer, frozenset) for of_record in answers.values() for answer in of_record.values())
    if several:
        return _of_labels(answers, labels, gold)
    triples = [
        (record, person, answer) for record, of_record in answers.items() for person, answer in of_record.items()
    ]
    fitted = estimate(triples, labels, gold, ordered=ordered)
    return QuestionReliability(
        _abilities([fitted]),
        _most_confused(fitted.confused),
        list(_unclear(answers, fitted)),
    )


def _of_labels(
    answers: Answers, labels: Sequence[Any] | None, gold: Mapping[str, Hashable]
) -> QuestionReliability:
    """Each label is a question of its own: was it rightly chosen, or left out."""
    chosen_labels = {
        label
        for of_record in answers.values()
        for chosen in of_record.values()
        if isinstance(chosen, frozenset)
        for label in chosen
    }
    listed = [*(labels or ()), *sorted(chosen_labels.difference(labels or ()))]
    estimates, confused, unclear = [], dict[tuple[Any, Any], float](), list[dict[str, Any]]()
    for label in listed:
        votes = {record: _has(of_record, label) for record, of_record in answers.items()}
        right = {record: label in chosen for record, chosen in gold.items() if isinstance(chosen, Collection)}
        triples = [
            (record, person, vote) for record, of_record in votes.items() for person, vote in of_record.items()
        ]
        fitted = estimate(triples, (False, True), right)
        estimates.append(fitted)
        names = {True: label, False: f"not {label}"}
        confused |= {(names[true], names[told]): count for (true, told), count in fitted.confused.items()}
        unclear += [
            entry | {"many": names[entry["many"]], "able": names[entry["able"]]}
            for entry in _unclear(votes, fitted)
        ]
    return QuestionReliability(_abilities(estimates), _most_confused(confused), unclear)


def _has(of_record: Mapping[str, Hashable], label: Hashable) -> dict[str, bool]:
    return {person: label in chosen for person, chosen in of_record.items() if isinstance(chosen, frozenset)}


def _abilities(estimates: Sequence[Estimate]) -> list[dict[str, Any]]:
    people = sorted({person for fitted in estimates for person in fitted.people}, key=str)
    rows = []
    for person in people:
        of_person = [fitted.people[person] for fitted in estimates if person in fitted.people]
        means = {
            name: round(sum(getattr(ability, name) for ability in of_person) / len(of_person), 4)
            for name in ("ability", "low", "high")
        }
        rows.append({"annotator": person, **means, "answers": of_person[0].answers})
    return rows


def _most_confused(confused: Mapping[tuple[Any, Any], float]) -> list[dict[str, Any]]:
    often = sorted(
        ((count, pair) for pair, count in confused.items() if count >= FEWEST),
        key=lambda item: (-item[0], str(item[1])),
    )
    return [{"right": pair[0], "given": pair[1], "expected": round(count, 1)} for count, pair in often[:CONFUSED]]


def _unclear(answers: Answers, fitted: Estimate) -> Iterator[dict[str, Any]]:
    """The records whose able outweigh their many."""
    for record, of_record in answers.items():
        votes = Counter(of_record.values()).most_common(2)
        if len(votes) < 2 or votes[0][1] == votes[1][1]:
            continue
        weights: dict[Hashable, float] = {}
        for person, answer in sorted(of_record.items()):
            share = min(max(fitted.people[person].ability, 1 - CERTAIN), CERTAIN)
            weights[answer] = weights.get(answer, 0.0) + log(share / (1 - share))
        many, able = votes[0][0], max(weights, key=lambda answer: (weights[answer], str(answer)))
        if able != many:
            yield {"id": record, "many": many, "able": able, "weight": round(weights[able] - weights[many], 4)}


def most_unclear(by_question: Mapping[str, QuestionReliability], limit: int = UNCLEAR) -> list[dict[str, Any]]:
    """The records of all questions whose able outweigh the many by most, each with its ``question``."""
    listed = [
        {"question": name, **entry} for name, reliability in by_question.items() for entry in reliability.unclear
    ]
    return sorted(listed, key=lambda entry: (-entry["weight"], entry["id"], entry["question"]))[:limit]


def reliability_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The section as text; nothing where no two people answered the same record."""
    if not report["abilities"]:
        return
    yield ""
    yield "ability: how often a person is right, by the model of docs/confidence.md (not for colleagues)"
    for name, people in report["abilities"].items():
        for entry in people:
            interval = f"[{entry['low']:.3f}, {entry['high']:.3f}]"
            yield f"  {name}: {entry['annotator']} {entry['ability']:.3f} {interval} n={entry['answers']:,}"
        for pair in report["confused"].get(name, ()):
            yield f"  {name}: {pair['given']} for {pair['right']}, about {pair['expected']:g} answers"
    if report["unclear"]:
        yield "the guidelines may be unclear here (the able disagree with the many)"
    for entry in report["unclear"]:
        yield f"  {entry['question']}: {entry['many']} by most, {entry['able']} by the able  {entry['id']}"
