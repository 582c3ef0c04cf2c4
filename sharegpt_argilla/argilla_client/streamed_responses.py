"""Responses as a server with the plug-in streams them: without texts, and only what changed, if that is asked."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sharegpt_argilla.annotation import ResponseStatus
from sharegpt_argilla.argilla_client.connection import ATTEMPTS, ArgillaClient
from sharegpt_argilla.common.batching import batched
from sharegpt_argilla.common.http_calls import FIRST_PAUSE
from sharegpt_argilla.common.json_text import load_json
from sharegpt_argilla.errors import ServerUnreachableError

_PATH = "/api/sharegpt/responses"

IDS = 1000
"""Records that one request may name."""

StampValues = tuple[str | None, str, int, str, int, int]
"""What tells whether a record's responses are still the same: external id, status, number of responses, time of
the newest of them, a checksum of the times of all of them, and one of the suggestions."""


class StreamedResponses:
    """The responses of one dataset on a server whose capabilities say that it streams them.

    A stream that is cut off is resumed after the last record that came. Every method raises the errors of
    `ArgillaClient`.

    Args:
        client: the connection of an owner or of an admin who is a member of the workspace.
        dataset_id: Argilla's id of the dataset.
        statuses: which responses count.
    """

    def __init__(self, client: ArgillaClient, dataset_id: str, statuses: Collection[ResponseStatus]) -> None:
        self._client = client
        self._question = {"dataset_id": dataset_id, "statuses": list(statuses)}

    def totals(self) -> dict[str, Any]:
        """Counts and checksums of the dataset; the same again means that no response came, changed or went."""
        answer: dict[str, Any] = self._client.post(_PATH, {**self._question, "form": "totals"})
        return answer

    def records(self, ids: Collection[str] | None = None) -> Iterator[dict[str, Any]]:
        """Records with their responses, as `answered_record` takes them, in the order of their ids.

        Args:
            ids: of the records; None for all that have such a response.
        """
        for question in self._questions(ids):
            yield from self._lines({**question, "form": "records"})

    def stamps(
        self, ids: Collection[str] | None = None, since: datetime | None = None
    ) -> Iterator[tuple[str, StampValues]]:
        """Argilla's id and the stamp of records, in the order of their ids.

        Args:
            ids: of the records; None for all that have such a response.
            since: UTC; only records that changed then or later, or a response or suggestion of theirs. Those that
                have no response any more are among them, with 0 responses. A deleted response that leaves no
                time is told by `totals` alone.
        """
        when = {} if since is None else {"since": since.isoformat()}
        for question in self._questions(ids):
            for key, external, status, count, newest, *sums in self._lines({**question, **when, "form": "stamps"}):
                yield key, (external, status, count, newest or "", *sums)

    def _questions(self, ids: Collection[str] | None) -> Iterator[dict[str, Any]]:
        if ids is None:
            yield self._question
            return
        for some in batched(sorted(ids), IDS):
            yield {**self._question, "ids": some}

    def _lines(self, question: dict[str, Any]) -> Iterator[Any]:
        """The lines of the answer without the last, from as many requests as it takes."""
        resume: dict[str, Any] = {}
        failures = 0
        while True:
            try:
                for line in self._whole({**question, **resume}):
                    yield line
                    resume, failures = {"after": _key(line)}, 0
            except ServerUnreachableError:
                failures += 1
                if failures == ATTEMPTS:
                    raise
                time.sleep(FIRST_PAUSE * 2 ** (failures - 1))
            else:
                return

    def _whole(self, question: dict[str, Any]) -> Iterator[Any]:
        """The lines of one answer without the last; that they end with it is checked."""
        for line in self._client.lines(_PATH, question):
            document = load_json(line)
            if isinstance(document, dict) and "lines" in document:
                return
            yield document
        raise ServerUnreachableError(f"{self._client.url} ended its answer too early; try again")


def stamp_values(record: dict[str, Any]) -> StampValues:
    """The stamp of a record of `StreamedResponses.records`, as `StreamedResponses.stamps` has it."""
    times = [response["updated_at"] for response in record["responses"]]
    suggested = sum(1 + _micros(suggestion["updated_at"]) for suggestion in record["suggestions"])
    newest = max(times, default="")
    return record["external_id"], record["status"], len(times), newest, sum(map(_micros, times)), suggested


def _micros(stored: str) -> int:
    """Microseconds of a time, which has a fraction of six digits or none."""
    return int(stored[20:] or 0)


def _key(document: dict[str, Any] | Sequence[Any]) -> str:
    return str(document["id"] if isinstance(document, dict) else document[0])
