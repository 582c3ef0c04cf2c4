"""Checks of prompts that are not self-contained: too short, fragments, role openers, several at once."""

from __future__ import annotations

import re

from sharegpt_argilla.curation.checks.base import Finding, Item, Options, Rule, Texts
from sharegpt_argilla.curation.word_patterns import LanguagePatterns, finding_for, shortened, without_code

# Scripts that put no space between words: a word is about two characters there.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")

_NO_INPUT = LanguagePatterns("no_input", "last_paragraph")
_MERGED = LanguagePatterns("merged_instructions", "number")

_SYSTEM = LanguagePatterns("system_prompt", "opening")
_CONTINUE = LanguagePatterns("continuation", "whole_prompt")
_EARLIER = LanguagePatterns("continuation", "earlier_turn")
_FRAGMENT = 300
"""Characters above which a prompt contains what it refers to."""

_TOOLS = LanguagePatterns("tool_use", "request")
# A request for a program that browses is not a request to browse.
_PROGRAM = LanguagePatterns("tool_use", "about_programs")


def words_in(text: str) -> float:
    """Words of a text; of scripts without spaces, two characters count as one."""
    characters = len(_UNSPACED.findall(text))
    return characters / 2 + len(_UNSPACED.sub(" ", text).split())


def _short(item: Item, options: Options) -> Finding | None:
    prompt = item.prompt.strip()
    if len(prompt) > 200 or words_in(prompt) >= options.min_words:
        return None
    return Finding(excerpt=shortened(prompt))


def _no_input(item: Item, _options: Options) -> Finding | None:
    _, gap, last = item.prompt.rstrip().rpartition("\n\n")
    return Finding(excerpt=shortened(last)) if gap and _NO_INPUT.fullmatch(last.strip()) else None


def _drop_input(texts: Texts) -> Texts:
    return Texts(texts.prompt.rstrip().rpartition("\n\n")[0].rstrip(), texts.answer)


def _merged(item: Item, _options: Options) -> Finding | None:
    return finding_for(item.prompt, _MERGED.search(item.prompt)) or finding_for(
        item.answer, _MERGED.search(item.answer)
    )


def _opener(item: Item, _options: Options) -> Finding | None:
    if item.turn != 1:
        return None
    start = item.prompt[:200]
    match = _SYSTEM.search(start, item.prompt_language)
    return finding_for(start, match) if match and match.start() == 0 else None


def _continued(item: Item, _options: Options) -> Finding | None:
    prompt = item.prompt.strip()
    if len(prompt) > _FRAGMENT:
        return None
    if len(prompt) <= 100 and _CONTINUE.fullmatch(prompt, item.prompt_language):
        return Finding(excerpt=shortened(prompt))
    return finding_for(prompt, _EARLIER.search(prompt, item.prompt_language))


def _tools(item: Item, _options: Options) -> Finding | None:
    text = without_code(item.prompt)
    match = _TOOLS.search(text, item.prompt_language)
    if match is None or _PROGRAM.search(text[max(0, match.start() - 60) : match.end() + 60]):
        return None
    return finding_for(text, match)


SHORT = Rule("too_short", "the prompt has fewer words than are wanted", "warning", _short)
NO_INPUT = Rule("no_input", "the prompt ends in a word for no input", "note", _no_input, fix=_drop_input)
MERGED = Rule("merged_instructions", "several instructions run into one", "error", _merged)
SYSTEM = Rule("system_prompt", "the conversation opens with a role for the model", "note", _opener)
CONTINUATION = Rule("continuation", "the prompt only continues what was said before", "warning", _continued)
TOOLS = Rule("tool_use", "the prompt counts on browsing or other tools", "warning", _tools)
