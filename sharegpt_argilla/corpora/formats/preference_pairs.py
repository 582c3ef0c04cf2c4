"""Several answers to one question, and which is better: DPO, reward models, comparisons.

Read are ``prompt``, ``chosen`` and ``rejected`` as texts or messages (TRL), ``chosen`` and ``rejected`` alone, the
transcripts of HH-RLHF, the layouts of LLaMA-Factory in the manner of Alpaca and of ShareGPT, those of axolotl, and
prompts with a list of answers or with numbered ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sharegpt_argilla.corpora.formats.alpaca import INPUT, joined
from sharegpt_argilla.corpora.formats.base import BETWEEN_TURNS, SYSTEM, Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import (
    content_id,
    kind,
    optional_text,
    other_keys,
    record_object,
    session_id,
)
from sharegpt_argilla.corpora.formats.messages import number_of_definitions, read_messages
from sharegpt_argilla.corpora.formats.transcripts import human_lines
from sharegpt_argilla.errors import RejectedError

RANK = "rank"
"""Key of the extra: 0 for the best answer, as OASST counts."""
PAIRS = (
    ("chosen", "rejected"),
    ("chosen_response", "rejected_response"),
    ("chosen_messages", "rejected_messages"),
    ("messages", "rejected_messages"),
    ("preferred_output", "non_preferred_output"),
    ("response", "rejected_response"),
)
"""Keys of the better and the worse answer: of TRL and LLaMA-Factory, axolotl, LLaMA-Factory's newer layout,
ms-swift's two, and OpenAI's between them."""
AGAINST = "rejected_response"
"""Key of ms-swift's answers that are worse than the one its ``messages`` end with."""
PROMPTS = ("prompt", "question", "instruction", "query", INPUT)
"""Keys of a question; the first that is there is it. ``input`` follows another one."""
TALKS = ("conversations", "messages", "conversation", "history", "context")
LISTS = ("responses", "answers", "completions", "outputs", "candidates", "generations")
"""Keys of a list of answers."""
TEXTS = ("response", "answer", "text", "content", "completion", "output", "value")
SYSTEMS = (SYSTEM, "system_prompt", "system_message")
_IDS = ("id", "prompt_id", "question_id")
_NUMBERED = re.compile(r"(?:response|answer|output|model_output|human_ref)_?(\d{1,3}|[a-h])", re.IGNORECASE)
_SCORES = ("score", "overall_score", "rating", "reward")
_BEST = {"better_response_id": 0, "preference": 1, "preferred": 1, "chosen_index": 0}
"""Key that names the better of numbered answers -> the number of the first: PKU-SafeRLHF, AlpacaEval."""
_BY_SIGN, _FIRST_IS_1 = "overall_preference", "labels"
"""HelpSteer3 has a number below zero where the first answer is better; SHP has 1 there, and 0 for the second."""
_TEXT_BEFORE = "history"
"""SHP's key of the question."""


class Answer(NamedTuple):
    """One of several answers: its turns, its rank (0 is best) where one is known, and what else is said of it."""

    turns: list[Turn]
    rank: int | None
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Preference:
    """Questions with several answers. Each answer is a row of the same session; earlier turns are rows once."""

    name: str = "preference"
    title: str = "preference sets: chosen and rejected, HH-RLHF, several answers to one prompt"
    source: str = "preference"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a better and a worse answer, or a prompt with several answers."""
        if not isinstance(value, dict):
            return False
        if any(all(_says(value.get(key)) for key in pair) for pair in PAIRS):
            return True
        if _is_against(value):
            return True
        if not any(isinstance(value.get(key), str) for key in (*PROMPTS, _TEXT_BEFORE)) and not _asked(value):
            return False
        return (
            any(_are_answers(value.get(key)) for key in LISTS) or len(_numbered(value)) > 1 or _alpaca_pair(value)
        )

    def read(self, value: object) -> list[Conversation]:
        """The earlier turns, then the question once with each answer.

        Raises:
            RejectedError: there is no question, no answer, or one of them is no text or message.
        """
        record = record_object(value)
        left_out: Counter[str] = Counter()
        used, before, answers = _read(record, left_out)
        whole = [turn for answer in answers for turn in answer.turns]
        if not answers:
            raise RejectedError("there is no answer")
        if not any(turn.role == "human" and not turn.blank for turn in [*before, *whole]):
            raise RejectedError("there is no question")
        session = session_id(record, [*before, *whole], _IDS)
        extra = other_keys(record, {*used, *_IDS, *SYSTEMS})
        if system := _system(record, before, answers):
            extra[SYSTEM] = system
        return _conversations(session, before, answers, extra, left_out)


def _conversations(
    session: str,
    before: Sequence[Turn],
    answers: Sequence[Answer],
    extra: Mapping[str, Any],
    left_out: Mapping[str, int],
) -> list[Conversation]:
    """What the answers share once, then the last question with each; a longer way is a session of its own."""
    paths = [[turn for turn in [*before, *answer.turns] if turn.role != "system"] for answer in answers]
    shared = _shared(paths)
    history, asked = paths[0][:shared], paths[0][shared : shared + 1]
    offset = 2 * sum(1 for turn in history if turn.role == "human")
    conversations = [Conversation(session, history, extra=extra)] if history else []
    for number, (path, answer) in enumerate(zip(paths, answers, strict=True)):
        own = {**extra, **answer.extra, RANK: answer.rank}
        rest = path[shared + 1 :]
        if number and len(rest) > 1:
            conversations.append(Conversation(f"{session}/{content_id(rest)}", path, extra=own))
        else:
            conversations.append(Conversation(session, [*asked, *rest], offset, extra=own))
    first = conversations[0]
    conversations[0] = Conversation(first.session, first.turns, first.offset, extra=first.extra, left_out=left_out)
    return conversations


def _shared(paths: Sequence[Sequence[Turn]]) -> int:
    """The number of turns before the last question that all paths share."""
    shared = 0
    while all(len(path) > shared for path in paths) and len({path[shared][:2] for path in paths}) == 1:
        shared += 1
    while shared and paths[0][shared - 1].role != "human":
        shared -= 1
    return max(0, shared - 1)


def _read(record: Mapping[str, Any], left_out: Counter[str]) -> tuple[set[str], list[Turn], list[Answer]]:
    """The keys that were read, the turns before the answers, and the answers."""
    if _is_against(record):
        return _against(record, left_out)
    for pair in PAIRS:
        if all(key in record for key in pair):
            answers = [
                answer for rank, key in enumerate(pair) for answer in _several(record[key], key, rank, left_out)
            ]
            used, before = _before(record, left_out)
            if _begins_with_question(answers):
                before = []
            return {*used, *pair}, before, answers
    used, before = _before(record, left_out)
    key = next((key for key in LISTS if _are_answers(record.get(key))), "")
    key = key or next((key for key in LISTS if _is_list(record.get(key))), "")
    if key:
        if _are_steps(record, key):
            return {*used, key}, before, [_answer(BETWEEN_TURNS.join(record[key]), key, None, left_out)]
        return {*used, key}, before, _ranked(record[key], key, left_out)
    if _alpaca_pair(record):
        pairs = zip(record["output"], ("chosen", "rejected"), strict=True)
        return {*used, "output"}, before, [_answer(text, key, n, left_out) for n, (text, key) in enumerate(pairs)]
    return _by_number(record, used, before, left_out)


def _by_number(
    record: Mapping[str, Any], used: set[str], before: list[Turn], left_out: Counter[str]
) -> tuple[set[str], list[Turn], list[Answer]]:
    keys = _numbered(record)
    best = _best(record)
    named = len(keys) == 2 and best in (0, 1)
    ranks = [int(number != best) if named else None for number in range(len(keys))]
    answers = [_answer(record[key], key, rank, left_out) for key, rank in zip(keys, ranks, strict=True)]
    return {*used, *keys}, before, answers


def _best(record: Mapping[str, Any]) -> Any:
    """The index of the better of two numbered answers; None where the record does not say it."""
    if _is_number(record.get(_BY_SIGN)):
        return int(record[_BY_SIGN] > 0) if record[_BY_SIGN] else None
    if _is_number(record.get(_FIRST_IS_1)):
        return int(1 - record[_FIRST_IS_1])
    return next((record[key] - least for key, least in _BEST.items() if _is_number(record.get(key))), None)


def _is_against(record: Mapping[str, Any]) -> bool:
    messages = record.get(TALKS[1])
    return _says(record.get(AGAINST)) and isinstance(messages, list) and len(messages) > 1


def _against(record: Mapping[str, Any], left_out: Counter[str]) -> tuple[set[str], list[Turn], list[Answer]]:
    """Messages whose last answer is better than another one."""
    key = TALKS[1]
    turns = _messages(record[key], key, left_out)
    asked = max((number for number, turn in enumerate(turns) if turn.role == "human"), default=-1) + 1
    chosen = Answer(turns[asked:], 0, {})
    return {key, AGAINST}, turns[:asked], [chosen, *_several(record[AGAINST], AGAINST, 1, left_out)]


def _asked(record: Mapping[str, Any]) -> bool:
    """Whether a record has a conversation that ends with a question."""
    last = next((record[key][-1] for key in TALKS if _is_list(record.get(key))), None)
    return isinstance(last, dict) and last.get("role", last.get("from")) in {"user", "human"}


def _before(record: Mapping[str, Any], left_out: Counter[str]) -> tuple[set[str], list[Turn]]:
    """The keys with the question and what came before it, and their turns."""
    if isinstance(inside := record.get(INPUT), dict) and _is_list(inside.get(TALKS[1])):
        # OpenAI has the messages one level deeper, with the definitions of tools.
        if definitions := number_of_definitions(inside.get("tools")):
            left_out["tool definitions"] += definitions
        return {INPUT}, _messages(inside[TALKS[1]], INPUT, left_out)
    talk, turns = _talk(record, left_out)
    used = {talk} if talk else set()
    asked = next((key for key in PROMPTS if record.get(key) is not None), "")
    if not asked and isinstance(record.get(_TEXT_BEFORE), str):
        asked = _TEXT_BEFORE
    if not asked or (turns and turns[-1].role == "human"):
        return used, turns
    return _asked_after(record, asked, {*used, asked}, turns, left_out)


def _talk(record: Mapping[str, Any], left_out: Counter[str]) -> tuple[str, list[Turn]]:
    """The key of the earlier turns, as messages or as rounds, and these; "" for none."""
    key = next((key for key in TALKS if isinstance(record.get(key), list)), "")
    if not key:
        return "", []
    if record[key] and all(isinstance(item, dict) for item in record[key]):
        return key, _messages(record[key], key, left_out)
    rounds = _rounds(record[key])
    return key, [turn for q, a in rounds for turn in (Turn("human", q, key), Turn("gpt", a, key))]


def _asked_after(
    record: Mapping[str, Any], asked: str, used: set[str], turns: list[Turn], left_out: Counter[str]
) -> tuple[set[str], list[Turn]]:
    """The turns with those of the question behind them: messages, a transcript, or a text and its input."""
    prompt = record[asked]
    if isinstance(prompt, list):
        return used, turns + _messages(prompt, asked, left_out)
    text = optional_text(record, asked)
    if dialogue := human_lines(text):
        return used, turns + list(dialogue)
    if asked != INPUT and isinstance(record.get(INPUT), str):
        used.add(INPUT)
        text = joined(text, record[INPUT], asked)
    return used, [*turns, Turn("human", text, asked)]


def _rounds(history: Sequence[Any]) -> list[tuple[str, str]]:
    return [
        (item[0], item[1])
        for item in history
        if isinstance(item, list) and len(item) == 2 and all(isinstance(text, str) for text in item)
    ]


def _several(value: Any, key: str, rank: int, left_out: Counter[str]) -> list[Answer]:
    """The answers under ``chosen`` or ``rejected``: one, or a list of texts."""
    if _is_list(value) and all(isinstance(item, str) for item in value):
        return [_answer(item, key, rank, left_out) for item in value]
    return [_answer(value, key, rank, left_out)]


def _answer(value: Any, key: str, rank: int | None, left_out: Counter[str]) -> Answer:
    if isinstance(value, str):
        return Answer(list(human_lines(value)) or [Turn("gpt", value, key)], rank, {})
    messages = value if isinstance(value, list) else [value]
    return Answer(_messages(messages, key, left_out), rank, {})


def _messages(messages: Sequence[Any], key: str, left_out: Counter[str]) -> list[Turn]:
    try:
        read = read_messages(messages, count_keys=True)
    except RejectedError as error:
        raise RejectedError(f'"{key}": {error}') from None
    left_out.update(read.left_out)
    return read.turns


def _ranked(items: Sequence[Any], key: str, left_out: Counter[str]) -> list[Answer]:
    """The answers in a list; ranks from their own ``rank``, where 1 is best, or from their scores."""
    answers: list[tuple[str, Mapping[str, Any]]] = []
    for number, item in enumerate(items, 1):
        text_key = next((k for k in TEXTS if isinstance(item, dict) and isinstance(item.get(k), str)), "")
        if isinstance(item, str):
            answers.append((item, {}))
        elif text_key:
            answers.append((item[text_key], {k: v for k, v in item.items() if k not in {text_key, RANK}}))
        else:
            raise RejectedError(f'"{key}" {number} is {kind(item)} without a text')
    ranks = _ranks(items)
    return [
        _answer(text, key, rank, left_out)._replace(extra=other_keys(extra, ()))
        for (text, extra), rank in zip(answers, ranks, strict=True)
    ]


def _ranks(items: Sequence[Any]) -> list[int | None]:
    for key, best_first in ((RANK, 1), *((score, -1) for score in _SCORES)):
        scored = [item[key] for item in items if isinstance(item, dict) and _is_number(item.get(key))]
        if len(scored) == len(items):
            order = sorted({best_first * number for number in scored})
            return [order.index(best_first * number) for number in scored]
    return [None] * len(items)


def _system(record: Mapping[str, Any], before: Sequence[Turn], answers: Sequence[Answer]) -> str:
    texts = [record[key] for key in SYSTEMS if isinstance(record.get(key), str) and record[key].strip()][:1]
    turns = [*before, *(answers[0].turns if answers else ())]
    return BETWEEN_TURNS.join([*texts, *(turn.text for turn in turns if turn.role == "system" and not turn.blank)])


def _numbered(record: Mapping[str, Any]) -> list[str]:
    """Keys of numbered answers, in their order in the record, if they are all of one series."""
    return [key for key in record if _NUMBERED.fullmatch(key) and isinstance(record[key], str)]


def _alpaca_pair(record: Mapping[str, Any]) -> bool:
    """LLaMA-Factory's older layout: the better and the worse answer in a list under ``output``."""
    output = record.get("output")
    return isinstance(output, list) and len(output) == 2 and all(isinstance(text, str) for text in output)


def _begins_with_question(answers: Sequence[Answer]) -> bool:
    return all(any(turn.role == "human" for turn in answer.turns) for answer in answers)


def _says(value: Any) -> bool:
    return isinstance(value, str | dict) or _is_list(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0


def _are_steps(record: Mapping[str, Any], key: str) -> bool:
    """Whether a list is one answer in steps, each with a verdict: TRL's stepwise supervision."""
    labels, steps = record.get(_FIRST_IS_1), record[key]
    if not isinstance(labels, list) or len(labels) != len(steps):
        return False
    return all(isinstance(label, bool) for label in labels) and all(isinstance(step, str) for step in steps)


def _are_answers(value: Any) -> bool:
    """Whether a list may be one of answers: each of its items is a text, or has one."""
    return _is_list(value) and all(
        isinstance(item, str) or (isinstance(item, dict) and any(isinstance(item.get(key), str) for key in TEXTS))
        for item in value
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
