"""Splits never part a conversation nor prompts that say the same, and are the same every time."""

import random
import re
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.training.splits import Families, digest, normalized_prompt, parse_split
from tests.training.rows import GOOD, made, row, run

SHARES = {"train": 0.7, "dev": 0.1, "test": 0.2}
units = st.lists(st.tuples(st.integers(0, 12), st.sampled_from("abcdefghijkl")), max_size=60)


def keys(session: int, prompt: str) -> list[bytes]:
    return [digest(f"session {session}"), digest(f"prompt {prompt}")]


def assign(units: list[tuple[int, str]], seed: int = 42) -> list[str]:
    families = Families()
    for unit in units:
        families.add(keys(*unit))
    return families.assign(SHARES, seed)


@given(units, st.integers())
def test_nothing_that_belongs_together_is_parted(drawn: list[tuple[int, str]], seed: int) -> None:
    by_key = defaultdict(set)
    for unit, split in zip(drawn, assign(drawn, seed), strict=True):
        for key in unit:
            by_key[key].add(split)
    assert all(len(splits) == 1 for splits in by_key.values())


@given(units, st.randoms(use_true_random=False))
def test_the_order_of_the_file_does_not_matter(drawn: list[tuple[int, str]], shuffler: random.Random) -> None:
    before = dict(zip(drawn, assign(drawn), strict=True))
    shuffled = drawn[:]
    shuffler.shuffle(shuffled)
    assert dict(zip(shuffled, assign(shuffled), strict=True)) == before


@given(st.integers(1, 400), st.integers())
def test_shares_are_met_as_nearly_as_the_families_allow(count: int, seed: int) -> None:
    found = assign([(n, f"p{n}") for n in range(count)], seed)
    for name, share in SHARES.items():
        assert abs(found.count(name) - share * count) <= 1


def test_another_seed_splits_otherwise() -> None:
    found = [(n, f"p{n}") for n in range(100)]
    assert assign(found, 1) == assign(found, 1) != assign(found, 2)


def test_few_change_sides_when_rows_are_added() -> None:
    before = assign([(n, f"p{n}") for n in range(1000)])
    after = assign([(n, f"p{n}") for n in range(1010)])
    assert sum(one != other for one, other in zip(before, after, strict=False)) < 30


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tell me a joke!", "tell  me\na JOKE"),
        ("ＡＢＣ", "abc"),
        ("Straße?", "STRASSE"),
        ("snake_case", "snake case"),
        (" ??? ", "???"),
        ("你好。", "你好"),
    ],
)
def test_prompts_that_say_the_same(one: str, other: str) -> None:
    assert normalized_prompt(one) == normalized_prompt(other)


@pytest.mark.parametrize(("one", "other"), [("2 + 2", "2 + 3"), ("???", "!!!"), ("ab", "a b")])
def test_prompts_that_do_not(one: str, other: str) -> None:
    assert normalized_prompt(one) != normalized_prompt(other)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train", "its share is a number"),
        ("train=x,test=0.1", "its share is a number"),
        ("train=nan,test=0.1", "its share is a number"),
        ("train=0,test=1", "its share is a number"),
        ("train=0.9,test=0.2", "add up to 1.1, not to 1"),
        ("train=0.5,train=0.5", "is there twice"),
        ("../x=1", "a name with a share"),
        ("", "a name with a share"),
    ],
)
def test_a_wrong_split_is_one_line(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_split(text)


def test_shares_with_blanks() -> None:
    assert parse_split("train = 0.9, test=0.1") == {"train": 0.9, "test": 0.1}


def test_files_of_splits(tmp_path: Path) -> None:
    rows = [row(f"q {n % 60}", f"a{n}", GOOD, session=f"s{n // 3}", turn=n % 3 + 1) for n in range(90)]
    summary = run(tmp_path, rows, "prompt_completion", split="train=0.8,test=0.2", seed=7)
    files = {Path(path).name: Path(path).read_text(encoding="utf-8") for path in summary.outputs}
    assert set(files) == {"out-train.jsonl", "out-test.jsonl"}
    train, test = (set(text.splitlines()) for text in files.values())
    assert len(train | test) == 90
    prompts = [{line.split('"completion"')[0] for line in part} for part in (train, test)]
    assert not prompts[0] & prompts[1]
    assert summary.written == {"train": len(train), "test": len(test)}
    assert 0 < len(test) < 30
    again = run(tmp_path, rows[::-1], "prompt_completion", split="train=0.8,test=0.2", seed=7)
    assert set(Path(again.outputs[1]).read_text(encoding="utf-8").splitlines()) == test


def test_the_turns_of_a_conversation_stay_together(tmp_path: Path) -> None:
    rows = [row(f"s{n} asks {turn}", "a", GOOD, session=f"s{n}", turn=turn) for turn in (1, 2) for n in range(40)]
    summary = run(tmp_path, rows, "kochatgpt_ppo", split="train=0.5,test=0.5")
    train, test = (re.findall(r"(s\d+) asks", Path(path).read_text(encoding="utf-8")) for path in summary.outputs)
    assert len(train) == len(test) == 40
    assert not set(train) & set(test)


def test_one_prompt_that_all_share_keeps_all_together(tmp_path: Path) -> None:
    rows = [row(text, "a", GOOD, session=f"s{n}") for n, text in enumerate(["Go on!", "go on", "GO  ON."])]
    summary = run(tmp_path, rows, "kochatgpt_ppo", split="train=0.5,test=0.5")
    assert sorted(summary.written.values()) == [0, 3]
    assert summary.largest_family == 1.0


def test_near_duplicates_that_curation_found_stay_together(tmp_path: Path) -> None:
    firsts = [row(f"Describe town {n} in full", "a", GOOD, session=f"s{n}") for n in range(30)]
    again = [
        row(f"Please say {n} of {n} places", f"b{n}", GOOD, session=f"t{n}", curation={"dup_of": first["id"]})
        for n, first in enumerate(firsts)
    ]
    summary = run(tmp_path, firsts + again, "kochatgpt_ppo", split="train=0.5,test=0.5")
    train, test = ({line for line in Path(path).read_text().splitlines() if line} for path in summary.outputs)
    assert (len(train), len(test)) == (30, 30)
    numbers = [{number for line in part for number in re.findall(r"\d+", line)} for part in (train, test)]
    assert not numbers[0] & numbers[1]


def test_prompts_that_nearly_say_the_same_stay_together_though_nobody_curated(tmp_path: Path) -> None:
    rng = random.Random(3)

    def words(count: int) -> list[str]:
        return ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(count)]

    rows = []
    for n in range(40):
        chain = [[f"{n}", *words(99)]]
        for start in (20, 50, 80):
            chain.append([*chain[-1][:start], *words(7), *chain[-1][start + 7 :]])
        # Each is like its neighbours in the chain; the first and the last are not alike.
        rows += [row(" ".join(chain[k]), "a", GOOD, session=f"s{n}-{k}") for k in (0, 3, 2, 1)]
    summary = run(tmp_path, rows, "kochatgpt_ppo", split="train=0.5,test=0.5")
    train, test = (set(re.findall(r"\"prompt\": \"(\d+)", Path(path).read_text())) for path in summary.outputs)
    assert (len(train), len(test)) == (20, 20)
    assert not train & test


def test_a_split_of_nothing(tmp_path: Path) -> None:
    summary = run(tmp_path, [], "kochatgpt_ppo", split="train=0.5,test=0.5")
    assert summary.written == {"train": 0, "test": 0}
    assert summary.outputs == []


def test_prompts_before_a_question_count_too(tmp_path: Path) -> None:
    shared = [row("same start", f"x{n}", session=f"s{n}") for n in range(20)]
    rows = [*shared, *(row(f"q{n}", "a", GOOD, session=f"s{n}", turn=2) for n in range(20))]
    summary = run(tmp_path, rows, "alpaca", split="train=0.5,test=0.5")
    assert sorted(summary.written.values()) == [0, 20]
    assert len(made(tmp_path, rows, "alpaca")) == 20


@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=3), max_size=30))
def test_a_family_is_named_by_its_smallest_digest(units_by_key: list[list[int]]) -> None:
    families = Families()
    for numbers in units_by_key:
        families.add(digest(str(number)) for number in numbers)
    expected = []
    for numbers in units_by_key:
        together, size = set(numbers), 0
        while size < len(together):
            size = len(together)
            together.update(key for others in units_by_key if together & set(others) for key in others)
        expected.append(min(digest(str(number)) for number in together))
    assert families.names() == expected
