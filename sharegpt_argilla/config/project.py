"""The whole of dataset-config.yml, as one model."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated

from pydantic import Field, model_validator

from sharegpt_argilla.config.base import Section
from sharegpt_argilla.config.export import POLICY_TYPES, Export
from sharegpt_argilla.config.fields import FieldConfig
from sharegpt_argilla.config.metadata import PropertyConfig
from sharegpt_argilla.config.people import Assignment, Person
from sharegpt_argilla.config.questions import QuestionConfig


class ProjectConfig(Section):
    """The whole file."""

    workspace: Annotated[str, Field(min_length=1, max_length=200)]
    dataset: Annotated[str, Field(min_length=1, max_length=200)]
    guidelines: str
    fields: Annotated[list[FieldConfig], Field(min_length=1)]
    questions: Annotated[list[QuestionConfig], Field(min_length=1)]
    metadata: list[PropertyConfig] = []
    people: list[Person] = []
    assignment: Assignment = Assignment()
    export: Export = Export()

    @model_validator(mode="after")
    def _whole(self) -> ProjectConfig:
        for kind, names in (
            ("field", [field.name for field in self.fields]),
            ("question", [question.name for question in self.questions]),
            ("metadata property", [item.name for item in self.metadata]),
            ("person", [person.username for person in self.people]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f'{kind} "{twice[0]}" is there twice')
        if not any(field.required for field in self.fields):
            raise ValueError("no field is required; Argilla needs one")
        if not any(question.required for question in self.questions):
            raise ValueError("no question is required; Argilla needs one")
        self._check_policies()
        return self

    def _check_policies(self) -> None:
        types = {question.name: question.type for question in self.questions}
        for name, policy in self.export.policies.items():
            if name not in types:
                nearest = nearest_word(name, list(types))
                raise ValueError(f'export.policies: there is no question "{name}"{nearest} mend its name')
            if types[name] not in POLICY_TYPES[policy]:
                fitting = ", ".join(known for known, fits in POLICY_TYPES.items() if types[name] in fits)
                raise ValueError(
                    f'export.policies.{name}: "{policy}" does not fit a {types[name]} question; fitting: {fitting}'
                )
        if "adjudicated" in self.export.policies.values() and not self.export.adjudicators:
            raise ValueError("export: a policy is adjudicated, but no adjudicators are listed")


@dataclass(frozen=True)
class Project:
    """A checked configuration with the text of its guidelines."""

    config: ProjectConfig
    guidelines: str


def nearest_word(word: str, known: list[str]) -> str:
    """``; did you mean "…"?`` for a word that is near a known one, else ``;``."""
    nearest = get_close_matches(word, known, n=1)
    return f'; did you mean "{nearest[0]}"?' if nearest else ";"
