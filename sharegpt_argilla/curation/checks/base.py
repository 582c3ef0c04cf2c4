"""What a check is: it inspects question/answer pairs and reports those with one kind of fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from sharegpt_argilla.curation.precision import Precision, measured_precision

Severity = Literal["note", "warning", "error"]
"""``note``: worth knowing; ``warning``: often unusable; ``error``: nothing to learn from."""

UNSURE = "unsure"
"""The language code of a text whose language cannot be told."""


class Texts(NamedTuple):
    """The two texts of a row."""

    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class Item:
    """One row as a check sees it.

    Attributes:
        prompt: its question.
        answer: its answer; ``""`` if nobody answered.
        turn: 1-based number of the question in its conversation.
        extension: the rest of the row, ``扩展字段`` parsed.
        prompt_language: ISO 639-1 code, or ``unsure``.
        response_language: the same of the answer.
    """

    prompt: str
    answer: str
    turn: int = 1
    extension: Mapping[str, Any] = field(default_factory=dict)
    prompt_language: str = UNSURE
    response_language: str = UNSURE

    @property
    def texts(self) -> Texts:
        """Both texts."""
        return Texts(self.prompt, self.answer)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check reports about a row.

    Attributes:
        excerpt: the words that it flagged; shown in reports, so empty if they are private.
        facts: what is stored under ``curation`` in the row, in addition to the flags.
        flagged: False for facts alone.
    """

    excerpt: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    flagged: bool = True


@dataclass(frozen=True, slots=True)
class Options:
    """Thresholds, languages and models of the checks.

    Attributes:
        languages: ISO 639-1 codes that are wanted; empty for any.
        identifier: what tells the language: ``py3langid`` or ``lingua``.
        similarity: Jaccard similarity of word shingles from which two prompts are near duplicates.
        toxicity: score from which a text is toxic, 0 to 1.
        min_words: least words of a prompt.
        spacy_model: spaCy pipeline that finds names, by name or path.
        detoxify_model: Detoxify's ``multilingual``, ``original`` or ``unbiased``, or a checkpoint's path.
        moderation_url: base address of an endpoint with OpenAI's moderation interface.
        moderation_model: model that the endpoint is to use.
    """

    languages: tuple[str, ...] = ()
    identifier: str = "py3langid"
    similarity: float = 0.7
    # da03/wildchat calls a turn toxic above this score of Detoxify.
    toxicity: float = 0.1
    min_words: int = 3
    spacy_model: str = "en_core_web_sm"
    detoxify_model: str = "multilingual"
    moderation_url: str = "https://api.openai.com/v1"
    moderation_model: str = "omni-moderation-latest"


Look = Callable[[Item, Options], Finding | None]
Fix = Callable[[Texts], Texts]


class Check(Protocol):
    """One member of the family.

    Attributes:
        id: the flag that it sets.
        message: what is wrong with a row that it flags, for people.
        severity: how bad that is.
        private: whether its matches must never be shown.
        optional: whether it runs only when asked for by name.
        precision: share of true hits among those that were read; None if none was read.
        fix: returns the fixed texts of a flagged row; None if the check cannot fix.
    """

    @property
    def id(self) -> str: ...  # noqa: D102 - described above
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def severity(self) -> Severity: ...  # noqa: D102
    @property
    def private(self) -> bool: ...  # noqa: D102
    @property
    def optional(self) -> bool: ...  # noqa: D102
    @property
    def precision(self) -> Precision | None: ...  # noqa: D102
    @property
    def fix(self) -> Fix | None: ...  # noqa: D102

    def find(self, items: Sequence[Item], options: Options) -> list[Finding | None]:
        """Its finding for each item, in order; None for no finding."""
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """A check that inspects one row at a time."""

    id: str
    message: str
    severity: Severity
    look: Look
    fix: Fix | None = None
    private: bool = False
    optional: bool = False

    @property
    def precision(self) -> Precision | None:
        """As measured."""
        return measured_precision(self.id)

    def find(self, items: Sequence[Item], options: Options) -> list[Finding | None]:
        """Its finding for each item, in order; None for no finding."""
        return [self.look(item, options) for item in items]
