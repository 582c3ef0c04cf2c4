"""Measured active times, joined to the responses for which they were spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from sharegpt_argilla.annotation import AnsweredRecord
from sharegpt_argilla.argilla_client.connection import ArgillaClient
from sharegpt_argilla.argilla_client.server_counts import read_active_seconds


@dataclass(frozen=True)
class MeasuredTime:
    """The active times of one dataset, read when first needed.

    Attributes:
        dataset_id: Argilla's id of the dataset.
        client: the connection to its Argilla.
    """

    dataset_id: str
    client: ArgillaClient

    @cached_property
    def seconds(self) -> Mapping[tuple[str, str], float]:
        """Argilla's record id and username -> seconds; empty if times were not measured."""
        return read_active_seconds(self.client, self.dataset_id)

    @cached_property
    def of_records(self) -> Mapping[str, int]:
        """Argilla's record id -> tenths of a second that all people spent on it."""
        tenths: Counter[str] = Counter()
        for (key, _), seconds in self.seconds.items():
            tenths[key] += round(10 * seconds)
        return tenths

    @property
    def mark(self) -> tuple[int, int]:
        """Changes when people spend more time: the number of times, and their sum in tenths of a second."""
        return len(self.seconds), sum(self.of_records.values())

    def joined(self, key: str, record: AnsweredRecord) -> AnsweredRecord:
        """The record with ``active_seconds``, to a tenth of a second, on each response that has a time.

        What a response brought along from where it was copied is added.

        Args:
            key: Argilla's id of the record.
            record: the record with its responses.
        """
        spent = [self.seconds.get((key, response.annotator)) for response in record.responses]
        if not any(spent):
            return record
        responses = [
            replace(response, active_seconds=round(seconds + (response.active_seconds or 0), 1), active="measured")
            if seconds
            else response
            for response, seconds in zip(record.responses, spent, strict=True)
        ]
        return replace(record, responses=responses)
