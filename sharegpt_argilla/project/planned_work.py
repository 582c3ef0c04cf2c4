"""How many answers a project needs, and from whom: by its plan if it has one, else by its overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.config import Project
from sharegpt_argilla.records.assignment_plan import Plan
from sharegpt_argilla.records.plan_file import plan_path, read_plan


@dataclass(frozen=True)
class PlannedWork:
    """The answers that a project needs.

    Attributes:
        overlap: submitted responses for a record that is in no plan.
        plan: who answers what; None if there is no plan, or if the plan is not binding.
        enforced: whether a record is complete when its own people have answered, discards included, as in the
            queue of the embedded Argilla; else all submitted responses count.
        done: ids of the rows that a plan that adapts calls settled or given up; None for other plans.
    """

    overlap: int
    plan: Plan | None = None
    enforced: bool = False
    done: frozenset[str] | None = None

    @cached_property
    def _people(self) -> Mapping[str, tuple[str, ...]]:
        return {} if self.plan is None else {row: one.people for row, one in self.plan.records()}

    def needed(self, row: str | None) -> int:
        """Number of people who must answer a record, by its row's id."""
        people = self._people.get(row or "")
        return self.overlap if people is None else len(people)

    def own(self, person: str, calibration: bool | None = None) -> frozenset[str] | None:
        """Ids of the rows that the plan offers a person; None if everybody is offered all rows.

        Args:
            person: the username.
            calibration: only those that more people answer, or only the others; None for both.
        """
        if self.plan is None:
            return None
        return frozenset(
            row
            for row, one in self.plan.offered()
            if person in one.people and calibration in {None, one.calibration}
        )

    def wanted(self, records: int) -> int:
        """Number of answers to all ``records`` of the project, including planned ones that are not loaded yet."""
        planned = 0 if self.plan is None else len(self.plan.holders)
        return planned + self.overlap * max(0, records - len(self._people))

    def remaining(self, answered: Iterable[AnsweredRecord], records: int) -> int:
        """Number of answers that are missing until every record is complete.

        Args:
            answered: the records with answers, with all their responses.
            records: number of the project's records, answered or not.
        """
        return max(0, self.wanted(records) - sum(self._counted_answers(record) for record in answered))

    def assigned(self) -> dict[str, int]:
        """Person -> records that the plan gives them; empty if there is no plan."""
        loads = {} if self.plan is None else self.plan.loads()
        return {name: count for name, count in loads.items() if count}

    def open_records(self, answered: Iterable[AnsweredRecord]) -> dict[str, int]:
        """Person -> planned records that they have yet to answer, as `remaining` counts answers."""
        done: Counter[str] = Counter()
        for record in answered:
            own = self._people.get(record.id or "", ())
            counted = {one.annotator for one in record.responses if self.counts(one.status)}
            done.update(name for name in own if record.status == "completed" or name in counted)
        return {name: count - done[name] for name, count in self.assigned().items()}

    def counts(self, status: str) -> bool:
        """Whether a response of this status is one of those that are wanted: in the queue a discard is."""
        return status == "submitted" or (self.enforced and status == "discarded")

    def _counted_answers(self, record: AnsweredRecord) -> int:
        needed = self.needed(record.id)
        if record.status == "completed":
            return needed
        own = self._people.get(record.id or "")
        if self.enforced and own is not None:
            return sum(one.status != "draft" and one.annotator in own for one in record.responses)
        return min(needed, sum(one.status == "submitted" for one in record.responses))


def planned_work(project: Project) -> PlannedWork:
    """The answers that a project needs, from its file and the plan next to it.

    Raises:
        InputError: the plan is damaged.
    """
    assignment = project.config.assignment
    if not assignment.planned or assignment.open_queue:
        return PlannedWork(assignment.overlap)
    plan = read_plan(plan_path(project.path, project.config.dataset))
    done = frozenset(plan.states if plan else ()) if assignment.adapt else None
    return PlannedWork(assignment.overlap, plan, assignment.mode == "queue", done)
