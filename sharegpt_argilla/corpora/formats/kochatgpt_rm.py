"""KoChatGPT's reward-model layout: ``{"prompt", "completion_0", "completion_1", …, "ranking": [2, 0, 1]}``.

What ``ranking`` means is an option. ``order``, the default, reads it as the numbers of the completions from best
to worst. KoChatGPT's own notebook reads it as the rank of each completion (``rank``), but its data say the other:
in the rows where the two readings differ, only ``order`` puts ChatGPT's answers first, which its authors ranked
best.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sharegpt_argilla.corpora.formats.base import Container, Conversation, Options, Ranking, Turn
from sharegpt_argilla.corpora.formats.fields import other_keys, record_object, required_text, session_id
from sharegpt_argilla.corpora.formats.prompt_response import COMPLETION, NUMBERED, PROMPT
from sharegpt_argilla.errors import RejectedError

RANKING, RANK = "ranking", "rank"
_UNUSABLE = "rankings that are no permutation"
_KEY = re.compile(re.escape(NUMBERED) + r"(0|[1-9][0-9]{0,2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class RankedCompletions:
    """Prompts with several completions each.

    Every completion becomes a row of the same session, with its number under ``completion`` and, where the ranking
    can be used, ``rank``: 0 for the best, as the ranks of OASST are counted.

    Attributes:
        ranking: how ``ranking`` is read.
    """

    name: str = "kochatgpt_rm"
    title: str = "KoChatGPT step 2, reward model (mschatgpt_2_RM.jsonl of MYChatGPT)"
    source: str = "kochatgpt_rm"
    container: Container = "json"
    ranking: Ranking = "order"

    def with_options(self, options: Options) -> RankedCompletions:
        """The same corpus, with the ranking read as the options say."""
        return replace(self, ranking=options.ranking)

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a prompt and a numbered completion."""
        return (
            isinstance(value, dict)
            and isinstance(value.get(PROMPT), str)
            and any(_KEY.fullmatch(key) for key in value)
        )

    def read(self, value: object) -> list[Conversation]:
        """One conversation for each completion that is not blank; one without an answer when all are.

        Raises:
            RejectedError: the prompt is missing or blank, or there is no numbered completion.
        """
        record = record_object(value)
        prompt = required_text(record, PROMPT)
        if not prompt or prompt.isspace():
            raise RejectedError(f'"{PROMPT}" is blank')
        completions = _completions(record)
        left_out = {}
        if blank := sum(1 for text in completions.values() if not text or text.isspace()):
            left_out["blank completions"] = blank
        if COMPLETION in record:
            left_out["completions without a number"] = 1
        ranks = _ranks(record.get(RANKING), list(completions), self.ranking)
        if isinstance(ranks, str):
            left_out[ranks] = 1
            ranks = {}
        asked = Turn("human", prompt, PROMPT)
        answers = {number: Turn("gpt", text, f"{NUMBERED}{number}") for number, text in completions.items()}
        session = session_id(record, [asked, *answers.values()])
        extra = other_keys(record, {"id", PROMPT, COMPLETION, RANKING, RANK, *map(_key, completions)})
        conversations = [
            Conversation(session, [asked, turn], extra={**extra, COMPLETION: number, RANK: ranks.get(number)})
            for number, turn in answers.items()
            if not turn.blank
        ] or [Conversation(session, [asked], extra=extra)]
        return [replace(conversations[0], left_out=left_out), *conversations[1:]]


def _completions(record: Mapping[str, Any]) -> dict[int, str]:
    """Number -> completion, in the order of the numbers."""
    numbers = sorted(int(match[1]) for key in record if (match := _KEY.fullmatch(key)))
    if not numbers and COMPLETION in record:
        raise RejectedError(f'"{NUMBERED}0" is missing; "{COMPLETION}" makes this a record of kochatgpt_sft')
    if not numbers:
        required_text(record, f"{NUMBERED}0")
    return {number: required_text(record, _key(number)) for number in numbers}


def _key(number: int) -> str:
    return f"{NUMBERED}{number}"


def _ranks(ranking: Any, numbers: list[int], meaning: Ranking) -> dict[int, int] | str:
    """Number of each completion -> its rank, 0 for the best; the name of the count when there are no ranks."""
    if ranking is None:
        return "rankings missing"
    whole = isinstance(ranking, list) and all(type(item) is int for item in ranking)
    ranks = list(range(len(numbers)))
    if meaning == "order":
        usable = whole and sorted(ranking) == numbers
        return {number: rank for rank, number in enumerate(ranking)} if usable else _UNUSABLE
    usable = whole and sorted(ranking) == ranks
    return dict(zip(numbers, ranking, strict=True)) if usable else _UNUSABLE
