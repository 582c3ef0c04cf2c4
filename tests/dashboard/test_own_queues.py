"""The buttons that lead people to their work: of several queues one with open records, for reviewers theirs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sharegpt_argilla.errors import CredentialsError
from sharegpt_argilla.project.dashboard_access import Viewer, open_dashboard
from sharegpt_argilla.records.plan_file import assigned_records, plan_path
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.adjudicate import adjudicate
from sharegpt_argilla.workflows.export_responses import export_responses
from sharegpt_argilla.workflows.people import people
from sharegpt_argilla.workflows.plan import plan
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.dashboard.conftest import Run
from tests.dashboard.test_links import check, links
from tests.dashboard.test_pages import metrics, run_again, words
from tests.embedded import EmbeddedArgilla
from tests.live.rest import PASSWORD, owner_of, signed_in
from tests.projects import ANSWER, Annotator, TestProject, some_rows, write_project, write_rows

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.live, pytest.mark.browser]

ROWS = some_rows(10)
OTHER = {"quality": 1, "intent": ["chat"], "toxicity": "harmful"}


@pytest.fixture(scope="module")
def told(argilla: EmbeddedArgilla, tmp_path_factory: pytest.TempPathFactory) -> tuple[TestProject, Path]:
    """Ten records, four of them for calibration in a dataset of their own, where Ana and Ben differ on each.

    Ana has answered all her other records and three for calibration; Ben all his.
    """
    folder = tmp_path_factory.mktemp("queues")
    project = write_project(folder, Connection(argilla.api_url, argilla.api_key), argilla.home, folder.name)
    project.rewrite(
        assignment={"mode": "links", "overlap": 1, "calibration": {"share": 0.4, "overlap": 2}},
        adjudication={"reviewers": [f"dora-{folder.name}", f"eli-{folder.name}"], "threshold": 0},
    )
    rows = write_rows(folder / "rows.jsonl", ROWS)
    plan(rows, project.config, connection=project.connection)
    push_to_argilla(rows, project.config, connection=project.connection, home=project.home)
    assigned = dict(assigned_records(plan_path(project.config, project.dataset)))
    calibration = [row["id"] for row in ROWS if assigned[row["id"]].calibration]
    for name, values in zip(project.people, (ANSWER, OTHER), strict=True):
        wanted = {row for row, one in assigned.items() if name in one.people}
        left = calibration[-1:] if name == project.people[0] else []
        for person in (project.annotator(name), at_dataset(project, name, "-calibration")):
            for record in person.pending():
                if record["external_id"] in wanted.difference(left):
                    person.answer(record["id"], values=values)
    annotated = folder / "annotated.jsonl"
    export_responses(rows, annotated, project.config, connection=project.connection)
    adjudicate(annotated, project.config, connection=project.connection, home=project.home)
    return project, rows


def at_dataset(project: TestProject, username: str, suffix: str) -> Annotator:
    """Somebody at another dataset of the project."""
    person = project.annotator(username)
    (person.dataset_id,) = [
        item["id"]
        for item in person._call("GET", "/api/v1/me/datasets")["items"]
        if item["name"] == project.dataset + suffix
    ]
    return person


def buttons(page: Any) -> list[str]:
    assert not page.exception, page.exception
    return [one.proto.label for one in page.get("link_button")]


def viewer_of(project: TestProject, username: str) -> Viewer:
    return open_dashboard(username, project.annotator(username).password, project.config, project.home)


def test_the_queue_with_open_records_is_the_one_to_continue(
    browser: Browser, run: Run, told: tuple[TestProject, Path], argilla: EmbeddedArgilla
) -> None:
    """Ana's only open record is for calibration; the button led to the main queue, which is empty for her."""
    ana, ben = (told[0].annotator(name) for name in told[0].people)
    page = run("annotator", Viewer(ana.username, lead=False))
    assert buttons(page) == ["Continue annotating (1 record open)"]
    check(browser, argilla.api_url, ana.username, ana.password, links(page))
    done = run("annotator", Viewer(ben.username, lead=False))
    assert (buttons(done), done.success[0].value) == ([], "No records are open for you now.")


def test_several_open_queues_have_a_button_each(run: Run, told: tuple[TestProject, Path]) -> None:
    ana = told[0].annotator(told[0].people[0])
    answered = next(response for record in ana.search({}) for response in record["responses"])
    ana.withdraw(answered["id"])
    page = run_again(run, "annotator", Viewer(ana.username, lead=False))
    assert buttons(page) == ["Continue annotating (1 record open)", "Annotate calibration (1 record open)"]
    ana.answer(answered["record_id"], values=ANSWER)


def test_a_reviewer_signs_in_to_the_own_reviews(
    browser: Browser, run: Run, told: tuple[TestProject, Path], argilla: EmbeddedArgilla
) -> None:
    """Whoever was a reviewer only was refused as "not in the workspace"."""
    project, _ = told
    name = f"dora-{project.config.parent.name}"
    dora = at_dataset(project, name, "-adjudication")
    viewer = viewer_of(project, name)
    assert (viewer.lead, viewer.annotates, viewer.reviews) == (False, False, True)
    board = run(None, viewer)
    assert [one.value for one in board.title] == ["My reviews"]
    assert buttons(board) == ["Continue reviewing (3 disputed records open)"]
    assert metrics(board) == {"Decided by me": "0", "Drafts": "0", "Discarded": "0"}
    check(browser, argilla.api_url, name, dora.password, links(board))
    decided, begun, _ = dora.pending()
    dora.answer(decided["id"], values=ANSWER)
    dora.answer(begun["id"], "draft", {"quality": 2})
    board = run_again(run, None, viewer)
    assert buttons(board) == ["Continue reviewing (1 disputed record open)"]
    assert metrics(board) == {"Decided by me": "1", "Drafts": "1", "Discarded": "0"}
    found = links(board)
    assert len(found) == 3
    check(browser, argilla.api_url, name, dora.password, found)
    assert not any(person in words(board) for person in project.people)


def test_an_admin_of_the_project_alone_gets_no_link_to_the_reviewers(
    browser: Browser, run: Run, told: tuple[TestProject, Path], argilla: EmbeddedArgilla
) -> None:
    """Argilla answers 403 to whoever is no member of that workspace, unless they own the server."""
    project, _ = told
    name = f"lead-{project.config.parent.name}"
    with owner_of(argilla) as owner:
        owner.user(name, "admin", workspace=project.workspace)
        admin = open_dashboard(name, PASSWORD, project.config, project.home)
        assert (admin.lead, admin.reviews, admin.enters_reviews) == (True, False, False)
        board = run("team", admin)
        queue = "in Argilla: the queue"
        assert queue not in words(board)
        assert "You are not in the reviewers' workspace" in words(board)
        check(browser, argilla.api_url, name, PASSWORD, links(board) | links(run("annotator", admin)))
        workspace = f"{project.workspace}-adjudication"
        key = next(item["id"] for item in owner("GET", "/users")["items"] if item["username"] == name)
        there = {item["name"]: item["id"] for item in owner("GET", "/me/workspaces")["items"]}
        owner("POST", f"/workspaces/{there[workspace]}/users", {"user_id": key})
    admin = open_dashboard(name, PASSWORD, project.config, project.home)
    board = run("team", admin)
    assert (admin.enters_reviews, queue in words(board)) == (True, True)
    check(browser, argilla.api_url, name, PASSWORD, links(board))
    lead = Viewer(argilla.username, lead=True)
    assert queue in words(run("team", lead))


def test_a_lead_who_annotates_has_links_to_the_own_answers_alone(
    browser: Browser, run: Run, told: tuple[TestProject, Path], argilla: EmbeddedArgilla
) -> None:
    """Every answer had a link as soon as one was given, and all of them to the first dataset."""
    project, _ = told
    name = f"busy-{project.config.parent.name}"
    with owner_of(argilla) as owner:
        owner.user(name, "admin", workspace=project.workspace)
        dataset = at_dataset(project, project.people[0], "-calibration").dataset_id
        records = owner("GET", f"/datasets/{dataset}/records")["items"]
        values = {question: {"value": value} for question, value in ANSWER.items()}
        with signed_in(argilla.api_url, name) as admin:
            body = {"status": "submitted", "values": values}
            admin("POST", f"/records/{records[0]['id']}/responses", body)
    board = run_again(run, "team", open_dashboard(name, PASSWORD, project.config, project.home))
    shown = [table.value for table in board.dataframe if "share" in table.value.columns]
    assert {str(answer) for table in shown for answer in table[table["url"] != ""]["value"]} == {
        "6",
        "code",
        "open_qa",
        "none",
    }
    collected = links(board)
    assert sum("response=" in link for link in collected) == 4
    check(browser, argilla.api_url, name, PASSWORD, collected)


def test_whoever_only_reviews_has_a_link_to_the_reviews_alone(told: tuple[TestProject, Path]) -> None:
    """The first link on the sheet was that of the main dataset, which answers 403 to them."""
    project, _ = told
    listed = people(project.config, connection=project.connection, home=project.home).people
    links_of = {person.username: person.links for person in listed}
    dora = at_dataset(project, f"dora-{project.config.parent.name}", "-adjudication")
    assert [dora.dataset_id in link for link in links_of[dora.username]] == [True]
    assert len(links_of[project.people[0]]) == 2


def test_who_reviews_and_who_does_not(run: Run, told: tuple[TestProject, Path]) -> None:
    project, _ = told
    ana, dora, eli = project.people[0], *(f"{name}-{project.config.parent.name}" for name in ("dora", "eli"))
    assert not viewer_of(project, ana).reviews
    assert run("review", Viewer(ana, lead=False)).title.values == []
    viewer, password = viewer_of(project, eli), project.annotator(eli).password
    try:
        project.rewrite(adjudication={"reviewers": [dora]})
        # Still a member of the reviewers' workspace, and no reviewer any more.
        with pytest.raises(CredentialsError, match=f'{eli} is not in the workspace "{project.workspace}"'):
            open_dashboard(eli, password, project.config, project.home)
        assert [one.value for one in run(None, viewer).title] == ["Annotation dashboard"]
        # Listed, and no member yet: `adjudicate` makes her one.
        project.rewrite(adjudication={"reviewers": [ana, dora]})
        both = viewer_of(project, ana)
        assert (both.annotates, both.reviews) == (True, False)
    finally:
        project.rewrite(adjudication={"reviewers": [dora, eli], "threshold": 0})
