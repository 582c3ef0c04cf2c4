"""Several people's answers to one question -> one value, by a named policy, with ties named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any, NamedTuple

from sharegpt_argilla.annotation import AnswerValue
from sharegpt_argilla.config import POLICY_TYPES
from sharegpt_argilla.registry import Registry

POLICY = "majority"
"""The policy of a question that the project says nothing about."""

ADJUDICATED = "adjudicated"
"""The policy that decides first wherever adjudicators are listed."""


FITTED = ("dawid_skene", "mace")
"""Our policies that fit a model to all answers at once; `responses.rater_models` does it."""


MODEL = "model"
"""The policy that decides by how probable each answer is; `responses.answer_model` fits it."""

LEVEL = 0.02
"""Two answers whose probabilities differ by less are level: a tie."""


class Aggregate(NamedTuple):
    """One value out of several answers.

    Attributes:
        value: the value; None where the policy gives none.
        tie: True where the answers did not decide: the votes were even, or not all agreed though they must.
    """

    value: AnswerValue | float | None
    tie: bool


class Vote(NamedTuple):
    """One person's answer to one question; ``weight`` counts under the policy ``weighted`` alone."""

    answer: AnswerValue
    weight: float = 1.0


Decide = Callable[[Sequence[Vote]], Aggregate]
"""At least one vote, the earliest response first -> one value."""


@dataclass(frozen=True)
class Policy:
    """A way from several answers to one question to one value.

    Attributes:
        decide: gives the value for the votes on one row.
        types: of questions that it fits.
        fit: row id -> person -> answer, of all rows, to row id -> value; the rows that it leaves out are decided
            by ``decide``. None for a policy that looks at each row alone.
    """

    decide: Decide
    types: Sequence[str] = POLICY_TYPES["majority"]
    fit: Callable[[Mapping[str, Mapping[str, AnswerValue]]], Mapping[str, Aggregate]] | None = None

    def __call__(self, votes: Sequence[Vote]) -> Aggregate:
        """The value for the votes on one row."""
        return self.decide(votes)


@dataclass(frozen=True)
class PolicyChoice:
    """What a project asks for.

    Attributes:
        policies: question -> name of its policy; the default is `POLICY`.
        adjudicators: people whose answer wins over all others.
        weights: person -> weight of a vote; the default is 1.
        fitted: question -> row id -> what `Policy.fit` gave; where it gave nothing, rows are decided alone.
        weighs_by_gold: whether ``weights`` are still to come from everybody's answers to gold rows.
        modelled: question -> its labels, of those whose answers are to have a probability.
        scales: those of them whose labels are a scale.
        agents: whose suggestions count as a rater's answers in what is fitted.
        beliefs: question -> row id -> label -> probability, where ``modelled`` was fitted.
    """

    policies: Mapping[str, str] = field(default_factory=dict)
    adjudicators: Sequence[str] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    fitted: Mapping[str, Mapping[str, Aggregate]] = field(default_factory=dict)
    weighs_by_gold: bool = False
    modelled: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    scales: Sequence[str] = ()
    agents: Sequence[str] = ()
    beliefs: Mapping[str, Mapping[str, Mapping[Any, float]]] = field(default_factory=dict)

    @property
    def needs_all(self) -> bool:
        """Whether an answer to one row has a say in the values of others."""
        return self.weighs_by_gold or bool(self.fitted_questions) or bool(self.modelled)

    @property
    def fitted_questions(self) -> dict[str, str]:
        """Question -> policy, of those that need all answers at once."""
        return {question: name for question, name in self.policies.items() if POLICIES[name].fit}

    def of(self, question: str) -> str:
        """The name of the question's policy."""
        return self.policies.get(question, POLICY)

    def decide(
        self,
        question: str,
        answers: Mapping[str, AnswerValue],
        row_id: str | None = None,
        reviews: Mapping[str, AnswerValue] | None = None,
    ) -> tuple[str, Aggregate]:
        """The name of the policy that decided, and what it gave.

        Args:
            question: name of the question.
            answers: person -> answer, the earliest response first.
            row_id: of the row that they are about.
            reviews: the same of reviewers, whose answers win; at least one answer is here or there.
        """
        ruled = reviews or {}
        if not ruled and self.adjudicators:
            ruled = {person: answer for person, answer in answers.items() if person in self.adjudicators}
        name = ADJUDICATED if ruled else self.of(question)
        if name == ADJUDICATED and not ruled:
            return name, Aggregate(None, tie=False)
        if name != POLICY and POLICIES[name].fit:
            fitted = self.fitted.get(question, {}).get(row_id or "")
            if fitted is not None:
                return name, fitted
            name = POLICY if name in FITTED else name
        if name == MODEL:
            belief = self.beliefs.get(question, {}).get(row_id or "")
            if belief is not None:
                return name, _most_probable([*answers.values()], belief)
            name = POLICY
        counted = ruled or answers
        if name == POLICY:
            return name, majority([*counted.values()])
        votes = [Vote(answer, self.weights.get(person, 1.0)) for person, answer in counted.items()]
        return name, POLICIES[name](votes)

    def confidence(self, question: str, value: AnswerValue | float | None, row_id: str | None) -> Any:
        """How probable a value is: a number, for several labels label -> number; None where nobody can say."""
        belief = self.beliefs.get(question, {}).get(row_id or "")
        if belief is None or value is None:
            return None
        if not isinstance(value, list):
            return belief.get(value)
        return {label: belief[label] for label in value if isinstance(label, str) and label in belief}


def _most_probable(answers: Sequence[AnswerValue], belief: Mapping[Any, float]) -> Aggregate:
    """The most probable of the given answers; of several labels each that is rather right than not."""
    if any(isinstance(answer, list) for answer in answers):
        given = dict.fromkeys(label for answer in answers if isinstance(answer, list) for label in answer)
        shares = {label: belief[label] for label in given if isinstance(label, str) and label in belief}
        level = any(abs(share - 1 / 2) < LEVEL / 2 for share in shares.values())
        return Aggregate([label for label, share in shares.items() if share >= 1 / 2], tie=level)
    ranked = sorted({answer: belief.get(answer, 0.0) for answer in answers}.items(), key=lambda pair: -pair[1])
    level = len(ranked) > 1 and ranked[0][1] - ranked[1][1] < LEVEL
    # Level answers: the earliest response decides, as under the majority.
    value = next(answer for answer in answers if ranked[0][1] - belief.get(answer, 0.0) < LEVEL)
    return Aggregate(value, tie=level)


def majority(answers: Sequence[AnswerValue]) -> Aggregate:
    """The answer that most people gave; for lists of labels, each label that more than half gave.

    A ranking, or the spans marked in a text, is one answer as a whole.

    If no label has a majority, the result is the labels of the earliest response, as a tie.

    Args:
        answers: at least one answer to the same question, the earliest response first. The earliest decides
            where the votes are even.
    """
    if not isinstance(answers[0], list) and answers.count(answers[0]) == len(answers):
        # What most answers come to.
        return Aggregate(answers[0], tie=False)
    return _weighted([Vote(answer) for answer in answers])


def _majority(votes: Sequence[Vote]) -> Aggregate:
    return majority([vote.answer for vote in votes])


def _weighted(votes: Sequence[Vote]) -> Aggregate:
    """As `majority`, each vote counted with its weight."""
    first = votes[0].answer
    # All answers to one question are of one type.
    if isinstance(first, list) and any(_are_labels(vote.answer) for vote in votes):
        return _majority_of_labels(votes)
    if [vote.answer for vote in votes].count(first) == len(votes):
        return Aggregate(first, tie=False)
    counts: dict[Any, float] = {}
    answers: dict[Any, AnswerValue] = {}
    for vote in votes:
        key = comparable(vote.answer)
        answers.setdefault(key, vote.answer)
        counts[key] = counts.get(key, 0) + vote.weight
    most = max(counts.values())
    winners = [answers[key] for key in counts if counts[key] == most]
    return Aggregate(winners[0], tie=len(winners) > 1)


def _are_labels(answer: AnswerValue) -> bool:
    """Whether it is a list of labels, and not a ranking or marked spans, of which there may be none."""
    return isinstance(answer, list) and set(map(type, answer)) == {str}


def _majority_of_labels(votes: Sequence[Vote]) -> Aggregate:
    first = votes[0].answer
    counts, half = _label_counts(votes)
    mine = first if isinstance(first, list) else []
    chosen = [label for label, count in counts.items() if count > half or (count == half and label in mine)]
    if not chosen:
        return Aggregate(first, tie=True)
    return Aggregate(chosen, tie=half in counts.values())


def _per_label_majority(votes: Sequence[Vote]) -> Aggregate:
    """Each label that more than half gave and no other, ``[]`` where none has a majority."""
    counts, half = _label_counts(votes)
    chosen = [label for label, count in counts.items() if count > half]
    return Aggregate(chosen, tie=any(count == half for count in counts.values()))


def _label_counts(votes: Sequence[Vote]) -> tuple[dict[str, float], float]:
    """Label -> weight of the votes for it, in the order of first mention; and half of all weight."""
    lists = [vote for vote in votes if isinstance(vote.answer, list)]
    counts: dict[str, float] = {}
    for vote in lists:
        for label in vote.answer if isinstance(vote.answer, list) else ():
            if isinstance(label, str):
                counts[label] = counts.get(label, 0) + vote.weight
    return counts, sum([vote.weight for vote in lists]) / 2


def _unanimous(votes: Sequence[Vote]) -> Aggregate:
    """The answer that everybody gave; labels in any order are the same answer."""
    answers = {comparable(vote.answer) for vote in votes}
    return Aggregate(votes[0].answer, tie=False) if len(answers) == 1 else Aggregate(None, tie=True)


def _mean(votes: Sequence[Vote]) -> Aggregate:
    """The arithmetic mean of ratings, to four decimals."""
    return Aggregate(_number(fmean(_ratings(votes))), tie=False)


def _median(votes: Sequence[Vote]) -> Aggregate:
    """The rating in the middle; of an even number, the mean of the two there."""
    return Aggregate(_number(median(_ratings(votes))), tie=False)


def _ratings(votes: Sequence[Vote]) -> list[float]:
    return [float(vote.answer) for vote in votes if isinstance(vote.answer, int)]


def _number(value: float) -> float:
    return int(value) if value == int(value) else round(value, 4)


def comparable(answer: AnswerValue) -> Any:
    """An answer in a form in which equal answers are equal: labels in any order are the same."""
    # Whatever order a server keeps spans, or the things of a ranking, in.
    return answer if isinstance(answer, int | str) else frozenset(map(_item, answer))


def _item(item: Any) -> Any:
    return tuple(sorted(item.items())) if isinstance(item, dict) else item


def _fit_by(name: str) -> Callable[[Mapping[str, Mapping[str, AnswerValue]]], Mapping[str, Aggregate]]:
    def fit(answers: Mapping[str, Mapping[str, AnswerValue]]) -> Mapping[str, Aggregate]:
        # That module knows what records and choices are, which this one defines.
        from sharegpt_argilla.responses import rater_models  # noqa: PLC0415

        return rater_models.fit(name, answers)

    return fit


POLICIES: Registry[Policy] = Registry(
    "policy",
    {
        "majority": Policy(_majority, POLICY_TYPES["majority"]),
        "unanimous": Policy(_unanimous, POLICY_TYPES["unanimous"]),
        "weighted": Policy(_weighted, POLICY_TYPES["weighted"]),
        ADJUDICATED: Policy(_majority, POLICY_TYPES[ADJUDICATED]),
        "per_label_majority": Policy(_per_label_majority, POLICY_TYPES["per_label_majority"]),
        "mean": Policy(_mean, POLICY_TYPES["mean"]),
        "median": Policy(_median, POLICY_TYPES["median"]),
        **{name: Policy(_majority, POLICY_TYPES[name], _fit_by(name)) for name in FITTED},
        MODEL: Policy(_majority, POLICY_TYPES[MODEL]),
    },
    group="sharegpt_argilla.policies",
    needs=("__call__", "decide", "types", "fit"),
)
"""Name -> policy."""
