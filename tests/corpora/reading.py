"""Records of samples and of shared data, and everything that an adapter makes of them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.corpora.formats.base import Conversation, Corpus, GatheringCorpus, TextCorpus
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.pairing.pairing import Counts, Pairer
from sharegpt_argilla.rows import Pair
from tests.projects import ROOT, SHARED


def sample(corpus: Corpus) -> Path:
    """The hand-written raw corpus of a member: ``examples/*_NAME.*``."""
    found = [path for path in (ROOT / "examples").iterdir() if path.stem == f"sharegpt_{corpus.name}"]
    assert len(found) == 1, f"examples/ has {len(found)} samples for {corpus.name}"
    return found[0]


def sample_records(corpus: Corpus) -> list[Any]:
    """The records of a member's sample."""
    text = sample(corpus).read_text("utf-8")
    if isinstance(corpus, TextCorpus):
        return [block for block in text.split(f"{corpus.marker}\n") if block.strip()]
    return parse(text)


def parse(text: str) -> list[Any]:
    """The records of a JSON array, or of JSON Lines."""
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith("["):
        records: list[Any] = json.loads(text)
        return records
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def shared(*names: str) -> Path:
    """A file of the shared data; the test is skipped where it is missing."""
    path = SHARED.joinpath(*names)
    if not path.exists():
        pytest.skip(f"{'/'.join(names)} is not here")
    return path


def conversations(corpus: Corpus, records: Iterable[object]) -> list[Conversation]:
    """Every conversation in the records."""
    if isinstance(corpus, GatheringCorpus):
        gatherer = corpus.gather()
        gathered = [found for record in records for found in gatherer.add(record)]
        return [*gathered, *gatherer.finish()]
    return [found for record in records for found in corpus.read(record)]


def pair_up(corpus: Corpus, records: Iterable[object]) -> tuple[list[Pair], Counts]:
    """Every pair in the records, and the counts."""
    pairer = Pairer(corpus.name, corpus.source)
    pairs = [pair for found in conversations(corpus, records) for pair in pairer.add(found)]
    return [*pairs, *pairer.finish()], pairer.counts


def pairs_of(name: str, *records: object) -> list[Pair]:
    """The pairs that a corpus finds in the records."""
    return pair_up(CORPORA[name], records)[0]


def texts(pairs: Sequence[Pair]) -> list[tuple[str, str]]:
    """Question and answer of each."""
    return [(pair.question, pair.answer) for pair in pairs]


def check_every_turn_is_counted(conversations: Sequence[Conversation], counts: Counts) -> None:
    """The sums that ``Counts`` promises."""
    turns = [turn for conversation in conversations for turn in conversation.turns]
    assert sum(turn.role == "human" for turn in turns) == counts.pairs + counts.questions_blank
    answered = counts.pairs - counts.unanswered
    kept = answered + counts.answers_joined + counts.answers_dropped + counts.answers_blank
    assert sum(turn.role == "gpt" for turn in turns) == kept
