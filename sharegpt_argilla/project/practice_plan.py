"""A plan with practice: its rows, the newcomers on them, and who has not passed and gets no other records yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.config import Project
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.project.practice_answers import judge_practice, practice_standings
from sharegpt_argilla.records.assignment_plan import Plan, Rules, extend_plan
from sharegpt_argilla.records.gold_file import Gold
from sharegpt_argilla.records.practice import PlanPractice, Standing, choose_practice
from sharegpt_argilla.records.practice_slots import practice_places, with_practice

Answered = Collection[tuple[str, str]]
"""Row and person of every response."""


def practice_rows(project: Project, before: Plan | None, new: Collection[str], gold: Gold) -> list[str]:
    """Ids of the practice rows; a row that was one stays one.

    Args:
        project: the project.
        before: the plan so far.
        new: ids of rows that the plan does not have yet.
        gold: the right answers.

    Raises:
        UsageError: there are too few gold rows, or a practice row is no gold row any more.
    """
    section, earlier = project.config.practice, before.practice.rows if before else ()
    if section is None:
        return list(earlier)
    gone = [row for row in earlier if row not in gold]
    if gone:
        raise UsageError(f"{project.path}: gold: practice row {gone[0]} is missing; put it back")
    candidates = gold.keys() & {*new, *(before.ids if before else ())}
    rows = choose_practice(earlier, candidates, section.gold, project.config.assignment.seed)
    if len(rows) < section.gold:
        raise UsageError(
            f"{project.path}: practice.gold: {section.gold:,} gold rows are wanted, and {len(rows):,} of the rows "
            "are gold; add some, or lower it"
        )
    return rows


def with_newcomers(project: Project, plan: Plan, rows: Sequence[str], answered: Answered, rules: Rules) -> Plan:
    """The plan with everybody who is new on the practice rows, and even loads; unchanged without such rows.

    Raises:
        UsageError: see `extend_plan`.
    """
    if not rows:
        return plan
    people, section = project.config.annotators, project.config.practice
    newcomers = set(people).difference(_begun(rows, answered), section.exempt) if section else set()
    wide = with_practice(plan, rows, people, newcomers, answered)
    return extend_plan(wide, people, {*answered, *practice_places(wide, rows)}, rules)


def with_verdicts(
    project: Project,
    plan: Plan,
    rows: Sequence[str],
    gold: Gold,
    answered: Answered,
    read: Callable[[], Mapping[str, AnsweredRecord]],
) -> tuple[Plan, list[Standing]]:
    """The plan with all answers to practice rows judged, and how far everybody is.

    Args:
        project: the project.
        plan: with the newcomers on the practice rows.
        rows: ids of the practice rows.
        gold: the right answers.
        answered: of every response.
        read: reads row id -> record with all responses; called only if there is something to judge.
    """
    if not rows:
        return plan, []
    judged = plan.practice.judged
    if project.config.practice and any(
        row in rows and row not in judged.get(person, ()) for row, person in answered
    ):
        judged = judge_practice(rows, judged, read(), gold)
    far = practice_standings(project.config, PlanPractice(rows, judged), _begun(rows, answered))
    held = [one.person for one in far if one.held]
    return replace(plan, practice=PlanPractice(rows, judged, held)), far


def _begun(rows: Collection[str], answered: Answered) -> set[str]:
    """Whoever answered other rows is no newcomer."""
    return {person for row, person in answered if row not in rows}
