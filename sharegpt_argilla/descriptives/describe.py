"""Texts -> metrics: each different text is measured once, and not at all if the cache has its numbers."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from math import isfinite
from types import TracebackType

from sharegpt_argilla.common.cache import DiskCache, cache_key
from sharegpt_argilla.descriptives.metrics import METRICS
from sharegpt_argilla.descriptives.processes import MeasuringCluster, MeasuringProcesses
from sharegpt_argilla.descriptives.spacy_pipeline import Pipeline, PipelineChoice

CACHE_ENTRIES = 1_000_000
"""Texts whose numbers are cached: about 200 MB with the default metrics."""

PROCESSES_AFTER = 10.0
"""CPU seconds that this process spends before it starts workers; two workers need as much to load spaCy."""

_PART = 256
# Texts after which it is decided whether to start workers.

Numbers = dict[str, int | float]


class Describer:
    """Measures texts. Use it as a context manager, or close it; the pipeline is loaded when first needed.

    Args:
        metrics: names out of METRICS.
        choice: the pipeline.
        cache: numbers of earlier runs; None to measure every text.
        workers: processes; several are started only when there is enough work for them.
        cluster: what measures the texts instead.
    """

    def __init__(
        self,
        metrics: Sequence[str],
        choice: PipelineChoice | None = None,
        cache: DiskCache | None = None,
        workers: int = 1,
        cluster: Executor | None = None,
    ) -> None:
        self._metrics = list(metrics)
        self._choice = choice or PipelineChoice()
        self._cache = cache
        self._workers = workers
        self._cluster = None if cluster is None else MeasuringCluster(cluster, self._choice, self._metrics)
        self._fingerprint = "; ".join([self._choice.fingerprint(), *self._metrics])
        self._pipeline: Pipeline | None = None
        self._processes: MeasuringProcesses | None = None
        self._seconds = 0.0

    def __enter__(self) -> Describer:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the processes."""
        if self._processes is not None:
            self._processes.close()

    def describe(self, texts: Sequence[str]) -> list[Numbers]:
        """The metrics of each text, in the order of the texts.

        Counts are int, the rest float. A metric that is undefined for a text (the mean sentence length of an empty
        text) is absent; NaN never occurs.

        Raises:
            ConfigError: the pipeline is not installed or cannot compute a metric.
            InputError: the cache cannot be used, or a process died.
        """
        if not self._metrics:
            return [{} for _ in texts]
        keys = [cache_key(self._fingerprint, text) for text in texts]
        values = self._cached(keys)
        unknown = {key: text for key, text in zip(keys, texts, strict=True) if key not in values}
        if unknown:
            measured = dict(zip(unknown, self._measure(list(unknown.values())), strict=True))
            values.update(measured)
            if self._cache is not None:
                self._cache.put_many({key: json.dumps(numbers).encode() for key, numbers in measured.items()})
        return [self._named(values[key]) for key in keys]

    def _cached(self, keys: Sequence[bytes]) -> dict[bytes, list[float | None]]:
        if self._cache is None:
            return {}
        entries = self._cache.get_json(list(dict.fromkeys(keys)))
        return {key: numbers for key, numbers in entries.items() if self._are_numbers(numbers)}

    def _are_numbers(self, numbers: object) -> bool:
        """Whether it is a number, or None, for each metric; damage may leave other things in a cache."""
        return (
            isinstance(numbers, list)
            and len(numbers) == len(self._metrics)
            and all(number is None or (type(number) in (int, float) and isfinite(number)) for number in numbers)
        )

    def _measure(self, texts: Sequence[str]) -> list[list[float | None]]:
        if self._cluster is not None:
            return self._cluster.measure(texts)
        measured: list[list[float | None]] = []
        while len(measured) < len(texts):
            if self._workers > 1 and self._seconds > PROCESSES_AFTER:
                return measured + self._measure_in_workers(texts[len(measured) :])
            measured += self._measure_here(texts[len(measured) : len(measured) + _PART])
        return measured

    def _measure_here(self, texts: Sequence[str]) -> list[list[float | None]]:
        if self._pipeline is None:
            self._pipeline = Pipeline(self._choice, self._metrics)
        began = time.process_time()
        measured = list(self._pipeline.measure(texts))
        self._seconds += time.process_time() - began
        return measured

    def _measure_in_workers(self, texts: Sequence[str]) -> list[list[float | None]]:
        if self._processes is None:
            self._pipeline = None  # it has a vocabulary of its own, and no text any more
            self._processes = MeasuringProcesses(self._workers, self._choice, self._metrics)
        return self._processes.measure(texts)

    def _named(self, values: Sequence[float | None]) -> Numbers:
        return {name: value for name, value in zip(self._metrics, values, strict=True) if value is not None}


def describe(texts: Sequence[str], metrics: Sequence[str] = tuple(METRICS)) -> list[Numbers]:
    """The metrics of a few texts by the blank English pipeline, without cache and worker processes."""
    with Describer(metrics) as describer:
        return describer.describe(texts)
