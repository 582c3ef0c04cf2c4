"""Active time as an export reads it, from an Argilla that measures and from one that cannot."""

from __future__ import annotations

from importlib.resources import files

import httpx
import pytest

from sharegpt_argilla.annotation import AnsweredRecord, Response
from sharegpt_argilla.argilla_client.connection import ArgillaClient
from sharegpt_argilla.argilla_plugin.page_script import SCRIPT
from sharegpt_argilla.errors import ServerRefusedError
from sharegpt_argilla.project.measured_time import MeasuredTime

RECORD = AnsweredRecord(
    "row", "completed", [Response(name, "submitted", {}, "2024-01-01T00:00:00") for name in ("ana", "ben")]
)
ITEMS = [
    {"record_id": "r", "username": "ben", "user_id": "u", "seconds": 41.46, "questions": {}},
    {"record_id": "other", "username": "ana", "user_id": "u", "seconds": 3.0, "questions": {}},
]


def seconds(answer: httpx.Response) -> list[float | None]:
    """What is on the responses when the route answers this."""

    http = httpx.Client(base_url="http://x", transport=httpx.MockTransport(lambda _: answer))
    with ArgillaClient("http://x", http, "owner", "owner") as client:
        record = MeasuredTime("d", client).joined("r", RECORD)
    return [response.active_seconds for response in record.responses]


def test_times_go_to_their_persons_response() -> None:
    assert seconds(httpx.Response(200, json={"items": ITEMS})) == [None, 41.5]


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(200, html="<!doctype html>the page"), httpx.Response(404, json={"detail": "Not Found"})],
)
def test_another_argilla_has_measured_nothing(answer: httpx.Response) -> None:
    assert seconds(answer) == [None, None]


def test_a_refusal_is_said() -> None:
    with pytest.raises(ServerRefusedError, match="422"):
        seconds(httpx.Response(422, json={"detail": "no"}))


def test_the_notice_on_the_page_is_right_about_pauses_and_names_who_sees_the_times() -> None:
    script = (files("sharegpt_argilla.argilla_plugin") / "page" / SCRIPT).read_text(encoding="utf-8")
    notice = " ".join(script.partition("const NOTICE = `")[2].partition("`")[0].split())
    assert "Of a pause, the first ${Number(idle)} seconds count at most." in notice
    assert "the owner and the admins of the workspace see the times with your name" in notice
