"""The Team page shows how far agents agree with people: the numbers of `report-agreement`."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharegpt_argilla.project.dashboard_access import Viewer
from sharegpt_argilla.rows import Pair, build_row
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from sharegpt_argilla.workflows.report_agreement import report_agreement
from tests.dashboard.conftest import Run
from tests.embedded import EmbeddedArgilla
from tests.projects import TestProject, write_project, write_rows
from tests.suggestions.fake_endpoint import fake_endpoint

pytestmark = pytest.mark.live

Told = tuple[TestProject, Path]
PROMPTS = [f"Translate this sentence into French: number {n}" for n in range(3)]
PROMPTS += [f"Write a Python function that adds {n} and 2." for n in range(3)]


@pytest.fixture(scope="module")
def told(argilla: EmbeddedArgilla, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A project with rules and a model as agents, in which one person answers, in place of the usual story."""
    folder = tmp_path_factory.mktemp("agents")
    project = write_project(folder, Connection(argilla.api_url, argilla.api_key), argilla.home, folder.name)
    pairs = [
        Pair(prompt, "Well.", f"s{n}", 1, "vicuna", "ShareGPT", "human", "gpt") for n, prompt in enumerate(PROMPTS)
    ]
    rows = write_rows(folder / "rows.jsonl", [build_row(pair, "20230511 15:56:03") for pair in pairs])
    with fake_endpoint() as endpoint:
        judge = {"type": "llm", "questions": ["toxicity"], "url": endpoint.url, "model": "m"}
        project.rewrite(suggestions=[{"type": "intent_rules"}, {**judge, "price_in": 2, "price_out": 8}])
        push_to_argilla(rows, project.config, connection=project.connection, home=project.home)
    person = project.annotator(project.people[0])
    for number, record in enumerate(person.pending()):
        intent = ["code"] if "Python" in record["fields"]["prompt"] and number % 2 else ["rewrite"]
        person.answer(
            record["id"], values={"quality": 4, "intent": intent, "toxicity": "none" if number else "harmful"}
        )
    return project, rows


def test_the_page_shows_the_numbers_of_the_report(run: Run, told: Told, lead: Viewer, tmp_path: Path) -> None:
    project, rows = told
    annotated = tmp_path / "annotated.jsonl"
    export_responses(rows, annotated, project.config, connection=project.connection)
    report = report_agreement(annotated, project.config)
    (reported,) = report["questions"]["intent"]["suggestions"]
    assert reported["answers"] == len(PROMPTS)
    page = run("team", lead)
    assert not page.exception, page.exception
    tables = [table.value for table in page.dataframe]
    both = next(table for table in tables if "agent" in table and "value" in table).to_dict("records")
    (shown,) = [agent for agent in both if agent["question"] == "intent"]
    assert shown["agent"] == reported["agent"]
    assert (shown["answers"], shown["kept"]) == (reported["answers"], reported["kept"])
    assert (shown["value"], shown["items"]) == (reported["kappa"]["value"], reported["kappa"]["items"])
    confusion = next(table for table in tables if "suggested" in table).to_dict("records")
    pairs = {
        (entry["suggested"], entry["answered"]): entry["times"]
        for entry in confusion
        if entry["question"] == "intent"
    }
    assert pairs == {
        (said, answered): times
        for said, by_answer in reported["confusion"].items()
        for answered, times in by_answer.items()
    }
    assert list(pairs.values()) == sorted(pairs.values(), reverse=True)
    (cost,) = report["costs"]
    assert cost["agent"].startswith("m:")
    assert (cost["rows"], cost["tokens_in"], cost["tokens_out"]) == (6, 600, 60)
    assert (cost["answers"], cost["agreed"]) == (6, 5)
    assert cost["cost"] == pytest.approx((600 * 2 + 60 * 8) / 1_000_000)
    assert cost["cost_per_agreed"] == pytest.approx(cost["cost"] / 5, abs=1e-8)
    assert next(table for table in tables if "tokens_in" in table).to_dict("records") == [cost]
