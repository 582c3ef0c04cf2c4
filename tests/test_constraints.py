"""The pins suit every Python that the project promises, also the first releases that distributions ship."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.projects import ROOT

OLDEST = "3.11.0"
"""Debian 12 has 3.11.2, in which nothing could be installed: two pins asked for 3.11.5."""


def test_what_is_pinned_for_the_oldest_python_can_be_installed_there() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if re.match(r"\w", line)]
    environment = {"python_version": "3.11", "python_full_version": OLDEST}
    pins_there = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(environment)]
    assert {pin.name for pin in pins_there} == {pin.name for pin in pins}
    seen = []
    for pin in pins_there:
        try:
            installed = metadata(pin.name)
        except PackageNotFoundError:
            continue
        if installed["Version"] in pin.specifier:
            seen.append(pin.name)
            # Some packages do not say.
            wanted = installed.json.get("requires_python", "")
            assert OLDEST in SpecifierSet(str(wanted)), pin
    assert len(seen) > 100
