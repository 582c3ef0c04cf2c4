"""HTML of a page to Markdown; html.py says which and why."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString
from bs4.exceptions import ParserRejectedMarkup
from markdownify import MarkdownConverter

from sharegpt_argilla.errors import RejectedError

_FENCE = "```"
_COUNTER = re.compile(r"\s*\d+ / \d+\s*")
_COPY_CODE = re.compile(r"\A\s*([\w+#.-]*)\s*Copy code")
_LANGUAGE = re.compile(r"(?:language|lang)-(\S+)")
_PLAIN_LANGUAGE = re.compile(r"[\w+#.-]+")
_BACKTICKS = re.compile("`+")

_KEPT_AS_WRITTEN = ("pre", "code")
_CONTROLS = ("button", "svg", "script", "style", "input", "textarea", "select", "noscript")


def page_to_markdown(text: str) -> str:
    """HTML as Markdown, without the controls of the page.

    Raises:
        RejectedError: it is nested too deeply, or cannot be read.
    """
    try:
        page = _parsed(text)
        _remove_controls(page)
        _restore_formulas(page)
        markdown = _converter().convert_soup(page)
    except RecursionError:
        raise RejectedError("HTML nested too deeply") from None
    except (ParserRejectedMarkup, AssertionError):
        # html.parser asserts what broken declarations do not keep.
        raise RejectedError("not readable as HTML") from None
    return str(markdown).strip()


class _Converter(MarkdownConverter):
    """markdownify, with the code blocks of the page."""

    def convert_pre(self, element: Tag, text: str, parent_tags: set[str]) -> str:
        """A fence that no run of backticks in the code can close; nothing where there is no code."""
        language, code = _code_block(element)
        if not code.strip():
            return ""
        longest = max((len(run) for run in _BACKTICKS.findall(code)), default=0)
        fence = "`" * max(len(_FENCE), longest + 1)
        return f"\n\n{fence}{language}\n{code}\n{fence}\n\n"


def _converter() -> _Converter:
    """Headings and lists as models write them; no escapes, for the page had resolved those of the model."""
    return _Converter(heading_style="ATX", bullets="-", escape_asterisks=False, escape_underscores=False)


def _parsed(text: str) -> BeautifulSoup:
    with warnings.catch_warnings():
        # A message may begin like an XML file and is read as HTML all the same.
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        return BeautifulSoup(text, "html.parser")


def _remove_controls(page: BeautifulSoup) -> None:
    for control in page.find_all(_CONTROLS):
        if not control.find_parent("code"):
            control.decompose()
    strings = list(_prose(page))
    if len(strings) > 1 and _COUNTER.fullmatch(strings[0]):
        strings[0].extract()
    for string in strings:
        if LENGTHS.search(string):
            string.replace_with(LENGTHS.sub("", string))


def _prose(page: BeautifulSoup) -> Iterator[NavigableString]:
    """The texts outside of code that are not blank."""
    # Comments are of a class of their own below this one.
    strings = [node for node in page.descendants if type(node) is NavigableString and node.strip()]
    return (string for string in strings if string.find_parent(_KEPT_AS_WRITTEN) is None)


def _restore_formulas(page: BeautifulSoup) -> None:
    """Formulas back to TeX: KaTeX shows each twice, and keeps what was written in an annotation."""
    for formula in page.select(".katex-display, .katex"):
        source = formula.find("annotation")
        if source is not None:
            mark = "$$" if "katex-display" in formula.get_attribute_list("class") else "$"
            formula.replace_with(NavigableString(f"{mark}{source.get_text().strip()}{mark}"))


def _code_block(block: Tag) -> tuple[str, str]:
    """Language and text of a ``pre``. The language is that of the class, else what the bar above the code says."""
    code = block.find("code")
    if not isinstance(code, Tag):
        text = block.get_text()
        bar = _COPY_CODE.match(text)
        return (bar[1], text[bar.end() :].strip("\n")) if bar else ("", text.strip("\n"))
    named = (_LANGUAGE.fullmatch(str(name)) for name in _classes(code))
    language = next((match[1] for match in named if match), "") or _bar_language(block, code)
    return language, code.get_text().strip("\n")


def _bar_language(block: Tag, code: Tag) -> str:
    bar = block.find("span")
    if not isinstance(bar, Tag) or code in bar.parents:
        return ""
    words = bar.get_text().strip()
    return words if _PLAIN_LANGUAGE.fullmatch(words) else ""


def _classes(element: Tag) -> list[Any]:
    return [name for name in element.get_attribute_list("class") if name]


_BLOCKS = "div|p|pre|ol|ul|table|h[1-6]|blockquote|hr"
_INLINE = "span|code|strong|em|b|i|a|br|img|sub|sup|button|svg|section|article|main"
_STARTS_WITH_TAG = re.compile(rf"\s*(?:\d+ / \d+\s*)?<(?:{_BLOCKS}|{_INLINE})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BLOCK_TAG = re.compile(rf"<(?:{_BLOCKS})(?:\s[^<>]*)?>", re.IGNORECASE)
_FENCE_MARK = "```"

# Which of several answers was shown: "2 / 3".
_COUNTER_LINE = re.compile(r"\A\s*\d+ / \d+[ \t]*\r?\n\s*")
LENGTHS = re.compile(r"Copy\d+ chars / \d+ words|\A\s*\d+ chars / \d+ words\s*\Z")
"""What a browser extension printed under an answer."""


def is_html(text: str) -> bool:
    """Whether a text is a piece of a page: a tag comes first, or a block tag anywhere in text without a fence.

    Markdown may talk of tags too; then they stand in a fence or between backticks, or in the middle of a line.
    """
    if _STARTS_WITH_TAG.match(text):
        return True
    return _FENCE_MARK not in text and any(_own_block(text, match.start()) for match in _BLOCK_TAG.finditer(text))


def html_to_markdown(text: str) -> str:
    """A message of the page as Markdown; text that is no HTML keeps what it says.

    Code blocks keep their text and language. Buttons, the number of the answer ("2 / 3") and the count of its
    characters ("Copy123 chars / 45 words") go, for they are no part of what was said.

    Raises:
        RejectedError: the HTML is nested too deeply, or is none.
    """
    if not is_html(text):
        return LENGTHS.sub("", _COUNTER_LINE.sub("", text, count=1))
    # The libraries take longer to import than all the rest of `extract`.
    from sharegpt_argilla.corpora.formats.chatgpt_html import page_to_markdown  # noqa: PLC0415

    return page_to_markdown(text)


def _own_block(text: str, at: int) -> bool:
    """Whether a tag starts a line, outside of code between backticks."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return not line.strip() or line.rstrip().endswith(">")
