"""One chunk of rows: parsed, checked, fixed and encoded again. A worker takes one chunk at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, NamedTuple

from sharegpt_argilla.curation.checks.base import Check, Finding, Item, Options, Texts
from sharegpt_argilla.curation.checks.duplicate_checks import (
    EXACT,
    NEAR,
    Fingerprint,
    fingerprint,
    normalised_words,
)
from sharegpt_argilla.curation.checks.private_data_checks import Private
from sharegpt_argilla.curation.checks.table import CHECKS
from sharegpt_argilla.curation.checks.toxicity_models import ModerationCheck
from sharegpt_argilla.curation.curation_block import curation_block
from sharegpt_argilla.curation.language_identifier import identifier
from sharegpt_argilla.curation.redaction import redact
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import (
    CURATION,
    SESSION,
    TURN,
    Row,
    check_row,
    dump_row,
    read_extension,
    with_extension,
)

CHUNK = 250
"""Rows in a chunk."""
LONGEST_SESSION = 2000
"""Rows of one conversation that may extend a chunk beyond that."""
# The session as `extract` writes it, and as a writer that escapes it does.
_SESSION = re.compile(r'\\"(?:会话|\\u4f1a\\u8bdd)\\": *(\\".*?\\"|\d+)')


def chunks(lines: Iterable[str], size: int = CHUNK) -> Iterator[list[str]]:
    """The lines in lists of about ``size``; adjacent rows of one conversation stay together."""
    chunk: list[str] = []
    last = ""
    for line in lines:
        if len(chunk) >= size:
            session = session_of(line)
            if not session or session != last or len(chunk) >= size + LONGEST_SESSION:
                yield chunk
                chunk = []
        if len(chunk) >= size - 1:
            last = session_of(line)
        chunk.append(line)
    if chunk:
        yield chunk


def session_of(line: str) -> str:
    """The conversation of a row in a line, as it is written there; "" without one."""
    sessions = _SESSION.findall(line)
    return str(sessions[-1]) if sessions else ""


EXAMPLES = 3
"""Rows that a report shows for each check."""
_WORDS = 200
"""Words of a prompt that count for a diverse sample."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is done with each row; the same in every worker.

    Attributes:
        checks: ids of the checks that run, in the order of the table.
        fix: ids of the checks that fix or redact what they find.
        options: thresholds, languages and models.
        first_turn: keep only the first pair of each conversation.
        words: return the words of each prompt, for a diverse sample.
    """

    checks: tuple[str, ...]
    fix: frozenset[str] = frozenset()
    options: Options = field(default_factory=Options)
    first_turn: bool = False
    words: bool = False


class Curated(NamedTuple):
    """One input line after the checks; a line that is not a row has a reason and no id.

    Attributes:
        line: the row to write, without a line break; a rejected line as it was read.
        reason: why it is not a row; "" if it is one.
        id: of the row.
        session: its conversation.
        turn: number of the pair in it.
        flagged_by: checks that flagged it, whether fixed or not.
        flags: checks that still flag it.
        fixed: checks that fixed it.
        print: fingerprint of the prompt; None if no duplicate check runs.
        prompt_language: ISO 639-1 code, or ``unsure``.
        response_language: the same of the answer; "" without an answer.
        model: the model that answered, as the corpus names it; "" if unknown.
        length: words of the prompt, rounded up to a power of two.
        excerpts: check -> the words that it flagged, for the first rows of the chunk.
        words: the prompt's words, if the sample is to be diverse.
    """

    line: str
    reason: str = ""
    id: str = ""
    session: str = ""
    turn: int = 1
    flagged_by: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    print: Fingerprint | None = None
    prompt_language: str = ""
    response_language: str = ""
    model: str = ""
    length: int = 0
    excerpts: Mapping[str, str] = {}
    words: tuple[str, ...] = ()


@dataclass(slots=True)
class _Work:
    """A row and what the checks have found in it so far."""

    row: Row
    extension: Mapping[str, Any]
    item: Item
    texts: Texts
    fixed: list[str] = field(default_factory=list)
    findings: dict[str, Finding] = field(default_factory=dict)
    fixed_findings: dict[str, Finding] = field(default_factory=dict)


def curate_chunk(lines: Sequence[str], settings: Settings) -> list[Curated]:
    """Check rows, fix them, and store the result under ``curation``.

    Args:
        lines: rows as lines, blank lines included. A conversation in two chunks has its own placeholders in each.
        settings: of the run.

    Returns:
        One entry per line, in order. Duplicates are not flagged yet: that needs all chunks.
    """
    parsed = [_parse(line) for line in lines]
    works = [work for work in parsed if isinstance(work, _Work)]
    checks = [CHECKS[name] for name in settings.checks]
    _fix(works, [check for check in checks if check.fix and check.id in settings.fix], settings.options)
    _identify(works, settings.options)
    remote_checks = [check for check in checks if isinstance(check, ModerationCheck)]
    _look(
        works,
        [check for check in checks if check not in remote_checks],
        [work.item for work in works],
        settings.options,
    )
    _redact(
        works, [check for check in checks if isinstance(check, Private) and check.id in settings.fix], settings
    )
    # With redaction, private data must not leave this machine either.
    redacted = [replace(work.item, prompt=work.texts.prompt, answer=work.texts.answer) for work in works]
    _look(works, remote_checks, redacted, settings.options)
    shown: dict[str, int] = {}
    return [
        _finished(work, checks, settings, shown) if isinstance(work, _Work) else Curated(line, work)
        for line, work in zip(lines, parsed, strict=True)
    ]


def _parse(line: str) -> _Work | str:
    """The row in a line, or the reason why it is not a row."""
    try:
        row = check_row(json.loads(line))
        extension = read_extension(row)
    except ValueError as error:
        return f"not valid JSON: {error}"
    except RecursionError:
        return "JSON nested too deeply"
    except RejectedError as error:
        return str(error)
    turn = extension.get(TURN)
    item = Item(row["问"], row["答"], turn if isinstance(turn, int) else 1, extension)
    return _Work(row, extension, item, item.texts)


def _fix(works: Iterable[_Work], fixing_checks: Sequence[Check], options: Options) -> None:
    for work in works:
        for check in fixing_checks:
            finding = check.find([work.item], options)[0]
            if finding is None or check.fix is None:
                continue
            fixed_texts = check.fix(work.item.texts)
            if fixed_texts != work.item.texts:
                work.item = Item(fixed_texts.prompt, fixed_texts.answer, work.item.turn, work.extension)
                work.fixed.append(check.id)
                work.fixed_findings[check.id] = finding


def _look(works: Sequence[_Work], checks: Sequence[Check], items: Sequence[Item], options: Options) -> None:
    for check in checks:
        for work, finding in zip(works, check.find(items, options), strict=True):
            if finding is not None:
                work.findings[check.id] = finding


def _identify(works: Iterable[_Work], options: Options) -> None:
    identify = identifier(options.identifier)
    for work in works:
        prompt, answer = work.item.texts
        work.item = Item(
            prompt, answer, work.item.turn, work.extension, identify(prompt), identify(answer) if answer else ""
        )


def _redact(works: Sequence[_Work], checks: Sequence[Private], settings: Settings) -> None:
    for work in works:
        work.texts = work.item.texts
    if not checks:
        return
    for _, group in groupby(works, key=lambda work: str(work.extension.get(SESSION))):
        conversation = list(group)
        cleaned = redact([(work.item.texts, work.extension) for work in conversation], checks, settings.options)
        for work, (texts, extension) in zip(conversation, cleaned, strict=True):
            work.texts, work.extension = texts, extension
            work.fixed += [check.id for check in checks if check.id in work.findings]


def _finished(work: _Work, checks: Sequence[Check], settings: Settings, shown: dict[str, int]) -> Curated:
    item = work.item
    flags = [name for name, finding in work.findings.items() if finding.flagged and name not in _redacted(work)]
    flagged_by = sorted({*flags, *work.fixed})
    extension = {
        **{key: value for key, value in work.extension.items() if key != CURATION},
        CURATION: curation_block(
            work.extension.get(CURATION), settings.checks, item, flags, work.fixed, work.findings
        ),
    }
    row = with_extension({**work.row, "问": work.texts.prompt, "答": work.texts.answer}, extension)
    near = NEAR in settings.checks and item.turn == 1
    fingerprinted = near or EXACT in settings.checks
    model = work.extension.get("model")
    return Curated(
        dump_row(row),
        id=row["id"],
        session=str(work.extension.get(SESSION)),
        turn=item.turn,
        flagged_by=tuple(flagged_by),
        flags=tuple(sorted(flags)),
        fixed=tuple(sorted(work.fixed)),
        print=fingerprint(item.prompt, near=near) if fingerprinted else None,
        prompt_language=item.prompt_language,
        response_language=item.response_language,
        model=model if isinstance(model, str) else "",
        length=1 << max(0, len(item.prompt.split()) - 1).bit_length(),
        excerpts=dict(_excerpts(work, checks, settings, shown)),
        words=tuple(sorted(set(normalised_words(item.prompt)[:_WORDS]))) if settings.words else (),
    )


def _redacted(work: _Work) -> set[str]:
    return {name for name in work.fixed if CHECKS[name].private}


def _excerpts(
    work: _Work, checks: Sequence[Check], settings: Settings, shown: dict[str, int]
) -> Iterator[tuple[str, str]]:
    """Excerpts for the report; empty for a row with private data, since they might contain it."""
    for check in checks:
        finding = work.findings.get(check.id) or work.fixed_findings.get(check.id)
        if finding is None or not finding.flagged or shown.get(check.id, 0) >= EXAMPLES:
            continue
        shown[check.id] = shown.get(check.id, 0) + 1
        yield check.id, "" if _is_private(work, settings.options) else finding.excerpt


def _is_private(work: _Work, options: Options) -> bool:
    private = [check for check in CHECKS.values() if isinstance(check, Private)]
    has_finding = any(check.id in work.findings for check in private)
    patterns = [check for check in private if not check.optional]
    return has_finding or any(check.find([work.item], options)[0] for check in patterns)
