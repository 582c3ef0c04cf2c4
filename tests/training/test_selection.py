"""Which rows a training set takes, and that what is left out is counted."""

import json
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.cli import main
from sharegpt_argilla.errors import UnknownNameError, UsageError
from sharegpt_argilla.rows import dump_row, read_extension, with_extension
from sharegpt_argilla.workflows.training import Selection, training
from tests.training.rows import CONFIG, GOOD, annotated, made, row, run, sample, save


def prompts(tmp_path: Path, rows, **selection) -> list[str]:
    taken = made(tmp_path, rows, "kochatgpt_ppo", output="out.jsonl", selection=Selection(**selection))
    return [found["prompt"] for found in taken]


@pytest.fixture
def rows():
    return [
        row("clean code", "a", GOOD, session="1"),
        row("poor", "a", {**GOOD, "quality": 2}, session="2"),
        row("harmful", "a", {"quality": 6, "intent": ["chat"], "toxicity": "harmful"}, session="3"),
        row("open", "a", {"quality": 6}, session="4"),
        row("nobody", "a", session="5"),
    ]


def test_annotated_rows_are_the_default(tmp_path: Path, rows) -> None:
    assert prompts(tmp_path, rows) == ["clean code", "poor", "harmful", "open"]
    assert prompts(tmp_path, rows, unannotated=True)[-1] == "nobody"


def test_filters_on_answers_take_no_row_on_which_the_question_is_open(tmp_path: Path, rows) -> None:
    assert prompts(tmp_path, rows, min_quality=5) == ["clean code", "harmful", "open"]
    assert prompts(tmp_path, rows, min_quality=6) == ["clean code", "harmful", "open"]
    assert prompts(tmp_path, rows, intents=["chat", "open_qa"]) == ["clean code", "poor", "harmful"]
    assert prompts(tmp_path, rows, toxicity=["none"]) == ["clean code", "poor"]
    both = row("both", "a", {**GOOD, "toxicity": ["none", "harmful"]}, session="6")
    assert prompts(tmp_path, [both], toxicity=["none"]) == []
    assert prompts(tmp_path, [both], toxicity=["none", "harmful"]) == ["both"]
    assert prompts(tmp_path, rows, toxicity=["none"], unannotated=True) == ["clean code", "poor"]


def test_what_is_left_out_is_counted(tmp_path: Path, rows) -> None:
    selection = Selection(min_quality=5, intents=["code"], toxicity=["none"])
    summary = run(tmp_path, rows, "kochatgpt_ppo", selection=selection)
    assert summary.left_out == {"below the quality": 1, "of another intent": 2, "not annotated": 1}
    assert summary.rows == sum(summary.left_out.values()) + summary.written[""]


@pytest.mark.parametrize(("said", "taken"), [(("ok", "no"), False), (("ok", "ok", "no"), True), (("no",), False)])
def test_discards_that_weigh_as_much_as_answers(said, taken: bool, tmp_path: Path) -> None:
    answers = [(f"p{n}", GOOD if one == "ok" else {"status": "discarded"}) for n, one in enumerate(said)]
    values: dict[str, Any] = GOOD if "ok" in said else {}
    rows = [annotated(row("q", "a"), answers, **values)]
    assert bool(prompts(tmp_path, rows)) == taken
    summary = run(tmp_path, rows, "kochatgpt_ppo")
    assert summary.left_out == ({} if taken else {"discarded": 1})


def test_drafts_are_no_answers(tmp_path: Path) -> None:
    rows = [annotated(row("q", "a"), [("ana", {**GOOD, "status": "draft"})])]
    assert run(tmp_path, rows, "kochatgpt_ppo").left_out == {"not annotated": 1}


def test_a_draft_does_not_spoil_its_conversation(tmp_path: Path) -> None:
    draft = annotated(row("q2", "a", turn=2), [("ana", {**GOOD, "status": "draft"})])
    (found,) = made(tmp_path, [row("q1", "a", GOOD), draft], "messages")
    assert len(found["messages"]) == 4


def test_ties_stay_unless_you_drop_them(tmp_path: Path) -> None:
    rows = [annotated(row("q", "a"), [("ana", GOOD)], tie=True, **GOOD)]
    assert prompts(tmp_path, rows) == ["q"]
    assert prompts(tmp_path, rows, ties="drop") == []
    with pytest.raises(UnknownNameError, match="keep"):
        prompts(tmp_path, rows, ties="kep")


def test_agreement_is_asked_of_rows_that_two_people_answered(tmp_path: Path) -> None:
    other = {**GOOD, "quality": 1, "toxicity": "illegal"}
    rows = [
        annotated(row("disputed", "a"), [("ana", GOOD), ("ben", other)], **GOOD),
        row("agreed", "a", GOOD, turn=2, people=["ana", "ben"]),
        row("one person", "a", GOOD, turn=3),
    ]
    assert prompts(tmp_path, rows, agreement=0.5) == ["agreed", "one person"]
    assert prompts(tmp_path, rows, agreement=0.5, min_responses=2) == ["agreed"]
    assert prompts(tmp_path, rows, agreement=1, min_responses=2) == ["agreed"]
    with pytest.raises(UsageError, match="between 0 and 1"):
        prompts(tmp_path, rows, agreement=80)


def test_of_some_people_only_what_they_said_counts(tmp_path: Path) -> None:
    low: dict[str, Any] = {**GOOD, "quality": 2}
    rows = [
        annotated(row("q", "a"), [("ana", GOOD), ("ben", low), ("cai", low)], **low),
        row("r", "a", GOOD, turn=2, people=["ben"]),
    ]
    assert prompts(tmp_path, rows, annotators=["ana"]) == ["q"]
    assert prompts(tmp_path, rows, annotators=["ana"], min_quality=5) == ["q"]
    assert prompts(tmp_path, rows, annotators=["ben", "cai"], min_quality=5) == ["r"]
    assert prompts(tmp_path, rows, annotators=["nobody"]) == []


def sure(text: str, told: Any = None, values: dict[str, Any] = GOOD):
    """A row whose answers have these confidences."""
    made_row = row(text, "a", values, session=text)
    extension = read_extension(made_row)
    return with_extension(made_row, {**extension, "标注": {**extension["标注"], "confidence": told}})


@pytest.fixture
def sure_rows():
    return [
        sure("sure", {"quality": 0.9, "intent": {"code": 0.95, "open_qa": 0.9}, "toxicity": 0.99}),
        sure("one label less", {"quality": 0.9, "intent": {"code": 0.95, "open_qa": 0.4}, "toxicity": 0.99}),
        sure("rating less", {"quality": 0.89, "intent": {"code": 1.0, "open_qa": 1}, "toxicity": 1.0}),
        sure("toxicity only", {"toxicity": 1.0}),
        sure("none", None),
        sure("no number", {"quality": "0.9", "toxicity": True, "intent": [0.9]}),
    ]


def test_confidence_of_every_question_or_of_those_that_are_asked_about(tmp_path: Path, sure_rows) -> None:
    assert prompts(tmp_path, sure_rows, min_confidence=0.9) == ["sure", "toxicity only"]
    least = {"min_quality": 1, "min_confidence": 0.9}
    assert prompts(tmp_path, sure_rows, **least) == ["sure", "one label less"]
    assert prompts(tmp_path, sure_rows, toxicity=["none"], **least) == ["sure", "one label less"]
    assert prompts(tmp_path, sure_rows, intents=["code"], min_confidence=0.9) == ["sure", "rating less"]
    assert prompts(tmp_path, sure_rows, toxicity=["none"], min_confidence=1) == ["rating less", "toxicity only"]
    nobody = row("nobody", "a", session="n")
    assert prompts(tmp_path, [nobody], unannotated=True, min_confidence=0) == []


def test_rows_without_confidence_are_counted_by_themselves(tmp_path: Path, sure_rows) -> None:
    summary = run(tmp_path, sure_rows, "kochatgpt_ppo", min_confidence=0.9)
    assert summary.left_out == {"below the confidence": 2, "without confidence": 2}
    assert summary.rows == sum(summary.left_out.values()) + summary.written[""]


def test_confidence_is_a_share_of_what_everybody_said(tmp_path: Path, sure_rows) -> None:
    with pytest.raises(UsageError, match="--min-confidence 90: it must be between 0 and 1"):
        prompts(tmp_path, sure_rows, min_confidence=90)
    with pytest.raises(UsageError, match="does not go with --annotators"):
        prompts(tmp_path, sure_rows, min_confidence=0.9, annotators=["ana"])


def test_labels_and_questions_that_are_not_there(tmp_path: Path, rows, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownNameError, match='unknown label of intent "coding"'):
        prompts(tmp_path, rows, intents=["coding"])
    with pytest.raises(UsageError, match='--min-quality needs a question called "quality"'):
        run(tmp_path, [], "dpo", config=None, selection=Selection(min_quality=1))


def test_a_question_may_be_called_after_what_it_rates(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [row(f"q{n}", "a", {"prompt-quality": n}, turn=n) for n in (2, 6)]
    summary = run(tmp_path, rows, "kochatgpt_ppo", config=None, selection=Selection(min_quality=5))
    assert summary.sample == {"prompt": "q6"}


def test_rows_there_twice_and_lines_that_are_no_row(tmp_path: Path) -> None:
    path = save(tmp_path, [row("q", "a", GOOD)] * 2)
    path.write_text("\ufeff" + path.read_text(encoding="utf-8") + "not a row\n\n", encoding="utf-8")
    output = tmp_path / "out.jsonl"
    code = main(["training", str(path), "--format", "dpo", "-o", str(output), "--config", str(CONFIG)])
    assert code == 1
    assert not output.exists()


def test_an_annotation_of_another_make_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    odd: list = [None, [], 1, {"responses": None}, {"responses": [1, {"status": "submitted"}]}]
    rows = [with_extension(row(f"q{n}", "a"), {"会话": f"s{n}", "标注": one}) for n, one in enumerate(odd)]
    assert prompts(tmp_path, rows) == ["q4"]
    for layout in ("csv", "classification", "messages", "dpo"):
        run(tmp_path, rows, layout)


@pytest.mark.parametrize("layout", ["csv", "parquet", "datasets", "messages", "demonstrations"])
def test_lone_surrogates_that_another_program_escaped(layout: str, tmp_path: Path) -> None:
    text = dump_row(row("qX", "aX", {"demonstration": "dX, and more."}))
    path = tmp_path / "annotated.jsonl"
    inner = text.replace("dX", r"d\\ud800").replace("qX", r"q\ud800").replace("aX", r"a\ud800")
    path.write_text(inner + "\n", encoding="utf-8")
    summary = training(path, layout, tmp_path / "out", config=CONFIG)
    assert summary.written == {"": 1}
    assert "\ufffd" in json.dumps(summary.sample, ensure_ascii=False)


def test_the_rows_are_never_overwritten(tmp_path: Path) -> None:
    path = save(tmp_path, sample())
    before = path.read_bytes()
    with pytest.raises(UsageError, match="give -o another name"):
        training(path, "dpo", tmp_path / "." / "annotated.jsonl", config=CONFIG)
    assert path.read_bytes() == before


class TestCommand:
    @pytest.fixture(autouse=True)
    def here(self, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.chdir(tmp_path)
        save(tmp_path, sample())

    def run(self, *options: str) -> int:
        return main(["training", "annotated.jsonl", "--config", str(CONFIG), *options])

    @pytest.mark.parametrize("dry", [[], ["--dry-run"]])
    def test_no_row_that_is_left_is_a_failure_and_no_file(self, dry: list[str], capsys, tmp_path: Path) -> None:
        (tmp_path / "out.jsonl").write_text("an earlier one\n", encoding="utf-8")
        assert self.run("--format", "sharegpt", "-o", "out.jsonl", "--min-quality", "5", *dry) == 1
        assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == "an earlier one\n"
        assert {path.name for path in tmp_path.iterdir()} == {"annotated.jsonl", "out.jsonl"}
        assert capsys.readouterr().err.splitlines()[-1] == (
            "0 training rows from 6 rows, 4 below the quality, 2 in a conversation with a row that is left out"
            " -> nothing written, as no row is left"
        )

    def test_the_last_line_says_where_confidence_comes_from(self, capsys) -> None:
        assert self.run("--format", "kto", "-o", "out.jsonl", "--min-confidence", "0.9") == 1
        assert capsys.readouterr().err.splitlines()[-1] == (
            "0 training rows from 6 rows, 6 without confidence (run export-responses with"
            " `export: {confidence: true}`) -> nothing written, as no row is left"
        )

    def test_splits_are_counted_each(self, capsys) -> None:
        assert self.run("--format", "messages", "-o", "out.jsonl", "--split", "train=0.5,test=0.5") == 0
        last = capsys.readouterr().err.splitlines()[-1]
        counts = "3 training rows from 6 rows, 2 other answers to a turn of a conversation"
        assert last.startswith(f"{counts} -> out-train.jsonl, out-test.jsonl (train ")

    def test_a_dry_run_prints_the_first_row(self, capsys, tmp_path: Path) -> None:
        assert self.run("--format", "xturing", "-o", "out.jsonl", "--dry-run") == 0
        captured = capsys.readouterr()
        assert captured.out == '{"instruction": "Name a colour.", "text": "", "target": "Red."}\n'
        assert captured.err.endswith("-> nothing written (dry run)\n")
        assert [path.name for path in tmp_path.iterdir()] == ["annotated.jsonl"]

    def test_data_goes_to_standard_output(self, capsys) -> None:
        assert self.run("--format", "kto", "-o", "-", "--intent", "code,chat", "--toxicity", "none") == 0
        captured = capsys.readouterr()
        assert len(captured.out.splitlines()) == 4
        assert captured.err.endswith("-> standard output\n")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--format", "kto2", "-o", "x"], "unknown training format"),
            (["--format", "kto", "-o", "x", "--min-quality", "9"], "9: the highest rating of quality is 7"),
            (["--format", "kto", "-o", "x", "--split", "a=2"], "its share is a number"),
            (["--format", "kto", "-o", "x", "--intent", "cod"], 'did you mean "code"'),
        ],
    )
    def test_a_mistake_is_one_line(self, options: list[str], message: str, capsys) -> None:
        assert self.run(*options) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line

    def test_a_file_that_is_not_there(self, capsys) -> None:
        assert main(["training", "nothing.jsonl", "--format", "kto", "-o", "x"]) == 1
        assert "no such file" in capsys.readouterr().err
