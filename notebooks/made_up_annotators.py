"""Annotators who are functions: they answer by words in the prompt, through the calls that the page makes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import yaml

from sharegpt_argilla.settings import default_home, find_connection, find_password

ROOT = Path(__file__).resolve().parent.parent
Answer = dict[str, Any]

WORDS = {
    "code": ("python", "sql", "code", "function", "script", "shell", "command", "html", "```"),
    "rewrite": ("rewrite", "rephrase", "translate", "shorter", "polite", "say in", "turn this"),
    "summarization": ("summar", "sum up", "headline"),
    "brainstorming": ("ideas", "suggest", "names for", "tips", "plan"),
    "generation": ("write", "draft", "poem", "story", "haiku", "letter", "make a", "give me"),
}
"""Intent -> what gives it away."""
QUESTIONS = {"closed_qa": ("what", "who", "when", "where", "which"), "open_qa": ("why", "how")}


def make_project(folder: Path, dataset: str, people: list[str], overlap: int = 1, **sections: Any) -> Path:
    """The project that ships, as another dataset for these people; returns its file in ``folder``."""
    content = yaml.safe_load((ROOT / "dataset-config.yml").read_text(encoding="utf-8"))
    content |= {
        "dataset": dataset,
        "people": [{"username": name} for name in people],
        "assignment": {"overlap": overlap},
        **sections,
    }
    config = folder / "dataset-config.yml"
    config.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    (folder / "guidelines.md").write_bytes((ROOT / "guidelines.md").read_bytes())
    return config


def careful(prompt: str) -> Answer:
    """Reads to the end: every intent whose words are there, a rating by length, risky advice marked."""
    text = prompt.lower()
    intents = [intent for intent, words in WORDS.items() if any(word in text for word in words)]
    # A question is what asks for nothing else; what asks nothing is small talk.
    intents = intents or [intent for intent, words in QUESTIONS.items() if any(word in text for word in words)]
    advice = any(word in text for word in ("doctor", "medicine", "landlord", "court", "dose"))
    toxicity = "unqualified_advice" if advice else "harmful" if "frighten" in text or "threat" in text else "none"
    return {"quality": min(7, 2 + len(prompt) // 40), "intent": intents or ["chat"], "toxicity": toxicity}


def hasty(prompt: str) -> Answer:
    """Stops after the first intent, is harder on short prompts, overlooks advice."""
    answer = careful(prompt)
    quality = answer["quality"] - (len(prompt) < 60)
    toxicity = "none" if answer["toxicity"] == "unqualified_advice" else answer["toxicity"]
    return {"quality": max(1, quality), "intent": answer["intent"][:1], "toxicity": toxicity}


def annotate(
    config: Path, username: str, decide: Callable[[str], Answer], limit: int = 100, dataset: str = ""
) -> int:
    """Answer what is pending in somebody's queue, ``limit`` records at most; returns how many were answered.

    ``dataset``: another one than the project's own.
    """
    project = yaml.safe_load(config.read_text(encoding="utf-8"))
    url = find_connection().api_url
    form = {"username": username, "password": find_password(default_home(), username, url)}
    token = httpx.post(f"{url}/api/v1/token", data=form).raise_for_status().json()["access_token"]
    with httpx.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60) as api:
        datasets = api.get("/me/datasets").raise_for_status().json()["items"]
        (dataset_id,) = [one["id"] for one in datasets if one["name"] == (dataset or project["dataset"])]
        pending = [
            {"type": "terms", "scope": {"entity": entity, "property": "status"}, "values": ["pending"]}
            for entity in ("response", "record")
        ]
        found = api.post(
            f"/me/datasets/{dataset_id}/records/search",
            json={"filters": {"and": pending}},
            params={"limit": 1000},
        ).raise_for_status()
        # Always the same records: the order of the queue changes from one server to the next.
        records = [item["record"] for item in found.json()["items"]]
        records = sorted(records, key=lambda record: str(record["external_id"]))[:limit]
        for record in records:
            values = {name: {"value": value} for name, value in decide(record["fields"]["prompt"]).items()}
            body = {"status": "submitted", "values": values}
            api.post(f"/records/{record['id']}/responses", json=body).raise_for_status()
    return len(records)
