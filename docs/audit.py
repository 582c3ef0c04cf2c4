"""Compare the pinned dependencies with known advisories: ``python docs/audit.py [FOLDER]``.

``docs/advisories.toml`` has those that are judged. FOLDER has further ones, a JSON file each, in OSV's format;
nothing is downloaded. The exit status is 1 if one concerns a pinned version and is not judged, or a judgement
is stale.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parents[1]


def read_pins(text: str) -> dict[str, set[Version]]:
    """Package -> the versions that a constraints file pins, several where they depend on the Python."""
    pins: dict[str, set[Version]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, re.MULTILINE):
        pins.setdefault(canonicalize_name(name), set()).add(Version(version))
    return pins


def judged_advisories() -> list[dict[str, str]]:
    """The content of advisories.toml."""
    with (ROOT / "docs" / "advisories.toml").open("rb") as file:
        advisories: list[dict[str, str]] = tomllib.load(file)["advisory"]
    return advisories


def stale_judgements(pins: Mapping[str, set[Version]], judged: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """A line for each judged advisory that concerns no pinned version any more."""
    for advisory in judged:
        affected = SpecifierSet(advisory["affected"])
        if not any(version in affected for version in pins.get(canonicalize_name(advisory["package"]), ())):
            yield f"{advisory['id']} concerns no pinned {advisory['package']}: remove it from docs/advisories.toml"


def unjudged(
    pins: Mapping[str, set[Version]], judged: Iterable[Mapping[str, str]], advisories: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """A line for each advisory in OSV's format that concerns a pinned version and is not judged."""
    known = {advisory["id"] for advisory in judged}
    for advisory in advisories:
        if known & {advisory["id"], *advisory.get("aliases", ())} or advisory.get("withdrawn"):
            continue
        for affected in advisory.get("affected", ()):
            package = affected.get("package", {})
            versions = pins.get(canonicalize_name(package.get("name", "")), set())
            if package.get("ecosystem") == "PyPI" and any(_concerns(affected, version) for version in versions):
                yield f"{advisory['id']} concerns {package['name']}: {advisory.get('summary', '')}"
                break


def _concerns(affected: Mapping[str, Any], version: Version) -> bool:
    if str(version) in affected.get("versions", ()):
        return True
    return any(_in_range(each.get("events", ()), version) for each in affected.get("ranges", ()))


def _in_range(events: Iterable[Mapping[str, str]], version: Version) -> bool:
    """Whether the last event up to a version began the problem; events are in order."""
    inside = False
    for event in events:
        for kind, text in event.items():
            try:
                at = Version(text)
            except InvalidVersion:  # a commit
                continue
            if kind == "introduced" and version >= at:
                inside = True
            elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
                inside = False
    return inside


def main(arguments: list[str]) -> int:
    """Print what is to do; 0 if nothing is."""
    pins, judged = read_pins((ROOT / "constraints.txt").read_text("utf-8")), judged_advisories()
    files = sorted(Path(arguments[0]).rglob("*.json")) if arguments else []
    further = (json.loads(path.read_text("utf-8")) for path in files)
    lines = [*stale_judgements(pins, judged), *unjudged(pins, judged, further)]
    done = f"{len(judged)} advisories are judged, {len(files)} more concern nothing that is pinned"
    sys.stdout.write("\n".join(lines or [done]) + "\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
