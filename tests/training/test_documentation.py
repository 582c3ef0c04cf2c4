"""docs/training-formats.md: every format is there, and each example is what the format writes."""

import json
import re
from pathlib import Path

import pytest

from sharegpt_argilla.cli.main import build_parser
from sharegpt_argilla.training.table import FORMATS
from tests.projects import ROOT
from tests.training.rows import run, sample_of

PAGE = (ROOT / "docs" / "training-formats.md").read_text(encoding="utf-8")
SHOWN = 2
"""Rows of an example."""


def example(folder: Path, layout: str) -> str:
    """What the page shows: the first two rows of the sample; of a table, one."""
    if layout in ("datasets", "parquet", "verl"):
        sample_row = run(folder, sample_of(layout), layout, "out", dry_run=True).sample
        return json.dumps(sample_row, ensure_ascii=False)
    suffix = FORMATS[layout].suffix
    run(folder, sample_of(layout), layout, f"out{suffix}")
    lines = (folder / f"out{suffix}").read_text(encoding="utf-8").splitlines()
    return "\n".join([line for line in lines if line not in ("[", "]")][:SHOWN]).removesuffix(",")


@pytest.mark.parametrize("layout", FORMATS)
def test_each_example_is_what_the_format_writes(layout: str, tmp_path: Path) -> None:
    section = re.search(rf"^### {layout}\n(.*?)(?=^##)", PAGE, re.DOTALL | re.MULTILINE)
    assert section, f"{layout} has no section"
    (block,) = re.findall(r"^```(?:json|csv)\n(.*?)\n```$", section[1], re.DOTALL | re.MULTILINE)
    assert block == example(tmp_path, layout)


@pytest.mark.parametrize("layout", FORMATS)
def test_the_table_has_each_format(layout: str) -> None:
    assert f"| [`{layout}`](#{layout}) | {FORMATS[layout].title} |" in PAGE


def test_the_page_knows_the_options() -> None:
    known = build_parser("training").format_help() + build_parser("import-legacy").format_help()
    for option in set(re.findall(r"--[a-z][a-z-]+", PAGE)) - {"--config"}:
        assert option in known, option
