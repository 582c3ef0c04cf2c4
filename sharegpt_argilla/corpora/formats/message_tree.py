"""Messages that name the one they follow: the branch that was shown last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sharegpt_argilla.errors import RejectedError

OTHER_BRANCHES = "messages on other branches"
"""Name of the count of edited questions and regenerated answers."""


def branch_to(
    messages: Sequence[Any], key: str, parent_key: str, last: object = None
) -> list[tuple[int, Mapping[str, Any]]]:
    """The messages from the first to the last one of a branch, each with its 1-based number in the list.

    A list that branches nowhere is taken as it is, whatever its messages say of one another: many exports keep
    one branch alone, whose first message follows one that is not there.

    Args:
        messages: in the order in which they were written.
        key: of a message's id.
        parent_key: of the id of the message that it follows.
        last: id of the last message of the branch; without one, or when it is not there, the last in the list.

    Raises:
        RejectedError: the messages follow one another in a circle.
    """
    numbered = list(enumerate(messages, 1))
    by_id = {
        message[key]: (number, message)
        for number, message in numbered
        if isinstance(message, dict) and isinstance(message.get(key), str)
    }
    parents = [message.get(parent_key) for _, message in by_id.values()]
    inside = [parent for parent in parents if isinstance(parent, str) and parent in by_id]
    starts = len(by_id) - len(inside)
    straight = len(set(inside)) == len(inside) and starts <= 1
    if len(by_id) != len(messages) or not inside or straight:
        return numbered
    at: Any = last if isinstance(last, str) and last in by_id else numbered[-1][1][key]
    path: dict[str, tuple[int, Mapping[str, Any]]] = {}
    while isinstance(at, str) and at in by_id:
        if at in path:
            raise RejectedError("the messages follow one another in a circle")
        path[at] = by_id[at]
        at = by_id[at][1].get(parent_key)
    return list(path.values())[::-1]
