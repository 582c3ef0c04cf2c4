"""Look at versions, storage, connection and dataset, and say what is not as it should be."""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.setup_dataset import add_config
from sharegpt_argilla.workflows.doctor import doctor

EXAMPLE = "sharegpt-argilla doctor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; the exit code is 1 when something is wrong."""
    healthy = True
    for finding in doctor(arguments.config):
        healthy = healthy and finding.ok
        print(f"{'ok   ' if finding.ok else 'WRONG'} {finding.name:<17} {finding.text}", flush=True)
    return 0 if healthy else 1
