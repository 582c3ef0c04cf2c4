"""What is written loads where it is meant to be read: datasets, pandas, and our own extract."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import datasets
import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.errors import (
    CredentialsError,
    InputError,
    ServerRefusedError,
    ServerUnreachableError,
    SharegptArgillaError,
    UsageError,
)
from sharegpt_argilla.project.annotated_tables import read_annotated, read_annotated_dataset
from sharegpt_argilla.responses.merge import guidelines_hash
from sharegpt_argilla.rows import read_extension, with_extension
from sharegpt_argilla.training.csv_file import cell
from sharegpt_argilla.training.table import FORMATS
from sharegpt_argilla.workflows.extract import extract
from sharegpt_argilla.workflows.training import training
from tests.embedded import free_port
from tests.training.rows import CONFIG, GOOD, STEPWISE_CONFIG, annotated, row, run, sample, sample_of, save

TEXT = datasets.Value("string")
NUMBER = datasets.Value("float64")
FROM = [{"from": TEXT, "value": TEXT}]
ROLE = [{"role": TEXT, "content": TEXT}]
LABELS = ["generation", "rewrite", "extract", "closed_qa", "open_qa", "classification", "summarization"]
FEATURES: dict[str, dict[str, Any]] = {
    "alpaca": dict.fromkeys(["instruction", "input", "output", "system"], TEXT)
    | {"history": datasets.Sequence(datasets.Sequence(TEXT))},
    "prompt_completion": {"prompt": TEXT, "completion": TEXT},
    "prompt_completion_messages": {"prompt": ROLE, "completion": ROLE},
    "grpo": {"prompt": ROLE, "ground_truth": TEXT, "id": TEXT},
    "dpo_messages": {"prompt": ROLE, "chosen": ROLE, "rejected": ROLE},
    "dpo_openai": {"input": {"messages": ROLE}, "preferred_output": ROLE, "non_preferred_output": ROLE},
    "dpo_swift": {"messages": ROLE, "rejected_response": TEXT},
    "kto_messages": {"prompt": ROLE, "completion": ROLE, "label": datasets.Value("bool")},
    "kto_swift": {"messages": ROLE, "label": datasets.Value("bool")},
    "sharegpt": {"id": TEXT, "conversations": FROM},
    "messages": {"messages": ROLE},
    "xturing": {"instruction": TEXT, "text": TEXT, "target": TEXT},
    "kochatgpt_sft": {"prompt": TEXT, "completion": TEXT},
    "kochatgpt_rm": dict.fromkeys(["prompt", "completion_0", "completion_1", "completion_2"], TEXT)
    | {"ranking": datasets.Sequence(datasets.Value("int64"))},
    "kochatgpt_ppo": {"prompt": TEXT},
    "dpo": {"prompt": TEXT, "chosen": TEXT, "rejected": TEXT},
    "dpo_llamafactory": {"conversations": FROM, "chosen": FROM[0], "rejected": FROM[0], "system": TEXT},
    "dpo_axolotl": dict.fromkeys(["system", "instruction", "chosen_response", "rejected_response"], TEXT),
    "kto": {"prompt": TEXT, "completion": TEXT, "label": datasets.Value("bool")},
    "reward": {"chosen": ROLE, "rejected": ROLE},
    "demonstrations": {"prompt": TEXT, "demonstration": TEXT},
    "classification": {"question": TEXT, "text": TEXT, "labels": datasets.Sequence(TEXT)}
    | {"confidence": NUMBER, "soft_labels": [{"label": TEXT, "probability": NUMBER}]},
}


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither network nor the cache of whoever runs the tests."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


@contextmanager
def hub(status: int) -> Iterator[list[str]]:
    """A Hub that answers everything with one status; gives what it was asked."""
    asked: list[str] = []

    class Refuse(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Refuse)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
            yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
@pytest.mark.parametrize("layout", FEATURES)
def test_json_loads_with_the_declared_features(layout: str, suffix: str, tmp_path: Path) -> None:
    summary = run(tmp_path, sample(), layout, f"out{suffix}")
    features = datasets.Features(FEATURES[layout])
    files = str(tmp_path / f"out{suffix}")
    loaded = datasets.load_dataset("json", data_files=files, features=features, split="train")
    assert len(loaded) == summary.written[""] > 0
    assert loaded.features == features
    first = {key: value for key, value in loaded[0].items() if value not in (None, [])}
    assert first == {key: value for key, value in summary.sample.items() if value not in (None, [])}


def test_sharegpt_comes_back_through_extract(tmp_path: Path) -> None:
    rows = [row(f"q{n}", f"a{n}", GOOD, session=name, turn=n) for name in ("AAAAAAA", "x") for n in (1, 2, 3)]
    run(tmp_path, rows, "sharegpt", "out.json")
    extract([tmp_path / "out.json"], "vicuna", tmp_path / "again.jsonl", create_time="20230511 15:56:03")
    again = [json.loads(line) for line in (tmp_path / "again.jsonl").read_text(encoding="utf-8").splitlines()]
    plain = [row(f"q{n}", f"a{n}", session=name, turn=n) for name in ("AAAAAAA", "x") for n in (1, 2, 3)]
    assert again == plain


class TestDatasetDict:
    def test_it_loads_from_disk_with_the_labels_of_the_project(self, tmp_path: Path) -> None:
        run(tmp_path, sample(), "datasets", "set", split="train=0.5,test=0.5", licence="cc0-1.0")
        loaded = datasets.load_from_disk(str(tmp_path / "set"))
        assert set(loaded) == {"train", "test"}
        assert sum(map(len, loaded.values())) == 6
        assert loaded["train"].features["intent"].feature.names[:7] == LABELS
        assert loaded["train"].features["toxicity"].names == ["none", "illegal", "harmful", "unqualified_advice"]

    def test_the_card_says_what_is_in_it(self, tmp_path: Path) -> None:
        rows = [*sample(), row("nobody", turn=9)]
        rows[0] = annotated(rows[0], [("ana", GOOD), ("ben", {**GOOD, "toxicity": "illegal"})], **GOOD)
        run(tmp_path, rows, "datasets", "set", licence="cc0-1.0")
        card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
        assert card.startswith('---\nlicense: "cc0-1.0"\n')
        for line in (
            "| train | 6 |",
            "- 1 not annotated",
            "2 people submitted 7 answers.",
            "| `5f2b8c01d9e4` | 6 |",
            "| `toxicity` | 0.00 | 1 |",
            "| `quality` | 1.00 | 1 |",
            "The corpus is under `cc0-1.0`",
        ):
            assert line in card

    def test_the_card_holds_the_guidelines_of_the_project(self, tmp_path: Path) -> None:
        text = CONFIG.with_name("guidelines.md").read_text(encoding="utf-8")
        made = annotated(row("q", "a", GOOD), [("ana", GOOD)], **GOOD)
        run(tmp_path, [made], "datasets", "other")
        assert "as annotators read them" not in (tmp_path / "other" / "README.md").read_text(encoding="utf-8")
        extension = read_extension(made)
        extension["标注"]["guidelines"] = guidelines_hash(text)
        run(tmp_path, [with_extension(made, extension)], "datasets", "set")
        card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
        assert f"`{guidelines_hash(text)}`, as annotators read them" in card
        assert all(f"> {line}".rstrip() in card for line in text.strip().splitlines())

    def test_without_a_licence_the_card_does_not_invent_one(self, tmp_path: Path) -> None:
        run(tmp_path, [row("q", "a", GOOD)], "datasets", "set")
        card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
        assert 'license: "unknown"' in card
        assert "Not stated." in card
        assert "agreement is not known" in card

    def test_it_replaces_a_dataset_and_nothing_else(self, tmp_path: Path) -> None:
        run(tmp_path, sample(), "datasets", "set")
        run(tmp_path, sample()[:1], "datasets", "set")
        assert len(datasets.load_from_disk(str(tmp_path / "set"))["train"]) == 1
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "precious").touch()
        with pytest.raises(InputError, match="a folder with other files"):
            run(tmp_path, sample(), "datasets", "other")
        with pytest.raises(InputError, match="a file; the dataset is a folder"):
            run(tmp_path, sample(), "datasets", "other/precious")
        left = {path.name for path in tmp_path.iterdir()} - {"cache"}
        assert left == {"annotated.jsonl", "set", "other"}

    def test_the_hub_is_for_it_alone(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="only the format"):
            run(tmp_path, sample(), "csv", push="owner/name")

    @pytest.mark.parametrize(
        ("status", "error", "message"),
        [(401, CredentialsError, "may not write to owner/name"), (418, ServerRefusedError, "status 418")],
    )
    def test_a_hub_that_refuses(self, status: int, error, message: str, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setenv("HF_TOKEN", "hf_not_a_token")
        with hub(status) as asked, pytest.raises(error, match=message):
            run(tmp_path, sample(), "datasets", "set", push="owner/name")
        assert asked == ["POST /api/repos/create"]

    def test_the_card_goes_before_the_rows_which_add_to_it(self, tmp_path: Path, monkeypatch) -> None:
        # There is no Hub to push to here, so what is asked of its client is all that can be seen.
        asked = []
        for name in ("create_repo", "upload_file"):
            monkeypatch.setattr(
                f"huggingface_hub.HfApi.{name}", lambda _self, *a, _n=name, **k: asked.append((_n, k))
            )
        monkeypatch.setattr("datasets.DatasetDict.push_to_hub", lambda _self, repo: asked.append(("push", repo)))
        summary = run(tmp_path, sample(), "datasets", "set", push="owner/name", private=True)
        assert [name for name, _ in asked] == ["create_repo", "upload_file", "push"]
        assert asked[0][1]["private"]
        assert asked[1][1]["path_or_fileobj"] == tmp_path / "set" / "README.md"
        assert summary.hub == "https://huggingface.co/datasets/owner/name"

    def test_a_hub_that_is_down_is_one_line_and_the_folder_stays(self, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{free_port()}")
        monkeypatch.setenv("HF_TOKEN", "hf_not_a_token")
        with pytest.raises(ServerUnreachableError, match="Hub cannot be reached"):
            run(tmp_path, sample(), "datasets", "set", push="owner/name")
        assert len(datasets.load_from_disk(str(tmp_path / "set"))["train"]) == 6

    def test_a_name_that_no_repository_can_have(self, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setenv("HF_TOKEN", "hf_not_a_token")
        with pytest.raises(SharegptArgillaError, match="not a valid name of a Hub repository"):
            run(tmp_path, sample(), "datasets", "set", push="a/b/c d")


def test_parquet_keeps_types_and_lists(tmp_path: Path) -> None:
    run(tmp_path, sample(), "parquet", "out.parquet", split="train=0.7,test=0.3")
    frames = [pandas.read_parquet(tmp_path / f"out-{name}.parquet") for name in ("train", "test")]
    together = pandas.concat(frames).sort_values("id")
    frame = read_annotated(tmp_path / "annotated.jsonl", CONFIG).sort_values("id")
    assert list(together.columns) == list(frame.columns)
    assert [list(labels) for labels in together["intent"].dropna()] == [["open_qa", "code"]] * 5
    assert list(together["quality"].dropna()) == list(frame["quality"].dropna())
    assert set(together["turn"]) == {1, 2}


def test_parquet_is_read_by_datasets(tmp_path: Path) -> None:
    run(tmp_path, sample(), "parquet", "out.parquet")
    loaded = datasets.load_dataset("parquet", data_files=str(tmp_path / "out.parquet"), split="train")
    assert loaded[0]["prompt"] == "Name a colour."


DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "=cmd|' /C calc'!A0", "'=1"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_csv_holds_no_formula(text: str, tmp_path: Path) -> None:
    run(tmp_path, [row(text, text, GOOD, session=text)], "csv", "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        (found,) = csv.DictReader(file)
    for name in ("prompt", "answer", "session"):
        assert found[name] == f"'{text}"


def test_csv_leaves_everything_else_as_it_is(tmp_path: Path) -> None:
    text = 'Plain, "quoted"\nand two lines; 1-1=0'
    run(tmp_path, [row(text, "ok", GOOD)], "csv", "out.csv")
    (found,) = pandas.read_csv(tmp_path / "out.csv", keep_default_na=False).to_dict("records")
    assert found["prompt"] == text
    assert (found["quality"], found["intent"], found["tie"]) == (6.0, "open_qa; code", False)


@given(st.text())
def test_every_text_comes_back_from_a_cell(text: str) -> None:
    written = cell(text)
    assert written.removeprefix("'") == text if written.startswith("'") else written == text
    assert not written.lstrip().startswith(tuple("=+-@＝＋－＠"))


class TestReadAnnotated:
    def test_labels_are_in_the_order_of_the_project(self, tmp_path: Path) -> None:
        values = [
            {"toxicity": "harmful", "intent": ["other", "code"]},
            {"toxicity": "none", "intent": ["rewrite"]},
        ]
        path = save(tmp_path, [row("q", "a", value, turn=n) for n, value in enumerate(values, 1)])
        frame = read_annotated(path, CONFIG)
        assert list(frame["toxicity"].cat.categories) == ["none", "illegal", "harmful", "unqualified_advice"]
        assert frame.sort_values("toxicity")["toxicity"].tolist() == ["none", "harmful"]
        assert frame["intent"].tolist() == [["code", "other"], ["rewrite"]]
        dataset = read_annotated_dataset(path, CONFIG)
        assert dataset.features["toxicity"].int2str(dataset[0]["toxicity"]) == "harmful"

    def test_it_does_not_depend_on_which_labels_appear_or_first(self, tmp_path: Path) -> None:
        rows = [row("q", "a", {"toxicity": one}, turn=n) for n, one in enumerate(["none", "illegal"], 1)]
        schemas = []
        for order in (rows, rows[::-1]):
            schemas.append(read_annotated_dataset(save(tmp_path, order), CONFIG).features)
            schemas.append(read_annotated_dataset(save(tmp_path, order[:1]), CONFIG).features)
        assert all(features == schemas[0] for features in schemas)

    def test_labels_the_project_does_not_know_come_last(self, tmp_path: Path) -> None:
        path = save(
            tmp_path, [row("q", "a", {"toxicity": "odd", "extra": "b"}), row("r", "a", {"extra": "a"}, turn=2)]
        )
        frame = read_annotated(path, CONFIG)
        assert list(frame["toxicity"].cat.categories)[-1] == "odd"
        assert list(frame["extra"].cat.categories) == ["a", "b"]

    def test_without_a_project_the_questions_are_read_off(self, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.chdir(tmp_path)
        values = {"quality": 6, "toxicity": "none", "intent": ["b", "a"], "remark": "Two words, and more."}
        frame = read_annotated(save(tmp_path, [row("q", "a", values)]))
        (only,) = frame.to_dict("records")
        assert (only["quality"], only["toxicity"], only["intent"]) == (6.0, "none", ["a", "b"])
        assert only["remark"] == "Two words, and more."
        assert str(frame["toxicity"].dtype) == "category"

    def test_it_takes_the_project_of_the_folder(self, tmp_path: Path, monkeypatch) -> None:
        for name in ("dataset-config.yml", "guidelines.md"):
            (tmp_path / name).write_bytes(CONFIG.with_name(name).read_bytes())
        monkeypatch.chdir(tmp_path)
        frame = read_annotated(save(tmp_path, [row("q", "a", {"toxicity": "none"})]))
        assert len(frame["toxicity"].cat.categories) == 4

    def test_only_annotated_rows_unless_all_are_wanted(self, tmp_path: Path) -> None:
        path = save(tmp_path, [row("q", "a", GOOD), row("r", "a", turn=2)])
        assert len(read_annotated(path, CONFIG)) == 1
        everything = read_annotated(path, CONFIG, unannotated=True)
        assert everything["n_responses"].tolist() == [1, 0]
        assert everything["quality"].isna().tolist() == [False, True]

    def test_no_row_at_all(self, tmp_path: Path) -> None:
        assert len(read_annotated(save(tmp_path, []), CONFIG)) == 0
        assert len(read_annotated_dataset(save(tmp_path, []), CONFIG)) == 0

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no such file"):
            read_annotated(tmp_path / "nothing.jsonl")

    def test_agreement_and_joined_datasets(self, tmp_path: Path) -> None:
        made = row("q", "a", GOOD)
        one = annotated(made, [("ana", GOOD), ("ben", {**GOOD, "intent": ["code"]})], **GOOD)
        text = json.dumps(one, ensure_ascii=False).replace(
            '\\"dataset\\": \\"sharegpt-prompts\\"', '\\"dataset\\": [\\"a\\", \\"b\\"]'
        )
        (tmp_path / "joined.jsonl").write_text(text + "\n", encoding="utf-8")
        (found,) = read_annotated(tmp_path / "joined.jsonl", CONFIG).to_dict("records")
        assert found["dataset"] == "a, b"
        assert found["agreement"] == pytest.approx((1 + 0.5 + 1) / 3)


@pytest.mark.parametrize("layout", [name for name in FORMATS if name not in ("datasets", "parquet", "verl")])
def test_text_goes_to_standard_output(layout: str, tmp_path: Path, capsys) -> None:
    config = STEPWISE_CONFIG if layout == "stepwise" else CONFIG
    training(save(tmp_path, sample_of(layout)), layout, "-", config=config)
    assert len(capsys.readouterr().out.splitlines()) >= 1


@pytest.mark.parametrize(
    ("layout", "options"), [("parquet", {}), ("verl", {}), ("datasets", {}), ("dpo", {"split": "a=1"})]
)
def test_what_is_no_text_does_not(layout: str, options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give -o a name"):
        training(save(tmp_path, sample()), layout, "-", config=CONFIG, **options)
