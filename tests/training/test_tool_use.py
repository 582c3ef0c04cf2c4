"""Tools in training files: what `extract --keep-tools` keeps, the formats write, and readers get back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import pytest

from sharegpt_argilla.cli import main
from sharegpt_argilla.rows import Row
from sharegpt_argilla.training.tool_use import CHANGED, TOO_RICH
from sharegpt_argilla.training.trainer_configs import DATASET_INFO
from tests.training.rows import CONFIG, GOOD, made, row, run, save

DEFINITION = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
QUESTION = {"role": "user", "content": "Weather?"}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "rain"}
ANSWER = {"role": "assistant", "content": "It rains."}


def call(said: str = "", *ids: str) -> dict[str, Any]:
    function = {"name": "weather", "arguments": '{"city": "Bath"}'}
    calls = [{"id": name, "type": "function", "function": function} for name in ids or ("c1",)]
    return {"role": "assistant", "content": said, "tool_calls": calls}


STEPS = [call(), RESULT, ANSWER]
SHAREGPT = [
    {"from": "human", "value": "Weather?"},
    {"from": "function_call", "value": '{"name": "weather", "arguments": {"city": "Bath"}}'},
    {"from": "observation", "value": "rain"},
    {"from": "gpt", "value": "It rains."},
]


def used(steps: list[dict[str, Any]], answer: str = "It rains.", **extra: Any) -> Row:
    return row("Weather?", answer, GOOD, tools=[DEFINITION], tool_messages=steps, **extra)


@pytest.mark.parametrize(("layout", "model"), [("messages", "messages"), ("sharegpt", "vicuna")])
def test_rows_with_tools_come_back_as_they_went_out(
    layout: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record = {"id": "s", "tools": [DEFINITION], "messages": [QUESTION, *STEPS]}
    Path("raw.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    time = ["--create-time", "20230511 15:56:03"]
    assert main(["extract", "raw.jsonl", "-m", "messages", "--keep-tools", "-o", "rows.jsonl", *time]) == 0
    options = ["--unannotated", "--config", str(CONFIG)]
    assert main(["training", "rows.jsonl", "--format", layout, "-o", "out.jsonl", *options]) == 0
    assert main(["extract", "out.jsonl", "-m", model, "--keep-tools", "-o", "back.jsonl", *time]) == 0
    first, second = (
        json.loads(json.loads(Path(name).read_text(encoding="utf-8"))["元数据"]["扩展字段"])
        for name in ("rows.jsonl", "back.jsonl")
    )
    assert second["tools"] == first["tools"] == [DEFINITION]
    said = json.dumps(first["tool_messages"]).replace("c1", "call_1" if layout == "sharegpt" else "c1")
    assert second["tool_messages"] == json.loads(said)


def test_messages_have_calls_results_and_definitions(tmp_path: Path) -> None:
    rows = [row("Hello.", "Hi.", GOOD, session="t"), used(STEPS)]
    assert made(tmp_path, rows, "messages") == [
        {"messages": [QUESTION, *STEPS], "tools": [DEFINITION]},
        {"messages": [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Hi."}]},
    ]
    assert not (tmp_path / DATASET_INFO).exists()


def test_sharegpt_has_the_turns_that_llama_factory_takes(tmp_path: Path) -> None:
    """Its converter: (human or observation), then (gpt or function_call), in turn; ``tools`` is a text."""
    rows = [row("Hello.", "Hi.", GOOD, session="t"), used(STEPS)]
    with_tools, without = made(tmp_path, rows, "sharegpt")
    assert (with_tools["conversations"], without["tools"]) == (SHAREGPT, "")
    assert json.loads(with_tools["tools"]) == [DEFINITION["function"]]
    (entry,) = json.loads((tmp_path / DATASET_INFO).read_text(encoding="utf-8")).values()
    assert entry["columns"] == {"messages": "conversations", "tools": "tools"}
    tags = entry["tags"]
    roles = [[tags["user_tag"], tags["observation_tag"]], [tags["assistant_tag"], tags["function_tag"]]]
    for number, turn in enumerate(with_tools["conversations"]):
        assert turn["from"] in roles[number % 2]


@pytest.mark.parametrize(
    ("steps", "answer"),
    [
        ([call("Let me look."), RESULT, ANSWER], "Let me look.\n\nIt rains."),
        ([call("", "c1", "c2"), RESULT, {**RESULT, "tool_call_id": "c2"}, ANSWER], "It rains."),
    ],
    ids=["next to a text", "two at once"],
)
def test_what_sharegpt_cannot_write_is_left_out_with_a_reason(
    steps: list[dict[str, Any]], answer: str, tmp_path: Path
) -> None:
    assert run(tmp_path, [used(steps, answer)], "sharegpt").left_out[TOO_RICH] == 1
    assert made(tmp_path, [used(steps, answer)], "messages")[0]["messages"] == [QUESTION, *steps]


def test_an_answer_that_was_changed_is_left_out_with_a_reason(tmp_path: Path) -> None:
    for layout in ("messages", "sharegpt"):
        assert run(tmp_path, [used(STEPS, "It snows.")], layout).left_out[CHANGED] == 1


def test_definitions_alone_are_not_written(tmp_path: Path) -> None:
    """Without ``tool_messages`` nobody knows what was called: half of it would teach to call nothing."""
    (training_row,) = made(tmp_path, [row("Weather?", "It rains.", GOOD, tools=[DEFINITION])], "messages")
    assert training_row == {"messages": [QUESTION, ANSWER]}


@pytest.mark.parametrize("layout", ["prompt_completion_messages", "kto", "alpaca"])
def test_other_formats_say_what_they_drop(layout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        used(STEPS),
        row("Thanks.", "Welcome.", GOOD, turn=2, tool_messages=[]),
        row("Hello.", "Hi.", GOOD, session="t"),
    ]
    source = str(save(tmp_path, rows))
    options = ["--format", layout, "-o", str(tmp_path / "out.jsonl"), "--config", str(CONFIG)]
    assert main(["training", source, *options]) == 0
    lacking = 1 if layout == "kto" else 2
    lack = f"{lacking} of 3 training rows lack the tools of their conversation"
    assert f"warning: {lack}; --format messages writes them" in capsys.readouterr().err


def test_datasets_loads_a_file_whose_tools_come_late(tmp_path: Path) -> None:
    early = [row("x" * 20_000, "Hi.", GOOD, session=f"t{n}") for n in range(540)]
    other = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "default": 5}}}
    late = [used(STEPS), row("Weather?", "It rains.", GOOD, session="u", tools=[other], tool_messages=STEPS)]
    run(tmp_path, [*early, *late], "messages")
    files = str(tmp_path / "out.jsonl")
    back = datasets.load_dataset("json", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    assert back.num_rows == len(early) + len(late)
    assert back[0]["tools"] == [DEFINITION]
    assert back[1]["messages"] == [QUESTION, *STEPS]
