"""Checks for damaged characters: control characters, escapes, entities, mojibake. All can be fixed."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import ftfy
from ftfy.badness import is_bad

from sharegpt_argilla.curation.checks.base import Finding, Item, Options, Rule, Texts
from sharegpt_argilla.curation.word_patterns import around, is_program, shortened, without_code

# Neither tab nor line breaks, nor the joiners of emoji, Persian and Indic scripts, nor marks of direction.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u2028\u2029\u202a-\u202e\u2060\ufeff]")
_LOST = "\ufffd"

# Not a letter after it, so that LaTeX (\nabla) and Windows paths (C:\new) stay; an escape of JSON always counts.
_ESCAPE = re.compile(r"(?<![\\\w:])\\[nrt](?![a-z])|(?<!\\)\\u[0-9a-fA-F]{4}|(?<=[\w.,;:!?)])\\n(?![a-z])|\\\"")
_ESCAPED = {"n": "\n", "r": "\n", "t": "\t", '"': '"'}
_ENTITY = re.compile(
    r"&(?:lt|gt|amp|quot|apos|nbsp|copy|reg|ndash|mdash|hellip|[lr][sd]quo|#\d{1,6}|#x[0-9a-fA-F]{1,5});"
)
_HAN_RUN = re.compile("[^\x00-\x7f]{6,}")
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_RUSSIAN = re.compile("[\u0410-\u044f]")
_GBK_SHARE = 0.7
"""Share of a run's bytes in GBK that are UTF-8 of Han, kana, Hangul or Russian from which it was UTF-8."""
_CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]+`)", re.DOTALL)


# Patterns and shells, in which an escape is what is meant, and quotations of one.
_MEANT_ESCAPE = re.compile(
    r"IFS=|\\[dswbDSWB](?![a-z])|\\r\?|\\[nrt][+*?|]|\[[^\]\n]*\\[nrt][^\]\n]*\]|"
    r"[\"'“‘「(（]\\[nrt][\"'”’」)）]|"
    r"\b(?:regexp?|printf|awk|sed|escape (?:sequence|character)s?|newline character)\b|"
    r"换行符|转义|正则",
    re.IGNORECASE,
)
_MEANT_ENTITY = re.compile(r"\b(?:html|xml|entit(?:y|ies)|escap\w+|unchanged|verbatim)\b|实体|转义", re.IGNORECASE)


def outside_code(text: str, fix: Callable[[str], str]) -> str:
    """The text with everything but its markdown code fixed."""
    if "`" not in text:
        return fix(text)
    return "".join(part if index % 2 else fix(part) for index, part in enumerate(_CODE.split(text)))


def _in_prose(pattern: re.Pattern[str], item: Item) -> Finding | None:
    for text in item.texts:
        prose = without_code(text)
        match = pattern.search(prose)
        if match and not is_program(_ENTITY.sub("", prose)):
            return around(prose, match)
    return None


def _both(fix: Callable[[str], str]) -> Callable[[Texts], Texts]:
    return lambda texts: Texts(fix(texts.prompt), fix(texts.answer))


def _control(item: Item, _options: Options) -> Finding | None:
    for text in item.texts:
        match = _CONTROL.search(text)
        if match or _LOST in text:
            offset = match.start() if match else text.index(_LOST)
            return Finding(
                excerpt=f"U+{ord(text[offset]):04X} after: {shortened(text[max(0, offset - 40) : offset])}"
            )
    return None


def _without_control(text: str) -> str:
    return _CONTROL.sub("", text)


def _escapes(item: Item, _options: Options) -> Finding | None:
    return _in_prose(_ESCAPE, item)


def _unescape(text: str) -> str:
    unescaped = outside_code(text, _unescaped)
    # Two escapes of a surrogate pair are one character.
    return unescaped.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unescaped(part: str) -> str:
    return part if is_program(part) or _MEANT_ESCAPE.search(part) else _ESCAPE.sub(_character, part)


def _without_entities(part: str) -> str:
    return part if _MEANT_ENTITY.search(part) or is_program(_ENTITY.sub("", part)) else html.unescape(part)


def _character(match: re.Match[str]) -> str:
    escape = match[0].lstrip("\\")
    return chr(int(escape[1:], 16)) if escape.startswith("u") else _ESCAPED[escape]


def _entities(item: Item, _options: Options) -> Finding | None:
    return _in_prose(_ENTITY, item)


def _mojibake(item: Item, _options: Options) -> Finding | None:
    for text in item.texts:
        if text.isascii():
            continue
        if is_bad(text) and ftfy.fix_encoding(text) != text:
            odd = (word for word in text.split() if not word.isascii() and is_bad(word))
            return Finding(excerpt=shortened(next(odd, "")))
        if run := _read_as_gbk(text):
            return Finding(excerpt=shortened(run))
    return None


def _read_as_gbk(text: str) -> str:
    """The first run of characters that are UTF-8 read as GBK; empty if there is none.

    Three bytes of ordinary Chinese in GBK are next to never a Han character of UTF-8.
    """
    for run in _HAN_RUN.finditer(text):
        encoded = run[0].encode("gbk", "ignore")
        readable = encoded.decode("utf-8", "ignore")
        covered = 3 * len(_DENSE.findall(readable)), 2 * len(_RUSSIAN.findall(readable))
        if encoded and max(covered) >= _GBK_SHARE * len(encoded):
            return run[0]
    return ""


def _from_gbk(text: str) -> str:
    """The text with each run of UTF-8 that was read as GBK, and that lost no byte, as it was."""
    return _HAN_RUN.sub(_reread, text) if _read_as_gbk(text) else text


def _reread(run: re.Match[str]) -> str:
    if not _read_as_gbk(run[0]):
        return run[0]
    try:
        return run[0].encode("gbk").decode()
    except UnicodeError:
        return run[0]


def _reencoded(text: str) -> str:
    return _from_gbk(ftfy.fix_encoding(text))


CONTROL = Rule(
    "control_characters", "control, zero-width or lost characters", "note", _control, fix=_both(_without_control)
)
ESCAPES = Rule("literal_escapes", "escapes such as \\n appear as text", "warning", _escapes, fix=_both(_unescape))
ENTITIES = Rule(
    "html_entities",
    "HTML entities appear as text",
    "warning",
    _entities,
    fix=_both(lambda text: outside_code(text, _without_entities)),
)
MOJIBAKE = Rule("mojibake", "text decoded as another encoding", "warning", _mojibake, fix=_both(_reencoded))
