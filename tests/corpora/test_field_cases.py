"""What people have on disk, a case for each kind: the rows of it, what is counted, and how the run ends."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.cli import main
from tests.corpora.layouts import conversation

TIME = "20230511 15:56:03"
Rows = list[tuple[str, int, str, str]]


def lines(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def run(capsys: pytest.CaptureFixture[str], *inputs: str) -> tuple[int, Rows, str]:
    """The exit code, the rows, and what was said."""
    code = main(["extract", *inputs, "-m", "auto", "-o", "rows.jsonl", "--create-time", TIME])
    rows: Rows = []
    if Path("rows.jsonl").exists():
        for line in Path("rows.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            extension = json.loads(row["元数据"]["扩展字段"])
            rows.append((extension["会话"], extension["多轮序号"], row["问"], row["答"]))
    return code, rows, capsys.readouterr().err


CASES: dict[str, tuple[str, Rows, list[str]]] = {
    "ids that end in a number": (
        lines(*(conversation(f"h: q{n}", f"g: a{n}", identity=f"balcony_{n}") for n in range(4))),
        [(f"balcony_{n}", 1, f"q{n}", f"a{n}") for n in range(4)],
        ["4 rows from 4 conversations (vicuna), 0 unanswered, 0 rejected"],
    ),
    "greetings, and a question that nobody answered": (
        lines(
            conversation("h: q", "g: a", "h: open?", identity="log_0"),
            conversation("g: Welcome!", "h: r", "g: b", identity="log_3"),
        ),
        [("log_0", 1, "q", "a"), ("log_0", 2, "open?", ""), ("log_3", 1, "r", "b")],
        ["1 unanswered", "1 answer without a question dropped"],
    ),
    "one id, two conversations": (
        lines(conversation("h: q", "g: a", identity="7"), conversation("h: r", "g: b", identity="7")),
        [("7", 1, "q", "a"), ("7#2", 1, "r", "b")],
        ["1 conversation with an id that another has"],
    ),
    "parts with a value": (
        lines(
            {
                "id": "v",
                "messages": [
                    user([{"type": "text", "value": "q"}]),
                    assistant([{"type": "reasoning", "value": "r"}, {"type": "text", "value": "a"}]),
                ],
            }
        ),
        [("v", 1, "q", "a")],
        ["1 reasoning part left out"],
    ),
    "tools among the turns": (
        lines(
            {
                "id": "t",
                "conversations": [
                    {"from": "human", "value": "q"},
                    {"from": "function_call", "value": "{}"},
                    {"from": "observation", "value": "{}"},
                    {"from": "gpt", "value": "a"},
                ],
            }
        ),
        [("t", 1, "q", "a")],
        ["1 tool call left out", "1 tool message left out"],
    ),
    "messages of Anthropic": (
        lines(
            {
                "id": "n",
                "system": [{"type": "text", "text": "s"}],
                "messages": [
                    user([{"type": "image", "source": {}}, {"type": "text", "text": "q"}]),
                    assistant([{"type": "text", "text": "a"}, {"type": "tool_use", "id": "1", "name": "f"}]),
                    user([{"type": "tool_result", "tool_use_id": "1", "content": "x"}]),
                    assistant("b"),
                ],
            }
        ),
        [("n", 1, "q", "a\n\nb")],
        ["1 image left out", "1 tool call left out", "1 tool message left out"],
    ),
    "contents of Gemini": (
        lines(
            {
                "id": "g",
                "contents": [
                    {"parts": [{"text": "q"}]},
                    {"role": "model", "parts": [{"text": "t", "thought": True}, {"text": "a"}]},
                ],
            }
        ),
        [("g", 1, "q", "a")],
        ["1 reasoning part left out"],
    ),
    "messages under conversations": (
        lines({"id": "c", "conversations": [user("q"), assistant("a")]}),
        [("c", 1, "q", "a")],
        ["(messages)"],
    ),
    "a tree of ChatGPT without its links": (
        lines(
            {
                "id": "m",
                "mapping": {
                    "2": {
                        "message": {"author": {"role": "assistant"}, "content": {"parts": ["a"]}, "create_time": 2}
                    },
                    "1": {"message": {"author": {"role": "user"}, "content": {"parts": ["q"]}, "create_time": 1}},
                },
            }
        ),
        [("m", 1, "q", "a")],
        ["(chatgpt_export)"],
    ),
    "a vote with an id and a timestamp": (
        lines(
            {
                "id": "v1",
                "model_a": "m",
                "model_b": "n",
                "winner": "both_bad",
                "conversation_a": [
                    user([{"type": "text", "text": "q"}]),
                    assistant([{"type": "text", "text": "a"}]),
                ],
                "conversation_b": [
                    user([{"type": "text", "text": "q"}]),
                    assistant([{"type": "text", "text": "b"}]),
                ],
                "timestamp": "2025-04-17T10:00:00",
            }
        ),
        [("v1_a", 1, "q", "a"), ("v1_b", 1, "q", "b")],
        ["(arena)"],
    ),
    "a better and a worse answer": (
        lines({"id": "p", "prompt": "q", "chosen": "a", "rejected": "b"}),
        [("p", 1, "q", "a"), ("p", 1, "q", "b")],
        ["(preference)"],
    ),
    "Windows line endings and a mark": (
        "\ufeff" + lines({"id": "w", "messages": [user("q"), assistant("a")]}).replace("\n", "\r\n"),
        [("w", 1, "q", "a")],
        [],
    ),
    "numbers of pandas and ids of MongoDB": (
        lines(
            {"id": 3.0, "messages": [user("q"), assistant("a")]},
            {"id": {"$oid": "5f"}, "messages": [user("r"), assistant("b")]},
        ),
        [("3", 1, "q", "a"), ("5f", 1, "r", "b")],
        [],
    ),
    "an answer that is null": (
        lines({"id": "z", "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": None}]}),
        [("z", 1, "q", "")],
        ["1 unanswered", "1 blank answer ignored"],
    ),
}


@pytest.mark.parametrize(("content", "rows", "told"), CASES.values(), ids=list(CASES))
def test_the_rows_of_a_file(
    content: str, rows: Rows, told: list[str], tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("input.jsonl").write_text(content, encoding="utf-8", newline="")
    code, found, said = run(capsys, "input.jsonl")
    assert (code, found) == (0, rows)
    assert all(words in said for words in told)


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "q", "canonical_solution": "return 2", "test": "assert"},
        {"prompt": [user("q")], "gold": "a"},
        {"text": "labels", "labels": ["x"]},
        {"conversations": ["q", "a"]},
    ],
)
def test_what_is_not_known_is_refused_with_its_keys(
    record: dict[str, Any], tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("input.jsonl").write_text(lines(record), encoding="utf-8")
    code, found, said = run(capsys, "input.jsonl")
    assert (code, found) == (1, [])
    assert f"no known corpus looks like this (keys: {', '.join(record)})" in said


@pytest.mark.parametrize(
    "inputs", [["."], ["conversations.json", "user.json"], ["user.json", "conversations.json"]]
)
@pytest.mark.parametrize("companion", ['[{"id": "u", "email": "me@home.example"}]', '[{"email": "me@home.example'])
def test_companions_are_skipped_and_never_rejected(
    inputs: list[str], companion: str, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("user.json").write_text(companion, encoding="utf-8")
    Path("conversations.json").write_text(lines(conversation("h: q", "g: a", identity="1")), encoding="utf-8")
    code, found, said = run(capsys, *inputs)
    assert (code, found) == (0, [("1", 1, "q", "a")])
    assert "skipped 1 file: user.json" in said
    assert not Path("rejected.jsonl").exists()


def test_a_companion_alone_is_refused(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("user.json").write_text('[{"id": "u", "email": "me@home.example"}]', encoding="utf-8")
    code, _, said = run(capsys, "user.json")
    assert code == 1
    assert said.count("\n") == 1
    assert "nothing in it is a conversation that can be read; skipped: user.json" in said
    assert not Path("rejected.jsonl").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no record at all"),
        ("{'id': 1}\n", "no record can be read (first: input.jsonl:1: not valid JSON"),
        ('{"id": "a\x01"}\n', "no record can be read (first: input.jsonl:1: not valid JSON"),
    ],
)
def test_a_file_without_a_record_says_why(
    content: str, words: str, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("input.jsonl").write_text(content, encoding="utf-8")
    code, _, said = run(capsys, "input.jsonl")
    assert code == 1
    assert words in said


@pytest.mark.parametrize("model", ["auto", "vicuna"])
def test_pieces_over_standard_input_are_those_of_a_file(model: str, tmp_path: Path) -> None:
    pieces = [
        conversation("h: q1", "g: a1", "h: q2", identity="aB34567_0"),
        conversation("g: a4", "h: q5", "g: a5", identity="aB34567_7"),
        conversation("g: a2", "h: q3", "g: a3", "h: q4", identity="aB34567_3"),
        *(conversation(f"h: q{n}", f"g: a{n}", identity=f"medical_{n}") for n in range(3)),
        *(conversation("h: r1", "g: b1", "h: r2", "g: b2", identity=f"story_{n}") for n in (0, 4)),
    ]
    (tmp_path / "raw.jsonl").write_text(lines(*pieces), encoding="utf-8")
    outputs = []
    for source, given in (("raw.jsonl", None), ("-", (tmp_path / "raw.jsonl").read_bytes())):
        code = "import sys; from sharegpt_argilla.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", code, "extract", source, "-m", model, "-o", "-", "--create-time", TIME]
        done = subprocess.run(command, input=given, capture_output=True, check=True, cwd=tmp_path)
        outputs.append(sorted(done.stdout.splitlines()))
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) == 12
