"""The plan on disk."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.cli.main import main
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.records.assignment_plan import Rules, make_plan
from sharegpt_argilla.records.plan_file import assigned_records, changed_rules, plan_path, read_plan, write_plan
from sharegpt_argilla.records.practice import PlanPractice
from tests.projects import ROOT, some_rows, write_rows

RULES = Rules(overlap=2, seed=5, quotas={"ana": 9})
PLAN = make_plan([f"r{number}" for number in range(40)], ["ana", "ben", "cleo", "dan"], RULES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = plan_path(tmp_path / "dataset-config.yml", "my/prompts")
    write_plan(path, PLAN, RULES, None)
    return path


def test_a_plan_is_read_as_it_was_written(path: Path) -> None:
    assert path.name == "my_prompts.plan.jsonl"
    found = read_plan(path)
    assert found is not None
    assert (found.ids, found.people) == (PLAN.ids, PLAN.people)
    assert list(found.records()) == list(PLAN.records())
    assert dict(assigned_records(path)) == dict(PLAN.records())


def test_quotas_may_change_and_the_rest_is_named(path: Path) -> None:
    assert changed_rules(path, Rules(overlap=2, seed=5), None) == []
    assert changed_rules(path, Rules(overlap=1, seed=6), "topic") == ["overlap", "seed", "stratify"]


def test_no_plan_is_none(tmp_path: Path) -> None:
    assert read_plan(tmp_path / "plan.jsonl") is None
    assert assigned_records(tmp_path / "plan.jsonl") == {}


HEADER = '{"plan":1,"records":1,"people":["ana"]}\n'


@pytest.mark.parametrize(
    "content",
    [
        *("", "{}\n", "no\n", '{"plan":1,"records":2,"people":[]}\n', "[" * 100_000, '{"people":[]}\n'),
        HEADER + '{"id":"r","rank":"x","people":["ana"]}\n',
        HEADER + '{"id":"r","rank":1e999,"people":["ana"]}\n',
        HEADER + '{"id":"r","rank":99999999999999999999,"people":["ana"]}\n',
        HEADER + '{"id":"r","rank":[1],"people":["ana"]}\n',
        HEADER + "[" * 100_000,
    ],
    ids=range(11),
)
def test_a_damaged_plan_is_refused(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="is not a plan, or damaged"):
        read_plan(path)


def test_a_plan_by_command_without_any_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARGILLA_HOME_PATH", str(tmp_path / "home"))
    content = yaml.safe_load((ROOT / "dataset-config.yml").read_text(encoding="utf-8"))
    assignment = {"mode": "queue", "overlap": 2, "stratify": "turn", "quotas": {"ana": 4}}
    people = [{"username": name} for name in ("ana", "ben", "cleo")]
    config = tmp_path / "c.yml"
    config.write_text(yaml.safe_dump(content | {"assignment": assignment, "people": people}), encoding="utf-8")
    (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
    command = ["plan", str(write_rows(tmp_path / "rows.jsonl", some_rows(10))), "--config", str(config)]
    for arguments, verb in ((["--dry-run"], "records would be planned, 10 new"), ([], "records planned ->")):
        assert main([*command, *arguments]) == 0
        out, err = capfd.readouterr()
        assert [line.split()[:2] for line in out.splitlines()[:2]] == [["person", "records"], ["ana", "4"]]
        assert verb in err
    assert "ben and cleo: " in out
    loads = read_plan(tmp_path / "sharegpt-prompts.plan.jsonl").loads()
    assert loads["ana"] == 4
    assert abs(loads["ben"] - loads["cleo"]) <= 1
    assert main(command) == 0
    assert "10 records planned" in capfd.readouterr().err
    assignment["stratify"] = "topic"
    config.write_text(yaml.safe_dump(content | {"assignment": assignment, "people": people}), encoding="utf-8")
    assert main(command) == 2
    assert "changed since the plan was made" in capfd.readouterr().err
    (tmp_path / "sharegpt-prompts.plan.jsonl").unlink()
    assert main(command) == 2
    assert "no row of" in capfd.readouterr().err
    config.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert main(command) == 2
    assert "assignment.mode is open" in capfd.readouterr().err


@given(st.lists(st.text(max_size=3), unique=True, max_size=30))
def test_records_by_id_are_those_of_the_plan(ids: list[str]) -> None:
    plan = make_plan(ids, ["ana", "ben", "cleo"], Rules(overlap=2, seed=1))
    held = replace(plan, practice=PlanPractice(rows=ids[:1], held=["ben"]))
    for each in (plan, held):
        by_id = each.offered_by_id()
        assert dict(by_id) == dict(each.offered())
        assert (list(by_id), len(by_id)) == (ids, len(ids))
        assert by_id.get("none of them") is None
