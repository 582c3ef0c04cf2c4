"""A FeedbackDataset of Argilla 1.x -> annotated rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.common.jsonl import RejectsFile, open_output, rejects_next_to
from sharegpt_argilla.errors import InputError, RejectedError, UnknownNameError
from sharegpt_argilla.legacy.legacy_project import LegacyProject, project_file, read_project
from sharegpt_argilla.legacy.legacy_records import (
    LegacyRecord,
    LegacyRow,
    find_files,
    read_record,
)
from sharegpt_argilla.legacy.legacy_records import read_rows as read_legacy_rows
from sharegpt_argilla.responses.merge import Origin, annotation, guidelines_hash
from sharegpt_argilla.rows import (
    ANNOTATION,
    CORPUS,
    CREATE_TIME_FORMAT,
    ORIGINAL_SESSION,
    SESSION,
    TURN,
    Pair,
    Row,
    build_row,
    check_create_time,
    dump_row,
    read_extension,
    with_extension,
)

CORPUS_NAME = "argilla"
_OWN_KEYS = frozenset({ANNOTATION, CORPUS, ORIGINAL_SESSION, SESSION, TURN})


@dataclass(slots=True)
class ImportSummary:
    """What ``import_legacy`` did.

    Attributes:
        rows: rows written; in a dry run, rows that would be.
        annotated: those of them with a submitted response.
        responses: responses in them, drafts and discards too.
        suggestions: suggestions in them.
        rejected: records that could not be used; they are in the rejects file.
        output: where the rows went.
        rejects: the rejects file; None if none was written.
        config: the project file that was written; None when none was asked for.
        questions: names of the questions.
    """

    output: str
    rows: int = 0
    annotated: int = 0
    responses: int = 0
    suggestions: int = 0
    rejected: int = 0
    rejects: Path | None = None
    config: Path | None = None
    questions: list[str] = field(default_factory=list)


def import_legacy(  # noqa: PLR0913 - the options of the command, under their names
    folder: str | Path,
    output: str | Path,
    *,
    prompt: str | None = None,
    response: str | None = None,
    dataset: str | None = None,
    people: Mapping[str, str] | None = None,
    write_config: str | Path | None = None,
    create_time: str | None = None,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda _records: None,
) -> ImportSummary:
    """Read the files that Argilla 1.x pushed to the Hub and write them as annotated rows.

    Args:
        folder: ``argilla.yaml`` with the records, as ``hf download --repo-type dataset`` leaves them.
        output: rows file, ``-`` for standard output.
        prompt: the field that becomes ``问``; default ``prompt``, else the first.
        response: the field that becomes ``答``; default ``response``, else none.
        dataset: what the rows call the dataset; default the folder's name.
        people: id of a user in 1.x -> username; others keep their id.
        write_config: takes the same questions as a project file; its folder is made, with guidelines.md in it.
        create_time: ``yyyymmdd HH:MM:SS`` of the rows; default now.
        dry_run: read and count, write nothing.
        on_progress: called with the number of records that are done since the last call.

    Raises:
        InputError: a file cannot be read or written.
        UsageError: the dataset has no such field, or the create time has another form.
    """
    root = Path(folder)
    _check_free(write_config)
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; it contains argilla.yaml and the records")
    project = read_project(root)
    texts = _pick(project, prompt, "prompt") or project.fields[0], _pick(project, response, "response")
    name = dataset or root.resolve().name
    time = check_create_time(create_time or datetime.now().strftime(CREATE_TIME_FORMAT))
    job = _Job(project, texts, name, people or {}, time, ImportSummary(str(output)))
    job.summary.questions = [question.name for question in project.questions]
    rejects = RejectsFile(rejects_next_to(output))
    with nullcontext(None) if dry_run else rejects, _sink(output, dry_run=dry_run) as file:
        for row in job.rows(find_files(root), None if dry_run else rejects, on_progress):
            if file is not None:
                file.write(dump_row(row) + "\n")
    job.summary.rejects = rejects.path if rejects.count else None
    if write_config and not dry_run:
        job.summary.config = _write_config(Path(write_config), project_file(project, name, *texts), project)
    return job.summary


@dataclass(slots=True)
class _Job:
    project: LegacyProject
    texts: tuple[str, str | None]
    dataset: str
    people: Mapping[str, str]
    create_time: str
    summary: ImportSummary

    def rows(
        self, files: Sequence[Path], rejects: RejectsFile | None, on_progress: Callable[[int], None]
    ) -> Iterator[Row]:
        for legacy in (legacy for file in files for legacy in read_legacy_rows(file)):
            on_progress(1)
            try:
                yield self._row(legacy)
            except RejectedError as error:
                self.summary.rejected += 1
                if rejects is not None:
                    rejects.add(str(legacy.file), legacy.number, str(error), legacy.raw)

    def _row(self, legacy: LegacyRow) -> Row:
        record = read_record(legacy.value, self.project)
        row = build_row(self._pair(record), self.create_time)
        self.summary.rows += 1
        self.summary.suggestions += len(record.suggestions)
        if not record.responses:
            return row
        self.summary.responses += len(record.responses)
        said = self._annotation(row["id"], record)
        self.summary.annotated += any(response["status"] == "submitted" for response in said["responses"])
        return with_extension(row, {**read_extension(row), ANNOTATION: said})

    def _pair(self, record: LegacyRecord) -> Pair:
        prompt, response = self.texts
        question = record.fields.get(prompt, "")
        if not question.strip():
            raise RejectedError(f'field "{prompt}" is empty')
        answer = record.fields.get(response, "") if response else ""
        content = json.dumps([question, answer, dict(record.fields)], sort_keys=True)
        others = {name: text for name, text in record.fields.items() if name not in self.texts}
        extra: dict[str, Any] = {
            **{key: value for key, value in record.metadata.items() if key not in _OWN_KEYS},
            "external_id": record.external_id or None,
            "fields": others or None,
            "suggestions": dict(record.suggestions) or None,
        }
        return Pair(
            question=question,
            answer=answer,
            session=record.external_id or hashlib.sha256(content.encode("ascii")).hexdigest()[:16],
            turn=1,
            corpus=CORPUS_NAME,
            source=self.dataset,
            question_role=prompt,
            answer_role=(response or "") if answer else "",
            extra=extra,
        )

    def _annotation(self, row_id: str, record: LegacyRecord) -> dict[str, Any]:
        responses = [
            Response(self.people.get(one.annotator, one.annotator), one.status, one.values, one.submitted_at)
            for one in record.responses
        ]
        submitted = any(response.status == "submitted" for response in responses)
        answered = AnsweredRecord(row_id, "completed" if submitted else "pending", responses)
        guidelines = guidelines_hash(self.project.guidelines) if self.project.guidelines else ""
        said = annotation(answered, Origin(self.dataset, guidelines, self.summary.questions))
        # 1.x kept no times.
        said["responses"] = [
            {key: value for key, value in response.items() if key != "submitted_at"}
            for response in said["responses"]
        ]
        return said


def _pick(project: LegacyProject, wanted: str | None, default: str) -> str | None:
    if wanted is not None and wanted not in project.fields:
        raise UnknownNameError("field", wanted, project.fields)
    return wanted or (default if default in project.fields else None)


def _sink(output: str | Path, *, dry_run: bool) -> AbstractContextManager[IO[str] | None]:
    return nullcontext(None) if dry_run else open_output(output)


def _check_free(config: str | Path | None) -> None:
    for path in (Path(config), Path(config).with_name("guidelines.md")) if config else ():
        if path.exists():
            raise InputError(f"{path}: there already; name a file in a new folder")


def _write_config(path: Path, text: str, project: LegacyProject) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_output(path.with_name("guidelines.md")) as guidelines, open_output(path) as config:
        guidelines.write(project.guidelines or "No guidelines were kept.\n")
        config.write(text)
    return path
