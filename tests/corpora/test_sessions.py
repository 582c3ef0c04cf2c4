"""A session is one conversation, whatever ids say, in how many files and shards it is."""

import json
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.pairing import sessions
from sharegpt_argilla.corpora.pairing.sessions import Resolution, ShardSessions, resolve
from sharegpt_argilla.workflows.extract import ExtractSummary, extract
from tests.corpora.layouts import conversation

TIME = "20230511 15:56:03"
Told = tuple[str, int, str, str]


def told(folder: Path, *files: Sequence[Any] | str, **options: Any) -> tuple[list[Told], ExtractSummary]:
    """Session, turn, question and answer of each row of the files, each given as its records or as text."""
    paths = []
    for number, records in enumerate(files):
        paths.append(folder / f"{number}.jsonl")
        lines = records if isinstance(records, str) else "".join(json.dumps(record) + "\n" for record in records)
        paths[-1].write_text(lines, encoding="utf-8")
    summary = extract(paths, "auto", folder / "rows.jsonl", create_time=TIME, **options)
    rows: list[Told] = []
    for line in (folder / "rows.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        extension = json.loads(row["元数据"]["扩展字段"])
        rows.append((extension["会话"], extension["多轮序号"], row["问"], row["答"]))
    return rows, summary


def test_the_same_id_in_another_record_is_another_session(tmp_path: Path) -> None:
    records = [conversation("h: q", "g: a", identity="42"), conversation("h: r", "g: b", identity="42")]
    rows, summary = told(tmp_path, records)
    assert rows == [("42", 1, "q", "a"), ("42#2", 1, "r", "b")]
    assert summary.counts.renamed == 1


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("layout", ["one file", "plain records", "a file each", "a shard each"])
def test_an_id_that_looks_like_a_new_one_stays_its_own(
    order: tuple[int, ...], layout: str, tmp_path: Path
) -> None:
    records = [conversation(f"h: {name}", "g: a", identity=name[:-1]) for name in ("42a", "42#2b", "42c")]
    if layout != "plain records":
        records = [{**record, "lang": "en"} for record in records]
    mixed = [records[number] for number in order]
    files = [[record] for record in mixed] if layout.startswith("a ") else [mixed]
    rows, summary = told(tmp_path, *files, **({"shard_size": 1} if layout == "a shard each" else {}))
    sessions = {question: session for session, _, question, _ in rows}
    first, second = ("42a", "42c") if order.index(0) < order.index(2) else ("42c", "42a")
    assert sessions == {first: "42", second: "42#3", "42#2b": "42#2"}
    assert summary.counts.renamed == 1


def test_the_same_conversation_twice_is_one_session(tmp_path: Path) -> None:
    record = conversation("h: q", "g: a", identity="42")
    rows, summary = told(tmp_path, [record, record], [record])
    assert rows == [("42", 1, "q", "a")] * 3
    assert summary.counts.renamed == 0


@pytest.mark.parametrize("options", [{}, {"shard_size": 1}, {"shard_size": 1, "workers": 2}, {"shard_size": 120}])
def test_the_same_id_in_another_file_is_another_session(options: dict[str, Any], tmp_path: Path) -> None:
    files = [
        [conversation(f"h: q{file}{number}", "g: a", identity=str(number)) for number in range(3)]
        for file in range(3)
    ]
    rows, summary = told(tmp_path, *files, **options)
    suffixes = ("", "#2", "#3")
    assert rows == [
        (f"{number}{suffixes[file]}", 1, f"q{file}{number}", "a") for file in range(3) for number in range(3)
    ]
    assert summary.counts.renamed == 6


PIECES = {
    "a split of ShareGPT": (["0AQp27B_0 hgh", "0AQp27B_3 gh", "0AQp27B_5 ghg"], ["0AQp27B"]),
    "FastChat's splitter": (["identity_0_0 hghg", "identity_0_4 hg"], ["identity_0"]),
    "on any base": (["story_0 hghg", "story_4 hg"], ["story"]),
    "one short id of ShareGPT's": (["abcdefg_0 hgh", "abcdefg_3 ghg"], ["abcdefg"]),
    "numbers": (["chartQA_0 hg", "chartQA_1 hg", "chartQA_2 hg"], ["chartQA_0", "chartQA_1", "chartQA_2"]),
    "numbers of a word": (["medical_0 hg", "medical_2 hg"], ["medical_0", "medical_2"]),
    "leading zeros": (["chartQA_0000 hg", "chartQA_0002 hg"], ["chartQA_0000", "chartQA_0002"]),
    "overlapping": (["aBcdefg_0 hghghg", "aBcdefg_2 hghg"], ["aBcdefg_0", "aBcdefg_2"]),
    "a gap": (["story_0 hghg", "story_6 hg"], ["story_0", "story_6"]),
    "greetings": (["play_1 ghg", "play_3 ghg"], ["play_1", "play_3"]),
    "open, then a greeting": (
        ["chat_log_0 hgh", "chat_log_1 hg", "chat_log_3 ghg"],
        ["chat_log_0", "chat_log_1", "chat_log_3"],
    ),
    "no splitter": (["identity_0 hg", "identity_1 hg"], ["identity_0", "identity_1"]),
}


@pytest.mark.parametrize("options", [{}, {"shard_size": 1}, {"shard_size": 1, "workers": 2}])
@pytest.mark.parametrize(("pieces", "sessions"), PIECES.values(), ids=list(PIECES))
def test_pieces_are_joined_where_they_prove_to_be_pieces(
    pieces: list[str], sessions: list[str], options: dict[str, Any], tmp_path: Path
) -> None:
    records = []
    for number, piece in enumerate(pieces):
        identity, roles = piece.split()
        turns = [f"{role}: {number}.{place}" for place, role in enumerate(roles)]
        records.append(conversation(*turns, identity=identity))
    rows, _ = told(tmp_path, records, **options)
    assert sorted({session for session, *_ in rows}) == sessions
    assert len({(session, turn) for session, turn, *_ in rows}) == len(rows)
    if len(sessions) > 1:
        assert all(question.split(".")[0] == answer.split(".")[0] for *_, question, answer in rows if answer)


words = st.text("abc", min_size=1, max_size=3)


@given(
    files=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(
                    ["1", "x_0", "x_1", "x_2", "aB34567_0", "aB34567_2", "medical_1", "x_1_0", "x_1_2"]
                ),
                st.lists(st.tuples(words, words), min_size=1, max_size=3),
            ),
            max_size=5,
        ),
        min_size=1,
        max_size=3,
    ),
    shard_size=st.sampled_from([200, 10**6]),
    layout=st.sampled_from(["sharegpt", "messages"]),
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_conversations_never_mix(
    files: list[list[tuple[str, list[tuple[str, str]]]]], shard_size: int, layout: str, tmp_path: Path
) -> None:
    written = [
        [
            (identity, [(f"q{file}.{record} {asked}", f"a{file}.{record} {said}") for asked, said in rounds])
            for record, (identity, rounds) in enumerate(records)
        ]
        for file, records in enumerate(files)
    ]
    if not any(written):
        return
    rows, _ = told(
        tmp_path,
        *[[dumped(*each, layout) for each in records] for records in written if records],
        shard_size=shard_size,
    )
    assert [(question, answer) for *_, question, answer in rows] == [
        pair for records in written for _, rounds in records for pair in rounds
    ]
    for _, _, question, answer in rows:
        assert question.split()[0][1:] == answer.split()[0][1:]
    owners: dict[str, set[str]] = {}
    for session, _, question, _ in rows:
        owners.setdefault(session, set()).add(question.split()[0])
    split = {"aB34567", "x_1", "aB34567#2", "x_1#2"}
    if any(identity == "x_0" and len(rounds) == 1 for records in written for identity, rounds in records):
        # x_2 begins where it ends, as FastChat's splitter would have it.
        split |= {"x", "x#2"}
    assert all(
        len(owner) == 1
        for session, owner in owners.items()
        if layout == "messages" or session.split("#")[0] not in split
    )


def dumped(identity: str, rounds: list[tuple[str, str]], layout: str) -> dict[str, Any]:
    if layout == "sharegpt":
        return conversation(*(text for q, a in rounds for text in (f"h: {q}", f"g: {a}")), identity=identity)
    messages = [
        {"role": role, "content": text}
        for pair in rounds
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    return {"id": identity, "messages": messages}


def noted(folder: Path, shards: Sequence[Sequence[tuple[str, str]]]) -> dict[int, Path]:
    """What shards note of records, given by id and text."""
    paths = {}
    for number, records in enumerate(shards):
        own = ShardSessions(CORPORA["wildchat"], Resolution())
        for identity, text in records:
            own.claim(identity, [text], 2, answers_first=False)
        paths[number] = folder / f"{number}.sessions"
        with paths[number].open("wb") as file:
            own.write(file)
    return paths


@pytest.mark.parametrize("at_once", [1, 7, 100_000])
def test_ids_are_compared_across_shards_a_part_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(sessions, "KEYS_AT_ONCE", at_once)
    plain = [[(f"c{shard}-{number}", "text") for number in range(20)] for shard in range(3)]
    plain[0].append(("again", "first"))
    plain[1] += [("again", "second"), ("same", "text")]
    plain[2] += [("again", "second"), ("again", "third"), ("same", "text")]
    found = resolve(noted(tmp_path, plain))
    assert {number: [len(prints) for prints in each.seen.values()] for number, each in found.items()} == {
        1: [1],
        2: [2],
    }
    assert found[2].seen.keys() == found[1].seen.keys()


def test_few_bytes_are_held_for_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "KEYS_AT_ONCE", 2000)
    paths = noted(tmp_path, [[(f"c{shard}-{number}", "text") for number in range(5000)] for shard in range(8)])
    tracemalloc.start()
    resolve(paths)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000 * 40


def test_ids_of_twenty_megabytes_are_compared_at_a_time() -> None:
    assert sessions.KEYS_AT_ONCE == 100_000
