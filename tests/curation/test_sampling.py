"""Samples: the same rows everywhere, spread as asked."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharegpt_argilla.curation.sampling import SampleCandidate, allot, choose
from sharegpt_argilla.errors import UnknownNameError, UsageError
from sharegpt_argilla.workflows.curate import Sampling
from tests.curation.rows import curated, row
from tests.curation.samples import JAWAPAN, SOALAN

TOPICS = ["kettle", "river", "garden", "engine", "violin"]


def many(count: int = 60) -> list:
    return [
        row(
            f"What is the best way to look after the {TOPICS[n % 5]} in winter, part {n}?",
            session=str(n),
            model=f"m{n % 3}",
        )
        for n in range(count)
    ]


def sample(folder: Path, rows: list, *arguments, **options) -> list[str]:
    return [one["id"] for one, _ in curated(folder, rows, sampling=Sampling(*arguments, **options))[0]]


def test_a_sample_has_its_size_and_the_order_of_the_file(tmp_path: Path) -> None:
    rows = many()
    ids = [one["id"] for one in rows]
    chosen = sample(tmp_path, rows, 20)
    assert len(chosen) == 20
    assert chosen == [one for one in ids if one in chosen]
    assert sample(tmp_path, rows, 100) == ids


def test_the_same_seed_gives_the_same_rows_in_any_order_of_reading(tmp_path: Path) -> None:
    rows = many()
    shuffled = random.Random(1).sample(rows, len(rows))
    assert set(sample(tmp_path, rows, 20)) == set(sample(tmp_path, shuffled, 20))
    assert set(sample(tmp_path, rows, 20, seed=7)) != set(sample(tmp_path, rows, 20))
    assert set(sample(tmp_path, rows, 10)) < set(sample(tmp_path, rows, 20))


def test_the_rows_of_a_seed_never_change(tmp_path: Path) -> None:
    chosen = sample(tmp_path, many(), 5)
    assert [int(json.loads(one["元数据"]["扩展字段"])["会话"]) for one in many() if one["id"] in chosen] == SEED_42


SEED_42 = [0, 19, 28, 49, 56]


def test_groups_give_equal_shares(tmp_path: Path) -> None:
    rows = [*many(50), *(row(f"{SOALAN} {n}", JAWAPAN, session=f"ms{n}") for n in range(4))]
    after, _ = curated(tmp_path, rows, sampling=Sampling(12, stratify="language"))
    assert sorted(Counter(curation["prompt_lang"] for _, curation in after).values()) == [4, 8]
    after, _ = curated(tmp_path, many(), sampling=Sampling(12, stratify="model"))
    assert Counter(json.loads(one["元数据"]["扩展字段"])["model"] for one, _ in after) == {
        "m0": 4,
        "m1": 4,
        "m2": 4,
    }
    rows = [*many(30), *(row("continue", session=str(n), turn=n) for n in range(2, 30))]
    after, _ = curated(tmp_path, rows, skip=["near_duplicate"], sampling=Sampling(10, stratify="flag"))
    assert Counter(bool(curation["flags"]) for _, curation in after) == {True: 5, False: 5}


def test_a_diverse_sample_repeats_no_topic_before_all_were_there(tmp_path: Path) -> None:
    rows = [
        row("What is the best way to look after the kettle in winter?", session=f"k{n}", n=n) for n in range(40)
    ]
    rows += [row(f"Why does a {topic} sound so different outside?", session=topic) for topic in TOPICS[1:]]
    chosen = curated(tmp_path, rows, skip=["duplicate"], sampling=Sampling(5, diverse=True))[0]
    assert len({one["问"] for one, _ in chosen}) == 5


def test_first_turns_only(tmp_path: Path) -> None:
    rows = [
        row(turn=1),
        row("And in Spain, how do they do it there?", turn=2),
        row("Why is that?", session="t", turn=3),
    ]
    after, summary = curated(tmp_path, rows, sampling=Sampling(first_turn=True))
    assert [one["id"] for one, _ in after] == [rows[0]["id"]]
    assert summary.report["later_turns"] == 2


def test_dropped_rows_are_in_no_sample(tmp_path: Path) -> None:
    rows = [*many(10), *(row(answer="", session=f"b{n}") for n in range(30))]
    after, summary = curated(tmp_path, rows, drop=["blank_answer"], sampling=Sampling(20))
    assert len(after) == summary.kept == 10
    assert summary.dropped == 30


@pytest.mark.parametrize("wrong", [Sampling(0), Sampling(stratify="language"), Sampling(diverse=True)])
def test_a_sample_without_a_size(tmp_path: Path, wrong: Sampling) -> None:
    with pytest.raises(UsageError):
        curated(tmp_path, many(2), sampling=wrong)


def test_an_unknown_stratum(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="language"):
        curated(tmp_path, many(2), sampling=Sampling(1, stratify="langage"))


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.text("abcdef", min_size=1), st.integers(1, 50), min_size=1, max_size=8), st.integers(1, 200)
)
def test_shares_are_as_equal_as_the_groups_allow(sizes: dict[str, int], total: int) -> None:
    shares = allot(sizes, total)
    assert sum(shares.values()) == min(total, sum(sizes.values()))
    assert all(0 <= shares[name] <= size for name, size in sizes.items())
    fullest = max(shares.values())
    assert all(shares[name] >= fullest - 1 or shares[name] == size for name, size in sizes.items())


def test_a_diverse_choice_is_the_greedy_one() -> None:
    chance = random.Random(3)
    letters = "abcdefghij"
    candidates = [
        SampleCandidate(
            chance.randrange(10**6), place, words=tuple(sorted(chance.sample(letters, chance.randint(1, 4))))
        )
        for place in range(30)
    ]
    used: Counter[str] = Counter()
    rest = list(candidates)
    expected: list[int] = []
    while len(expected) < 12:
        best = max(
            rest,
            key=lambda one: (
                sum(0.1 / used[w] if used[w] else 1 for w in one.words) / (len(one.words) + 5),
                -one.draw,
            ),
        )
        rest.remove(best)
        used.update(best.words)
        expected.append(best.number)
    assert choose(candidates, 12, diverse=True) == sorted(expected)
