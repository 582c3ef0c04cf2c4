"""Dialogues in one text: every template gives the same turns."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.detection import detect
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.formats.transcripts import is_transcript, read_transcript
from tests.corpora.reading import pairs_of, texts

START, END, TURN_END = "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"
WRITTEN = {
    "chatml": "<|im_start|>{user}\n{q1}<|im_end|>\n<|im_start|>assistant\n{a1}<|im_end|>\n"
    "<|im_start|>user\n{q2}<|im_end|>\n<|im_start|>assistant\n{a2}<|im_end|>",
    "llama 2": "<s>[INST] {q1} [/INST] {a1} </s><s>[INST] {q2} [/INST] {a2} </s>",
    "llama 3": f"<|begin_of_text|>{START}user{END}\n\n{{q1}}{TURN_END}{START}assistant{END}\n\n{{a1}}{TURN_END}"
    f"{START}user{END}\n\n{{q2}}{TURN_END}{START}assistant{END}\n\n{{a2}}{TURN_END}",
    "gemma": "<bos><start_of_turn>user\n{q1}<end_of_turn>\n<start_of_turn>model\n{a1}<end_of_turn>\n"
    "<start_of_turn>user\n{q2}<end_of_turn>\n<start_of_turn>model\n{a2}<end_of_turn>",
    "zephyr": "<|user|>\n{q1}</s>\n<|assistant|>\n{a1}</s>\n<|user|>\n{q2}</s>\n<|assistant|>\n{a2}</s>",
    "guanaco": "### Human: {q1}### Assistant: {a1}### Human: {q2}### Assistant: {a2}",
    "alpaca": "### Instruction:\n{q1}\n\n### Response:\n{a1}\n\n### Instruction:\n{q2}\n\n### Response:\n{a2}",
    "vicuna": "USER: {q1} ASSISTANT: {a1}</s>USER: {q2} ASSISTANT: {a2}</s>",
    "hh": "\n\nHuman: {q1}\n\nAssistant: {a1}\n\nHuman: {q2}\n\nAssistant: {a2}",
    "baize": "[|Human|] {q1}\n[|AI|] {a1}\n[|Human|] {q2}\n[|AI|] {a2}\n[|Human|] ",
}
said = st.text("abc dé.,?\n中", min_size=1, max_size=20).map(str.strip).filter(bool)


@pytest.mark.parametrize("template", WRITTEN.values(), ids=list(WRITTEN))
@given(q1=said, a1=said, q2=said, a2=said)
def test_what_a_template_writes_is_read_back(template: str, q1: str, a1: str, q2: str, a2: str) -> None:
    text = template.format(user="user", q1=q1, a1=a1, q2=q2, a2=a2)
    turns = read_transcript(text, Counter())
    assert [(turn.role, turn.text) for turn in turns] == [("human", q1), ("gpt", a1), ("human", q2), ("gpt", a2)]
    assert detect([{"text": text}]) == "chat_template"


@pytest.mark.parametrize(
    ("text", "system"),
    [
        (
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na",
            "Be brief.",
        ),
        ("<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nq [/INST] a </s>", "Be brief."),
        ("A chat with a host. USER: q ASSISTANT: a</s>", "A chat with a host."),
        ("SYSTEM: Be brief.\nUSER: q\nASSISTANT: a <|endoftext|>", "Be brief."),
        ("Below is a task.\n\n### Instruction:\nq\n\n### Response:\na", "Below is a task."),
    ],
)
def test_the_system_text_is_kept(text: str, system: str) -> None:
    (pair,) = pairs_of("chat_template", {"text": text})
    assert (pair.question, pair.answer, pair.extra) == ("q", "a", {"system": system})


def test_an_input_belongs_to_its_instruction() -> None:
    text = "### Instruction:\nSort.\n\n### Input:\nfig, elm\n\n### Response:\nelm, fig"
    assert texts(pairs_of("chat_template", {"text": text})) == [("Sort.\n\nfig, elm", "elm, fig")]


def test_responses_of_functions_are_counted() -> None:
    asked = "USER: q\n\n\nASSISTANT: <functioncall> {} <|endoftext|>"
    chat = f'{asked}\n\n\nFUNCTION RESPONSE: {{"n": 1}}\n\n\nASSISTANT: a <|endoftext|>'
    (read,) = CORPORA["chat_template"].read({"system": "SYSTEM: Use them.", "chat": chat})
    assert [turn.text for turn in read.turns] == ["q", "<functioncall> {}", "a"]
    assert read.left_out == {"tool messages": 1}
    assert read.extra == {"system": "Use them."}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Human: alone",
        "a ### b",
        "The USER: field is empty",
        "### Instruction:\nonly",
        "<|user|>: q\n\n<|bot|>: a",
    ],
)
def test_another_text_is_no_dialogue(text: str) -> None:
    assert not is_transcript(text)
    assert not CORPORA["chat_template"].is_record({"text": text})
