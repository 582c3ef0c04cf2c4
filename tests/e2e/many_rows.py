"""2,000 rows for tests of the annotation page, and what Python counts in them; real ones where the data folder is.

Nothing here asks the search engine or shares code with it.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sharegpt_argilla.workflows.extract import extract
from tests.projects import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COUNT = 2000
LETTERS = "abcdefghijklmnopqrstuvwxyz"
KINDS = ("chat", "code", "other")
SOURCES = {
    "sharegpt": ("vicuna", "sharegpt_v3/sharegpt_v3_part.json", 1500),
    "wildchat": ("wildchat", "wildchat/wildchat1m_layout_part.parquet", 500),
}
"""Corpus, its file in the data folder, and how many of its rows are taken."""

_WORD = re.compile(r"\w+(?:(?:(?<=[^\W\d_])[.':’](?=[^\W\d_])|(?<=\d)[.,;'](?=\d))\w+)*")
_TOPICS = ("rain", "snow", "wind", "fog", "hail", "sun", "frost")


@dataclass(frozen=True)
class Item:
    """One row as the record that is made of it."""

    number: int
    corpus: str
    prompt: str
    response: str

    @property
    def place(self) -> str:
        """By this a test sees which record the page shows."""
        return f"row {self.number} begins"

    @cached_property
    def words(self) -> list[str]:
        return [word for text in (self.place, self.prompt, self.response) for word in _WORD.findall(text.lower())]

    @cached_property
    def vocabulary(self) -> set[str]:
        return set(self.words)

    @cached_property
    def pairs(self) -> set[tuple[str, str]]:
        """Words that follow one another in the prompt."""
        words = _WORD.findall(self.prompt.lower())
        return set(pairwise(words))

    @property
    def length(self) -> int:
        return len(self.prompt)

    @property
    def ratio(self) -> float:
        """The prompt's share of all characters, with as many digits as 32 bits keep apart."""
        return round(len(self.prompt) / (len(self.prompt) + len(self.response) + 1), 4)

    @property
    def kind(self) -> str | None:
        """What is suggested, for one row in four."""
        return None if self.number % 4 else KINDS[1 if "```" in self.response else 2 * (self.length > 200)]

    @property
    def score(self) -> float:
        return len(self.response) % 1000 / 1000

    @property
    def agent(self) -> str:
        return "model-1" if self.number % 8 else "model-2"

    @cached_property
    def vector(self) -> list[float]:
        """How often each letter occurs in the row."""
        counts = Counter((self.prompt + self.response).lower())
        return [1.0 + counts[letter] for letter in LETTERS]

    def likeness(self, other: Item) -> float:
        """The cosine of both vectors."""
        product = sum(one * two for one, two in zip(self.vector, other.vector, strict=True))
        return product / (math.hypot(*self.vector) * math.hypot(*other.vector))

    def body(self, questions: dict[str, str]) -> dict[str, Any]:
        guess = {"question_id": questions["kind"], "value": self.kind, "score": self.score, "agent": self.agent}
        return {
            "external_id": f"n{self.number}",
            "fields": {"place": self.place, "prompt": self.prompt, "response": self.response},
            "metadata": {
                "corpus": self.corpus,
                "place": self.number,
                "length": self.length,
                "ratio": self.ratio,
            },
            "vectors": {"letters": self.vector},
            "suggestions": [guess] if self.kind else [],
        }


@dataclass(frozen=True)
class Vocabulary:
    """Words to search for, found in the rows themselves."""

    rare: str
    common: str
    frequent: str
    phrase: tuple[str, str]


def read_rows(folder: Path) -> list[Item]:
    """The rows as ``extract`` gives them, or made ones where the data folder is missing."""
    if not SHARED.is_dir():
        return [_made(number) for number in range(COUNT)]
    rows: list[tuple[str, dict[str, str]]] = []
    for corpus, (model, path, count) in SOURCES.items():
        target = folder / f"{corpus}.jsonl"
        extract([SHARED / path], model, target)
        lines = target.read_text("utf-8").split("\n")[:count]
        rows += [(corpus, json.loads(line)) for line in lines]
    assert len(rows) == COUNT
    return [Item(number, corpus, row["问"], row["答"]) for number, (corpus, row) in enumerate(rows)]


def _made(number: int) -> Item:
    zebra = " zebra" if number == 777 else ""
    prompt = f"question about {_TOPICS[number % 7]} or {_TOPICS[number % 5]}{zebra}" + " again" * (number % 40)
    fence = "```" if number % 3 else ""
    return Item(
        number, "wildchat" if number % 3 else "sharegpt", prompt, f"{fence}{'it will be so ' * (number % 97)}"
    )


def words_of(items: list[Item]) -> Vocabulary:
    """Words and a pair of words that one, a few or many rows contain."""
    frequencies = Counter(word for item in items for word in item.vocabulary if re.fullmatch("[a-z]{4,}", word))
    pairs = Counter(pair for item in items for pair in item.pairs if all(map(str.isascii, pair)))

    def nearest(counts: Counter[Any], wanted: int) -> Any:
        return min(counts, key=lambda word: (abs(counts[word] - wanted), word))

    letters = Counter({pair: count for pair, count in pairs.items() if "".join(pair).isalpha()})
    return Vocabulary(
        nearest(frequencies, 1), nearest(frequencies, 300), nearest(frequencies, 500), nearest(letters, 20)
    )


def searches(items: list[Item]) -> dict[str, Callable[[Item], bool]]:
    """What is typed, and whether a row contains it."""
    words = words_of(items)
    rare, common, frequent, (first, second) = words.rare, words.common, words.frequent, words.phrase
    start = common[:4]

    def follows(item: Item) -> bool:
        return (first, second) in pairwise(item.words)

    return {
        rare: lambda item: rare in item.vocabulary,
        common.upper(): lambda item: common in item.vocabulary,
        f"{common} {frequent}": lambda item: {common, frequent} <= item.vocabulary,
        f'"{first} {second}"': follows,
        f"{common} | {rare}": lambda item: bool({common, rare} & item.vocabulary),
        f"{common} -{frequent}": lambda item: common in item.vocabulary and frequent not in item.vocabulary,
        f"{start}*": lambda item: any(word.startswith(start) for word in item.vocabulary),
    }
