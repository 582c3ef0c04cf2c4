"""How many answers a project wants, and from whom: by its plan where it has one, else by its overlap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.config import Project
from sharegpt_argilla.records.assignment_plan import Plan
from sharegpt_argilla.records.plan_file import plan_path, read_plan


@dataclass(frozen=True)
class PlannedWork:
    """What is wanted.

    Attributes:
        overlap: submitted responses for a record that is in no plan.
        plan: who answers what; None where nothing is planned, or the plan binds nobody.
        enforced: whether a record is complete when its own people have answered, discards included, as in the
            queue of the embedded Argilla; else submitted responses count, whoever gave them.
    """

    overlap: int
    plan: Plan | None = None
    enforced: bool = False

    @cached_property
    def _people(self) -> Mapping[str, tuple[str, ...]]:
        return {} if self.plan is None else {row: one.people for row, one in self.plan.records()}

    def needed(self, row: str | None) -> int:
        """People who have to answer a record, by its row's id."""
        people = self._people.get(row or "")
        return self.overlap if people is None else len(people)

    def own(self, person: str) -> frozenset[str] | None:
        """Ids of the rows that are a person's to answer; None where everybody is offered everything."""
        if self.plan is None:
            return None
        return frozenset(row for row, people in self._people.items() if person in people)

    def wanted(self, records: int) -> int:
        """Answers to all records, of which the project has so many; those that are only planned yet count too."""
        planned = 0 if self.plan is None else len(self.plan.holders)
        return planned + self.overlap * max(0, records - len(self._people))

    def remaining(self, answered: Iterable[AnsweredRecord], records: int) -> int:
        """Answers that are still wanted until every record is complete.

        Args:
            answered: the records that somebody answered, with all their responses.
            records: of the project, answered or not.
        """
        return max(0, self.wanted(records) - sum(self._given(record) for record in answered))

    def _given(self, record: AnsweredRecord) -> int:
        needed = self.needed(record.id)
        if record.status == "completed":
            return needed
        own = self._people.get(record.id or "")
        if self.enforced and own is not None:
            return sum(one.status != "draft" and one.annotator in own for one in record.responses)
        return min(needed, sum(one.status == "submitted" for one in record.responses))


def planned_work(project: Project) -> PlannedWork:
    """What a project wants, from its file and the plan beside it.

    Raises:
        InputError: the plan is damaged.
    """
    assignment = project.config.assignment
    if not assignment.planned or assignment.open_queue:
        return PlannedWork(assignment.overlap)
    plan = read_plan(plan_path(project.path, project.config.dataset))
    return PlannedWork(assignment.overlap, plan, assignment.mode == "queue")
