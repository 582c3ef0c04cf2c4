"""What `curate` finds becomes metadata, and a row that was never curated loads all the same."""

from typing import Any

import pytest

from sharegpt_argilla.config import ProjectConfig, load_project
from sharegpt_argilla.config.annotation_task import TermsProperty
from sharegpt_argilla.curation.checks.table import CHECKS
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.records.record_metadata import plan_metadata
from tests.curation.rows import row
from tests.projects import ROOT

CONFIG = load_project(ROOT / "dataset-config.yml").config
FOUND = {
    "flags": ["email", "too_short"],
    "prompt_lang": "en",
    "response_lang": "id",
    "pii": {"EMAIL": 2, "PHONE": 1},
    "toxicity": {"score": 0.25, "sources": {"corpus": 0.25}},
}


def properties(*more: dict) -> ProjectConfig:
    return ProjectConfig.model_validate({**CONFIG.model_dump(), "metadata": list(more)})


EVERY = properties(
    {"name": "flags", "type": "terms", "title": "F", "options": ["none", "email", "too_short"]},
    {"name": "prompt_language", "type": "terms", "title": "P", "options": ["en"]},
    {"name": "response_language", "type": "terms", "title": "R", "options": ["en", "other"]},
    {"name": "pii_count", "type": "integer", "title": "C", "min": 0, "max": 10},
    {"name": "toxicity_score", "type": "float", "title": "T", "min": 0, "max": 1},
)


def metadata(config: ProjectConfig, curation: dict | None) -> dict:
    extra: dict[str, Any] = {} if curation is None else {"curation": curation}
    values = plan_metadata(config, ()).from_row(row(**extra), extra)
    return {name: value for name, value in values.items() if value is not None}


def test_every_property_of_a_curated_row() -> None:
    assert metadata(EVERY, FOUND) == {
        "flags": ["email", "too_short"],
        "prompt_language": "en",
        "response_language": "other",
        "pii_count": 3,
        "toxicity_score": 0.25,
    }


def test_a_clean_row_can_be_filtered_for() -> None:
    clean = {"flags": [], "prompt_lang": "en"}
    assert metadata(EVERY, clean) == {"flags": ["none"], "prompt_language": "en", "pii_count": 0}


def test_a_row_that_was_never_curated_has_none_of_them() -> None:
    assert metadata(EVERY, None) == {}


def test_a_flag_that_is_no_option_is_rejected() -> None:
    with pytest.raises(RejectedError, match='flags is "refusal", which is not among its options'):
        metadata(EVERY, {"flags": ["refusal"]})


def test_the_shipped_project_knows_every_flag() -> None:
    (flags,) = [item for item in CONFIG.metadata if item.name == "flags"]
    assert isinstance(flags, TermsProperty)
    assert flags.options == ["none", *CHECKS]
