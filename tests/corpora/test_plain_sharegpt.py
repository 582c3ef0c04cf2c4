"""Plain ShareGPT records give the pairs and the counts that the adapter and the pairing give."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.sharegpt import ShareGPT
from sharegpt_argilla.corpora.pairing.pairing import Pairer
from sharegpt_argilla.corpora.pairing.plain_sharegpt import PlainShareGPT
from sharegpt_argilla.corpora.reading import json_reader as reader
from sharegpt_argilla.corpora.run import conversion
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.workflows.extract import ExtractSummary, extract
from tests.corpora.layouts import LAYOUTS, conversation, json_lines, spoken

TIME = "20230511 15:56:03"
VICUNA = ShareGPT("vicuna", "", splits=True)

names = st.sampled_from(
    ["abcdefg_0", "abcdefg_1", "abcdefg_2", "abcdefg_3", "abcdefg", "x_1", "id_2", "会话", "", '"', 7]
)
roles = st.sampled_from(["human", "human", "gpt", "gpt", "user", "bing", "system", "nobody", "GPT", 1, ["gpt"]])
values = spoken | st.sampled_from(["", " ", None, 3, "标注", "\ud800"])
turns = st.fixed_dictionaries({"from": roles, "value": values}) | st.just({"from": "human"}) | st.just("turn")
odd_turns = st.lists(
    turns | turns.map(lambda turn: {**turn, "more": 1} if isinstance(turn, dict) else turn), max_size=4
)


@st.composite
def plain_turns(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Turns of people and model by turns, sometimes open at an end."""
    said = [
        turn for _ in range(draw(st.integers(1, 3))) for turn in (("human", draw(spoken)), ("gpt", draw(spoken)))
    ]
    start, end = draw(st.sampled_from([(0, None), (0, None), (1, None), (0, -1), (1, -1)]))
    return [{"from": role, "value": text} for role, text in said[start:end]]


records = st.fixed_dictionaries(
    {"id": names, "conversations": plain_turns() | plain_turns() | odd_turns},
    optional={"lang": st.just("en"), "number": st.just(10**30)},
)


def outcome(folder: Path, model: str, **options: Any) -> tuple[Any, ...]:
    """All that a run gives: what it says, and the bytes of its files."""
    for path in folder.glob("out.*"):
        path.unlink()
    summary: ExtractSummary | str
    try:
        summary = extract([folder / "raw"], model, folder / "out.rows", rejects=folder / "out.rejects", **options)
    except InputError as error:
        summary = str(error)
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("out.*"))}
    return summary, files


@given(
    st.lists(records, min_size=1, max_size=12),
    st.sampled_from(LAYOUTS),
    st.sampled_from(["vicuna", "gpt4"]),
    st.sampled_from(["mnbvc-2023", "mnbvc-2025"]),
    st.sampled_from([300, 10**6]),
    st.sampled_from([200, reader.CHUNK]),
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=50,
)
def test_plain_records_give_the_bytes_of_the_adapter(
    tmp_path: Path,
    several: list[dict[str, Any]],
    layout: Callable[[Sequence[Any]], tuple[str, list[str]]],
    model: str,
    profile: str,
    shard_size: int,
    chunk: int,
) -> None:
    content = layout(several)[0].encode("utf-8", "surrogatepass")
    (tmp_path / "raw").write_bytes(content)
    call: dict[str, Any] = {"create_time": TIME, "profile": profile, "shard_size": shard_size}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "CHUNK", chunk)
        plain = outcome(tmp_path, model, **call)
        patch.setattr(PlainShareGPT, "pairs", lambda *_: None)
        patch.setattr(reader.JsonReader, "batches", reader.JsonReader.records)
        assert outcome(tmp_path, model, **call) == plain


def test_plain_records_are_told_from_others() -> None:
    plain = [
        conversation("h: q", "g: a", "h: r", "g: b", identity="abcdefg"),
        conversation("h: q", "g: a", "h: r", identity="abcDefh_0"),
        conversation("g: b", "h: s", "g: c", identity="abcDefh_3"),
        conversation("g: b", identity="abcDefh_7"),
    ]
    pairer = Pairer("vicuna", "ShareGPT")
    reader_of_plain = PlainShareGPT(VICUNA, pairer)
    several = [reader_of_plain.pairs(record) for record in plain]
    completed = [sum(len(pairs.questions) for pairs in each) for each in several if each is not None]
    assert completed == [2, 1, 2, 0]
    assert (pairer.counts.stitched, pairer.counts.pairs, pairer.counts.conversations) == (1, 5, 4)
    before = str(pairer.counts)
    others: list[dict[str, Any]] = [
        {**plain[0], "lang": "en"},
        {**plain[0], "id": 7},
        {**plain[0], "id": ""},
        {"id": "abcdefi", "conversations": [{"from": "human", "value": "q", "x": 1}, {"from": "gpt"}]},
        # One that fails when half of it is read leaves nothing behind.
        conversation("h: q", "g: a", "h: r", "g: ", identity="abcdefi"),
    ]
    assert [reader_of_plain.pairs(record) for record in others] == [None] * len(others)
    assert str(pairer.counts) == before


def test_an_integer_beyond_64_bits_is_exact_in_a_batch(tmp_path: Path) -> None:
    many = [
        {**conversation("h: q", "g: a", identity=f"c{number}"), "number": 10**30 + number} for number in range(3)
    ]
    (tmp_path / "raw").write_text(json_lines(many)[0])
    extract([tmp_path / "raw"], "vicuna", tmp_path / "rows", create_time=TIME)
    rows = [json.loads(line) for line in (tmp_path / "rows").read_text("utf-8").splitlines()]
    found = [json.loads(row["元数据"]["扩展字段"])["number"] for row in rows]
    assert found == [10**30, 10**30 + 1, 10**30 + 2]


def test_pending_pairs_beyond_what_memory_may_hold_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = [conversation("h: q", "g: a", f"h: r{number}", identity=f"c{number:06}_0") for number in range(40)]
    pieces += [conversation(f"g: b{number}", "h: s", "g: c", identity=f"c{number:06}_3") for number in range(40)]
    (tmp_path / "raw").write_text(json_lines(pieces)[0])
    monkeypatch.setattr(conversion, "SPILL", 30)
    plain = outcome(tmp_path, "vicuna", create_time=TIME)
    monkeypatch.setattr(PlainShareGPT, "pairs", lambda *_: None)
    assert outcome(tmp_path, "vicuna", create_time=TIME) == plain
