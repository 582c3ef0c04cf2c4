"""doctor on a real Argilla, and without one."""

import pytest

from sharegpt_argilla.cli import main
from sharegpt_argilla.workflows.plan import plan
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
from tests.embedded import free_port
from tests.projects import TestProject, some_rows, write_rows


def findings(output: str) -> dict[str, tuple[str, str]]:
    return {line.split()[1]: (line.split()[0], line[24:]) for line in output.splitlines()}


@pytest.mark.live
def test_all_is_well(project: TestProject, tmp_path, monkeypatch, capfd) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", some_rows(3))
    push_to_argilla(rows, project.config, connection=project.connection, home=project.home)
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(project.home.path))
    assert main(["doctor", "--config", str(project.config)]) == 0
    results = findings(capfd.readouterr().out)
    assert {mark for mark, _ in results.values()} == {"ok"}
    assert results["connection"][1] == f"{project.connection.api_url} as owner (owner)"
    assert results["server"][1] == "Argilla 2.8.0"
    assert results["records"][1] == "3 in the database, 3 in the search index"


@pytest.mark.live
def test_a_dataset_that_differs_is_wrong(project: TestProject, tmp_path, monkeypatch, capfd) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", some_rows(1))
    push_to_argilla(rows, project.config, connection=project.connection, home=project.home)
    project.rewrite(assignment={"overlap": 4})
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(project.home.path))
    assert main(["doctor", "--config", str(project.config)]) == 1
    mark, text = findings(capfd.readouterr().out)["dataset"]
    assert mark == "WRONG"
    assert "min_submitted: 4 in the file, 1 on the server" in text


@pytest.mark.live
def test_a_renamed_account_is_named_and_put_right_by_the_plan(
    project: TestProject, tmp_path, monkeypatch, capfd
) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", some_rows(6))
    project.rewrite(assignment={"mode": "queue", "calibration": {"share": 0}})
    push_to_argilla(rows, project.config, connection=project.connection, home=project.home)
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(project.home.path))
    ana, ben = project.people
    with project.owner() as owner:
        account = next(one for one in owner.get("/api/v1/users").json()["items"] if one["username"] == ben)
        answer = owner.patch(f"/api/v1/users/{account['id']}", json={"username": f"{ben}-new"})
        assert answer.is_success, answer.text
    assert main(["doctor", "--config", str(project.config)]) == 1
    mark, text = findings(capfd.readouterr().out)["plan"]
    assert (mark, text.split(";")[0]) == ("WRONG", f'no account for "{ben}" (3 records)')
    project.rewrite(people=[{"username": ana}, {"username": f"{ben}-new"}])
    summary = plan(rows, project.config, connection=project.connection, apply=True)
    assert {share.person: share.records for share in summary.shares} == {ana: 3, f"{ben}-new": 3}
    assert (summary.moved, summary.applied) == (3, 3)
    assert main(["doctor", "--config", str(project.config)]) == 0
    assert findings(capfd.readouterr().out)["plan"][1] == "6 records; everybody in it has an account"


def test_without_a_server_it_says_so_and_continues(tmp_path, monkeypatch, capfd) -> None:
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(tmp_path / "home"))
    monkeypatch.setenv("ARGILLA_API_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ARGILLA_API_KEY", "key")
    assert main(["doctor", "--config", str(tmp_path / "none.yml")]) == 1
    found = findings(capfd.readouterr().out)
    assert found["connection"][0] == found["config"][0] == "WRONG"
    assert "server" not in found
    assert found["argilla"] == ("ok", "2.8.0")
