"""Files of every format, read back by the libraries that read them, and what is told to trainers next to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import pandas
import pytest
import yaml
from pyarrow import parquet

from sharegpt_argilla.training.json_files import HEAD, write_json
from sharegpt_argilla.training.table import FORMATS
from sharegpt_argilla.training.trainer_configs import AXOLOTL, DATASET_INFO, LLAMA_FACTORY
from sharegpt_argilla.workflows.training import TrainingSummary
from tests.training.rows import GOOD, row, run, sample, sample_of

BLOCK = 10 << 20
"""Bytes from which `datasets` infers the types of JSON Lines: ``JsonConfig.chunksize``."""
READER = {".parquet": "parquet", ".json": "json", ".jsonl": "json"}


def loaded(path: Path, cache: Path) -> datasets.Dataset:
    return datasets.load_dataset(READER[path.suffix], data_files=str(path), split="train", cache_dir=str(cache))


@pytest.mark.parametrize("layout", [name for name in FORMATS if FORMATS[name].suffix not in ("", ".csv")])
def test_datasets_loads_it(layout: str, tmp_path: Path) -> None:
    target = f"out{FORMATS[layout].suffix}"
    summary = run(tmp_path, sample_of(layout), layout, target)
    back = loaded(tmp_path / target, tmp_path / "cache")
    assert back.num_rows == summary.written[""]
    assert summary.sample is not None
    assert back[0] == summary.sample


def test_datasets_loads_the_folder(tmp_path: Path) -> None:
    run(tmp_path, sample(), "datasets", "out")
    assert datasets.load_from_disk(str(tmp_path / "out"))["train"].num_rows == 6


def test_pandas_reads_tables_and_lines(tmp_path: Path) -> None:
    run(tmp_path, sample(), "csv", "out.csv")
    run(tmp_path, sample(), "parquet", "out.parquet")
    run(tmp_path, sample(), "dpo", "out.jsonl")
    assert len(pandas.read_csv(tmp_path / "out.csv")) == len(pandas.read_parquet(tmp_path / "out.parquet")) == 6
    assert list(pandas.read_json(tmp_path / "out.jsonl", lines=True)) == ["prompt", "chosen", "rejected"]


def test_verl_reads_a_prompt_with_its_roles(tmp_path: Path) -> None:
    run(tmp_path, sample(), "verl", "out.parquet")
    frame = parquet.read_table(tmp_path / "out.parquet").to_pandas()
    assert [message["role"] for message in frame["prompt"][1]] == ["system", "user", "assistant", "user"]
    assert frame["reward_model"][0]["ground_truth"] == "Red."


@pytest.mark.parametrize(
    ("column", "empty", "value"),
    [("history", [], [["q", "a"]]), ("confidence", None, 0.5), ("soft_labels", None, [{"label": "a"}])],
)
def test_a_column_that_begins_late_is_loaded(column: str, empty: Any, value: Any, tmp_path: Path) -> None:
    size = 20_000
    early = ({"text": "x" * size, column: empty, "n": n} for n in range(BLOCK // size + 10))
    late = ({"text": "y", column: value, "n": n} for n in (-1, -2))
    path = tmp_path / "out.jsonl"
    write_json(path, {"": [*early, *late]}, ".jsonl")
    back = loaded(path, tmp_path / "cache")
    assert (back[0]["n"], back[1]["n"], back[-1]["n"]) == (-1, 0, -2)
    assert back[0][column] == back[-1][column] == value


def test_rows_stay_in_their_order_where_the_head_shows_every_type(tmp_path: Path) -> None:
    rows = [{"text": "x" * (HEAD // 4), "history": [["q", "a"]] if n == 2 else [], "n": n} for n in range(9)]
    write_json(tmp_path / "out.jsonl", {"": rows}, ".jsonl")
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["n"] for line in lines] == list(range(9))


class TestLlamaFactory:
    """Its ``data/README.md``: an entry in ``dataset_info.json``, by the columns and tags of the file."""

    @pytest.mark.parametrize("layout", LLAMA_FACTORY)
    def test_the_entry_names_columns_and_roles_that_are_there(self, layout: str, tmp_path: Path) -> None:
        summary = run(tmp_path, sample_of(layout), layout, "sft.json")
        (entry,) = json.loads((tmp_path / DATASET_INFO).read_text(encoding="utf-8")).values()
        assert entry["file_name"] == "sft.json"
        assert str(tmp_path / DATASET_INFO) in summary.trainer_configs
        for training_row in json.loads((tmp_path / "sft.json").read_text(encoding="utf-8")):
            assert set(entry["columns"].values()) <= set(training_row)
            tags = {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"}
            tags |= {"system_tag": "system"}
            # Where there are tags, a missing one is None to LLaMA-Factory.
            assert set(entry.get("tags", tags)) == set(tags)
            tags |= entry.get("tags", {})
            for message in training_row.get(entry["columns"].get("messages", ""), []):
                assert set(message) == {tags["role_tag"], tags["content_tag"]}
                assert message[tags["role_tag"]] in {tags["user_tag"], tags["assistant_tag"], "system"}

    def test_other_entries_stay(self, tmp_path: Path) -> None:
        (tmp_path / DATASET_INFO).write_text('{"mine": {"hf_hub_url": "me/mine"}}', encoding="utf-8")
        run(tmp_path, sample(), "alpaca", "sft.json", split="train=0.5,test=0.5")
        entries = json.loads((tmp_path / DATASET_INFO).read_text(encoding="utf-8"))
        assert list(entries) == ["mine", "sft-train", "sft-test"]
        assert entries["sft-test"]["file_name"] == "sft-test.json"

    @pytest.mark.parametrize("content", ['{"features": {"text": {}}, "splits": {}}', "[1]", "not JSON"])
    def test_a_file_of_that_name_of_somebody_else_stays(self, content: str, tmp_path: Path) -> None:
        (tmp_path / DATASET_INFO).write_text(content, encoding="utf-8")
        summary = run(tmp_path, sample(), "alpaca", "sft.json")
        assert (tmp_path / DATASET_INFO).read_text(encoding="utf-8") == content
        assert summary.trainer_configs == [str(tmp_path / f"sft.{DATASET_INFO}")]


class TestAxolotl:
    @pytest.mark.parametrize("layout", AXOLOTL)
    def test_the_stanza_names_the_file_and_its_fields(self, layout: str, tmp_path: Path) -> None:
        run(tmp_path, sample_of(layout), layout, "sft.jsonl")
        stanza = yaml.safe_load((tmp_path / "sft.axolotl.yml").read_text(encoding="utf-8"))
        (entry,) = stanza["datasets"]
        assert entry["path"] == (tmp_path / "sft.jsonl").as_posix()
        first = json.loads((tmp_path / "sft.jsonl").read_text(encoding="utf-8").splitlines()[0])
        messages = first.get(entry.get("field_messages", ""), [])
        roles = entry.get("message_property_mappings", {"role": "role", "content": "content"})
        assert all(set(message) == set(roles.values()) for message in messages)
        assert stanza.get("rl") == ("dpo" if layout == "dpo_axolotl" else None)

    def test_a_split_for_tests_is_apart(self, tmp_path: Path) -> None:
        run(tmp_path, sample(), "messages", "sft.jsonl", split="train=0.5,test=0.5")
        stanza = yaml.safe_load((tmp_path / "sft.axolotl.yml").read_text(encoding="utf-8"))
        assert [Path(entry["path"]).name for entry in stanza["datasets"]] == ["sft-train.jsonl"]
        assert [Path(entry["path"]).name for entry in stanza["test_datasets"]] == ["sft-test.jsonl"]


def test_nothing_is_written_next_to_standard_output_or_in_a_dry_run(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    summary: TrainingSummary = run(tmp_path, sample(), "messages", "out.jsonl", dry_run=True)
    assert (summary.trainer_configs, summary.outputs) == ([], [])
    assert {path.name for path in tmp_path.iterdir()} == {"annotated.jsonl"}


def test_two_sided_roles_for_trl(tmp_path: Path) -> None:
    """TRL's ``is_conversational``: a list of messages with ``role`` and ``content`` under one of its keys."""
    rows = [row("q", f"a{n}", {**GOOD, "quality": n}) for n in (2, 7)]
    for layout in ("dpo_messages", "kto_messages", "prompt_completion_messages", "grpo"):
        run(tmp_path, rows, layout, "out.jsonl")
        first = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()[0])
        assert all({"role", "content"} == set(message) for message in first["prompt"])
        assert first["prompt"][-1]["role"] == "user"
