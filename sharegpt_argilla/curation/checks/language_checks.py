"""Checks of language: an unwanted one, another than the prompt's, leftovers of a translation."""

from __future__ import annotations

import re

from sharegpt_argilla.curation.checks.base import UNSURE, Finding, Item, Options, Rule
from sharegpt_argilla.curation.word_patterns import LanguagePatterns, around, is_program, without_code

_SCRIPTS = {
    "Hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "Han and kana": "\u3040-\u30ff\u3400-\u9fff",
    "Cyrillic": "\u0400-\u04ff",
    "Arabic": "\u0600-\u06ff",
    "Thai": "\u0e00-\u0e7f",
    "Devanagari": "\u0900-\u097f",
}
_OTHER = re.compile(f"[{''.join(_SCRIPTS.values())}]+")
_HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_LEFT = 0.3
"""Share of another script in a Latin text up to which it counts as left over, not intended."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_GLOSS = re.compile(r"[(（][^()（）\n]{0,60}[)）]")
_URL = re.compile(r"https?://\S+")
# A text about languages, scripts or names uses the letters on purpose.
_MEANT = LanguagePatterns("leftover_language", "meant")

# Spelt this way in Indonesian only, or in Malay only; short lists of the most common words.
_INDONESIAN = LanguagePatterns("mixed_malay", "indonesian")
_MALAY = LanguagePatterns("mixed_malay", "malay")
# Short texts full of names are mistaken for languages that chat logs hardly have (Latin, Javanese, Zulu).
# fmt: off
_KNOWN = frozenset((
    "ar", "bn", "bg", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja",
    "ko", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sv", "ta", "th", "tl", "tr", "uk", "ur", "vi", "zh",
))
# fmt: on
_LETTERS = 60
"""Least letters of prompt and answer whose languages are compared."""
# Before the name of something in its own script.
_NAMED = re.compile(r"[(（「『《\"'‘“*]\s*$")


def _unwanted(item: Item, options: Options) -> Finding | None:
    spoken = {item.prompt_language, item.response_language} - {UNSURE, ""}
    others = spoken - set(options.languages)
    return Finding(excerpt=", ".join(sorted(others))) if options.languages and others else None


def _mismatch(item: Item, _options: Options) -> Finding | None:
    asked, answered = _united(item.prompt_language), _united(item.response_language)
    if asked == answered or not {asked, answered} <= _KNOWN or _MEANT.search(item.prompt):
        return None
    if (
        min(_letters(item.prompt), _letters(item.answer)) < _LETTERS
        or is_program(item.answer)
        or is_program(item.prompt)
    ):
        return None
    if _is_list_of_names(item.answer):
        return None
    return Finding(excerpt=f"{item.prompt_language} -> {item.response_language}")


def _is_list_of_names(text: str) -> bool:
    """Whether most words begin with a capital: books and places keep their names in every language."""
    words = _WORD.findall(text)
    capitals = sum(1 for word in words if word[0].isupper())
    return capitals > len(words) / 2


def _letters(text: str) -> int:
    """Letters of a text; a letter for a syllable or a word counts as four, code does not count."""
    prose = without_code(text)
    return sum(map(str.isalpha, prose)) + 3 * len(_DENSE.findall(prose))


def _united(language: str) -> str:
    return "ms" if language == "id" else language


def _leftover(item: Item, _options: Options) -> Finding | None:
    if (item.prompt.isascii() and item.answer.isascii()) or _MEANT.search(item.prompt):
        return None
    prompt = without_code(_URL.sub(" ", item.prompt)).strip()
    foreign = sum(map(len, _OTHER.findall(prompt)))
    # Han next to Latin terms asks in Chinese or about a character: only an answer has it by mistake.
    if _HAN.search(prompt):
        return None
    # A text that begins in a script, or has enough of it, uses it on purpose.
    if not foreign or (foreign < _LEFT * len(_LATIN.findall(prompt)) and not _OTHER.match(prompt)):
        return _leftover_in(prompt) or (None if foreign >= 3 else _leftover_in(without_code(item.answer)))
    return None


def _leftover_in(text: str) -> Finding | None:
    text = _GLOSS.sub(" ", text)
    others = list(_OTHER.finditer(text))
    if is_program(text) or _OTHER.match(text.lstrip()):
        return None
    if sum(len(match[0]) for match in others) >= _LEFT * len(_LATIN.findall(text)):
        return None
    for match in others:
        near = text[max(0, match.start() - 60) : match.end() + 60]
        following = text[match.end() : match.end() + 2].lstrip()
        if (
            not _NAMED.search(text[: match.start()])
            and not following.startswith(("(", "（"))
            and not _MEANT.search(near)
        ):
            return around(text, match)
    return None


def _mixed(item: Item, _options: Options) -> Finding | None:
    for text, language in ((item.prompt, item.prompt_language), (item.answer, item.response_language)):
        if language not in ("ms", "id"):
            continue
        indonesian = {match[0].lower(): match for match in _INDONESIAN.finditer(text)}
        malay = {match[0].lower() for match in _MALAY.finditer(text)}
        if indonesian and malay:
            return Finding(excerpt=f"{', '.join(sorted(indonesian)[:4])} next to {', '.join(sorted(malay)[:4])}")
    return None


UNWANTED = Rule("other_language", "prompt or answer is in a language that is not wanted", "warning", _unwanted)
MISMATCH = Rule("language_mismatch", "prompt and answer are in two languages", "warning", _mismatch)
LEFTOVER = Rule("leftover_language", "letters of another script are left in the text", "warning", _leftover)
MIXED = Rule("mixed_malay", "a Malay text has words that only Indonesian has", "note", _mixed)
