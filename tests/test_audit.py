"""Every known advisory of a pinned dependency is judged, and its guard has a test."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[1]
_SPEC = importlib.util.spec_from_file_location("audit", ROOT / "docs" / "audit.py")
assert _SPEC
assert _SPEC.loader
audit = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(audit)


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "audit.py"), *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_what_is_judged_concerns_what_is_pinned() -> None:
    count = len(audit.judged_advisories())
    assert run() == (0, f"{count} advisories are judged, 0 more concern nothing that is pinned\n")


def test_a_judgement_that_is_no_longer_needed_is_named() -> None:
    judged = audit.judged_advisories()
    pins = audit.read_pins("starlette==0.49.1\n")
    lines = list(audit.stale_judgements(pins, judged))
    assert len(lines) == len(judged)
    assert lines[0].startswith("CVE-2025-62727 concerns no pinned starlette")


@pytest.mark.parametrize("advisory", audit.judged_advisories(), ids=lambda advisory: advisory["id"])
def test_each_is_in_the_documentation_and_its_guard_has_a_test(advisory: dict[str, str]) -> None:
    page = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| {advisory['id']} |"))
    assert advisory["package"] in row
    path, _, name = advisory["test"].partition("::")
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def _osv(events: list[dict[str, str]], **more: Any) -> dict[str, Any]:
    affected = {"package": {"ecosystem": "PyPI", "name": "Starlette"}, "ranges": [{"events": events}]}
    return {"id": "GHSA-new", "summary": "something new", "affected": [affected], **more}


@pytest.mark.parametrize(
    ("advisory", "named"),
    [
        (_osv([{"introduced": "0"}, {"fixed": "0.47"}]), True),
        (_osv([{"introduced": "0"}, {"fixed": "0.46.2"}]), False),
        (_osv([{"introduced": "0.46"}, {"last_affected": "0.46.2"}]), True),
        (_osv([{"introduced": "0.47"}]), False),
        (_osv([{"introduced": "0"}], aliases=["CVE-2025-62727"]), False),
        (_osv([{"introduced": "0"}], withdrawn="2025-01-01"), False),
    ],
)
def test_a_new_one_is_named(advisory: dict[str, Any], named: bool, tmp_path: Path) -> None:
    pins = {"starlette": {Version("0.46.2")}}
    lines = list(audit.unjudged(pins, audit.judged_advisories(), [advisory]))
    assert lines == (["GHSA-new concerns Starlette: something new"] if named else [])


def test_a_new_one_fails_the_audit(tmp_path: Path) -> None:
    (tmp_path / "new.json").write_text(json.dumps(_osv([{"introduced": "0"}])), encoding="utf-8")
    assert run(str(tmp_path)) == (1, "GHSA-new concerns Starlette: something new\n")


def test_our_own_calls_do_not_use_urllib3() -> None:
    """urllib3 1.26 unpacks answers without bounds; only exports to the Hub by an owner use it."""
    unwanted = ("import urllib3", "from urllib3", "import requests", "from requests")
    for path in (ROOT / "sharegpt_argilla").rglob("*.py"):
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
        assert not [line for line in lines if line.startswith(unwanted)], path


def test_the_tests_that_the_page_of_deployment_names_exist() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    section = page.partition("## Against whom, in which set-up")[2].partition("\n## ")[0]
    count = 0
    for path, names in re.findall(r"`(tests/[\w/]+\.py)`: ((?:`test_\w+`(?:, )?)+)", section):
        text = (ROOT / path).read_text("utf-8")
        for name in re.findall(r"`(test_\w+)`", names):
            assert f"def {name}(" in text, f"{path} has no {name}"
            count += 1
    assert count == section.count("`test_") > 15
