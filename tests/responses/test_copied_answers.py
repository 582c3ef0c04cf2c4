"""When an answer that was copied from another dataset was given."""

import pytest

from sharegpt_argilla.argilla_client.responses_on_server import answered_record
from sharegpt_argilla.common.contract_keys import COPIED_ANSWERS

MADE = "2026-01-04T09:00:00.000001"
THEN = "2026-01-05T10:00:00.000001"
COPY = "2026-03-01T09:00:00.100000"


@pytest.mark.parametrize(
    ("person", "updated", "made", "expected"),
    [
        ("u1", "2026-03-01T09:00:00.100042", MADE, THEN),
        ("u1", "2026-03-01T09:00:00.100000", MADE, THEN),
        # Edited on the copy.
        ("u1", "2026-03-01T09:00:07", MADE, "2026-03-01T09:00:07"),
        # Given on the copy.
        ("u2", COPY, COPY, COPY),
    ],
)
def test_the_times_of_an_answer_outlive_the_copying(person: str, updated: str, made: str, expected: str) -> None:
    response = {"id": "r", "user_id": person, "status": "submitted", "values": {}}
    record = {
        "external_id": "row",
        "status": "completed",
        "metadata": {COPIED_ANSWERS: {"u1": [MADE, THEN]}},
        "responses": [{**response, "inserted_at": COPY, "updated_at": updated}],
    }
    (found,) = answered_record(record, {"u1": "ana"}, ["submitted"]).responses
    assert (found.inserted_at, found.updated_at, found.submitted_at) == (made, expected, expected)
