"""The section on practice is followed: three newcomers, its gold line, its command, and what that says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import sharegpt_argilla
from sharegpt_argilla.common.jsonl import read_rows
from tests.docs.pages import blocks
from tests.docs.preparations import with_rows
from tests.docs.reader import Reader
from tests.projects import ROOT

PAGE = "docs/adjudication.md"
SECTION = ("## Practice: newcomers begin with gold", "## Adjudication: a reviewer decides")
PEOPLE = ("ana", "ben", "cleo")
RIGHT = {"quality": 4, "intent": ["code"], "toxicity": "none"}
WRONG = RIGHT | {"toxicity": "harmful"}


def section() -> str:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    return text[text.index(SECTION[0]) : text.index(SECTION[1])]


def project_file(beginning: str) -> dict[str, Any]:
    """What the section puts into the project file, by how it begins."""
    return dict(yaml.safe_load(re.search(rf"`({beginning}.+?)`", section())[1]))


def newcomers(reader: Reader) -> None:
    """A project of three, none of whom has begun, with the section's practice and enough gold rows."""
    with_rows(reader)
    practice = project_file("practice: {gold")
    (line,) = [json.loads(block.text) for block in blocks(PAGE, *SECTION) if block.language == "json"]
    ids = [read.row["id"] for read in read_rows("rows.jsonl") if read.row][: practice["practice"]["gold"]]
    gold = [{"id": identifier, "gold": line["gold"], "reason": line["reason"]} for identifier in ids]
    Path("gold.jsonl").write_text("".join(json.dumps(row) + "\n" for row in gold), encoding="utf-8")
    people = [{"username": name} for name in PEOPLE]
    reader.configure(
        {"people": people, "assignment": {"mode": "queue"}, "gold": {"file": "gold.jsonl"}, **practice}
    )
    sharegpt_argilla.push_to_argilla("rows.jsonl")


@pytest.mark.live
def test_newcomers_practise_as_the_page_says(reader: Reader) -> None:
    reader.workspace = "docs-practice"
    newcomers(reader)
    reader.answer("ana", [RIGHT])
    reader.answer("ben", [*[RIGHT] * 6, *[WRONG] * 4])
    reader.answer("cleo", [RIGHT], limit=3)
    (command,) = [block for block in blocks(PAGE, *SECTION) if "--apply" in block.text and "rows" in block.text]
    said = reader.run(command, command.text)
    assert "practice: 1 passed, 1 practising, 1 failed, 0 exempt" in said
    shown = re.findall(r"`(\d+ of \d+ .+?)`", section())
    assert shown == ["3 of 10 answered", "6 of 10 right, 8 wanted"]
    assert f"cleo: practising, {shown[0]}; no other records yet" in said
    assert f"ben: failed, {shown[1]}; no other records yet" in said
    # The lead lets ben in, in the page's words.
    practice = {**project_file("practice: {gold")["practice"], **project_file("practice: {exempt")["practice"]}
    reader.configure({"practice": practice})
    said = reader.run(command, command.text)
    assert "practice: 1 passed, 1 practising, 0 failed, 1 exempt" in said
