"""A dialogue in one text: the templates that trainers put around the messages of a conversation.

Each template is recognised by what precedes a message. ChatML, Llama 2 and 3, Gemma, Zephyr and Phi, ``###
Human:`` of openassistant-guanaco, ``### Instruction:`` of Alpaca, ``USER:`` of Vicuna and Glaive, ``Human:``
of HH-RLHF, and ``[|Human|]`` of Baize.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sharegpt_argilla.corpora.formats.base import BETWEEN_TURNS, Role, Turn
from sharegpt_argilla.corpora.formats.message_content import TOOL_MESSAGES

_WORDS: Mapping[str, Role | None] = {
    **dict.fromkeys(("human", "user", "instruction", "question", "h", "prompter"), "human"),
    **dict.fromkeys(("assistant", "ai", "bot", "response", "model", "gpt", "chatgpt", "a", "answer"), "gpt"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "function response", "ipython", "observation", "environment"), None),
    "input": "human",
}


@dataclass(frozen=True, slots=True)
class Template:
    """How one template writes a dialogue.

    Attributes:
        marker: what precedes a message; its one group is the word for the role.
        ends: what may follow a message, or around all of them.
    """

    marker: re.Pattern[str]
    ends: re.Pattern[str]

    def turns(self, text: str, left_out: Counter[str]) -> list[Turn]:
        """The turns of a dialogue; none when no marker of a question is in it.

        Text before the first marker is the system's, as Vicuna, Alpaca and Baize have it.
        """
        markers = list(self.marker.finditer(text))
        if "human" not in {_WORDS.get(_word(marker)) for marker in markers}:
            return []
        before = self._clean(text[: markers[0].start()])
        turns = [Turn("system", before, "system")] if before else []
        ends = [*(marker.start() for marker in markers[1:]), len(text)]
        for marker, end in zip(markers, ends, strict=True):
            self._add(turns, _word(marker), _spelling(marker), self._clean(text[marker.end() : end]), left_out)
        if turns and not turns[-1].text:
            # The start of a message that somebody is to write.
            turns.pop()
        return turns

    def _add(self, turns: list[Turn], word: str, spelling: str, text: str, left_out: Counter[str]) -> None:
        role = _WORDS[word]
        if role is None:
            left_out[TOOL_MESSAGES] += 1
        elif word != "input":
            turns.append(Turn(role, text, spelling))
        elif text and turns and turns[-1].role == "human":
            turns[-1] = turns[-1]._replace(text=turns[-1].text + BETWEEN_TURNS + text)

    def _clean(self, text: str) -> str:
        return self.ends.sub("", text).strip()


def _spelling(marker: re.Match[str]) -> str:
    return next(group for group in marker.groups() if group is not None).strip()


def _word(marker: re.Match[str]) -> str:
    return _spelling(marker).lower()


def _pattern(before: str, words: str, after: str) -> re.Pattern[str]:
    return re.compile(f"{before}({words}){after}", re.IGNORECASE | re.MULTILINE)


_PLAIN_END = re.compile(r"</s>|<s>|<\|endoftext\|>|<\|end_of_text\|>")
_CHAT_WORDS = "system|developer|user|assistant|tool|human|gpt"

CHATML = Template(
    _pattern(r"<\|im_start\|>[ \t]*", _CHAT_WORDS, r"[ \t]*\r?\n?"),
    re.compile(r"<\|im_end\|>|<\|endoftext\|>|<s>|</s>"),
)
LLAMA_3 = Template(
    _pattern(r"<\|start_header_id\|>", f"{_CHAT_WORDS}|ipython", r"<\|end_header_id\|>\s*"),
    re.compile(r"<\|eot_id\|>|<\|eom_id\|>|<\|begin_of_text\|>|<\|end_of_text\|>"),
)
GEMMA = Template(
    _pattern(r"<start_of_turn>", "user|model|system", r"\s*"), re.compile(r"<end_of_turn>|<bos>|<eos>")
)
ZEPHYR = Template(
    _pattern(r"^[ \t]*<\|", _CHAT_WORDS, r"\|>(?!:)[ \t]*\r?\n?"),
    re.compile(r"</s>|<s>|<\|end\|>|<\|endoftext\|>"),
)
BAIZE = Template(_pattern(r"\[\|", "human|ai", r"\|\]"), _PLAIN_END)
HASHES = Template(
    # openassistant-guanaco has no line break before an answer.
    re.compile(
        r"###[ \t]*(human|assistant)[ \t]*:|^[ \t]*###[ \t]*(user|system|instruction|input|response)[ \t]*:",
        re.IGNORECASE | re.MULTILINE,
    ),
    _PLAIN_END,
)
HUMAN_LINES = Template(_pattern(r"^", "human|assistant", r":[ \t]*"), _PLAIN_END)
VICUNA = Template(
    re.compile(r"(?:^|(?<=\s)|(?<=</s>))(SYSTEM|USER|ASSISTANT|FUNCTION RESPONSE):[ \t]*", re.MULTILINE),
    _PLAIN_END,
)

_LLAMA_2 = re.compile(r"\[INST\](.*?)\[/INST\](.*?)(?=(?:<s>)?\s*\[INST\]|\Z)", re.DOTALL)
_LLAMA_2_SYSTEM = re.compile(r"\A\s*<<SYS>>(.*?)<</SYS>>", re.DOTALL)

_BY_NAME: Mapping[str, Template] = {
    "chatml": CHATML,
    "llama-3": LLAMA_3,
    "gemma": GEMMA,
    "zephyr": ZEPHYR,
    "baize": BAIZE,
    "hashes": HASHES,
    "human-lines": HUMAN_LINES,
    "vicuna": VICUNA,
}


def read_transcript(text: str, left_out: Counter[str]) -> list[Turn]:
    """The turns of a dialogue in one of the templates; none when it is in none of them."""
    if "[/INST]" in text and (turns := _llama_2(text)):
        return turns
    for template in _BY_NAME.values():
        if turns := template.turns(text, left_out):
            return turns
    return []


def is_transcript(text: str) -> bool:
    """Whether a text is a dialogue in one of the templates: a question of it, and an answer."""
    roles = {turn.role for turn in read_transcript(text, Counter())}
    return {"human", "gpt"} <= roles


def human_lines(text: str) -> Sequence[Turn]:
    """The turns of a dialogue that starts with ``Human:``, as HH-RLHF writes it; none for another text."""
    return HUMAN_LINES.turns(text, Counter()) if text.lstrip().startswith("Human:") else []


def _llama_2(text: str) -> list[Turn]:
    turns: list[Turn] = []
    for asked, answered in _LLAMA_2.findall(text):
        question = asked
        if (system := _LLAMA_2_SYSTEM.match(asked)) is not None:
            turns.append(Turn("system", system[1].strip(), "<<SYS>>"))
            question = asked[system.end() :]
        turns.append(Turn("human", question.strip(), "[INST]"))
        if answer := _PLAIN_END.sub("", answered).strip():
            turns.append(Turn("gpt", answer, "[/INST]"))
    return turns
