"""Check dataset-config.yml, compare it with the server, or print its JSON Schema for an editor.

check reads the file and all that it names, and says what the first mistake is and where; of a server that can be
asked it says what it does not do. diff lists how the
dataset on the server differs; its exit code is 1 when it does. schema prints the JSON Schema.
"""

from __future__ import annotations

import argparse
import json

from sharegpt_argilla.cli.printing import show, tell, warn
from sharegpt_argilla.cli.setup_dataset import add_config
from sharegpt_argilla.common.plurals import numbered
from sharegpt_argilla.workflows.config import check_config, config_schema, diff_config, server_warnings

MORE_KEYS = {
    "config": "check and diff: the project file",
    "dataset": "check: the dataset's name",
    "workspace": "check: the workspace's name",
    "fields": "check: names of the fields",
    "questions": "check: names of the questions",
    "metadata": "check: names of the metadata properties",
    "people": "check: usernames",
    "assignment": "check: how records are assigned",
    "url": "diff: address of the Argilla",
    "differences": "diff: one line for each",
    "warnings": "what the file asks for and the server does not do, if one can be asked",
}
"""The schema has the keys of JSON Schema instead."""
EXAMPLE = "sharegpt-argilla config check --config dataset-config.yml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("action", choices=("check", "diff", "schema"), help="what to do with the file")
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if arguments.action == "schema":
        schema = config_schema()
        show(json.dumps(schema, ensure_ascii=False, indent=2))
        tell(schema)
        return 0
    return _check(arguments.config) if arguments.action == "check" else _diff(arguments.config)


def _check(path: str) -> int:
    project = check_config(path)
    config, warnings = project.config, server_warnings(project)
    warn(warnings)
    parts = {
        "fields": [field.name for field in config.fields],
        "questions": [question.name for question in config.questions],
        "metadata": [item.name for item in config.metadata],
    }
    counts = ", ".join(f"{name}: {' '.join(items) or 'none'}" for name, items in parts.items())
    summary = {"config": path, "dataset": config.dataset, "workspace": config.workspace, **parts}
    summary |= {"people": [person.username for person in config.people], "assignment": config.assignment.mode}
    tell(
        summary | {"warnings": warnings},
        f'{path}: fine; dataset "{config.dataset}"; {counts}; people: {len(config.people)}; '
        f"assignment: {config.assignment.mode}",
    )
    return 0


def _diff(path: str) -> int:
    differences = diff_config(path)
    warn(differences.warnings)
    for line in differences.lines:
        show(line)
    tell(
        {
            "config": path,
            "url": differences.url,
            "differences": differences.lines,
            "warnings": differences.warnings,
        },
        f"{numbered(len(differences.lines), 'differences')} between {path} and {differences.url}",
    )
    return 1 if differences.lines else 0
