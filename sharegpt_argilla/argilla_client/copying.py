"""Copying between two Argillas: accounts, workspaces, datasets, and records with everything on them.

What the target has already is kept, so that a copy that was interrupted can be resumed.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from sharegpt_argilla.argilla_client.accounts import PASSWORD_BYTES, add_member, make_account, usernames
from sharegpt_argilla.argilla_client.connection import ArgillaClient, RefusedError
from sharegpt_argilla.argilla_client.dataset_on_server import make_dataset, make_part, part_listing, publish
from sharegpt_argilla.argilla_client.responses_on_server import copied_seconds, response_times
from sharegpt_argilla.argilla_client.server_counts import read_active_seconds
from sharegpt_argilla.common.contract_keys import COPIED_ANSWERS
from sharegpt_argilla.errors import DatasetDiffersError
from sharegpt_argilla.settings import Home, add_credentials, find_password


def list_users(client: ArgillaClient) -> list[dict[str, Any]]:
    """Every account. Owners only."""
    users: list[dict[str, Any]] = client.get("/api/v1/users")["items"]
    return users


def list_workspaces(client: ArgillaClient) -> list[dict[str, Any]]:
    """Every workspace, for an owner."""
    workspaces: list[dict[str, Any]] = client.get("/api/v1/me/workspaces")["items"]
    return workspaces


def copy_users(source: ArgillaClient, target: ArgillaClient, home: Home) -> tuple[dict[str, str], list[str]]:
    """Make the source's accounts on the target, with their ids and roles and new random passwords.

    An account of the same id, or else of the same username, counts as the same person and is not changed.
    A new password goes to the credentials sheet of ``home`` before its account is made, so that none is lost.

    Returns:
        Source's user id -> target's user id, and the usernames of the accounts that were made.
    """
    accounts = list_users(target)
    ids, names = {user["id"] for user in accounts}, {user["username"]: user["id"] for user in accounts}
    mapped, made = {}, []
    for user in list_users(source):
        if user["id"] in ids:
            mapped[user["id"]] = user["id"]
        elif user["username"] in names:
            mapped[user["id"]] = names[user["username"]]
        else:
            mapped[user["id"]] = _make_user(target, user, home)
            made.append(user["username"])
    return mapped, made


def copy_workspaces(source: ArgillaClient, target: ArgillaClient, users: Mapping[str, str]) -> dict[str, str]:
    """Make the source's workspaces, with their ids, and their members; those of the same name are one.

    ``users`` is what `copy_users` returned. Returns source's workspace id -> target's.
    """
    names = {workspace["name"]: workspace["id"] for workspace in list_workspaces(target)}
    mapped = {}
    for workspace in list_workspaces(source):
        identifier = names.get(workspace["name"])
        if identifier is None:
            body = {"id": workspace["id"], "name": workspace["name"]}
            identifier = _make_workspace(target, body)
        mapped[workspace["id"]] = identifier
        members = {user["id"] for user in target.get(f"/api/v1/workspaces/{identifier}/users")["items"]}
        for user in source.get(f"/api/v1/workspaces/{workspace['id']}/users")["items"]:
            if users[user["id"]] not in members:
                add_member(target, identifier, users[user["id"]])
    return mapped


def _make_user(target: ArgillaClient, user: Mapping[str, Any], home: Home) -> str:
    password = find_password(home, user["username"], target.url)
    if password is None:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        add_credentials(home, user["username"], password, user["role"], target.url)
    kept = ("id", "username", "first_name", "last_name", "role")
    body = {name: user[name] for name in kept if user.get(name) is not None}
    return make_account(target, {**body, "password": password})


def _make_workspace(target: ArgillaClient, body: Mapping[str, Any]) -> str:
    made = target.create(
        "/api/v1/workspaces",
        body,
        listing="/api/v1/me/workspaces",
        same=lambda item: bool(item["name"] == body["name"]),
    )
    return str(made["id"])


_KEPT = {
    "fields": ("name", "title", "required", "settings"),
    "questions": ("name", "title", "description", "required", "settings"),
    "metadata-properties": ("name", "title", "settings", "visible_for_annotators"),
    "vectors-settings": ("name", "title", "dimensions"),
}
"""The parts of a dataset -> what is sent of each; ids and times are the server's to give."""


@dataclass(frozen=True)
class DatasetSettings:
    """A dataset without its records.

    Attributes:
        id: Argilla's id of it there.
        workspace_id: and of its workspace.
        workspace: name of the workspace.
        ready: False for a draft.
        body: name, guidelines, distribution and others, as Argilla's REST interface has them.
        parts: fields, questions, metadata properties and vectors, in their order.
        questions: question id -> name.
    """

    id: str
    workspace_id: str
    workspace: str
    ready: bool
    body: dict[str, Any]
    parts: dict[str, list[dict[str, Any]]]
    questions: dict[str, str]

    @property
    def name(self) -> str:
        """The dataset's name, unique in its workspace."""
        return str(self.body["name"])

    def has_property(self, name: str) -> bool:
        """Whether it has a metadata property of that name."""
        return any(item["name"] == name for item in self.parts["metadata-properties"])


def list_datasets(client: ArgillaClient) -> list[DatasetSettings]:
    """Every dataset that the account sees, ordered by workspace and name."""
    names = {item["id"]: item["name"] for item in client.get("/api/v1/me/workspaces")["items"]}
    items = client.get("/api/v1/me/datasets")["items"]
    settings = [_read(client, item, names[item["workspace_id"]]) for item in items]
    return sorted(settings, key=lambda item: (item.workspace, item.name))


def read_settings(client: ArgillaClient, dataset_id: str) -> DatasetSettings:
    """One dataset; its workspace's name is left out."""
    return _read(client, client.get(f"/api/v1/datasets/{dataset_id}"), "")


def copy_dataset(target: ArgillaClient, wanted: DatasetSettings, workspace_id: str) -> DatasetSettings:
    """Make a dataset on the target and publish it if it is published where it comes from.

    One of that name in the workspace is used if it has the same fields, questions, properties and vectors; a
    draft is made again, since it contains no records.

    Raises:
        DatasetDiffersError: there is another one of that name.
    """
    for existing in list_datasets(target):
        if (existing.workspace_id, existing.name) != (workspace_id, wanted.name):
            continue
        if existing.ready:
            _check_same(target, wanted, existing)
            return existing
        target.delete(f"/api/v1/datasets/{existing.id}")
    made = make_dataset(target, {**wanted.body, "workspace_id": workspace_id})
    for kind, bodies in wanted.parts.items():
        for body in bodies:
            make_part(target, made["id"], kind, body)
    if wanted.ready:
        made = publish(target, made["id"])
    return _read(target, made, wanted.workspace)


def _read(client: ArgillaClient, item: dict[str, Any], workspace: str) -> DatasetSettings:
    answers = {kind: client.get(part_listing(item["id"], kind))["items"] for kind in _KEPT}
    return DatasetSettings(
        id=item["id"],
        workspace_id=item["workspace_id"],
        workspace=workspace,
        ready=item["status"] == "ready",
        body={
            name: item[name]
            for name in ("name", "guidelines", "allow_extra_metadata", "distribution", "metadata")
            if item.get(name) is not None
        },
        parts={
            kind: [{name: part[name] for name in _KEPT[kind]} for part in parts] for kind, parts in answers.items()
        },
        questions={question["id"]: question["name"] for question in answers["questions"]},
    )


def _check_same(target: ArgillaClient, wanted: DatasetSettings, existing: DatasetSettings) -> None:
    for kind, bodies in wanted.parts.items():
        # Titles, descriptions and the order of options may be changed at any time; what answers mean may not.
        ours, theirs = (
            {body["name"]: _meaning(body) for body in parts} for parts in (bodies, existing.parts[kind])
        )
        if ours != theirs:
            names = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
            raise DatasetDiffersError(
                f'{target.url} has another dataset "{wanted.name}" in workspace "{wanted.workspace}"; '
                f"{kind} differ: {', '.join(names)}; rename or remove it there"
            )


def _meaning(part: dict[str, Any]) -> tuple[Any, ...]:
    settings = part.get("settings", {})
    values = sorted(str(option["value"]) for option in settings.get("options") or [])
    return settings.get("type"), part.get("dimensions"), part.get("required"), values


PAGE = 200
"""Records a call: Argilla takes at most 250 ids in one filter."""


def count_database(client: ArgillaClient, dataset_id: str) -> int:
    """Records in the database of the server, whatever its search index contains. 0 for a draft."""
    return int(client.get(f"/api/v1/datasets/{dataset_id}/records", {"limit": 1})["total"])


WINDOW = 100_000
"""Records after which a reading goes on from a time instead of an offset: argilla-server's indexes refuse offsets
beyond 500,000 (``max_result_window``)."""


def read_records(client: ArgillaClient, dataset_id: str) -> Iterator[list[dict[str, Any]]]:
    """All records, in pages of up to 200, with responses of everybody, suggestions and vectors.

    In the order of their making, then of their ids: a page neither repeats nor skips a record, and what is new
    comes last.
    """
    start, done = "", set[str]()
    while True:
        moment, latest, offset, total = start, set(done), 0, 1
        while offset < total and (offset < WINDOW or moment == start):
            total, page = _search(client, dataset_id, _made_since(start), offset)
            # Those of the moment at which the window before ended come again.
            yield [record for record in page if record["id"] not in done]
            for record in page:
                if _moment(record) != moment:
                    moment, latest = _moment(record), set()
                latest.add(record["id"])
            offset += PAGE
        if offset >= total:
            return
        start, done = moment, latest


def _made_since(start: str) -> dict[str, Any]:
    made = {"entity": "record", "property": "inserted_at"}
    by_id = {"entity": "record", "property": "id"}
    query: dict[str, Any] = {"sort": [{"scope": scope, "order": "asc"} for scope in (made, by_id)]}
    return {**query, "filters": {"and": [{"type": "range", "scope": made, "ge": start}]}} if start else query


def _moment(record: Mapping[str, Any]) -> str:
    """When a record was made, to the millisecond, as search engines know it."""
    return str(record["inserted_at"])[: len("2026-01-01T00:00:00.000")]


def count_contents(page: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Records of a page, their responses by status, their suggestions and vectors."""
    counts = Counter(records=len(page))
    for record in page:
        counts.update(f"{response['status']} responses" for response in record["responses"])
        counts["suggestions"] += len(record["suggestions"])
        counts["vectors"] += len(record["vectors"])
    return counts


def external_id(record: Mapping[str, Any]) -> str:
    """The id by which a record is found again on the target: its external id, else its id on the source."""
    return str(record["external_id"] or record["id"])


def find_copies(
    client: ArgillaClient, dataset_id: str, page: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Those records of a page that the target has, with everything on them, by external id."""
    if not page:
        return {}
    scope = {"entity": "record", "property": "external_id"}
    wanted = {"type": "terms", "scope": scope, "values": [external_id(record) for record in page]}
    _, records = _search(client, dataset_id, {"filters": {"and": [wanted]}}, 0)
    return {record["external_id"]: record for record in records}


def find_answerers(
    client: ArgillaClient, dataset_id: str, page: Sequence[Mapping[str, Any]]
) -> dict[str, set[str]]:
    """Those records of a page that the target has: external id -> ids of the users who answered them there."""
    copies = find_copies(client, dataset_id, page)
    return {key: {response["user_id"] for response in copy["responses"]} for key, copy in copies.items()}


def whole_body(
    record: Mapping[str, Any], users: Mapping[str, str], questions: Mapping[str, str]
) -> dict[str, Any]:
    """What is sent of a record that is new on the target.

    Args:
        record: a record of `read_records`.
        users: source's user id -> target's.
        questions: source's question id -> target's.
    """
    kept = ("value", "type", "score", "agent")
    return {
        "external_id": external_id(record),
        "fields": record["fields"],
        "metadata": record["metadata"] or {},
        "vectors": record["vectors"],
        "responses": _response_bodies(record, users),
        "suggestions": [
            {"question_id": questions[item["question_id"]], **{name: item[name] for name in kept}}
            for item in record["suggestions"]
        ],
    }


def missing_body(
    record: Mapping[str, Any], users: Mapping[str, str], copy: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What is sent of a record that the target has: the responses that it lacks; None when it lacks none.

    Args:
        record: a record of `read_records`, with metadata of `with_times` if the target takes those.
        users: source's user id -> target's.
        copy: the same record on the target.
    """
    answered_by = {response["user_id"] for response in copy["responses"]}
    lacking = [body for body in _response_bodies(record, users) if body["user_id"] not in answered_by]
    if not lacking:
        return None
    # Fields are left out, which leaves them as they are; metadata is replaced as a whole.
    body: dict[str, Any] = {"external_id": external_id(record), "responses": lacking}
    times = (record["metadata"] or {}).get(COPIED_ANSWERS, {})
    new = {item["user_id"]: times[item["user_id"]] for item in lacking if item["user_id"] in times}
    if new:
        metadata = copy["metadata"] or {}
        body["metadata"] = {**metadata, COPIED_ANSWERS: {**metadata.get(COPIED_ANSWERS, {}), **new}}
    return body


def with_times(
    record: Mapping[str, Any], users: Mapping[str, str], seconds: Mapping[str, float]
) -> dict[str, Any]:
    """A record's metadata, and in it when its responses were given and how long people worked on them.

    Args:
        record: a record of `read_records`.
        users: source's user id -> target's.
        seconds: source's user id -> measured active time on the record.
    """
    metadata = record["metadata"] or {}
    copied = metadata.get(COPIED_ANSWERS) or {}
    times = {
        users[response["user_id"]]: _times(response, copied, seconds.get(response["user_id"], 0.0))
        for response in record["responses"]
    }
    return {**metadata, **({COPIED_ANSWERS: times} if times else {})}


def seconds_by_user(client: ArgillaClient, dataset: DatasetSettings) -> dict[str, dict[str, float]]:
    """Argilla's record id -> user id -> measured active seconds; empty if the server did not measure any."""
    measured = read_active_seconds(client, dataset.id)
    ids = {name: key for key, name in usernames(client, dataset.workspace_id).items()} if measured else {}
    seconds: dict[str, dict[str, float]] = {}
    for (record, username), spent in measured.items():
        if username in ids:
            seconds.setdefault(record, {})[ids[username]] = spent
    return seconds


def _times(response: Mapping[str, Any], copied: Mapping[str, Sequence[Any]], measured: float) -> list[Any]:
    seconds = round(measured + copied_seconds(response["user_id"], copied), 3)
    return [*response_times(response, copied), *([seconds] if seconds else [])]


INDEXES_WITHOUT_CHAT = (2, 8)
"""The first Argilla whose search finds records without a chat field's value.

argilla-server 2.4.1 and 2.6.0 index ``""`` in its place, which the search engine refuses without a word.
"""


def _with_every_chat(
    client: ArgillaClient, dataset_id: str, bodies: Sequence[dict[str, Any]]
) -> Sequence[dict[str, Any]]:
    """The bodies of whole records with an empty list for each chat field that they leave out."""
    fields = client.get(f"/api/v1/datasets/{dataset_id}/fields")["items"]
    empty: dict[str, Any] = {item["name"]: [] for item in fields if item["settings"]["type"] == "chat"}
    return [body | {"fields": empty | body["fields"]} if "fields" in body else body for body in bodies]


def send_records(
    client: ArgillaClient,
    dataset_id: str,
    bodies: Sequence[dict[str, Any]],
    on_refused: Callable[[str, str], None],
) -> int:
    """Upsert records; returns how many the target took.

    A batch that is refused is halved until the refused record is alone in it; its external id and the reason go to
    ``on_refused``.
    """
    if not bodies:
        return 0
    if client.version < INDEXES_WITHOUT_CHAT:
        bodies = _with_every_chat(client, dataset_id, bodies)
    try:
        client.put(f"/api/v1/datasets/{dataset_id}/records/bulk", {"items": list(bodies)})
    except RefusedError as error:
        if error.status != httpx.codes.UNPROCESSABLE_ENTITY:
            raise
        if len(bodies) == 1:
            on_refused(bodies[0]["external_id"], str(error))
            return 0
        middle = len(bodies) // 2
        halves = (bodies[:middle], bodies[middle:])
        return sum(send_records(client, dataset_id, half, on_refused) for half in halves)
    return len(bodies)


def _search(
    client: ArgillaClient, dataset_id: str, query: Mapping[str, Any], offset: int
) -> tuple[int, list[dict[str, Any]]]:
    answer = client.post(
        f"/api/v1/datasets/{dataset_id}/records/search",
        query,
        {"offset": offset, "limit": PAGE, "include": ["responses", "suggestions", "vectors"]},
    )
    records = [item["record"] for item in answer["items"] if item["record"]]
    empty: dict[str, Any] = {"responses": [], "suggestions": [], "vectors": {}}
    return answer["total"], [
        {**record, **{name: record.get(name) or value for name, value in empty.items()}} for record in records
    ]


def _response_bodies(record: Mapping[str, Any], users: Mapping[str, str]) -> list[dict[str, Any]]:
    """The responses in the order in which they were given: all that some datasets can keep of their times."""
    responses = sorted(record["responses"], key=lambda response: (response["inserted_at"], response["id"]))
    return [_response_body(response, users) for response in responses]


def _response_body(response: Mapping[str, Any], users: Mapping[str, str]) -> dict[str, Any]:
    # A draft needs values, which a source may have stored as null.
    values = response["values"] or {}
    return {"user_id": users[response["user_id"]], "status": response["status"], "values": values}
