"""What trainers document as their formats, as JSON Schema, against what is written.

TRL: "Dataset formats and types". LLaMA-Factory: ``data/README.md``, and that its converter wants people and model
by turns. axolotl: ``prompt_strategies/dpo/chatml.py``. OpenAI: "Direct preference optimization". ms-swift: "Custom
dataset", RLHF. The validator knows as much of JSON Schema as these need.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.training.rows import made, sample, sample_of

TEXT = {"type": "string"}
Schema = dict[str, Any]
FILLED: Schema = {"type": "string", "minLength": 1}


def an_object(**properties: Schema) -> Schema:
    """An object with exactly these keys."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def a_list(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


MESSAGE = an_object(role={"enum": ["system", "user", "assistant"]}, content=FILLED)
FROM_MODEL = an_object(role={"enum": ["assistant"]}, content=FILLED)
ROLES: Schema = {"enum": ["system", "human", "gpt"]}
GPT: Schema = {"enum": ["gpt"]}
SHAREGPT = an_object(**{"from": ROLES, "value": FILLED})
FROM_GPT = an_object(**{"from": GPT, "value": FILLED})
SCHEMAS: dict[str, Schema] = {
    "prompt_completion": an_object(prompt=FILLED, completion=FILLED),
    "prompt_completion_messages": an_object(prompt=a_list(MESSAGE), completion=a_list(FROM_MODEL)),
    "messages": an_object(messages=a_list(MESSAGE)),
    "grpo": an_object(prompt=a_list(MESSAGE), ground_truth=FILLED, id=FILLED),
    "dpo_messages": an_object(prompt=a_list(MESSAGE), chosen=a_list(FROM_MODEL), rejected=a_list(FROM_MODEL)),
    "dpo_openai": an_object(
        input=an_object(messages=a_list(MESSAGE)),
        preferred_output=a_list(FROM_MODEL),
        non_preferred_output=a_list(FROM_MODEL),
    ),
    "dpo_swift": an_object(messages=a_list(MESSAGE), rejected_response=FILLED),
    "kto_messages": an_object(prompt=a_list(MESSAGE), completion=a_list(FROM_MODEL), label={"type": "boolean"}),
    "kto_swift": an_object(messages=a_list(MESSAGE), label={"type": "boolean"}),
    "stepwise": an_object(prompt=FILLED, completions=a_list(FILLED), labels=a_list({"type": "boolean"})),
    "dpo": an_object(prompt=FILLED, chosen=FILLED, rejected=FILLED),
    "kto": an_object(prompt=FILLED, completion=FILLED, label={"type": "boolean"}),
    "reward": an_object(chosen=a_list(MESSAGE), rejected=a_list(MESSAGE)),
    "kochatgpt_ppo": an_object(prompt=FILLED),
    "alpaca": an_object(
        instruction=FILLED,
        input=TEXT,
        output=FILLED,
        system=TEXT,
        history={"type": "array", "items": {"type": "array", "items": TEXT, "minItems": 2}},
    ),
    "sharegpt": an_object(id=FILLED, conversations=a_list(SHAREGPT)),
    "dpo_llamafactory": an_object(conversations=a_list(SHAREGPT), chosen=FROM_GPT, rejected=FROM_GPT, system=TEXT),
    "dpo_axolotl": an_object(system=TEXT, instruction=FILLED, chosen_response=FILLED, rejected_response=FILLED),
}
TYPES = {"string": str, "object": dict, "array": list, "boolean": bool}


def check(value: Any, schema: Schema, where: str = "row") -> None:
    """Assert that the value is of the schema."""
    if "enum" in schema:
        assert value in schema["enum"], where
        return
    assert isinstance(value, TYPES[schema["type"]]), where
    assert not isinstance(value, str | list) or len(value) >= schema.get("minLength", schema.get("minItems", 0)), (
        where
    )
    if isinstance(value, list):
        for place, item in enumerate(value):
            check(item, schema["items"], f"{where}[{place}]")
    if isinstance(value, dict):
        assert set(schema["required"]) <= set(value) <= set(schema["properties"]), where
        for key, item in value.items():
            check(item, schema["properties"][key], f"{where}.{key}")


@pytest.mark.parametrize("layout", SCHEMAS)
def test_every_row_is_of_the_documented_schema(layout: str, tmp_path: Path) -> None:
    found = made(tmp_path, sample_of(layout), layout)
    assert found
    for row in found:
        check(row, SCHEMAS[layout])


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"prompt": ""}, SCHEMAS["kochatgpt_ppo"]),
        ({"prompt": "q", "more": "x"}, SCHEMAS["kochatgpt_ppo"]),
        ({}, SCHEMAS["kochatgpt_ppo"]),
        ({"messages": []}, SCHEMAS["messages"]),
        ({"messages": [{"role": "gpt", "content": "x"}]}, SCHEMAS["messages"]),
        ({"prompt": "q", "completion": "c", "label": "yes"}, SCHEMAS["kto"]),
    ],
)
def test_the_validator_refuses(value: Any, schema: Schema) -> None:
    with pytest.raises(AssertionError):
        check(value, schema)


@pytest.mark.parametrize(
    ("layout", "key", "last"),
    [("sharegpt", "conversations", "gpt"), ("dpo_llamafactory", "conversations", "human")],
)
def test_llamafactory_finds_people_and_model_by_turns(layout: str, key: str, last: str, tmp_path: Path) -> None:
    for row in made(tmp_path, sample(), layout):
        roles = [turn["from"] for turn in row["conversations"]]
        roles = roles[1:] if roles[0] == "system" else roles
        assert roles == [("human", "gpt")[place % 2] for place in range(len(roles))]
        assert roles[-1] == last


def test_trl_takes_the_two_conversations_to_share_their_prompt(tmp_path: Path) -> None:
    for row in made(tmp_path, sample(), "reward"):
        assert row["chosen"][:-1] == row["rejected"][:-1]
        assert row["chosen"][-1] != row["rejected"][-1]
        assert row["chosen"][-1]["role"] == "assistant"
