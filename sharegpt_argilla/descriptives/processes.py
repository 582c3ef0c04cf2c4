"""Worker processes that measure texts, each with its own pipeline: of this machine, or of a cluster.

spaCy's ``nlp.pipe(n_process=…)`` starts new processes for every call, and sends whole docs back through a pipe.
These processes keep running, and send back only numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from threading import Lock

from sharegpt_argilla.common.batching import batched
from sharegpt_argilla.common.code_marks import code_mark
from sharegpt_argilla.common.executors import completed
from sharegpt_argilla.common.worker_processes import enter_worker
from sharegpt_argilla.descriptives.spacy_pipeline import BATCH, Pipeline, PipelineChoice
from sharegpt_argilla.errors import InputError

Numbers = list[list[float | None]]

_pipeline: list[Pipeline] = []
_measuring = Lock()
"""A pipeline of spaCy is used by one thread at a time."""


class MeasuringProcesses:
    """Processes that measure texts; close them after use.

    Args:
        count: number of processes.
        choice: the pipeline.
        metrics: names out of METRICS.
    """

    def __init__(self, count: int, choice: PipelineChoice, metrics: Sequence[str]) -> None:
        self._pool = ProcessPoolExecutor(count, get_context("spawn"), _enter, (choice, list(metrics)))

    def measure(self, texts: Sequence[str]) -> Numbers:
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


def _measure(texts: Sequence[str]) -> Numbers:
    return list(_pipeline[0].measure(texts))


class MeasuringCluster:
    """Has the workers of a cluster measure texts; each loads the pipeline once.

    Args:
        pool: the cluster, or another engine.
        choice: the pipeline, which every worker must have.
        metrics: names out of METRICS.
    """

    def __init__(self, pool: Executor, choice: PipelineChoice, metrics: Sequence[str]) -> None:
        self._pool = pool
        self._measure = partial(measure_as_there, _same(choice), choice, tuple(metrics))

    def measure(self, texts: Sequence[str]) -> Numbers:
        """As ``Pipeline.measure``; the texts are distributed in small batches.

        Raises:
            InputError: no worker can measure a batch.
        """
        batches = dict(enumerate(batched(texts, BATCH)))
        tasks = {number: partial(self._measure, batch) for number, batch in batches.items()}
        measured = dict(completed(self._pool, tasks))
        return [numbers for number in batches for numbers in measured[number]]


def measure_as_there(
    there: str, choice: PipelineChoice, metrics: tuple[str, ...], texts: Sequence[str]
) -> Numbers:
    """Measure texts where pipeline and code are the same as in the process that asks.

    Raises:
        InputError: they are others.
    """
    if there != _same(choice):
        raise InputError(
            f"another version of sharegpt-argilla, spaCy or {choice.model or 'its libraries'} than where the"
            " command runs; install the same one on every worker"
        )
    with _measuring:
        return list(_pipeline_of(choice, metrics).measure(texts))


def _same(choice: PipelineChoice) -> str:
    return f"{code_mark('descriptives')} {choice.fingerprint()}"


@cache
def _pipeline_of(choice: PipelineChoice, metrics: tuple[str, ...]) -> Pipeline:
    return Pipeline(choice, metrics)
