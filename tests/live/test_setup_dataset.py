"""setup-dataset on a real Argilla."""

import stat
from typing import Any

import pytest
import yaml

from sharegpt_argilla.argilla_client.accounts import ensure_people
from sharegpt_argilla.argilla_client.connection import connect
from sharegpt_argilla.argilla_client.dataset_on_server import find_dataset
from sharegpt_argilla.config import Person, load_project
from sharegpt_argilla.errors import CredentialsError, DatasetDiffersError
from sharegpt_argilla.settings import Connection, add_credentials, find_password
from sharegpt_argilla.workflows.setup_dataset import setup_dataset
from tests.projects import TestProject

pytestmark = pytest.mark.live


def setup(project: TestProject, **options: Any):
    return setup_dataset(project.config, connection=project.connection, home=project.home, **options)


def test_everything_is_made_once(project: TestProject) -> None:
    assert setup(project).created == [
        f"workspace {project.workspace}",
        f"dataset {project.dataset}",
        *(f"account {username}" for username in project.people),
    ]
    assert setup(project).created == []


def test_the_dataset_is_what_the_file_says(project: TestProject) -> None:
    setup(project)
    base = f"/api/v1/datasets/{project.dataset_id()}"
    with project.owner() as owner:
        dataset = owner.get(base).json()
        fields = owner.get(f"{base}/fields").json()["items"]
        questions = owner.get(f"{base}/questions").json()["items"]
        metadata = owner.get(f"/api/v1/me{base.removeprefix('/api/v1')}/metadata-properties").json()["items"]
    config = load_project(project.config)
    assert dataset["status"] == "ready"
    assert dataset["guidelines"] == config.guidelines
    assert dataset["distribution"] == {"strategy": "overlap", "min_submitted": 1}
    assert [field["name"] for field in fields] == ["prompt", "response", "context"]
    assert all(field["settings"]["use_markdown"] for field in fields)
    assert [(q["name"], q["settings"]["type"]) for q in questions] == [
        ("quality", "rating"),
        ("intent", "multi_label_selection"),
        ("toxicity", "label_selection"),
    ]
    for item in metadata:
        bounds = item["settings"]
        assert bounds.get("values") or (bounds["min"] is not None and bounds["max"] is not None)


def test_how_texts_are_shown_is_stored_and_may_change(project: TestProject) -> None:
    setup(project)
    url = f"/api/v1/datasets/{project.dataset_id()}"
    with project.owner() as owner:
        assert owner.get(url).json()["metadata"] == {
            "render": {"prompt": "plain", "response": "auto", "context": "auto"}
        }
        # As a dataset from before this was stored, with a note of somebody else's.
        for metadata in (None, {"note": "ours"}):
            owner.patch(url, json={"metadata": metadata})
        fields = yaml.safe_load(project.config.read_text(encoding="utf-8"))["fields"]
        project.rewrite(fields=[{**fields[0], "render": "markdown"}, *fields[1:]])
        assert setup(project).created == ["how texts are shown"]
        assert owner.get(url).json()["metadata"] == {
            "note": "ours",
            "render": {"prompt": "markdown", "response": "auto", "context": "auto"},
        }
    assert setup(project).created == []


def test_people_can_sign_in_and_the_sheet_is_private(project: TestProject) -> None:
    setup(project)
    assert stat.S_IMODE(project.home.credentials.stat().st_mode) == 0o600
    for username in project.people:
        assert project.annotator(username).search({}) == []


def test_a_password_that_was_written_before_the_account_was_made_is_used(project: TestProject) -> None:
    add_credentials(project.home, project.people[0], "from-the-first-try", "annotator", project.connection.api_url)
    setup(project)
    assert find_password(project.home, project.people[0], project.connection.api_url) == "from-the-first-try"
    assert project.annotator(project.people[0]).password == "from-the-first-try"


def test_a_person_who_is_taken_out_of_the_file_keeps_the_account(project: TestProject) -> None:
    setup(project)
    project.rewrite(people=[])
    assert setup(project).created == []
    assert project.annotator(project.people[1]).search({}) == []


@pytest.mark.parametrize(
    ("sections", "difference"),
    [
        ({"assignment": {"overlap": 2}}, "min_submitted: 2 in the file, 1 on the server"),
        ({"metadata": []}, 'metadata property "turn" is on the server, not in the file'),
        (
            {
                "questions": [{"name": "quality", "type": "rating", "title": "How good is it?", "values": [1, 2]}],
                "suggestions": [],
            },
            'question "quality" option 3 is on the server, not in the file',
        ),
        (
            {
                "fields": [{"name": "text", "title": "T", "type": "text", "content": "prompt", "required": True}],
                "metadata": [],
            },
            'field "text" is in the file, not on the server',
        ),
    ],
)
def test_a_dataset_that_differs_is_refused(project: TestProject, sections: dict, difference: str) -> None:
    setup(project)
    project.rewrite(**sections)
    with pytest.raises(DatasetDiffersError) as caught:
        setup(project)
    assert difference in str(caught.value)
    assert "\n" not in str(caught.value)


def test_new_guidelines_are_uploaded_only_when_asked(project: TestProject) -> None:
    setup(project)
    guidelines = project.config.with_name("guidelines.md")
    guidelines.write_text("# New\n", encoding="utf-8")
    with pytest.raises(DatasetDiffersError, match="--update-guidelines"):
        setup(project)
    assert setup(project, update=True).created == ["new guidelines"]
    assert setup(project).created == []


def test_a_draft_left_by_a_setup_that_was_cut_off_is_made_anew(project: TestProject) -> None:
    setup(project)
    other = project.config.with_name("other.yml")
    other.write_text(project.config.read_text().replace(project.dataset, f"{project.dataset}-2"))
    with project.owner() as owner:
        workspace_id = owner.get(f"/api/v1/datasets/{project.dataset_id()}").json()["workspace_id"]
        owner.post("/api/v1/datasets", json={"name": f"{project.dataset}-2", "workspace_id": workspace_id})
    summary = setup_dataset(other, connection=project.connection, home=project.home)
    assert summary.created == [f"dataset {project.dataset}-2"]
    with connect(project.connection) as client:
        found = find_dataset(client, project.workspace, f"{project.dataset}-2")
    assert found
    assert found.ready


def test_a_dry_run_makes_nothing(project: TestProject) -> None:
    planned = setup(project, dry_run=True).created
    assert planned == setup(project).created


def test_an_annotator_cannot_set_up(project: TestProject) -> None:
    setup(project)
    key = _key_of(project, project.people[0])
    connection = Connection(project.connection.api_url, key)
    project.rewrite(workspace=f"{project.workspace}-2")
    with pytest.raises(CredentialsError, match="may not do that"):
        setup_dataset(project.config, connection=connection, home=project.home)


def test_an_admin_who_is_a_member_can_run_it_again(project: TestProject) -> None:
    setup(project)
    admin = f"admin-{project.workspace}"
    with project.owner() as owner:
        workspace_id = owner.get(f"/api/v1/datasets/{project.dataset_id()}").json()["workspace_id"]
    with connect(project.connection) as client:
        ensure_people(client, workspace_id, [Person(username=admin, role="admin")], project.home)
    connection = Connection(project.connection.api_url, _key_of(project, admin))
    assert setup_dataset(project.config, connection=connection, home=project.home).created == []


def _key_of(project: TestProject, username: str) -> str:
    with project.owner() as owner:
        users = owner.get("/api/v1/users").json()["items"]
    return next(user["api_key"] for user in users if user["username"] == username)
