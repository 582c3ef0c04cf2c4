"""Chat logs to Argilla and back: the commands as functions.

>>> import sharegpt_argilla
>>> sharegpt_argilla.extract(["examples/sharegpt_gpt4.jsonl"], "gpt4", "rows.jsonl")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sharegpt_argilla.project.annotated_tables import read_annotated, read_annotated_dataset
    from sharegpt_argilla.workflows.curate import curate
    from sharegpt_argilla.workflows.export_responses import export_responses
    from sharegpt_argilla.workflows.extract import extract
    from sharegpt_argilla.workflows.load_records import load_records
    from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla
    from sharegpt_argilla.workflows.report_agreement import report_agreement
    from sharegpt_argilla.workflows.setup_dataset import setup_dataset
    from sharegpt_argilla.workflows.train import train

__all__ = [
    "curate",
    "export_responses",
    "extract",
    "load_records",
    "push_to_argilla",
    "read_annotated",
    "read_annotated_dataset",
    "report_agreement",
    "setup_dataset",
    "train",
]


def __getattr__(name: str) -> object:
    # Imported when first used: the embedded server must start without spaCy and the SDK.
    if name in __all__:
        module = "project.annotated_tables" if name.startswith("read_annotated") else f"workflows.{name}"
        return getattr(import_module(f"sharegpt_argilla.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
