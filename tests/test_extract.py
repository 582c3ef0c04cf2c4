"""``extract``: raw corpora to rows, as a workflow and as a command."""

import codecs
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sharegpt_argilla.cli.extract import parse_size
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.corpora.pairing.pairing import Counts
from sharegpt_argilla.corpora.reading.shapes import no_data
from sharegpt_argilla.errors import InputError, SharegptArgillaError, UnknownNameError, UsageError
from sharegpt_argilla.rows import Row, check_row, read_extension
from sharegpt_argilla.workflows.extract import extract
from tests.corpora.layouts import LAYOUTS, Record, conversation, json_lines, pretty_array, whole_conversations

TIME = "20230511 15:56:03"
EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows_of(*paths: Path | str) -> list[Row]:
    lines = [line for path in paths for line in Path(path).read_text("utf-8").split("\n")[:-1]]
    return [check_row(json.loads(line)) for line in lines]


def rejects_of(path: Path | str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text("ascii").splitlines()]


def back_to_records(rows: list[Row]) -> list[Record]:
    """The conversations again, from the rows of whole ones."""
    records: dict[str, Record] = {}
    for row in rows:
        extension = read_extension(row)
        record = records.setdefault(extension["会话"], {"id": extension["会话"], "conversations": []})
        assert (
            extension["多轮序号"]
            == sum("human" in t["from"] or "user" in t["from"] for t in record["conversations"]) + 1
        )
        for text, detail in ((row["问"], "问题明细"), (row["答"], "回答明细")):
            role = row["元数据"][detail]  # type: ignore[literal-required]
            if role:
                record["conversations"].append({**json.loads("{" + role + "}"), "value": text})
    return list(records.values())


@given(
    st.lists(whole_conversations(), min_size=1, max_size=4, unique_by=lambda record: record["id"]),
    st.sampled_from(LAYOUTS),
    st.sampled_from(["vicuna", "gpt4"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_rows_contain_the_conversations_they_come_from(
    tmp_path: Path, records: Any, layout: Any, model: str
) -> None:
    source, target = tmp_path / "raw.json", tmp_path / "rows.jsonl"
    source.write_text(layout(records)[0], encoding="utf-8")
    summary = extract([source], model, target)
    rows = rows_of(target)
    assert back_to_records(rows) == records
    assert len({row["id"] for row in rows}) == len(rows) == summary.rows
    assert summary.counts.unanswered == sum(len(record["conversations"]) % 2 for record in records)


@given(st.binary(max_size=120))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_comes_only_our_errors_leave(tmp_path: Path, content: bytes) -> None:
    # What is named as no data at all, such as a pointer of git-LFS, is refused whatever follows it.
    assume(not no_data(content))
    good = json_lines([conversation("h: q", "g: a")])[0].encode()
    (tmp_path / "raw.json").write_bytes(content)
    with pytest.raises(SharegptArgillaError):
        extract([tmp_path / "raw.json"], "vicuna", tmp_path / "none.jsonl")
    assert not (tmp_path / "none.jsonl").exists()
    # So is a damaged zip file. What a mark names as UTF-16 is UTF-16 to its end, and the record behind it is not.
    assume(not content.startswith((b"PK", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)))
    (tmp_path / "raw.json").write_bytes(content + b"\n" + good)
    assert extract([tmp_path / "raw.json"], "vicuna", tmp_path / "rows.jsonl").rows == 1


def test_a_second_run_writes_the_same_bytes(folder: Path) -> None:
    for name in ("one.jsonl", "two.jsonl"):
        extract([EXAMPLES / "sharegpt_vicuna.json"], "vicuna", name, create_time=TIME)
    assert Path("one.jsonl").read_bytes() == Path("two.jsonl").read_bytes()
    extract([EXAMPLES / "sharegpt_vicuna.json"], "vicuna", "three.jsonl", create_time="20260101 00:00:00")
    assert Path("three.jsonl").read_text("utf-8").replace("20260101 00:00:00", TIME) == Path(
        "one.jsonl"
    ).read_text("utf-8")


def test_the_examples_are_split_stitched_and_open_as_their_readme_says(folder: Path) -> None:
    vicuna = extract([EXAMPLES / "sharegpt_vicuna.json"], "vicuna", "v.jsonl")
    assert vicuna.counts == Counts(conversations=13, pairs=30, unanswered=1, stitched=1)
    assert extract([EXAMPLES / "sharegpt_gpt4.jsonl"], "gpt4", "g.jsonl").counts == Counts(5, 9, 1)
    system = [extension["system"] for row in rows_of("v.jsonl") if "system" in (extension := read_extension(row))]
    assert len(system) == 2


def test_the_default_names(folder: Path) -> None:
    Path("raw.json").write_text(json_lines([conversation("h: q"), {"id": "bad"}])[0])
    summary = extract(["raw.json"], "gpt4")
    (output,) = summary.outputs
    assert re.fullmatch(r"shareGPT_gpt4_\d{4}(-\d\d){5}\.jsonl", output)
    assert sorted(path.name for path in folder.iterdir()) == sorted(["raw.json", "rejected.jsonl", output])
    time = {row["元数据"]["create_time"] for row in rows_of(output)}.pop()
    assert re.sub(r"\D", "", output) == "4" + re.sub(r"\D", "", time)


def test_rejects_name_file_line_and_reason_and_keep_the_record(folder: Path) -> None:
    bad = {"id": "b", "conversations": [{"from": "robot", "value": "beep"}]}
    (folder / "in").mkdir()
    (folder / "out").mkdir()
    text, body = pretty_array([conversation("h: q", "g: a"), bad, conversation("h: z")])
    Path("in/raw.json").write_text(text)
    summary = extract(["in"], "vicuna", "out/rows.jsonl")
    (reject,) = rejects_of("out/rejected.jsonl")
    line = text[: text.index(body[1])].count("\n") + 1
    assert (reject["file"], reject["line"], reject["raw"]) == ("in/raw.json", line, body[1])
    assert reject["reason"].startswith('turn 1: unknown role "robot"; known: ai, assistant')
    assert summary.rejects == Path("out/rejected.jsonl")
    assert (summary.rows, summary.counts.rejected) == (2, 1)
    assert [row["问"] for row in rows_of("out/rows.jsonl")] == ["q", "z"]


def test_mended_rejects_can_be_read_again(folder: Path) -> None:
    Path("raw.json").write_text(
        json_lines([conversation("h: q")])[0] + '{"id": "b", "conversations": [{"from": "human"]}'
    )
    extract(["raw.json"], "vicuna", "rows.jsonl", rejects="bad.jsonl")
    (reject,) = rejects_of("bad.jsonl")
    Path("repaired.json").write_text(reject["raw"].replace('"human"', '"human", "value": "x"}'))
    assert extract(["repaired.json"], "vicuna", "more.jsonl").rows == 1


def test_a_wrong_model_writes_nothing_and_says_why(folder: Path) -> None:
    Path("rows.jsonl").write_text("old")
    Path("raw.json").write_text('{"text": 1}\n{"text": 2}\n')
    with pytest.raises(InputError) as caught:
        extract(["raw.json"], "vicuna", "rows.jsonl")
    assert str(caught.value) == (
        "no conversation of the vicuna layout in raw.json: 2 rejected -> rejected.jsonl"
        ' (first: line 1: "conversations" is missing)'
    )
    assert Path("rows.jsonl").read_text() == "old"
    assert len(rejects_of("rejected.jsonl")) == 2


def test_an_empty_file_is_said_to_be_empty(folder: Path) -> None:
    Path("raw.json").write_text("\ufeff[\n\n]\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no conversation in raw\.json: no record at all"):
        extract(["raw.json"], "vicuna", "rows.jsonl")
    assert [path.name for path in folder.iterdir()] == ["raw.json"]


def test_pieces_in_two_files_are_stitched(folder: Path) -> None:
    Path("b.json").write_text(json.dumps([conversation("h: q", identity="AAAAAAA_0")]))
    Path("a.jsonl").write_text(json.dumps(conversation("g: a", identity="AAAAAAA_1")))
    summary = extract(["*.json*"], "vicuna", "out.txt")
    assert summary.counts == Counts(conversations=2, pairs=1, stitched=1)
    assert (rows_of("out.txt")[0]["问"], rows_of("out.txt")[0]["答"]) == ("q", "a")


def test_parts_are_no_larger_than_asked_and_lose_nothing(folder: Path) -> None:
    whole = extract([EXAMPLES / "sharegpt_vicuna.json"], "vicuna", "whole.jsonl", create_time=TIME)
    parts = extract([EXAMPLES / "sharegpt_vicuna.json"], "vicuna", "rows.jsonl", create_time=TIME, max_size=4000)
    assert len(parts.outputs) > 5
    assert parts.outputs[:3] == ["rows.jsonl", "rows.1.jsonl", "rows.2.jsonl"]
    assert all(0 < Path(part).stat().st_size <= 4000 for part in parts.outputs)
    assert "".join(Path(part).read_text("utf-8") for part in parts.outputs) == Path("whole.jsonl").read_text(
        "utf-8"
    )
    assert whole.rows == parts.rows


def test_the_profile_of_2025(folder: Path) -> None:
    extract([EXAMPLES / "sharegpt_gpt4.jsonl"], "gpt4", "rows.jsonl", profile="mnbvc-2025", create_time=TIME)
    row = rows_of("rows.jsonl")[0]
    assert row["时间"] == "20230511"
    assert isinstance(read_extension(row)["会话"], int)


def test_a_dry_run_counts_the_same_and_writes_nothing(folder: Path) -> None:
    Path("raw.json").write_text(json_lines([conversation("h: q", "g: a"), {"id": "bad"}])[0])
    dry = extract(["raw.json"], "vicuna", "rows.jsonl", dry_run=True)
    assert [path.name for path in folder.iterdir()] == ["raw.json"]
    real = extract(["raw.json"], "vicuna", "rows.jsonl")
    assert (dry.rows, dry.counts, dry.first_id) == (real.rows, real.counts, real.first_id)
    assert dry.first_id == rows_of("rows.jsonl")[0]["id"]
    assert (dry.outputs, dry.rejects) == ([], None)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"model": "vicunna"}, UnknownNameError, 'did you mean "vicuna"'),
        ({"profile": "mnbvc"}, UnknownNameError, 'unknown profile "mnbvc"'),
        ({"create_time": "yesterday"}, UsageError, 'create time "yesterday" is not of the form'),
        ({"start_line": 0}, UsageError, "start line 0"),
        ({"max_size": 10}, UsageError, "one row alone has"),
        ({"inputs": ["gone.json"]}, InputError, "gone.json: no such file or folder"),
        ({"output": "raw.json"}, UsageError, "read and written"),
        ({"rejects": "raw.json"}, UsageError, "read and written"),
        ({"output": "gone/rows.jsonl"}, InputError, "gone/rows.jsonl: cannot be written"),
    ],
)
def test_wrong_options_leave_no_file(folder: Path, options: Any, error: type[Exception], message: str) -> None:
    Path("raw.json").write_text(json_lines([conversation("h: q")])[0])
    with pytest.raises(error, match=re.escape(message)):
        extract(**{"inputs": ["raw.json"], "model": "vicuna", "output": "rows.jsonl", **options})
    assert [path.name for path in folder.iterdir()] == ["raw.json"]


def test_progress_adds_up_to_the_size_of_the_input(folder: Path) -> None:
    read: list[int] = []
    extract([EXAMPLES / "sharegpt_vicuna.json"], "vicuna", "rows.jsonl", on_progress=read.append)
    assert sum(read) == (EXAMPLES / "sharegpt_vicuna.json").stat().st_size


# The command


def test_the_command_ends_with_the_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extract", str(EXAMPLES / "sharegpt_vicuna.json"), "-m", "vicuna", "-o", "rows.jsonl"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    expected = "30 rows from 13 conversations, 1 unanswered, 1 pair stitched, 0 rejected -> rows.jsonl\n"
    assert captured.err == expected


def test_the_command_shows_five_rejects_and_quotes_nobody(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = [{"id": "x", "secret": "my words"}] * 7
    Path("raw.jsonl").write_text(json_lines([*bad, conversation("h: q", "g: a", "g: b")])[0])
    assert main(["extract", "raw.jsonl", "-m", "vicuna", "-o", "rows.jsonl"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == [
        f'raw.jsonl:{number}: "conversations" is missing; the record went to rejected.jsonl' for number in (1, 2)
    ]
    assert lines[5:] == [
        "... and 2 more",
        "1 row from 1 conversation, 0 unanswered, 1 answer joined, 7 rejected -> rejected.jsonl;"
        " rows -> rows.jsonl",
    ]
    assert "my words" not in "".join(lines)


def test_a_dry_run_shows_an_id_and_no_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("raw.jsonl").write_text(json_lines([conversation("h: private words", "g: a")])[0])
    assert main(["extract", "raw.jsonl", "-m", "vicuna", "--dry-run"]) == 0
    captured = capsys.readouterr()
    assert re.fullmatch(
        r"id of the first row: [0-9a-f]{32}\n"
        r"1 row from 1 conversation, 0 unanswered, 0 rejected -> nothing written \(dry run\)\n",
        captured.err,
    )
    assert "private" not in captured.out + captured.err


def test_the_command_takes_every_option(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = str(EXAMPLES / "sharegpt_gpt4.jsonl")
    options = ["-l", "2", "-s", "2K", "--create-time", TIME, "--profile", "mnbvc-2025", "--rejects", "bad.jsonl"]
    assert main(["extract", raw, "-m", "gpt4", "-o", "rows.jsonl", *options]) == 0
    assert "7 rows from 4 conversations" in capsys.readouterr().err
    assert len(list(folder.glob("rows*.jsonl"))) > 1
    assert rows_of("rows.jsonl")[0]["元数据"]["create_time"] == TIME


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gone.json", "-m", "vicuna"], 1, "sharegpt-argilla: gone.json: no such file or folder"),
        (["gone.json", "-m", "gpt5"], 2, 'sharegpt-argilla: unknown corpus "gpt5"; did you mean "gpt4"'),
    ],
)
def test_a_mistake_gets_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    assert main(["extract", *arguments]) == code
    captured = capsys.readouterr().err
    assert captured.startswith(message)
    assert captured.count("\n") == 1


def test_standard_input_and_output(folder: Path) -> None:
    code = "import sys; from sharegpt_argilla.cli import main; sys.exit(main())"
    run = [sys.executable, "-c", code, "extract", "-", "-m", "gpt4", "-o", "-", "--create-time", TIME]
    raw = (EXAMPLES / "sharegpt_gpt4.jsonl").read_bytes()
    done = subprocess.run(run, input=raw, capture_output=True, check=True, env={**os.environ, "PYTHONUTF8": "1"})
    extract([EXAMPLES / "sharegpt_gpt4.jsonl"], "gpt4", "rows.jsonl", create_time=TIME)
    assert done.stdout == Path("rows.jsonl").read_bytes()
    assert done.stderr.decode() == "9 rows from 5 conversations, 1 unanswered, 0 rejected -> standard output\n"
    assert [path.name for path in folder.iterdir()] == ["rows.jsonl"]


@pytest.mark.parametrize(
    ("text", "size"),
    [("512M", 512_000_000), ("1g", 10**9), ("20 KB".replace(" ", ""), 20_000), ("7", 7), ("7B", 7)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "0", "-5M", "1.5G", "512MiB", "٣"])
def test_what_is_no_size(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["extract", "raw.json", "-m", "vicuna", f"--max-size={text}"])
    assert caught.value.code == 2
    assert f'"{text}" is not a size such as 512M' in capsys.readouterr().err


# Real corpora, where they are


@pytest.mark.parametrize(
    ("sample", "model", "rows"),
    [("vicuna_sample_230629.json", "vicuna", 236), ("gpt4_final_data_sample_230629.json", "gpt4", 7)],
)
def test_published_samples(folder: Path, real_data: Path, sample: str, model: str, rows: int) -> None:
    extract([real_data / "mnbvc_samples" / sample], model, "rows.jsonl")
    found = rows_of("rows.jsonl")
    assert len({row["id"] for row in found}) == len(found) == rows
    assert all(read_extension(row)["解析模型"] == model for row in found)
    assert [bool(row["答"]) for row in found] == [True] * (rows - 1) + [model == "vicuna"]


def test_every_turn_of_sharegpt_v3_is_accounted_for(folder: Path, real_data: Path) -> None:
    source = real_data / "sharegpt_v3" / "sharegpt_v3_part.json"
    counts = extract([source], "vicuna", "rows.jsonl").counts
    rows = rows_of("rows.jsonl")
    records = json.loads(source.read_bytes())
    turns = [turn for record in records for turn in record["conversations"]]
    questions = [turn["value"] for turn in turns if turn["from"] in {"human", "user"}]
    answers = [turn["value"] for turn in turns if turn["from"] in {"gpt", "chatgpt", "bing", "bard"}]
    spoken = sorted(text for text in questions if text.strip())
    assert sorted(row["问"] for row in rows) == spoken
    assert counts.questions_blank == len(questions) - len(spoken)
    assert counts.unanswered == sum(1 for row in rows if not row["答"])
    kept = len(rows) - counts.unanswered + counts.answers_joined
    assert kept + counts.answers_dropped + counts.answers_blank == len(answers)
    assert counts.conversations == len(records)
    assert counts.rejected == 0
    assert len({row["id"] for row in rows}) == len(rows)


def test_conversations_that_share_a_prefix_stay_apart(folder: Path, real_data: Path) -> None:
    summary = extract([real_data / "fastchat" / "dummy_conversation.json"], "vicuna", "rows.jsonl")
    rows = rows_of("rows.jsonl")
    assert len({read_extension(row)["会话"] for row in rows}) == summary.counts.conversations == 500


def test_files_that_were_cut_off(folder: Path, real_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted((real_data / "wildchat" / "truncated").glob("*.json"))
    assert len(files) == 8
    good = str(EXAMPLES / "sharegpt_gpt4.jsonl")
    assert main(["extract", *map(str, files), good, "-m", "gpt4", "-o", "rows.jsonl"]) == 1
    assert [reject["file"] for reject in rejects_of("rejected.jsonl")] == [str(file) for file in files]
    assert {(reject["line"], reject["reason"]) for reject in rejects_of("rejected.jsonl")} == {
        (1, "the file ends inside the record that starts here; it was cut off")
    }
    assert "... and 3 more\n9 rows from 5 conversations, 1 unanswered, 8 rejected" in capsys.readouterr().err


def test_a_rejects_file_of_an_earlier_run_is_left_and_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("raw.jsonl").write_text('{"id": "a"}\n' + json_lines([conversation("h: q")])[0])
    command = ["extract", "raw.jsonl", "-m", "vicuna", "-o", "rows.jsonl"]
    assert main(command) == 1
    assert "earlier run" not in capsys.readouterr().err
    before = Path("rejected.jsonl").read_bytes()
    Path("raw.jsonl").write_text(json_lines([conversation("h: q")])[0])
    assert main(command) == 0
    assert "rejected.jsonl is from an earlier run; this one had nothing to put there" in capsys.readouterr().err
    assert Path("rejected.jsonl").read_bytes() == before
