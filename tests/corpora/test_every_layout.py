"""Conversations in any layout, under ids of any form, in any number of files: the same conversations come back."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.sharegpt import has_sharegpt_form, piece_of
from tests.corpora.test_sessions import Told, told

Rounds = list[tuple[str, str]]
Writer = Callable[[str, Rounds], list[Any]]
"""The records of one conversation with that id."""


def messages(rounds: Rounds, asks: str = "user", answers: str = "assistant", **keys: str) -> list[dict[str, Any]]:
    role, content = keys.get("role", "role"), keys.get("content", "content")
    return [{role: who, content: text} for pair in rounds for who, text in zip((asks, answers), pair, strict=True)]


def sharegpt(identity: str, rounds: Rounds) -> list[Any]:
    return [{"id": identity, "conversations": messages(rounds, "human", "gpt", role="from", content="value")}]


def parts(kind: str) -> Writer:
    def write(identity: str, rounds: Rounds) -> list[Any]:
        typed = [{**item, "content": [{"type": "text", kind: item["content"]}]} for item in messages(rounds)]
        return [{"id": identity, "messages": typed}]

    return write


def gemini(identity: str, rounds: Rounds) -> list[Any]:
    contents = [
        {"role": item["role"], "parts": [{"text": item["content"]}]} for item in messages(rounds, answers="model")
    ]
    return [{"id": identity, "contents": contents}]


def pairs(asked: str, answered: str, **more: Any) -> Writer:
    def write(identity: str, rounds: Rounds) -> list[Any]:
        return [
            {"conversation_id": identity, "conversation": [{asked: q, answered: a} for q, a in rounds], **more}
        ]

    return write


def arena(identity: str, rounds: Rounds) -> list[Any]:
    talk = messages(rounds)
    sides = {"conversation_a": talk, "conversation_b": talk, "model_a": "m", "model_b": "n"}
    return [{"question_id": identity, **sides, "winner": "tie", "language": "en", "tstamp": 1.0}]


def zetavg(identity: str, rounds: Rounds) -> list[Any]:
    turns = messages(rounds, "human", "gpt", role="from", content="value")
    return [{"id": identity, "conversations": [{**turn, "markdown": turn["value"]} for turn in turns]}]


def nodes(identity: str, rounds: Rounds) -> tuple[list[str], list[dict[str, Any]]]:
    items = messages(rounds)
    return [f"{identity}-{number}" for number in range(len(items))], items


def oasst(identity: str, rounds: Rounds) -> list[Any]:
    keys, items = nodes(identity, rounds)
    reply: dict[str, Any] = {}
    for key, item in reversed(list(zip(keys, items, strict=True))):
        role = "prompter" if item["role"] == "user" else "assistant"
        reply = {"message_id": key, "role": role, "text": item["content"], "replies": [reply] if reply else []}
    return [{"message_tree_id": identity, "prompt": reply}]


def chatgpt(identity: str, rounds: Rounds) -> list[Any]:
    keys, items = nodes("n", rounds)
    mapping = {
        key: {
            "id": key,
            "parent": keys[number - 1] if number else None,
            "children": keys[number + 1 : number + 2],
            "message": {
                "author": {"role": item["role"]},
                "content": {"content_type": "text", "parts": [item["content"]]},
            },
        }
        for number, (key, item) in enumerate(zip(keys, items, strict=True))
    }
    return [{"conversation_id": identity, "title": "t", "mapping": mapping, "current_node": keys[-1]}]


def chatgpt_list(identity: str, rounds: Rounds) -> list[Any]:
    (record,) = chatgpt(identity, rounds)
    return [{**record, "mapping": [{"message": node["message"]} for node in record["mapping"].values()]}]


def claude(identity: str, rounds: Rounds) -> list[Any]:
    said = [
        {"sender": item["role"], "text": "filler", "content": [{"type": "text", "text": item["content"]}]}
        for item in messages(rounds, "human")
    ]
    return [{"uuid": identity, "name": "n", "chat_messages": said}]


def librechat(identity: str, rounds: Rounds) -> list[Any]:
    keys, items = nodes("n", rounds)
    said = [
        {
            "messageId": key,
            "parentMessageId": keys[number - 1] if number else "0",
            "isCreatedByUser": item["role"] == "user",
            "sender": item["role"],
            "text": item["content"],
        }
        for number, (key, item) in enumerate(zip(keys, items, strict=True))
    ]
    return [{"conversationId": identity, "messages": said}]


def open_webui(identity: str, rounds: Rounds) -> list[Any]:
    keys, items = nodes("n", rounds)
    tree = {
        key: {**item, "id": key, "parentId": keys[number - 1] if number else None}
        for number, (key, item) in enumerate(zip(keys, items, strict=True))
    }
    return [{"id": identity, "chat": {"history": {"currentId": keys[-1], "messages": tree}}}]


def repeated(asked: str, answered: str) -> Writer:
    def write(identity: str, rounds: Rounds) -> list[Any]:
        return [
            {"id": identity, asked: q, answered: a, "history": [list(pair) for pair in rounds[:number]]}
            for number, (q, a) in enumerate(rounds)
        ]

    return write


def table(identity: str, rounds: Rounds) -> list[Any]:
    return [
        {"prompt": q, "answer": a, "session": identity, "turn": number} for number, (q, a) in enumerate(rounds, 1)
    ]


def completions(identity: str, rounds: Rounds) -> list[Any]:
    talk = messages(rounds)
    return [
        {"id": identity, "prompt": talk[: number - 1], "completion": talk[number - 1 : number]}
        for number in range(2, len(talk) + 1, 2)
    ]


def compared(identity: str, rounds: Rounds) -> list[Any]:
    *before, (asked, answer) = rounds
    talk = [*messages(before), {"role": "user", "content": asked}]
    return [{"id": identity, "prompt": talk, "chosen": answer, "rejected": f"not {answer}"}]


def chatml(identity: str, rounds: Rounds) -> list[Any]:
    said = (f"<|im_start|>{item['role']}\n{item['content']}<|im_end|>\n" for item in messages(rounds))
    return [{"id": identity, "text": "".join(said)}]


def multilang(identity: str, rounds: Rounds) -> list[Any]:
    return [
        {"id": identity, "lang": "en", "text": "".join(f"\n<|user|>: {q}\n\n<|bot|>: {a}\n" for q, a in rounds)}
    ]


def sillytavern(_identity: str, rounds: Rounds) -> list[Any]:
    said = ({"name": "n", "is_user": item["role"] == "user", "mes": item["content"]} for item in messages(rounds))
    return [{"user_name": "u", "character_name": "c"}, *said]


def ryokoai(identity: str, rounds: Rounds) -> list[Any]:
    (record,) = sharegpt(identity, rounds)
    for turn in record["conversations"][1::2]:
        turn["value"] = f"<p>{turn['value']}</p>"
    return [record]


def turn_log(_identity: str, rounds: Rounds) -> list[Any]:
    return [
        {
            "timestamp": 60.0 * number,
            "model": "m",
            "messages": [*messages(rounds[:number]), {"role": "user", "content": asked}],
            "response": answer,
        }
        for number, (asked, answer) in enumerate(rounds)
    ]


def ai_studio(_identity: str, rounds: Rounds) -> list[Any]:
    return [{"chunkedPrompt": {"chunks": messages(rounds, answers="model", content="text")}}]


def gemini_takeout(_identity: str, rounds: Rounds) -> list[Any]:
    return [
        {"header": "Gemini Apps", "title": f"Prompted {asked}", "safeHtmlItem": [{"html": f"<p>{answer}</p>"}]}
        for asked, answer in rounds
    ]


def seed_tasks(identity: str, rounds: Rounds) -> list[Any]:
    return [
        {"id": identity, "instruction": asked, "instances": [{"input": "", "output": answer}]}
        for asked, answer in rounds
    ]


def blocks(_identity: str, rounds: Rounds) -> list[Any]:
    said = (f"<{item['role']}>: {item['content']}\n" for item in messages(rounds, "Orang", "Chatbot"))
    return ["<<start conversation>>\n" + "".join(said)]


LAYOUTS: dict[str, Writer] = {
    "sharegpt": sharegpt,
    "messages": lambda identity, rounds: [{"id": identity, "messages": messages(rounds)}],
    "conversations": lambda identity, rounds: [{"id": identity, "conversations": messages(rounds)}],
    "lists": lambda _identity, rounds: [messages(rounds)],
    "parts of OpenAI and Anthropic": parts("text"),
    "parts of LLaMA-Factory": parts("value"),
    "gemini": gemini,
    "common": pairs("human", "assistant"),
    "zetavg": zetavg,
    "wildchat": lambda identity, rounds: [
        {"conversation_hash": identity, "model": "m", "conversation": messages(rounds)}
    ],
    "lmsys": lambda identity, rounds: [
        {"conversation_id": identity, "model": "m", "conversation": messages(rounds), "turn": 1, "redacted": True}
    ],
    "arena": arena,
    "oasst": oasst,
    "chatgpt_export": chatgpt,
    "a list of nodes": chatgpt_list,
    "claude_export": claude,
    "librechat": librechat,
    "open_webui": open_webui,
    "alpaca": repeated("instruction", "output"),
    "question_answer": repeated("query", "response"),
    "a table": table,
    "prompts and completions": completions,
    "preference": compared,
    "chat_template": chatml,
    "multilang": multilang,
    "sillytavern": sillytavern,
    "ryokoai": ryokoai,
    "turn_log": turn_log,
    "ai_studio": ai_studio,
    "gemini_takeout": gemini_takeout,
    "seed_tasks": seed_tasks,
    "baiduzhidao": lambda _identity, rounds: [{"input": asked, "output": answer} for asked, answer in rounds],
    "kochatgpt_conversation": blocks,
}
SINGLE = {"gemini_takeout", "seed_tasks", "baiduzhidao"}
"""A record has one question and its answer, and no record continues another."""

ids = st.sampled_from(
    ["1", "2", "0042", "x_0", "x_2", "aB34567_0", "aB34567_2", "chartQA_1", "a/b", "ä ö", "💬", "x#y"]
) | st.text("abXY019_-. ", min_size=1, max_size=9).filter(str.strip)
words = st.text("abcd", min_size=1, max_size=3)


@pytest.mark.parametrize("layout", LAYOUTS)
@given(
    files=st.lists(st.lists(st.tuples(ids, st.integers(1, 3)), min_size=1, max_size=3), min_size=1, max_size=3),
    shard_size=st.sampled_from([150, 10**6]),
)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_conversations_come_back(
    layout: str, files: list[list[tuple[str, int]]], shard_size: int, tmp_path: Path
) -> None:
    written = [
        [
            (
                identity,
                [(f"question {file} {record} {turn}", f"answer {file} {record} {turn}") for turn in range(length)],
            )
            for record, (identity, length) in enumerate(records)
        ]
        for file, records in enumerate(files)
    ]
    if layout in {"sharegpt", "ryokoai"}:
        # Records that prove to be pieces are one conversation, whoever wrote them.
        assume(not may_be_pieces({identity for records in written for identity, _ in records}))
    inputs = [[item for each in records for item in LAYOUTS[layout](*each)] for records in written]
    texts = ["".join(records) for records in inputs] if layout == "kochatgpt_conversation" else inputs
    rows, _ = told(tmp_path, *texts, shard_size=shard_size)
    assert sorted(conversations(rows)) == sorted(expected(layout, written))


def may_be_pieces(identities: set[str]) -> bool:
    bases = [named[0] for identity in identities if (named := piece_of(identity)) is not None]
    return len(set(bases)) < len(bases) or any(map(has_sharegpt_form, bases))


def conversations(rows: Sequence[Told]) -> list[str]:
    grouped: dict[str, list[tuple[int, str, str]]] = {}
    for session, turn, question, answer in rows:
        grouped.setdefault(session, []).append((turn, question, answer))
    return [json.dumps(sorted(turns)) for turns in grouped.values()]


def expected(layout: str, written: Sequence[Sequence[tuple[str, Rounds]]]) -> list[str]:
    made = []
    for _, rounds in (each for records in written for each in records):
        turns = [(number, question, answer) for number, (question, answer) in enumerate(rounds, 1)]
        if layout == "preference":
            number, question, answer = turns[-1]
            turns.append((number, question, f"not {answer}"))
        if layout in SINGLE:
            made += [json.dumps([(1, question, answer)]) for question, answer in rounds]
        else:
            made += [json.dumps(sorted(turns))] * (2 if layout == "arena" else 1)
    return made
