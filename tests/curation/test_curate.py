"""`curate` as a whole: what it writes, drops, fixes and reports."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import sharegpt_argilla
from sharegpt_argilla.cli import main
from sharegpt_argilla.curation.checks.table import DEFAULT
from sharegpt_argilla.curation.chunks import chunks
from sharegpt_argilla.curation.curation_report import precision_text
from sharegpt_argilla.errors import ConfigError, InputError, UnknownNameError, UsageError
from sharegpt_argilla.rows import dump_row, row_id
from tests.curation.rows import curated, read, row, write
from tests.curation.samples import ANSWER, FAULTS, QUESTION
from tests.projects import ROOT

OTHER = "Which knots do sailors use to fasten two ropes of different thickness?"


def faulty(count: int = 3) -> list:
    """Rows with every fault, several times over."""
    return [
        row(*one.texts, session=f"{check} {number} {copy}", **one.extension)
        for copy in range(count)
        for check, ones in FAULTS.items()
        for number, one in enumerate(ones)
    ]


def test_a_row_is_flagged_and_keeps_everything_else(tmp_path: Path) -> None:
    before = [row(), row("continue", "", turn=2), row(OTHER, "N/A", session="t", lang="en")]
    after, summary = curated(tmp_path, before)
    assert [curation["flags"] for _, curation in after] == [
        [],
        ["blank_answer", "continuation", "too_short"],
        ["na_answer"],
    ]
    assert after[0][1] == {"flags": [], "prompt_lang": "en", "response_lang": "en"}
    assert after[1][1] == {"flags": ["blank_answer", "continuation", "too_short"], "prompt_lang": "unsure"}
    for old, (new, curation) in zip(before, after, strict=True):
        extension = json.loads(new["元数据"]["扩展字段"])
        assert extension.pop("curation") == curation
        assert extension == json.loads(old["元数据"]["扩展字段"])
        assert {**new, "元数据": {**new["元数据"], "扩展字段": old["元数据"]["扩展字段"]}} == old
    assert (summary.rows, summary.kept, summary.dropped, summary.rejected) == (3, 3, 0, 0)


def test_what_is_found_leaves_the_id_alone(tmp_path: Path) -> None:
    after, _ = curated(tmp_path, faulty(1))
    assert all(row_id(one) == one["id"] for one, _ in after)


def test_a_mended_row_keeps_its_id_and_says_what_was_mended(tmp_path: Path) -> None:
    before = [row(answer=f"\u200bSalt &amp; water.\\n\\n1. {ANSWER}")]
    fixes = ["control_characters", "html_entities", "literal_escapes"]
    (((after, found),), summary) = curated(tmp_path, before, fix=fixes)
    assert after["答"] == f"Salt & water.\n\n1. {ANSWER}"
    assert after["id"] == before[0]["id"]
    assert (found["flags"], found["fixed"]) == ([], fixes)
    assert [summary.report["checks"][name]["fixed"] for name in fixes] == [1, 1, 1]
    again = sharegpt_argilla.curate(tmp_path / "curated.jsonl", tmp_path / "again.jsonl")
    assert again.report["checks"]["html_entities"]["flagged"] == 0
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "curated.jsonl").read_bytes()


def test_only_what_is_asked_for_is_dropped(tmp_path: Path) -> None:
    rows = [row(), row("continue", turn=2), row(OTHER, "", session="t")]
    after, summary = curated(tmp_path, rows, drop=["blank_answer"])
    assert [one["问"] for one, _ in after] == [QUESTION, "continue"]
    assert (summary.kept, summary.dropped) == (2, 1)
    checks = summary.report["checks"]
    assert (checks["blank_answer"]["flagged"], checks["blank_answer"]["dropped"]) == (1, 1)
    assert (checks["continuation"]["flagged"], checks["continuation"]["dropped"]) == (1, 0)


def test_checks_are_chosen_and_left_out(tmp_path: Path) -> None:
    _, summary = curated(tmp_path, [row("continue", "")], check=["continuation", "too_short"], skip=["too_short"])
    assert list(summary.report["checks"]) == ["continuation"]


def test_flags_of_checks_that_do_not_run_now_stay(tmp_path: Path) -> None:
    curated(tmp_path, [row("continue", "")])
    sharegpt_argilla.curate(tmp_path / "curated.jsonl", tmp_path / "again.jsonl", check=["blank_answer"])
    assert read(tmp_path / "again.jsonl")[0][1]["flags"] == ["blank_answer", "continuation", "too_short"]


def test_any_number_of_workers_writes_the_same_bytes(tmp_path: Path) -> None:
    options: dict[str, Any] = {"redact": True, "fix": ["html_entities"], "drop": ["blank_answer", "duplicate"]}
    rows = faulty(5)
    _, alone = curated(tmp_path, rows, **options)
    sharegpt_argilla.curate(tmp_path / "rows.jsonl", tmp_path / "many.jsonl", workers=3, **options)
    assert (tmp_path / "many.jsonl").read_bytes() == (tmp_path / "curated.jsonl").read_bytes()
    assert alone.kept < len(rows)


def test_chunks_part_no_conversation() -> None:
    lines = [dump_row(row(session=f"{number // 7}", turn=number % 7 + 1)) for number in range(100)]
    escaped = [json.dumps(json.loads(line)) for line in lines]
    for given in (lines, escaped):
        parts = list(chunks(given, 10))
        assert [line for part in parts for line in part] == given
        assert {len(part) % 7 for part in parts[:-1]} == {0}


def test_lines_that_are_no_rows_are_kept_apart(tmp_path: Path, capfd) -> None:
    path = write(tmp_path / "rows.jsonl", [row()])
    path.write_text(path.read_text(encoding="utf-8") + '\n{"id": 1}\nnothing\n', encoding="utf-8")
    assert main(["curate", str(path), "-o", str(tmp_path / "curated.jsonl")]) == 1
    rejects = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(reject["line"], reject["raw"]) for reject in rejects] == [(3, '{"id": 1}'), (4, "nothing")]
    assert "1 of 1 rows kept, 2 rejected -> " in capfd.readouterr().err


def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path, capfd) -> None:
    path = write(tmp_path / "rows.jsonl", [row("continue", "")])
    report = str(tmp_path / "report.html")
    assert main(["curate", str(path), "-o", str(tmp_path / "c.jsonl"), "--dry-run", "--report", report]) == 0
    assert [one.name for one in tmp_path.iterdir()] == ["rows.jsonl"]
    printed = capfd.readouterr().err
    assert re.search(r"^too_short +1 +0 +0 +unknown \(n=\d+\)  the prompt has fewer words", printed, re.MULTILINE)
    assert printed.endswith("-> nothing written (dry run)\n")


def test_rows_go_from_standard_input_to_standard_output(tmp_path: Path, monkeypatch, capfd) -> None:
    path = write(tmp_path / "rows.jsonl", [row()])
    curated(tmp_path, [row()])
    with path.open(encoding="utf-8") as file:
        monkeypatch.setattr("sys.stdin", file)
        assert main(["curate", "-", "-o", "-"]) == 0
    assert capfd.readouterr().out.encode() == (tmp_path / "curated.jsonl").read_bytes()


class Page(HTMLParser):
    """The text of a page, and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.loads: list[Any] = []
        self.open: list[Any] = []

    def handle_starttag(self, tag: str, attrs) -> None:
        self.loads += [value for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_is_one_page_with_counts_charts_and_examples(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    after, summary = curated(tmp_path, faulty(1), report=report, drop=["blank_answer"])
    page = Page()
    source = report.read_text(encoding="utf-8")
    page.feed(source)
    assert page.open == []
    assert page.loads == []
    assert source.count("<svg") == 2
    assert f"{summary.rows:,} rows read, {len(after):,} written" in page.text
    for name, check in summary.report["checks"].items():
        assert name in page.text
        assert len(check["examples"]) == min(3, check["flagged"])


def test_the_report_as_json_has_what_the_summary_has(tmp_path: Path) -> None:
    _, summary = curated(tmp_path, faulty(1), report=tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == summary.report


def test_dropping_on_an_unsure_check_is_said(tmp_path: Path, capfd) -> None:
    path = write(tmp_path / "rows.jsonl", [row()])
    main(["curate", str(path), "-o", "-", "--drop", "near_duplicate", "wrong_sum", "blank_answer"])
    printed = capfd.readouterr().err
    assert (
        "near_duplicate drops rows, though its precision is 0.75 (n=28) only on data that it was made from"
        in printed
    )
    assert "wrong_sum drops rows" not in printed
    assert (
        "blank_answer drops rows, though its precision on data that it was not made from is 1.00 (n=4)" in printed
    )


def test_the_project_file_says_what_the_call_does_not(tmp_path: Path) -> None:
    (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
    shipped = (ROOT / "dataset-config.yml").read_text(encoding="utf-8")
    config = tmp_path / "c.yml"
    section = "\ncuration:\n  drop: [too_short]\n  skip: [continuation]\n  languages: [en]\n  min_words: 2\n"
    config.write_text(shipped + section, encoding="utf-8")
    rows = [
        row(),
        row("kettle", session="t"),
        row("hot kettles", session="u"),
        row(*FAULTS["language_mismatch"][1].texts),
    ]
    after, summary = curated(tmp_path, rows, config=config)
    assert [found["flags"] for _, found in after] == [[], [], ["language_mismatch", "other_language"]]
    assert "continuation" not in summary.report["checks"]
    after, _ = curated(tmp_path, rows, config=config, drop=["other_language"])
    assert len(after) == 3
    config.write_text(f"{shipped}\ncuration:\n  drop: [too-short]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="too-short"):
        curated(tmp_path, rows, config=config)
    config.write_text(f"{shipped}\ncuration:\n  drop: [to_short]\n", encoding="utf-8")
    with pytest.raises(UnknownNameError, match='did you mean "too_short"'):
        curated(tmp_path, rows, config=config)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"drop": ["blank_answr"]}, 'unknown check "blank_answr"; did you mean "blank_answer"'),
        ({"fix": ["too_short"]}, 'the check "too_short" cannot fix what it finds; those that can: control_char'),
        ({"drop": ["too_short"], "skip": ["too_short"]}, "cannot both be skipped and drop or fix rows"),
        ({"workers": 0}, "0 workers"),
        ({"options": {"identifier": "cld"}}, 'unknown language identifier "cld"'),
        ({"options": {"similarity": 7}}, "similarity 7: it must be between 0 and 1"),
    ],
)
def test_wrong_options_are_one_clear_line(tmp_path: Path, options, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        curated(tmp_path, [row()], **options)
    assert not (tmp_path / "curated.jsonl").exists()


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        sharegpt_argilla.curate(tmp_path / "none.jsonl", tmp_path / "c.jsonl")
    rows = write(tmp_path / "rows.jsonl", [row()])
    with pytest.raises(InputError, match="there is no folder"):
        sharegpt_argilla.curate(rows, tmp_path / "no" / "c.jsonl")
    with pytest.raises(InputError, match="it is a folder"):
        sharegpt_argilla.curate(rows, tmp_path)
    (tmp_path / "bad.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        sharegpt_argilla.curate(tmp_path / "bad.jsonl", tmp_path / "c.jsonl")
    assert not list(tmp_path.glob("*c.jsonl*"))


@pytest.mark.parametrize("report", ["none/report.html", "."])
def test_a_report_that_cannot_be_written_is_known_before_the_work(tmp_path: Path, report: str) -> None:
    rows = write(tmp_path / "rows.jsonl", [row()])
    with pytest.raises(InputError, match="cannot be written"):
        sharegpt_argilla.curate(rows, tmp_path / "out.jsonl", report=tmp_path / report)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def test_all_default_checks_run_by_default(tmp_path: Path) -> None:
    _, summary = curated(tmp_path, [row()])
    assert list(summary.report["checks"]) == list(DEFAULT)


def check_of(*, precision: float | None, judged: int, unseen: bool, may_drop: str) -> dict[str, object]:
    return {"precision": precision, "judged": judged, "unseen": unseen, "may_drop": may_drop}


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (check_of(precision=0.9, judged=30, unseen=True, may_drop="yes"), "0.90 (n=30)"),
        (check_of(precision=0.1, judged=30, unseen=True, may_drop="no"), "0.10 (n=30)"),
        (check_of(precision=1.0, judged=8, unseen=True, may_drop="unknown"), "unknown (n=8)"),
        (check_of(precision=0.92, judged=13, unseen=False, may_drop="unknown"), "unknown (n=0)"),
        (check_of(precision=None, judged=0, unseen=False, may_drop="unknown"), "unknown (n=0)"),
    ],
)
def test_a_precision_that_few_hits_are_behind_is_unknown(check: dict[str, object], text: str) -> None:
    assert precision_text(check) == text
