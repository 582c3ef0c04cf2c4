"""Which messages are HTML of the ChatGPT page, and those messages as Markdown.

RyokoAI/ShareGPT52K has answers as the page showed them, and other corpora a few of them.
"""

from __future__ import annotations

import re

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

    Markdown may talk of tags too; then they are in a fence or between backticks, or in the middle of a line.
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
    from sharegpt_argilla.corpora.formats.html_markdown import page_to_markdown  # noqa: PLC0415

    return page_to_markdown(text, LENGTHS)


def _own_block(text: str, at: int) -> bool:
    """Whether a tag starts a line, outside of code between backticks."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return not line.strip() or line.rstrip().endswith(">")
