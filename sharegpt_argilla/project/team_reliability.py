"""What the Team page shows of people's abilities, of agents, and of records with unclear guidelines."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

from sharegpt_argilla.config import LabelQuestion, MultiLabelQuestion, QuestionConfig, RatingQuestion
from sharegpt_argilla.project.agent_usage import agent_usage
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.project_watch import ProjectWatch
from sharegpt_argilla.project.team_progress import with_links
from sharegpt_argilla.responses.agent_costs import agent_costs
from sharegpt_argilla.responses.agreement import METRIC_OF_TYPE
from sharegpt_argilla.responses.agreement_report import agents_with_people, scale_of
from sharegpt_argilla.responses.policies import comparable
from sharegpt_argilla.responses.reliability_report import QuestionReliability, most_unclear, question_reliability

T = TypeVar("T")


def team_reliability(watch: ProjectWatch, view: ProjectView) -> dict[str, Any]:
    """Abilities and unclear records of all questions with labels or ratings, without gold.

    Returns:
        ``abilities``: ``question``, ``annotator``, ``ability``, ``interval`` (a text), ``answers``. ``confused``:
        ``question``, ``right``, ``given``, ``expected``. ``unclear``: ``question``, ``prompt``, ``many``,
        ``able``, ``url``. All empty where no two people answered the same record.
    """
    by_question = watch.derived("reliability", view, _by_question)
    unclear = [{**entry, "record": entry["id"]} for entry in most_unclear(by_question)]
    return {
        "abilities": [
            {"question": name, **entry, "interval": f"{entry['low']:.2f} to {entry['high']:.2f}"}
            for name, of_question in by_question.items()
            for entry in of_question.abilities
        ],
        "confused": [
            {"question": name, **pair, "right": str(pair["right"]), "given": str(pair["given"])}
            for name, of_question in by_question.items()
            for pair in of_question.confused
        ],
        "unclear": with_links(watch, view, unclear),
    }


def agents_agreement(watch: ProjectWatch, view: ProjectView) -> dict[str, list[dict[str, Any]]]:
    """How far each agent's suggestions agree with people, by question, as ``report-agreement`` counts it.

    Returns:
        ``agents``: ``question``, ``agent``, ``name`` (of both), ``answers``, ``kept``, ``share``, and ``value``,
        ``low``, ``high``, ``items`` of kappa with its ``interval`` (a text). ``confusion``: ``question``,
        ``agent``, ``suggested``, ``answered``, ``times``, the most frequent first. ``costs``: see `agent_costs`.
        All may be empty.
    """
    return watch.derived("agents", view, agents_of)


def agents_of(view: ProjectView) -> dict[str, list[dict[str, Any]]]:
    """See `agents_agreement`."""
    agents, confusion = [], []
    for question in view.config.questions:
        if not isinstance(question, RatingQuestion | LabelQuestion | MultiLabelQuestion):
            continue
        for entry in agents_with_people(question, _answers(view, question.name), _suggested(view, question.name)):
            named = {"question": question.name, "agent": entry["agent"] or "an unnamed agent"}
            kappa = entry["kappa"]
            about = {"name": f"{named['question']}: {named['agent']}", "interval": _interval(kappa), **kappa}
            share = entry["share"]["value"]
            agents.append({**named, "answers": entry["answers"], "kept": entry["kept"], "share": share, **about})
            confusion += [
                {**named, "suggested": suggested, "answered": answered, "times": times}
                for suggested, by_answer in entry["confusion"].items()
                for answered, times in by_answer.items()
            ]
    confusion.sort(key=lambda entry: -entry["times"])
    return {"agents": agents, "confusion": confusion, "costs": _costs(view)}


def _costs(view: ProjectView) -> list[dict[str, Any]]:
    names = [question.name for question in view.config.questions if question.type in METRIC_OF_TYPE]
    answers = {name: _by_row(view, _answers(view, name)) for name in names}
    suggested = {
        name: {agent: _by_row(view, values) for agent, values in _suggested(view, name).items()} for name in names
    }
    agents = {agent for by_agent in suggested.values() for agent in by_agent}
    rows = [record.id for record in view.records.values() if record.id is not None]
    return agent_costs(agent_usage(view.config)(agents, rows), suggested, answers)


def _by_row(view: ProjectView, by_record: Mapping[str, T]) -> dict[str, T]:
    """The same by row id in place of Argilla's record id."""
    return {row: value for key, value in by_record.items() if (row := view.records[key].id) is not None}


def _interval(estimate: dict[str, Any]) -> str:
    return "" if estimate["low"] is None else f"{estimate['low']:.2f} to {estimate['high']:.2f}"


def _suggested(view: ProjectView, question: str) -> dict[str, dict[str, Hashable]]:
    """Agent -> Argilla's record id -> what it suggested."""
    suggested: dict[str, dict[str, Hashable]] = {}
    for key, record in view.records.items():
        for suggestion in record.suggestions:
            if suggestion.question == question:
                suggested.setdefault(suggestion.agent, {})[key] = comparable(suggestion.value)
    return suggested


def _by_question(view: ProjectView) -> dict[str, QuestionReliability]:
    by_question = {}
    for question in view.config.questions:
        answers = _answers(view, question.name)
        if isinstance(question, RatingQuestion | LabelQuestion | MultiLabelQuestion) and any(
            len(of_record) > 1 for of_record in answers.values()
        ):
            by_question[question.name] = question_reliability(
                answers, _labels(question), {}, ordered=isinstance(question, RatingQuestion)
            )
    return by_question


def _labels(question: QuestionConfig) -> list[Hashable] | None:
    return list(question.labels) if isinstance(question, MultiLabelQuestion) else scale_of(question)


def _answers(view: ProjectView, question: str) -> dict[str, dict[str, Hashable]]:
    """Argilla's record id -> person -> submitted answer."""
    answers: dict[str, dict[str, Hashable]] = {}
    for key, record in view.records.items():
        for response in record.responses:
            value = response.values.get(question)
            if response.status == "submitted" and value is not None and not response.adjudication:
                answers.setdefault(key, {})[response.annotator] = comparable(value)
    return answers
