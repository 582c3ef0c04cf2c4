"""The personal links of a project that is planned by links, in a browser."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sharegpt_argilla.records.plan_file import assigned_records, plan_path
from sharegpt_argilla.workflows.people import people
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.browser_contexts import new_context
from tests.e2e.test_annotate import sign_in
from tests.projects import TestProject, some_rows, write_rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]


def test_a_link_shows_what_is_theirs_and_pending(project: TestProject, tmp_path: Path, browser: "Browser") -> None:
    project.rewrite(assignment={"overlap": 1, "mode": "links", "calibration": {"share": 0}})
    rows = write_rows(tmp_path / "rows.jsonl", some_rows(9))
    push_to_argilla(rows, project.config, connection=project.connection, home=project.home)
    assigned = assigned_records(plan_path(project.config, project.dataset))
    found = people(project.config, connection=project.connection, home=project.home).people
    person = project.annotator(found[0].username)
    mine = {row: one.rank for row, one in assigned.items() if person.username in one.people}
    (link,) = found[0].links
    page = new_context(browser).new_page()
    sign_in(page, project, person.username)
    with page.expect_response(lambda response: "records/search" in response.url) as answer:
        page.goto(link)
    shown = [item["record"]["external_id"] for item in answer.value.json()["items"]]
    assert shown == sorted(mine, key=lambda row: mine[row])
    assert answer.value.json()["total"] == len(mine)
    page.close()
