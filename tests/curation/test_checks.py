"""Each check finds the faults planted for it, and leaves clean text and known false positives alone."""

import time

import pytest

from sharegpt_argilla.curation.checks.base import Item, Options
from sharegpt_argilla.curation.checks.table import CHECKS, DEFAULT, FIXABLE
from sharegpt_argilla.curation.chunks import Settings, curate_chunk
from sharegpt_argilla.curation.precision import LEAST_BOUND, LEAST_READ, Precision, may_drop, unseen_precision
from tests.curation.samples import CLEAN, FAULTS, KNOWN_FALSE
from tests.projects import ROOT

ENGLISH = Options(languages=("en",))
ACROSS_ROWS = {"duplicate", "near_duplicate"}


def flagged(check: str, row: Item, options: Options = ENGLISH) -> bool:
    finding = CHECKS[check].find([row], options)[0]
    return finding is not None and finding.flagged


def cases(table: dict[str, list[Item]]) -> list:
    return [
        pytest.param(check, row, id=f"{check}-{n}") for check, rows in table.items() for n, row in enumerate(rows)
    ]


def test_every_default_check_has_planted_faults() -> None:
    assert set(FAULTS) == set(DEFAULT) - ACROSS_ROWS


@pytest.mark.parametrize(("check", "row"), cases(FAULTS))
def test_a_planted_fault_is_found(check: str, row: Item) -> None:
    assert flagged(check, row)


@pytest.mark.parametrize(("check", "row"), cases(KNOWN_FALSE))
def test_a_known_false_positive_is_left_alone(check: str, row: Item) -> None:
    assert not flagged(check, row)


@pytest.mark.parametrize("row", CLEAN, ids=range(len(CLEAN)))
def test_clean_text_is_not_flagged(row: Item) -> None:
    assert [check for check in DEFAULT if flagged(check, row, Options())] == []


def test_an_excerpt_shows_what_was_found_and_nothing_private() -> None:
    for check, rows in FAULTS.items():
        for finding in CHECKS[check].find(rows, ENGLISH):
            assert finding is not None
            assert len(finding.excerpt) <= 120
            assert not (CHECKS[check].private and finding.excerpt)


@pytest.mark.parametrize("check", [name for name in FIXABLE if CHECKS[name].fix])
def test_a_fix_repairs_the_fault_and_does_not_touch_clean_text(check: str) -> None:
    fix = CHECKS[check].fix
    for row in FAULTS[check]:
        fixed = fix(row.texts)
        assert fixed != row.texts or "\ufffd" in row.answer
        if "\ufffd" not in row.answer:
            assert not flagged(check, Item(fixed.prompt, fixed.answer))
    for row in [*CLEAN, *KNOWN_FALSE.get(check, [])]:
        if check != "no_input":
            assert fix(row.texts) == row.texts


def test_what_fixed_text_looks_like() -> None:
    texts = {name: FAULTS[name][0].texts for name in ("mojibake", "html_entities", "literal_escapes", "no_input")}
    assert CHECKS["mojibake"].fix(texts["mojibake"]).answer.startswith("It’s the disc")
    assert CHECKS["html_entities"].fix(texts["html_entities"]).prompt.endswith("<b>Now</b>")
    assert CHECKS["literal_escapes"].fix(texts["literal_escapes"]).answer.splitlines()[2] == "1. The disc."
    assert CHECKS["no_input"].fix(texts["no_input"]).prompt.endswith("boils?")


def test_marks_of_sources_go_with_the_space_before_them() -> None:
    fix = CHECKS["citation_marks"].fix
    answer = "It bends \ue200cite\ue202turn0search0\ue201, then 【5†source】 opens【12:0†a.pdf】. `【5†source】`"
    assert fix(Item("q", answer).texts).answer == "It bends, then opens. `【5†source】`"


@pytest.mark.parametrize("character", ["\ue000", "\uf8ff", "\U000f0000", "\U0010fffd"])
def test_other_private_use_characters_are_flagged_and_stay(character: str) -> None:
    row = Item("What is on the lid?", f"A small {character} in silver.")
    assert flagged("citation_marks", row)
    assert CHECKS["citation_marks"].fix(row.texts) == row.texts


def test_two_escapes_of_a_surrogate_pair_are_one_character() -> None:
    row = Item("What a smile is that?", r"It is \ud83d\ude00 of course.")
    assert CHECKS["literal_escapes"].fix(row.texts).answer == "It is 😀 of course."


@pytest.mark.parametrize(
    ("check", "text"),
    [
        ("literal_escapes", r"Use while IFS=\n read line, then go on."),
        ("literal_escapes", r"The pattern (..)\r?\n matches it."),
        ("literal_escapes", "换行符（“\\n”）表示新的一行。"),
        ("literal_escapes", r"Split at [\n\t] with a regex."),
        ("html_entities", "Write back unchanged: &lt;img src=x&gt;"),
        ("html_entities", "The entity &amp; stands for an ampersand."),
    ],
)
def test_a_fix_leaves_what_is_meant(check: str, text: str) -> None:
    row = Item("What is it?", text)
    assert CHECKS[check].fix(row.texts) == row.texts


def test_every_check_is_documented_with_its_precision() -> None:
    page = (ROOT / "docs" / "curation.md").read_text(encoding="utf-8")
    for name, check in CHECKS.items():
        (line,) = [
            line for line in page.splitlines() if line.startswith(f"| `{name}` | ") and check.severity in line
        ]
        measured = check.precision
        if measured is not None:
            assert (
                f"| {measured.true} of {measured.read} | {measured.value:.2f} |" in page.split("## Precision")[1]
            )
        unseen = unseen_precision(name)
        verdict = may_drop(measured, unseen)
        shown = f"unknown (n={unseen.read if unseen else 0})" if verdict == "unknown" else verdict
        assert line.split("|")[-2].strip() == shown


def test_only_what_holds_on_unseen_data_may_drop() -> None:
    assert may_drop(Precision(20, 20), None) == "unknown"
    assert may_drop(None, Precision(LEAST_READ, LEAST_READ)) == "yes"
    assert may_drop(None, Precision(LEAST_READ - 1, LEAST_READ - 1)) == "unknown"
    assert may_drop(Precision(20, 20), Precision(18, 20)) == "unknown"
    assert Precision(18, 20).low == pytest.approx(0.699, abs=0.001)
    assert Precision(18, 20).low < LEAST_BOUND < Precision(19, 20).low
    assert may_drop(Precision(20, 20), Precision(7, 20)) == "no"
    assert may_drop(Precision(79, 100), None) == "no"
    assert may_drop(Precision(80, 100), None) == "unknown"


def test_a_line_that_is_no_row_is_given_back_with_the_reason() -> None:
    bad = ["{", "[]", '{"id": "x"}']
    done = curate_chunk(bad, Settings(DEFAULT))
    assert [row.line for row in done] == bad
    assert all(row.reason and not row.id for row in done)


# What makes a careless pattern go over a text once for each of its characters.
MONOTONOUS = ["1", "a", "A", "-", "a1", "1.", "1 + ", "\n", " \n", "![a", "a@", "(", "&", "\\n", "`a\n", "a://"]
MONOTONOUS += ["eyJaaaaaaaaaaa.", "saya adalah "]
TIMES_LONGER = 8
MOST_TIMES_SLOWER = 20
"""Between what a text eight times as long costs if time grows with its length, and with its square (64)."""


def seconds_of(check: str, text: str) -> float:
    item = Item(text, text)
    start = time.process_time()
    CHECKS[check].find([item], ENGLISH)
    return time.process_time() - start


@pytest.mark.parametrize("piece", MONOTONOUS, ids=repr)
def test_no_check_takes_long_over_a_monotonous_text(piece: str) -> None:
    for check in DEFAULT:
        short = max(seconds_of(check, piece * 2_000), 0.01)
        assert seconds_of(check, piece * 2_000 * TIMES_LONGER) < MOST_TIMES_SLOWER * short, check
