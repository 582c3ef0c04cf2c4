"""The public face: what ``sharegpt_argilla`` itself shows, and that a stranger can rely on it."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import sharegpt_argilla
from sharegpt_argilla.cli.main import COMMANDS
from sharegpt_argilla.errors import SharegptArgillaError, UnknownNameError, UsageError

OTHERWISE_NAMED: dict[str, tuple[str, ...]] = {
    # Its script is about the command line alone.
    "completion": (),
    "config": ("check_config", "config_schema", "diff_config"),
    "dashboard": ("serve_dashboard",),
    "plan": ("plan", "plan_design"),
    "training": ("write_training_set",),
}
"""Command -> its functions, where a folder of the package has the command's name."""
MORE = {
    *("build_records", "build_settings", "estimate_answers", "estimate_numbers", "estimate_people"),
    *("read_annotated", "read_annotated_dataset"),
}
"""Functions that are no command."""
FUNCTIONS = {
    *MORE,
    *(name for command in COMMANDS for name in OTHERWISE_NAMED.get(command, (command.replace("-", "_"),))),
}
TYPES = {
    *(
        "Ability",
        "AdjudicateOptions",
        "AdjudicateSummary",
        "AgreementReport",
        "BackupSummary",
        "ConfigDifferences",
    ),
    *("Connection", "CurateSummary", "DashboardOptions", "DemoSummary", "Diagnosis", "EnrichOptions"),
    *(
        "ExportOptions",
        "ExportSummary",
        "ExtractSummary",
        "Home",
        "ImportSummary",
        "InitSummary",
        "LearnedQuestion",
    ),
    *(
        "LoadSummary",
        "MigrationSummary",
        "MoveSummary",
        "MovedDataset",
        "NumberEstimate",
        "PeopleSummary",
        "PlanSummary",
    ),
    *("ProjectPerson", "PushSummary", "RestoreSummary", "Sampling", "Selection", "ServerInfo", "ServerStatus"),
    *("Assumptions", "SetupSummary", "Share", "StudyDesign", "TrainSummary", "TrainingSummary"),
}
MEMBERS = [name for name in sharegpt_argilla.__all__ if name != "__version__"]


def errors(root: type[Exception] = SharegptArgillaError) -> set[str]:
    """The names of the whole tree."""
    mine = {root.__name__} if root.__module__ == "sharegpt_argilla.errors" else set()
    return mine.union(*(errors(child) for child in root.__subclasses__()))


def test_the_face_is_the_commands_their_types_and_the_errors() -> None:
    assert set(MEMBERS) == FUNCTIONS | TYPES | errors()
    assert sharegpt_argilla.__all__ == sorted(sharegpt_argilla.__all__)
    assert dir(sharegpt_argilla) == sharegpt_argilla.__all__
    assert sharegpt_argilla.__version__ == version("sharegpt-argilla")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sharegpt_argilla.nothing  # noqa: B018


@pytest.mark.parametrize("name", MEMBERS)
def test_every_member_is_described_and_its_types_resolve(name: str) -> None:
    member = getattr(sharegpt_argilla, name)
    assert getattr(sharegpt_argilla, name) is member
    assert inspect.getdoc(member)
    function = inspect.unwrap(member) if inspect.isfunction(member) else member
    assert inspect.isclass(function) or "return" in get_type_hints(function)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_argument_is_a_keyword_that_the_docstring_describes(name: str) -> None:
    function = inspect.unwrap(getattr(sharegpt_argilla, name))
    text = inspect.getdoc(function)
    for parameter in inspect.signature(function).parameters.values():
        assert parameter.kind is not parameter.POSITIONAL_ONLY
        assert parameter.name in text
        assert parameter.name != "progress"


def test_the_types_that_a_checker_sees_are_those_that_are_imported() -> None:
    tree = ast.parse(Path(sharegpt_argilla.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        (alias.asname or alias.name, node.module.removeprefix("sharegpt_argilla."), alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {
        (name, module, sharegpt_argilla._RENAMED.get(name, name))
        for module, names in sharegpt_argilla._MODULES.items()
        for name in names
    }


def test_importing_the_package_imports_no_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import sharegpt_argilla; dir(sharegpt_argilla); "
        "print(sorted(set(sys.modules) - before - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [name for name in ast.literal_eval(done.stdout) if name.partition(".")[0] in ("sharegpt_argilla",)] == [
        "sharegpt_argilla"
    ]
    assert "numpy" not in done.stdout
    assert "pydantic" not in done.stdout


def misspelt(name: str, value: object) -> dict[str, Any]:
    """An option that a type checker does not know either."""
    return {name: value}


def test_a_misspelt_option_is_answered_with_the_nearest(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    with pytest.raises(UsageError, match='unknown option "conection"; did you mean "connection"'):
        sharegpt_argilla.load_records(rows, **misspelt("conection", None))
    with pytest.raises(UnknownNameError, match='unknown option "simlarity"; did you mean "similarity"'):
        sharegpt_argilla.curate(rows, tmp_path / "out.jsonl", **misspelt("simlarity", 0.5))
    with pytest.raises(UnknownNameError, match='unknown option "simlarity"; did you mean "similarity"'):
        sharegpt_argilla.curate(rows, tmp_path / "out.jsonl", options={"simlarity": 0.5})
    assert not (tmp_path / "out.jsonl").exists()


def test_pushing_gives_both_summaries_by_name_and_as_a_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharegpt_argilla.workflows.push_to_argilla.setup_dataset", lambda *_, **__: "setup")
    monkeypatch.setattr("sharegpt_argilla.workflows.push_to_argilla.load_records", lambda *_, **__: "load")
    done: Any = sharegpt_argilla.push_to_argilla("rows.jsonl")
    setup, load = done
    assert (setup, load) == (done.setup, done.load) == ("setup", "load")


CONSUMER = """
from collections.abc import Callable
from pathlib import Path

import sharegpt_argilla
from sharegpt_argilla import ExportSummary, LoadSummary, UsageError

def load(rows: Path, show: Callable[[int], None]) -> LoadSummary:
    sharegpt_argilla.setup_dataset("dataset-config.yml", update=True)
    pushed = sharegpt_argilla.push_to_argilla(rows, workers=2, on_progress=show)
    return pushed.load

def export(rows: Path) -> ExportSummary | None:
    try:
        return sharegpt_argilla.export_responses(rows, "annotated.jsonl", statuses=["submitted", "draft"])
    except UsageError as error:
        print(error, sharegpt_argilla.__version__)
        return None

def main() -> None:
    kept: int = sharegpt_argilla.curate("rows.jsonl", "kept.jsonl", sample=10, similarity=0.8).kept
    report = sharegpt_argilla.report_agreement("annotated.jsonl")
    print(kept, report["annotators"] + 1)
    sharegpt_argilla.write_training_set("annotated.jsonl", "dpo", "dpo.jsonl", min_quality=5)
    sharegpt_argilla.serve_dashboard(rows="rows.jsonl")
"""


@pytest.mark.slow
def test_strict_types_for_who_uses_the_package(tmp_path: Path) -> None:
    script = tmp_path / "consumer.py"
    wrong = 'sharegpt_argilla.curate("rows.jsonl", "kept.jsonl", simlarity=0.8)\n'
    script.write_text(CONSUMER + wrong, encoding="utf-8")
    cache = Path(sharegpt_argilla.__file__).parent.parent / ".mypy_cache"
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), str(script)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=Path(sharegpt_argilla.__file__).parent.parent
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{script}:{CONSUMER.count(chr(10)) + 1}: error:"), done.stdout
    assert "simlarity" in lines[0]
    assert lines[-1].startswith("Found 1 error in 1 file"), done.stdout
