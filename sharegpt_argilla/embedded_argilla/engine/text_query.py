"""Text queries: the language of Elasticsearch's ``simple_query_string``, compiled to one FTS5 expression.

``a b`` and ``a + b`` need both, ``a | b`` one of them, ``-a`` excludes, ``"a b"`` is a phrase, ``"a b"~2`` one
with up to two words between, ``a*`` is a prefix, ``( )`` group and ``\\`` takes an operator literally. There are
no syntax errors: an operator without something to work on is ignored. Operators are applied from left to right, so
``a | b c`` is ``(a | b) + c``. A query that is nothing but ``*`` finds everything. Described at
https://www.elastic.co/guide/en/elasticsearch/reference/current/query-dsl-simple-query-string-query.html;
fuzziness (``a~1``) is accepted and taken as exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from sharegpt_argilla.embedded_argilla.engine.tokens import (
    SENTINEL,
    UNSPACED,
    normalise,
    role_token,
    token_groups,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ALWAYS = "always"
"""The FTS5 column that contains the sentinel, and only that, in every document."""

NOTHING = "\ue002"
"""A token that no document contains."""

MAX_DEPTH = 24
"""Deeper nesting than this is given up (all words must then be there): FTS5's parser has a stack of 100."""

MAX_LEXEMES = 4096
"""Words, operators and blanks after these many are not read; Elasticsearch refuses so long a query."""

MAX_NEAR = 16
"""A loose phrase of more different words is taken as all of them: FTS5 needs time by their number's square."""

MAX_SLOP = 1000
"""At most this many words are between the words of a loose phrase."""

_PHRASE = re.compile(r'"((?:[^"\\]|\\.)*)"(~[^ \t\n\r"|+()]*)?', re.DOTALL)
# Other blanks than these four are characters of a word to simple_query_string.
_WORD = re.compile(r'(?:[^\\ \t\n\r"|+()]|\\.|\\\Z)+', re.DOTALL)
_FUZZINESS = re.compile(r"(?<=.)(?<!\\)~.*\Z", re.DOTALL)
# What the index takes as part of a token: ASCII characters of its TOKENIZER, and all others but its own marks.
_BEGINNING = re.compile(r"[0-9a-z_.:,;'\u0080-\ud7ff\uf900-\U0010ffff]+")
_ESCAPE = re.compile(r"\\(.|\Z)", re.DOTALL)

# What Java's String.trim takes away.
_JAVA_BLANKS = "".join(map(chr, range(33)))
_EVERYTHING = f'{{{ALWAYS}}} : "{SENTINEL}"'

Operation = Literal["AND", "OR"]


@dataclass(frozen=True)
class Leaf:
    """What one field must contain: every group of tokens, each as a phrase, the words at most ``slop`` apart.

    Or the role of one of its messages is ``text``, as it was typed.
    """

    groups: tuple[tuple[str, ...], ...]
    text: str
    prefix: bool = False
    slop: int = 0
    depth: int = 1


@dataclass(frozen=True)
class Branch:
    """``children`` joined by one operation; ``NOT`` has one child and means every document without it."""

    operation: Literal["AND", "OR", "NOT"]
    children: tuple[Leaf | Branch, ...]
    depth: int


Node = Leaf | Branch


def _branch(operation: Literal["AND", "OR", "NOT"], *children: Node) -> Branch:
    return Branch(operation, children, 1 + max(child.depth for child in children))


class _Level:
    """One level of parentheses while it is being read."""

    def __init__(self) -> None:
        self.top: Node | None = None
        self.excluded = False
        self.asked: Operation | None = None
        self.empty = True

    def ask(self, operation: Operation) -> None:
        """Note an operator; the first one counts, and none counts before there is something to join."""
        if self.asked is None and self.top is not None:
            self.asked = operation

    def add(self, node: Node | None) -> None:
        """Join ``node`` to what was read so far."""
        if node is None:
            return
        if self.excluded:
            node = _branch("NOT", node)
        operation = self.asked or "AND"
        self.asked = None
        if self.top is None:
            self.top = node
        elif isinstance(self.top, Branch) and self.top.operation == operation:
            depth = max(self.top.depth, node.depth + 1)
            self.top = Branch(operation, (*self.top.children, node), depth)
        else:
            self.top = _branch(operation, self.top, node)


def _phrase_leaf(text: str, distance: str | None) -> Leaf | None:
    text = _ESCAPE.sub(r"\1", text)
    words = tuple(tokens(text))
    digits = (distance or "~")[1:]
    slop = min(int(digits), MAX_SLOP) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
    return Leaf((words,), text, slop=slop) if words else None


def _word_leaf(text: str) -> Leaf | None:
    text = _FUZZINESS.sub("", text)
    escapes = len(text[:-1]) - len(text[:-1].rstrip("\\"))
    prefix = len(text) > 1 and text.endswith("*") and escapes % 2 == 0
    text = _ESCAPE.sub(r"\1", text[:-1] if prefix else text)
    if prefix:
        return _prefix_leaf(text)
    groups = token_groups(text)
    return Leaf(tuple(map(tuple, groups)), text) if groups else None


def _prefix_leaf(text: str) -> Leaf:
    """The beginning of one word, with all its characters: ``e-m*`` finds nothing, because ``-`` ends a word."""
    beginning = normalise(text)
    groups = token_groups(text) if UNSPACED.search(beginning) else []
    if not groups:
        groups = [[beginning if _BEGINNING.fullmatch(beginning) else NOTHING]]
    return Leaf(tuple(map(tuple, groups)), text, prefix=True)


def _lexemes(text: str) -> Iterator[tuple[str, Leaf | None]]:
    """``("leaf", what it looks for)`` or ``(the character, None)`` for operators and blanks."""
    position = 0
    while position < len(text):
        character = text[position]
        word = None if character == "-" else _WORD.match(text, position)
        phrase = _PHRASE.match(text, position) if character == '"' else None
        if phrase and not phrase[1]:
            yield "nothing", None
        elif phrase:
            yield "leaf", _phrase_leaf(phrase[1], phrase[2])
        elif word:
            yield "leaf", _word_leaf(word[0])
        else:
            yield character, None
        found = phrase or word
        position = found.end() if found else position + 1


def _unmatched(lexemes: Sequence[tuple[str, Leaf | None]]) -> set[int]:
    """Positions of the parentheses that have no partner; they are ignored."""
    opened: list[int] = []
    unmatched = set()
    for position, (kind, _) in enumerate(lexemes):
        if kind == "(":
            opened.append(position)
        elif kind == ")" and opened:
            opened.pop()
        elif kind == ")":
            unmatched.add(position)
    return unmatched.union(opened)


def parse_text_query(text: str) -> Node | None:
    """The tree of ``text``, or None if nothing is left to look for. Never fails."""
    lexemes = list(islice(_lexemes(text), MAX_LEXEMES))
    ignored = _unmatched(lexemes)
    levels = [_Level()]
    for position, (kind, leaf) in enumerate(lexemes):
        if position not in ignored:
            _read(levels, kind, leaf)
    return levels[0].top


def _read(levels: list[_Level], kind: str, leaf: Leaf | None) -> None:
    level = levels[-1]
    if kind == "-":
        level.excluded, level.empty = not level.excluded, False
        return
    if kind == "(":
        level.empty = False
        levels.append(_Level())
        return
    if kind == ")":
        closed, level = levels.pop(), levels[-1]
        if closed.empty:
            level.asked = None
        level.add(closed.top)
    elif kind == "leaf":
        level.add(leaf)
    elif kind == "nothing":
        level.asked = None
    elif kind in "|+":
        level.ask("OR" if kind == "|" else "AND")
    level.excluded, level.empty = False, False


@dataclass(frozen=True)
class Columns:
    """The FTS5 columns that are searched.

    ``whole_document`` says that they are all there are, so that they need not be named, and ``roles`` that some of
    them contain chats.
    """

    names: tuple[str, ...]
    whole_document: bool
    roles: bool = False

    def containing(self, expression: str) -> str:
        """That one of them contains a phrase."""
        return expression if self.whole_document else f"{{{' '.join(self.names)}}} : {expression}"


def compile_text_query(text: str, columns: Columns) -> str | None:
    """The FTS5 expression of ``text``, a text that a person typed.

    Returns:
        An expression for ``MATCH``, or None if nothing can be found. User text is in it only as quoted
        tokens.
    """
    if text.strip(_JAVA_BLANKS) == "*":
        return _EVERYTHING
    tree = parse_text_query(text)
    if tree is None or not columns.names:
        return None
    if tree.depth > MAX_DEPTH:
        required = tuple(_required_leaves(tree))
        if not required:
            return None
        tree = Branch("AND", required, 2)
    return _expression(tree, columns)


def _required_leaves(tree: Node) -> Iterator[Leaf]:
    waiting: list[Node] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Leaf):
            yield node
        elif node.operation != "NOT":
            waiting.extend(reversed(node.children))


def _expression(node: Node, columns: Columns) -> str:
    def expressions(children: Iterable[Node]) -> list[str]:
        return [_expression(child, columns) for child in children]

    if isinstance(node, Leaf):
        return _leaf_expression(node, columns)
    if node.operation == "NOT":
        return f"({_EVERYTHING} NOT {expressions(node.children)[0]})"
    if node.operation == "OR":
        return f"({' OR '.join(expressions(node.children))})"
    excluded = [child for child in node.children if isinstance(child, Branch) and child.operation == "NOT"]
    required = [child for child in node.children if child not in excluded]
    needed = f"({' AND '.join(expressions(required) or [_EVERYTHING])})"
    unwanted = expressions(child.children[0] for child in excluded)
    return f"({needed} NOT ({' OR '.join(unwanted)}))" if unwanted else needed


def _leaf_expression(leaf: Leaf, columns: Columns) -> str:
    beginning = " *" * leaf.prefix
    phrases = [f'"{" ".join(group)}"' for group in leaf.groups]
    phrases[-1] += beginning
    if leaf.slop and len(leaf.groups[0]) > 1:
        # The same word twice may be one word of the text, to FTS5.
        words = [f'"{word}"' for word in dict.fromkeys(leaf.groups[0])]
        phrases = [f"NEAR({' '.join(words)}, {leaf.slop})"] if len(words) <= MAX_NEAR else words
    if len(phrases) == 1:
        content = columns.containing(phrases[0])
    else:
        inside = " AND ".join(phrases)
        content = f"({' OR '.join(f'{{{column}}} : ({inside})' for column in columns.names)})"
    role = columns.containing(f'"{role_token(leaf.text)}"{beginning}')
    return f"({content} OR {role})" if columns.roles else content
