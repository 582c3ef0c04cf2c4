"""The files of the MYChatGPT repository: every record is in a row or rejected, with file, line and reason."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from sharegpt_argilla.corpora.detection import detect
from sharegpt_argilla.corpora.formats.base import Corpus, Options
from sharegpt_argilla.corpora.formats.kochatgpt_conversation import BARE_ROLES, MARKER
from sharegpt_argilla.corpora.formats.kochatgpt_rm import RankedCompletions
from sharegpt_argilla.corpora.formats.roles import canonical_role
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.pairing.pairing import Counts, Pairer
from sharegpt_argilla.corpora.reading.base import Damaged, Located
from sharegpt_argilla.corpora.reading.json_reader import read_records
from sharegpt_argilla.corpora.reading.text_blocks import read_blocks
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import build_row, check_row
from tests.corpora.reading import shared
from tests.projects import ROOT

DATA = "mychatgpt"
EMPTY = "the record is empty: {}"
ERROR = 'an error message in place of a record: its only key is "message"'

# File -> corpus, records, and the reasons of those that are rejected.
FILES: dict[str, tuple[str, int, dict[str, int]]] = {
    "stanford/malay.json": ("alpaca", 1750, {}),
    "stanford/seed_task_ms.jsonl": ("seed_tasks", 175, {}),
    # 1942 lines; one contains two records, and one a record inside the stump of another.
    "gpt4all/data_ms.jsonl": (
        "prompt_response",
        1944,
        {EMPTY: 3, ERROR: 1, "not valid JSON: Expecting ',' delimiter (character 281 of the record)": 1},
    ),
    "kochatgpt/mschatgpt_1_SFT.jsonl": (
        "kochatgpt_sft",
        2361,
        {EMPTY: 11, '"completion" is missing': 8, '"prompt" is blank': 1},
    ),
    "kochatgpt/mschatgpt_2_RM.jsonl": (
        "kochatgpt_rm",
        400,
        {EMPTY: 5, '"completion_0" is missing; "completion" makes this a record of kochatgpt_sft': 1},
    ),
    "kochatgpt/mschatgpt_3_PPO.jsonl": ("kochatgpt_ppo", 1580, {}),
    "kochatgpt/mychatgpt_1_SFT_conversation.jsonl": ("kochatgpt_conversation", 442, {"the block is empty": 2}),
    "chatdoctor/chatdoctor5k.json": ("alpaca", 5452, {}),
    "chatdoctor/chatdoctor5k_ms.jsonl": ("alpaca", 908, {ERROR: 1}),
}
ONE_PAIR_EACH = [name for name in FILES if not name.endswith(("_RM.jsonl", "_conversation.jsonl"))]

each_file = pytest.mark.parametrize("name", FILES)


class Outcome:
    """What became of one file."""

    def __init__(self, path: Path, corpus: Corpus) -> None:
        self.records = 0
        self.read = 0
        self.rows = 0
        self.rejects: list[tuple[str, int, str]] = []
        pairer = Pairer(corpus.name, corpus.source)
        self.counts: Counts = pairer.counts
        for record in records(path, corpus):
            self.records += 1
            if isinstance(record, Damaged):
                self.rejects.append((record.file, record.line, record.reason))
                continue
            try:
                conversations = corpus.read(record.value)
            except RejectedError as error:
                self.rejects.append((record.file, record.line, str(error)))
                continue
            self.read += 1
            for pair in [pair for conversation in conversations for pair in pairer.add(conversation)]:
                check_row(build_row(pair, "20230511 15:56:03"))
                self.rows += 1


def records(path: Path, corpus: Corpus) -> Iterator[Located | Damaged]:
    if corpus.container == "json":
        yield from read_records(path, corpus.is_record)
        return
    with path.open("rb") as file:
        yield from read_blocks(file, str(path), MARKER)


@cache
def outcome(name: str) -> Outcome:
    return Outcome(shared(DATA, name), CORPORA[FILES[name][0]])


@each_file
def test_every_record_is_read_or_rejected_with_file_line_and_reason(name: str) -> None:
    _, expected, reasons = FILES[name]
    result = outcome(name)
    assert result.records == result.read + len(result.rejects) == expected
    assert Counter(reason for _, _, reason in result.rejects) == reasons
    assert {file for file, _, _ in result.rejects} <= {str(shared(DATA, name))}
    lines = [line for _, line, _ in result.rejects]
    assert lines == sorted(set(lines))


@pytest.mark.parametrize("name", ONE_PAIR_EACH)
def test_where_a_record_is_one_pair_rows_and_rejects_are_the_records(name: str) -> None:
    found = outcome(name)
    assert found.rows + len(found.rejects) == found.records


def test_every_completion_that_is_not_blank_is_a_row() -> None:
    name = "kochatgpt/mschatgpt_2_RM.jsonl"
    result = outcome(name)
    written = [json.loads(line) for line in shared(DATA, name).read_text("utf-8").splitlines()]
    texts = [text for row in written for key, text in row.items() if key.startswith("completion_")]
    assert result.rows == sum(1 for text in texts if text.strip())
    assert result.counts.left_out == {
        "blank completions": sum(1 for text in texts if not text.strip()),
        "completions without a number": 1,
        "rankings missing": 5,
        "rankings that are no permutation": 2,
    }


def test_the_two_readings_of_a_ranking_differ_in_a_third_of_the_records() -> None:
    path = shared(DATA, "kochatgpt/mschatgpt_2_RM.jsonl")
    order = RankedCompletions()
    rank = order.with_options(Options(ranking="rank"))
    ranked = differ = 0
    for record in read_records(path, order.is_record):
        assert isinstance(record, Located)
        if order.is_record(record.value):
            one, other = order.read(record.value), rank.read(record.value)
            ranked += one[0].extra.get("rank") is not None
            differ += one != other
    assert (ranked, differ) == (387, 139)


def test_every_role_line_of_the_conversations_is_a_turn() -> None:
    name = "kochatgpt/mychatgpt_1_SFT_conversation.jsonl"
    text = shared(DATA, name).read_text("utf-8")
    lines = re.findall(rf"^<?({'|'.join(BARE_ROLES)})>?:", text, re.MULTILINE)
    roles = Counter(canonical_role(line) for line in lines)
    counts = outcome(name).counts
    assert counts.pairs + counts.questions_blank == roles["human"]
    answers = (
        counts.pairs - counts.unanswered + counts.answers_joined + counts.answers_dropped + counts.answers_blank
    )
    assert answers == roles["gpt"]


@each_file
def test_the_first_records_tell_the_corpus(name: str) -> None:
    corpus = CORPORA[FILES[name][0]]
    first = [record.value for record in records(shared(DATA, name), corpus) if isinstance(record, Located)][:50]
    assert detect(first) == corpus.name


@each_file
def test_the_numbers_in_the_documentation_are_these(name: str) -> None:
    found = outcome(name)
    numbers = [found.records, len(found.rejects), found.rows, found.counts.unanswered]
    line = f"| {Path(name).name} | `{FILES[name][0]}` | {' | '.join(f'{number:,}' for number in numbers)} |"
    assert line in (ROOT / "docs" / "corpora.md").read_text("utf-8").splitlines()
