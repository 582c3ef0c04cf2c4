"""bench/curation_recall.py: planted faults, what is found of them, and what is said of it in docs/curation.md."""

from __future__ import annotations

import pytest

from bench.curation_recall import OTHERWISE, counted, false_alarms, flags, table, weakest
from bench.planted_faults import Planted, planted
from sharegpt_argilla.curation.checks.character_checks import MOJIBAKE
from tests.curation.samples import item
from tests.projects import ROOT


def test_the_table_is_that_of_the_page() -> None:
    assert "\n".join(table()) + "\n" in (ROOT / "docs" / "curation.md").read_text(encoding="utf-8")


def test_no_row_without_a_fault_is_flagged() -> None:
    assert false_alarms() == []


def test_the_same_faults_are_planted_on_every_run() -> None:
    assert list(planted()) == list(planted())
    assert not {fault.check for fault in planted()} & set(OTHERWISE)


def test_kinds_are_counted_apart_and_the_worst_is_named() -> None:
    refused, answered = item(answer="I'm sorry, but I can't help with that."), item()
    total, found = counted([Planted("refusal", "en", refused), Planted("refusal", "fr", answered)])
    assert (total["refusal", ""], found["refusal", ""]) == (2, 1)
    assert weakest("refusal", total, found) == "fr 0 of 1"


@pytest.mark.parametrize("text", ["浣犲ソ锛屼笘鐣屻€備粖澶╁ぉ姘斿緢濂", "写一个草稿。今天的天气会是怎样的呢"])
def test_utf8_read_as_gbk_is_found_and_ordinary_chinese_is_not(text: str) -> None:
    assert flags("mojibake", item(answer=text, lang="zh")) == text.startswith("浣")


def test_utf8_read_as_gbk_is_fixed_where_no_byte_was_lost() -> None:
    right, lossy = "国中国国国国", "今天的天气很好，我们去公园散步吧。".encode().decode("gbk", "ignore")
    assert MOJIBAKE.fix is not None
    assert MOJIBAKE.fix(item(answer=right.encode().decode("gbk")).texts).answer == right
    assert MOJIBAKE.fix(item(answer=lossy).texts).answer == lossy
    assert MOJIBAKE.fix(item(answer=right).texts).answer == right


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("That is 20% of 50 = 10.", False),
        ("That is 20% of 50 = 12.", True),
        ("That is 3% of 1,000 is 30.", False),
        ("So 1/2 + 1/4 = 3/4.", False),
        ("So 1/2 + 1/4 = 2/6.", True),
        ("So x/2 + 1/2 + 1/4 = 2/6.", False),
        ("On 1/2 + 1/4 = 2/6 + 1/12 we agree.", False),
        ("It costs $3 + $4 = $7.", False),
        ("It costs $3 + $4 = $8.", True),
        ("一共是12+30=48元。", True),
        ("一共是12+30=42元。", False),
        ("人口是 3 × 4 = 12万。", False),
    ],
)
def test_percentages_fractions_currencies_and_sums_in_chinese(text: str, wrong: bool) -> None:
    assert flags("wrong_sum", item(answer=text)) == wrong
