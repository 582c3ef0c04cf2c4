"""Every notebook runs on a copy, against a real Argilla; none is kept with outputs, its page has them."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.embedded import PATIENCE, EmbeddedArgilla
from tests.projects import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OF_A_MACHINE = re.compile(r"/(?:tmp|home|root|Users|var)/|127\.0\.0\.1|localhost|api_key")
TITLES = {"explore_corpus", "annotation_round_trip", "agreement_report", "train_a_classifier"}


def test_the_notebooks_are_there_and_listed() -> None:
    assert {path.stem for path in NOTEBOOKS} == TITLES
    listed = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS if f"({path.name})" not in listed] == []
    assert {path.stem for path in (ROOT / "docs" / "notebooks").glob("*.md")} == TITLES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.source for cell in cells if cell.outputs or cell.execution_count is not None] == []
    assert any("alt.Chart(" in cell.source for cell in cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_page_is_of_this_notebook_and_of_no_machine(path: Path) -> None:
    page = (ROOT / "docs" / "notebooks" / f"{path.stem}.md").read_text(encoding="utf-8")
    rest = page
    for cell in nbformat.read(path, as_version=4).cells:
        _before, source, rest = rest.partition(cell.source.replace("](../docs/", "](../"))
        assert source, "run `make docs`"
    pictures = re.findall(r"!\[A chart of [^]]+\]\(([\w.-]+\.svg)\)", page)
    texts = [(ROOT / "docs" / "notebooks" / name).read_text(encoding="utf-8") for name in pictures]
    assert texts
    assert all(text.startswith("<svg") for text in texts)
    assert [found for text in (page, *texts) for found in OF_A_MACHINE.findall(text)] == []


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, argilla: EmbeddedArgilla, tmp_path: Path, monkeypatch) -> None:
    for name in ("examples", "dataset-config.yml", "guidelines.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(argilla.home.path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("ARGILLA_API_URL", "ARGILLA_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    notebook = nbformat.read(tmp_path / "notebooks" / path.name, as_version=4)
    client = NotebookClient(
        notebook, timeout=PATIENCE, resources={"metadata": {"path": str(tmp_path / "notebooks")}}
    )
    client.execute()
    results = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert any("vega" in str(output.get("data")) for output in results)
    said = [output.text for output in results if output.output_type == "stream" and output.name == "stderr"]
    # Libraries miss ipywidgets for their bars; ours need none.
    assert [text for text in said if "TqdmWarning" not in text] == []
