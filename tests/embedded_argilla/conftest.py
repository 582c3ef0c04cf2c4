"""A dataset of argilla-server's own model objects, in memory, and the engine on an index of its own.

argilla-server reads its home folder when it is imported: that is done here, with a temporary one.
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

with pytest.MonkeyPatch.context() as patch:
    home = tempfile.mkdtemp(prefix="argilla-home-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    patch.setenv("ARGILLA_HOME_PATH", home)
    # The variable is gone again afterwards: servers that other tests start would take this home.
    import argilla_server.settings  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from argilla_server.models import Dataset, Record, Response, Suggestion, User

FIELDS = {"prompt": "text", "answer": "text", "chat": "chat", "page": "custom", "picture": "image"}
QUESTIONS = {
    "quality": "rating",
    "intent": "label_selection",
    "topics": "multi_label_selection",
    "comment": "text",
    "order": "ranking",
    "marks": "span",
}
PROPERTIES = {"language": "terms", "tokens": "integer", "share": "float"}
START = datetime(2024, 5, 1, 12, 0, 0)


@dataclass
class World:
    """One published dataset, its records by name, and the engine. Two on one index need different seeds."""

    path: Path
    seed: int | str = 7
    dataset: Dataset = field(init=False)
    records: dict[str, Record] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        from argilla_server.models import Dataset, Field, MetadataProperty, Question, VectorSettings

        from sharegpt_argilla.embedded_argilla.engine import EmbeddedSearchEngine

        self.engine = EmbeddedSearchEngine(self.path)
        self.random = Random(self.seed)
        key = self.new_id()
        self.dataset = Dataset(
            id=key,
            name="prompts",
            status="ready",
            fields=[Field(id=self.new_id(), name=name, settings={"type": kind}) for name, kind in FIELDS.items()],
            questions=[
                Question(id=self.new_id(), name=name, settings={"type": kind}) for name, kind in QUESTIONS.items()
            ],
            metadata_properties=[
                MetadataProperty(id=self.new_id(), name=name, settings={"type": kind}, dataset_id=key)
                for name, kind in PROPERTIES.items()
            ],
            vectors_settings=[VectorSettings(id=self.new_id(), name="meaning", dimensions=3, dataset_id=key)],
        )

    def new_id(self) -> UUID:
        """The next id; the same ones in every run, since an order depends on them."""
        return UUID(int=self.random.getrandbits(128), version=4)

    def run(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the engine."""
        return asyncio.run(getattr(self.engine, method)(*args, **kwargs))

    def user(self, name: str) -> User:
        from argilla_server.models import User

        return self.users.setdefault(name, User(id=self.new_id(), username=name))

    def question_id(self, name: str) -> UUID:
        return next(question.id for question in self.dataset.questions if question.name == name)

    def property(self, name: str) -> Any:
        return self.dataset.metadata_property_by_name(name)

    def response(self, record: Record, user: str, status: str = "submitted", **values: Any) -> Response:
        from argilla_server.models import Response

        return Response(
            id=self.new_id(),
            record_id=record.id,
            user_id=self.user(user).id,
            status=status,
            values={name: {"value": value} for name, value in values.items()},
            updated_at=START,
        )

    def suggestion(self, record: Record, question: str, value: Any, **rest: Any) -> Suggestion:
        from argilla_server.models import Suggestion

        return Suggestion(
            id=self.new_id(), record_id=record.id, question_id=self.question_id(question), value=value, **rest
        )

    def make(self, name: str, prompt: str = "", **attributes: Any) -> Record:
        """A record that the index does not know yet; ``fields`` and ``metadata`` among ``given`` are its parts."""
        from argilla_server.models import Record, Vector

        vector = attributes.pop("vector", None)
        responses, suggestions = attributes.pop("responses", {}), attributes.pop("suggestions", {})
        number = len(self.records)
        record = Record(
            id=attributes.pop("id", None) or self.new_id(),
            dataset_id=self.dataset.id,
            fields={"prompt": prompt, **attributes.pop("fields", {})},
            metadata_=attributes.pop("metadata", None),
            **{
                "status": "pending",
                "external_id": name,
                "inserted_at": START + timedelta(seconds=number),
                "updated_at": START + timedelta(seconds=number),
                **attributes,
            },
        )
        record.responses = [self.response(record, user, **values) for user, values in responses.items()]
        record.suggestions = [
            self.suggestion(record, question, **({"value": value} if not isinstance(value, dict) else value))
            for question, value in suggestions.items()
        ]
        settings = self.dataset.vectors_settings[0]
        record.vectors = (
            [] if vector is None else [Vector(record_id=record.id, vector_settings_id=settings.id, value=vector)]
        )
        self.records[name] = record
        return record

    def add(self, name: str, prompt: str = "", **attributes: Any) -> Record:
        record = self.make(name, prompt, **attributes)
        self.run("index_records", self.dataset, [record])
        return record

    def names(self, responses: Any) -> list[str]:
        """The names of the records that were found, in order."""
        by_id = {record.id: name for name, record in self.records.items()}
        return [by_id[item.record_id] for item in responses.items]

    def search(self, query: Any = None, **kwargs: Any) -> list[str]:
        """The names that a search finds; their number is also its total, unless it is one page of them."""
        found = self.run("search", self.dataset, query=query, **kwargs)
        names = self.names(found)
        if not {"offset", "limit"} & set(kwargs):
            assert found.total == len(names)
        return names


@pytest.fixture
def empty_world(tmp_path: Path) -> Iterator[World]:
    """A dataset that has no index yet."""
    from sharegpt_argilla.embedded_argilla.engine.index_threads import close_stores

    yield World(tmp_path / "search-index.db")
    close_stores()


@pytest.fixture
def world(empty_world: World) -> World:
    """A dataset with an empty index."""
    empty_world.run("create_index", empty_world.dataset)
    return empty_world
