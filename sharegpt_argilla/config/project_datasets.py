"""The datasets that a project is kept in: one, or several where its records are split over them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from sharegpt_argilla.config.project import Project
from sharegpt_argilla.config.team import Assignment, Person

CALIBRATION = "-calibration"
"""Suffix of the dataset's name if calibration records have a dataset of their own."""

ADJUDICATION = "-adjudication"
"""Suffix of workspace and dataset in which reviewers decide."""


@dataclass(frozen=True, eq=False)
class Part:
    """One dataset of a project.

    Attributes:
        project: the project as if this dataset were the whole: its workspace, name, overlap and people.
        person: whose records it contains; None for everybody's.
        calibration: which records it contains, those that more people answer or the others; None for both.
    """

    project: Project
    person: str | None = None
    calibration: bool | None = None

    @property
    def workspace(self) -> str:
        """Name of its workspace."""
        return self.project.config.workspace

    @property
    def dataset(self) -> str:
        """Its name."""
        return self.project.config.dataset

    def takes(self, people: Collection[str], *, calibration: bool) -> bool:
        """Whether it contains a record.

        Args:
            people: who answers the record.
            calibration: whether it is one that more people answer.
        """
        if self.person is not None:
            return self.person in people
        return self.calibration is None or self.calibration == calibration


def review_part(project: Project) -> Part:
    """The dataset that only reviewers see, in a workspace of their own; without the field of the peers' answers.

    Args:
        project: the project; it has a section ``adjudication``.
    """
    section = project.config.adjudication
    people = {person.username: person for person in project.config.people}
    names = dict.fromkeys(section.reviewers if section else ())
    changes = {
        "workspace": project.config.workspace + ADJUDICATION,
        "dataset": project.config.dataset + ADJUDICATION,
        "people": [people.get(name) or Person(username=name) for name in names],
        "assignment": Assignment(overlap=1),
    }
    return Part(replace(project, config=project.config.model_copy(update=changes)))


def project_parts(project: Project, former: Iterable[str] = ()) -> list[Part]:
    """The datasets of a project, the one with its own name first if there is one.

    Args:
        project: the project.
        former: people who had records before; where everybody has a dataset of their own, theirs is one too.
    """
    assignment = project.config.assignment
    if assignment.mode == "per_person_datasets":
        listed = {person.username: person for person in project.config.people if person.role == "annotator"}
        others = {name: Person(username=name) for name in former if name not in listed}
        admins = [person for person in project.config.people if person.role == "admin"]
        return [_own(project, person, admins) for person in (listed | others).values()]
    if assignment.mode == "links" and assignment.calibrates:
        more = min(assignment.calibration.overlap, len(project.config.annotators))
        if assignment.adapt:
            more = max(more, assignment.adapt.most)
        calibration = _changed(project, dataset=project.config.dataset + CALIBRATION, overlap=more)
        return [Part(_for_links(project), calibration=False), Part(calibration, calibration=True)]
    return [Part(_for_links(project))]


def _for_links(project: Project) -> Project:
    """The project as it is set up where links are all that keeps people to a plan.

    If the plan adapts, a record stays open in Argilla for all whom it may still be given to.
    """
    assignment = project.config.assignment
    adapts = assignment.adapt if assignment.mode == "links" else None
    return _changed(project, overlap=adapts.most) if adapts else project


def _own(project: Project, person: Person, admins: list[Person]) -> Part:
    workspace = f"{project.config.workspace}-{_workspace_suffix(person.username)}"
    own = _changed(project, workspace=workspace, overlap=1, people=[person, *admins])
    return Part(own, person=person.username)


def _workspace_suffix(username: str) -> str:
    """A username as Argilla's SDK takes it in a workspace's name.

    Other characters become dashes, and a hash of the whole follows, so that no two people share one.
    """
    plain = re.sub(r"[^a-zA-Z0-9_-]", "-", username)
    return plain if plain == username else f"{plain}-{hashlib.sha256(username.encode()).hexdigest()[:8]}"


def _changed(project: Project, *, overlap: int, **changes: object) -> Project:
    assignment = project.config.assignment.model_copy(update={"overlap": overlap})
    return replace(project, config=project.config.model_copy(update={**changes, "assignment": assignment}))
