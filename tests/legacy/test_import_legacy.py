"""import-legacy: every response, suggestion and id of a 1.x dataset reaches the rows."""

import json
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.cli import main
from sharegpt_argilla.config import load_project
from sharegpt_argilla.config.annotation_task import MultiLabelQuestion
from sharegpt_argilla.errors import InputError, UnknownNameError
from sharegpt_argilla.project.annotated_tables import read_annotated
from sharegpt_argilla.rows import Row, check_row, read_extension, row_id
from sharegpt_argilla.workflows.import_legacy import import_legacy
from sharegpt_argilla.workflows.training import Selection, training
from tests.legacy.feedback_dataset import ARGILLA_YAML, PEOPLE, answer, record, records, write_dataset

TIME = "20240111 12:00:00"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "sharegpt-curation", records())


def read(path: Path) -> list[Row]:
    return [check_row(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def imported(folder: Path, **options: Any) -> list[Row]:
    output = folder.parent / "annotated.jsonl"
    import_legacy(folder, output, create_time=TIME, **options)
    return read(output)


def test_everything_is_in_the_row(folder: Path) -> None:
    first = imported(folder, people={PEOPLE[0]: "ana"})[0]
    assert (first["问"], first["答"]) == ("Write a limerick about fog.", "<p>A fog came …</p>")
    extension = read_extension(first)
    said = extension.pop("标注")
    assert extension == {
        "会话": "row-1",
        "多轮序号": 1,
        "解析模型": "argilla",
        "prompt_n_tokens": 5,
        "external_id": "row-1",
        "suggestions": {
            "prompt-intent": {"value": "generation", "score": 0.75, "agent": "mistral-7b", "type": "model"}
        },
    }
    assert said["dataset"] == "sharegpt-curation"
    assert said["responses"] == [
        {
            "annotator": "ana",
            "status": "submitted",
            "values": {"prompt-quality": 6, "prompt-intent": "generation"},
        },
        {
            "annotator": PEOPLE[1],
            "status": "submitted",
            "values": {
                "prompt-quality": 4,
                "prompt-intent": "generation",
                "response-toxicity": ["harmfull", "unqualified_advice"],
            },
        },
    ]
    assert (said["prompt-quality"], said["tie"], said["status"]) == (6, True, "completed")
    assert row_id(first) == first["id"]


def test_discards_drafts_and_people_without_accounts(folder: Path) -> None:
    _, discarded, draft, nobody, strangers = map(read_extension, imported(folder))
    assert [response["status"] for response in discarded["标注"]["responses"]] == ["discarded"]
    assert "prompt-quality" not in draft["标注"]
    assert draft["标注"]["status"] == "pending"
    assert "标注" not in nobody
    assert [one["annotator"] for one in strangers["标注"]["responses"]] == ["unknown-1", "unknown-2"]


@pytest.mark.parametrize("kind", ["parquet", "sequence"])
def test_every_layout_of_the_files_gives_the_same_rows(kind: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = write_dataset(tmp_path / "other" / "sharegpt-curation", records(), kind)
    assert imported(other) == imported(folder)


def test_an_array_and_the_configuration_of_before_1_13(folder: Path) -> None:
    before = imported(folder)
    (folder / "records.jsonl").unlink()
    (folder / "records.json").write_text(json.dumps(records()), encoding="utf-8")
    (folder / "argilla.yaml").rename(folder / "argilla.cfg")
    assert imported(folder) == before


def test_rankings_are_kept(folder: Path) -> None:
    ranking = (
        "\n- {name: order, title: Order, type: ranking, values: [one, two], required: true}\nvectors_settings:"
    )
    (folder / "argilla.yaml").write_text(ARGILLA_YAML.replace("\nvectors_settings:", ranking), encoding="utf-8")
    ranked = [{"rank": 1, "value": "two"}, {"rank": 2, "value": "one"}]
    write = folder / "records.jsonl"
    write.write_text(json.dumps(record("q", "a", order=[answer(0, ranked)])), encoding="utf-8")
    (row,) = imported(folder)
    assert read_extension(row)["标注"]["responses"][0]["values"] == {"order": ranked}
    frame = read_annotated(folder.parent / "annotated.jsonl")
    assert json.loads(frame["order"][0]) == ranked


def test_what_cannot_be_used_is_kept_with_its_place(folder: Path) -> None:
    path = folder / "records.jsonl"
    bad = [record(" ", "a"), record("q", "a", prompt_quality=[answer(0, 1, "lost")])]
    lines = [json.dumps(row) for row in bad] + [
        "{broken",
        '"text"',
        json.dumps(record("q", "a") | {"metadata": "{"}),
    ]
    path.write_text("\n".join([*lines, "", json.dumps(record("good", "a"))]), encoding="utf-8")
    output = folder.parent / "out.jsonl"
    summary = import_legacy(folder, output)
    rejects = [json.loads(line) for line in summary.rejects.read_text().splitlines()]
    assert [(reject["line"], reject["reason"]) for reject in rejects] == [
        (1, 'field "prompt" is empty'),
        (2, 'prompt-quality: unknown status "lost"'),
        (3, "not a JSON object"),
        (4, "not a JSON object"),
        (5, '"metadata" is not valid JSON'),
    ]
    assert rejects[2]["raw"] == "{broken"
    assert (summary.rows, summary.rejected) == (1, 5)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"prompt-quality": [answer(0, "good")]}, "prompt-quality: a rating that is no whole number"),
        ({"prompt-quality": [answer(0, [1])]}, "prompt-quality: a rating that is no whole number"),
        ({"prompt-quality": [answer(0, {})]}, "prompt-quality: a rating that is no whole number"),
        ({"prompt-quality": [answer(0, float("inf"))]}, "prompt-quality: a rating that is no whole number"),
        (
            {"prompt-intent-suggestion": "chat", "prompt-intent-suggestion-metadata": "x"},
            "prompt-intent-suggestion-metadata: not a JSON object",
        ),
        ({"metadata": "[" * 100_000}, '"metadata" is not valid JSON'),
    ],
    ids=range(6),
)
def test_one_bad_record_rejects_the_record_not_the_run(folder: Path, change: dict[str, Any], reason: str) -> None:
    lines = [json.dumps(record("bad", "a") | change), json.dumps(record("good", "a"))]
    (folder / "records.jsonl").write_text("\n".join(lines), encoding="utf-8")
    summary = import_legacy(folder, folder.parent / "out.jsonl")
    assert (summary.rows, summary.rejected) == (1, 1)
    assert json.loads(summary.rejects.read_text())["reason"] == reason


def test_an_array_that_is_nested_too_deep_is_one_line(folder: Path) -> None:
    (folder / "records.jsonl").unlink()
    (folder / "records.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(InputError, match=r"records\.json: cannot be read: nested too deep"):
        import_legacy(folder, folder.parent / "out.jsonl")


def test_other_fields_may_be_question_and_answer(folder: Path) -> None:
    first = imported(folder, prompt="response", response="prompt")[0]
    assert first["答"] == "Write a limerick about fog."
    with pytest.raises(UnknownNameError, match='unknown field "promt"; did you mean "prompt"'):
        imported(folder, prompt="promt")


def test_the_same_questions_as_a_project_of_today(folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "project" / "dataset-config.yml"
    imported(folder, write_config=config)
    project = load_project(config)
    quality, intent, toxicity = project.config.questions
    assert (quality.type, intent.type, toxicity.type) == ("rating", "label", "multi_label")
    assert isinstance(toxicity, MultiLabelQuestion)
    assert list(toxicity.labels.items())[-1] == ("unqualified_advice", "unqualified advice")
    assert not toxicity.required
    assert project.guidelines.startswith("Rate the prompt.")
    frame = read_annotated(folder.parent / "annotated.jsonl", config)
    assert list(frame["prompt-intent"].cat.categories)[:3] == ["generation", "rewrite", "extract"]
    with pytest.raises(InputError, match="there already"):
        imported(folder, write_config=config)


def test_the_rows_make_training_sets(folder: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    imported(folder)
    summary = training("annotated.jsonl", "alpaca", "out.json", selection=Selection(min_quality=5))
    assert summary.written == {"": 1}
    assert summary.left_out == {"discarded": 1, "not annotated": 2, "below the quality": 1}


def test_two_runs_write_the_same_bytes(folder: Path) -> None:
    first = imported(folder)
    assert imported(folder) == first


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no argilla.yaml"),
        ({"argilla.yaml": "fields: ["}, "not valid YAML"),
        ({"argilla.yaml": "a: 1"}, "not the configuration of a FeedbackDataset"),
        ({"argilla.yaml": ARGILLA_YAML}, "no .parquet, .jsonl or .json file"),
        ({"argilla.yaml": ARGILLA_YAML, "x.parquet": "no"}, "x.parquet: cannot be read"),
        ({"argilla.yaml": ARGILLA_YAML, "x.json": "no"}, "x.json: cannot be read"),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_line(files: dict[str, str], message: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, text in files.items():
        (tmp_path / "in" / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        import_legacy(tmp_path / "in", tmp_path / "out.jsonl")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.jsonl").exists()


def test_the_command(folder: Path, capsys) -> None:
    output = str(folder.parent / "out.jsonl")
    assert main(["import-legacy", str(folder), "-o", output, "--person", f"{PEOPLE[0]}=ana"]) == 0
    assert capsys.readouterr().err == f"5 rows, 2 annotated, 6 responses, 1 suggestion -> {output}\n"
    assert main(["import-legacy", str(folder), "-o", output + "2", "--dry-run"]) == 0
    assert capsys.readouterr().err.endswith("-> nothing written (dry run)\n")
    assert not Path(output + "2").exists()
    with pytest.raises(SystemExit) as caught:
        main(["import-legacy", str(folder), "-o", output, "--person", "ana"])
    assert caught.value.code == 2
