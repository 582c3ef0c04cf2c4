"""One batch of rows after another: checked, compared with the server, enriched, sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sharegpt_argilla.annotation import RecordDraft
from sharegpt_argilla.argilla_client.records_on_server import FoundRecord
from sharegpt_argilla.common.jsonl import DEFAULT_REJECTS, RejectsFile, RowLine
from sharegpt_argilla.config import ProjectConfig
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.project.enrichers import Candidate, Enricher
from sharegpt_argilla.records.record_fields import EarlierTurns, build_fields
from sharegpt_argilla.rows import Row, read_extension


@dataclass
class LoadSummary:
    """What ``load_records`` did with the rows.

    Attributes:
        loaded: rows that are new on the server.
        updated: rows that were there with another text, other metadata or other suggestions, and were sent again.
        unchanged: rows that were there already.
        repeated: rows whose id stood in the file before; only the first is used.
        rejected: lines that are no usable row; they are in the rejects file.
        rejects: the rejects file.
        not_of_this_run: a rejects file that an earlier run left, when this one has none to write; else "".
        url: address of the Argilla.
        dataset_id: Argilla's id of the dataset; empty when a dry run found none.
        dry_run: True when nothing was sent.
        notes: what agents cost, a line each.
    """

    loaded: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    rejected: int = 0
    rejects: Path = Path(DEFAULT_REJECTS)
    not_of_this_run: str = ""
    url: str = ""
    dataset_id: str = ""
    dry_run: bool = False
    notes: Sequence[str] = ()


class RecordTarget(Protocol):
    """What takes records: a dataset on a server, or what stands in for one."""

    def find(self, ids: Sequence[str], /) -> dict[str, FoundRecord]:
        """Those of at most 250 records that are there already, by our id."""
        ...

    def upsert(self, drafts: Sequence[RecordDraft], on_refused: Callable[[RecordDraft, str], None], /) -> int:
        """Take records, new or changed; returns how many. A refused one goes to ``on_refused`` with the reason."""
        ...


@dataclass
class RecordLoader:
    """Loads batches of lines into one dataset and counts in ``summary``.

    Attributes:
        dataset: the dataset on the server; None where a dry run found none.
        config: the project.
        enrichers: what records get beside their texts.
        earlier: finds the earlier turns of a row.
        rejects: takes the lines that cannot be used.
        summary: the dataset, and the counts so far.
        name: what messages call the rows file.
    """

    dataset: RecordTarget | None
    config: ProjectConfig
    enrichers: Sequence[Enricher]
    earlier: EarlierTurns
    rejects: RejectsFile
    summary: LoadSummary
    name: str

    def __post_init__(self) -> None:
        self._seen: set[bytes] = set()

    def load(self, lines: Sequence[RowLine]) -> None:
        """Check one batch of at most 250 lines, compare it with the server, send what is new or changed."""
        candidates = [self._candidate(line, row) for line, row in self._first_of_each(lines)]
        usable = [candidate for candidate in candidates if candidate is not None]
        there = self.dataset.find([candidate.row["id"] for candidate in usable]) if self.dataset else {}
        for candidate in usable:
            found = there.get(candidate.row["id"])
            candidate.known, candidate.completed = found is not None, found is not None and found.completed
        usable = self._enriched(usable, from_texts_alone=False)
        self._send(self._enriched(self._new_or_changed(usable, there), from_texts_alone=True))

    def _first_of_each(self, lines: Sequence[RowLine]) -> list[tuple[RowLine, Row]]:
        usable = []
        for line in lines:
            if line.row is None:
                self._reject(line, line.reason)
                continue
            digest = line.row["id"].encode("utf-8")
            if digest in self._seen:
                self.summary.repeated += 1
                continue
            self._seen.add(digest)
            usable.append((line, line.row))
        return usable

    def _candidate(self, line: RowLine, row: Row) -> Candidate | None:
        try:
            fields = build_fields(row, self.config, lambda turns: self.earlier.messages(row, turns))
        except RejectedError as error:
            self._reject(line, str(error))
            return None
        return Candidate(line, row, read_extension(row), fields)

    def _enriched(self, candidates: Sequence[Candidate], *, from_texts_alone: bool) -> list[Candidate]:
        for enricher in self.enrichers:
            if candidates and enricher.from_texts_alone == from_texts_alone:
                enricher.enrich(candidates)
                candidates = self._without_rejected(candidates)
        return list(candidates)

    def _without_rejected(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        for candidate in candidates:
            if candidate.reason:
                self._reject(candidate.line, candidate.reason)
        return [candidate for candidate in candidates if not candidate.reason]

    def _new_or_changed(
        self, candidates: Sequence[Candidate], there: Mapping[str, FoundRecord]
    ) -> list[Candidate]:
        wanted = []
        for candidate in candidates:
            found = there.get(candidate.row["id"])
            if found is not None and found.has(candidate.draft, absent=_absent(candidate)):
                self.summary.unchanged += 1
            else:
                wanted.append(candidate)
        return wanted

    def _send(self, candidates: Sequence[Candidate]) -> None:
        by_id = {candidate.row["id"]: candidate for candidate in candidates}

        def on_refused(draft: RecordDraft, reason: str) -> None:
            self._reject(by_id.pop(draft.id).line, reason)

        if self.dataset and not self.summary.dry_run:
            self.dataset.upsert([candidate.draft for candidate in candidates], on_refused)
        self.summary.updated += sum(candidate.known for candidate in by_id.values())
        self.summary.loaded += sum(not candidate.known for candidate in by_id.values())

    def _reject(self, line: RowLine, reason: str) -> None:
        self.rejects.add(self.name, line.number, reason, line.text)


def _absent(candidate: Candidate) -> list[str]:
    return [name for name, value in candidate.metadata.items() if value is None]
