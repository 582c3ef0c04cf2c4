"""Suggestions and vectors on a real Argilla: sent, read back, searched, changed."""

from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.argilla_client.connection import connect
from sharegpt_argilla.argilla_client.records_on_server import RecordsDataset
from sharegpt_argilla.rows import Pair, Row, build_row
from sharegpt_argilla.workflows.load_records import LoadSummary, load_records
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.projects import TestProject, write_rows
from tests.suggestions.fake_endpoint import ANSWER, fake_endpoint
from tests.suggestions.tiny_model import make_model

pytestmark = pytest.mark.live

RULES = [{"type": "moderation"}, {"type": "intent_rules"}]


def row(prompt: str, **extra: Any) -> Row:
    return build_row(
        Pair(prompt, "So.", prompt, 1, "vicuna", "ShareGPT", "human", "gpt", extra=extra), "20230511 15:56:03"
    )


ROWS = [
    row("Rewrite this letter", detoxify_moderation={"toxicity": 0.01}),
    row("Write a Python function that adds", openai_moderation={"scores": {"hate": 0.9}}),
    row("Why is the sky blue?"),
]


def push(project: TestProject, path: Path, **sections: Any) -> LoadSummary:
    project.rewrite(**sections)
    return push_to_argilla(path, project.config, connection=project.connection, home=project.home)[1]


def on_server(project: TestProject, rows: list[Row] = ROWS) -> list[dict[str, tuple]]:
    """For each row: question -> value, agent and score, as the server has them."""
    with connect(project.connection) as client:
        found = RecordsDataset(client, project.dataset_id()).find([item["id"] for item in rows])
    return [{s.question: (s.value, s.agent, s.score) for s in found[item["id"]].suggestions} for item in rows]


def suggestion_filter(question: str, part: str, **limits: Any) -> dict[str, Any]:
    kind = "terms" if "values" in limits else "range"
    scope = {"entity": "suggestion", "question": question, "property": part}
    return {"filters": {"and": [{"type": kind, "scope": scope, **limits}]}}


def test_suggestions_are_sent_found_and_filtered_by(project: TestProject, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", ROWS)
    assert push(project, path, suggestions=RULES).loaded == 3
    assert on_server(project) == [
        {"toxicity": ("none", "moderation:detoxify", 0.99), "intent": (["rewrite"], "intent_rules", [0.97])},
        {"toxicity": ("harmful", "moderation:openai", 0.9), "intent": (["code"], "intent_rules", [0.95])},
        {},
    ]
    assert load_records(path, project.config, connection=project.connection).unchanged == 3
    ana = project.annotator(project.people[0])
    for query, prompts in (
        (suggestion_filter("intent", "agent", values=["intent_rules"]), {0, 1}),
        (suggestion_filter("toxicity", "agent", values=["moderation:openai"]), {1}),
        (suggestion_filter("toxicity", "score", ge=0.95), {0}),
        (suggestion_filter("intent", "value", values=["code"]), {1}),
    ):
        found = {record["fields"]["prompt"] for record in ana.search(query)}
        assert found == {ROWS[place]["问"] for place in prompts}


def test_changed_suggestions_update_the_records_that_nobody_completed(
    project: TestProject, tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", ROWS)
    push(project, path, suggestions=[])
    assert on_server(project) == [{}, {}, {}]
    ana = project.annotator(project.people[0])
    (first,) = [record for record in ana.pending() if record["fields"]["prompt"] == ROWS[0]["问"]]
    ana.answer(first["id"], values={"quality": 5, "intent": ["chat"], "toxicity": "none"})
    summary = push(project, path, suggestions=RULES)
    assert (summary.loaded, summary.updated, summary.unchanged) == (0, 1, 2)
    assert [len(found) for found in on_server(project)] == [0, 2, 0]


def test_a_model_answers_what_the_rules_leave_open(project: TestProject, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", ROWS)
    with fake_endpoint() as endpoint:
        model = {"type": "llm", "questions": list(ANSWER), "url": endpoint.url, "model": "m"}
        project.rewrite(suggestions=[{"type": "intent_rules"}, model])
        dry = load_records_after_setup(project, path, dry_run=True)
        assert "would ask about 3; about" in dry.notes[0]
        assert not endpoint.asked
        summary = load_records_after_setup(project, path)
        assert "asked about 3; 300 tokens in and 30 out" in summary.notes[0]
        suggestions = on_server(project)
        agent = suggestions[2]["quality"][1]
        assert agent.startswith("m:")
        assert suggestions[0]["intent"] == (["rewrite"], "intent_rules", [0.97])
        assert suggestions[2] == {
            "quality": (6, agent, 0.8),
            "intent": (["code", "open_qa"], agent, [0.7, 0.7]),
            "toxicity": ("none", agent, 0.9),
        }
        assert load_records_after_setup(project, path).unchanged == 3
        assert sum(endpoint.asked.values()) == 3


def load_records_after_setup(project: TestProject, path: Path, *, dry_run: bool = False) -> LoadSummary:
    return push_to_argilla(
        path, project.config, connection=project.connection, home=project.home, dry_run=dry_run
    )[1]


def test_vectors_find_the_nearest_records(project: TestProject, tmp_path: Path) -> None:
    rows = [row("rain and storm"), row("python code"), row("sea storm"), row("zzz")]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    model = str(make_model(tmp_path / "model"))
    vector = {"name": "prompt", "title": "Prompt", "field": "prompt", "model": model, "dimensions": 4}
    assert push(project, path, vectors=[vector]).loaded == 4
    with project.owner() as owner:
        query = {"query": {"vector": {"name": "prompt", "value": [1.0, 0.0, 0.0, 0.0]}}}
        answer = owner.post(f"/api/v1/datasets/{project.dataset_id()}/records/search", json=query).json()
    prompts = [item["record"]["fields"]["prompt"] for item in answer["items"]]
    assert prompts[:3] == ["rain and storm", "sea storm", "python code"]
    assert load_records(path, project.config, connection=project.connection).unchanged == 4


def test_vectors_of_another_length_are_a_difference(project: TestProject, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", ROWS)
    push(project, path)
    vector = {"name": "prompt", "title": "Prompt", "field": "prompt", "model": "m", "dimensions": 4}
    project.rewrite(vectors=[vector])
    from sharegpt_argilla.errors import DatasetDiffersError

    with pytest.raises(DatasetDiffersError, match='vector "prompt" is in the file, not on the server'):
        load_records(path, project.config, connection=project.connection)
