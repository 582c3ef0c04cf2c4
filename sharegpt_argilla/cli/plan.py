"""Plan who answers which record: evenly, at random by a seed, with a share of records that more people answer.

The section `assignment` of dataset-config.yml says what the plan has to be. It is kept next to that file, in
<dataset>.plan.jsonl. When people join or leave, quotas change or rows come, only unanswered work moves, as little
as possible; --apply brings the change to the records on the server. --order puts first what teaches most.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from typing import get_args

from sharegpt_argilla.cli.printing import counted, note, show, tell, warn
from sharegpt_argilla.cli.setup_dataset import add_config, add_people
from sharegpt_argilla.common.plurals import numbered
from sharegpt_argilla.errors import ServerUnreachableError, UsageError
from sharegpt_argilla.project.adaptive_plan import Round
from sharegpt_argilla.project.study_plan import Assumptions
from sharegpt_argilla.project.teaching_order import OrderName, TeachingOrder
from sharegpt_argilla.records.practice import Standing, State
from sharegpt_argilla.responses.study_design import design_lines, name_of
from sharegpt_argilla.workflows.plan import PlanSummary, plan, plan_design

SUMMARY = PlanSummary
MORE_KEYS = {"pairs": "records that two people both answer: a list of objects with `people` and `records`"}
EXAMPLE = "sharegpt-argilla plan rows.jsonl --dry-run"

_NAMED = 12
"""People up to whom each pair is listed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("rows", metavar="ROWS", help="rows as `extract` writes them")
    add_config(parser)
    add_people(parser)
    parser.add_argument("--apply", action="store_true", help="change the records that are on the server")
    parser.add_argument(
        "--adapt",
        action="store_true",
        help="give records that are not settled one person more, take settled ones off, and change the server",
    )
    parser.add_argument(
        "--every",
        type=_seconds,
        metavar="TIME",
        help="with --adapt: again after so long (30s, 5m, 1h) until every record is settled or given up; with "
        "--apply: until nobody practises",
    )
    parser.add_argument(
        "--order",
        choices=get_args(OrderName),
        help="of what nobody has begun first: what a model is least sure of, one of each kind, or any",
    )
    parser.add_argument(
        "--model", metavar="FOLDER", help="with --order uncertain: a classifier of `train` (else the agents)"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the plan, write nothing")
    design = parser.add_argument_group("designing a study (nothing is planned)")
    design.add_argument(
        "--design", action="store_true", help="simulate what each overlap, and adapting, would give"
    )
    design.add_argument(
        "--pilot", metavar="FILE", help="annotated rows that say how able people are, and how fast"
    )
    design.add_argument(
        "--abilities", metavar="SHARE", nargs="+", type=_share, default=[], help="assumed: for all, or for each"
    )
    design.add_argument("--question", metavar="NAME", help="a question with labels or ratings (the first)")
    design.add_argument("--seconds", type=float, metavar="N", help="for one answer (of the pilot, else 60)")
    design.add_argument("--per-hour", type=float, metavar="COST", help="what an hour of work costs")
    design.add_argument("--goal", type=_share, metavar="SHARE", default=0.9, help="records to be right (0.9)")
    design.add_argument("--html", metavar="FILE", help="write the design as one HTML page with a chart")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if arguments.design:
        return _run_design(arguments)
    if arguments.pilot or arguments.abilities or arguments.html:
        raise UsageError("--pilot, --abilities and --html belong to --design; give it too")
    if arguments.every is not None and (arguments.dry_run or not (arguments.adapt or arguments.apply)):
        raise UsageError("--every repeats rounds of --adapt or --apply; give one of them, without --dry-run")
    if arguments.model is not None and arguments.order != "uncertain":
        raise UsageError("--model says what is uncertain; give --order uncertain too")
    while True:
        try:
            summary = _one_round(arguments)
        except ServerUnreachableError as error:
            if arguments.every is None:
                raise
            note(f"{error}; tried again in {arguments.every:g} s")
        else:
            if arguments.every is None or _is_done(summary):
                return 0
        time.sleep(arguments.every)


def _is_done(summary: PlanSummary) -> bool:
    """Whether another round has nothing to do: nothing is open, or nobody practises."""
    if summary.adapted:
        return not summary.adapted.open
    return not any(standing.state == "practising" for standing in summary.practice)


def _run_design(arguments: argparse.Namespace) -> int:
    assumed = Assumptions(
        arguments.pilot, arguments.abilities, arguments.question, arguments.seconds, arguments.per_hour
    )
    design = plan_design(
        arguments.rows,
        arguments.config,
        assumed,
        people=arguments.people,
        goal=arguments.goal,
        html_file=arguments.html,
    )
    for line in design_lines(design, cost=arguments.per_hour is not None):
        show(line)
    written = f" -> {arguments.html}" if arguments.html else ""
    best = design.options[design.recommended]
    enough = "" if best.accuracy >= design.goal else f"; none reaches {design.goal:.0%}"
    tell(
        design,
        f"recommended: {name_of(best)}, {best.accuracy:.1%} right with {best.answers:,} answers{enough}{written}",
    )
    return 0


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is no share; say a number above 0 and below 1')
    return share


_UNITS = {"s": 1, "m": 60, "h": 3600}


def _seconds(text: str) -> float:
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is None or not number.isdecimal() or not int(number):
        raise argparse.ArgumentTypeError(f'"{text}" is no length of time; say 30s, 5m or 1h')
    return float(int(number) * unit)


def _one_round(arguments: argparse.Namespace) -> PlanSummary:
    summary = plan(
        arguments.rows,
        arguments.config,
        people=arguments.people,
        apply=arguments.apply,
        adapt=arguments.adapt,
        order=TeachingOrder(arguments.order, arguments.model) if arguments.order else None,
        dry_run=arguments.dry_run,
    )
    warn(summary.warnings)
    _print_loads(summary)
    _print_pairs([share.person for share in summary.shares], summary.pairs)
    verb = "would be planned" if arguments.dry_run else f"planned -> {summary.path}"
    counts = counted((summary.records, f"records {verb}"), (summary.new, "new"), (summary.moved, "places moved"))
    applied = "" if summary.applied is None else f", {summary.applied:,} changed on the server"
    ordered = "" if summary.reordered is None else f", {summary.reordered:,} in another order"
    note(counts + ordered + applied)
    _print_practice(summary.practice)
    if summary.adapted:
        _print_round(summary.adapted)
    tell(summary, pairs=[{"people": pair, "records": count} for pair, count in summary.pairs.items()])
    return summary


def _print_practice(everybody: Sequence[Standing]) -> None:
    if everybody:
        names = {state: [one for one in everybody if one.state == state] for state in get_args(State)}
        note("practice: " + ", ".join(f"{len(people):,} {state}" for state, people in names.items()))
        for standing in everybody:
            if standing.held:
                note(f"{standing.person}: {standing.state}, {standing.why()}; no other records yet")


def _print_round(done: Round) -> None:
    room = f", {done.waiting:,} wait for room in the quotas" if done.waiting else ""
    note(
        f"{done.settled:,} settled, {done.open:,} open, {done.given_up:,} given up; {done.asked:,} got one person "
        f"more, {done.taken_off:,} taken off{room}"
    )
    saved = ", ".join(f"{count:,} for {overlap}" for overlap, count in done.saved.items())
    note(f"{numbered(done.answers, 'answers')}; saved against a fixed overlap: {saved}")


def _print_loads(summary: PlanSummary) -> None:
    width = max([len("person"), *(len(share.person) for share in summary.shares)])
    gold = any(share.gold for share in summary.shares)
    show(f"{'person':<{width}}  records  calibration  answered" + ("  gold" if gold else ""))
    for share in summary.shares:
        left = "  (left)" if share.former else ""
        gold_answers = f"  {share.gold:>4,}" if gold else ""
        counts = f"{share.records:>7,}  {share.calibration:>11,}  {share.answered:>8,}"
        show(f"{share.person:<{width}}  {counts}{gold_answers}{left}")


def _print_pairs(people: Sequence[str], pairs: Mapping[tuple[str, str], int]) -> None:
    """Records that two people both answer: each pair of a few people, the range of many."""
    counts_of_pairs = {pair: count for pair, count in pairs.items() if set(pair) <= set(people)}
    if not any(counts_of_pairs.values()):
        return
    show("")
    if len(people) <= _NAMED:
        for (first, second), count in counts_of_pairs.items():
            show(f"{first} and {second}: {numbered(count, 'records')} together")
        return
    counts = sorted(counts_of_pairs.values())
    mean = sum(counts) / len(counts)
    show(f"records that two people both answer: {counts[0]:,} to {counts[-1]:,}, {mean:,.1f} on average")
