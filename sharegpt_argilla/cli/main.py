"""``sharegpt-argilla COMMAND``: finds the command, prints errors as one line, returns the exit code."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import NoReturn

from sharegpt_argilla.errors import SharegptArgillaError, UnknownNameError, UsageError

GROUPS = {
    "start a project": {
        "demo": "all of it on examples/",
        "init": "a new project: config, guidelines and examples in a folder",
        "config": "dataset-config.yml checked, compared with the server, or its JSON Schema",
    },
    "rows": {
        "extract": "raw corpora -> rows",
        "curate": "rows -> flagged rows: checked, fixed, left out, sampled as asked",
        "import-legacy": "a FeedbackDataset of Argilla 1.x -> annotated rows",
    },
    "Argilla server": {
        "serve": "the embedded Argilla, until Ctrl-C",
        "status": "whether the embedded Argilla runs, where, and what it contains",
        "stop": "a clean end of the embedded Argilla, from another terminal",
    },
    "project on the server": {
        "push-to-argilla": "setup-dataset and load-records in one",
        "setup-dataset": "accounts, workspace, dataset and guidelines from dataset-config.yml",
        "load-records": "rows -> records: described, checked, uploaded; resumable",
        "people": "who has an account, and everybody's own link",
        "plan": "who answers which record: planned, shown, changed",
        "dashboard": "the team's progress, everybody's own page, the corpus, the export, in a browser",
    },
    "answers": {
        "export-responses": "submitted responses merged back into the rows",
        "report-agreement": "agreement, label distribution, pace, disputed records",
        "adjudicate": "disputed records to reviewers, whose answers are final",
        "migrate": "a new dataset with other questions or labels, answers kept",
    },
    "training": {
        "training": "annotated rows -> the files that trainers read",
        "train": "annotated rows -> a text classifier that suggests answers for the rest",
    },
    "care": {
        "doctor": "versions, connection, storage, counts in database and index",
        "backup": "a copy of the embedded Argilla, taken while it runs",
        "restore": "a backup put back into a home folder",
        "move": "everything of one Argilla copied to another, resumable",
        "completion": "a script that completes commands and options in bash, zsh or fish",
    },
}
"""What one wants to do -> the commands for it, each with what it does."""

COMMANDS = {name: does for commands in GROUPS.values() for name, does in commands.items()}
"""Command -> what it does. The module of the same name in this folder has its options."""

_INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """A parser that reports wrong usage in one line and exits with 2."""

    def error(self, message: str) -> NoReturn:
        """Print the message and exit."""
        self.exit(2, f"{self.prog}: {message}; see `{self.prog} --help`\n")

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """The options; one that does not exist is named before one that is missing, which may be the same."""
        required = [action for action in self._actions if action.required]
        for action in required:
            action.required = False
        _, unknown = self.parse_known_args(arguments)
        for action in required:
            action.required = True
        options = [word.partition("=")[0] for word in unknown if word.startswith("-") and word != "--"]
        if options:
            self.error(", ".join(f"unknown option {option}{self._nearest(option)}" for option in options))
        return self.parse_args(arguments)

    def _nearest(self, option: str) -> str:
        known = {name.lstrip("-"): action for action in self._actions for name in action.option_strings}
        nearest = get_close_matches(option.lstrip("-"), known, n=1)
        return f" (did you mean {'/'.join(known[nearest[0]].option_strings)}?)" if nearest else ""


class _Version(argparse.Action):
    """Prints the version; it is looked up only when asked for, which takes as long as all of --help."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from sharegpt_argilla import __version__  # noqa: PLC0415

        print(f"sharegpt-argilla {__version__}")
        parser.exit()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 when it is done, 1 when it failed, 2 when it was used wrongly."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0].startswith("-"):
        return _top(words)
    try:
        return _run(words[0], words[1:], whole_process=arguments is None)
    except SharegptArgillaError as error:
        print(f"sharegpt-argilla: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("sharegpt-argilla: interrupted; run the same command again to resume", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away. Nobody is left to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def build_parser(command: str) -> Parser:
    """The parser of one command, for its run and for the documentation.

    Raises:
        UnknownNameError: there is no such command.
    """
    module = _module(command)
    parser = Parser(
        prog=f"sharegpt-argilla {command}",
        description=(module.__doc__ or COMMANDS[command]).strip(),
        epilog=f"example:\n  {module.EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    add = parser.add_argument_group("what is printed").add_argument
    if not hasattr(module, "add_json"):
        add("--json", action="store_true", help="the summary as one line of JSON on standard output, nothing else")
    add("--quiet", action="store_true", help="print only errors, and why a command failed")
    add(
        "--verbose", action="store_true", help="log requests and costs on standard error, and where an error arose"
    )
    return parser


def _run(command: str, arguments: Sequence[str], *, whole_process: bool) -> int:
    parser = build_parser(command)
    if whole_process:
        # What is loaded by now stays; the collector need not walk through it again and again.
        gc.freeze()
    options = parser.parse(arguments)
    run: Callable[[], int] = partial(_module(command).run, options)
    if options.verbose:
        # Imported only when asked for, as --help is to be fast.
        from sharegpt_argilla.cli.verbose import run_verbosely  # noqa: PLC0415

        run = partial(run_verbosely, run)
    # A command whose --json takes a file has its own way with one.
    as_json = options.json is True
    if as_json and "-" in {getattr(options, name, None) for name in ("output", "html", "datasheet")}:
        raise UsageError("--json and an output of - both take standard output; name a file")
    if not (options.quiet or as_json):
        return run()
    from sharegpt_argilla.cli.printing import run_quietly  # noqa: PLC0415

    return run_quietly(run, json=as_json, bars=not options.quiet)


def _module(command: str) -> ModuleType:
    if command not in COMMANDS:
        raise UnknownNameError("command", command, COMMANDS)
    return import_module(f"sharegpt_argilla.cli.{command.replace('-', '_')}")


def _top(arguments: Sequence[str]) -> int:
    width = max(map(len, COMMANDS)) + 2
    tables = (
        "\n".join([f"{title}:", *(f"  {name:<{width}}{does}" for name, does in commands.items())])
        for title, commands in GROUPS.items()
    )
    parser = Parser(
        prog="sharegpt-argilla",
        usage="sharegpt-argilla COMMAND …",
        description="\n\n".join(["Chat logs to Argilla and back.", *tables]),
        epilog="`sharegpt-argilla COMMAND --help` has its options and an example.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    parser.parse(arguments)
    parser.print_help()
    return 0
