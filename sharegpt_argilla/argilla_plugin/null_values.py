"""Responses without any values, as argilla-server's page can read them."""

from __future__ import annotations

from typing import Any

from argilla_server.models import Response
from sqlalchemy import event
from sqlalchemy.orm.attributes import set_committed_value


def read_null_values_as_empty() -> None:
    """Have a response that was stored without values read as one with no values, ``{}``, in this process.

    Argilla's API accepts a draft or a discard without values, but its page fails at the record that has one.
    The database is left as it is.
    """
    event.listen(Response, "load", _empty_for_null)
    event.listen(Response, "refresh", _empty_for_null)


def _empty_for_null(response: Any, *_: Any) -> None:
    if "values" in response.__dict__ and response.__dict__["values"] is None:
        # Committed: it is no change that would have to be saved.
        set_committed_value(response, "values", {})
