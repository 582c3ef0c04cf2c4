"""An answer and its record's new status reach Elasticsearch or OpenSearch in one change instead of two.

Each change of a record's document there writes it again, with all its answers, and makes it visible at once, which
is most of what an answer costs. A submitted answer completes a record or leaves its status as it is; that it is
still pending is not sent, since somebody else may have completed it meanwhile.
"""

from __future__ import annotations

import copy
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from argilla_server.enums import RecordStatus, ResponseStatus
from argilla_server.search_engine.commons import BaseElasticAndOpenSearchEngine

from sharegpt_argilla.argilla_plugin.base import Code, Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_DATASETS = "argilla_server.contexts.datasets"
_ENGINE = "argilla_server.search_engine.commons:BaseElasticAndOpenSearchEngine"

_SET_STATUS = "ctx._source.status = params.status;"
"""Runs before argilla-server's script, which adds or removes the answer."""


class _HeldStatus:
    """What one request knows of a record's status until the answer is sent."""

    def __init__(self, engine: Any, removes: bool) -> None:
        self._engine, self._removes = engine, removes
        self._update: tuple[Any, dict[str, Any]] | None = None

    def engine(self) -> Any:
        """The engine, but for what it sends."""
        holding = copy.copy(self._engine)
        holding.partial_record_update = self._hold
        holding._update_document_request = self._send_with_script
        return holding

    async def _hold(self, record: Any, **update: Any) -> None:
        await self.send()  # there is one of them; if there are more, each is sent
        self._update = (record, update)

    async def _send_with_script(self, index_name: str, id: str, body: dict[str, Any]) -> None:  # noqa: A002 - its name
        if self._update is not None and "script" in body:
            (_, update), self._update = self._update, None
            script = body["script"]
            params = script["params"] | update
            if self._removes or not _still_pending(params["status"], params["response"]):
                body = {"script": {**script, "source": _SET_STATUS + script["source"], "params": params}}
        await self._engine._update_document_request(index_name, id=id, body=body)

    async def send(self) -> None:
        """Send a status that no answer took along."""
        if self._update is not None:
            (record, update), self._update = self._update, None
            await self._engine.partial_record_update(record, **update)


def _still_pending(status: object, response: dict[str, Any]) -> bool:
    """Whether a record is still pending that was just answered."""
    return bool(status == RecordStatus.pending and response["status"] == ResponseStatus.submitted)


def _in_one(change: Callable[..., Awaitable[Any]], removes: bool = False) -> Callable[..., Awaitable[Any]]:
    @wraps(change)
    async def changed(db: Any, search_engine: Any, *what: Any, **named: Any) -> Any:
        if not isinstance(search_engine, BaseElasticAndOpenSearchEngine):
            return await change(db, search_engine, *what, **named)
        held = _HeldStatus(search_engine, removes)
        try:
            return await change(db, held.engine(), *what, **named)
        finally:
            await held.send()

    return changed


PATCH = Patch(
    name="an answer in one change",
    owner="argilla-server",
    reason="an answer changes its record's document in Elasticsearch or OpenSearch twice, status and answer apart",
    upstream="argilla-io/argilla: argilla_server/contexts/datasets.py, upsert_response",
    loss="answers take longer on Elasticsearch and OpenSearch",
    replaces=(
        Replacement(f"{_DATASETS}:create_response", ("72f4f2840b332385",), _in_one),
        Replacement(f"{_DATASETS}:update_response", ("33af755dc25f04f8",), _in_one),
        Replacement(f"{_DATASETS}:upsert_response", ("bf76b8421f9d7639",), _in_one),
        Replacement(f"{_DATASETS}:delete_response", ("0faba71b8037fd67",), partial(_in_one, removes=True)),
    ),
    relies_on=(
        Code("argilla_server.contexts.distribution:update_record_status", ("aaddb14d2d54fc52",)),
        Code(f"{_ENGINE}.partial_record_update", ("5ea15e0bb662495f",)),
        Code(f"{_ENGINE}.update_record_response", ("b5ba2795afac8911",)),
        Code(f"{_ENGINE}.delete_record_response", ("88454f713fb3f9b4",)),
    ),
)
