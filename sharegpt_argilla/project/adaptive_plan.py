"""A plan that adapts, with the answers that a project has: one round, and what it has saved so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.config import Project, ProjectConfig
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.project.annotated_rows import modelled_choice
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.records.assignment_plan import Plan
from sharegpt_argilla.records.plan_adaptation import Aim, adapt_plan, state_counts
from sharegpt_argilla.responses.adaptive_asking import (
    abilities_in_all,
    choose_people,
    compared,
    settled_by_people,
    sureness_of_all,
)
from sharegpt_argilla.responses.answer_counts import Tally
from sharegpt_argilla.responses.answer_model import QuestionEstimates, estimate_questions


@dataclass(frozen=True)
class Round:
    """What one round did, and the state of the project after it.

    Attributes:
        settled: records whose answers are sure enough.
        open: records that people have yet to answer.
        given_up: records that as many people as may be asked were asked of, and that are not sure.
        asked: records that got one person more in this round.
        taken_off: assignments that ended, because others had settled the record.
        waiting: open records for whom nobody has room left in their quota.
        answers: submitted and discarded so far.
        saved: fixed overlap -> answers that the records which are done took less than it would have.
    """

    settled: int
    open: int
    given_up: int
    asked: int
    taken_off: int
    waiting: int
    answers: int
    saved: Mapping[int, int]


def adapted_plan(
    project: Project,
    plan: Plan,
    records: Mapping[str, AnsweredRecord],
    gold: Mapping[str, Mapping[str, Any]],
) -> tuple[Plan, Round]:
    """The plan after one round.

    Args:
        project: its plan adapts.
        plan: the plan so far.
        records: row id -> record with all responses.
        gold: row id -> question -> the right answer.

    Raises:
        UsageError: the project's plan does not adapt.
    """
    assignment = project.config.assignment
    if assignment.adapt is None:
        raise UsageError(f"{project.path}: assignment.adapt is missing; add `adapt: {{until: 0.9, most: 4}}`")
    questions = question_estimates(project.config, records, gold)
    answered = {
        row: {one.annotator: one.status != "draft" for one in record.responses if not one.adjudication}
        for row, record in records.items()
    }
    aim = Aim(assignment.adapt.until, assignment.adapt.most, assignment.quotas, assignment.seed)
    adapted = adapt_plan(
        plan,
        project.config.annotators,
        answered,
        _sure(project.config, questions, records, gold),
        aim,
        partial(choose_people, abilities_in_all(questions.values())),
    )
    counts = state_counts(adapted.plan)
    answers, saved = answers_saved(adapted.plan, records, assignment.adapt.most)
    return adapted.plan, Round(
        counts["settled"],
        counts["open"],
        counts["given_up"],
        len(adapted.asked),
        adapted.taken_off,
        len(adapted.waiting),
        answers,
        saved,
    )


def _sure(
    config: ProjectConfig,
    questions: Mapping[str, QuestionEstimates],
    records: Mapping[str, AnsweredRecord],
    gold: Mapping[str, Mapping[str, Any]],
) -> dict[str, float]:
    """Row id -> how probable its answers are."""
    sure = sureness_of_all(questions.values())
    people = {
        row: {
            one.annotator for one in records[row].responses if one.status == "submitted" and not one.adjudication
        }
        for row in sure
    }
    if config.export.agents:
        export = config.export.model_copy(update={"agents": []})
        alone = question_estimates(config.model_copy(update={"export": export}), records, gold)
        sure = settled_by_people(sure, sureness_of_all(alone.values()), people)
    ruled = {row for row in sure if any(one.adjudication for one in records[row].responses)}
    return compared(sure, people, ruled.union(gold))


def question_estimates(
    config: ProjectConfig, records: Mapping[str, AnsweredRecord], gold: Mapping[str, Mapping[str, Any]]
) -> dict[str, QuestionEstimates]:
    """Question -> what a model of its answers says, of those that must be settled."""
    confident = config.export.model_copy(update={"confidence": True})
    choice = modelled_choice(config.model_copy(update={"export": confident}))
    named = config.assignment.adapt.questions if config.assignment.adapt else []
    found = estimate_questions(choice, records.values(), gold)
    return {name: estimates for name, estimates in found.items() if name in named or not named}


def answers_saved(plan: Plan, records: Mapping[str, AnsweredRecord], most: int) -> tuple[int, dict[int, int]]:
    """Answers so far, and fixed overlap -> how many fewer than it the records took that are done.

    Calibration and gold records are left out of what is saved: they have as many people whatever the plan.

    Args:
        plan: with the states of its records.
        records: row id -> record with all responses.
        most: the largest fixed overlap to compare with.
    """
    answers = {
        row: sum(response.status != "draft" and not response.adjudication for response in record.responses)
        for row, record in records.items()
    }
    calibrated = {row for row, more in zip(plan.ids, plan.calibration.tolist(), strict=True) if more}
    done = [row for row in plan.states if row not in calibrated]
    used = sum(answers.get(row, 0) for row in done)
    return sum(answers.values()), {overlap: overlap * len(done) - used for overlap in range(2, most + 1)}


def adaptive_progress(view: ProjectView, tally: Tally) -> dict[str, Any] | None:
    """What the Team page shows of a plan that adapts, as of its last round; None for other plans.

    Returns:
        ``settled``, ``open``, ``given_up``: records. ``until``, ``most``: of the project file. ``fixed``: for each
        overlap ``overlap``, ``answers`` and ``hours`` less than it (hours are None without a measured or estimated
        time). ``hours``: spent so far. ``hours_open``: that the answers of the plan still take.
    """
    adapt, plan = view.config.assignment.adapt, view.work.plan
    if adapt is None or plan is None:
        return None
    records = {record.id: record for record in view.records.values() if record.id is not None}
    _, saved = answers_saved(plan, records, adapt.most)
    seconds = [spent for person in tally.people.values() for spent in person.seconds]
    each = median(seconds) / 3600 if seconds else None
    left = view.work.remaining(view.records.values(), view.progress.total)
    return {
        **state_counts(plan),
        "until": adapt.until,
        "most": adapt.most,
        "fixed": [
            {"overlap": overlap, "answers": count, "hours": None if each is None else round(count * each, 1)}
            for overlap, count in saved.items()
        ],
        "hours": round(sum(seconds) / 3600, 1),
        "hours_open": None if each is None else round(left * each, 1),
    }
