"""What the reader of a page has when it begins, and what people do in between."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

import sharegpt_argilla
from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.common.jsonl import read_rows
from sharegpt_argilla.responses.merge import Origin, merge
from tests.docs.reader import CONFIG, Reader
from tests.legacy.feedback_dataset import records, write_dataset
from tests.projects import ROOT, write_rows
from tests.training.rows import sample

Preparation = Callable[[Reader], None]
ANSWERS: tuple[dict[str, Any], ...] = (
    {"quality": 6, "intent": ["code"], "toxicity": "none"},
    {"quality": 2, "intent": ["generation"], "toxicity": "none"},
    {"quality": 5, "intent": ["code", "open_qa"], "toxicity": "none"},
    {"quality": 4, "intent": ["generation"], "toxicity": "harmful"},
    {"quality": 7, "intent": ["open_qa"], "toxicity": "none"},
)
"""What is answered, in turn."""


def clone(reader: Reader) -> None:
    """What a clone has."""
    for name in ("examples", "guidelines.md", "notebooks"):
        (reader.folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / CONFIG, reader.folder)
    reader.configure({"workspace": reader.workspace})


def with_rows(reader: Reader) -> None:
    """A clone and ``rows.jsonl``."""
    clone(reader)
    sharegpt_argilla.extract(["examples/sharegpt_vicuna.json"], "vicuna", "rows.jsonl")


def with_a_pilot(reader: Reader) -> None:
    """As `with_rows`, and ``annotated.jsonl``, where ana and ben answered everything, not always the same."""
    with_rows(reader)
    rows = [line.row for line in read_rows("rows.jsonl") if line.row]
    for number, row in enumerate(rows):
        given = [
            Response(
                person, "submitted", ANSWERS[(number + later) % len(ANSWERS)], f"2026-03-01T10:00:{number:02}"
            )
            for person, later in (("ana", 0), ("ben", number % 7 == 0))
        ]
        origin = Origin("pilot", "0123456789ab", list(ANSWERS[0]))
        rows[number] = merge(row, AnsweredRecord(row["id"], "completed", given), origin)
    write_rows(Path("annotated.jsonl"), rows)


def loaded(reader: Reader, **sections: Any) -> None:
    """The rows in Argilla."""
    with_rows(reader)
    reader.configure(sections)
    sharegpt_argilla.push_to_argilla("rows.jsonl")


def annotated(reader: Reader) -> None:
    """Two people have answered everything, not always the same; ``annotated.jsonl`` is there."""
    loaded(reader, assignment={"overlap": 2})
    answer_twice(reader)
    sharegpt_argilla.export_responses("rows.jsonl", "annotated.jsonl")


def answer_twice(reader: Reader) -> None:
    """Ana and ben answer everything and differ at every fifth record."""
    reader.answer("ana", ANSWERS)
    reader.answer("ben", [*ANSWERS[:4], {"quality": 1, "intent": ["chat"], "toxicity": "harmful"}])


def with_a_queue(reader: Reader) -> None:
    """A plan for two, and both have answered what is theirs."""
    loaded(reader, assignment={"mode": "queue", "overlap": 2})
    answer_twice(reader)


def with_another_dataset(reader: Reader) -> None:
    """As `annotated`, and the same rows in a second dataset."""
    annotated(reader)
    own = yaml.safe_load(Path(CONFIG).read_text(encoding="utf-8"))
    Path("other.yml").write_text(yaml.safe_dump(own | {"workspace": "calibration", "dataset": "overlap"}), "utf-8")
    sharegpt_argilla.push_to_argilla("rows.jsonl", "other.yml")


def with_new_questions(reader: Reader) -> None:
    """``new-config.yml``, as the page on assignment describes it."""
    content = yaml.safe_load(Path(CONFIG).read_text(encoding="utf-8")) | {"dataset": "sharegpt-prompts-2"}
    quality, intent, _ = content["questions"]
    quality["values"] = [1, 2, 3, 4, 5]
    intent["name"] = "purpose"
    intent["labels"] = {
        "small_talk" if name == "chat" else name: title
        for name, title in intent["labels"].items()
        if name != "other"
    }
    content["suggestions"] = [{"type": "intent_rules", "question": "purpose"}]
    content["assignment"]["adapt"]["questions"] = ["purpose", "toxicity"]
    Path("new-config.yml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def with_rows_of_the_page(reader: Reader) -> None:
    """The six rows that the page on training formats shows."""
    clone(reader)
    write_rows(Path("annotated.jsonl"), sample())


def from_1_x(reader: Reader) -> None:
    """What ``hf download`` leaves of a FeedbackDataset."""
    clone(reader)
    write_dataset(Path("sharegpt-curation"), records())


def in_a_workspace_of_its_own(reader: Reader) -> None:
    """The project file that ``import-legacy`` wrote."""
    path = Path("project", CONFIG)
    content = yaml.safe_load(path.read_text(encoding="utf-8")) | {"workspace": reader.workspace}
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def made_up(reader: Reader) -> None:
    """What notebooks/train_a_classifier.ipynb does: many examples, answered by words in the prompt."""
    clone(reader)
    spec = importlib.util.spec_from_file_location("made_up_annotators", ROOT / "notebooks/made_up_annotators.py")
    people = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(people)
    text = (ROOT / "notebooks" / "train_a_classifier.ipynb").read_text(encoding="utf-8")
    names = re.findall(r'^ +"    \\"(\w+)\\",\\n"', text, re.MULTILINE)
    files = [path for name in names for path in Path("examples").glob(f"sharegpt_{name}.json*")]
    rows = sharegpt_argilla.extract(files, "auto", "rows.jsonl", create_time="20231101 12:00:00").rows
    sharegpt_argilla.push_to_argilla("rows.jsonl")
    reader.answer("ana", people.careful, limit=rows - 20)
    sharegpt_argilla.export_responses("rows.jsonl", "annotated.jsonl")


def answer_five(reader: Reader) -> None:
    """Ana answers the first five."""
    reader.answer("ana", ANSWERS, limit=5)
