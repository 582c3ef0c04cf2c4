"""The project's settings and records as objects of Argilla's own SDK, for code that uses the SDK.

Nothing else imports the SDK, which takes a second.
"""

from __future__ import annotations

from pathlib import Path

import argilla as rg
import httpx
from argilla._exceptions import ArgillaError

from sharegpt_argilla.annotation import RecordDraft
from sharegpt_argilla.argilla_client.dataset_on_server import MIN_VISIBLE
from sharegpt_argilla.common.contract_keys import ASSIGNED_N, ASSIGNED_RANK, ASSIGNED_TO
from sharegpt_argilla.config import (
    DEFAULT_CONFIG,
    ChatField,
    CustomField,
    FieldConfig,
    LabelQuestion,
    MultiLabelQuestion,
    NumberProperty,
    Project,
    PropertyConfig,
    QuestionConfig,
    RankingQuestion,
    RatingQuestion,
    TextQuestion,
    load_project,
)
from sharegpt_argilla.errors import CredentialsError

Record = rg.Record


def build_settings(config: str | Path = DEFAULT_CONFIG) -> rg.Settings:
    """The dataset that ``setup_dataset`` makes, as settings of Argilla's SDK.

    Its objects belong to a client: make one first (``rg.Argilla(api_url=…, api_key=…)``), as the SDK asks. Of a
    project that is kept in several datasets, this is the whole as one.

    Args:
        config: the project file.

    Raises:
        ConfigError: the project file is wrong.
        CredentialsError: no client was made, and the environment names no Argilla that takes its key.
    """
    project = load_project(config)
    try:
        return _settings(project)
    except (ArgillaError, httpx.HTTPError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CredentialsError(
            f"Argilla's SDK has no client ({reason}); make one first: rg.Argilla(api_url=…, api_key=…)"
        ) from None


def _settings(project: Project) -> rg.Settings:
    config = project.config
    hidden = [
        rg.TermsMetadataProperty(name=ASSIGNED_TO, title="Assigned to", visible_for_annotators=False),
        rg.IntegerMetadataProperty(name=ASSIGNED_RANK, title="Place in the order", visible_for_annotators=False),
        rg.IntegerMetadataProperty(name=ASSIGNED_N, title="People assigned", visible_for_annotators=False),
    ]
    return rg.Settings(
        guidelines=project.guidelines,
        fields=[_field(field, project) for field in config.fields],
        questions=[_question(question) for question in config.questions],
        metadata=[
            *(_property(item) for item in config.metadata),
            *(hidden if config.assignment.on_records else ()),
        ],
        vectors=[
            rg.VectorField(name=item.name, dimensions=item.dimensions, title=item.title) for item in config.vectors
        ],
        allow_extra_metadata=True,
        distribution=rg.TaskDistribution(min_submitted=config.assignment.overlap),
    )


def _field(field: FieldConfig, project: Project) -> rg.TextField | rg.ChatField | rg.CustomField:
    if isinstance(field, CustomField):
        return rg.CustomField(
            name=field.name,
            title=field.title,
            template=project.templates[field.name],
            advanced_mode=field.advanced,
            required=field.required,
        )
    kind = rg.ChatField if isinstance(field, ChatField) else rg.TextField
    return kind(name=field.name, title=field.title, required=field.required, use_markdown=True)


def _question(question: QuestionConfig) -> rg.settings.QuestionType:
    about = {
        "name": question.name,
        "title": question.title,
        "description": question.description,
        "required": question.required,
    }
    if isinstance(question, RatingQuestion):
        return rg.RatingQuestion(values=question.values, **about)
    if isinstance(question, TextQuestion):
        return rg.TextQuestion(use_markdown=True, **about)
    if isinstance(question, RankingQuestion):
        return rg.RankingQuestion(values=question.labels, **about)
    labels = {
        "labels": question.labels,
        "visible_labels": len(question.labels) if len(question.labels) >= MIN_VISIBLE else None,
    }
    if isinstance(question, LabelQuestion):
        return rg.LabelQuestion(**labels, **about)
    if isinstance(question, MultiLabelQuestion):
        return rg.MultiLabelQuestion(labels_order=question.order, **labels, **about)
    return rg.SpanQuestion(field=question.field, allow_overlapping=question.overlapping, **labels, **about)


def _property(item: PropertyConfig) -> rg.settings.MetadataType:
    about = {"name": item.name, "title": item.title, "visible_for_annotators": item.visible}
    if not isinstance(item, NumberProperty):
        return rg.TermsMetadataProperty(options=item.options, **about)
    if item.type == "integer":
        return rg.IntegerMetadataProperty(min=int(item.min), max=int(item.max), **about)
    return rg.FloatMetadataProperty(min=float(item.min), max=float(item.max), **about)


def sdk_record(draft: RecordDraft) -> rg.Record:
    """A record as the SDK's ``dataset.records.log`` takes it."""
    return rg.Record(
        id=draft.id,
        fields=dict(draft.fields),
        metadata=dict(draft.metadata),
        vectors={name: list(numbers) for name, numbers in draft.vectors.items()},
        suggestions=[
            rg.Suggestion(
                question_name=suggestion.question,
                value=suggestion.value,
                agent=suggestion.agent,
                score=suggestion.score,
                type=suggestion.type,
            )
            for suggestion in draft.suggestions
        ],
    )
