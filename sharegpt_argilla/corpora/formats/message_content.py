"""What a chat message says: its text, and what in it is no text, under the name that it is counted by.

Read are the parts of OpenAI's chat and Responses interfaces (``text``, ``input_text``, ``output_text``,
``refusal``, ``image_url``, ``input_audio``, ``file``), of Anthropic's Messages (``text``, ``thinking``,
``tool_use``, ``tool_result``, ``image``, ``document``), of Gemini (``text``, ``thought``, ``inlineData``,
``functionCall``), and LLaMA-Factory's ``{"type": "text", "value": …}``, each as the provider documents it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sharegpt_argilla.corpora.formats.base import BETWEEN_TURNS
from sharegpt_argilla.corpora.formats.fields import kind
from sharegpt_argilla.errors import RejectedError

REASONING, CALLS, TOOL_MESSAGES, NO_TEXT = (
    "reasoning parts",
    "tool calls",
    "tool messages",
    "parts that are no text",
)
"""Names of counts that more than one adapter uses."""

_TEXT_KEYS = ("text", "value", "content", "refusal")
"""Keys of a text part. OpenAI, Anthropic and Gemini write ``text``, LLaMA-Factory ``value``."""
_TEXT_TYPES = frozenset(
    {"", "text", "input_text", "output_text", "summary_text", "refusal", "markdown", "audio_transcription"}
)
_CITATIONS = "citations"

_BY_TYPE: Mapping[str, str] = {
    "thinking": REASONING,
    "redacted_thinking": REASONING,
    "reasoning": REASONING,
    "reasoning_text": REASONING,
    "thought": REASONING,
    "think": REASONING,
    "tool_use": CALLS,
    "server_tool_use": CALLS,
    "mcp_tool_use": CALLS,
    "tool_call": CALLS,
    "function_call": CALLS,
    "tool_result": TOOL_MESSAGES,
    "mcp_tool_result": TOOL_MESSAGES,
    "web_search_tool_result": TOOL_MESSAGES,
    "web_fetch_tool_result": TOOL_MESSAGES,
    "code_execution_tool_result": TOOL_MESSAGES,
    "function_call_output": TOOL_MESSAGES,
    "tool_response": TOOL_MESSAGES,
    "image": "images",
    "image_url": "images",
    "input_image": "images",
    "video": "videos",
    "video_url": "videos",
    "audio": "audio parts",
    "audio_url": "audio parts",
    "input_audio": "audio parts",
    "output_audio": "audio parts",
    "document": "documents",
    "file": "documents",
    "input_file": "documents",
    "search_result": "documents",
    "container_upload": "documents",
}
"""``type`` of a part -> the name it is counted under."""

_BY_KEY: Mapping[str, str] = {
    "functionCall": CALLS,
    "function_call": CALLS,
    "executableCode": CALLS,
    "executable_code": CALLS,
    "functionResponse": TOOL_MESSAGES,
    "function_response": TOOL_MESSAGES,
    "codeExecutionResult": TOOL_MESSAGES,
    "code_execution_result": TOOL_MESSAGES,
    "image_url": "images",
    "image": "images",
}
"""Key of a part without ``type``, as Gemini writes them -> the name it is counted under."""
_BLOBS = ("inlineData", "inline_data", "fileData", "file_data")
_MIME_TYPES = ("mimeType", "mime_type")
_MEDIA: Mapping[str, str] = {"image": "images", "video": "videos", "audio": "audio parts"}
_CONTENT_TYPES = ("type", "content_type")


def text_of_content(content: Any, key: str, left_out: Counter[str]) -> str | None:
    """The text of a content: a text itself, or a list of parts.

    Texts of parts have a blank line between them, except for Anthropic's cited passages, which are one sentence
    cut into parts.

    Args:
        content: what is stored under ``key``.
        key: for the reason of a rejection.
        left_out: counts the parts that are no text.

    Returns:
        None for a list of parts of which none is a text.

    Raises:
        RejectedError: the content is neither text nor parts.
    """
    if isinstance(content, str):
        return content
    if isinstance(content, dict) and any(item in content for item in ("type", "text", "parts")):
        content = content["parts"] if isinstance(content.get("parts"), list) else [content]
    if not isinstance(content, list):
        raise RejectedError(f'"{key}" is {kind(content)}, neither text nor a list of parts')
    return _joined(content, left_out)


def only_tool_messages(content: Any) -> bool:
    """Whether a content consists of results of tools, which providers send in the name of the user."""
    parts = content if isinstance(content, list) else []
    return bool(parts) and all(isinstance(part, dict) and part_kind(part) == TOOL_MESSAGES for part in parts)


def part_kind(part: Mapping[str, Any]) -> str:
    """The name that a part is counted under; "" for one that is a text."""
    if part.get("thought") is True:
        return REASONING
    name = next((part[key] for key in _CONTENT_TYPES if isinstance(part.get(key), str)), "")
    if name in _BY_TYPE:
        return _BY_TYPE[name]
    if name in _TEXT_TYPES and part_text(part) is not None:
        return ""
    found = next((_BY_KEY[key] for key in _BY_KEY if part.get(key) is not None), "")
    return found or next((_blob(part[key]) for key in _BLOBS if key in part), NO_TEXT)


def part_text(part: Mapping[str, Any]) -> str | None:
    """The text of a part; None when it has none. OpenAI's assistants have an object with a ``value`` there."""
    for key in _TEXT_KEYS:
        text = part.get(key)
        text = text.get("value") if isinstance(text, dict) else text
        if isinstance(text, str):
            return text
    return None


def _blob(blob: Any) -> str:
    mime = next((blob[key] for key in _MIME_TYPES if isinstance(blob.get(key), str)), "") if _is(blob) else ""
    return _MEDIA.get(mime.partition("/")[0], "documents")


def _is(value: Any) -> bool:
    return isinstance(value, dict)


def _joined(parts: Sequence[Any], left_out: Counter[str]) -> str | None:
    texts: list[str] = []
    cited = apart = False
    for part in parts:
        name = "" if isinstance(part, str) else part_kind(part) if isinstance(part, dict) else NO_TEXT
        if name:
            left_out[name] += 1
            apart = True
            continue
        text = part if isinstance(part, str) else part_text(part) or ""
        cites = isinstance(part, dict) and bool(part.get(_CITATIONS))
        if texts and not apart and (cited or cites):
            texts[-1] += text
        else:
            texts.append(text)
        cited, apart = cites, False
    return BETWEEN_TURNS.join(texts) if texts or not parts else None
