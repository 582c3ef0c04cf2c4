"""Start a project: write dataset-config.yml, guidelines.md, a schema for editors and examples into a folder.

Nothing is asked and nothing is overwritten: a file that exists already is not changed.
"""

from __future__ import annotations

import argparse
import shlex

from sharegpt_argilla.cli.printing import counted, note, tell
from sharegpt_argilla.workflows.init import TASKS, InitSummary, init

SUMMARY = InitSummary
EXAMPLE = "sharegpt-argilla init my-project --task prompts"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("folder", metavar="DIR", help="the project's folder; it is made if it does not exist")
    tasks = "; ".join(f"{name}: {does}" for name, does in TASKS.items())
    parser.add_argument(
        "--task", default="prompts", metavar="TASK", help=f"what annotators do (%(default)s): {tasks}"
    )
    parser.add_argument("--dry-run", action="store_true", help="name the files, write nothing")


def names() -> dict[str, list[str]]:
    """What options may be, for completion in a shell."""
    return {"task": list(TASKS)}


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    summary = init(arguments.folder, arguments.task, dry_run=arguments.dry_run)
    for name in summary.kept:
        note(f"{summary.folder / name} is there already and stays as it is")
    verb = "would be written" if arguments.dry_run else "written"
    done = f"{counted((len(summary.written), f'files {verb}'), (len(summary.kept), 'kept'))} -> {summary.folder}"
    tell(summary, *([done] if arguments.dry_run else [done, _next_commands(summary)]))
    return 0


_EXTRACT = {"extract examples -m auto -o rows.jsonl": "your own chats in place of examples"}
_SERVE = {"serve": "an Argilla, in a terminal of its own"}
_PUSHED = "accounts, dataset and records"
_NEXT = {
    # Two responses to a prompt are nothing that chats have; docs/gallery.md makes such rows from preference sets.
    "preferences": {**_SERVE, "push-to-argilla rows.jsonl": f"{_PUSHED}; rows.jsonl has four examples"},
    # Its response must be there.
    "sharegpt-2023": {
        **_EXTRACT,
        "curate rows.jsonl -o curated.jsonl --drop blank_answer": "without rows that nobody answered",
        **_SERVE,
        "push-to-argilla curated.jsonl": _PUSHED,
    },
}
"""Task -> the commands that come next, and what for, where they are other than usual."""
_USUAL = {**_EXTRACT, **_SERVE, "push-to-argilla rows.jsonl": _PUSHED}


def _next_commands(summary: InitSummary) -> str:
    commands = _NEXT.get(summary.task, _USUAL)
    width = max(map(len, commands))
    lines = [f"  sharegpt-argilla {command:<{width}}    {purpose}" for command, purpose in commands.items()]
    return "\n".join(["", f"Next, in {shlex.quote(str(summary.folder))}:", "", *lines, ""])
