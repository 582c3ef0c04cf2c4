"""What an agent suggested is preselected on the page, and the queue can be filtered by it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.browser_contexts import new_context
from tests.e2e.test_annotate import sign_in
from tests.live.test_suggestions import ROWS, RULES
from tests.projects import TestProject, write_rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.live, pytest.mark.browser]


def test_suggestions_are_preselected_and_filter_the_queue(
    browser: Browser, project: TestProject, tmp_path: Path
) -> None:
    project.rewrite(suggestions=RULES)
    path = write_rows(tmp_path / "rows.jsonl", ROWS)
    push_to_argilla(path, project.config, connection=project.connection, home=project.home)
    context = new_context(browser)
    page = context.new_page()
    sign_in(page, project, project.people[0])

    shown = open_queue(page, project, "suggestion=intent.agent.intent_rules")
    assert "1 of 2 " in shown
    shown = open_queue(page, project, "suggestion=toxicity.value.values.harmful")
    assert "1 of 1 " in shown
    assert "Write a Python function" in shown
    assert page.locator("#intent_code").is_checked()
    assert page.locator("#toxicity_harmful").is_checked()
    assert not page.locator("#intent_rewrite").is_checked()
    assert "1 of 1 " in open_queue(page, project, "suggestion=toxicity.score.ge0.95.le1")
    context.close()


def open_queue(page: Page, project: TestProject, query: str) -> str:
    """Open the pending records with a query in the address; give the text of the page, white space folded."""
    url = f"{project.connection.api_url}/dataset/{project.dataset_id()}/annotation-mode"
    with page.expect_response(lambda response: "/records/search" in response.url and response.ok):
        page.goto(f"{url}?page=1&status=pending&{query}")
    page.wait_for_load_state("networkidle")
    return " ".join(page.locator("body").inner_text().split())
