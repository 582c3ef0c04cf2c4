"""Each page is followed from top to bottom: commands and Python run, YAML goes into the project file.

A page has a folder, a workspace and an empty home of its own, and the session's Argilla. What its reader has when
it begins is prepared by the functions of tests/docs/reader.py.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from sharegpt_argilla.cli.main import build_parser
from sharegpt_argilla.config import ProjectConfig, load_project
from sharegpt_argilla.config.label_map import load_label_map
from sharegpt_argilla.rows import check_row, read_extension, with_extension
from tests.docs.exceptions import ELSEWHERE, IN_A_TERMINAL_OF_ITS_OWN, PLACEHOLDERS
from tests.docs.pages import PROGRAM, Block, blocks, for_a_shell
from tests.docs.preparations import (
    Preparation,
    annotated,
    answer_five,
    answer_twice,
    clone,
    from_1_x,
    in_a_workspace_of_its_own,
    loaded,
    made_up,
    with_a_pilot,
    with_a_queue,
    with_another_dataset,
    with_new_questions,
    with_rows,
    with_rows_of_the_page,
)
from tests.docs.reader import CONFIG, Reader

NOT_HERE = {**ELSEWHERE, **IN_A_TERMINAL_OF_ITS_OWN, **PLACEHOLDERS}


@dataclass(frozen=True)
class Story:
    """What a page takes for granted.

    Attributes:
        begin: makes what the page's reader has when the page begins.
        after: command -> what people do once it has run for the first time.
        since: the heading at which the story begins; "" for the top.
    """

    begin: Preparation
    after: Mapping[str, Preparation] = field(default_factory=dict)
    since: str = ""


STORIES = {
    "README.md": Story(clone, {"push-to-argilla": answer_five}, since="## With your own chats"),
    "docs/adjudication.md": Story(with_a_queue),
    "docs/agreement.md": Story(annotated),
    "docs/assignment.md": Story(with_a_pilot, {"people": with_new_questions}),
    "docs/confidence.md": Story(with_rows),
    "docs/configuration.md": Story(loaded),
    "docs/curation.md": Story(clone),
    "docs/deployment.md": Story(clone),
    "docs/descriptives.md": Story(clone),
    "docs/export.md": Story(with_another_dataset),
    "docs/extract.md": Story(clone),
    "docs/from-argilla-1.md": Story(from_1_x, {"import-legacy": in_a_workspace_of_its_own}),
    "docs/gallery.md": Story(clone),
    "docs/json.md": Story(clone),
    "docs/suggestions.md": Story(clone),
    "docs/train.md": Story(made_up),
    "docs/training-formats.md": Story(with_rows_of_the_page),
    "docs/tutorial.md": Story(clone, {"push-to-argilla": answer_twice}),
    "examples/configs/README.md": Story(clone),
}
CHECKED_ELSEWHERE = {
    ("README.md", "text"): "tests/e2e/test_newcomer.py",
    ("docs/active-time.md", "text"): "tests/live/test_active_time.py",
    ("docs/architecture.md", "text"): "tests/test_architecture.py",
    ("docs/corpora.md", "text"): "tests/docs/test_corpora_page.py",
    ("docs/deployment.md", "nginx"): "nobody: it needs nginx",
    ("docs/deployment.md", "text"): "here, as a crontab",
    ("docs/executors.md", "text"): "tests/common/test_executors.py",
    ("docs/executors.md", "toml"): "tests/common/test_executors.py",
    ("docs/export.md", "text"): "here, as a crontab",
    ("docs/extending.md", "toml"): "tests/docs/test_extending.py",
    ("docs/training-formats.md", "csv"): "tests/training/test_documentation.py",
}
"""Page and language of blocks that are not followed here -> who checks them."""
CRONTAB = re.compile(r"(?:[\d*/,-]+ ){5}(.+)")
# JSON that is not a row, nor a part of one.
OTHER_JSON = {
    "docs/corpora.md": "tests/docs/test_corpora_page.py",
    "docs/training-formats.md": "tests/training/test_documentation.py",
}


@pytest.mark.live
@pytest.mark.parametrize("page", STORIES)
def test_a_reader_can_follow(page: str, reader: Reader) -> None:
    reader.workspace = "-".join(["docs", *Path(page.lower()).with_suffix("").parts])
    story = STORIES[page]
    story.begin(reader)
    waiting = dict(story.after)
    for block in blocks(page, story.since):
        follow(block, reader)
        for command in [command for command in waiting if f"{PROGRAM} {command} " in block.text]:
            waiting.pop(command)(reader)
    assert waiting == {}


def follow(block: Block, reader: Reader) -> None:
    """Do what a block wants done."""
    match block.language:
        case "bash" | "inline":
            run(block, reader)
        case "ini":
            take_unit(block)
        case "text" if found := CRONTAB.match(block.text):
            # A % is escaped in a crontab.
            reader.run_in_a_shell(block, reader.like_here(found[1].replace("\\%", "%")))
        case "python":
            exec(compile(block.text, f"{block.page}:{block.line}", "exec"), {"__name__": "__main__"})
        case "yaml":
            take_yaml(yaml.safe_load(block.text), reader)
        case "json" if block.page not in OTHER_JSON:
            take_json(json.loads(block.text), reader)


def run(block: Block, reader: Reader, leave_out: Sequence[str] = ()) -> None:
    """The commands of a block; what they say is what the page shows."""
    said = ""
    for line in block.lines:
        command = reader.like_here(line)
        if line in NOT_HERE or line in leave_out or line.startswith("make "):
            continue
        if line.startswith("export "):
            os.environ.update(re.findall(r"(\w+)=(\S*)", command))
        elif for_a_shell(line):
            said += reader.run_in_a_shell(block, command)
        else:
            said += reader.run(block, command)
    if block.shown:
        shown, found = without_figures(block.shown), without_figures(reader.like_the_page(said))
        assert found.strip().endswith(shown.strip()), f"{block.page}:{block.line} is answered by\n{said}"


def without_figures(text: str) -> str:
    """Scores depend on the machine's arithmetic in their last digits, and accounts may be there already."""
    return re.sub(r", account \w+", "", re.sub(r"\b[01]\.\d\d\b", "0.00", text))


def take_unit(block: Block) -> None:
    """A unit of systemd starts a command with options that it has."""
    unit: Any = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str
    unit.read_string(block.text)
    program, command, *arguments = shlex.split(unit["Service"]["ExecStart"])
    assert program.endswith(f"/.venv/bin/{PROGRAM}")
    build_parser(command).parse_args(arguments)


def take_yaml(content: dict[str, Any], reader: Reader) -> None:
    """Sections go into the project file, which is then read; a label map is a file of its own."""
    if "services" in content:
        return
    if "names" in content:
        Path("labels.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
        load_label_map("labels.yml")
        return
    assert set(content) <= set(ProjectConfig.model_fields)
    if "workspace" in content:
        Path("whole.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
        load_project("whole.yml")
        return
    reader.configure(content)
    load_project(CONFIG)


def take_json(content: dict[str, Any], reader: Reader) -> None:
    """A row is a row; a line of a gold file goes into it; what is part of a row's extension fits into one."""
    if "问" in content:
        check_row(content)
    elif "gold" in content and "id" in content:
        Path("gold.jsonl").write_text(json.dumps(content) + "\n", encoding="utf-8")
    else:
        row = json.loads(blocks("docs/row-format.md")[0].text)
        assert (
            read_extension(check_row(with_extension(row, {**read_extension(row), **content}))).items()
            >= content.items()
        )
