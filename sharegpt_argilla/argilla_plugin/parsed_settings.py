"""Settings of questions and metadata properties are parsed by one pydantic adapter, not by a new one each time."""

from __future__ import annotations

from typing import Any

from argilla_server.api.schemas.v1.questions import QuestionSettings
from argilla_server.models.metadata_properties import MetadataPropertySettings
from pydantic import TypeAdapter

from sharegpt_argilla.argilla_plugin.base import Patch, Replacement


def _parsed_by(settings: Any) -> property:
    adapter: TypeAdapter[Any] = TypeAdapter(settings)
    return property(lambda owner: adapter.validate_python(owner.settings))


PATCH = Patch(
    name="one adapter for settings",
    owner="argilla-server",
    reason="argilla-server builds a TypeAdapter for each property of each record, which takes longer than its use",
    upstream="https://docs.pydantic.dev/latest/concepts/performance/#typeadapter-instantiated-once",
    loss="records are checked more slowly",
    replaces=(
        Replacement(
            "argilla_server.models.database:Question.parsed_settings",
            ("ab3051f42d59e323",),
            lambda _: _parsed_by(QuestionSettings),
        ),
        Replacement(
            "argilla_server.models.database:MetadataProperty.parsed_settings",
            ("ed7c1920059636cd",),
            lambda _: _parsed_by(MetadataPropertySettings),
        ),
    ),
)
