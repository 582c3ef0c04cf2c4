"""A check for marks that ChatGPT's page turns into links to its sources; elsewhere they mean nothing."""

from __future__ import annotations

import re

from sharegpt_argilla.curation.checks.base import Finding, Item, Options, Rule, Texts
from sharegpt_argilla.curation.checks.character_checks import outside_code
from sharegpt_argilla.curation.word_patterns import around, without_code

# Search: U+E200, "cite", a U+E202 before each "turn0search0", U+E201; exports lose some of these characters.
# File search: "【5†source】", "【12:0†report.pdf】". The space before a mark goes with it.
_MARK = re.compile(
    "[ \t]?(?:"
    "\ue200[a-z]{1,20}(?:\ue202turn\\d{1,4}[a-z]{1,20}\\d{1,4})+\ue201?|"
    "\\bcite(?:turn\\d{1,4}[a-z]{1,20}\\d{1,4})+|"
    "【\\d{1,4}(?::\\d{1,4})?†[^【】\n]{0,200}】)"
)
# A font of the writer's own decides what these look like: an icon, a bullet out of a PDF, nothing.
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")


def _citations(item: Item, _options: Options) -> Finding | None:
    prose = without_code(item.answer)
    match = _MARK.search(prose) or _PRIVATE.search(prose)
    return around(prose, match) if match else None


def _without_marks(texts: Texts) -> Texts:
    return Texts(texts.prompt, outside_code(texts.answer, lambda part: _MARK.sub("", part)))


CITATIONS = Rule(
    "citation_marks",
    "marks of sources, or private-use characters, in the answer",
    "note",
    _citations,
    fix=_without_marks,
)
