"""How far people agree, from the rows that an export wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict, cast

from sharegpt_argilla.argilla_client.connection import connect
from sharegpt_argilla.argilla_client.dataset_on_server import find_dataset
from sharegpt_argilla.common.jsonl import STANDARD_STREAM, open_output, read_rows
from sharegpt_argilla.config import DEFAULT_CONFIG, ProjectConfig, load_project
from sharegpt_argilla.errors import InputError, SharegptArgillaError
from sharegpt_argilla.project.agent_usage import agent_usage
from sharegpt_argilla.project.project_watch import prompt_field
from sharegpt_argilla.project.record_links import record_link
from sharegpt_argilla.responses.agreement_page import render_page
from sharegpt_argilla.responses.agreement_report import build_report
from sharegpt_argilla.responses.datasheet import (
    DatasheetFacts,
    datasheet_sections,
    latex_datasheet,
    markdown_datasheet,
)
from sharegpt_argilla.responses.working_time import IDLE
from sharegpt_argilla.rows import Row
from sharegpt_argilla.settings import Connection, find_connection


class AgreementReport(TypedDict):
    """The report as plain data; docs/agreement.md has the keys of its parts.

    Attributes:
        rows: rows in the file.
        annotated: those that carry responses.
        unreadable: lines that are no row.
        responses: status -> number.
        annotators: people who answered.
        method: resamples, seed and interval of the confidence intervals, and the pause that ends a spell of work.
        questions: name of a question -> its measures and distributions.
        pace: seconds a record, for each person.
        disputed: the records that people disagree about most.
        abilities: name of a question -> each person's ability with its interval; for leads, not colleagues.
        confused: name of a question -> the pairs of labels that are confused most.
        unclear: the records where the able disagree with the many: the guidelines may be unclear there.
        confidence: name of a question -> how probable the values are; empty where the rows do not say.
        least_sure: the records with the least probable values.
        agents: names of those that count as raters in that, by the project file; empty without a confidence.
        costs: tokens and cost of each language model that was asked from this machine, and of each of its answers
            that people agree with.
    """

    rows: int
    annotated: int
    unreadable: int
    responses: dict[str, int]
    annotators: int
    method: dict[str, float]
    questions: dict[str, dict[str, Any]]
    pace: list[dict[str, Any]]
    disputed: list[dict[str, Any]]
    abilities: dict[str, list[dict[str, Any]]]
    confused: dict[str, list[dict[str, Any]]]
    unclear: list[dict[str, Any]]
    confidence: dict[str, dict[str, Any]]
    least_sure: list[dict[str, Any]]
    agents: list[str]
    costs: list[dict[str, Any]]


def report_agreement(  # noqa: PLR0913 - the options of the command, under their names
    annotated: str | Path,
    config: str | Path = DEFAULT_CONFIG,
    *,
    json_file: str | Path | None = None,
    html_file: str | Path | None = None,
    datasheet: str | Path | None = None,
    idle: float = IDLE,
    connection: Connection | None = None,
    on_progress: Callable[[int], None] = lambda _lines: None,
) -> AgreementReport:
    """Krippendorff's alpha, kappas, shares, distributions, pace and the most disputed records.

    Args:
        annotated: rows with responses, as ``export_responses`` writes them; ``-`` is standard input.
        config: the project file, for the types and scales of the questions.
        json_file: takes the report as JSON.
        html_file: takes it as one page of HTML.
        datasheet: takes the page about the data set that a paper or a Hub card needs: LaTeX if its name ends with
            .tex, else Markdown.
        idle: seconds between two submissions up to which somebody is never taken to have been away.
        connection: the Argilla that links lead to; by default the one from the environment, else the embedded
            one. Where none answers there are no links.
        on_progress: called with the number of lines that are done since the last call.

    Returns:
        The report, which is also what the files are made from.

    Raises:
        ConfigError, InputError: see their docstrings. Lines that are no row are left out and counted under
            ``unreadable``.
    """
    project = load_project(config).config
    if str(annotated) != STANDARD_STREAM and not Path(annotated).is_file():
        raise InputError(f"{annotated}: no such file; `sharegpt-argilla export-responses` writes one")
    reading = _Reading(annotated, on_progress)
    report = build_report(reading.rows(), project.questions, idle=idle, usage=agent_usage(project))
    report["unreadable"] = reading.unreadable
    report["agents"] = project.export.agents if report["confidence"] else []
    _link_records(report, project, connection)
    if json_file is not None:
        _write(json_file, _as_json(report))
    if html_file is not None:
        _write(html_file, render_page(report, _texts(annotated, report)))
    if datasheet is not None:
        render_datasheet = latex_datasheet if str(datasheet).endswith(".tex") else markdown_datasheet
        _write(datasheet, render_datasheet(project.dataset, datasheet_sections(project, report, reading.facts)))
    return cast("AgreementReport", report)


@dataclass
class _Reading:
    """The rows of a file as they are read, once: what is no row, and what the datasheet needs."""

    path: str | Path
    on_progress: Callable[[int], None]
    unreadable: int = 0
    facts: DatasheetFacts = field(default_factory=DatasheetFacts)

    def rows(self) -> Iterator[Row]:
        for line in read_rows(self.path):
            self.on_progress(1)
            if line.row is None:
                self.unreadable += 1
            else:
                self.facts.add(line.row)
                yield line.row


def _texts(annotated: str | Path, report: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Row id -> prompt and response of the disputed and unclear records.

    Empty for standard input, which cannot be read again.
    """
    ids = {record["id"] for record in [*report["disputed"], *report["unclear"]]}
    if str(annotated) == STANDARD_STREAM or not ids:
        return {}
    rows = (line.row for line in read_rows(annotated))
    return {row["id"]: (row["问"], row["答"]) for row in rows if row is not None and row["id"] in ids}


def _write(path: str | Path, text: str) -> None:
    with open_output(path) as file:
        file.write(text)


def _add_links(report: dict[str, Any], project: ProjectConfig, connection: Connection | None) -> None:
    """``url`` on the records that are listed, where an Argilla with their dataset answers."""
    listed = [*report["disputed"], *report["unclear"], *report["least_sure"]]
    if not listed:
        return
    ids: dict[str, str] = {}
    shown = prompt_field(project)
    with suppress(SharegptArgillaError), connect(connection or find_connection()) as client:
        for record in listed:
            name = record["dataset"] if isinstance(record["dataset"], str) else record["dataset"][0]
            if name not in ids:
                workspace, slash, dataset = name.rpartition("/")
                found = find_dataset(client, workspace if slash else project.workspace, dataset)
                ids[name] = found.id if found else ""
            if ids[name]:
                record["url"] = record_link(client.url, ids[name], record["status"], record["prompt"], shown)


def _link_records(report: dict[str, Any], project: ProjectConfig, connection: Connection | None) -> None:
    """Add the links, and take the prompts off the least sure records, which had them for their links."""
    _add_links(report, project, connection)
    for record in report["least_sure"]:
        del record["prompt"]


def _as_json(report: dict[str, Any]) -> str:
    return json.dumps(report, ensure_ascii=False, indent=2) + "\n"
