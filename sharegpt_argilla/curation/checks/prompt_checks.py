"""Prompts that do not stand for themselves: too short, pieces of a talk, openers, several at once."""

from __future__ import annotations

import re

from sharegpt_argilla.curation.checks.base import Finding, Item, Options, Rule, Texts
from sharegpt_argilla.curation.word_patterns import Words, found, shortened, without_code

# Scripts that put no space between words: a word is about two characters there.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")

_NO_INPUT = re.compile(
    r"[<\[(]?\s*(?:no[ _-]?input|n\s?/\s?a|none|tiada input|tiada|tidak ada input|输入为空|无输入|"
    r"입력 없음)\s*[>\])]?\.?",
    re.IGNORECASE,
)
_MERGED = re.compile(
    r"^[ \t]*(?:#+\s*)?\d{1,2}\.\s*(?:Instruction|Arahan|Instruksi)\s*:", re.IGNORECASE | re.MULTILINE
)

_SYSTEM = Words(
    {
        "en": r"\W*(?:(?:hi|hello|ok(?:ay)?|please)\b[,.! ]*)?(?:(?:i want you|you (?:will|are going to|"
        r"should)|please|"
        r"your task is|i(?:'d| would) like you) to (?:act|behave|pretend|roleplay|role-play|be an?\b|respond as|"
        r"play the role)|act as\b|act like\b|pretend (?:to be|you|that you)|you are (?:now )?(?:an? |the |"
        r"my |going to "
        r"(?:be|act))|you will (?:act|be) (?:as )?an?\b|from now on,? (?:you|act|i want)|roleplay\b|"
        r"imagine (?:that )?"
        r"you are\b|assume the role|take on the role|ignore (?:all )?(?:the )?(?:previous|prior) (?:instructions|"
        r"prompts)|system:|\[?system (?:prompt|message)\b)",
        "ms": r"\W*(?:anda (?:adalah|ialah) (?:seorang|sebuah|se\w+)|bertindak(?:lah)? sebagai|"
        r"berpura-pura(?:lah)? (?:menjadi|anda|kamu|sebagai)|"
        r"kamu (?:adalah|sekarang) se)",
        "zh": r"\W*(?:请你?扮演|你(?:现在)?(?:是|将扮演|要扮演|充当)(?!谁|什么|否|不是|哪)|我(?:希望|想让|想|要)你"
        r"(?:扮演|充当|作为|担任)|假设你是|假如你是|作为一[名个位])",
        "ko": r"\W*(?:당신은|너는) [^\n?]{1,30}(?:입니다|이다|역할)",
    }
)
_CONTINUE = Words(
    {
        "en": r"(?:(?:ok(?:ay)?|yes|and|now|please|great|good|thanks?|so|then|can you|could you|pls|"
        r"alright|sure)[,.! ]+)*"
        r"(?:cont+in+ue?|go on|keep going|carry on|proceed|more|more please|next|go ahead|finish(?: it)?|yes|no|"
        r"yep|nope|ok|okay|sure|thanks?|thank you(?: (?:so|very) much)?|great|good|cool|perfect|nice|again|"
        r"try again|and|why|how so|really|what else|anything else|tell me more|elaborate|expand|resume)"
        r"(?:[,.! ]+(?:f+rom (?:here|there|where you (?:left|stopped)[\w ]*|.{1,40})|please|pls|thanks?|"
        r"writing|it|with (?:it|that)|where you left off|on|generating))*[.!?…\s]*",
        "ms": r"(?:ya|tidak|ok|baik)?[,. ]*(?:teruskan|lanjut(?:kan)?|sambung|terima kasih|lagi|ya|tidak|ok|"
        r"baiklah|seterusnya)[.!? ]*",
        "zh": r"(?:请|好的?[，, ]?)?(?:继续|接着(?:写|说)?|往下|谢谢|好的?|是的?|不是|再来一个|还有吗|"
        r"下一个|继续写)[。！!？?. ]*",
        "ko": r"(?:계속(?:해(?:줘|주세요)?)?|더|네|아니요?|감사합니다|고마워|다음|이어서)[.!? ]*",
        "ja": r"(?:続けて(?:ください)?|続き|はい|いいえ|ありがとう(?:ございます)?|次)[。！. ]*",
        "": r"\W{0,10}",
    }
)
_EARLIER = Words(
    {
        "en": r"\b(?:your|the) (?:last|previous|prior|above) (?:answer|response|reply|message|output|code|"
        r"question|prompt|"
        r"conversation|paragraph|sentence)\b|\b(?:as|like) you (?:said|mentioned|wrote)\b|"
        r"\byou (?:stopped|cut off|didn['’]t finish)\b|\bwhere you (?:left off|stopped)\b",
        "ms": r"\bjawapan (?:anda )?(?:sebelum|tadi|di atas)|\bjawaban (?:anda )?(?:sebelum|tadi|di atas)",
        "zh": r"(?:上面|之前|刚才|上一个)的?(?:回答|回复|代码|问题|答案)|你刚才",
        "ko": r"(?:이전|위의?|방금) (?:답변|대답|코드|질문)",
    }
)
_FRAGMENT = 300
"""Characters of a prompt, above which it brings what it speaks of."""

_TOOLS = Words(
    {
        "": r"\bweb search results:|\bsearch results:\s*\[1\]|\bwebpilot\b|\bcode interpreter\b|\bbrowsing mode\b",
        "en": r"\b(?:browse|search|scrape|crawl|surf|check|look (?:it |this )?up (?:on|in)|"
        r"look on) (?:through )?(?:the )?"
        r"(?:web|internet|online|google|bing|wikipedia|youtube)\b|"
        r"\bsearch (?:\w+ ){0,4}(?:online|on (?:google|bing|the (?:web|internet)))\b|\bgoogle (?:it|for|"
        r"search for)\b|"
        r"\b(?:visit|browse|scrape|crawl|access|go to|log ?in ?to|open) (?:this|the following|my) "
        r"(?:web ?site|web ?page|site|page|link|url|account|file)\b|"
        r"\b(?:send|write) (?:an? )?e-?mail to \S+@|\b(?:set|create) (?:an? )?(?:alarm|reminder) (?:for|at|in)\b",
        "ms": r"(?:^|[.!?]\s+|\b(?:sila|tolong)\s+)(?:cari|carikan|semak|layari|"
        r"imbas) (?:\w+ ){0,5}?(?:di|dalam|melalui) "
        r"(?:internet|google|web|laman web|dalam talian)\b",
        "zh": r"(?:搜索|查找|浏览|联网|上网|查询)(?:一下)?(?:互联网|网络|网上|谷歌|百度|网页)|(?:在|"
        r"用)(?:谷歌|百度|网上)(?:搜|查)",
        "ko": r"(?:인터넷|구글|웹|네이버)(?:에서|을|를)\s?(?:검색|찾아)",
    }
)
# A program that browses is a program.
_PROGRAM = re.compile(
    r"\b(?:code|script|program|function|python|javascript|selenium|api|app|bot|scraper|crawler|php|java|"
    r"how (?:to|do|"
    r"can)|learn|seo|ads?)\b",
    re.IGNORECASE,
)


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
    return found(item.prompt, _MERGED.search(item.prompt)) or found(item.answer, _MERGED.search(item.answer))


def _opener(item: Item, _options: Options) -> Finding | None:
    if item.turn != 1:
        return None
    start = item.prompt[:200]
    match = _SYSTEM.search(start, item.prompt_language)
    return found(start, match) if match and match.start() == 0 else None


def _continued(item: Item, _options: Options) -> Finding | None:
    prompt = item.prompt.strip()
    if len(prompt) > _FRAGMENT:
        return None
    if len(prompt) <= 100 and _CONTINUE.fullmatch(prompt, item.prompt_language):
        return Finding(excerpt=shortened(prompt))
    return found(prompt, _EARLIER.search(prompt, item.prompt_language))


def _tools(item: Item, _options: Options) -> Finding | None:
    text = without_code(item.prompt)
    match = _TOOLS.search(text, item.prompt_language)
    if match is None or _PROGRAM.search(text[max(0, match.start() - 60) : match.end() + 60]):
        return None
    return found(text, match)


SHORT = Rule("too_short", "the prompt has fewer words than are wanted", "warning", _short)
NO_INPUT = Rule("no_input", "the prompt ends in a word for no input", "note", _no_input, fix=_drop_input)
MERGED = Rule("merged_instructions", "several instructions run into one", "error", _merged)
SYSTEM = Rule("system_prompt", "the conversation opens with a role for the model", "note", _opener)
CONTINUATION = Rule("continuation", "the prompt only goes on with what was said before", "warning", _continued)
TOOLS = Rule("tool_use", "the prompt counts on browsing or other tools", "warning", _tools)
