"""The pages of the documentation, cut into what a reader would type, read or compare."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sharegpt_argilla.cli.main import COMMANDS
from tests.projects import ROOT

GENERATED = ("docs/cli.md", "docs/configuration-keys.md")
"""Pages that are compared with the code as a whole (tests/test_docs.py)."""
PAGES = [
    str(path.relative_to(ROOT))
    for pattern in ("README.md", "CONTRIBUTING.md", "docs/*.md", "examples/**/README.md", "notebooks/README.md")
    for path in sorted(ROOT.glob(pattern))
    if str(path.relative_to(ROOT)) not in GENERATED
]
PROGRAM = "sharegpt-argilla"
INLINE = "inline"

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE
)
_HEADING = re.compile(r"^#+ ", re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
# What only a shell can run.
_SHELL = re.compile(r"[|<>$~&]")


@dataclass(frozen=True)
class Block:
    """A fenced block, or a command inside a sentence.

    Attributes:
        page: path of the page from the root.
        line: its line on the page.
        language: the word after the fence; ``inline`` for a command in a sentence.
        text: what is in it.
        shown: the output that the page shows for it; "" for none.
    """

    page: str
    line: int
    language: str
    text: str
    shown: str = ""

    @property
    def lines(self) -> list[str]:
        """The commands in it, without comments."""
        lines = [line.split(" #")[0].strip() for line in self.text.splitlines()]
        return [line for line in lines if line and not line.startswith("#")]


def blocks(page: str, since: str = "", until: str = "") -> list[Block]:
    """All fenced blocks and all commands in sentences, in the order of the page.

    A ``text`` block is the output of the ``bash`` block before it, without a block or a heading between them.

    Args:
        page: path from the root.
        since, until: the headings between which to look; "" for the whole page.
    """
    text = (ROOT / page).read_text(encoding="utf-8")
    first, last = _line(text, since, 0), _line(text, until, text.count("\n") + 1)
    plain = _without_fences(text)
    headings = [_text_line(plain, collected.start()) for collected in _HEADING.finditer(plain)]
    collected: list[Block] = []
    for block in sorted([*_fenced(page, text), *_inline(page, text)], key=lambda block: block.line):
        if not first <= block.line <= last:
            continue
        before = next((other for other in reversed(collected) if other.language != INLINE), None)
        shown = block.language == "text" and before is not None and before.language == "bash"
        if shown and not any(before.line < heading < block.line for heading in headings):
            collected[collected.index(before)] = replace(before, shown=block.text)
        else:
            collected.append(block)
    return collected


def spans(page: str) -> list[str]:
    """Everything between single backticks."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [found[1] for found in _SPAN.finditer(_without_fences(text))]


def is_whole_command(text: str) -> bool:
    """Whether a span is a command to run: one of ours with arguments, not just its name, or openssl's."""
    return (text.startswith(f"{PROGRAM} ") and text.count(" ") > 1) or text.startswith("openssl ")


def for_a_shell(command: str) -> bool:
    """Whether it is for a shell to run, and not our program alone."""
    return bool(_SHELL.search(command)) or not command.startswith(f"{PROGRAM} ")


def named_command(text: str) -> str:
    """The command of ours that a span begins with, with or without the program's name; "" for none."""
    words = text.removeprefix(f"{PROGRAM} ").split(" ")
    return words[0] if words[0] in COMMANDS and (len(words) > 1 or text.startswith(PROGRAM)) else ""


def options_in(text: str) -> list[str]:
    """The long options in a span or block."""
    return re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)


def words(command: str) -> list[str]:
    """A command as its arguments, without the program."""
    name, *arguments = shlex.split(command)
    assert name == PROGRAM, command
    return arguments


def _fenced(page: str, text: str) -> Iterator[Block]:
    for found in _FENCE.finditer(text):
        line = _text_line(text, found.start())
        yield Block(page, line, found["language"], textwrap.dedent(found["text"]))


def _inline(page: str, text: str) -> Iterator[Block]:
    plain = _without_fences(text)
    for found in _SPAN.finditer(plain):
        if is_whole_command(found[1]):
            yield Block(page, _text_line(plain, found.start()), INLINE, found[1])


def _without_fences(text: str) -> str:
    return _FENCE.sub(lambda found: "\n" * found[0].count("\n"), text)


def all_blocks() -> list[Block]:
    """Those of all pages."""
    return [block for page in PAGES for block in blocks(page)]


def _line(text: str, heading: str, otherwise: int) -> int:
    return _text_line(text, text.index(f"\n{heading}\n") + 1) if heading else otherwise


def _text_line(text: str, place: int) -> int:
    return text[:place].count("\n") + 1
