"""dataset-config.yml read and checked: every mistake is one line with the file, the line and the nearest word."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.constructor import SafeConstructor

from sharegpt_argilla.config.agents import AGENT_PLUGINS, PLUGIN
from sharegpt_argilla.config.annotation_task import CustomField
from sharegpt_argilla.config.base import Section
from sharegpt_argilla.config.project import Project, ProjectConfig, nearest_word
from sharegpt_argilla.config.team import read_people
from sharegpt_argilla.errors import ConfigError
from sharegpt_argilla.registry import plugin_names

DEFAULT_CONFIG = "dataset-config.yml"
GUIDELINES_MAX = 10_000
"""Characters that Argilla accepts as guidelines."""


MAX_VALUES = 50_000
"""Values of a file with each alias written out; a project of 1,000 people has some 5,000. Ten aliases of ten
aliases of ten … are more than fits into any memory."""

# Handlebars puts these into the page as HTML; what double braces enclose is text.
_RAW = re.compile(r"\{\{(\{|&|\s*json\b)")


_NAMED = re.compile(r"([a-z_]+(?:\.[^\s.:]+)*): ")


# libyaml's takes a tenth of the time; every command waits for it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_project(path: str | Path = DEFAULT_CONFIG, people: str | Path | None = None) -> Project:
    """Read and check a configuration and the files that it names (paths relative to its folder).

    Args:
        path: the configuration.
        people: a CSV of people in place of those in the file.

    Raises:
        ConfigError: one line with the file, the line, what is wrong there and the nearest valid word.
    """
    text = _read(Path(path), "`sharegpt-argilla init .` writes one")
    tree = _compose(path, text)
    content = _construct(path, tree)
    try:
        config = ProjectConfig.model_validate(_with_people(content, Path(path).parent, people))
    except ValidationError as error:
        raise ConfigError(_first_error(path, tree, error)) from None
    folder = Path(path).parent
    return Project(config, _guidelines(folder / config.guidelines), _templates(config, folder), Path(path))


def _read(path: Path, missing: str) -> str:
    """The text of a file; ``missing`` says what to do when there is no such file."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: cannot be read: No such file or directory; {missing}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 near byte {error.start}") from None


def _with_people(content: Any, folder: Path, people: str | Path | None) -> Any:
    """``people`` may be the name of a CSV."""
    if people is not None:
        return {**content, "people": read_people(Path(people))}
    named = content.get("people")
    return {**content, "people": read_people(folder / named)} if isinstance(named, str) else content


def _templates(config: ProjectConfig, folder: Path) -> dict[str, str]:
    templates = {}
    for field in config.fields:
        if isinstance(field, CustomField):
            path = folder / field.template
            templates[field.name] = _read(path, f"`template:` of the field {field.name} names it")
            raw = None if field.advanced else _RAW.search(templates[field.name])
            if raw:
                line = templates[field.name].count("\n", 0, raw.start()) + 1
                raise ConfigError(
                    f'{path}:{line}: "{raw[0]}" would run the corpus\' HTML in the page; use {{{{ and }}}}'
                )
    return templates


def _guidelines(path: Path) -> str:
    text = _read(path, "`guidelines:` in the project file names it")
    if not 1 <= len(text) <= GUIDELINES_MAX:
        raise ConfigError(f"{path}: {len(text):,} characters; Argilla takes 1 to {GUIDELINES_MAX:,}")
    return text


def _compose(path: str | Path, text: str) -> yaml.Node:
    try:
        tree = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        problem = " ".join(str(getattr(error, "problem", error)).split())
        raise ConfigError(f"{path}{where}: not valid YAML: {problem}") from None
    if not isinstance(tree, yaml.MappingNode):
        raise ConfigError(f"{path}: contains no mapping; it starts with `workspace:`, `dataset:` and so on")
    _refuse_repeated_keys(path, tree)
    if _values(tree) > MAX_VALUES:
        raise ConfigError(
            f"{path}:{tree.start_mark.line + 1}: more than {MAX_VALUES:,} values when its aliases are written out"
        )
    return tree


def _construct(path: str | Path, tree: yaml.Node) -> Any:
    constructor = _LineConstructor()
    try:
        return constructor.construct_document(tree)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or tree.start_mark
        raise ConfigError(f"{path}:{mark.line + 1}: {getattr(error, 'problem', error)}") from None
    except (KeyError, AttributeError) as error:
        # What PyYAML makes of `!!bool abc` and `!!timestamp abc`.
        raise ConfigError(
            f"{path}:{constructor.line}: a value that its tag does not fit; remove the tag"
        ) from error
    except ValueError as error:
        # A date or a number that looks like one but is not, as in 2024-13-45.
        raise ConfigError(f"{path}:{constructor.line}: {error}; put quotes around a text") from None


class _LineConstructor(SafeConstructor):
    """Remembers the line of the scalar that it reads, which a ValueError does not tell."""

    line = 1

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode):
            self.line = node.start_mark.line + 1
        return super().construct_object(node, deep=deep)


def _values(tree: yaml.Node) -> int:
    """Values below a node, those below an alias each time anew; an alias of what it is part of counts as one."""
    counts: dict[int, int] = {}
    nodes = [(tree, False)]
    while nodes:
        node, below_counted = nodes.pop()
        if below_counted:
            counts[id(node)] = 1 + sum(counts[id(child)] for child in _children(node))
        elif id(node) not in counts:
            counts[id(node)] = 1
            nodes.append((node, True))
            nodes.extend((child, False) for child in _children(node))
    return counts[id(tree)]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _refuse_repeated_keys(path: str | Path, tree: yaml.Node) -> None:
    # PyYAML keeps the last of two equal keys and says nothing.
    nodes: list[yaml.Node] = [tree]
    seen: set[int] = set()
    while nodes:
        node = nodes.pop()
        if id(node) in seen:
            # An alias, which may be a part of what it names.
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            _refuse_repeated_keys_of(path, node)
            nodes.extend(value for _, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            nodes.extend(node.value)


def _refuse_repeated_keys_of(path: str | Path, node: yaml.MappingNode) -> None:
    keys = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError(f"{path}:{key.start_mark.line + 1}: a key is one word, not a list or a mapping")
        if key.value in keys:
            raise ConfigError(f'{path}:{key.start_mark.line + 1}: key "{key.value}" is there twice')
        keys.add(key.value)


def _first_error(path: str | Path, tree: yaml.Node, error: ValidationError) -> str:
    # A misspelt key is also a missing one; the first says more.
    details = sorted(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")
    first = details[0]
    location = first["loc"]
    if first["type"] == "union_tag_invalid":
        location = (*location, "type")
    line, where = _locate(tree, location)
    named = _NAMED.match(_what(first)) if not location else None
    if named:
        # What is wrong between two sections says itself where.
        line = _locate(tree, tuple(named[1].split(".")))[0]
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
            tags = [word.strip("' ") for word in context["expected_tags"].split(",")]
            valid = sorted({*tags, *plugin_names(AGENT_PLUGINS)} - {PLUGIN} if PLUGIN in tags else tags)
            text = (
                f'unknown type "{context["tag"]}"{nearest_word(context["tag"], valid)} known: {", ".join(valid)}'
            )
        case "union_tag_not_found":
            text = '"type" is missing'
        case "missing":
            text = f'"{error["loc"][-1]}" is missing'
        case "extra_forbidden":
            text = f"unknown key{nearest_word(str(error['loc'][-1]), _known_keys())} fix its name or remove it"
        case "literal_error":
            valid = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
            nearest = nearest_word(str(error["input"]), valid)
            text = f'unknown word "{error["input"]}"{nearest} known: {", ".join(valid)}'
        case "string_pattern_mismatch":
            text = f'"{error["input"]}" is not a slug: small letters, digits, _ and -, a letter first'
        case "value_error":
            text = str(context["error"])
        case _:
            value = error["input"]
            shown = f", found {value!r}" if isinstance(value, str | int | float | None) else ""
            text = error["msg"][0].lower() + error["msg"][1:] + shown
    return text


def _known_keys() -> list[str]:
    keys: set[str] = set()
    models: list[type[BaseModel]] = [Section]
    while models:
        model = models.pop()
        models.extend(model.__subclasses__())
        keys.update(field.alias or name for name, field in model.model_fields.items())
    return sorted(keys)
