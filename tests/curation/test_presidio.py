"""Names by Presidio, over a small spaCy pipeline of our own."""

import sys
from pathlib import Path
from typing import Any

import pytest
import spacy

from sharegpt_argilla.curation import presidio_entities as presidio
from sharegpt_argilla.curation.checks.base import Options
from sharegpt_argilla.curation.checks.table import CHECKS
from sharegpt_argilla.errors import UsageError
from tests.curation.rows import curated, row
from tests.curation.samples import item


@pytest.fixture
def pipeline(tmp_path: Path) -> str:
    nlp = spacy.blank("en")
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "Maria Lindqvist"}])
    nlp.to_disk(tmp_path / "pipeline")
    return str(tmp_path / "pipeline")


def test_without_presidio_the_pip_line_is_given(monkeypatch) -> None:
    presidio._analyzer.cache_clear()
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(UsageError, match=r'pip install "sharegpt-argilla\[privacy\]"'):
        CHECKS["names"].find([item()], Options())


def test_without_the_pipeline_its_download_is_named() -> None:
    pytest.importorskip("presidio_analyzer")
    with pytest.raises(UsageError, match="python -m spacy download xx_no_such"):
        CHECKS["names"].find([item()], Options(spacy_model="xx_no_such"))


def test_names_are_found_counted_and_replaced(tmp_path: Path, pipeline: str) -> None:
    pytest.importorskip("presidio_analyzer")
    rows = [row("Who is Maria Lindqvist to you?", "Maria Lindqvist, maria.lindqvist@posteo-mail.net, is my aunt.")]
    options = {"spacy_model": pipeline}
    (((after, found),), _) = curated(tmp_path, rows, check=["names", "email"], redact=True, options=options)
    assert after["问"] == "Who is <PERSON> to you?"
    assert after["答"] == "<PERSON>, <EMAIL>, is my aunt."
    assert found["pii"] == {"EMAIL": 1, "PERSON": 2}


def test_names_come_on_top_of_the_other_checks(tmp_path: Path, pipeline: str) -> None:
    pytest.importorskip("presidio_analyzer")
    rows = [row("Who is Maria Lindqvist to you?", "My aunt, maria.lindqvist@posteo-mail.net.")]
    (((after, found),), _) = curated(
        tmp_path, rows, also=["names"], redact=True, options={"spacy_model": pipeline}
    )
    assert (after["问"], after["答"]) == ("Who is <PERSON> to you?", "My aunt, <EMAIL>.")
    assert found["pii"] == {"EMAIL": 1, "PERSON": 1}
