"""Print a script that lets TAB complete commands, options and names in bash, zsh or fish.

The script has all words in it, so TAB starts no Python. Load it where your shell starts: in ~/.bashrc or ~/.zshrc

  source <(sharegpt-argilla completion bash)

and for fish in ~/.config/fish/completions/sharegpt-argilla.fish. Print it again after an update.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Mapping
from importlib import import_module

from sharegpt_argilla.cli.main import COMMANDS, build_parser
from sharegpt_argilla.cli.printing import show, tell

MORE_KEYS = {"shell": "bash, zsh or fish", "script": "the script"}
EXAMPLE = "sharegpt-argilla completion bash"

PROGRAM = "sharegpt-argilla"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("shell", choices=SCRIPTS, help="whose script to print")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    script = "\n".join(SCRIPTS[arguments.shell]())
    show(script)
    tell({"shell": arguments.shell, "script": script})
    return 0


def names_of(command: str, action: argparse.Action) -> list[str]:
    """What an option or a word may be, where that is one of a list; a command lists them in ``names``."""
    module = import_module(f"sharegpt_argilla.cli.{command.replace('-', '_')}")
    lists: Mapping[str, list[str]] = module.names() if hasattr(module, "names") else {}
    return [str(name) for name in action.choices or lists.get(action.dest) or ()]


def _bash() -> Iterator[str]:
    commands = _actions()
    yield "_sharegpt_argilla() {"
    yield "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words= files="
    yield f"  if [ $COMP_CWORD -eq 1 ]; then words={shlex.quote(' '.join([*commands, '--help', '--version']))}"
    yield '  else case "${COMP_WORDS[1]}" in'
    for command, actions in commands.items():
        yield f'    {command}) case "$before" in'
        for action in actions:
            if action.option_strings and action.nargs != 0:
                names = names_of(command, action)
                fill = f"words={shlex.quote(' '.join(names))}" if names else "files=1"
                yield f"      {'|'.join(action.option_strings)}) {fill} ;;"
        words = [word for action in actions for word in action.option_strings or names_of(command, action)]
        yield f"      *) words={shlex.quote(' '.join(words))} files=1 ;;"
        yield "    esac ;;"
    yield "  esac; fi"
    yield '  COMPREPLY=($(compgen -W "$words" -- "$current"))'
    yield '  if [ -n "$files" ] && [[ $current != -* ]]; then COMPREPLY+=($(compgen -f -- "$current")); fi'
    yield "}"
    yield f"complete -o filenames -F _sharegpt_argilla {PROGRAM}"


def _zsh() -> Iterator[str]:
    yield "autoload -U +X compinit && compinit"
    yield "autoload -U +X bashcompinit && bashcompinit"
    yield from _bash()


def _fish() -> Iterator[str]:
    for command, does in COMMANDS.items():
        yield f"complete -c {PROGRAM} -n __fish_use_subcommand -f -a {command} -d {_fish_quoted(does)}"
    for command, actions in _actions().items():
        condition = f"complete -c {PROGRAM} -n '__fish_seen_subcommand_from {command}'"
        for action in actions:
            names = _fish_quoted(" ".join(names_of(command, action)))
            if action.option_strings:
                options = " ".join(
                    f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
                    for option in action.option_strings
                )
                value = "" if action.nargs == 0 else f" -x -a {names}" if names != "''" else " -r"
                yield f"{condition} {options}{value}"
            elif names != "''":
                yield f"{condition} -a {names}"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _actions() -> dict[str, list[argparse.Action]]:
    return {command: list(build_parser(command)._actions) for command in COMMANDS}


SCRIPTS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
"""Shell -> the lines of its script."""
