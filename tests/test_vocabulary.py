"""The package and its documents use the plain words of technical English, the same word for the same thing."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("sharegpt_argilla", "bench", "docs")
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "guidelines.md", "dataset-config.yml")
SUFFIXES = {".py", ".md", ".toml", ".yml", ".js", ".html", ".css"}

PLAIN_WORDS = {
    r"mend(s|ed|ing)?": "fix, repair",
    r"pass(es|ed|ing)? over": "skip, ignore",
    r"h[au]ng(s|ing)? together": "connected components, matching answers",
    r"quicker|as quick as": "faster, as fast as",
    r"every so manieth": "every 50th",
}
"""Pattern of a word -> what to write instead."""


def unusual_words(text: str) -> list[tuple[int, str, str]]:
    """Line from 1, the words there, and what to write instead."""
    return [
        (number, match[0], instead)
        for number, line in enumerate(text.splitlines(), 1)
        for pattern, instead in PLAIN_WORDS.items()
        for match in re.finditer(rf"\b({pattern})\b", line, re.IGNORECASE)
    ]


def sources() -> list[Path]:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    return sorted([*files, *(ROOT / name for name in DOCUMENTS)])


def test_words_are_plain() -> None:
    used = [
        f'{path.relative_to(ROOT)}:{number}: "{words}"; write {instead}'
        for path in sources()
        for number, words, instead in unusual_words(path.read_text(encoding="utf-8"))
    ]
    assert not used, "\n".join(used)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Mending a row", ["Mending"]),
        ("what it passed over hangs together", ["passed over", "hangs together"]),
        ("as quick as before, or quicker", ["as quick as", "quicker"]),
        ("recommended, amended and typed quickly", []),
    ],
)
def test_which_words_are_unusual(line: str, words: list[str]) -> None:
    assert sorted(word for _, word, _ in unusual_words(f"\n{line}")) == sorted(words)
    assert {number for number, _, _ in unusual_words(f"\n{line}")} <= {2}
