"""Prompts that were there before: which are found, and which row they point to."""

import random
import sys
from pathlib import Path

import numpy as np
import pytest

from sharegpt_argilla.curation.checks.duplicate_checks import PERMUTATIONS, Fingerprint, Seen, fingerprint
from tests.curation.rows import curated, row

LONG = (
    "Please explain how an electric kettle knows that the water in it boils and why it switches itself off "
    "a few seconds later, in words that a child of ten can understand."
)
NEAR = LONG.replace("a child of ten", "a child of nine")
OTHER = "Which knots do sailors use to fasten two ropes of different thickness to each other in a storm?"


def flags(found: dict) -> list[str]:
    return [flag for flag in found["flags"] if "duplicate" in flag]


def test_case_spacing_and_punctuation_make_no_other_prompt(tmp_path: Path) -> None:
    rows = [row(LONG, session="a"), row(f"  {LONG.upper()}!!", session="b"), row(OTHER, session="c")]
    (_, (_, second), (_, third)), _ = curated(tmp_path, rows)
    assert (flags(second), second["dup_of"]) == (["duplicate"], rows[0]["id"])
    assert flags(third) == []
    assert "dup_of" not in third


def test_a_similar_prompt_is_a_near_duplicate(tmp_path: Path) -> None:
    rows = [row(LONG, session="a"), row(OTHER, session="b"), row(NEAR, session="c")]
    (_, _, (_, third)), _ = curated(tmp_path, rows)
    assert (flags(third), third["dup_of"]) == (["near_duplicate"], rows[0]["id"])
    (_, _, (_, third)), _ = curated(tmp_path, rows, options={"similarity": 0.95})
    assert flags(third) == []


def test_similarity_is_about_that_of_the_shingles() -> None:
    words = LONG.split()
    for changed in (1, 3, 6):
        other = [*words[: len(words) - changed], *(f"new{number}" for number in range(changed))]
        sets = [{tuple(text[at : at + 3]) for at in range(len(text) - 2)} for text in (words, other)]
        exact = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
        prints = [fingerprint(" ".join(text), near=True).signature for text in (words, other)]
        assert abs((prints[0] == prints[1]).mean() - exact) < 0.13


def test_one_instruction_over_many_inputs_makes_no_near_duplicates(tmp_path: Path) -> None:
    inputs = [
        f"Doctor, my {part} hurts when I {do} the stairs"
        for part, do in (("knee", "climb"), ("left ear", "sweep"))
    ]
    rows = [row(f"{LONG}\n\n{given}", session=given) for given in inputs]
    assert [flags(found) for _, found in curated(tmp_path, rows)[0]] == [[], []]
    twice = [*rows, row(f"{LONG}\n\n{inputs[0]} again", session="z")]
    assert flags(curated(tmp_path, twice)[0][2][1]) == ["near_duplicate"]


def test_the_one_that_is_kept_is_pointed_to(tmp_path: Path) -> None:
    rows = [row(LONG, "", session="a"), row(LONG, session="b"), row(LONG, session="c")]
    after, summary = curated(tmp_path, rows, drop=["blank_answer"])
    assert [(curated_row["id"], curation.get("dup_of")) for curated_row, curation in after] == [
        (rows[1]["id"], None),
        (rows[2]["id"], rows[1]["id"]),
    ]
    after, summary = curated(tmp_path, rows, drop=["blank_answer", "duplicate"])
    assert [curated_row["id"] for curated_row, _ in after] == [rows[1]["id"]]
    assert summary.report["checks"]["duplicate"]["dropped"] == 1


def test_several_answers_to_one_prompt_are_no_duplicates_but_a_copied_row_is(tmp_path: Path) -> None:
    rows = [row(LONG, f"Because of steam. {n}", session="a", completion=n) for n in range(3)]
    after, _ = curated(tmp_path, [*rows, rows[0]])
    assert [flags(found) for _, found in after] == [[], [], [], ["duplicate"]]


def test_a_later_turn_is_a_duplicate_only_after_the_same_turns(tmp_path: Path) -> None:
    turns = [(LONG, "go on"), (OTHER, "go on"), (LONG, "go on")]
    rows = [
        row(prompt, session=str(number), turn=turn)
        for number, prompts in enumerate(turns)
        for turn, prompt in enumerate(prompts, 1)
    ]
    after, _ = curated(tmp_path, rows)
    assert [flags(found) for _, found in after] == [[], [], [], [], ["duplicate"], ["duplicate"]]
    assert after[5][1]["dup_of"] == rows[1]["id"]


@pytest.mark.parametrize("prompt", ["", "?!", "…", "好", "a b"])
def test_short_prompts_have_no_signature_and_are_told_apart(prompt: str) -> None:
    assert fingerprint(prompt, near=True).signature is None
    assert fingerprint(prompt, near=True).exact != fingerprint(prompt + "x", near=True).exact


def test_words_of_scripts_without_spaces_are_characters() -> None:
    texts = ["请用简单的话解释水壶为什么会在水烧开时自动断电", "请用简单的话解释水壶为什么会在水烧开后自动断电"]
    one, other = (fingerprint(text, near=True).signature for text in texts)
    assert (one == other).mean() > 0.6


def test_fingerprints_are_the_same_in_every_run() -> None:
    # Workers on several machines compare theirs.
    one = fingerprint(LONG, near=True)
    assert one.exact.hex() == "9ba870afd8fa9e165c82e46360516828"
    assert int(one.signature.sum(dtype="uint64")) == 17583263683


def test_the_bands_meet_nearly_all_pairs_of_the_default_similarity() -> None:
    """16 bands of 4 hashes: 1 - (1 - 0.7 ** 4) ** 16 = 98.8 % of pairs with similarity 0.7; 8 bands meet 89 %."""
    rng = random.Random(7)
    met = 0
    for pair in range(400):
        # 85 shingles of three words; 15 new words at the end leave 70 of 100 different ones in common.
        words = [f"w{rng.randrange(10**9)}" for _ in range(102)]
        first, second = " ".join(words[:87]), " ".join([*words[:72], *words[87:]])
        seen = Seen(similarity=0.5)
        seen.add(fingerprint(first, near=True), b"", "first", f"{pair}")
        met += seen.find(fingerprint(second, near=True), b"", "second", "other") is not None
    assert met >= 388


def resident_megabytes() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_prompts_seen() -> None:
    seen, chance = Seen(0.7), np.random.default_rng(1)

    def add(start: int, count: int) -> None:
        for number in range(start, start + count):
            signature = chance.integers(0, 2**32, PERMUTATIONS, dtype=np.uint32)
            seen.add(Fingerprint(number.to_bytes(16, "big"), signature), b"", f"{number:032d}", f"c{number}")

    (cached,) = seen._database.run("PRAGMA cache_size").fetchone()
    assert cached == -32 * 1024
    # The same with a smaller cache, which is full sooner.
    seen._database.run("PRAGMA cache_size = -1024")
    add(0, 2_000)
    filled = resident_megabytes()
    add(2_000, 10_000)
    assert resident_megabytes() - filled < 8, "2 kB for each is 20 MB"
    assert seen.find(Fingerprint((5).to_bytes(16, "big"), None), b"", "", "") == ("duplicate", f"{5:032d}")


def test_a_full_disk_is_an_error_of_the_system() -> None:
    seen = Seen(0.7)
    seen._database.run("PRAGMA max_page_count = 12")
    with pytest.raises(OSError, match="temporary folder"):
        for number in range(5_000):
            seen.add(Fingerprint(number.to_bytes(16, "big"), None), b"", f"{number:032d}", "c")
