"""Metadata that is measured on the texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from itertools import islice

from sharegpt_argilla.cache import DiskCache
from sharegpt_argilla.config import ProjectConfig
from sharegpt_argilla.descriptives.describe import CACHE_ENTRIES, Describer
from sharegpt_argilla.descriptives.metrics import METRICS
from sharegpt_argilla.descriptives.pipeline import PipelineChoice, missing_for
from sharegpt_argilla.errors import ConfigError, RejectedError
from sharegpt_argilla.records.metadata import MetadataPlan, plan_metadata
from sharegpt_argilla.workflows.enriching.base import Candidate, EnrichOptions

CACHE_FILE = "descriptives.db"


class Numbers:
    """TextDescriptives metrics of the text fields.

    Args:
        plan: which metrics of which fields.
        describer: measures ``plan.metric_names``.
    """

    from_texts_alone = True

    def __init__(self, plan: MetadataPlan, describer: Describer) -> None:
        self._plan = plan
        self._describer = describer

    def enrich(self, candidates: Sequence[Candidate]) -> None:
        """Add the metrics, one pass of the pipeline for the whole batch."""
        names = list(self._plan.metrics)
        texts = [str(candidate.fields.get(name, "")) for candidate in candidates for name in names]
        described = iter(self._describer.describe(texts))
        for candidate in candidates:
            numbers = dict(zip(names, islice(described, len(names)), strict=True))
            try:
                candidate.metadata |= self._plan.from_numbers(numbers)
            except RejectedError as error:
                candidate.reason = str(error)


def numbers_plan(config: ProjectConfig) -> MetadataPlan:
    """Where the metadata of the project comes from.

    Raises:
        ConfigError: nothing computes some property, or a blank pipeline cannot.
    """
    plan = plan_metadata(config, METRICS)
    missing = missing_for(plan.metric_names)
    if missing and config.describe.model is None:
        raise ConfigError(
            f"some properties of `metadata` need {' and '.join(missing)}: set `describe: model:` to a spaCy model "
            "that has it, such as en_core_web_md, or take them out"
        )
    return plan


@contextmanager
def open_describer(config: ProjectConfig, plan: MetadataPlan, options: EnrichOptions) -> Iterator[Describer]:
    """A describer with the pipeline, the cache and the processes that were chosen."""
    choice = PipelineChoice(config.describe.model, config.describe.language)
    metrics = sorted(plan.metric_names)
    folder = options.cache
    with (
        nullcontext() if folder is None else closing(DiskCache(folder / CACHE_FILE, CACHE_ENTRIES)) as cache,
        Describer(metrics, choice, cache, options.workers) as describer,
    ):
        yield describer
