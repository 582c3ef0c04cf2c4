"""The command line: options -> one workflow call -> print."""

from sharegpt_argilla.cli.main import main

__all__ = ["main"]
