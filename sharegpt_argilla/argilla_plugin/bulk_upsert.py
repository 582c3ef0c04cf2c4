"""Rows are upserted as parameters of one short statement, on SQLite."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.sqlite import insert

from sharegpt_argilla.argilla_plugin.base import Patch, Replacement

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


def _with_parameters(original: Any) -> Any:
    in_text = original.__func__

    async def upsert_many(
        model: Any, db: AsyncSession, objects: list[Any], constraints: list[Any], autocommit: bool = True
    ) -> list[Any]:
        """The times of the rows are those of each row; argilla-server gives all rows of a statement the same."""
        rows = [row if isinstance(row, dict) else row.model_dump() for row in objects]
        if not rows or db.bind.dialect.name != "sqlite" or any(row.keys() != rows[0].keys() for row in rows):
            upserted: list[Any] = await in_text(model, db, objects, constraints, autocommit)
            return upserted
        result = await db.execute(
            _statement(model, constraints),
            rows,
            # "orm", because "bulk", which SQLAlchemy would choose, is slower than what is replaced.
            execution_options={"populate_existing": True, "dml_strategy": "orm"},
        )
        if autocommit:
            await db.commit()
        return list(result.scalars().all())

    return classmethod(upsert_many)


def _statement(model: Any, constraints: list[Any]) -> Any:
    statement = insert(model)
    changes = {column: statement.excluded[column] for column in model.__upsertable_columns__}
    if hasattr(model, "updated_at"):
        changes["updated_at"] = datetime.now(UTC).replace(tzinfo=None)
    return statement.on_conflict_do_update(index_elements=constraints, set_=changes).returning(model)


PATCH = Patch(
    name="bulk upsert with parameters",
    owner="argilla-server",
    reason="argilla-server writes all rows into the text of the statement, which SQLAlchemy then compiles anew",
    upstream="https://docs.sqlalchemy.org/en/20/orm/queryguide/dml.html#orm-bulk-insert-statements",
    loss="records with suggestions and vectors load more slowly",
    replaces=(
        Replacement("argilla_server.models.mixins:CRUDMixin.upsert_many", ("e64b269c63319883",), _with_parameters),
    ),
)
