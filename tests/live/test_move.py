"""One Argilla copied to another over REST: everything arrives, twice is once, and what is missing is said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from sharegpt_argilla.argilla_client import copying as copied_records
from sharegpt_argilla.argilla_client.responses_on_server import response_times
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.common.contract_keys import COPIED_ANSWERS
from sharegpt_argilla.errors import CredentialsError, DatasetDiffersError, ServerUnreachableError, UsageError
from sharegpt_argilla.settings import Home, find_password
from sharegpt_argilla.workflows.move import MovedDataset, move
from tests.embedded import EmbeddedArgilla, embedded_argilla
from tests.live.rest import COMMENT, RATING, Rest, owner_of, signed_in

pytestmark = [pytest.mark.live, pytest.mark.slow]

RECORDS = 450


def labels(kind: str, *values: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "options": [{"value": value, "text": value.title()} for value in values], **more}


QUESTIONS: list[dict[str, Any]] = [
    RATING,
    COMMENT,
    {"name": "label", "title": "L", "description": "One", "settings": labels("label_selection", "a", "b")},
    {
        "name": "labels",
        "title": "M",
        "settings": labels("multi_label_selection", "a", "b", "c", visible_options=3),
    },
    {"name": "ranks", "title": "R", "settings": labels("ranking", "a", "b")},
    {"name": "spans", "title": "S", "settings": labels("span", "x", field="prompt", allow_overlapping=True)},
]
FIELDS: list[dict[str, Any]] = [
    {"name": "prompt", "title": "Prompt", "required": True, "settings": {"type": "text", "use_markdown": True}},
    {"name": "chat", "title": "Chat", "settings": {"type": "chat", "use_markdown": True}},
    {"name": "image", "title": "Image", "settings": {"type": "image"}},
    {"name": "own", "title": "Own", "settings": {"type": "custom", "template": "<b>{{own.x}}</b>"}},
]
METADATA = [
    {"name": "kind", "title": "Kind", "settings": {"type": "terms"}, "visible_for_annotators": False},
    {"name": "size", "title": "Size", "settings": {"type": "integer", "min": 0, "max": 1000}},
    {"name": "score", "title": "Score", "settings": {"type": "float"}},
]
VALUES = {
    "quality": {"value": 3},
    "comment": {"value": "Well — 好"},
    "label": {"value": "b"},
    "labels": {"value": ["a", "c"]},
    "ranks": {"value": [{"value": "b", "rank": 1}, {"value": "a", "rank": 2}]},
    "spans": {"value": [{"label": "x", "start": 0, "end": 4}]},
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedArgilla]:
    """An Argilla with one of everything."""
    with embedded_argilla(tmp_path_factory.mktemp("source")) as running:
        with owner_of(running) as owner:
            fill(running, owner)
        yield running


def fill(argilla: EmbeddedArgilla, owner: Rest) -> None:
    dataset = owner.dataset(
        "team",
        "everything",
        fields=FIELDS,
        questions=QUESTIONS,
        metadata=METADATA,
        vectors=[{"name": "meaning", "title": "Meaning", "dimensions": 3}],
        guidelines="# Be kind\n\nAlways.",
        allow_extra_metadata=True,
        distribution={"strategy": "overlap", "min_submitted": 2},
    )
    owner(
        "POST",
        "/datasets",
        {"name": "a draft", "workspace_id": owner("GET", f"/datasets/{dataset}")["workspace_id"]},
    )
    owner.dataset("team", "no records yet")
    for username, role in [("ana", "annotator"), ("ben", "annotator"), ("adm", "admin")]:
        owner.user(username, role, workspace="team")
    owner.user("nobody")
    owner("POST", "/workspaces", {"name": "empty"})
    questions = {item["name"]: item["id"] for item in owner("GET", f"/datasets/{dataset}/questions")["items"]}
    bodies = [record(number, questions) for number in range(RECORDS)]
    ids = owner.load(dataset, bodies[:250]) + owner.load(dataset, bodies[250:])
    with signed_in(argilla.api_url, "ana") as ana, signed_in(argilla.api_url, "ben") as ben:
        for identifier in ids[:3]:
            ana("POST", f"/records/{identifier}/responses", {"status": "submitted", "values": VALUES})
        ana.answer(ids[3], "draft", comment="half")
        ana("POST", f"/records/{ids[4]}/responses", {"status": "discarded"})
        ben.answer(ids[0], quality=7)


def record(number: int, questions: dict[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        # One in ten has no id of its own.
        "external_id": None if number % 10 == 9 else f"e{number}",
        "fields": {
            "prompt": f"Question {number} 雨",
            "chat": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}],
            "image": "https://images.example/a.png",
            "own": {"x": number, "y": [1, None]},
        },
        "metadata": {"kind": ["a", "b"], "size": number, "score": number / 8, "extra": {"deep": [1]}},
        "vectors": {"meaning": [number / 4, 1.0, -0.5]},
    }
    if number % 2:
        labels = {"question_id": questions["labels"], "value": ["a", "b"], "score": [0.25, 1.0], "agent": "m-1"}
        rating = {"question_id": questions["quality"], "value": 5, "type": "model", "score": 0.5}
        body["suggestions"] = [labels, rating]
    return body


@pytest.fixture
def target(tmp_path) -> Iterator[EmbeddedArgilla]:
    with embedded_argilla(tmp_path / "target") as running:
        yield running


def contents(owner: Rest, name: str = "everything") -> dict[str, Any]:
    """A dataset without ids and times that a server gives itself, but those of answers; people by their names."""
    users = {item["id"]: item["username"] for item in owner("GET", "/users")["items"]}
    (dataset,) = [item for item in owner("GET", "/me/datasets")["items"] if item["name"] == name]
    path = f"/datasets/{dataset['id']}"
    questions = {item["id"]: item["name"] for item in owner("GET", f"{path}/questions")["items"]}
    records = {}
    for offset in range(0, RECORDS, 250):
        include = ["responses", "suggestions", "vectors"]
        page = owner("GET", f"{path}/records", offset=offset, limit=250, include=include)
        for item in page["items"]:
            # Of a copy they are in the metadata, and the same.
            copied = (item["metadata"] or {}).pop(COPIED_ANSWERS, {})
            responses = {
                users[r["user_id"]]: (r["status"], r["values"] or {}, response_times(r, copied))
                for r in item["responses"]
            }
            suggestions = {
                questions[s["question_id"]]: (s["value"], s["score"], s["agent"], s["type"])
                for s in item["suggestions"]
            }
            key = item["fields"]["prompt"]
            values = {k: item[k] for k in ("fields", "metadata", "vectors", "status")}
            records[key] = {**values, "responses": responses, "suggestions": suggestions}
    parts = [f"{path}/fields", f"{path}/questions", f"{path}/vectors-settings", f"/me{path}/metadata-properties"]
    kept = ("name", "title", "description", "required", "settings", "dimensions", "visible_for_annotators")
    return {
        "dataset": {
            k: dataset[k] for k in ("name", "guidelines", "distribution", "allow_extra_metadata", "status")
        },
        "parts": [
            [{k: v for k, v in item.items() if k in kept} for item in owner("GET", p)["items"]] for p in parts
        ],
        "records": records,
    }


def homes(source: EmbeddedArgilla, target: EmbeddedArgilla) -> list[str]:
    return ["--from-home", str(source.home.path), "--to-home", str(target.home.path)]


def test_everything_arrives_and_a_second_move_changes_nothing(
    source: EmbeddedArgilla, target: EmbeddedArgilla, capsys
) -> None:
    assert main(["move", *homes(source, target), "--dry-run"]) == 0
    assert f"team/everything: {RECORDS} records\n" in capsys.readouterr().err
    with owner_of(target) as owner:
        assert [user["username"] for user in owner("GET", "/users")["items"]] == ["owner"]

    assert main(["move", *homes(source, target)]) == 0
    said = capsys.readouterr().err
    assert "5 accounts, 2 workspaces, 3 datasets copied" in said
    assert (
        f"team/everything: {RECORDS} -> {RECORDS} records, 1 -> 1 discarded response, 1 -> 1 draft response, "
        f"4 -> 4 submitted responses, {RECORDS} -> {RECORDS} suggestions, {RECORDS} -> {RECORDS} vectors; "
        f"{RECORDS} sent now; complete\n"
    ) in said
    assert "team/no records yet: 0 -> 0 records; 0 sent now; complete\n" in said
    with owner_of(source) as before, owner_of(target) as after:
        assert contents(after) == contents(before)
        (draft,) = [item for item in after("GET", "/me/datasets")["items"] if item["name"] == "a draft"]
        assert draft["status"] == "draft"
        assert people(after) == people(before)
        assert members(after) == members(before)
    password = find_password(target.home, "ana", target.api_url)
    assert password
    with signed_in(target.api_url, "ana", password) as ana:
        assert ana("GET", "/me")["username"] == "ana"

    sheet = target.home.credentials.read_bytes()
    assert main(["move", *homes(source, target)]) == 0
    assert "0 sent now; complete" in capsys.readouterr().err
    assert target.home.credentials.read_bytes() == sheet


def people(owner: Rest) -> dict[str, tuple[str, str]]:
    """Everybody but the first owner, which each Argilla has of its own: username -> id and role."""
    users = owner("GET", "/users")["items"]
    return {user["username"]: (user["id"], user["role"]) for user in users if user["username"] != "owner"}


def records_of(owner: Rest, dataset: dict[str, Any]) -> list[dict[str, Any]]:
    return owner("GET", f"/datasets/{dataset['id']}/records", limit=500)["items"]


def members(owner: Rest) -> dict[str, list[str]]:
    return {
        workspace["id"]: sorted(
            u["username"] for u in owner("GET", f"/workspaces/{workspace['id']}/users")["items"]
        )
        for workspace in owner("GET", "/me/workspaces")["items"]
    }


def test_a_move_that_was_cut_off_resumes_and_overwrites_no_work(
    source: EmbeddedArgilla, target: EmbeddedArgilla, monkeypatch
) -> None:
    done: list[int] = []
    total: list[int] = []

    def cut_off(records: int) -> None:
        done.append(records)
        if len(done) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(source.home, target.home, on_progress=cut_off, on_total=total.append)
    with owner_of(source) as owner:
        assert total == [sum(len(records_of(owner, item)) for item in owner("GET", "/me/datasets")["items"])]
    with owner_of(target) as owner:
        (dataset,) = [item for item in owner("GET", "/me/datasets")["items"] if item["name"] == "everything"]
        page = owner("GET", f"/datasets/{dataset['id']}/records", limit=500, include=["responses"])
        assert page["total"] == 2 * copied_records.PAGE
        fresh = next(item for item in page["items"] if not item["responses"])
    # Meanwhile somebody works on the target, and somebody still on the source, both on one record too.
    with signed_in(target.api_url, "ben", find_password(target.home, "ben", target.api_url) or "") as ben:
        ben.answer(fresh["id"], quality=1)
    with owner_of(source) as owner, signed_in(source.api_url, "ben") as ben:
        (dataset,) = [item for item in owner("GET", "/me/datasets")["items"] if item["name"] == "everything"]
        items = owner("GET", f"/datasets/{dataset['id']}/records", limit=500)["items"]
        (same,) = [item["id"] for item in items if item["fields"] == fresh["fields"]]
        late = [item["id"] for item in items if item["id"] != same][-1]
        responses = [owner.answer(late, quality=2), ben.answer(same, quality=7)]

    summary = move(source.home, target.home)
    assert summary.complete
    assert summary.made == []
    (moved,) = [item for item in summary.datasets if item.name == "everything"]
    assert moved.target["records"] == RECORDS
    assert moved.target["submitted responses"] == 6
    assert RECORDS - 2 * copied_records.PAGE <= moved.sent <= RECORDS - 2 * copied_records.PAGE + 1
    with owner_of(source) as before, owner_of(target) as after:
        target_contents, source_contents = contents(after), contents(before)
        key = fresh["fields"]["prompt"]
        assert target_contents["records"][key]["responses"].pop("ben")[:2] == (
            "submitted",
            {"quality": {"value": 1}},
        )
        assert source_contents["records"][key]["responses"].pop("ben")[:2] == (
            "submitted",
            {"quality": {"value": 7}},
        )
        assert target_contents == source_contents
        for response in responses:
            before("DELETE", f"/responses/{response['id']}")


def test_another_dataset_of_the_same_name_is_refused_and_records_that_are_are_said(
    source: EmbeddedArgilla, target: EmbeddedArgilla, monkeypatch, capsys
) -> None:
    def refused(record: Any, *_: Any) -> dict[str, Any]:
        body = whole(record, *_)
        return body | {"vectors": {"meaning": [1.0]}} if body["external_id"] == "e7" else body

    whole = copied_records.whole_body
    monkeypatch.setattr("sharegpt_argilla.workflows.move.whole_body", refused)
    assert main(["move", *homes(source, target)]) == 1
    said = capsys.readouterr().err
    assert f"{RECORDS} -> {RECORDS - 1} records" in said
    assert "NOT COMPLETE" in said
    assert "  refused e7: " in said

    with owner_of(target) as owner:
        (dataset,) = [item for item in owner("GET", "/me/datasets")["items"] if item["name"] == "everything"]
        owner("DELETE", f"/datasets/{dataset['id']}")
        owner.dataset("team", "everything")
    with pytest.raises(DatasetDiffersError, match="fields differ: chat, image, own"):
        move(source.home, target.home)


def test_wrong_sides_are_said_in_one_line(source: EmbeddedArgilla, tmp_path, monkeypatch) -> None:
    for name in ("ARGILLA_API_URL", "ARGILLA_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SHAREGPT_ARGILLA_TARGET_URL", f"{source.api_url}/")
    with pytest.raises(CredentialsError, match="SHAREGPT_ARGILLA_TARGET_KEY not set"):
        move(source.home)
    with pytest.raises(CredentialsError, match="ARGILLA_API_URL and ARGILLA_API_KEY not set"):
        move(None, source.home)
    monkeypatch.setenv("SHAREGPT_ARGILLA_TARGET_KEY", source.api_key)
    with pytest.raises(UsageError, match="both source and target"):
        move(source.home)
    with pytest.raises(ServerUnreachableError, match="no Argilla ever ran there"):
        move(Home(tmp_path))
    with owner_of(source) as owner:
        users = owner("GET", "/users")["items"]
    keys = {user["username"]: user["api_key"] for user in users}
    monkeypatch.setenv("ARGILLA_API_URL", source.api_url.replace("127.0.0.1", "localhost"))
    monkeypatch.setenv("ARGILLA_API_KEY", keys["adm"])
    with pytest.raises(CredentialsError, match="adm is admin at"):
        move(None, source.home)
    assert "ARGILLA_API_KEY" in os.environ


def test_more_than_the_source_has_is_complete_and_less_is_not() -> None:
    moved = MovedDataset("w", "d")
    moved.source.update({"records": 2, "draft responses": 1, "suggestions": 1})
    moved.target.update({"records": 3, "submitted responses": 1, "suggestions": 1})
    assert moved.complete
    moved.target["suggestions"] = 0
    assert not moved.complete
