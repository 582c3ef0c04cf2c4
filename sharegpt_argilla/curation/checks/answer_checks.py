"""Answers that are none: blank, N/A, the prompt again, a refusal, words where code was asked for."""

from __future__ import annotations

import re
from string import whitespace

from sharegpt_argilla.curation.checks.base import Finding, Item, Options, Rule
from sharegpt_argilla.curation.word_patterns import Words, around, shortened

ZERO_WIDTH = "\u200b\u2060\ufeff\u00a0"
_NOTHING = re.compile(
    r"[<\[(]?\s*(?:n\s?[/.]\s?a\.?|none|null|nil|undefined|nan|no (?:output|answer|response)|nooutput|"
    r"tiada(?: output| jawapan)?|tidak ada(?: jawaban| output)?|无|没有答案|없음)\s*[>\])]?\s*[.。]?",
    re.IGNORECASE,
)

_REFUSAL = Words(
    {
        "en": r"\bas an? (?:\w+ )?(?:ai\b|artificial intelligence|(?:large )?language model)|"
        r"\bi(?:['’]m| am) (?:just |only )?an? (?:ai|(?:large )?language model|artificial intelligence)\b|"
        r"\b(?:i(?:['’]m| am) (?:very |so )?(?:sorry|afraid)|(?<!n't )apologi[sz]e|"
        r"sorry)\b(?! to hear)[^.!?\n]{0,60}"
        r"\b(?:i|we)(?:['’]m| am)?\s?(?:can ?not|can['’]t|unable|not able|do not|don['’]t|not sure|won['’]t)\b|"
        r"^\W*i(?:['’]m| am)? (?:can ?not|can['’]t|unable to|not able to|won['’]t) (?:provide|assist|help|"
        r"fulfil|answer|"
        r"create|generate|browse|access|comply|engage|write|do that|complete|continue)",
        "ms": r"\bsaya (?:adalah|hanyalah|hanya|merupakan|ialah|sebagai|sebenarnya|bukan(?:lah)?) (?:\w+ ){0,4}?"
        r"(?:ai|kecerdasan buatan|bot|robot|chatbot)\b|"
        r"^\W*(?:maaf|mohon maaf|maafkan saya|minta maaf)\b[^.!?\n]{0,80}\b(?:tidak|tak|bukan(?:lah)?)\b|"
        r"(?<!dikenali )(?<!dikenal )\bsebagai (?:sebuah |seorang |suatu )?(?:model(?: bahasa)?|ai|"
        r"kecerdasan buatan|kecerdasan artifi\w+|"
        r"program ai|asisten ai|pembantu ai|sistem ai|robot|chatbot)\b|"
        r"\bsaya (?:adalah |hanyalah |hanya |merupakan |ialah )(?:sebuah |satu )?(?:model(?: bahasa)?|ai|"
        r"kecerdasan buatan|program|chatbot|asisten virtual)\b|"
        r"\b(?:maaf|mohon maaf|minta maaf)\b[^.!?\n]{0,60}\b(?:saya|kami)\b[^.!?\n]{0,20}"
        r"\b(?:tidak|tak|belum|kurang)\b|"
        r"^\W*saya (?:tidak|tak) (?:dapat|boleh|bisa|mampu|mempunyai|memiliki|tahu|mengetahui|memahami|"
        r"mengerti|yakin)\b",
        "zh": r"作为(?:一个|一名|一款)?(?:人工智能|ai|语言模型|大型语言模型)|"
        r"(?:抱歉|对不起|很遗憾|不好意思)[，,。！].{0,25}?(?:无法|不能|没有|不知道|不清楚)",
        "ko": r"(?:ai|인공지능)\s?(?:언어\s?)?(?:모델|챗봇|어시스턴트|비서)(?:로서|로써|이므로|이기|입니다|이라)|"
        r"죄송(?:합니다|하지만|해요)[^\n]{0,40}(?:없|못|모르)",
        "ja": r"ai(?:言語モデル|アシスタント)?(?:として|なので|です)|申し訳(?:ありません|"
        r"ございません)[^\n]{0,30}(?:できません|ない)",
    }
)
_OPENING = 300
"""Characters at the beginning of an answer in which it refuses."""

# Somebody in a dialogue, or a phrase in a list, says so; a quotation mark at the very beginning is no such thing.
_QUOTED = re.compile(r"[(\"“‘'«]$|[-–:]\s$")

_LANGUAGES = (
    r"(?:python|java(?:script)?|typescript|c\+\+|c#|ruby|golang|rust|php|swift|kotlin|perl|matlab|sql|html|css|"
    r"bash|powershell|vba|scala|haskell|arduino|react|node\.?js)"
)
_ASKED = Words(
    {
        "": rf"\b(?:write|create|generate|give me|implement|buat|tulis|hasilkan|berikan)\b[^.?!\n]{{0,30}}"
        rf"\b{_LANGUAGES}(?=\W)[^.?!\n]{{0,20}}\b(?:function|program|code|script|query|class|kod|kode|fungsi|"
        r"fungsian|skrip|atur cara)\b|"
        rf"\b(?:write|create|implement|tulis|buat)\b[^.?!\n]{{0,30}}\b(?:function|program|code|script|query|class|"
        rf"kod|kode|fungsi|skrip)\b (?:in|using|with|dalam|menggunakan) {_LANGUAGES}(?!\w)"
    }
)
_REFERRED = Words(
    {
        "en": r"\b(?:the following|this|given|below) (?:piece of )?(?:code|code snippet|snippet|function|script|"
        r"sql query)\b",
        "ms": r"\b(?:kod|kode|skrip|fungsi|coretan kod) (?:berikut|di bawah|ini|yang diberikan)\b",
        "zh": r"(?:以下|下面|这段)(?:的)?代码",
        "ko": r"(?:다음|아래|이) 코드",
    }
)
# What prose has not: indents before code, calls, assignments, tags, braces, statements.
_CODE = re.compile(
    r"```|\w\(|[{};][ \t]*$|^[ \t]*(?:def|class|import|from|return|for|if|while|print|SELECT|#include|"
    r"public|function|var|"
    r"let|const)\b|</?\w+[^>\n]*>|=>|[\w\])]\s*(?:=|\+=|:=)\s*[\w\"'(\[{]|^[ \t]*[-+*/.#$@\w]+\s*[:=]\s*\S+\s*$",
    re.MULTILINE | re.IGNORECASE,
)


def normalised(text: str) -> str:
    """The text in small letters, each run of spaces one space."""
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
    answer = normalised(item.answer)
    if not answer:
        return None
    paragraphs = item.prompt.strip().split("\n\n")
    if answer in (normalised(item.prompt), normalised(paragraphs[-1])):
        return Finding(excerpt=shortened(item.answer))
    return None


def _refused(item: Item, _options: Options) -> Finding | None:
    match = _REFUSAL.search(item.answer, item.response_language, _OPENING)
    if match is None or match[0].casefold() in item.prompt.casefold():
        return None
    return None if _QUOTED.search(item.answer[1 : match.start()]) else around(item.answer, match)


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
