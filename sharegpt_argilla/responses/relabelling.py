"""Maps answers to the questions of one project to answers to those of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sharegpt_argilla.config.label_map import LabelMap, LabelValue
from sharegpt_argilla.errors import UsageError


@dataclass(frozen=True)
class AskedQuestion:
    """A question as a server has it.

    Attributes:
        name: its name.
        type: as dataset-config.yml calls it.
        options: labels, or values of a rating; none for texts.
        required: whether a submitted response must answer it.
    """

    name: str
    type: str
    options: Sequence[LabelValue]
    required: bool


_FITTING = {("label", "multi_label"), ("multi_label", "label")}


class Relabelling:
    """Maps answers from old questions to new ones.

    Args:
        old: the questions that were answered.
        new: the questions of the new project.
        label_map: the new names of questions and labels.

    Raises:
        UsageError: a question or a label has no counterpart and is not in ``label_map``.
    """

    def __init__(self, old: Sequence[AskedQuestion], new: Sequence[AskedQuestion], label_map: LabelMap) -> None:
        self._label_map = label_map
        self._old = {question.name: question for question in old}
        self._new = {question.name: question for question in new}
        self._check_names()
        self._pairs = {
            question.name: self._new[target]
            for question in old
            if (target := self.new_name(question.name)) is not None
        }
        for name, target_question in self._pairs.items():
            self._check(self._old[name], target_question)

    def new_name(self, name: str) -> str | None:
        """The new name of an old question; None for one that is dropped."""
        return self._label_map.names.get(name, name)

    def response(self, response: Mapping[str, Any]) -> dict[str, Any]:
        """A response of Argilla's REST interface with its answers mapped.

        A submitted response that now lacks a required answer becomes a draft, for the person to complete.
        """
        values = {}
        for name, answer in (response["values"] or {}).items():
            value = self.value(name, answer["value"])
            if value is not None:
                values[self._pairs[name].name] = {"value": value}
        open_still = any(question.required and question.name not in values for question in self._new.values())
        status = "draft" if response["status"] == "submitted" and open_still else response["status"]
        return {**response, "status": status, "values": values}

    def value(self, name: str, value: Any) -> Any:
        """An answer to the old question ``name`` as one to its new counterpart; None if it has none."""
        if name not in self._pairs:
            return None
        old, new = self._old[name].type, self._pairs[name].type
        if old == "ranking":
            return self._ranking(name, value)
        if old == "span":
            marked = [{**span, "label": self._label(name, span["label"])} for span in value]
            return [span for span in marked if span["label"] is not None]
        if old == "text":
            return value
        labels = value if isinstance(value, list) else [value]
        mapped = list(dict.fromkeys(to for label in labels if (to := self._label(name, label)) is not None))
        if new == "multi_label":
            return mapped or None
        return mapped[0] if len(mapped) == 1 else None

    def _label(self, name: str, label: LabelValue) -> LabelValue | None:
        return self._label_map.questions.get(name, {}).get(label, label)

    def _ranking(self, name: str, value: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
        mapped = [{**item, "value": self._label(name, item["value"])} for item in value]
        kept = [item for item in mapped if item["value"] is not None]
        # Argilla takes a ranking of all things, or none.
        return kept if {item["value"] for item in kept} == set(self._pairs[name].options) else None

    def _check_names(self) -> None:
        for name in [*self._label_map.names, *self._label_map.questions]:
            if name not in self._old:
                raise UsageError(f'label map: the old dataset has no question "{name}"{_near(name, self._old)}')
        for name in self._old:
            target = self.new_name(name)
            if target is not None and target not in self._new:
                raise UsageError(
                    f'question "{name}" of the old dataset is not in the new one{_near(target, self._new)} '
                    f"say in the label map what becomes of it: `names: {{{name}: NEW}}`, or null for nothing"
                )

    def _check(self, old: AskedQuestion, new: AskedQuestion) -> None:
        if old.type != new.type and (old.type, new.type) not in _FITTING:
            raise UsageError(
                f'question "{old.name}" is a {old.type} question and "{new.name}" a {new.type} question; '
                f"answers to one are none to the other: give it another name and say `names: {{{old.name}: null}}`"
            )
        for label in self._label_map.questions.get(old.name, {}):
            if label not in old.options:
                raise UsageError(
                    f'label map: question "{old.name}" has no "{label}"{_near(str(label), map(str, old.options))}'
                )
        for label in old.options:
            target = self._label(old.name, label)
            if target is not None and target not in new.options:
                near = _near(str(target), map(str, new.options))
                raise UsageError(
                    f'"{target}" is no label of the new question "{new.name}"{near} say in the label map what '
                    f"becomes of it: `questions: {{{old.name}: {{{label}: NEW}}}}`, or null"
                )


def _near(word: str, names: Any) -> str:
    nearest = get_close_matches(word, list(names), n=1)
    return f'; did you mean "{nearest[0]}"?' if nearest else ";"
