"""Records of a prompt and at most one answer, as GPT4All, completion files and KoChatGPT spell them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sharegpt_argilla.corpora.formats.alpaca import INPUT, OUTPUT, question
from sharegpt_argilla.corpora.formats.base import Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.fields import (
    first_key,
    optional_text,
    other_keys,
    record_object,
    required_text,
    session_id,
)
from sharegpt_argilla.errors import RejectedError

PROMPT, RESPONSE, COMPLETION = "prompt", "response", "completion"
NUMBERED = f"{COMPLETION}_"
"""How the keys of ranked completions start."""
_NO_ANSWERS = frozenset(
    {
        *(PROMPT, INPUT, "id", "prompt_id", "source", "dataset", "category", "topic", "task", "type", "split"),
        *("lang", "language", "system", "system_prompt", "tokens", "token", "model", "url", "license"),
    }
)
"""Keys next to a prompt whose texts are certainly no answer. Under any other key a text may be one."""


@dataclass(frozen=True, slots=True)
class PromptResponse:
    """One corpus of prompts with their answers.

    Attributes:
        name: what follows ``-m``.
        title: the data set as its publisher calls it.
        answers: keys that may have the answer; the first one present does.
        distinctive: keys of which a record has one, where those of the answer do not tell enough.
    """

    name: str
    title: str
    answers: Sequence[str] = (RESPONSE, COMPLETION)
    distinctive: Sequence[str] = ()
    container: Container = "json"

    @property
    def source(self) -> str:
        """``来源`` of its rows: the name."""
        return self.name

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a prompt and an answer, none of several."""
        return (
            isinstance(value, dict)
            and isinstance(value.get(PROMPT), str)
            and any(isinstance(value.get(key), str) for key in self.answers)
            and (not self.distinctive or any(key in value for key in self.distinctive))
            and not any(key.startswith(NUMBERED) for key in value)
        )

    def read(self, value: object) -> list[Conversation]:
        """The prompt and its answer.

        Raises:
            RejectedError: one of them is missing or no text, or the prompt is blank.
        """
        record = record_object(value)
        prompt = required_text(record, PROMPT)
        answer = first_key(record, self.answers)
        text = required_text(record, answer)
        if not prompt or prompt.isspace():
            raise RejectedError(f'"{PROMPT}" is blank')
        turns = [Turn("human", prompt, PROMPT), Turn("gpt", text, answer)]
        return [Conversation(session_id(record, turns), turns, extra=other_keys(record, {"id", PROMPT, answer}))]


def _may_be_answer(key: str, value: object) -> bool:
    """Whether an answer may be stored there: a text that is not blank, a list or object that is not empty."""
    text = isinstance(value, str) and bool(value.strip())
    return key not in _NO_ANSWERS and (text or (isinstance(value, list | dict) and bool(value)))


@dataclass(frozen=True, slots=True)
class Prompts:
    """Prompts to be answered, as reinforcement learning takes them: rows without an answer.

    The file of MYChatGPT has two records with a completion after all, and four with a blank ``input`` and
    ``output``: an answer that is there is kept.
    """

    name: str = "kochatgpt_ppo"
    title: str = "KoChatGPT step 3, PPO (mschatgpt_3_PPO.jsonl of MYChatGPT)"
    source: str = "kochatgpt_ppo"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a prompt, and nothing in it that may be an answer."""
        return (
            isinstance(value, dict)
            and isinstance(value.get(PROMPT), str)
            and not any(_may_be_answer(key, value[key]) for key in value)
        )

    def read(self, value: object) -> list[Conversation]:
        """The prompt, with its input where there is one, and mostly no answer.

        Raises:
            RejectedError: the prompt is missing, blank or no text.
        """
        record = record_object(value)
        given = {key: optional_text(record, key) for key in (COMPLETION, OUTPUT)}
        answers = [Turn("gpt", text, key) for key, text in given.items() if text and not text.isspace()]
        turns = [Turn("human", question(record, PROMPT), PROMPT), *answers]
        extra = other_keys(record, {"id", PROMPT, INPUT, COMPLETION, OUTPUT})
        return [Conversation(session_id(record, turns), turns, extra=extra)]
