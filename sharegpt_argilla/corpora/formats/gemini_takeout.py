"""Gemini in Google Takeout, ``MyActivity.json``: what was asked, a record each, and the answer as HTML.

``{"header": "Gemini Apps", "title": "Prompted When do I prune a pear tree?", "time": …, "products": ["Gemini
Apps"], "safeHtmlItem": [{"html": "<p>In late winter.</p>"}], "subtitles": […]}``. Takeout does not say which
records are one chat, so each is a session of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import BETWEEN_TURNS, Container, Conversation, Turn
from sharegpt_argilla.corpora.formats.chatgpt_html import html_to_markdown
from sharegpt_argilla.corpora.formats.fields import create_time, record_object, required_text, session_id
from sharegpt_argilla.errors import RejectedError

HEADER, TITLE, ANSWERS = "header", "title", "safeHtmlItem"
PRODUCTS = ("Gemini Apps", "Gemini", "Bard")
"""What ``header`` says, in most languages of the account."""
_PROMPTED = re.compile(r"\A(?:Prompted|Said|Asked|You said)[ \u00a0]+")
"""How the title of a prompt begins in English; other titles name switches that were used, and feedback."""


@dataclass(frozen=True, slots=True)
class GeminiTakeout:
    """Questions to Gemini out of a Google account."""

    name: str = "gemini_takeout"
    title: str = "Gemini in Google Takeout (MyActivity.json)"
    source: str = "gemini_takeout"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an activity of Gemini."""
        return isinstance(value, dict) and value.get(HEADER) in PRODUCTS and isinstance(value.get(TITLE), str)

    def read(self, value: object) -> list[Conversation]:
        """The question and its answer.

        Raises:
            RejectedError: there is no title, or the activity is no question.
        """
        record = record_object(value)
        title = required_text(record, TITLE)
        asked = _PROMPTED.match(title)
        html = [item["html"] for item in _items(record.get(ANSWERS)) if isinstance(item.get("html"), str)]
        if asked is None and not html:
            raise RejectedError("the activity is no question to Gemini")
        question = title[asked.end() :] if asked else title
        left_out: Counter[str] = Counter()
        if attached := sum(1 for _ in _items(record.get("attachedFiles"))) or int(bool(record.get("imageFile"))):
            left_out["attachments"] += attached
        answer = BETWEEN_TURNS.join(html_to_markdown(text) for text in html)
        turns = [Turn("human", question, HEADER), *([Turn("gpt", answer, ANSWERS)] if html else [])]
        created = create_time(record.get("time"))
        # The same question may be asked again at another time.
        session = session_id(record, [*turns, Turn("system", created or "", "time")])
        return [Conversation(session, turns, created=created, left_out=left_out)]


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
