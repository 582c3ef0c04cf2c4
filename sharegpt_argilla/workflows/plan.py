"""Who answers which record: the plan made, changed, shown and brought to the server."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from sharegpt_argilla.annotation import AnsweredRecord, ResponseStatus
from sharegpt_argilla.argilla_client.connection import connect
from sharegpt_argilla.argilla_client.dataset_on_server import find_dataset
from sharegpt_argilla.argilla_client.records_on_server import apply_assignments, remove_unanswered
from sharegpt_argilla.common.jsonl import STANDARD_STREAM, open_output, read_rows
from sharegpt_argilla.config import DEFAULT_CONFIG, Project, ProjectConfig, load_project
from sharegpt_argilla.config.project_datasets import Part, project_parts
from sharegpt_argilla.errors import InputError, ServerUnreachableError, UsageError
from sharegpt_argilla.project.adaptive_plan import Round, adapted_plan
from sharegpt_argilla.project.answer_sources import Sources, open_sources
from sharegpt_argilla.project.gold_answers import known_answers
from sharegpt_argilla.project.practice_plan import practice_rows, with_newcomers, with_verdicts
from sharegpt_argilla.project.server_promises import broken_promises
from sharegpt_argilla.project.study_plan import Assumptions, plan_study
from sharegpt_argilla.project.teaching_order import TeachingOrder, teaching_order
from sharegpt_argilla.records.assignment_plan import (
    Assigned,
    Plan,
    Rules,
    extend_plan,
    make_plan,
    moved,
    with_answers,
)
from sharegpt_argilla.records.plan_file import changed_rules, plan_path, read_plan, write_plan
from sharegpt_argilla.records.practice import Standing
from sharegpt_argilla.records.practice_slots import practice_places
from sharegpt_argilla.records.queue_order import movable, reorder
from sharegpt_argilla.records.record_metadata import ROW_PROPERTIES, assigned_metadata
from sharegpt_argilla.responses.study_design import StudyDesign, design_study
from sharegpt_argilla.responses.study_page import design_page
from sharegpt_argilla.rows import Row, read_extension
from sharegpt_argilla.settings import Connection, find_connection

_ANSWERED: tuple[ResponseStatus, ...] = ("submitted", "draft", "discarded")


@dataclass(frozen=True)
class Share:
    """What one person has to do.

    Attributes:
        person: username.
        records: how many are theirs.
        calibration: how many of those more people answer.
        answered: how many of those they answered, drafts and discards included; 0 while nobody can have.
        former: True for somebody who takes no part any more.
        gold: how many of their records have known answers; 0 where the project has no gold.
    """

    person: str
    records: int
    calibration: int
    answered: int = 0
    former: bool = False
    gold: int = 0


@dataclass
class PlanSummary:
    """What ``plan`` did.

    Attributes:
        path: the plan's file.
        records: in the plan.
        new: of those, records that were not in it before.
        moved: assignments that went from one person to another.
        shares: of everybody, by name.
        pairs: two people -> records that both answer.
        applied: records on the server whose people were changed; None when the server was not asked to.
        adapted: what a round of a plan that adapts did; None where there was none.
        practice: how far everybody is with practice; empty for a project without.
        reordered: records whose rank changed; None where no order was asked for.
        warnings: what the project asks for and the server does not do; none while there is no server.
    """

    path: Path
    records: int = 0
    new: int = 0
    moved: int = 0
    shares: Sequence[Share] = ()
    pairs: Mapping[tuple[str, str], int] = field(default_factory=dict)
    applied: int | None = None
    adapted: Round | None = None
    reordered: int | None = None
    practice: Sequence[Standing] = ()
    warnings: Sequence[str] = ()


def plan(  # noqa: PLR0913 - the options of the command, under their names
    rows: str | Path,
    config: str | Path = DEFAULT_CONFIG,
    *,
    people: str | Path | None = None,
    connection: Connection | None = None,
    apply: bool = False,
    adapt: bool = False,
    order: TeachingOrder | None = None,
    dry_run: bool = False,
) -> PlanSummary:
    """Make the plan of a project, or change it as little as people, quotas and rows changed.

    Args:
        rows: a rows file. Records that are in the plan already stay in it, whether they are in the file or not.
        config: the project file; ``assignment`` in it says what the plan has to be.
        people: a CSV of people in place of those in the project file.
        connection: the Argilla; by default the one from the environment, else the embedded one. It is asked who
            answered what; if none ever ran, nobody did.
        apply: change the records that are on the server.
        adapt: give records that are not settled one person more, and take settled ones off those who have not
            begun; the records on the server are changed too.
        order: what comes first of the records that nobody has begun; gold and calibration stay mixed in.
        dry_run: show the plan, write nothing.

    Raises:
        ConfigError, UsageError: nothing is planned there, or the plan cannot be.
        InputError: a file cannot be read or written.
        ServerUnreachableError, CredentialsError, ServerRefusedError: see their docstrings.
    """
    if str(rows) == STANDARD_STREAM or not Path(rows).is_file():
        raise InputError(f"{rows}: no such file; `sharegpt-argilla extract` writes one")
    project = load_project(config, people)
    _check_request(project.config, config, adapt=adapt, ordered=order is not None)
    planner = Planner(project, connection)
    summary = planner.make(rows, dry_run=dry_run)
    if adapt:
        summary = planner.adapt(rows, summary, dry_run=dry_run)
    if order is not None:
        summary = planner.order(rows, order, summary, dry_run=dry_run)
    if (apply or adapt) and not dry_run:
        summary.applied = planner.apply()
    summary.warnings = planner.warnings()
    return summary


def _check_request(config: ProjectConfig, path: str | Path, *, adapt: bool, ordered: bool) -> None:
    """Refuse what the project's assignment does not go with."""
    assignment = config.assignment
    if not assignment.planned:
        raise UsageError(
            f"{path}: assignment.mode is open: nothing is planned; known: queue, links, per_person_datasets"
        )
    if adapt and assignment.adapt is None:
        raise UsageError(f"{path}: assignment.adapt is missing; add `adapt: {{until: 0.9, most: 4}}` to it")
    if ordered and not assignment.on_records:
        raise UsageError(f"{path}: an order reaches nobody without a queue or links; set assignment.mode to one")


def plan_design(
    rows: str | Path,
    config: str | Path = DEFAULT_CONFIG,
    assumed: Assumptions | None = None,
    *,
    people: str | Path | None = None,
    goal: float = 0.9,
    html_file: str | Path | None = None,
) -> StudyDesign:
    """Simulate what each overlap, and a plan that adapts, would give; nothing is planned.

    Args:
        rows: a rows file, whose rows are counted.
        config: the project file; its people, assignment and questions count.
        assumed: a pilot or assumed abilities, and what an answer takes.
        people: a CSV of people in place of those in the project file.
        goal: share of the records that are to be right, 0 to 1.
        html_file: takes the result as one page of HTML with a chart.

    Raises:
        ConfigError, UsageError, InputError: see their docstrings.
    """
    if not Path(rows).is_file():
        raise InputError(f"{rows}: no such file; `sharegpt-argilla extract` writes one")
    count = sum(line.row is not None for line in read_rows(rows))
    if not count:
        raise InputError(f"{rows}: no rows in it")
    study = plan_study(load_project(config, people), count, assumed or Assumptions())
    design = design_study(study, goal)
    if html_file is not None:
        with open_output(html_file) as file:
            file.write(design_page(study, design))
    return design


class Planner:
    """The plan of one project.

    Args:
        project: the project.
        connection: the Argilla; None for the one from the environment, else the embedded one.
    """

    def __init__(self, project: Project, connection: Connection | None = None) -> None:
        self._project = project
        self._connection = connection
        assignment = project.config.assignment
        self._stratify = assignment.stratify
        gold, links = project.config.gold, assignment.mode == "links"
        self._rules = Rules(
            assignment.overlap,
            assignment.calibration.share if assignment.calibrates else 0,
            # Without a calibration dataset, no record of a project kept to by links can have more people.
            assignment.overlap if gold and links and not assignment.calibrates else assignment.calibration.overlap,
            assignment.seed,
            assignment.quotas,
            gold.rate if gold else 0,
        )
        self.path = plan_path(project.path, project.config.dataset)
        self._plan: Plan | None = None
        self._begun: frozenset[str] = frozenset()

    def make(self, rows: str | Path, *, dry_run: bool = False) -> PlanSummary:
        """Make or change the plan and write it; returns what it is. See `plan` for errors."""
        before = read_plan(self.path)
        planned = set(before.ids) if before else set()
        ids, strata = _ids_and_strata(rows, planned, self._stratify)
        if not (ids or planned):
            raise InputError(f"{rows}: no rows in it; give the rows that `extract` wrote")
        gold = known_answers(self._project, rows)
        if gold and not gold.keys() & {*planned, *ids}:
            raise UsageError(f"{self._project.path}: gold: none of its {len(gold):,} rows is in {rows}")
        people = self._project.config.annotators
        answered = self._answered(before)
        self._begun = frozenset(row for row, _ in answered)
        practice = practice_rows(self._project, before, ids, gold)
        dealt = gold.keys() - set(practice)
        if before is None:
            after = make_plan(ids, people, self._rules, strata, dealt)
            if answered:
                after = extend_plan(with_answers(after, answered), people, answered, self._rules)
        else:
            after = self._again(before, ids, strata, dealt, answered)
        after = with_newcomers(self._project, after, practice, answered, self._rules)
        read = partial(self._records, after)
        after, far = with_verdicts(self._project, after, practice, gold, answered, read)
        self._plan = after
        if not dry_run:
            write_plan(self.path, after, self._rules, self._stratify)
        return PlanSummary(
            self.path,
            len(after.ids),
            len(ids),
            moved(before, after) if before else 0,
            _shares(after, people, answered, gold),
            _pairs(after),
            practice=far,
        )

    def adapt(self, rows: str | Path, summary: PlanSummary, *, dry_run: bool = False) -> PlanSummary:
        """One round of a plan that adapts, after `make`, and what it did; see `adapted_plan`."""
        before = self._plan or read_plan(self.path)
        if before is None:
            return summary
        records = self._records(before)
        gold = known_answers(self._project, rows)
        self._plan, done = adapted_plan(self._project, before, records, gold)
        if not dry_run:
            write_plan(self.path, self._plan, self._rules, self._stratify)
        people = self._project.config.annotators
        answered = {(row, one.annotator) for row, record in records.items() for one in record.responses}
        return replace(
            summary, shares=_shares(self._plan, people, answered, gold), pairs=_pairs(self._plan), adapted=done
        )

    def order(
        self, rows: str | Path, order: TeachingOrder, summary: PlanSummary, *, dry_run: bool = False
    ) -> PlanSummary:
        """Put first what teaches most, after `make`; see `teaching_order` for errors."""
        before = self._plan
        if before is None:
            return summary
        free = movable(before, self._begun, known_answers(self._project, rows).keys())
        self._plan = after = reorder(before, teaching_order(self._project, rows, free, order))
        if not dry_run:
            write_plan(self.path, after, self._rules, self._stratify)
        return replace(summary, reordered=int((before.ranks != after.ranks).sum()))

    def complete(self, rows: str | Path, *, dry_run: bool = False) -> Mapping[str, Assigned]:
        """Record -> who answers it, for all rows of a file; the plan is made or changed where it lacks some."""
        before = read_plan(self.path)
        planned = set(before.ids) if before else set()
        if before is None or _ids_and_strata(rows, planned, None)[0]:
            self.make(rows, dry_run=dry_run)
            before = self._plan
        return before.offered_by_id() if before else {}

    def apply(self) -> int:
        """Apply the plan to the records on the server; returns how many were changed.

        Where everybody has a dataset of their own, records that went to somebody else are removed from the dataset
        of who had them; `load_records` puts them where they belong.
        """
        plan = self._plan or read_plan(self.path)
        if plan is None:
            return 0
        assigned = dict(plan.offered())
        changed = 0
        with connect(self._connection or find_connection()) as client:
            for part in project_parts(self._project, plan.people):
                dataset = find_dataset(client, part.workspace, part.dataset)
                if dataset is None or not dataset.ready:
                    continue
                metadata = {
                    name: assigned_metadata(assignment)
                    for name, assignment in assigned.items()
                    if takes(part, assignment)
                }
                if self._project.config.assignment.on_records:
                    changed += apply_assignments(client, dataset.id, metadata)
                if part.person is not None:
                    elsewhere = [identifier for identifier in assigned if identifier not in metadata]
                    changed += remove_unanswered(client, dataset.id, elsewhere)
        return changed

    def warnings(self) -> list[str]:
        """What the project asks for and the server does not do; none while there is no server."""
        where = self._connection or _connection_or_none()
        if where is None:
            return []
        with connect(where) as client:
            return broken_promises(client, self._project)

    def _again(
        self,
        before: Plan,
        ids: list[str],
        strata: list[str] | None,
        gold: Collection[str],
        answered: set[tuple[str, str]],
    ) -> Plan:
        people = self._project.config.annotators
        other = changed_rules(self.path, self._rules, self._stratify)
        if not other:
            # Whoever left is taken off the practice rows before other records move.
            rows = before.practice.rows
            ready = with_newcomers(self._project, before, rows, answered, self._rules)
            fixed = answered | practice_places(ready, rows)
            return extend_plan(ready, people, fixed, self._rules, ids, strata, gold)
        if answered:
            raise UsageError(
                f"{self._project.path}: assignment: {', '.join(other)} changed since the plan was made, and "
                f"{len(answered):,} answers were given under it; undo the change, or `migrate` to a new dataset"
            )
        raise UsageError(
            f"{self._project.path}: assignment: {', '.join(other)} changed since the plan was made; undo "
            f"the change, or remove {self.path} to plan anew, as nobody answered yet"
        )

    def _answered(self, before: Plan | None) -> set[tuple[str, str]]:
        """Record and person of every response on the server; none while the datasets do not exist."""
        with self._sources(before) as sources:
            return set(sources.answered()) if sources else set()

    def _records(self, before: Plan) -> dict[str, AnsweredRecord]:
        """Row id -> its record with all responses on the server, those of reviewers marked."""
        with self._sources(before) as sources:
            return sources.rows() if sources else {}

    @contextmanager
    def _sources(self, before: Plan | None) -> Iterator[Sources | None]:
        """The project's datasets; None while none of them exists."""
        parts = project_parts(self._project, before.people if before else ())
        where = self._connection or _connection_or_none()
        ready = []
        if where is not None:
            with connect(where) as client:
                for part in parts:
                    dataset = find_dataset(client, part.workspace, part.dataset)
                    if dataset and dataset.ready:
                        ready.append((part.dataset, part.workspace, part.dataset))
        if where is None or not ready:
            yield None
            return
        with open_sources(where, ready, _ANSWERED) as sources:
            yield sources


def takes(part: Part, assigned: Assigned) -> bool:
    """Whether a record of the plan is in a part of the project."""
    return part.takes(assigned.people, calibration=assigned.calibration)


def _connection_or_none() -> Connection | None:
    try:
        return find_connection()
    except ServerUnreachableError:
        # No Argilla ever ran here, so nobody can have answered.
        return None


def _ids_and_strata(
    rows: str | Path, planned: set[str], stratify: str | None
) -> tuple[list[str], list[str] | None]:
    """Ids of the rows that are not known yet, each once, and what they belong to."""
    seen = set(planned)
    ids, strata = [], []
    for line in read_rows(rows):
        if line.row is None or line.row["id"] in seen:
            continue
        seen.add(line.row["id"])
        ids.append(line.row["id"])
        if stratify is not None:
            strata.append(_stratum(line.row, stratify))
    if ids and stratify is not None and not any(strata):
        raise UsageError(
            f'assignment.stratify: no row of {rows} has "{stratify}" in its extension; '
            f"name a key that is there, or one of {', '.join(ROW_PROPERTIES)}"
        )
    return ids, None if stratify is None else strata


def _stratum(row: Row, stratify: str) -> str:
    extension = read_extension(row)
    read_property = ROW_PROPERTIES.get(stratify)
    value = read_property(row, extension) if read_property else extension.get(stratify)
    return "" if value is None else str(value)


def _shares(
    plan: Plan, people: Iterable[str], answered: set[tuple[str, str]], gold: Collection[str]
) -> list[Share]:
    loads, calibration = plan.loads(), plan.calibration_loads()
    done, on_gold = dict.fromkeys(plan.people, 0), dict.fromkeys(plan.people, 0)
    for identifier, assigned in plan.records() if answered or gold else ():
        for person in assigned.people:
            done[person] += (identifier, person) in answered
            on_gold[person] += identifier in gold
    taking_part = set(people)
    return [
        Share(name, loads[name], calibration[name], done[name], name not in taking_part, on_gold[name])
        for name in plan.people
        if loads[name] or name in taking_part
    ]


def _pairs(plan: Plan) -> dict[tuple[str, str], int]:
    table = plan.pair_overlaps().tolist()
    return {
        (plan.people[first], plan.people[second]): table[first][second]
        for first in range(len(plan.people))
        for second in range(first + 1, len(plan.people))
    }
