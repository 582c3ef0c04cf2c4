"""The card of a dataset: its content, how it was made, and its licence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sharegpt_argilla.training.base import About, Question, Scheme

UNKNOWN_LICENCE = "unknown"
"""The Hugging Face Hub's identifier for an unstated licence."""


def dataset_card(scheme: Scheme, about: About, counts: Mapping[str, int]) -> str:
    """README.md of a dataset: metadata as the Hub reads it, then the card as text.

    Args:
        scheme: the questions.
        about: the facts about the annotation.
        counts: split -> rows.
    """
    licence = about.licence or UNKNOWN_LICENCE
    head = f"---\nlicense: {json.dumps(licence)}\ntags:\n- sharegpt-argilla\n- argilla\n- human-feedback\n---\n"
    parts = [
        f"# {about.title}",
        "Chat prompts with their answers, annotated in Argilla; one row for each question of a conversation.",
        f"## Rows\n\n{table(('split', 'rows'), [(name, f'{count:,}') for name, count in counts.items()])}",
        _left_out(about),
        f"## Annotation\n\n{about.annotators:,} people submitted {about.responses:,} answers.",
        _guidelines(about),
        f"## Questions\n\n{table(('question', 'type', 'values'), [_question(q) for q in scheme.questions])}",
        _agreement(about),
        f"## Licence\n\n{licence_note(about.licence)}",
    ]
    return head + "\n" + "\n\n".join(part for part in parts if part) + "\n"


def _question(question: Question) -> tuple[str, str, str]:
    return f"`{question.name}`", question.type, ", ".join(str(choice) for choice in question.choices)


def _left_out(about: About) -> str:
    if not about.left_out:
        return ""
    return "Left out:\n\n" + "\n".join(f"- {count:,} {why}" for why, count in about.left_out.items() if count)


def _guidelines(about: About) -> str:
    if not about.guidelines:
        return ""
    rows = [(f"`{name}`" if name else "not known", f"{count:,}") for name, count in about.guidelines.items()]
    counted = table(("guidelines", "rows"), rows)
    parts = [f"## Guidelines\n\nThey are known by the first 12 hex digits of their sha256:\n\n{counted}"]
    if about.guidelines_text:
        name, text = about.guidelines_text
        quoted = "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())
        parts.append(f"`{name}`, as annotators read them:\n\n{quoted}")
    return "\n\n".join(parts)


def _agreement(about: About) -> str:
    if not about.agreement:
        return "## Agreement\n\nNo row was answered by two people, so agreement is not known."
    rows = [(f"`{name}`", f"{value:.2f}", f"{items:,}") for name, (value, items) in about.agreement.items()]
    return (
        "## Agreement\n\nHow often two people who answered the same row said the same (for several labels, the"
        " share that both gave), not corrected for chance:\n\n"
        + table(("question", "agreement", "rows with two answers"), rows)
    )


def licence_note(licence: str) -> str:
    """The terms of the data, in a sentence or two; ``licence`` is ``""`` if it is not stated."""
    if licence:
        return f"The corpus is under `{licence}`; the annotations are offered under the same terms."
    return (
        "Not stated. The texts keep the terms of the corpus that they come from; look there before you use them."
    )


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown; bars in cells are escaped."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
