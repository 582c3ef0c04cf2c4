"""dataset-config.yml: the annotation project as data."""

from sharegpt_argilla.config.export import POLICY_TYPES, Export
from sharegpt_argilla.config.fields import ChatField, FieldConfig, TextField
from sharegpt_argilla.config.metadata import NumberProperty, PropertyConfig, TermsProperty
from sharegpt_argilla.config.people import Assignment, Person
from sharegpt_argilla.config.project import Project, ProjectConfig
from sharegpt_argilla.config.questions import (
    LabelQuestion,
    MultiLabelQuestion,
    QuestionConfig,
    RatingQuestion,
    TextQuestion,
)
from sharegpt_argilla.config.reading import DEFAULT_CONFIG, GUIDELINES_MAX, load_project

__all__ = [
    "DEFAULT_CONFIG",
    "GUIDELINES_MAX",
    "POLICY_TYPES",
    "Assignment",
    "ChatField",
    "Export",
    "FieldConfig",
    "LabelQuestion",
    "MultiLabelQuestion",
    "NumberProperty",
    "Person",
    "Project",
    "ProjectConfig",
    "PropertyConfig",
    "QuestionConfig",
    "RatingQuestion",
    "TermsProperty",
    "TextField",
    "TextQuestion",
    "load_project",
]
