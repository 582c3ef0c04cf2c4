"""The data files of the checks: whole, compiled, and told by docs/curation.md as they are."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

from sharegpt_argilla.common.pattern_files import alternatives
from sharegpt_argilla.curation.check_data import all_data, pattern_set
from sharegpt_argilla.curation.checks.table import CHECKS
from sharegpt_argilla.curation.precision import measured_precision, unseen_precision
from sharegpt_argilla.curation.word_patterns import FAMILY, LanguagePatterns
from tests.projects import ROOT

JUDGED = {"true_hits", "read_hits", "read"}
UNSEEN = {"unseen_true", "unseen_read", "unseen"}
SETS = [
    (check, name)
    for check, table in all_data().items()
    for name, value in table.items()
    if isinstance(value, dict) and name != "parts"
]
PATTERNS = [pair for pair in SETS if pair not in {("ip_address", "resolvers"), ("secret", "stems")}]


def test_every_check_has_its_entry_and_no_entry_is_for_nobody() -> None:
    assert set(all_data()) == set(CHECKS)


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_was_judged_or_says_why_not(check: str) -> None:
    table = all_data()[check]
    assert ("never_judged" in table) != (set(table) >= JUDGED)
    measured = measured_precision(check)
    if measured is None:
        assert table["never_judged"]
    else:
        assert 0 <= measured.true <= measured.read
        assert table["read"]
    unseen = unseen_precision(check)
    assert (set(table) & UNSEEN == UNSEEN) == (unseen is not None)
    assert unseen is None or 0 <= unseen.true <= unseen.read


@pytest.mark.parametrize(("check", "name"), PATTERNS)
def test_every_pattern_compiles_and_every_language_is_known(check: str, name: str) -> None:
    expressions, flags = pattern_set(check, name)
    assert expressions
    assert set(expressions) <= {"any", *FAMILY.values()}
    for expression in expressions.values():
        assert "«" not in expression
        assert not re.compile(expression, flags).fullmatch("a text that no pattern describes")
    patterns = LanguagePatterns(check, name)
    for language in ("unsure", *FAMILY):
        patterns.search("", language)


@pytest.mark.parametrize(("check", "name"), [pair for pair in SETS if CHECKS[pair[0]].private])
def test_a_form_of_private_data_has_a_source(check: str, name: str) -> None:
    table = all_data()[check]
    assert table[name]["source"]
    for entry in table.get("parts", {}).get(name, []):
        assert entry["source"]


def test_every_set_is_used() -> None:
    used = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "sharegpt_argilla/curation").rglob("*.py"))
    unused = [f"{check}.{name}" for check, name in SETS if check != "wrong_statistic" and f'"{name}"' not in used]
    assert unused == []


def test_parts_may_name_parts_and_a_missing_one_is_an_error() -> None:
    parts: dict[str, list[Any]] = {"inner": ["a", {"pattern": "b", "source": "x"}], "outer": ["(?:«inner»)c"]}
    assert alternatives(["^«outer»$", "d"], parts) == "^(?:a|b)c$|d"
    with pytest.raises(KeyError, match="nobody"):
        alternatives(["«nobody»"], parts)


def test_the_page_has_what_the_files_say() -> None:
    section = (
        (ROOT / "docs" / "curation.md").read_text(encoding="utf-8").split("## Precision")[1].split("## Recall")[0]
    )
    rows = [line for line in section.splitlines() if re.match(r"\| `\w+` \| \d+ of \d+ ", line)]
    expected = []
    for check in CHECKS:
        measured = measured_precision(check)
        if measured is not None:
            figures = f"{measured.true} of {measured.read} | {measured.value:.2f}"
            expected.append(f"| `{check}` | {figures} | {all_data()[check]['read']} |")
    assert rows == expected
    rows = [line for line in section.splitlines() if re.match(r"\| `\w+` \| \d+ of \d+, unseen", line)]
    assert rows == [
        f"| `{check}` | {unseen.true} of {unseen.read}, unseen | {unseen.value:.2f} | {unseen.low:.2f} | "
        f"{all_data()[check]['unseen']} |"
        for check in CHECKS
        if (unseen := unseen_precision(check)) is not None
    ]
    (silent,) = re.findall(r"Never judged.*?\. They", section, re.DOTALL)
    assert re.findall(r"`(\w+)`", silent) == [check for check in CHECKS if measured_precision(check) is None]


@pytest.mark.parametrize("arguments", [["--help"], ["curate", "--help"]])
def test_help_reads_no_data_file(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom sharegpt_argilla.cli.main import main\n"
        f"try: main({arguments})\nexcept SystemExit: pass\n"
        "loaded = sys.modules.get('sharegpt_argilla.curation.check_data')\n"
        "sys.exit(loaded.all_data.cache_info().currsize if loaded else 0)"
    )
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
