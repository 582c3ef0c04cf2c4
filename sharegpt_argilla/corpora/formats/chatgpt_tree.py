"""The tree of a ChatGPT conversation: nodes with a message, and the path that was shown last.

Exports have an object of nodes by id under ``mapping``, each with both of its links. Slimmed and converted ones
may have a list of nodes, messages without a node around them, answers inside their question, one link, or none.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sharegpt_argilla.errors import RejectedError

MAPPING = "mapping"
AUTHORS = ("author", "role", "sender", "from")
"""Keys of a message that may say who wrote it; the first is that of exports."""
_PARENTS = ("parent", "parent_id", "parentId")
_TEXTS = ("content", "parts", "text")


@dataclass(slots=True)
class Node:
    """A node of the tree.

    Attributes:
        message: what was said there; None for a node without a message.
        parent: id of the node before it; None for a root.
        children: ids of the nodes after it, the oldest first.
        missing: whether the export names this node without having it.
    """

    message: Mapping[str, Any] | None
    parent: str | None = None
    children: list[str] = field(default_factory=list)
    missing: bool = False


def is_message(value: object) -> bool:
    """Whether a value is a message by itself: it says who wrote it, and what."""
    return isinstance(value, dict) and any(key in value for key in AUTHORS) and any(key in value for key in _TEXTS)


def tree_of(nodes: Mapping[str, Any] | Sequence[Any]) -> dict[str, Node]:
    """The nodes by id, with both links of each, whichever of them the export has.

    Raises:
        RejectedError: there are several messages, and nothing tells their order.
    """
    tree: dict[str, Node] = {}
    waiting = list(reversed(list(_entries(nodes))))
    while waiting:
        key, value, parent = waiting.pop()
        inside = _add(tree, key, value, parent)
        waiting += reversed(inside)
    linked = _link(tree)
    if not linked:
        _chain(tree, in_order=isinstance(nodes, list))
    _join_broken(tree)
    return tree


def path_to(tree: Mapping[str, Node], current: object) -> dict[str, None]:
    """The ids from the root to the current node, in order; along the last children where no such node is named.

    Raises:
        RejectedError: there is no such path.
    """
    named = _id(current)
    key = named if named in tree else _newest(tree)
    path: dict[str, None] = {}
    while key is not None and key in tree:
        if key in path:
            raise RejectedError(f'"{MAPPING}" goes in a circle')
        path[key] = None
        key = tree[key].parent
    return dict.fromkeys(reversed(path))


_Entry = tuple[str, Any, str | None]


def _entries(nodes: Mapping[str, Any] | Sequence[Any]) -> Iterator[_Entry]:
    """The id, the node and the parent that the nesting says."""
    if isinstance(nodes, Mapping):
        yield from ((key, value, None) for key, value in nodes.items())
        return
    for number, value in enumerate(nodes):
        yield (_id(value.get("id")) if isinstance(value, dict) else None) or f"#{number}", value, None


def _add(tree: dict[str, Node], key: str, value: Any, parent: str | None) -> list[_Entry]:
    """Put a node into the tree; give the nodes that are inside it."""
    if key in tree:
        key = f"{key}#{len(tree)}"
    if not isinstance(value, dict):
        tree[key] = Node(None, parent)
        return []
    message = value["message"] if "message" in value or not is_message(value) else value
    named = next((_id(value[name]) for name in _PARENTS if _id(value.get(name)) is not None), parent)
    node = tree[key] = Node(message if isinstance(message, dict) else None, named)
    inside: list[_Entry] = []
    children = value.get("children")
    for number, child in enumerate(children if isinstance(children, list) else ()):
        name = _id(child.get("id")) or f"{key}.{number}" if isinstance(child, dict) else _id(child)
        if name is not None:
            node.children.append(name)
        if isinstance(child, dict) and name is not None:
            inside.append((name, child, key))
    return inside


def _link(tree: dict[str, Node]) -> bool:
    """Give each node both links; False when the export has none."""
    parents = {child: key for key, node in tree.items() for child in node.children if child in tree}
    parents |= {key: node.parent for key, node in tree.items() if node.parent in tree and node.parent is not None}
    named = [node.parent for key, node in tree.items() if node.parent is not None and key not in parents]
    for missing in dict.fromkeys(named):
        tree[missing] = Node(None, missing=True)
    parents |= {key: node.parent for key, node in tree.items() if node.parent is not None and key not in parents}
    for key, node in tree.items():
        node.children = [child for child in dict.fromkeys(node.children) if parents.get(child) == key]
    for child, parent in parents.items():
        tree[child].parent = parent
        if child not in tree[parent].children:
            tree[parent].children.append(child)
    return bool(parents)


def _chain(tree: dict[str, Node], in_order: bool) -> None:
    """Link nodes without any links by the times of their messages; a list without times is in order itself."""
    keys = [key for key, node in tree.items() if node.message is not None]
    if len(keys) < 2:
        return
    times = {key: _time(tree[key]) for key in keys}
    known = {key: time for key, time in times.items() if time is not None}
    if len(known) == len(keys):
        keys.sort(key=known.__getitem__)
    elif not in_order:
        raise RejectedError(f'"{MAPPING}" has neither links nor times that tell the order of its messages')
    for parent, child in pairwise(keys):
        tree[child].parent = parent
        tree[parent].children.append(child)


def _join_broken(tree: dict[str, Node]) -> None:
    """Where nodes were taken out, the rest of the conversation follows the last message by the other side."""
    sides: dict[bool, list[tuple[float, str]]] = {True: [], False: []}
    for key, node in tree.items():
        if (time := _time(node)) is not None:
            sides[_asks(node)].append((time, key))
    for side in sides.values():
        side.sort()
    for key, missing in [(key, node) for key, node in tree.items() if node.missing]:
        firsts = [tree[child] for child in missing.children if tree[child].message is not None]
        times = [time for node in firsts if (time := _time(node)) is not None]
        if not firsts or len(times) < len(firsts):
            continue
        earlier = sides[not _asks(firsts[0])]
        place = bisect_left(earlier, (min(times), ""))
        while place and _is_below(tree, earlier[place - 1][1], key):
            place -= 1
        if place:
            missing.parent = earlier[place - 1][1]
            tree[missing.parent].children.append(key)


def _is_below(tree: Mapping[str, Node], key: str, above: str) -> bool:
    """Whether the way from a node to its root leads through another."""
    passed: set[str] = set()
    at: str | None = key
    while at is not None and at != above and at not in passed:
        passed.add(at)
        at = tree[at].parent
    return at == above


def _newest(tree: Mapping[str, Node]) -> str | None:
    """The end of the path that takes the last child everywhere, from the first root."""
    roots = [key for key, node in tree.items() if node.parent is None]
    if not roots:
        raise RejectedError(f'"{MAPPING}" has no root')
    key = roots[0]
    passed: set[str] = set()
    while key not in passed:
        passed.add(key)
        if not (children := tree[key].children):
            return key
        key = children[-1]
    raise RejectedError(f'"{MAPPING}" goes in a circle')


def author_of(message: Mapping[str, Any]) -> str | None:
    """Who wrote a message: the role of its author, or what is there instead."""
    for key in AUTHORS:
        author = message.get(key)
        role = author.get("role") if isinstance(author, dict) else author
        if isinstance(role, str):
            return role
    return None


def _asks(node: Node) -> bool:
    return node.message is not None and author_of(node.message) in {"user", "human"}


def _time(node: Node) -> float | None:
    time = node.message.get("create_time") if node.message is not None else None
    return time if isinstance(time, int | float) and not isinstance(time, bool) else None


def _id(value: object) -> str | None:
    """An id as text; numbers are ids too."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None
