"""Look at versions, storage, connection and dataset, and say what is not as it should be."""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import show, tell
from sharegpt_argilla.cli.setup_dataset import add_config
from sharegpt_argilla.workflows.doctor import doctor

MORE_KEYS = {
    "healthy": "whether everything is as it should be",
    "findings": "what was looked at: a list of objects with `name`, `text` and `ok`",
}
EXAMPLE = "sharegpt-argilla doctor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; the exit code is 1 when something is wrong."""
    findings = []
    for finding in doctor(arguments.config):
        findings.append(finding)
        show(f"{'ok   ' if finding.ok else 'WRONG'} {finding.name:<17} {finding.text}")
    healthy = all(finding.ok for finding in findings)
    tell({"healthy": healthy, "findings": findings})
    return 0 if healthy else 1
