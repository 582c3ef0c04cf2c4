"""The answers of newcomers to practice rows, judged by the gold answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.config import ProjectConfig
from sharegpt_argilla.records.gold_file import Gold
from sharegpt_argilla.records.practice import PlanPractice, Standing, standings
from sharegpt_argilla.responses.policies import comparable


def judge_practice(
    rows: Sequence[str],
    judged: Mapping[str, Mapping[str, bool]],
    records: Mapping[str, AnsweredRecord],
    gold: Gold,
) -> dict[str, dict[str, bool]]:
    """Person -> practice row -> whether it is right; what was judged before stays.

    A row is right when the answer to each question of its gold is; a discarded one is wrong, a draft not answered.

    Args:
        rows: ids of the practice rows.
        judged: what was judged before.
        records: row id -> its record with all responses.
        gold: the right answers to all practice rows.
    """
    verdicts = {person: dict(of_person) for person, of_person in judged.items()}
    for row in rows:
        for response in records[row].responses if row in records else ():
            if response.status != "draft" and not response.adjudication:
                verdicts.setdefault(response.annotator, {}).setdefault(row, is_right(response, gold[row]))
    return verdicts


def is_right(response: Response, gold: Mapping[str, Any]) -> bool:
    """Whether a response gives every right answer; labels in any order are the same answer."""
    return response.status == "submitted" and all(
        question in response.values and comparable(response.values[question]) == comparable(right)
        for question, right in gold.items()
    )


def practice_standings(config: ProjectConfig, practice: PlanPractice, begun: Collection[str]) -> list[Standing]:
    """How far each annotator is; empty if the project has no practice.

    Args:
        config: the project file.
        practice: with what was judged so far.
        begun: usernames of those who answered other rows, and so are no newcomers.
    """
    section = config.practice
    if section is None:
        return []
    return standings(practice, config.annotators, section.gold, section.pass_, {*begun, *section.exempt})
