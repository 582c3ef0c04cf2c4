"""Chat logs to Argilla and back: the commands as functions, with their summaries and errors.

>>> import sharegpt_argilla
>>> sharegpt_argilla.extract(["examples/sharegpt_gpt4.jsonl"], "gpt4", "rows.jsonl")  # doctest: +SKIP

A command has the function of its name, with ``_`` for ``-``; three are called otherwise, since folders of this
package have their names: ``check_config``, ``diff_config`` and ``config_schema``, ``serve_dashboard``, and
``write_training_set``. Options are keyword arguments under the names of the command line, and one that is
misspelt is a UsageError. ``on_progress`` is called with how much was done since its last call.
"""

from __future__ import annotations

from functools import wraps
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sharegpt_argilla.argilla_client.sdk_objects import build_settings
    from sharegpt_argilla.embedded_argilla.processes.launcher import ServerInfo
    from sharegpt_argilla.embedded_argilla.server_status import ServerStatus
    from sharegpt_argilla.errors import (
        ConfigError,
        CredentialsError,
        DatasetDiffersError,
        EmbeddedArgillaError,
        InputError,
        RejectedError,
        ServerRefusedError,
        ServerUnreachableError,
        SharegptArgillaError,
        UnknownNameError,
        UsageError,
    )
    from sharegpt_argilla.project.annotated_tables import read_annotated, read_annotated_dataset
    from sharegpt_argilla.project.enrichers import EnrichOptions
    from sharegpt_argilla.project.record_loader import LoadSummary
    from sharegpt_argilla.project.sdk_records import build_records
    from sharegpt_argilla.project.study_plan import Assumptions
    from sharegpt_argilla.responses.confidence import Ability, estimate_answers, estimate_people
    from sharegpt_argilla.responses.numeric_confidence import NumberEstimate, estimate_numbers
    from sharegpt_argilla.responses.study_design import StudyDesign
    from sharegpt_argilla.settings import Connection, Home
    from sharegpt_argilla.workflows.adjudicate import AdjudicateOptions, AdjudicateSummary, adjudicate
    from sharegpt_argilla.workflows.backup import BackupSummary, backup
    from sharegpt_argilla.workflows.config import ConfigDifferences, check_config, config_schema, diff_config
    from sharegpt_argilla.workflows.curate import CurateSummary, Sampling, curate
    from sharegpt_argilla.workflows.dashboard import DashboardOptions
    from sharegpt_argilla.workflows.dashboard import dashboard as serve_dashboard
    from sharegpt_argilla.workflows.demo import DemoSummary, demo
    from sharegpt_argilla.workflows.doctor import Diagnosis, doctor
    from sharegpt_argilla.workflows.export_responses import ExportOptions, ExportSummary, export_responses
    from sharegpt_argilla.workflows.extract import ExtractSummary, extract
    from sharegpt_argilla.workflows.import_legacy import ImportSummary, import_legacy
    from sharegpt_argilla.workflows.init import InitSummary, init
    from sharegpt_argilla.workflows.load_records import load_records
    from sharegpt_argilla.workflows.migrate import MigrationSummary, migrate
    from sharegpt_argilla.workflows.move import MovedDataset, MoveSummary, move
    from sharegpt_argilla.workflows.people import PeopleSummary, ProjectPerson, people
    from sharegpt_argilla.workflows.plan import PlanSummary, Share, plan, plan_design
    from sharegpt_argilla.workflows.push_to_argilla import PushSummary, push_to_argilla
    from sharegpt_argilla.workflows.report_agreement import AgreementReport, report_agreement
    from sharegpt_argilla.workflows.restore import RestoreSummary, restore
    from sharegpt_argilla.workflows.serve import serve
    from sharegpt_argilla.workflows.setup_dataset import SetupSummary, setup_dataset
    from sharegpt_argilla.workflows.status import status
    from sharegpt_argilla.workflows.stop import stop
    from sharegpt_argilla.workflows.train import LearnedQuestion, TrainSummary, train
    from sharegpt_argilla.workflows.training import Selection, TrainingSummary
    from sharegpt_argilla.workflows.training import training as write_training_set

    __version__: str

__all__ = [
    "Ability",
    "AdjudicateOptions",
    "AdjudicateSummary",
    "AgreementReport",
    "Assumptions",
    "BackupSummary",
    "ConfigDifferences",
    "ConfigError",
    "Connection",
    "CredentialsError",
    "CurateSummary",
    "DashboardOptions",
    "DatasetDiffersError",
    "DemoSummary",
    "Diagnosis",
    "EmbeddedArgillaError",
    "EnrichOptions",
    "ExportOptions",
    "ExportSummary",
    "ExtractSummary",
    "Home",
    "ImportSummary",
    "InitSummary",
    "InputError",
    "LearnedQuestion",
    "LoadSummary",
    "MigrationSummary",
    "MoveSummary",
    "MovedDataset",
    "NumberEstimate",
    "PeopleSummary",
    "PlanSummary",
    "ProjectPerson",
    "PushSummary",
    "RejectedError",
    "RestoreSummary",
    "Sampling",
    "Selection",
    "ServerInfo",
    "ServerRefusedError",
    "ServerStatus",
    "ServerUnreachableError",
    "SetupSummary",
    "Share",
    "SharegptArgillaError",
    "StudyDesign",
    "TrainSummary",
    "TrainingSummary",
    "UnknownNameError",
    "UsageError",
    "__version__",
    "adjudicate",
    "backup",
    "build_records",
    "build_settings",
    "check_config",
    "config_schema",
    "curate",
    "demo",
    "diff_config",
    "doctor",
    "estimate_answers",
    "estimate_numbers",
    "estimate_people",
    "export_responses",
    "extract",
    "import_legacy",
    "init",
    "load_records",
    "migrate",
    "move",
    "people",
    "plan",
    "plan_design",
    "push_to_argilla",
    "read_annotated",
    "read_annotated_dataset",
    "report_agreement",
    "restore",
    "serve",
    "serve_dashboard",
    "setup_dataset",
    "status",
    "stop",
    "train",
    "write_training_set",
]

_MODULES = {
    "argilla_client.sdk_objects": ("build_settings",),
    "embedded_argilla.processes.launcher": ("ServerInfo",),
    "embedded_argilla.server_status": ("ServerStatus",),
    "errors": (
        "ConfigError",
        "CredentialsError",
        "DatasetDiffersError",
        "EmbeddedArgillaError",
        "InputError",
        "RejectedError",
        "ServerRefusedError",
        "ServerUnreachableError",
        "SharegptArgillaError",
        "UnknownNameError",
        "UsageError",
    ),
    "project.annotated_tables": (
        "read_annotated",
        "read_annotated_dataset",
    ),
    "project.enrichers": ("EnrichOptions",),
    "project.record_loader": ("LoadSummary",),
    "project.sdk_records": ("build_records",),
    "responses.confidence": (
        "Ability",
        "estimate_answers",
        "estimate_people",
    ),
    "responses.numeric_confidence": (
        "NumberEstimate",
        "estimate_numbers",
    ),
    "responses.study_design": ("StudyDesign",),
    "project.study_plan": ("Assumptions",),
    "settings": (
        "Connection",
        "Home",
    ),
    "workflows.adjudicate": (
        "AdjudicateOptions",
        "AdjudicateSummary",
        "adjudicate",
    ),
    "workflows.backup": (
        "BackupSummary",
        "backup",
    ),
    "workflows.config": (
        "ConfigDifferences",
        "check_config",
        "config_schema",
        "diff_config",
    ),
    "workflows.curate": (
        "CurateSummary",
        "Sampling",
        "curate",
    ),
    "workflows.dashboard": (
        "DashboardOptions",
        "serve_dashboard",
    ),
    "workflows.demo": (
        "DemoSummary",
        "demo",
    ),
    "workflows.doctor": (
        "Diagnosis",
        "doctor",
    ),
    "workflows.export_responses": (
        "ExportOptions",
        "ExportSummary",
        "export_responses",
    ),
    "workflows.extract": (
        "ExtractSummary",
        "extract",
    ),
    "workflows.import_legacy": (
        "ImportSummary",
        "import_legacy",
    ),
    "workflows.init": (
        "InitSummary",
        "init",
    ),
    "workflows.load_records": ("load_records",),
    "workflows.migrate": (
        "MigrationSummary",
        "migrate",
    ),
    "workflows.move": (
        "MoveSummary",
        "MovedDataset",
        "move",
    ),
    "workflows.people": (
        "PeopleSummary",
        "ProjectPerson",
        "people",
    ),
    "workflows.plan": (
        "PlanSummary",
        "Share",
        "plan",
        "plan_design",
    ),
    "workflows.push_to_argilla": (
        "PushSummary",
        "push_to_argilla",
    ),
    "workflows.report_agreement": ("AgreementReport", "report_agreement"),
    "workflows.restore": (
        "RestoreSummary",
        "restore",
    ),
    "workflows.serve": ("serve",),
    "workflows.setup_dataset": (
        "SetupSummary",
        "setup_dataset",
    ),
    "workflows.status": ("status",),
    "workflows.stop": ("stop",),
    "workflows.train": (
        "LearnedQuestion",
        "TrainSummary",
        "train",
    ),
    "workflows.training": (
        "Selection",
        "TrainingSummary",
        "write_training_set",
    ),
}
"""Module -> what of it belongs to the face. Imported when first used: the embedded server must start without spaCy
and the SDK, and ``import sharegpt_argilla`` cost nothing."""

_RENAMED = {"serve_dashboard": "dashboard", "write_training_set": "training"}
"""Name here -> name in its module, where a folder of this package has that name."""


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - takes a twentieth of a second

        return version("sharegpt-argilla")
    for module, names in _MODULES.items():
        if name in names:
            member = getattr(import_module(f"{__name__}.{module}"), _RENAMED.get(name, name))
            globals()[name] = member = _checked(member) if isinstance(member, FunctionType) else member
            return member
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def _checked(function: Any) -> Any:
    """The function, which answers a misspelt option with the nearest name and all of them."""
    from inspect import Parameter, signature  # noqa: PLC0415 - only for who calls something

    parameters = signature(function).parameters
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return function

    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        for name in options:
            if name not in parameters:
                from sharegpt_argilla.errors import UnknownNameError  # noqa: PLC0415

                raise UnknownNameError("option", name, parameters)
        return function(*arguments, **options)

    return call
