"""A custom field in the real page shows the corpus as text, whatever the corpus tries."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from sharegpt_argilla.rows import read_extension, row_id, with_extension
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.browser_contexts import new_context
from tests.e2e.test_annotate import sign_in
from tests.projects import ROOT, TestProject, some_rows, write_rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

STEAL = "window.top.stolen=1"


def test_no_text_of_the_corpus_runs(project: TestProject, tmp_path: Path, browser: "Browser") -> None:
    configs = ROOT / "examples" / "configs"
    for name in ("preferences.html", "preferences.md"):
        shutil.copy(configs / name, tmp_path)
    content = yaml.safe_load((configs / "preferences.yml").read_text(encoding="utf-8"))
    there = {"workspace": project.workspace, "dataset": project.dataset}
    people = [{"username": project.people[0]}]
    project.config.write_text(yaml.safe_dump(content | there | {"people": people}), encoding="utf-8")
    (row,) = some_rows(1)
    row["答"] = f"First. </script><script>{STEAL}</script><img src=x onerror={STEAL}>"
    other = f"Second. $'<img src=x onerror={STEAL}> #TEMPLATE#<img src=x onerror={STEAL}>"
    row = with_extension(row, {**read_extension(row), "other_response": other})
    row["id"] = row_id(row)
    rows = write_rows(tmp_path / "rows.jsonl", [row])
    push_to_argilla(rows, project.config, connection=project.connection, home=project.home)
    page = new_context(browser).new_page()
    sign_in(page, project, project.people[0])
    page.goto(f"{project.connection.api_url}/dataset/{project.dataset_id()}/annotation-mode")
    first, second = (page.frame_locator("iframe").locator("section").nth(place) for place in (0, 1))
    first.get_by_text("First.").wait_for()
    assert f"onerror={STEAL}" in first.inner_text()
    assert second.inner_text().replace("\u2060", "").endswith(other)
    # What would run has been parsed by now; the question below the frame is the last thing drawn.
    page.wait_for_selector("form.questions-form")
    assert page.evaluate("window.stolen") is None
    page.close()
