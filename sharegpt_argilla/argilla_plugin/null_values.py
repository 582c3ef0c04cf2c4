"""Responses that were stored without values are read as responses with no values, ``{}``."""

from __future__ import annotations

from typing import Any

from argilla_server.models import Response
from sqlalchemy import event
from sqlalchemy.orm.attributes import set_committed_value

from sharegpt_argilla.argilla_plugin.base import Code, Patch


def _read_null_as_empty() -> None:
    event.listen(Response, "load", _empty_for_null)
    event.listen(Response, "refresh", _empty_for_null)


def _empty_for_null(response: Any, *_: Any) -> None:
    if "values" in response.__dict__ and response.__dict__["values"] is None:
        # Committed: it is no change that would have to be saved. The database keeps its null.
        set_committed_value(response, "values", {})


PATCH = Patch(
    name="no null values",
    owner="argilla-server",
    reason="argilla-server accepts drafts and discards without values, but its page fails at a record with one",
    upstream="argilla-io/argilla: argilla_server/models/database.py, Response.values",
    loss="the page fails at drafts and discards that were stored without values",
    relies_on=(Code("argilla_server.models.database:Response", ("a18cd941b5cb0025",)),),
    install=_read_null_as_empty,
)
