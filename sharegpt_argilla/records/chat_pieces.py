"""Long messages of a chat field, in the pieces that Argilla accepts, and whole again."""

from __future__ import annotations

from collections.abc import Iterable

PIECE = 20_000
"""Characters that Argilla accepts in one chat message; argilla-server 2.8, ``MAX_MESSAGE_LENGTH``."""

MESSAGES_MAX = 500
"""Messages that Argilla accepts in one chat field; argilla-server 2.8, ``CHAT_FIELDS_MAX_MESSAGES``."""


def in_pieces(role: str, text: str) -> list[dict[str, str]]:
    """A message as chat messages of at most `PIECE` characters; none of an empty text."""
    starts = range(0, len(text), PIECE)
    return [{"role": role, "content": text[start : start + PIECE]} for start in starts]


def whole_messages(pieces: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """The messages that pieces were made of: a full piece goes on in the next one, if that has the same role.

    The annotation page joins them in the same way (`literal-text.js`).
    """
    messages: list[dict[str, str]] = []
    last = {"role": "", "content": ""}
    for piece in pieces:
        if piece["role"] == last["role"] and len(last["content"]) == PIECE:
            messages[-1] = piece | {"content": messages[-1]["content"] + piece["content"]}
        else:
            messages.append(piece)
        last = piece
    return messages
