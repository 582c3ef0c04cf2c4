"""A rows file curated in stretches: the bytes, counts and sample of one process, whatever is in it."""

import importlib
import json
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharegpt_argilla.common.executors import InThisProcess
from sharegpt_argilla.curation import row_stretches
from sharegpt_argilla.curation.checks.base import Options
from sharegpt_argilla.curation.checks.duplicate_checks import fingerprint
from sharegpt_argilla.curation.chunks import Settings
from sharegpt_argilla.curation.curation_shards import MOST_PARTS, ShardJob, curate_stretches
from sharegpt_argilla.curation.duplicate_shuffle import Groups, keys_of, pairs_in_part, print_of
from sharegpt_argilla.curation.row_stretches import RowStretch, read_stretch, stretches_of
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.rows import dump_row
from sharegpt_argilla.workflows.curate import CurateSummary, curate
from tests.curation.rows import repeating_rows, row, write


@pytest.fixture
def small_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_stretches, "STRETCH", 10_000)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"drop": ["blank_answer", "duplicate"], "redact": True},
    {"drop": ["near_duplicate"], "similarity": 0.5},
    {"first_turn": True, "drop": ["duplicate"]},
    {"sample": 20, "stratify": "length"},
    {"sample": 15, "diverse": True},
    {"check": ["near_duplicate"]},
    {"check": ["duplicate", "blank_answer"]},
    {"check": ["blank_answer"]},
]


@contextmanager
def one_process(*_: object) -> Iterator[Executor]:
    """In place of a pool, whose processes take seconds to start."""
    yield InThisProcess()


@pytest.mark.usefixtures("small_stretches")
def test_processes_give_the_bytes_of_one(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", repeating_rows())
    alone = curate(path, tmp_path / "1.jsonl", drop=["duplicate"])
    shared = curate(path, tmp_path / "2.jsonl", drop=["duplicate"], workers=2)
    assert (tmp_path / "2.jsonl").read_bytes() == (tmp_path / "1.jsonl").read_bytes()
    assert shared.report == alone.report


@pytest.mark.usefixtures("small_stretches")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_stretches_give_the_bytes_and_the_report_of_one_process(
    tmp_path: Path, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.import_module("sharegpt_argilla.workflows.curate"), "executor", one_process)
    path = write(tmp_path / "rows.jsonl", repeating_rows())
    lines = path.read_text("utf-8").splitlines()
    lines[100:100] = ["no row", "", '{"id": 1}']
    path.write_text("".join(f"{line}\n" for line in [*lines, "no row"]), "utf-8")
    assert len(stretches_of(str(path))) > 10
    outcomes: list[CurateSummary] = []
    for workers in (1, 2):
        rejects = tmp_path / f"rejected{workers}.jsonl"
        outcomes.append(curate(path, tmp_path / f"{workers}.jsonl", rejects=rejects, workers=workers, **options))
    alone, shared = outcomes
    assert (tmp_path / "2.jsonl").read_bytes() == (tmp_path / "1.jsonl").read_bytes()
    assert (tmp_path / "rejected2.jsonl").read_bytes() == (tmp_path / "rejected1.jsonl").read_bytes()
    assert (shared.report, shared.rows, shared.kept, shared.dropped, shared.rejected) == (
        alone.report,
        alone.rows,
        alone.kept,
        alone.dropped,
        3,
    )
    assert not list(tmp_path.glob(".*.part"))


def test_the_corpus_has_what_the_comparison_is_about(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", repeating_rows())
    checks = curate(path, tmp_path / "out.jsonl").report["checks"]
    assert min(checks[name]["flagged"] for name in ("duplicate", "near_duplicate", "blank_answer")) > 20


@pytest.mark.usefixtures("small_stretches")
def test_a_dry_run_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("sharegpt_argilla.workflows.curate"), "executor", one_process)
    path = write(tmp_path / "rows.jsonl", repeating_rows())
    alone = curate(path, tmp_path / "out.jsonl", dry_run=True)
    assert curate(path, tmp_path / "out.jsonl", dry_run=True, workers=2) == alone
    assert [each.name for each in tmp_path.iterdir()] == ["rows.jsonl"]


conversations = st.lists(
    st.tuples(
        st.integers(1, 6), st.sampled_from(["a", "b", "", "a longer session"]), st.text("xyz é\r", max_size=60)
    ),
    max_size=30,
)


@given(drawn=conversations, size=st.sampled_from([300, 1000, 3000]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_line_is_in_one_stretch_and_no_conversation_in_two(
    drawn: list[tuple[int, str, str]], size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_stretches, "STRETCH", size)
    lines = [
        dump_row(row(text or "?", session=f"{session}{number}", turn=turn))
        for number, (turns, session, text) in enumerate(drawn)
        for turn in range(1, turns + 1)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\ufeff" + "".join(f"{line}\n" for line in lines), "utf-8", newline="")
    parts = [list(read_stretch(stretch, "rows")) for stretch in stretches_of(str(path))]
    assert [line for part in parts for line in part] == lines
    sessions = [{json.loads(json.loads(line)["元数据"]["扩展字段"])["会话"] for line in part} for part in parts]
    assert sum(map(len, sessions)) == len(set().union(*sessions))


def test_a_conversation_without_an_end_is_parted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_stretches, "STRETCH", 50_000)
    path = write(tmp_path / "rows.jsonl", [row("the same", session="one", turn=turn) for turn in range(1, 5001)])
    lengths = [len(list(read_stretch(stretch, "rows"))) for stretch in stretches_of(str(path))]
    assert sum(lengths) == 5000
    assert max(lengths) < 3000


@pytest.mark.parametrize(
    ("size", "first", "count"),
    [
        (2_999_999, None, 1),
        (3_000_001, 2_000_000, 2),
        (128_000_000, 2_000_000, 64),
        (640_000_000, 10_000_000, 64),
        (1_024_000_000, 16_000_000, 64),
        (10_000_000_000, 16_000_000, 625),
    ],
)
def test_a_file_has_enough_stretches_for_many_workers(
    tmp_path: Path, size: int, first: int | None, count: int
) -> None:
    path = tmp_path / "rows.jsonl"
    with path.open("wb") as file:
        file.truncate(size)
    stretches = stretches_of(str(path))
    assert stretches[0] == RowStretch(str(path), 0, first)
    assert len(stretches) == count
    assert [each.stop for each in stretches] == [*(each.start for each in stretches[1:]), None]
    assert MOST_PARTS == 256


def test_groups_are_what_shares_keys_through_others() -> None:
    prompts = [
        "one two three four five six seven",
        "something else that is long enough",
        "unlike the others here now",
    ]
    prints = [
        print_of(fingerprint(prompts[number], near=True), b"", str(number), str(number), dropped=False)
        for number in (0, 1, 0, 2)
    ]
    parts = 3
    places: dict[int, list[Any]] = {part: [] for part in range(parts)}
    pairs = []
    for part in range(parts):
        for stretch in (0, 1):
            content, ends = keys_of(prints[2 * stretch : 2 * stretch + 2], stretch, parts)
            assert len(content) == ends[-1] == 2 * 17 * 16
            places[part].append(content[ends[part] : ends[part + 1]])
    import sharegpt_argilla.curation.duplicate_shuffle as shuffle

    for part in range(parts):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shuffle, "_read", lambda content: content)
            pairs.append(pairs_in_part(places[part]))
    groups = Groups(pairs, 1)
    assert groups.in_stretch(0) == [(0, 0)]
    assert groups.in_stretch(1) == [(0, 0)]
    assert Groups([], 1).in_stretch(0) == []


@pytest.mark.usefixtures("small_stretches")
def test_a_file_that_is_no_text_ends_in_one_line(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", repeating_rows())
    path.write_bytes(path.read_bytes() + b"\xff\n")
    job = ShardJob("rows.jsonl", str(tmp_path), Settings(("duplicate",), options=Options()), frozenset())
    with pytest.raises(InputError, match=r"^rows.jsonl: not UTF-8 near byte \d+; rows files are UTF-8$"):
        curate_stretches(InThisProcess(), job, stretches_of(str(path)), lambda task: task, lambda _: None)
