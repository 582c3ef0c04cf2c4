"""A study before it begins: what each overlap, and asking until it is settled, would give, by simulation.

People are right as often as their abilities say, independently of one another, and wrong with any other label
alike. Real people err together on hard records, so that real accuracy is lower, and the differences are smaller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sharegpt_argilla.responses.adaptive_asking import (
    abilities_in_all,
    choose_people,
    compared,
    sureness,
    unsettled,
)
from sharegpt_argilla.responses.agreement import answer_table, krippendorff_alpha
from sharegpt_argilla.responses.confidence import Estimate, estimate

MOST_RECORDS = 500
"""Records that are simulated; the results of more are scaled up."""
RUNS = 3
"""Simulated projects that are averaged over."""
RESAMPLES = 200
"""Of each interval of alpha."""

Asked = dict[tuple[int, str], int]
"""Record and person -> the label that they give, by number."""


@dataclass(frozen=True)
class Study:
    """What is planned.

    Attributes:
        records: how many.
        abilities: person -> how often they are right, 0 to 1.
        shares: how common each label is; they sum to 1.
        until: confidence from which a record is settled.
        most: people for a record, after whom it is given up.
        calibration_share: share of the records that more people answer.
        calibration_overlap: people for each of those.
        seconds: for one answer.
        per_hour: what an hour of work costs; None if that is not asked.
        seed: of the simulation.
    """

    records: int
    abilities: Mapping[str, float]
    shares: Sequence[float]
    until: float
    most: int
    calibration_share: float
    calibration_overlap: int
    seconds: float
    per_hour: float | None = None
    seed: int = 0


@dataclass(frozen=True)
class DesignOption:
    """One way to run the study.

    Attributes:
        overlap: people for each record; where it adapts, those that it begins with.
        adapts: whether it asks until records are settled.
        answers: of all people to all records.
        accuracy: share of the records whose most probable label is right.
        settled: share of the records that are as sure as wanted.
        alpha_width: of the 95 % interval of Krippendorff's alpha; None where too few records have two answers.
        hours: of work.
        cost: of the hours.
    """

    overlap: int
    adapts: bool
    answers: int
    accuracy: float
    settled: float
    alpha_width: float | None
    hours: float
    cost: float | None


@dataclass(frozen=True)
class StudyDesign:
    """Every way, and which is recommended.

    Attributes:
        options: the fixed overlaps, then the plan that adapts.
        recommended: number of the option with the fewest answers of those that are right often enough; of the most
            accurate one if none is.
        goal: how often that is.
        simulated: records in each simulated project.
    """

    options: Sequence[DesignOption]
    recommended: int
    goal: float
    simulated: int


def design_study(study: Study, goal: float) -> StudyDesign:
    """Simulate the study.

    Args:
        study: what is planned.
        goal: share of the records that are to be right, 0 to 1.
    """
    overlaps = range(1, min(study.most, len(study.abilities)) + 1)
    options = [_option(study, overlap, adapts=False) for overlap in overlaps]
    options.append(_option(study, 1, adapts=True))
    enough = [number for number, option in enumerate(options) if option.accuracy >= goal]
    best = max(range(len(options)), key=lambda number: options[number].accuracy)
    recommended = min(enough, key=lambda number: options[number].answers) if enough else best
    return StudyDesign(options, recommended, goal, min(study.records, MOST_RECORDS))


def _option(study: Study, overlap: int, *, adapts: bool) -> DesignOption:
    runs = [_simulated(study, overlap, run, adapts=adapts) for run in range(RUNS)]
    scale = study.records / min(study.records, MOST_RECORDS)
    answers = round(fmean(run[0] for run in runs) * scale)
    widths = [run[3] for run in runs if run[3] is not None]
    hours = answers * study.seconds / 3600
    return DesignOption(
        overlap,
        adapts,
        answers,
        round(fmean(run[1] for run in runs), 3),
        round(fmean(run[2] for run in runs), 3),
        round(fmean(widths) / scale**0.5, 3) if widths else None,
        round(hours, 1),
        None if study.per_hour is None else round(hours * study.per_hour, 2),
    )


class _Team:
    """Simulated people: what each says of each record is decided once."""

    def __init__(self, study: Study, run: int) -> None:
        random = np.random.default_rng([study.seed, run])
        count, labels = min(study.records, MOST_RECORDS), len(study.shares)
        self.people = sorted(study.abilities)
        self.truth: NDArray[np.int64] = random.choice(labels, count, p=np.array(study.shares) / sum(study.shares))
        able = np.array([study.abilities[person] for person in self.people])
        wrong = (self.truth[:, None] + random.integers(1, labels, (count, len(able)))) % labels
        self.says = np.where(random.random((count, len(able))) < able, self.truth[:, None], wrong)
        self.order = np.argsort(random.random((count, len(able))), axis=1)

    def first(self, record: int, overlap: int) -> Asked:
        """The answers of the first so many people to a record."""
        return {(record, self.people[who]): int(self.says[record, who]) for who in self.order[record][:overlap]}

    def ask(self, chosen: Mapping[int, str]) -> Asked:
        """The answers of those who were chosen."""
        return {
            (record, person): int(self.says[record, self.people.index(person)])
            for record, person in chosen.items()
        }


def _simulated(study: Study, overlap: int, run: int, *, adapts: bool) -> tuple[int, float, float, float | None]:
    """Answers, accuracy, share settled and width of alpha's interval of one simulated project."""
    team, labels = _Team(study, run), range(len(study.shares))
    count = len(team.truth)
    calibrated = round(study.calibration_share * count) if study.calibration_overlap > overlap else 0
    asked: Asked = {}
    for record in range(count):
        asked |= team.first(record, study.calibration_overlap if record < calibrated else overlap)
    estimated = _estimate(asked, labels)
    while adapts and (more := _next(study, team, asked, estimated)):
        asked |= more
        estimated = _estimate(asked, labels)
    sure = sureness(estimated)
    right = [max(estimated.answers[record], key=estimated.answers[record].__getitem__) for record in range(count)]
    table: dict[str, dict[str, Any]] = {}
    for (record, person), label in asked.items():
        table.setdefault(str(record), {})[person] = label
    alpha = krippendorff_alpha(answer_table(table, list(labels)), "nominal", RESAMPLES)
    width = None if alpha.low is None or alpha.high is None else alpha.high - alpha.low
    return (
        len(asked),
        float(np.mean(np.array(right) == team.truth)),
        fmean(share >= study.until for share in sure.values()),
        width,
    )


def _estimate(asked: Asked, labels: Sequence[int]) -> Estimate:
    return estimate([(record, person, label) for (record, person), label in asked.items()], labels)


def _next(study: Study, team: _Team, asked: Asked, estimated: Estimate) -> Asked:
    """One round more; nothing when no record is open."""
    people: dict[int, set[str]] = {}
    loads = dict.fromkeys(team.people, 0)
    for record, person in asked:
        people.setdefault(record, set()).add(person)
        loads[person] += 1
    answer_counts = {record: len(of_record) for record, of_record in people.items()}
    waiting = unsettled(compared(sureness(estimated), people), answer_counts, study.until, study.most)
    free = {record: [person for person in team.people if (record, person) not in asked] for record in waiting}
    waiting = [record for record in waiting if free[record]]
    even = -(-(len(asked) + len(waiting)) // len(team.people))
    room = {person: max(0, even - load) for person, load in loads.items()}
    chosen = choose_people(abilities_in_all([{None: estimated}]), waiting, free, room)
    rest = {record: min(free[record], key=loads.__getitem__) for record in waiting if record not in chosen}
    return team.ask({**chosen, **rest})


def design_lines(design: StudyDesign, *, cost: bool) -> list[str]:
    """The options as a table in text, the recommended one marked."""
    lines = [
        "plan           answers  accuracy  settled  alpha's interval   hours" + ("        cost" if cost else "")
    ]
    for number, option in enumerate(design.options):
        width = "-" if option.alpha_width is None else f"{option.alpha_width:.3f}"
        price = "" if option.cost is None else f"  {option.cost:>10,.2f}"
        mark = "  <- recommended" if number == design.recommended else ""
        lines.append(
            f"{name_of(option):<12}  {option.answers:>8,}  {option.accuracy:>8.1%}  {option.settled:>7.1%}  "
            f"{width:>16}  {option.hours:>6,.1f}{price}{mark}"
        )
    return lines


def name_of(option: DesignOption) -> str:
    """``3 people``, or ``adapting``."""
    if option.adapts:
        return "adapting"
    return f"{option.overlap} people" if option.overlap > 1 else "1 person"
