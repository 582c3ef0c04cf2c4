"""What TAB offers: every command, every option, and names where an option takes one of a list."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from sharegpt_argilla.cli.completion import SCRIPTS
from sharegpt_argilla.cli.main import COMMANDS, build_parser
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.training.table import FORMATS

PROGRAM = "sharegpt-argilla"
OPTIONS = {
    command: {option for action in build_parser(command)._actions for option in action.option_strings}
    for command in COMMANDS
}


def offered_by_bash(*words: str, folder: Path) -> set[str]:
    """What bash offers for the last of these words."""
    line = " ".join(map(shlex.quote, (PROGRAM, *words)))
    script = "\n".join(SCRIPTS["bash"]())
    ask = f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; _sharegpt_argilla; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    return run(["bash", "-c", f"{script}\n{ask}"], folder)


def offered_by_fish(*words: str, folder: Path) -> set[str]:
    script = "\n".join(SCRIPTS["fish"]())
    return run(["fish", "-c", f"{script}\ncomplete -C {shlex.quote(' '.join((PROGRAM, *words)))}"], folder)


def run(command: Sequence[str], folder: Path) -> set[str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]} here")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return {line.partition("\t")[0] for line in done.stdout.splitlines()} - {""}


@pytest.mark.parametrize("offered", [offered_by_bash, offered_by_fish])
def test_commands_options_and_names(offered, tmp_path: Path) -> None:
    (tmp_path / "vicuna-chats.json").touch()
    assert offered("ex", folder=tmp_path) == {"extract", "export-responses"}
    assert {"--model", "--min-x"} & offered("extract", "--m", folder=tmp_path) == {"--model"}
    assert offered("extract", "--model", "vi", folder=tmp_path) == {"vicuna"}
    assert "vicuna-chats.json" in offered("extract", "vi", folder=tmp_path)
    assert "vicuna-chats.json" in offered("extract", "-o", "vi", folder=tmp_path)
    assert {"check", "diff"} & offered("config", "di", folder=tmp_path) == {"diff"}
    assert "alpaca" in offered("training", "rows.jsonl", "--format", "alp", folder=tmp_path)


def test_bash_offers_everything(tmp_path: Path) -> None:
    assert set(COMMANDS) < offered_by_bash("", folder=tmp_path)
    for command, options in OPTIONS.items():
        assert {option for option in options if option.startswith("--")} <= offered_by_bash(
            command, "--", folder=tmp_path
        )
    assert offered_by_bash("extract", "-m", "", folder=tmp_path) == {"auto", *CORPORA}
    assert offered_by_bash("training", "--format", "", folder=tmp_path) == set(FORMATS)


def test_zsh_reads_the_script_and_has_the_function(tmp_path: Path) -> None:
    script = "\n".join(SCRIPTS["zsh"]())
    shown = run(["zsh", "-fc", f"{script}\necho $_comps[{PROGRAM}]"], tmp_path)
    assert shown == {"_bash_complete -o filenames -F _sharegpt_argilla"}
