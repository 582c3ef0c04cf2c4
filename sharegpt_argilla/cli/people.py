"""List the people of the project with their accounts and everybody's own link: what is theirs and pending.

`setup-dataset` makes the accounts. -o writes a sheet with names, passwords and links, readable by you alone.
Nobody's account is ever deleted, since in Argilla that deletes their responses; --remove ends a membership, and
all that the person answered stays. --revoke is for a key or a password in wrong hands: the person's API key,
password and open sessions cease to work at once.
"""

from __future__ import annotations

import argparse

from sharegpt_argilla.cli.printing import counted, note, show, tell, warn
from sharegpt_argilla.cli.setup_dataset import add_config, add_people
from sharegpt_argilla.workflows.people import PeopleSummary, ProjectPerson, people

SUMMARY = PeopleSummary
EXAMPLE = "sharegpt-argilla people -o people-sheet.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_config(parser)
    add_people(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="takes names, passwords and links (mode 0600)")
    parser.add_argument(
        "--remove",
        action="append",
        default=[],
        metavar="NAME",
        help="ends the membership of somebody who is no more in the project file; responses stay",
    )
    parser.add_argument(
        "--revoke",
        action="append",
        default=[],
        metavar="NAME",
        help="ends somebody's API key, password and sessions at once; the new password is in credentials.csv",
    )
    parser.add_argument("--dry-run", action="store_true", help="remove and revoke nobody, write nothing")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    summary = people(
        arguments.config,
        people=arguments.people,
        remove=arguments.remove,
        revoke=arguments.revoke,
        output=arguments.output,
        dry_run=arguments.dry_run,
    )
    warn(summary.warnings)
    for person in summary.people:
        show(_line(person))
    if summary.sheet:
        note(f"names, passwords and links -> {summary.sheet}")
    would = "would be " if arguments.dry_run else ""
    tell(
        summary,
        counted(
            (len(summary.people), f"people at {summary.url}"),
            (len(summary.removed), f"{would}removed"),
            (len(summary.revoked), f"{would}revoked"),
        ),
    )
    return 0


def _line(person: ProjectPerson) -> str:
    state = "" if person.member else " (no member yet; run `sharegpt-argilla setup-dataset`)"
    if not person.listed:
        state = " (not in the project file)"
    return "\t".join([f"{person.username}\t{person.role}{state}", *person.links])
