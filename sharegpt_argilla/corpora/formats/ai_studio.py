"""A prompt of Google AI Studio, a file of Google Drive: ``{"chunkedPrompt": {"chunks": […]}, …}``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sharegpt_argilla.corpora.formats.base import SYSTEM, Container, Conversation
from sharegpt_argilla.corpora.formats.fields import kind, record_object, required, required_list, session_id
from sharegpt_argilla.corpora.formats.messages import read_messages
from sharegpt_argilla.errors import RejectedError

PROMPT, CHUNKS, SETTINGS = "chunkedPrompt", "chunks", "runSettings"


@dataclass(frozen=True, slots=True)
class AIStudio:
    """Chats of Google AI Studio."""

    name: str = "ai_studio"
    title: str = "Google AI Studio prompt (chunkedPrompt)"
    source: str = "ai_studio"
    container: Container = "json"

    def is_record(self, value: object) -> bool:
        """Whether the value is an object with a list of chunks under ``chunkedPrompt``."""
        prompt = value.get(PROMPT) if isinstance(value, dict) else None
        return isinstance(prompt, dict) and isinstance(prompt.get(CHUNKS), list)

    def read(self, value: object) -> list[Conversation]:
        """The conversation in a prompt; thoughts and files are counted.

        Raises:
            RejectedError: it has no chunks, or one of them has no known role.
        """
        record = record_object(value)
        prompt = required(record, PROMPT)
        if not isinstance(prompt, dict):
            raise RejectedError(f'"{PROMPT}" is {kind(prompt)}, not an object')
        read = read_messages(_messages(required_list(prompt, CHUNKS)))
        if not read.turns:
            raise RejectedError("no chunk has a text")
        settings, system = record.get(SETTINGS), record.get("systemInstruction")
        extra = {}
        if isinstance(settings, dict) and isinstance(settings.get("model"), str):
            extra["model"] = settings["model"]
        if isinstance(system, dict) and isinstance(system.get("text"), str) and system["text"].strip():
            extra[SYSTEM] = system["text"]
        return [Conversation(session_id(record, read.turns), read.turns, extra=extra, left_out=read.left_out)]


def _messages(chunks: Sequence[Any]) -> list[Any]:
    """The chunks as messages; those of one role in a row are the parts of one."""
    messages: list[Any] = []
    for chunk in chunks:
        last = messages[-1] if messages else None
        if not isinstance(chunk, dict):
            messages.append(chunk)
        elif isinstance(last, dict) and last["role"] == chunk.get("role"):
            last["content"].append(_part(chunk))
        else:
            messages.append({"role": chunk.get("role"), "content": [_part(chunk)]})
    return messages


def _part(chunk: Mapping[str, Any]) -> dict[str, Any]:
    """A chunk as a part: a thought, a text, or a file."""
    if chunk.get("isThought") is True:
        return {"type": "thinking"}
    if isinstance(chunk.get("text"), str):
        return {"type": "text", "text": chunk["text"]}
    files = {"driveImage": "image", "driveAudio": "input_audio", "driveVideo": "video", "inlineImage": "image"}
    return {"type": next((files[key] for key in files if key in chunk), "document")}
