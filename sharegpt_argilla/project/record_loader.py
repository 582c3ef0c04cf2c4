"""Loading rows batch by batch: check, compare with the server, enrich, send."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from sharegpt_argilla.annotation import RecordDraft
from sharegpt_argilla.argilla_client.records_on_server import FoundRecord
from sharegpt_argilla.common.contract_keys import COPIED_ANSWERS
from sharegpt_argilla.common.executors import InThisProcess
from sharegpt_argilla.common.jsonl import DEFAULT_REJECTS, RejectsFile, RowLine
from sharegpt_argilla.config import ChatField, ProjectConfig
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.project.enrichers import Enricher, RecordCandidate
from sharegpt_argilla.records.earlier_turns import EarlierTurns
from sharegpt_argilla.records.record_fields import build_fields
from sharegpt_argilla.rows import Row, read_extension


@dataclass
class LoadSummary:
    """What ``load_records`` did with the rows.

    Attributes:
        loaded: rows that are new on the server.
        updated: rows that were sent because the server had another text, other metadata or other suggestions.
        unchanged: rows that the server had already.
        repeated: rows whose id occurred earlier in the file; only the first is used.
        without_context: rows whose earlier turns are not shown: others of their session have the same turn.
        rejected: lines that are not usable rows; they are in the rejects file.
        rejects: the rejects file.
        not_of_this_run: a note about a rejects file of an earlier run if this run has no rejects; else "".
        url: address of the Argilla.
        dataset_id: Argilla's id of the dataset; empty if it does not exist, in a dry run.
        dry_run: True if nothing was sent.
        notes: the costs of agents, one line each.
        warnings: what the project asks for and the server does not do, one line each.
    """

    loaded: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    without_context: int = 0
    rejected: int = 0
    rejects: Path = Path(DEFAULT_REJECTS)
    not_of_this_run: str = ""
    url: str = ""
    dataset_id: str = ""
    dry_run: bool = False
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()


class RecordTarget(Protocol):
    """A receiver of records: a dataset on a server, or a stand-in."""

    def find(self, ids: Sequence[str], /) -> dict[str, FoundRecord]:
        """The existing ones among at most 250 records, by row id."""
        ...

    def upsert(self, drafts: Sequence[RecordDraft], on_refused: Callable[[RecordDraft, str], None], /) -> int:
        """Take new or changed records; returns their number. Refused ones go to ``on_refused`` with the reason."""
        ...


class _Upload(NamedTuple):
    """The records of a batch by their id, and what becomes of it."""

    by_id: dict[str, RecordCandidate]
    refused: Future[list[tuple[str, str]]]


@dataclass
class RecordLoader:
    """Loads batches of lines into one dataset, with counts in ``summary``.

    Attributes:
        dataset: the dataset on the server; None if it does not exist, in a dry run.
        config: the project.
        enrichers: add everything except the texts.
        earlier: finds the earlier turns of a row, and tells whose id occurs again.
        rejects: takes the lines that cannot be used.
        summary: the dataset, and the counts so far.
        name: name of the rows file in messages.
        uploads: sends the batches.
        behind: batches that may be on their way while the next ones are made ready.
    """

    dataset: RecordTarget | None
    config: ProjectConfig
    enrichers: Sequence[Enricher]
    earlier: EarlierTurns
    rejects: RejectsFile
    summary: LoadSummary
    name: str
    uploads: Executor = field(default_factory=InThisProcess)
    behind: int = 0

    def __post_init__(self) -> None:
        self._seen: set[str] = set()
        self._on_their_way: deque[_Upload] = deque()

    def load(self, lines: Sequence[RowLine]) -> None:
        """Check one batch of at most 250 lines, compare it with the server, send new and changed records.

        Some may still be on their way then; see ``finish``.
        """
        candidates = [self._candidate(line, row) for line, row in self._first_of_each(lines)]
        usable = [candidate for candidate in candidates if candidate is not None]
        existing = self.dataset.find([candidate.row["id"] for candidate in usable]) if self.dataset else {}
        for candidate in usable:
            record = existing.get(candidate.row["id"])
            candidate.on_server, candidate.completed = record is not None, record is not None and record.completed
        usable = self._enriched(usable, from_texts_alone=False)
        self._send(self._enriched(self._new_or_changed(usable, existing), from_texts_alone=True))

    def _first_of_each(self, lines: Sequence[RowLine]) -> list[tuple[RowLine, Row]]:
        usable = []
        for line in lines:
            if line.row is None:
                self._reject(line, line.reason)
                continue
            if self.earlier.may_repeat(line.row):
                if line.row["id"] in self._seen:
                    self.summary.repeated += 1
                    continue
                self._seen.add(line.row["id"])
            usable.append((line, line.row))
        return usable

    def _candidate(self, line: RowLine, row: Row) -> RecordCandidate | None:
        try:
            fields = build_fields(row, self.config, lambda turns: self.earlier.messages(row, turns))
        except RejectedError as error:
            self._reject(line, str(error))
            return None
        has_context = any(isinstance(field, ChatField) for field in self.config.fields)
        self.summary.without_context += has_context and self.earlier.is_mixed(row)
        return RecordCandidate(line, row, read_extension(row), fields)

    def _enriched(self, candidates: Sequence[RecordCandidate], *, from_texts_alone: bool) -> list[RecordCandidate]:
        for enricher in self.enrichers:
            if candidates and enricher.from_texts_alone == from_texts_alone:
                enricher.enrich(candidates)
                candidates = self._without_rejected(candidates)
        return list(candidates)

    def _without_rejected(self, candidates: Sequence[RecordCandidate]) -> list[RecordCandidate]:
        for candidate in candidates:
            if candidate.reason:
                self._reject(candidate.line, candidate.reason)
        return [candidate for candidate in candidates if not candidate.reason]

    def _new_or_changed(
        self, candidates: Sequence[RecordCandidate], existing: Mapping[str, FoundRecord]
    ) -> list[RecordCandidate]:
        changed = []
        for candidate in candidates:
            record = existing.get(candidate.row["id"])
            if record is not None and COPIED_ANSWERS in record.metadata:
                candidate.metadata[COPIED_ANSWERS] = record.metadata[COPIED_ANSWERS]
            if record is not None and record.has(candidate.draft, absent=_absent(candidate)):
                self.summary.unchanged += 1
            else:
                changed.append(candidate)
        return changed

    def finish(self) -> None:
        """Wait for the batches that are on their way."""
        while self._on_their_way:
            self._settle()

    def _send(self, candidates: Sequence[RecordCandidate]) -> None:
        if not candidates:
            return
        upload = self.uploads.submit(self._upload, [candidate.draft for candidate in candidates])
        self._on_their_way.append(_Upload({candidate.row["id"]: candidate for candidate in candidates}, upload))
        while len(self._on_their_way) > self.behind:
            self._settle()

    def _upload(self, drafts: Sequence[RecordDraft]) -> list[tuple[str, str]]:
        """Send a batch; returns id and reason of what the server refuses."""
        refused: list[tuple[str, str]] = []
        if self.dataset and not self.summary.dry_run:
            self.dataset.upsert(drafts, lambda draft, reason: refused.append((draft.id, reason)))
        return refused

    def _settle(self) -> None:
        """Count the batch that was sent first."""
        by_id, upload = self._on_their_way.popleft()
        for identifier, reason in upload.result():
            self._reject(by_id.pop(identifier).line, reason)
        self.summary.updated += sum(candidate.on_server for candidate in by_id.values())
        self.summary.loaded += sum(not candidate.on_server for candidate in by_id.values())

    def _reject(self, line: RowLine, reason: str) -> None:
        self.rejects.add(self.name, line.number, reason, line.text)


def _absent(candidate: RecordCandidate) -> list[str]:
    return [name for name, value in candidate.metadata.items() if value is None]
