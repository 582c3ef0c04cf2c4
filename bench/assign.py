"""The planner against a yardstick, in one run.

- yardstick: what one writes first, and what ``assign_records`` of the Argilla 1.x client did: shuffle the records,
  give record ``i`` to the people ``i``, ``i + 1``, … of the list in turn, in plain Python. It knows no calibration
  share, no quotas and no strata, and whoever is next to somebody in the list shares all records with them.
- plan: `make_plan` with a calibration share of 10 % to three people.
- stratified: the same in 20 strata.
- leaves and joins: `extend_plan` after one of the people left and one came, with a tenth of the work answered.

CPU seconds; the best of several rounds counts.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence

from sharegpt_argilla.records.assignment_plan import Rules, extend_plan, make_plan, moved


def yardstick(ids: Sequence[str], people: Sequence[str], overlap: int) -> dict[str, list[str]]:
    """Record -> its people, round-robin."""
    records = list(ids)
    random.Random(1).shuffle(records)
    return {
        record: [people[(number + offset) % len(people)] for offset in range(overlap)]
        for number, record in enumerate(records)
    }


def seconds(work: Callable[[], object], rounds: int) -> float:
    """CPU time of the best round."""
    best = float("inf")
    for _ in range(rounds):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    ids = [f"{number:032x}" for number in range(options.records)]
    people = [f"person-{number:04}" for number in range(options.people)]
    strata = [number % 20 for number in range(options.records)]
    plan = make_plan(ids, people, Rules(seed=1))
    answered = {(record, planned.people[0]) for record, planned in list(plan.records())[: options.records // 10]}
    others = [*people[1:], "somebody-new"]
    changed = extend_plan(plan, others, answered, Rules(seed=1))
    loads = sorted(plan.loads().values())
    times = {
        "yardstick": seconds(lambda: yardstick(ids, people, 1), options.rounds),
        "plan": seconds(lambda: make_plan(ids, people, Rules(seed=1)), options.rounds),
        "stratified": seconds(lambda: make_plan(ids, people, Rules(seed=1), strata), options.rounds),
        "leaves and joins": seconds(lambda: extend_plan(plan, others, answered, Rules(seed=1)), options.rounds),
    }
    result = {
        "records": options.records,
        "people": options.people,
        "cpu_seconds": {name: round(found, 2) for name, found in times.items()},
        "times_the_yardstick": round(times["plan"] / times["yardstick"], 2),
        "loads": [loads[0], loads[-1]],
        "moved": moved(plan, changed),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
