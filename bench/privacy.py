"""Recall and precision of the detectors of private data, next to Presidio's recognizers and detect-secrets.

Planted (``bench/planted_privacy.py``): made-up values in texts of many languages, and texts that resemble some.
Written (``bench/private_texts.py``): texts that nobody made a rule for before they were tried.
A type's recall is the share of its values of which a span of that type covers at least half; its precision is the
share of all its spans that do. Everything runs over the same texts in one process.

``--texts FILE…`` counts what each finds in rows of your own, where nothing is known to be true.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bench.planted_privacy import Planted, planted
from bench.private_texts import SETS, written
from sharegpt_argilla.common.jsonl import read_rows
from sharegpt_argilla.common.wilson import wilson
from sharegpt_argilla.curation.contact_detectors import emails, ip_addresses, phones
from sharegpt_argilla.curation.credential_detectors import cards, secrets
from sharegpt_argilla.curation.identity_detectors import id_numbers
from sharegpt_argilla.curation.private_data import Span

TYPES = ("EMAIL", "PHONE", "IP", "CARD", "SECRET", "ID")
Detect = Callable[[str], list[Span]]
Counts = Mapping[str, Counter[str]]


def ours(text: str) -> list[Span]:
    """What the checks find."""
    return [span for detect in (emails, phones, ip_addresses, cards, id_numbers, secrets) for span in detect(text)]


def presidio() -> Detect:
    """Presidio's recognizers of the same types; they need no model."""
    from presidio_analyzer import predefined_recognizers as known  # noqa: PLC0415

    logging.disable(logging.WARNING)
    recognizers = {
        "EMAIL": known.EmailRecognizer(),
        "PHONE": known.PhoneRecognizer(),
        "IP": known.IpRecognizer(),
        "CARD": known.CreditCardRecognizer(),
    }

    def detect(text: str) -> list[Span]:
        spans = []
        for kind, recognizer in recognizers.items():
            found = recognizer.analyze(text, recognizer.supported_entities, None)
            spans += [Span(result.start, result.end, kind) for result in found or [] if result.score > 0]
        return spans

    return detect


def detect_secrets() -> Detect:
    """All of detect-secrets' plug-ins with their default settings."""
    from detect_secrets.core.scan import scan_line  # noqa: PLC0415
    from detect_secrets.settings import default_settings  # noqa: PLC0415

    # For the rest of the process: entering them for each text takes a tenth of a second.
    settings = contextlib.ExitStack()
    settings.enter_context(default_settings())

    def detect(text: str, _open: contextlib.ExitStack = settings) -> list[Span]:
        spans = []
        for line in text.splitlines():
            offset = text.index(line)
            for secret in scan_line(line):
                value = secret.secret_value or ""
                kind = "IP" if secret.type == "Public IP (ipv4)" else "SECRET"
                start = text.find(value, offset)
                if value and start >= 0:
                    spans.append(Span(start, start + len(value), kind))
        return spans

    return detect


def judge(detect: Detect, texts: Iterable[Planted]) -> dict[str, Counter[str]]:
    """Type -> planted values (``n``), those found, all spans, and those of them that are right."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for text, value, kind in texts:
        start = text.find(value) if value else -1
        covered = False
        for span in detect(text):
            half = min(span.end, start + len(value)) - max(span.start, start) >= len(span_of(span, value)) / 2
            right = bool(value) and span.type == kind and half
            counts[span.type]["spans"] += 1
            counts[span.type]["right"] += right
            covered |= right
        if kind:
            counts[kind]["n"] += 1
            counts[kind]["found"] += covered
    return counts


def span_of(span: Span, value: str) -> str:
    """The shorter of value and span: a password inside a URL is found, and so is a URL with its password."""
    return value[: span.end - span.start]


def table(names: Sequence[str], results: Sequence[Counts]) -> str:
    """Recall and precision with 95 % Wilson bounds, as Markdown."""
    lines = ["| type | n | " + " | ".join(f"{name}: recall | precision" for name in names) + " |"]
    lines.append("|---|--:|" + "--:|--:|" * len(names))
    for kind in TYPES:
        if not results[0][kind]["n"]:
            continue
        cells = [kind, f"{results[0][kind]['n']:,}"]
        for counts in (result[kind] for result in results):
            pairs = (("found", "n"), ("right", "spans")) if counts["spans"] else ()
            cells += [share(counts[part], counts[whole]) for part, whole in pairs] or ["–", "–"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def share(count: int, total: int) -> str:
    """A share with its bounds."""
    low, high = wilson(count / total, total)
    return f"{count / total:.2f} ({low:.2f}–{high:.2f})"


def main() -> int:
    """Print the tables; 1 if another finds more of a type or is more precise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="values of each form (%(default)s)")
    parser.add_argument("--texts", nargs="*", default=[], metavar="FILE", help="rows files to count in")
    arguments = parser.parse_args()
    detectors: dict[str, Detect] = {"ours": ours, "Presidio": presidio(), "detect-secrets": detect_secrets()}
    if arguments.texts:
        rows = [line.row for path in arguments.texts for line in read_rows(Path(path)) if line.row]
        for name, detect in detectors.items():
            found = Counter(span.type for row in rows for key in ("问", "答") for span in detect(str(row[key])))
            print(f"{name}: {dict(sorted(found.items()))} in {len(rows):,} rows")
        return 0
    best = True
    for title, texts in {
        "planted": [*planted(arguments.rounds)],
        **{name: [*written(name)] for name in SETS},
    }.items():
        results = [judge(detect, texts) for detect in detectors.values()]
        print(f"\n{title}\n\n{table(list(detectors), results)}\n")
        harmless = [text.text for text in texts if not text.type]
        for name, detect in detectors.items():
            damaged = sum(bool(detect(text)) for text in harmless)
            print(f"{name}: {damaged} of {len(harmless)} texts without private data changed")
        best &= all(
            max(result[kind]["found"] for result in results) == results[0][kind]["found"] for kind in TYPES
        )
    return 0 if best else 1


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
