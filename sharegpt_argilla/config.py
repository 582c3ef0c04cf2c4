"""dataset-config.yml: the annotation project as data.

Limits are those that Argilla 2.8 itself checks (``api/schemas/v1`` of argilla-server), so that a mistake is
found on the line where it stands and not by the server halfway through.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from sharegpt_argilla.errors import ConfigError

DEFAULT_CONFIG = "dataset-config.yml"
GUIDELINES_MAX = 10_000
"""Characters that Argilla accepts as guidelines."""

POLICY_TYPES = {
    "majority": ("label", "multi_label", "rating", "text"),
    "unanimous": ("label", "multi_label", "rating", "text"),
    "weighted": ("label", "multi_label", "rating", "text"),
    "adjudicated": ("label", "multi_label", "rating", "text"),
    "per_label_majority": ("multi_label",),
    "mean": ("rating",),
    "median": ("rating",),
}
"""Policy that makes one value of several answers -> the types of question that it fits."""

_RESERVED = frozenset({"add", "count", "index", "remove", "serialize"})
_ROW_KEYS = frozenset({"dataset", "guidelines", "policy", "responses", "status", "tie"})
# Argilla's UI splits deep links on dots and the SDK refuses its own method names.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=200)]
Title = Annotated[str, Field(min_length=1, max_length=500)]
Description = Annotated[str, Field(min_length=1, max_length=1000)]
Label = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=200)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Named(_Section):
    name: Name
    title: Title

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name in _RESERVED:
            raise ValueError(f'"{name}" is a word that Argilla\'s SDK reserves; choose another name')
        return name


class TextField(_Named):
    """A text shown to annotators, always rendered as markdown: plain text fields run the corpus' HTML."""

    type: Literal["text"] = "text"
    content: Literal["prompt", "response"]
    required: bool = False


class ChatField(_Named):
    """The earlier turns of the conversation, at most ``turns`` question/answer pairs of them."""

    type: Literal["chat"]
    content: Literal["context"] = "context"
    required: Literal[False] = False
    turns: Annotated[int, Field(ge=1, le=250)] = 6


class _Question(_Named):
    description: Description | None = None
    required: bool = True

    @field_validator("name")
    @classmethod
    def _free_in_rows(cls, name: str) -> str:
        if name in _ROW_KEYS:
            raise ValueError(f'"{name}" is what an exported row calls something else; choose another name')
        return name


class RatingQuestion(_Question):
    """A number on a scale."""

    type: Literal["rating"]
    values: Annotated[list[Annotated[int, Field(ge=0, le=10)]], Field(min_length=2, max_length=11)]


class _Labels(_Question):
    labels: Annotated[dict[Label, Title], Field(min_length=2, max_length=500)]


class LabelQuestion(_Labels):
    """Exactly one label. ``labels`` maps the value in the data to the text that people read."""

    type: Literal["label"]


class MultiLabelQuestion(_Labels):
    """One label or more."""

    type: Literal["multi_label"]


class TextQuestion(_Question):
    """A text that the annotator writes."""

    type: Literal["text"]


class _Property(_Named):
    visible: bool = True


class NumberProperty(_Property):
    """A number to filter and sort by. Values outside the bounds are set to the nearest bound.

    The bounds are the ends of the slider in Argilla's filter; a property that declares them costs the page no
    request of its own.
    """

    type: Literal["integer", "float"]
    min: float
    max: float

    @model_validator(mode="after")
    def _bounds(self) -> NumberProperty:
        if self.min >= self.max:
            raise ValueError(f"min ({self.min:g}) is not below max ({self.max:g})")
        return self


class TermsProperty(_Property):
    """One word out of ``options``."""

    type: Literal["terms"]
    options: Annotated[list[str], Field(min_length=1, max_length=250)]


class Person(_Section):
    """Somebody with an account; the password is made by ``setup-dataset`` and never stands here."""

    username: Annotated[str, Field(min_length=1, pattern=r"^\S+$")]
    role: Literal["annotator", "admin"] = "annotator"
    first_name: Annotated[str, Field(min_length=1)] | None = None
    last_name: Annotated[str, Field(min_length=1)] | None = None


class Assignment(_Section):
    """Who gets what. ``overlap``: submitted responses after which a record is complete."""

    overlap: Annotated[int, Field(ge=1)] = 1


PolicyName = Literal["majority", "unanimous", "weighted", "adjudicated", "per_label_majority", "mean", "median"]
StatusName = Literal["submitted", "draft", "discarded"]


class Export(_Section):
    """How answers become one value a question, and which responses a row carries.

    ``policies``: question -> policy, majority where there is none. ``adjudicators``: people whose answer wins
    over all others. ``weights``: person -> weight of a vote under the policy ``weighted``, 1 where there is none.
    ``statuses``: of the responses that rows carry; only submitted ones ever make values.
    """

    policies: dict[Name, PolicyName] = {}
    adjudicators: list[Annotated[str, Field(min_length=1)]] = []
    weights: dict[str, Annotated[float, Field(ge=0, strict=False)]] = {}
    statuses: Annotated[list[StatusName], Field(min_length=1)] = ["submitted"]


FieldConfig = Annotated[TextField | ChatField, Field(discriminator="type")]
QuestionConfig = Annotated[
    RatingQuestion | LabelQuestion | MultiLabelQuestion | TextQuestion, Field(discriminator="type")
]
PropertyConfig = Annotated[NumberProperty | TermsProperty, Field(discriminator="type")]


class ProjectConfig(_Section):
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
                nearest = _nearest(name, list(types))
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


def load_project(path: str | Path = DEFAULT_CONFIG) -> Project:
    """Read and check a configuration and the guidelines that it names (a path beside the file).

    Raises:
        ConfigError: one line with the file, the line, what is wrong there and the nearest valid word.
    """
    text = _read(Path(path))
    tree = _compose(path, text)
    try:
        config = ProjectConfig.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        raise ConfigError(_first_error(path, tree, error)) from None
    return Project(config, _guidelines(Path(path).parent / config.guidelines))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 near byte {error.start}") from None


def _guidelines(path: Path) -> str:
    text = _read(path)
    if not 1 <= len(text) <= GUIDELINES_MAX:
        raise ConfigError(f"{path}: {len(text):,} characters; Argilla takes 1 to {GUIDELINES_MAX:,}")
    return text


def _compose(path: str | Path, text: str) -> yaml.Node:
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{where}: not valid YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(tree, yaml.MappingNode):
        raise ConfigError(f"{path}: holds no mapping; it starts with `workspace:`, `dataset:` and so on")
    _refuse_repeated_keys(path, tree)
    return tree


def _refuse_repeated_keys(path: str | Path, node: yaml.Node) -> None:
    # PyYAML keeps the last of two equal keys and says nothing.
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                raise ConfigError(f'{path}:{key.start_mark.line + 1}: key "{key.value}" is there twice')
            seen.add(key.value)
            _refuse_repeated_keys(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_repeated_keys(path, value)


def _first_error(path: str | Path, tree: yaml.Node, error: ValidationError) -> str:
    # A misspelt key is also a missing one; the first says more.
    details = sorted(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")
    first = details[0]
    location = first["loc"]
    if first["type"] == "union_tag_invalid":
        location = (*location, "type")
    line, where = _locate(tree, location)
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return f"{path}:{line}: {where}{_what(first)}{more}"


def _locate(tree: yaml.Node, location: tuple[int | str, ...]) -> tuple[int, str]:
    """The 1-based line and the dotted key of an error; names of union members in its location are left out."""
    node, line, names = tree, tree.start_mark.line + 1, ""
    for part in location:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line, names = node.start_mark.line + 1, f"{names}[{part + 1}]"
        elif isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found:
                line, node = found[0].start_mark.line + 1, found[1]
                names = f"{names}.{part}" if names else str(part)
    return line, f"{names}: " if names else ""


def _what(error: ErrorDetails) -> str:
    context: dict[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "union_tag_invalid":
            known = sorted(word.strip("' ") for word in context["expected_tags"].split(","))
            text = f'unknown type "{context["tag"]}"{_nearest(context["tag"], known)} known: {", ".join(known)}'
        case "union_tag_not_found":
            text = '"type" is missing'
        case "missing":
            text = f'"{error["loc"][-1]}" is missing'
        case "extra_forbidden":
            text = f"unknown key{_nearest(str(error['loc'][-1]), _known_keys())} mend its name or remove it"
        case "literal_error":
            known = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
            nearest = _nearest(str(error["input"]), known)
            text = f'unknown word "{error["input"]}"{nearest} known: {", ".join(known)}'
        case "string_pattern_mismatch":
            text = f'"{error["input"]}" is not a slug: small letters, digits, _ and -, a letter first'
        case "value_error":
            text = str(context["error"])
        case _:
            found = error["input"]
            shown = f", found {found!r}" if isinstance(found, str | int | float | None) else ""
            text = error["msg"][0].lower() + error["msg"][1:] + shown
    return text


def _nearest(word: str, known: list[str]) -> str:
    nearest = get_close_matches(word, known, n=1)
    return f'; did you mean "{nearest[0]}"?' if nearest else ";"


def _known_keys() -> list[str]:
    keys: set[str] = set()
    models: list[type[BaseModel]] = [_Section]
    while models:
        model = models.pop()
        models.extend(model.__subclasses__())
        keys.update(model.model_fields)
    return sorted(keys)
