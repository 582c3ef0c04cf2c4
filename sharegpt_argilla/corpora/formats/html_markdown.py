"""HTML of a page to Markdown, by beautifulsoup4 and markdownify.

Apart from ``chatgpt_html.py``, because the libraries take longer to import than all the rest of ``extract``.
"""

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


def page_to_markdown(text: str, lengths: re.Pattern[str]) -> str:
    """HTML as Markdown, without the controls of the page.

    Args:
        text: the HTML.
        lengths: what a browser extension printed under an answer; it is removed, too.

    Raises:
        RejectedError: it is nested too deeply, or cannot be read.
    """
    try:
        page = _parsed(text)
        _remove_controls(page, lengths)
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
        """A fence that no run of backticks in the code can close; nothing if there is no code."""
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


def _remove_controls(page: BeautifulSoup, lengths: re.Pattern[str]) -> None:
    for control in page.find_all(_CONTROLS):
        if not control.find_parent("code"):
            control.decompose()
    strings = list(_prose(page))
    if len(strings) > 1 and _COUNTER.fullmatch(strings[0]):
        strings[0].extract()
    for string in strings:
        if lengths.search(string):
            string.replace_with(lengths.sub("", string))


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
