"""Every block and every command of the documentation is run, checked, or in a list of exceptions that is exact."""

from __future__ import annotations

import importlib.util
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

from sharegpt_argilla.cli.main import COMMANDS, build_parser
from tests.docs.exceptions import ELSEWHERE, IN_A_TERMINAL_OF_ITS_OWN, PLACEHOLDERS
from tests.docs.pages import (
    INLINE,
    PAGES,
    PROGRAM,
    Block,
    all_blocks,
    is_whole_command,
    named_command,
    options_in,
    spans,
    words,
)
from tests.docs.test_pages import CHECKED_ELSEWHERE, STORIES
from tests.docs.test_staying_up import ACTIVE_TIME, DASHBOARD, OWN_SERVER
from tests.projects import ROOT

# Checked by tests/docs/test_pages.py or by the test that CHECKED_ELSEWHERE names.
LANGUAGES = {"bash", "ini", "python", "yaml", "json", INLINE}
# tests/e2e/test_distribution.py installs as docs/install.md says.
RUN = {*STORIES, ACTIVE_TIME, DASHBOARD, OWN_SERVER, "docs/extending.md", "docs/install.md"}
# The options of others.
FOREIGN = {
    "--nthreads",
    "--only-binary",
    "--repo-type",
    "--local-dir",
    "--large",
    "--full",
    "--reference",
    "--records",
    "--seed",
    "--no-sandbox",
}
BENCHES = re.compile(r"python (?:-m bench\.|bench/)(\w+)(?:\.py)?(.*)")
TESTS = re.compile(r"python -m pytest (.*?)(?: -k (.+))?$")
DOTTED = re.compile(r"sharegpt_argilla(?:\.\w+)+")
# Programs whose commands may be in a sentence.
PROGRAMS = re.compile(r"(sharegpt-argilla|make|python|pip|docker|hf|openssl|source|export|jupyter|apt-get) \S")


def commands() -> list[tuple[str, str]]:
    """Page and command: each line of a bash block and each span that a reader could type."""
    typed = [(block.page, line) for block in all_blocks() if block.language == "bash" for line in block.lines]
    return typed + [(page, span) for page in PAGES for span in spans(page) if PROGRAMS.match(span)]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_one_that_can_be_typed(page: str) -> None:
    for found, command in commands():
        if found == page and command not in ELSEWHERE | PLACEHOLDERS | IN_A_TERMINAL_OF_ITS_OWN:
            check(page, command)


def check(page: str, command: str) -> None:
    """A command is run with its page, or is of a kind that is known to be there."""
    program = command.split(" ", maxsplit=1)[0]
    match program:
        case "sharegpt-argilla":
            assert named_command(command) in COMMANDS
            assert page in RUN or not is_whole_command(command), f"{page}: nothing runs `{command}`"
        case "make":
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            assert re.search(rf"^{command.split()[1]}:", makefile, re.MULTILINE)
            assert all(
                re.search(rf"^{name} \?=", makefile, re.MULTILINE) for name in re.findall(r"(\w+)=", command)
            )
        case "pip":
            extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
                "optional-dependencies"
            ]
            assert set(re.search(r"\[([\w,-]+)\]", command)[1].split(",")) <= set(extras)
        case "python":
            assert a_bench(command) or our_tests(command) or a_module(command)
        case "openssl" | "export" | "grep" | "printf" | "cd":
            assert page in RUN
        case _:
            pytest.fail(f"{page}: nothing runs or excuses `{command}`")


def a_bench(command: str) -> bool:
    """A measurement, which takes minutes: the module is there and knows the options."""
    if not (found := BENCHES.match(command)):
        return False
    source = (ROOT / "bench" / f"{found[1]}.py").read_text(encoding="utf-8")
    return all(f'"{option}"' in source for option in options_in(found[2]))


def our_tests(command: str) -> bool:
    """Tests of this very run: the files are there, and some of them have each name."""
    if not (match := TESTS.match(command)):
        return False
    paths = [ROOT / name for name in match[1].split()]
    files = [file for path in paths for file in ([path] if path.is_file() else path.glob("test_*.py"))]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    names = re.findall(r"\w+", (match[2] or "").replace(" or ", " "))
    return bool(text) and all(re.search(rf"def test_\w*{name}", text) for name in names)


def a_module(command: str) -> bool:
    """A module that needs what is not here: it is there, and knows the options."""
    if not (found := re.match(r"python -m (\S+)(.*)", command)):
        return False
    source = Path(importlib.util.find_spec(found[1]).origin).read_text(encoding="utf-8")
    return all(f'"{option}"' in source for option in options_in(found[2]))


def known_options() -> set[str]:
    return {
        option
        for command in COMMANDS
        for action in build_parser(command)._actions
        for option in action.option_strings
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_option_in_a_sentence_is_one_of_a_command(page: str) -> None:
    options = known_options()
    for span in spans(page):
        command = named_command(span)
        if command and span not in PLACEHOLDERS:
            of_command = {o for action in build_parser(command)._actions for o in action.option_strings}
            assert [option for option in options_in(span) if option not in of_command] == [], span
        elif not PROGRAMS.match(span) or span.startswith(PROGRAM):
            assert [option for option in options_in(span) if option not in options | FOREIGN] == [], span


def kind(block: Block) -> str:
    return f"{block.page}: {block.text.splitlines()[0]}"


def test_every_block_is_run_or_checked_somewhere() -> None:
    others = [block for block in all_blocks() if block.language not in LANGUAGES]
    assert [kind(block) for block in others if not named_in_checked_elsewhere(block)] == []
    unused = [entry for entry in CHECKED_ELSEWHERE if not any(named_in(entry, block) for block in others)]
    assert unused == []


def named_in_checked_elsewhere(block: Block) -> bool:
    return any(named_in(entry, block) for entry in CHECKED_ELSEWHERE)


def named_in(entry: tuple[str, str], block: Block) -> bool:
    return entry == (block.page, block.language)


def test_the_exceptions_are_still_in_the_documentation() -> None:
    there = {command for _, command in commands()}
    assert [
        command for command in {**ELSEWHERE, **PLACEHOLDERS, **IN_A_TERMINAL_OF_ITS_OWN} if command not in there
    ] == []


@pytest.mark.parametrize("command", IN_A_TERMINAL_OF_ITS_OWN)
def test_what_stays_up_is_given_options_that_it_has(command: str) -> None:
    name, *arguments = words(command)
    build_parser(name).parse_args(arguments)


def dotted_names() -> list[str]:
    """Names of our package in sentences, as in ``sharegpt_argilla.workflows.extract``."""
    found = {match[0] for page in PAGES for span in spans(page) for match in DOTTED.finditer(span)}
    return sorted(found)


@pytest.mark.parametrize("name", dotted_names())
def test_every_name_of_the_package_in_a_sentence_is_there(name: str) -> None:
    assert pkgutil.resolve_name(name) is not None


def test_every_file_in_a_sentence_is_there() -> None:
    """Paths of code and tests; those of the package may be said without it, as in ``corpora/formats/table.py``."""
    missing = [
        f"{page}: {path}"
        for page in PAGES
        for span in spans(page)
        for path in re.findall(r"^[\w./]+/\w+\.py$", span)
        if not (ROOT / path).exists() and not (ROOT / "sharegpt_argilla" / path).exists()
    ]
    assert missing == []
