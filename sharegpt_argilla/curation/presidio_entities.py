"""Names and numbers of people, as Presidio finds them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from sharegpt_argilla.curation.checks.base import Options
from sharegpt_argilla.curation.private_data import Span
from sharegpt_argilla.errors import UsageError

ENTITIES = ("PERSON", "IBAN_CODE", "US_SSN", "US_PASSPORT", "UK_NHS", "CRYPTO")
"""Entities that Presidio looks for. The other checks find those with a pattern (e-mail and so on)."""
_SCORE = 0.5


def entities(text: str, options: Options) -> Iterator[Span]:
    """What Presidio finds in a text.

    Raises:
        UsageError: presidio-analyzer or the spaCy pipeline is not installed.
    """
    analyzer = _analyzer(options.spacy_model)
    for result in analyzer.analyze(text=text, language="en", entities=list(ENTITIES), score_threshold=_SCORE):
        yield Span(result.start, result.end, result.entity_type)


@cache
def _analyzer(model: str) -> Any:
    try:
        from presidio_analyzer import AnalyzerEngine  # noqa: PLC0415 - an optional dependency
        from presidio_analyzer.nlp_engine import SpacyNlpEngine  # noqa: PLC0415
    except ImportError:
        raise UsageError('the check names needs: pip install "sharegpt-argilla[privacy]"') from None
    import spacy  # noqa: PLC0415 - takes a second

    try:
        pipeline = spacy.load(model)
    except OSError:
        raise UsageError(
            f"the check names needs the spaCy pipeline {model}: python -m spacy download {model}, "
            "or name another with --spacy-model"
        ) from None
    engine: Any = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model}])
    # Set here instead of loaded by Presidio, which would download a missing pipeline.
    engine.nlp = {"en": pipeline}
    return AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
