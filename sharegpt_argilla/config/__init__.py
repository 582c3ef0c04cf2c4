"""dataset-config.yml: the annotation project as data."""

from sharegpt_argilla.config.assignment import (
    ASSIGNED_N,
    ASSIGNED_RANK,
    ASSIGNED_TO,
    Assignment,
    Calibration,
)
from sharegpt_argilla.config.curation import Curation
from sharegpt_argilla.config.dashboard import Dashboard
from sharegpt_argilla.config.describe import Describe
from sharegpt_argilla.config.export import POLICY_TYPES, Export
from sharegpt_argilla.config.fields import ChatField, CustomField, FieldConfig, TextField
from sharegpt_argilla.config.gold import Adjudication, Gold
from sharegpt_argilla.config.metadata import NumberProperty, PropertyConfig, TermsProperty
from sharegpt_argilla.config.people import Person
from sharegpt_argilla.config.project import Project, ProjectConfig
from sharegpt_argilla.config.questions import (
    LabelQuestion,
    MultiLabelQuestion,
    QuestionConfig,
    RankingQuestion,
    RatingQuestion,
    SpanQuestion,
    TextQuestion,
)
from sharegpt_argilla.config.reading import DEFAULT_CONFIG, GUIDELINES_MAX, load_project
from sharegpt_argilla.config.suggestions import (
    INTENT_LABELS,
    AgentConfig,
    Classifier,
    IntentRules,
    LanguageModel,
    Moderation,
    VectorConfig,
)

__all__ = [
    "ASSIGNED_N",
    "ASSIGNED_RANK",
    "ASSIGNED_TO",
    "DEFAULT_CONFIG",
    "GUIDELINES_MAX",
    "INTENT_LABELS",
    "POLICY_TYPES",
    "Adjudication",
    "AgentConfig",
    "Assignment",
    "Calibration",
    "ChatField",
    "Classifier",
    "Curation",
    "CustomField",
    "Dashboard",
    "Describe",
    "Export",
    "FieldConfig",
    "Gold",
    "IntentRules",
    "LabelQuestion",
    "LanguageModel",
    "Moderation",
    "MultiLabelQuestion",
    "NumberProperty",
    "Person",
    "Project",
    "ProjectConfig",
    "PropertyConfig",
    "QuestionConfig",
    "RankingQuestion",
    "RatingQuestion",
    "SpanQuestion",
    "TermsProperty",
    "TextField",
    "TextQuestion",
    "VectorConfig",
    "load_project",
]
