"""Better and worse answers to the same question: layouts for DPO, reward models, KoChatGPT's rankings.

Keys: TRL, "Dataset formats", preference with explicit and with implicit prompt, standard and conversational;
LLaMA-Factory's ``data/README.md``, preference in the ShareGPT layout; axolotl,
``prompt_strategies/dpo/chatml.py``; OpenAI, "Direct preference optimization"; ms-swift, "Custom dataset", RLHF;
KoChatGPT's RM data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.training.base import (
    JSON_ARRAY,
    JSON_LINES,
    Example,
    Flat,
    Group,
    Scheme,
    TrainingRow,
    Unit,
)
from sharegpt_argilla.training.conversation import answer_message, from_value, prompt_messages, role_content
from sharegpt_argilla.training.json_files import JsonFormat

KOCHATGPT_ANSWERS = 3
NO_PAIR = "without a second answer to compare with"
NO_VERDICT = "with answers that nobody ranked"
_FLAT_RANKING = Flat("reward")
ALL_EQUAL = "with answers ranked the same"


@dataclass(frozen=True)
class PreferenceFormat(JsonFormat):
    """A layout of pairs: a row for every two answers of which one is better.

    Attributes:
        name: its name for ``--format``.
        title: its purpose.
        build: chosen, rejected and the earlier turns -> the row.
        needs_history: whether ``build`` writes the earlier turns.
        flat: what it cannot write of a conversation; None if it writes all.
    """

    name: str
    title: str
    build: Callable[[Example, Example, Sequence[Example]], TrainingRow]
    needs_history: bool = False
    flat: Flat | None = None
    suffix: str = JSON_LINES
    unit: Unit = "comparison"
    needs_answer: bool = True

    def rows(self, group: Group, scheme: Scheme) -> list[TrainingRow]:
        """Every pair, the best answer first.

        Raises:
            RejectedError: there is no second answer, or no answer is ranked above another.
        """
        ranked = rank(group.examples, scheme)
        pairs = [pair for pair in combinations(ranked, 2) if pair[0][0] > pair[1][0]]
        if not pairs:
            raise RejectedError(ALL_EQUAL)
        return [self.build(chosen, rejected, group.history) for (_, chosen), (_, rejected) in pairs]


@dataclass(frozen=True)
class KoChatGPTRanking(JsonFormat):
    """``prompt``, ``completion_0`` to ``completion_2``, ``ranking``: the completions' numbers, the best first.

    Measured on KoChatGPT's data: its ``ranking`` lists completions from best to worst, although its own notebook
    reads them as the rank of each completion; for 36 % of the orders the two readings differ.
    """

    name: str
    title: str
    suffix: str = JSON_ARRAY
    unit: Unit = "comparison"
    needs_history: bool = False
    needs_answer: bool = True
    flat: Flat | None = _FLAT_RANKING

    def rows(self, group: Group, scheme: Scheme) -> list[TrainingRow]:
        """One row of the first three answers.

        Raises:
            RejectedError: there are fewer than three, or two of them are ranked the same.
        """
        order = {example.id: position for position, example in enumerate(group.examples)}
        ranked = rank(group.examples, scheme)
        if len(ranked) < KOCHATGPT_ANSWERS:
            raise RejectedError(f"with fewer than {KOCHATGPT_ANSWERS} answers to rank")
        first = sorted(ranked, key=lambda scored: order[scored[1].id])[:KOCHATGPT_ANSWERS]
        if len({score for score, _ in first}) < KOCHATGPT_ANSWERS:
            raise RejectedError(ALL_EQUAL)
        row: TrainingRow = {"prompt": first[0][1].prompt}
        row |= {f"completion_{position}": example.answer for position, (_, example) in enumerate(first)}
        row["ranking"] = sorted(range(KOCHATGPT_ANSWERS), key=lambda position: first[position][0], reverse=True)
        return [row]


def rank(examples: Sequence[Example], scheme: Scheme) -> list[tuple[float, Example]]:
    """Score and answer, the best first; of identical answers only the first is kept.

    The score is ``rank`` of the extension if every answer has one (1 is best), else the rating ``rank_by``.
    Answers without a score are left out.

    Raises:
        RejectedError: there are not two different answers, or not two with a score.
    """
    different = list({example.answer: example for example in reversed(examples)}.values())[::-1]
    if len(different) < 2:
        raise RejectedError(NO_PAIR)
    by_rank = all(example.rank is not None for example in different)
    scored = [(score, example) for example in different if (score := _score(example, scheme, by_rank)) is not None]
    if len(scored) < 2:
        raise RejectedError(NO_VERDICT)
    return sorted(scored, key=lambda item: item[0], reverse=True)


def _score(example: Example, scheme: Scheme, by_rank: bool) -> float | None:
    if by_rank and example.rank is not None:
        return -example.rank
    value = example.annotation.get(scheme.rank_by) if scheme.rank_by else None
    return float(value) if isinstance(value, int | float) else None


def dpo(chosen: Example, rejected: Example, _history: Sequence[Example]) -> TrainingRow:
    """TRL: ``prompt``, ``chosen``, ``rejected``."""
    return {"prompt": chosen.prompt, "chosen": chosen.answer, "rejected": rejected.answer}


def dpo_messages(chosen: Example, rejected: Example, history: Sequence[Example]) -> TrainingRow:
    """TRL, conversational: ``prompt``, ``chosen``, ``rejected`` as lists of messages."""
    return {
        "prompt": prompt_messages(chosen, history),
        "chosen": answer_message(chosen),
        "rejected": answer_message(rejected),
    }


def dpo_openai(chosen: Example, rejected: Example, history: Sequence[Example]) -> TrainingRow:
    """OpenAI: ``input`` with ``messages``, ``preferred_output``, ``non_preferred_output``."""
    return {
        "input": {"messages": prompt_messages(chosen, history)},
        "preferred_output": answer_message(chosen),
        "non_preferred_output": answer_message(rejected),
    }


def dpo_swift(chosen: Example, rejected: Example, history: Sequence[Example]) -> TrainingRow:
    """ms-swift: ``messages`` that end with the better answer, and ``rejected_response``."""
    return {
        "messages": role_content([*history, chosen], chosen.system),
        "rejected_response": rejected.answer,
    }


def dpo_llamafactory(chosen: Example, rejected: Example, history: Sequence[Example]) -> TrainingRow:
    """``conversations`` up to the question; ``chosen`` and ``rejected`` as one message each; ``system``."""
    question = {"from": "human", "value": chosen.prompt}
    return {
        "conversations": [*from_value(history), question],
        "chosen": {"from": "gpt", "value": chosen.answer},
        "rejected": {"from": "gpt", "value": rejected.answer},
        "system": chosen.system,
    }


def dpo_axolotl(chosen: Example, rejected: Example, _history: Sequence[Example]) -> TrainingRow:
    """``system``, ``instruction``, ``chosen_response``, ``rejected_response``."""
    return {
        "system": chosen.system,
        "instruction": chosen.prompt,
        "chosen_response": chosen.answer,
        "rejected_response": rejected.answer,
    }


def reward(chosen: Example, rejected: Example, history: Sequence[Example]) -> TrainingRow:
    """``chosen`` and ``rejected`` as whole conversations, the implicit prompt of TRL's reward trainer."""
    return {
        "chosen": role_content([*history, chosen], chosen.system),
        "rejected": role_content([*history, rejected], chosen.system),
    }
