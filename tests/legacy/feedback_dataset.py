"""A FeedbackDataset as Argilla 1.x pushed it to the Hub: the layout of dvilasuero/sharegpt-curation, own texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

PEOPLE = ("0f6d3c9a-1f6e-4f0b-8d3e-0b7a2f1c5e01", "7c1b2e44-9a5d-4a67-b0d2-5d9f3a8e6b02")
ARGILLA_YAML = """\
allow_extra_metadata: true
fields:
- name: prompt
  required: true
  title: Prompt
  type: text
  use_markdown: true
- name: response
  required: true
  title: Response
  type: text
  use_markdown: true
guidelines: Rate the prompt. Choose its intent. Mark what is toxic.
metadata_properties:
- name: prompt_n_tokens
  title: prompt_n_tokens
  type: integer
  visible_for_annotators: true
  max: null
  min: null
questions:
- description: How would you rate the quality of the prompt?
  name: prompt-quality
  required: true
  title: Prompt-quality
  type: rating
  values: [1, 2, 3, 4, 5, 6, 7]
- description: What is the intent of the prompt?
  labels: [generation, rewrite, extract, closed-qa, open-qa, classification, summarization, brainstorming,
    chat, code, other]
  name: prompt-intent
  required: true
  title: Prompt-intent
  type: label_selection
  visible_labels: 11
- description: What are the toxicities in the response (if any)?
  labels: [illegal, harmfull, unqualified advice]
  name: response-toxicity
  required: false
  title: Response-toxicity
  type: multi_label_selection
  visible_labels: 3
vectors_settings:
- dimensions: 384
  name: prompt
  title: prompt
"""


def answer(person: int | None, value: Any, status: str = "submitted") -> dict[str, Any]:
    """What one person said to one question."""
    return {"user_id": None if person is None else PEOPLE[person], "value": value, "status": status}


def record(prompt: str, response: str, *, external_id: str | None = None, **columns: Any) -> dict[str, Any]:
    """A row of the dataset; ``prompt_quality`` is the column ``prompt-quality``."""
    suggestion = {"type": None, "score": None, "agent": None}
    row: dict[str, Any] = {"prompt": prompt, "response": response}
    for question in ("prompt-quality", "prompt-intent", "response-toxicity"):
        row[question] = []
        row[f"{question}-suggestion"] = None
        row[f"{question}-suggestion-metadata"] = suggestion
    row |= {key.replace("_", "-"): value for key, value in columns.items() if key != "metadata"}
    row["external_id"] = external_id
    row["metadata"] = json.dumps(columns.get("metadata", {"prompt_n_tokens": len(prompt.split())}))
    return row


def records() -> list[dict[str, Any]]:
    """Two people, a discard, a draft, a suggestion, a record that nobody answered."""
    return [
        record(
            "Write a limerick about fog.",
            "<p>A fog came …</p>",
            external_id="row-1",
            prompt_quality=[answer(0, 6), answer(1, 4)],
            prompt_intent=[answer(0, "generation"), answer(1, "generation")],
            response_toxicity=[answer(1, ["harmfull", "unqualified advice"])],
            prompt_intent_suggestion="generation",
            prompt_intent_suggestion_metadata={"type": "model", "score": 0.75, "agent": "mistral-7b"},
        ),
        record("ok", "Fine.", prompt_quality=[answer(0, 1, "discarded")]),
        record("Is rain wet?", "Yes.", prompt_quality=[answer(0, 5, "draft")]),
        record("Sum up this page.", "I cannot."),
        record("Who am I?", "A person.", prompt_quality=[answer(None, 3), answer(None, 5)]),
    ]


def write_dataset(folder: Path, rows: list[dict[str, Any]], kind: str = "jsonl") -> Path:
    """The files in a folder: ``jsonl``, ``parquet``, or ``sequence``, the three lists of ``datasets.Sequence``."""
    folder.mkdir(exist_ok=True)
    (folder / "argilla.yaml").write_text(ARGILLA_YAML, encoding="utf-8")
    if kind == "sequence":
        rows = [{key: _columns(value) for key, value in row.items()} for row in rows]
    if kind == "parquet":
        (folder / "data").mkdir(exist_ok=True)
        parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "data" / "train-00000-of-00001-3f1c.parquet")
    else:
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        (folder / "records.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


def _columns(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {key: [item[key] for item in value] for key in value[0]}
    return value
