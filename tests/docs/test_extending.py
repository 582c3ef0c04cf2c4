"""docs/extending.md: a copy of the package gets the corpus, the check and the format that the page shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import blocks, spans
from tests.docs.reader import PATH_OF_PROGRAM
from tests.projects import ROOT

PAGE = "docs/extending.md"
ROWS = {
    "corpora": ("from sharegpt_argilla.corpora.faq import FAQ", "FAQ()"),
    "curation": ("from sharegpt_argilla.curation import shouting", "shouting.SHOUTING"),
    "training": (
        "from sharegpt_argilla.training.faq import faq",
        'Instruction("faq", "questions with their answers", faq)',
    ),
}
"""Family -> what the page wants imported into its table, and the row."""


@pytest.fixture
def extended(tmp_path: Path) -> Path:
    """The package with the page's files and rows."""
    package = tmp_path / "sharegpt_argilla"
    shutil.copytree(ROOT / package.name, package, ignore=shutil.ignore_patterns("__pycache__"))
    for block in blocks(PAGE):
        if block.language == "python":
            path = tmp_path / re.match(r"# (\S+)\n", block.text)[1]
            assert not path.exists()
            path.write_text(block.text, encoding="utf-8")
    for family, (imported, row) in ROWS.items():
        assert row in spans(PAGE)
        table = package / family / "table.py"
        head, members = table.read_text(encoding="utf-8").split("\n_MEMBERS", 1)
        members = members.replace("\n)\n", f"\n    {row},\n)\n", 1)
        table.write_text(f"{head}\n{imported}\n_MEMBERS{members}", encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_the_examples_work_and_pass_the_checks(extended: Path) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(extended),
        "PATH": f"{PATH_OF_PROGRAM}:{os.environ['PATH']}",
    }

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=extended, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    for block in blocks(PAGE):
        if block.language == "bash":
            assert block.shown.strip() in run("bash", "-ec", block.text)
    assert '\\"flags\\": [\\"shouting\\"]' in (extended / "curated.jsonl").read_text(encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", extended)
    files = [block.text.split()[1] for block in blocks(PAGE) if block.language == "python"]
    run("ruff", "check", *files)
    run("ruff", "format", "--check", *files)
