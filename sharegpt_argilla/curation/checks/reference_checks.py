"""Prompts that ask for what a language model cannot see or make: pages, pictures, the news."""

from __future__ import annotations

import re

from sharegpt_argilla.curation.checks.base import Finding, Item, Options, Rule
from sharegpt_argilla.curation.word_patterns import Words, around, found, is_program, without_code

_URL = re.compile(r"(?:https?://|\bwww\.)[^\s<>()\"'\]]+", re.IGNORECASE)
_READING = Words(
    {
        "en": r"\b(?:summari[sz]e|read|visit|open|analy[sz]e|review|access|browse|scrape|crawl|check out|look at|"
        r"based on|according to|link to|(?:this|following|given|below) (?:\w+ )?(?:link|url|website|site|page|"
        r"article|blog|post|paper|video)|article|website)\b",
        "ms": r"\b(?:ringkas\w*|rumus\w*|baca|lawat|buka|analisis|berdasarkan|menurut|pautan|tautan|artikel|"
        r"laman|halaman|situs)\b",
        "zh": r"总结|概括|阅读|打开|访问|分析|根据|链接|网址|网站|文章",
        "ko": r"요약|읽|링크|웹\s?사이트|기사|페이지",
    }
)
_NEAR = 80
"""Characters between an address and the word that asks to read it."""
_BARE = 12
"""Words beside an address, up to which it is the matter of the prompt."""
_OWN = 60
"""Words beside an address, above which the prompt brings what it speaks of."""
_CODING = re.compile(r"\b(?:curl|code|script|function|python|javascript|api|regex|html|css)\b", re.IGNORECASE)

_IMAGE = Words(
    {
        "": r"!\[[^\]\n]{0,200}\]\(\s*http|<(?:img|image)\b[^>\n]{0,500}>|\[image[:\]]|^[ \t]*image:\s*(?:http|<)",
        "en": r"<?\bpicture attached\b|\battached (?:image|picture|photo|screenshot)|"
        r"(?<!out )\b(?:(?:in|of|from|describe|at|for) th(?:e|is)|following|given) (?:image|picture|photo|"
        r"screenshot)\b"
        r"(?! (?:of|in which|editing|file|url|tag|element|data|class\w*|processing|format|size))",
        "ms": r"<gambar[^>\n]{0,200}>|\b(?:gambar|imej|foto) (?:berikut|ini|di bawah|yang diberikan|"
        r"dilampirkan)\b",
        "zh": r"(?:这张|下面的|以下|附上的?|如)图(?:片|中|所示)?",
        "ko": r"(?:다음|이|아래|첨부된?) (?:이미지|사진|그림)",
    },
    re.IGNORECASE | re.MULTILINE,
)

_LIVE = Words(
    {
        "en": r"\b(?:current|today'?s|latest|live|real[- ]time) (?:\w+ ){0,2}?(?:weather|temperature|news|"
        r"headlines|"
        r"stock price|price of|exchange rate|score of|traffic)\b|"
        r"\bweather\b.{0,30}\b(?:today|tomorrow|now|this week(?:end)?)\b|"
        r"\b(?:what(?:'s| is) (?:the )?(?:current )?(?:time|date)|what day is it)(?: is it)? (?:today|now|"
        r"right now)\b|"
        r"\bcurrent (?:weather|temperature)\b|\b(?:news|headlines) (?:of|for|from) today\b",
        "ms": r"\b(?:bagaimana|apa(?:kah)?|macam mana|berapa\w*|beritahu|memberi tahu|katakan|perkiraan|ramalan)\b"
        r"[^.?!\n]{0,40}\bcuaca (?:\w+ ){0,3}?(?:hari ini|semasa|sekarang|esok|besok|terkini|saat ini)\b|"
        r"\b(?:apa(?:kah)?|berapa(?:kah)?|berikan|beri|senaraikan|cari)\b[^.?!\n]{0,30}\b(?:harga \w+|"
        r"berita|kadar "
        r"tukaran|nilai tukar) (?:\w+ ){0,3}?(?:semasa|hari ini|sekarang|terkini|saat ini)\b|"
        r"\b(?:jam|pukul) berapa sekarang\b",
        "zh": r"(?:今天|现在|当前|明天|最新).{0,6}(?:天气|气温|新闻|股价|汇率|行情)|现在几点|今天几号",
        "ko": r"(?:오늘|현재|지금|내일|최신).{0,8}(?:날씨|기온|뉴스|주가|환율)|지금 몇 시",
    }
)
_QUESTION = 60
"""Words of a prompt, above which the news are its material and not what it asks for."""

_MEDIUM = (
    r"(?:image|picture|photo(?:graph)?|logo|poster|video|painting|illustration|gif|animation|wallpaper|"
    r"infographic)s?"
)
# What is made of words, though a medium is named.
_WORDY = (
    r"(?! (?:prompt|caption|description|title|script|idea|tag|concept|url|link|file|name|generator|editor|"
    r"classif|processing|upload|gallery|component|element|slider|carousel|player|recognition|class\b|model))"
)
_MEDIA = Words(
    {
        "en": r"(?:^|[.!?:]\s+|\b(?:please|can you|could you|would you|want you to|and then|need you to)\s+)"
        r"(?:generate|draw|create|make|design|paint|produce|render|sketch)(?: me| us)? (?:an? |the |some )?"
        rf"(?:[\w-]+ ){{0,3}}?{_MEDIUM}\b{_WORDY}",
        "ms": r"(?:^|[.!?:]\s+|\b(?:sila|tolong|boleh(?:kah)? (?:anda )?|bisakah (?:anda )?)\s*)"
        r"(?:jana|lukis|hasilkan|buat|cipta|ciptakan|reka|buatkan|lukiskan)(?:kan)?(?: \w+){0,2}? "
        r"(?:gambar|imej|logo|poster|video|lukisan|foto|animasi)\b(?! (?:rajah|kata))",
        "zh": r"(?:画|生成|绘制|制作|设计|做)(?:一|两|几)?(?:张|幅|个|段)?[^，。？！\n]{0,8}(?:图片|图像|"
        r"海报|视频|动画|logo|插画)",
        "ko": r"(?:이미지|그림|사진|로고|포스터|동영상)(?:을|를)?\s?(?:그려|생성해|만들어)",
    },
    re.IGNORECASE | re.MULTILINE,
)
# A text about a picture: "a sentence for this picture", "a script for a video".
_ABOUT = re.compile(
    r"\b(?:sentence|caption|story|paragraph|script|title|description|prompt|code|function|program|app|website|"
    r"html|css|plan|list|ideas?|tips|steps|tutorial|article|outline|ayat|kapsyen|cerita|skrip|tajuk|deskripsi)\b",
    re.IGNORECASE,
)


def _web(item: Item, _options: Options) -> Finding | None:
    text = without_code(item.prompt)
    address = _URL.search(text)
    if address is None:
        return None
    rest = _URL.sub(" ", text)
    if len(rest.split()) > _OWN or _CODING.search(rest):
        return None
    near = text[max(0, address.start() - _NEAR) : address.start()] + " " + text[address.end() :][:_NEAR]
    if len(rest.split()) <= _BARE or _READING.search(near, item.prompt_language):
        return around(text, address)
    return None


def _image(item: Item, _options: Options) -> Finding | None:
    text = without_code(item.prompt)
    return (
        None if is_program(text) and "<im" not in text else found(text, _IMAGE.search(text, item.prompt_language))
    )


def _live(item: Item, _options: Options) -> Finding | None:
    if len(item.prompt) > 600 or len(item.prompt.split()) > _QUESTION:
        return None
    return found(item.prompt, _LIVE.search(item.prompt, item.prompt_language))


def _media(item: Item, _options: Options) -> Finding | None:
    text = without_code(item.prompt)
    match = _MEDIA.search(text, item.prompt_language)
    if match is None or _ABOUT.search(text[max(0, match.start() - 30) : match.end() + 20]):
        return None
    return around(text, match)


WEB = Rule("web_reference", "the prompt wants a web page read", "warning", _web)
IMAGE = Rule("image_reference", "the prompt speaks of a picture that is not there", "warning", _image)
LIVE = Rule("live_data", "the prompt wants news, weather or prices of the day", "warning", _live)
MEDIA = Rule("media_generation", "the prompt wants a picture, a video or a logo made", "warning", _media)
