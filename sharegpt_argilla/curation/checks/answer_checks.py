"""Checks of answers that do not answer: blank, N/A, the prompt again, a refusal, no code although asked for."""

from __future__ import annotations

import re
from string import whitespace

from sharegpt_argilla.curation.checks.base import Finding, Item, Options, Rule
from sharegpt_argilla.curation.checks.prompt_checks import words_in
from sharegpt_argilla.curation.word_patterns import LanguagePatterns, around, shortened

ZERO_WIDTH = "\u200b\u2060\ufeff\u00a0"
_NOTHING = LanguagePatterns("na_answer", "answer")

_REFUSAL = LanguagePatterns("refusal", "opening")
_OPENING = 300
"""Characters at the beginning of an answer in which a refusal counts."""
_FULL = 250
"""Words of an answer above which it answers, although it says first what a model cannot do."""
_ANYWAY = LanguagePatterns("refusal", "answers_anyway")
_ASKED_FOR = LanguagePatterns("refusal", "asked_for")
_DIRECT = LanguagePatterns("refusal", "direct")
_REASON = LanguagePatterns("refusal", "reason")
_AFTER_ALL = LanguagePatterns("refusal", "answers_after_all")
_REASONED = 600
"""Characters of an answer in which the reason of a refusal is given."""
_GREETING = 5
"""Words of a prompt below which its repetition returns a greeting."""

# A quotation in a dialogue or a list is not a refusal; a quotation mark at the very beginning does not count.
_QUOTED = re.compile(r"[(\"“‘'«]$|[-–:]\s$")

_ASKED = LanguagePatterns("code_missing", "asked")
_REFERRED = LanguagePatterns("code_missing", "spoken_of")
# What prose lacks: indents before code, calls, assignments, tags, braces, statements.
_CODE = re.compile(
    r"```|\w\(|[{};][ \t]*$|^[ \t]*(?:def|class|import|from|return|for|if|while|print|SELECT|#include|"
    r"public|function|var|echo|"
    r"let|const)\b|</?\w+[^>\n]*>|=>|[\w\])]\s*(?:=|\+=|:=)\s*[\w\"'(\[{]|^[ \t]*[-+*/.#$@\w]+\s*[:=]\s*\S+\s*$",
    re.MULTILINE | re.IGNORECASE,
)


def normalised(text: str) -> str:
    """The text in lower case, each run of white space one space."""
    return " ".join(text.casefold().split())


def _blank(item: Item, _options: Options) -> Finding | None:
    # Split ShareGPT conversations have answers that are one zero-width space.
    return None if item.answer.strip(f"{whitespace}{ZERO_WIDTH}") else Finding()


def _nothing(item: Item, _options: Options) -> Finding | None:
    answer = item.answer.strip()
    return (
        Finding(excerpt=shortened(answer)) if answer and len(answer) < 40 and _NOTHING.fullmatch(answer) else None
    )


def _repeated(item: Item, _options: Options) -> Finding | None:
    # A text below an instruction comes back unchanged where nothing was to be corrected, sorted or translated.
    answer = normalised(item.answer)
    if words_in(answer) < _GREETING or answer != normalised(item.prompt):
        return None
    return Finding(excerpt=shortened(item.answer))


def _refused(item: Item, _options: Options) -> Finding | None:
    if words_in(item.answer) > _FULL or _ASKED_FOR.search(item.prompt):
        return None
    if (direct := _DIRECT.search(item.answer, item.response_language, _OPENING)) and _declines(
        item.answer, direct
    ):
        return around(item.answer, direct)
    match = _REFUSAL.search(item.answer, item.response_language, _OPENING)
    if match is None or match[0].casefold() in item.prompt.casefold():
        return None
    if _ANYWAY.search(item.answer[match.end() :], item.response_language):
        return None
    return None if _QUOTED.search(item.answer[1 : match.start()]) else around(item.answer, match)


def _declines(answer: str, opening: re.Match[str]) -> bool:
    """Whether an answer that opens by declining gives a reason and nothing that was asked for."""
    reason = _REASON.search(answer, end=_REASONED)
    return reason is not None and not _AFTER_ALL.search(answer[opening.end() :])


def _code(item: Item, _options: Options) -> Finding | None:
    referred = _REFERRED.search(item.prompt, item.prompt_language)
    if referred and item.turn == 1 and len(item.prompt) < 300 and not _CODE.search(item.prompt):
        return around(item.prompt, referred)
    asked = _ASKED.search(item.prompt, item.prompt_language)
    if asked and item.answer.strip() and not _CODE.search(item.answer):
        return around(item.prompt, asked)
    return None


BLANK = Rule("blank_answer", "there is no answer", "error", _blank)
NOTHING = Rule("na_answer", "the answer is N/A or the like", "error", _nothing)
REPEATED = Rule("repeated_prompt", "the answer is the prompt again", "error", _repeated)
REFUSAL = Rule("refusal", "the answer refuses, or says that it is a model", "warning", _refused)
CODE = Rule("code_missing", "code is asked for or spoken of, and is not there", "warning", _code)
