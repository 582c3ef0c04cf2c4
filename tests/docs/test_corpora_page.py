"""docs/corpora.md: what it shows as records of a corpus is read as that corpus, nothing rejected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.workflows.extract import extract
from tests.projects import ROOT

PAGE = (ROOT / "docs" / "corpora.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
SHOWN = [
    (found[1], block)
    for found in SECTION.finditer(PAGE)
    for block in re.findall(r"^```(?:json|text)\n(.*?)^```$", found[2], re.DOTALL | re.MULTILINE)
]
# One layout with another corpus, whose example covers it; kochatgpt_ppo shows its record in a sentence.
WITHOUT = {"gpt4", "common_zh", "kochatgpt_ppo"}


@pytest.mark.parametrize(("corpus", "records"), SHOWN, ids=[corpus for corpus, _ in SHOWN])
def test_the_record_is_one_of_its_corpus(corpus: str, records: str, tmp_path: Path) -> None:
    raw = tmp_path / "raw.jsonl"
    raw.write_text(records, encoding="utf-8")
    summary = extract([raw], corpus, tmp_path / "rows.jsonl")
    assert summary.rows > 0
    assert summary.rejects is None


def test_every_corpus_shows_a_record() -> None:
    assert set(CORPORA) - {corpus for corpus, _ in SHOWN} == WITHOUT
