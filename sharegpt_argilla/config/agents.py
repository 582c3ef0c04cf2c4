"""Agents that answer questions before people do, and vectors to find similar records by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from sharegpt_argilla.config.annotation_task import FieldConfig, QuestionConfig, TextField
from sharegpt_argilla.config.base import Name, Named, Section
from sharegpt_argilla.registry import plugin_names

INTENT_LABELS = ("brainstorming", "code", "generation", "rewrite", "summarization")
"""What ``intent_rules`` can answer."""

TOXICITY_LABELS = ("none", "illegal", "harmful")
"""What ``moderation`` can answer."""


class Moderation(Section):
    """Toxicity from scores that the row brings.

    A highest score from ``threshold`` on suggests the label of its category, one below ``clean`` suggests
    ``none``, and between them nothing is suggested.
    """

    type: Literal["moderation"]
    question: Name = "toxicity"
    threshold: Annotated[float, Field(gt=0, le=1, strict=False)] = 0.5
    clean: Annotated[float, Field(ge=0, lt=1, strict=False)] = 0.05


class IntentRules(Section):
    """Intent of the prompt by rules that are rarely wrong and often silent."""

    type: Literal["intent_rules"]
    question: Name = "intent"


class Classifier(Section):
    """A text classifier of ``train``, where it is sure.

    ``model``: its folder, seen from this file. ``threshold``: the least probability of a label that is suggested;
    by default that of the model, from which nine of ten were right.
    """

    type: Literal["classifier"]
    question: Name
    model: Annotated[str, Field(min_length=1)]
    threshold: Annotated[float, Field(gt=0, le=1, strict=False)] | None = None


class LanguageModel(Section):
    """A model behind any chat endpoint in the manner of OpenAI.

    ``mode``: ``annotate`` answers the questions by the guidelines, ``judge`` says whether the response is right
    for its prompt. ``key_variable``: the environment variable with the API key, where the endpoint wants one.
    ``price_in``, ``price_out``: of a million tokens, in any currency.
    """

    type: Literal["llm"]
    mode: Literal["annotate", "judge"] = "annotate"
    questions: Annotated[list[Name], Field(min_length=1)]
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    model: Annotated[str, Field(min_length=1)]
    key_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    response_format: Literal["json_schema", "json_object", "none"] = "json_schema"
    max_characters: Annotated[int, Field(ge=100)] = 8000
    parallel: Annotated[int, Field(ge=1, le=64)] = 4
    timeout: Annotated[float, Field(gt=0, strict=False)] = 60.0
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    price_in: Annotated[float, Field(ge=0, strict=False)] = 0.0
    price_out: Annotated[float, Field(ge=0, strict=False)] = 0.0


class PluginAgent(Section):
    """An agent of another package, by the name of its entry point. ``options``: what that package says."""

    type: Annotated[str, Field(min_length=1)]
    question: Name
    options: dict[str, Any] = {}


AGENT_PLUGINS = "sharegpt_argilla.agents"
"""The group of entry points by which other packages add agents."""

PLUGIN = "plug-in"
"""Tag of the sections for agents of other packages."""

AGENT_TYPES = ("moderation", "intent_rules", "classifier", "llm")
"""Our own agents."""


def _agent_type(section: object) -> str | None:
    name = section.get("type") if isinstance(section, dict) else getattr(section, "type", None)
    if isinstance(name, str) and name not in AGENT_TYPES and name in plugin_names(AGENT_PLUGINS):
        return PLUGIN
    return name


AgentConfig = Annotated[
    Annotated[Moderation, Tag("moderation")]
    | Annotated[IntentRules, Tag("intent_rules")]
    | Annotated[Classifier, Tag("classifier")]
    | Annotated[LanguageModel, Tag("llm")]
    | Annotated[PluginAgent, Tag(PLUGIN)],
    Discriminator(_agent_type),
]


class VectorConfig(Named):
    """The embedding of a text field. ``model``: a model2vec model, a folder or a name on the Hub."""

    field: Name
    model: Annotated[str, Field(min_length=1)]
    dimensions: Annotated[int, Field(ge=1)]


def agent_mistakes(agents: Sequence[AgentConfig], questions: Sequence[QuestionConfig]) -> Iterator[str]:
    """What is wrong between agents and questions, in words."""
    by_name = {question.name: question for question in questions}
    for number, agent in enumerate(agents, 1):
        names = agent.questions if isinstance(agent, LanguageModel) else [agent.question]
        for name in names:
            if name not in by_name:
                yield f'suggestions[{number}]: there is no question "{name}"; known: {", ".join(by_name)}'
            elif not isinstance(agent, LanguageModel | PluginAgent):
                yield from _label_mistakes(f"suggestions[{number}]", agent, by_name[name])


def rater_mistakes(names: Sequence[str], agents: Sequence[AgentConfig]) -> Iterator[str]:
    """Which of the agents that count as raters none of the sections can be, in words.

    What a language model or a plug-in calls itself is known only once it is built.
    """
    if any(isinstance(agent, LanguageModel | PluginAgent) for agent in agents):
        return
    types = list(dict.fromkeys(agent.type for agent in agents))
    for name in names:
        if not any(name == known or name.startswith((f"{known}-", f"{known}:")) for known in types):
            yield f'export.agents: no agent "{name}" under suggestions; known: {", ".join(types) or "none"}'


def vector_mistakes(vectors: Sequence[VectorConfig], fields: Sequence[FieldConfig]) -> Iterator[str]:
    """What is wrong between vectors and fields, in words."""
    texts = [field.name for field in fields if isinstance(field, TextField)]
    for vector in vectors:
        if vector.field not in texts:
            yield f'vector "{vector.name}": there is no text field "{vector.field}"; known: {", ".join(texts)}'


def _label_mistakes(
    where: str, agent: Moderation | IntentRules | Classifier, question: QuestionConfig
) -> Iterator[str]:
    # What a classifier can say is stored in its folder, and is read when it is loaded.
    labels = {"moderation": TOXICITY_LABELS, "intent_rules": INTENT_LABELS}.get(agent.type, ())
    if question.type not in ("label", "multi_label"):
        yield f'{where}: {agent.type} suggests labels, and question "{question.name}" is a {question.type}'
    elif missing := [label for label in labels if label not in question.labels]:
        yield f'{where}: {agent.type} suggests "{missing[0]}", which is no label of question "{question.name}"'
