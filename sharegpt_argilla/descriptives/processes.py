"""Worker processes that measure texts, each with its own pipeline.

spaCy's ``nlp.pipe(n_process=…)`` starts new processes for every call, and sends whole docs back through a pipe.
These processes keep running, and send back only numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from multiprocessing import get_context

from sharegpt_argilla.common.batching import batched
from sharegpt_argilla.common.worker_processes import enter_worker
from sharegpt_argilla.descriptives.spacy_pipeline import BATCH, Pipeline, PipelineChoice
from sharegpt_argilla.errors import InputError

_pipeline: list[Pipeline] = []


class MeasuringProcesses:
    """Processes that measure texts; close them after use.

    Args:
        count: number of processes.
        choice: the pipeline.
        metrics: names out of METRICS.
    """

    def __init__(self, count: int, choice: PipelineChoice, metrics: Sequence[str]) -> None:
        self._pool = ProcessPoolExecutor(count, get_context("spawn"), _enter, (choice, list(metrics)))

    def measure(self, texts: Sequence[str]) -> list[list[float | None]]:
        """As ``Pipeline.measure``; the texts are distributed in small batches.

        Raises:
            InputError: a process died.
        """
        try:
            return [numbers for batch in self._pool.map(_measure, batched(texts, BATCH)) for numbers in batch]
        except BrokenExecutor as error:
            raise InputError(
                "a process that describes texts died, perhaps because memory ran out; run the command again with "
                "--workers 1"
            ) from error

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)


def _enter(choice: PipelineChoice, metrics: list[str]) -> None:
    enter_worker()
    _pipeline.append(Pipeline(choice, metrics))


def _measure(texts: Sequence[str]) -> list[list[float | None]]:
    return list(_pipeline[0].measure(texts))
