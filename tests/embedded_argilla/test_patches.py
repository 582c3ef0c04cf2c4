"""A patch is applied to the code that it was written for, and to no other."""

from __future__ import annotations

import ast
import inspect
import logging
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement

from sharegpt_argilla.argilla_plugin import base
from sharegpt_argilla.argilla_plugin.base import Code, Patch, Replacement, hash_source

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "sharegpt_argilla" / "argilla_plugin"


def _patches() -> tuple[Patch, ...]:
    # The import needs the home folder that the fixtures' module makes.
    import tests.embedded_argilla.conftest  # noqa: F401
    from sharegpt_argilla.argilla_plugin.table import PATCHES

    return PATCHES


def _codes() -> Iterator[Any]:
    for patch in _patches():
        for code in (*patch.replaces, *patch.relies_on):
            yield pytest.param(patch, code, id=code.target.partition(":")[2])


def _skip_unless_asked_for(owner: str) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    (range_,) = [each for each in map(Requirement, extras["serve"]) if each.name.lower() == owner.lower()]
    if version(owner) not in range_.specifier:
        pytest.skip(f"{owner} {version(owner)} is outside {range_.specifier}, which pyproject.toml asks for")


@pytest.mark.parametrize("patch", _patches(), ids=lambda patch: patch.name)
def test_what_is_installed_is_what_was_read(patch: Patch) -> None:
    _skip_unless_asked_for(patch.owner)
    assert patch.changed() == []
    assert all((patch.owner, patch.reason, patch.upstream, patch.loss))
    assert patch.replaces or patch.relies_on


def test_every_patch_is_applied_in_a_fresh_process_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    for owner in ("argilla-server", "SQLAlchemy", "brotli-asgi"):
        _skip_unless_asked_for(owner)
    code = """
import inspect, logging, os
logging.basicConfig(level=logging.WARNING)
from sharegpt_argilla.argilla_plugin.table import PATCHES, patch_server
def current():
    return [inspect.getattr_static(*each.location) for patch in PATCHES for each in patch.replaces]
before = current()
patch_server(os.environ)
after = current()
assert all(old is not new for old, new in zip(before, after, strict=True)), "not replaced"
assert all(patch.apply() for patch in PATCHES), "not applied"
assert all(old is new for old, new in zip(after, current(), strict=True)), "replaced twice"
print("applied", len(after))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"ARGILLA_HOME_PATH": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    replaced = sum(len(patch.replaces) for patch in _patches())
    assert done.stdout == f"applied {replaced}\n"
    assert "was written for other code" not in done.stderr


@pytest.mark.parametrize(("patch", "code"), list(_codes()))
def test_a_patch_whose_ground_changed_is_not_applied_and_the_log_says_what_is_lost(
    patch: Patch, code: Code, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(*code.location, _another)
    before = [inspect.getattr_static(*each.location) for each in patch.replaces]
    with caplog.at_level(logging.WARNING):
        assert not patch.apply()
    assert [inspect.getattr_static(*each.location) for each in patch.replaces] == before
    (line,) = caplog.messages
    assert line.startswith(f"{patch.loss}: the patch {patch.name!r} was written for other code than ")
    assert code.target in line
    assert patch.changed() == [code.target] or version(patch.owner) in line


async def _another(*_: Any) -> None:
    """Some other code."""


@pytest.mark.parametrize(
    "target",
    [
        "argilla_server.models.database:Nothing",
        "argilla_server.models.database:User.nothing",
        "argilla_server.nothing:User",
        "argilla_server.models.database:User.nothing.more",
        "builtins:len",  # has no source
    ],
)
def test_code_that_is_gone_has_changed(target: str, caplog: pytest.LogCaptureFixture) -> None:
    replacement = Replacement(target, ("0123456789abcdef",), lambda original: original)
    assert not Patch("test", "argilla-server", "", "", "lost", (replacement,)).apply()
    assert f"lost: the patch 'test' was written for other code than {target}" in caplog.text


def test_the_line_names_the_library_and_its_version(caplog: pytest.LogCaptureFixture) -> None:
    code = Code("rq.decorators:job", ("0",))
    assert not Patch("test", "argilla-server", "", "", "lost", relies_on=(code,)).apply()
    assert f"rq.decorators:job (rq {version('rq')})" in caplog.text
    assert not Patch("test", "argilla-server", "", "", "lost", relies_on=(Code("gone.away:job", ("0",)),)).apply()
    assert "gone.away:job (gone is not installed)" in caplog.text


def _module(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> Any:
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    return __import__(name)


def test_a_hash_is_that_of_the_code_and_not_of_its_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "def f(a):\n    return a + 1\n"
    inner = "class C:\n    @staticmethod\n    def f(a):\n\n        # why\n        return a + 1\n"
    first = _module(tmp_path, monkeypatch, "patch_ground_a", text)
    two = _module(tmp_path, monkeypatch, "patch_ground_b", inner.replace("    @staticmethod\n", ""))
    other = _module(tmp_path, monkeypatch, "patch_ground_c", text.replace("1", "2"))
    assert hash_source(first.f) == hash_source(two.C.f) != hash_source(other.f)
    assert len(hash_source(first.f)) == 16
    wrapped = _module(tmp_path, monkeypatch, "patch_ground_d", inner)
    assert hash_source(inspect.getattr_static(wrapped.C, "f")) == hash_source(wrapped.C.f)


def test_a_patch_is_applied_as_a_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_APPLIED", {})
    module = _module(
        tmp_path, monkeypatch, "patch_ground_e", "def f():\n    return 1\n\n\ndef g():\n    return 2\n"
    )
    installed: list[int] = []

    def patch(hash_of_g: str) -> Patch:
        replaces = (
            Replacement("patch_ground_e:f", (hash_source(module.f),), lambda old: lambda: old() + 10),
            Replacement("patch_ground_e:g", ("0", hash_of_g), lambda old: lambda: old() + 20),
        )
        return Patch("test", "argilla-server", "", "", "lost", replaces, install=lambda: installed.append(1))

    fitting = hash_source(module.g)
    assert not patch("1").apply()
    assert (module.f(), module.g(), installed) == (1, 2, [])
    assert patch(fitting).apply()
    assert (module.f(), module.g(), installed) == (11, 22, [1])
    assert patch("another").apply(), "what is replaced is known, however often it is asked for"
    assert (module.f(), module.g()) == (11, 22)


def test_the_documentation_lists_each_patch_with_what_is_lost_without_it() -> None:
    page = (ROOT / "docs" / "embedded-argilla.md").read_text("utf-8")
    for patch in _patches():
        assert f"| {patch.name} | {patch.owner} | {patch.loss} |" in page


def test_each_patch_of_the_folder_is_in_the_table_and_no_code_is_replaced_twice() -> None:
    modules = {
        path.stem
        for path in PLUGIN.glob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PATCH"
    }
    assert len(modules) == len(_patches()) == len({patch.name for patch in _patches()})
    # Two patches may share one replacement.
    replacements = {id(each): each.target for patch in _patches() for each in patch.replaces}
    assert len(replacements) == len(set(replacements.values()))
    relied_on = {each.target for patch in _patches() for each in patch.relies_on}
    assert not relied_on & set(replacements.values()), "a patch would look changed once another is applied"
