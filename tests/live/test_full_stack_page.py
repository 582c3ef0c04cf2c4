"""The stock page in a real browser, on a full stack with the plug-in: own queue, literal text, answers, time.

``FULL_STACK=1`` runs it, as tests/live/test_full_stack.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from sharegpt_argilla.argilla_plugin.team_options import ACTIVE_TIME
from sharegpt_argilla.rows import Pair, build_row
from sharegpt_argilla.settings import Connection, Home
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.browser_contexts import new_context
from tests.e2e.test_annotate import choose, sign_in, submit
from tests.embedded import PATIENCE
from tests.projects import TestProject, read_annotations, write_project, write_rows
from tests.reference.full_stack import full_stack, missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.live,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.environ.get("FULL_STACK") != "1", reason="FULL_STACK=1 runs it"),
]

ROWS = 6
PROMPT = "Why is <Rain number=%d> **wet**, and \\alpha $5?\n    indented"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestProject]:
    assert not missing(), f"not installed: {missing()}"
    folder = tmp_path_factory.mktemp("page")
    pairs = (
        Pair(PROMPT % number, f"Answer {number}.", f"s{number}", 1, "vicuna", "ShareGPT", "human", "gpt")
        for number in range(ROWS)
    )
    rows = write_rows(folder / "rows.jsonl", [build_row(pair, "20230511 15:56:03") for pair in pairs])
    with full_stack(extra={ACTIVE_TIME: "60"}) as stack:
        where = Connection(stack.api_url, stack.api_key)
        project = write_project(folder, where, Home(folder / "home"), "page")
        project.rewrite(assignment={"mode": "queue", "overlap": 1, "calibration": {"share": 0}, "seed": 5})
        push_to_argilla(rows, project.config, connection=where, home=project.home)
        yield project


def test_two_people_work_through_their_own_records(browser: Browser, loaded: TestProject, tmp_path: Path) -> None:
    per_person = ROWS // len(loaded.people)
    for person in loaded.people:
        context = new_context(browser)
        page = context.new_page()
        sign_in(page, loaded, person)
        page.goto(f"{loaded.connection.api_url}/dataset/{loaded.dataset_id()}/annotation-mode")
        for place in range(1, per_person + 1):
            # The page counts the records of the person's own queue, not those of the dataset.
            position = re.compile(rf"\b{place}\s*of {per_person}\b")
            expect(page.locator("body")).to_contain_text(position, timeout=PATIENCE * 1000)
            shown = page.locator("[data-render=plain]").first
            shown.wait_for()
            assert shown.inner_text() in {PROMPT % number for number in range(ROWS)}
            choose(page, "quality_6", "intent_code", "toxicity_none")
            with page.expect_response(lambda answer: "/sharegpt/activity" in answer.url and answer.ok):
                submit(page)
        page.locator(".wrapper--empty").wait_for()
        context.close()

    rows, out = loaded.config.with_name("rows.jsonl"), tmp_path / "annotated.jsonl"
    export_responses(rows, out, loaded.config, connection=loaded.connection)
    given = [response for each in read_annotations(out).values() for response in each["responses"]]
    assert sorted(response["annotator"] for response in given) == sorted(per_person * list(loaded.people))
    assert all(response["values"] == {"quality": 6, "intent": ["code"], "toxicity": "none"} for response in given)
    assert all(response["active"] == "measured" for response in given)
