"""The progress that a page asks for after every answer loads names of people, and no more of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argilla_server.api.schemas.v1.datasets import UserProgress
from argilla_server.models import DatasetUser, User
from sqlalchemy import select

from sharegpt_argilla.argilla_plugin.base import Code, Patch, Replacement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from argilla_server.models import Dataset
    from sqlalchemy.ext.asyncio import AsyncSession


def _names_only(_: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[list[UserProgress]]]:
    async def get_users_with_responses_for_dataset(db: AsyncSession, dataset: Dataset) -> list[UserProgress]:
        """The username of everybody who has answered, in the order of their first answers."""
        names = (
            select(User.username)
            .join(DatasetUser, DatasetUser.user_id == User.id)
            .where(DatasetUser.dataset_id == dataset.id)
            .order_by(DatasetUser.inserted_at.asc())
        )
        return [_named(name) for name in await db.scalars(names)]

    return get_users_with_responses_for_dataset


def _named(username: str) -> UserProgress:
    """What pydantic makes of a name, which copies both defaults deeply for each person."""
    return UserProgress.model_construct({"username"}, username=username, **_DEFAULTS)


_DEFAULTS = {name: field.default for name, field in UserProgress.model_fields.items() if name != "username"}


PATCH = Patch(
    name="names of who has answered",
    owner="argilla-server",
    reason="two objects are loaded for everybody who has answered, for each progress that a page asks for",
    upstream="argilla-io/argilla: argilla_server/contexts/datasets.py, get_users_with_responses_for_dataset",
    loss="the progress of a dataset that many people annotate is slower",
    replaces=(
        Replacement(
            "argilla_server.contexts.datasets:get_users_with_responses_for_dataset",
            ("f7b339758a66807e",),
            _names_only,
        ),
    ),
    relies_on=(
        Code("argilla_server.contexts.datasets:get_dataset_progress", ("1eaa265374d146e3",)),
        Code("argilla_server.api.schemas.v1.datasets:DatasetProgress", ("4b7d75a029a897d1",)),
        Code("argilla_server.api.schemas.v1.datasets:UserProgress", ("16ec2c0f05860763",)),
    ),
)
