"""The plan as a file next to the project file: JSON Lines, a header, then one line for each record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from sharegpt_argilla.common.jsonl import open_output
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.records.assignment_plan import Assigned, Plan, Rules
from sharegpt_argilla.records.practice import PlanPractice

FORMAT = 1
"""Version of the layout, in the header under ``plan``."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def plan_path(config: Path, dataset: str) -> Path:
    """The path of a dataset's plan, next to the project file."""
    return config.parent / f"{dataset.replace('/', '_')}.plan.jsonl"


def write_plan(path: Path, plan: Plan, rules: Rules, stratify: str | None) -> None:
    """Write the plan, whole or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    with open_output(path) as file:
        header = {
            "plan": FORMAT,
            "records": len(plan.ids),
            "people": list(plan.people),
            **_fixed_rules(rules, stratify),
        }
        if plan.practice.rows:
            header["practice"] = asdict(plan.practice)
        file.write(_encode(header) + "\n")
        for identifier, assigned in plan.records():
            line: dict[str, Any] = {"id": identifier, "rank": assigned.rank, "people": assigned.people}
            if assigned.calibration:
                line["calibration"] = True
            if identifier in plan.states:
                line["state"] = plan.states[identifier]
            file.write(_encode(line) + "\n")


def read_plan(path: Path) -> Plan | None:
    """Read the plan in a file; None if the file does not exist.

    Raises:
        InputError: the file is damaged.
    """
    if not path.is_file():
        return None
    ids: list[str] = []
    ranks, widths, holders, calibration = [], [], list[int](), []
    states: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8") as file:
            header = json.loads(next(file))
            numbers = {name: number for number, name in enumerate(header["people"])}
            for line in map(json.loads, file):
                ids.append(line["id"])
                ranks.append(line["rank"])
                widths.append(len(line["people"]))
                holders.extend(numbers[name] for name in line["people"])
                calibration.append(line.get("calibration", False))
                if "state" in line:
                    states[line["id"]] = line["state"]
        rank_numbers, flags = np.array(ranks, np.int64), np.array(calibration, bool)
        # A list as a rank would make a table of the column.
        practice = _practice(header["practice"]) if "practice" in header else PlanPractice()
        complete = header["plan"] == FORMAT and rank_numbers.shape == flags.shape == (header["records"],)
    except RecursionError:
        raise _damaged(path, "nested too deep") from None
    except (OSError, ValueError, KeyError, TypeError, OverflowError, StopIteration) as error:
        raise _damaged(path, str(error)) from None
    if not complete:
        raise _damaged(path, f"{len(ids):,} records")
    starts = np.concatenate(([0], np.cumsum(np.array(widths, np.int64)))).astype(np.int64)
    return Plan(
        ids,
        header["people"],
        starts,
        np.array(holders, np.int64),
        rank_numbers,
        flags,
        states,
        practice,
    )


def _practice(block: Any) -> PlanPractice:
    judged = {person: dict(verdicts) for person, verdicts in dict(block["judged"]).items()}
    return PlanPractice(list(block["rows"]), judged, list(block["held"]))


def _damaged(path: Path, what: str) -> InputError:
    return InputError(
        f"{path}: is not a plan, or damaged ({what}); restore a copy, or remove it to make a new plan"
    )


def changed_rules(path: Path, rules: Rules, stratify: str | None) -> list[str]:
    """The fixed rules that differ from those with which the plan in the file was made."""
    with path.open(encoding="utf-8") as file:
        header = json.loads(next(file))
    return [name for name, value in _fixed_rules(rules, stratify).items() if header.get(name) != value]


def assigned_records(path: Path) -> Mapping[str, Assigned]:
    """Record -> who answers it, as a server is to have it (`Plan.offered`); empty if there is no plan.

    Raises:
        InputError: the file is damaged.
    """
    plan = read_plan(path)
    return {} if plan is None else plan.offered_by_id()


def _fixed_rules(rules: Rules, stratify: str | None) -> dict[str, Any]:
    """The rules that an existing plan cannot change."""
    kept = {name: value for name, value in asdict(rules).items() if name not in ("quotas", "gold_rate")}
    return {**kept, "stratify": stratify}
