"""The whole of dataset-config.yml, as one model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from sharegpt_argilla.common.contract_keys import ASSIGNED_N, ASSIGNED_RANK, ASSIGNED_TO, GOLD
from sharegpt_argilla.config.agents import (
    AgentConfig,
    VectorConfig,
    agent_mistakes,
    rater_mistakes,
    vector_mistakes,
)
from sharegpt_argilla.config.annotation_task import (
    EXTENSION,
    CustomField,
    FieldConfig,
    PropertyConfig,
    QuestionConfig,
    SpanQuestion,
    TextField,
)
from sharegpt_argilla.config.base import Section, WorkspaceName
from sharegpt_argilla.config.command_sections import (
    BY_GOLD,
    POLICY_TYPES,
    Curation,
    Dashboard,
    Describe,
    Export,
    policy_types,
)
from sharegpt_argilla.config.team import Adjudication, Assignment, Gold, Person, Practice

_GOLD = f"{EXTENSION}{GOLD}"


class ProjectConfig(Section):
    """The whole file."""

    workspace: WorkspaceName
    dataset: Annotated[str, Field(min_length=1, max_length=200)]
    guidelines: str
    fields: Annotated[list[FieldConfig], Field(min_length=1)]
    questions: Annotated[list[QuestionConfig], Field(min_length=1)]
    metadata: list[PropertyConfig] = []
    describe: Describe = Describe()
    suggestions: list[AgentConfig] = []
    vectors: Annotated[list[VectorConfig], Field(max_length=5)] = []
    people: list[Person] = []
    assignment: Assignment = Assignment()
    gold: Gold | None = None
    practice: Practice | None = None
    adjudication: Adjudication | None = None
    export: Export = Export()
    curation: Curation = Curation()
    dashboard: Dashboard = Dashboard()

    @model_validator(mode="after")
    def _whole(self) -> ProjectConfig:
        for kind, names in (
            ("field", [field.name for field in self.fields]),
            ("question", [question.name for question in self.questions]),
            ("metadata property", [item.name for item in self.metadata]),
            ("vector", [vector.name for vector in self.vectors]),
            ("person", [person.username for person in self.people]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f'{kind} "{twice[0]}" is there twice')
        if not any(field.required for field in self.fields):
            raise ValueError("no field is required; Argilla needs one")
        if not any(question.required for question in self.questions):
            raise ValueError("no question is required; Argilla needs one")
        self._check_spans()
        self._check_assignment()
        self._check_policies()
        self._check_gold()
        self._check_practice()
        mistakes = [
            *agent_mistakes(self.suggestions, self.questions),
            *rater_mistakes(self.export.agents, self.suggestions),
            *vector_mistakes(self.vectors, self.fields),
        ]
        if mistakes:
            raise ValueError(mistakes[0])
        return self

    @property
    def annotators(self) -> list[str]:
        """Usernames of those who answer records."""
        return [person.username for person in self.people if person.role == "annotator"]

    def _check_spans(self) -> None:
        texts = [field.name for field in self.fields if isinstance(field, TextField)]
        marked: set[str] = set()
        for question in self.questions:
            if not isinstance(question, SpanQuestion):
                continue
            if question.field not in texts:
                nearest = nearest_word(question.field, texts)
                raise ValueError(
                    f'question "{question.name}": there is no text field "{question.field}"{nearest} fix its name'
                )
            if question.field in marked:
                raise ValueError(f'field "{question.field}" has two span questions; Argilla takes one')
            marked.add(question.field)

    def _check_assignment(self) -> None:
        taken = [item.name for item in self.metadata if item.name in (ASSIGNED_TO, ASSIGNED_RANK, ASSIGNED_N)]
        if taken:
            raise ValueError(f'metadata property "{taken[0]}" is made by the assignment; choose another name')
        assignment = self.assignment
        unknown = [name for name in assignment.quotas if name not in self.annotators]
        if unknown:
            nearest = nearest_word(unknown[0], self.annotators)
            raise ValueError(f'assignment.quotas: there is no annotator "{unknown[0]}"{nearest} fix the name')
        if assignment.planned and assignment.overlap > len(self.annotators):
            raise ValueError(
                f"assignment.overlap: {assignment.overlap} people for each record, but {len(self.annotators)} "
                "annotators are listed under people"
            )
        self._check_adapted(assignment.adapt.questions if assignment.adapt else [])
        # In the address of the page both separate values.
        unlinkable = [name for name in self.annotators if "." in name or "~" in name]
        if assignment.mode == "links" and unlinkable:
            raise ValueError(
                f'assignment.mode: a link cannot contain "{unlinkable[0]}"; a username without . and ~ can'
            )

    def _check_adapted(self, names: list[str]) -> None:
        types, estimated = {question.name: question.type for question in self.questions}, POLICY_TYPES["model"]
        for name in names:
            if name not in types:
                nearest = nearest_word(name, list(types))
                raise ValueError(f'assignment.adapt: there is no question "{name}"{nearest} fix its name')
            if types[name] not in estimated:
                raise ValueError(
                    f'assignment.adapt: "{name}" is a {types[name]} question, whose answers have no probability; '
                    f"fitting: {', '.join(estimated)}"
                )
        if self.assignment.adapt and not set(types.values()).intersection(estimated):
            raise ValueError(f"assignment.adapt: no question is of type {', '.join(estimated)}; remove it")

    def _check_policies(self) -> None:
        types = {question.name: question.type for question in self.questions}
        for name, policy in self.export.policies.items():
            if name not in types:
                nearest = nearest_word(name, list(types))
                raise ValueError(f'export.policies: there is no question "{name}"{nearest} fix its name')
            if types[name] not in policy_types(policy):
                fitting = ", ".join(known for known, fits in POLICY_TYPES.items() if types[name] in fits)
                raise ValueError(
                    f'export.policies.{name}: "{policy}" does not fit a {types[name]} question; fitting: {fitting}'
                )
        if self.export.confidence and "confidence" in types:
            raise ValueError('export.confidence: rows call it "confidence", as a question is called; rename that')
        if "adjudicated" in self.export.policies.values() and not self.export.adjudicators:
            raise ValueError("export: a policy is adjudicated, but no adjudicators are listed")

    def _check_gold(self) -> None:
        shown = [field.name for field in self.fields if _GOLD in _contents(field)]
        if shown:
            raise ValueError(f'fields: "{shown[0]}" would show annotators the right answers; remove it')
        if self.export.weights == BY_GOLD and self.gold is None:
            raise ValueError("export.weights: gold needs a section `gold:`; add it, or give weights by person")

    def _check_practice(self) -> None:
        if self.practice is None:
            return
        if self.gold is None:
            raise ValueError("practice: needs a section `gold:` with the rows whose answers are known; add it")
        if self.assignment.mode != "queue" or self.assignment.open_queue:
            mode = "an open queue" if self.assignment.open_queue else f"mode {self.assignment.mode}"
            raise ValueError(f"practice: belongs to mode queue, not to {mode}; remove it, or change the mode")
        unknown = [name for name in self.practice.exempt if name not in self.annotators]
        if unknown:
            nearest = nearest_word(unknown[0], self.annotators)
            raise ValueError(f'practice.exempt: there is no annotator "{unknown[0]}"{nearest} fix the name')


@dataclass(frozen=True)
class Project:
    """A checked configuration with what it names.

    Attributes:
        config: the file.
        guidelines: their text.
        templates: custom field -> its HTML.
        path: where the file is.
    """

    config: ProjectConfig
    guidelines: str
    templates: Mapping[str, str] = dataclass_field(default_factory=dict)
    path: Path = Path()


def _contents(field: FieldConfig) -> list[str]:
    return [*field.content.values()] if isinstance(field, CustomField) else [field.content]


def nearest_word(word: str, valid: list[str]) -> str:
    """``; did you mean "…"?`` for a word that is near a known one, else ``;``."""
    nearest = get_close_matches(word, valid, n=1)
    return f'; did you mean "{nearest[0]}"?' if nearest else ";"
