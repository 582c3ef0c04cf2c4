"""The study that a project file plans, with what a pilot or assumptions say of its people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from sharegpt_argilla.config import LabelQuestion, Project, ProjectConfig, RatingQuestion
from sharegpt_argilla.errors import InputError, UsageError
from sharegpt_argilla.project.annotated_rows import read_rows_of
from sharegpt_argilla.responses.agreement_report import build_report
from sharegpt_argilla.responses.study_design import Study

SECONDS = 60.0
"""For one answer, where neither a pilot nor the lead says."""


@dataclass(frozen=True)
class Assumptions:
    """What is taken to be known before the study.

    Attributes:
        pilot: rows with responses, as ``export_responses`` writes them; abilities of people, shares of labels and
            seconds of answers are those that were found there.
        abilities: assumed, 0 to 1, in place of those of a pilot: one for all people, or one for each.
        question: name of a question with one label or rating; the first with labels if None.
        seconds: for one answer; by default those of the pilot, else a minute.
        per_hour: what an hour of work costs.
    """

    pilot: str | Path | None = None
    abilities: Sequence[float] = ()
    question: str | None = None
    seconds: float | None = None
    per_hour: float | None = None


def plan_study(project: Project, records: int, assumed: Assumptions) -> Study:
    """The study of so many records.

    Raises:
        InputError: the pilot does not exist.
        UsageError: there is no pilot and no ability, or they do not fit the project.
    """
    config, pilot = project.config, assumed.pilot
    if len(config.annotators) < 2:
        raise UsageError(f"{project.path}: people: a study needs two annotators")
    if pilot is not None and not Path(pilot).is_file():
        raise InputError(f"{pilot}: no such file; `sharegpt-argilla export-responses` writes one")
    asked = _question(config, assumed.question)
    labels = [str(label) for label in (asked.values if isinstance(asked, RatingQuestion) else asked.labels)]
    report = build_report(read_rows_of(pilot), config.questions) if pilot is not None else None
    if report is None and not assumed.abilities:
        raise UsageError(
            "--design needs --pilot with annotated rows, or --abilities, for example --abilities 0.85"
        )
    assignment = config.assignment
    return Study(
        records,
        _abilities(config, report, assumed.abilities, asked.name),
        _shares(report, asked.name, labels),
        assignment.adapt.until if assignment.adapt else 0.9,
        assignment.adapt.most if assignment.adapt else 4,
        assignment.calibration.share,
        min(assignment.calibration.overlap, len(config.annotators)),
        assumed.seconds or _seconds(report) or SECONDS,
        assumed.per_hour,
        assignment.seed,
    )


def _question(config: ProjectConfig, name: str | None) -> LabelQuestion | RatingQuestion:
    fitting = [question for question in config.questions if isinstance(question, LabelQuestion | RatingQuestion)]
    fitting.sort(key=lambda question: isinstance(question, RatingQuestion))
    named = [question for question in fitting if name in (None, question.name)]
    if not named:
        known = ", ".join(question.name for question in fitting) or "none"
        raise UsageError(f'no question "{name or ""}" with one label or a rating; known: {known}')
    return named[0]


def _abilities(
    config: ProjectConfig, report: Mapping[str, Any] | None, assumed: Sequence[float], question: str
) -> dict[str, float]:
    people = config.annotators
    if assumed:
        if len(assumed) not in (1, len(people)):
            raise UsageError(
                f"{len(assumed)} abilities for {len(people)} people; give one for all, or one for each"
            )
        return dict(zip(people, list(assumed) * (len(people) if len(assumed) == 1 else 1), strict=True))
    known = {one["annotator"]: one["ability"] for one in (report or {}).get("abilities", {}).get(question, ())}
    if not known:
        raise UsageError(f'the pilot says nothing of "{question}": no two people answered the same record')
    return {person: known.get(person, fmean(known.values())) for person in people}


def _shares(report: Mapping[str, Any] | None, question: str, labels: Sequence[str]) -> list[float]:
    """How common each label is, with one answer more for each, so that none is impossible."""
    counts = {} if report is None else report["questions"][question]["distribution"]
    answers = [counts.get(label, 0) + 1 for label in labels]
    return [count / sum(answers) for count in answers]


def _seconds(report: Mapping[str, Any] | None) -> float | None:
    """The median of people's median seconds, the measured ones first."""
    for kind in ("measured", "estimated"):
        known = [pace[kind]["median_seconds"] for pace in (report or {}).get("pace", ())]
        if found := [value for value in known if value is not None]:
            return float(median(found))
    return None
