"""A file cut into shards gives what the whole file gives, wherever it is cut."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.reading import json_reader as reader
from sharegpt_argilla.corpora.reading.base import Damaged, Located
from sharegpt_argilla.corpora.reading.inputs import Reading, Source, Stretch, describe
from sharegpt_argilla.corpora.run.run_plan import Shard, cut
from tests.corpora.layouts import LAYOUTS, conversation, json_lines, pretty_array, whole_conversations

VICUNA = CORPORA["vicuna"]
many_records = st.lists(whole_conversations(), min_size=1, max_size=6)
one_file = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
Found = tuple[int, Any, str]


def plain(path: Path) -> Source:
    return Source(str(path), str(path), "plain", path.stat().st_size)


def shards_of(path: Path, size: int, start_line: int = 1) -> list[Shard]:
    return cut([plain(path)], ["vicuna"], CORPORA, start_line, size)


def found_in(path: Path, stretches: Sequence[Stretch]) -> list[Found]:
    """What the stretches contain, with the lines of the file."""
    results: list[Found] = []
    text = path.read_bytes()
    for stretch in stretches:
        reading = Reading(plain(path), stretch, VICUNA)
        for record in reading.records():
            result = record.reason if isinstance(record, Damaged) else record.value
            lacking = 0 if stretch.line else text.count(b"\n", 0, reading.start)
            results.append((record.line + lacking, result, record.raw))
    return results


def whole(path: Path) -> list[Found]:
    return found_in(path, [Stretch(0, size=path.stat().st_size)])


def in_shards(path: Path, size: int, start_line: int = 1) -> list[Found]:
    return found_in(path, [stretch for shard in shards_of(path, size, start_line) for stretch in shard.stretches])


@given(many_records, st.sampled_from(LAYOUTS), st.integers(1, 400), st.sampled_from([7, 64, reader.CHUNK]))
@one_file
def test_every_record_is_in_one_shard(tmp_path: Path, records: Any, layout: Any, size: int, chunk: int) -> None:
    path = tmp_path / "raw.json"
    path.write_text(layout(records)[0], encoding="utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "CHUNK", chunk)
        found = in_shards(path, size)
    assert [value for _, value, _ in found] == records
    assert found == whole(path)


@given(many_records, st.sampled_from(LAYOUTS), st.integers(20, 400), st.data())
@settings(one_file, max_examples=300)
def test_damage_is_the_same_in_shards(
    tmp_path: Path, records: Any, layout: Any, size: int, data: st.DataObject
) -> None:
    path = tmp_path / "raw.json"
    content = layout(records)[0].encode("utf-8")
    at = data.draw(st.integers(0, len(content) - 1), label="at")
    instead = data.draw(st.sampled_from([b"", b"}", b"{", b'"', b"\xff", b"\\", b"\n", b"],"]), label="instead")
    path.write_bytes(content[:at] + instead + content[at + 1 :])
    assert in_shards(path, size) == whole(path)


@given(many_records, st.integers(1, 12), st.integers(20, 200))
@one_file
def test_a_start_line_is_the_same_in_shards(tmp_path: Path, records: Any, line: int, size: int) -> None:
    path = tmp_path / "raw.json"
    for layout in (pretty_array, json_lines):
        path.write_text(layout(records)[0], encoding="utf-8", newline="")
        expected = [
            (record.line, record.value)
            for record in reader.read_records(path, VICUNA.is_record, line)
            if isinstance(record, Located)
        ]
        assert [(at, value) for at, value, _ in in_shards(path, size, line)] == expected


def test_shards_do_not_depend_on_anything_but_the_inputs(tmp_path: Path) -> None:
    path = tmp_path / "raw.json"
    path.write_bytes(b" " * 1000)
    starts = [(shard.stretches[0].start, shard.stretches[0].stop) for shard in shards_of(path, 300)]
    assert starts == [(0, 300), (300, 600), (600, None)]
    assert [shard.number for shard in shards_of(path, 300)] == [0, 1, 2]
    assert sum(shard.size for shard in shards_of(path, 300)) == 1000
    assert len(shards_of(path, 2000)) == 1


def test_small_files_side_by_side_share_a_shard(tmp_path: Path) -> None:
    sources = []
    for number, size in enumerate([40, 40, 40, 500, 10, 10]):
        path = tmp_path / f"{number}.json"
        path.write_bytes(b" " * size)
        sources.append(plain(path))
    shards = cut(sources, ["vicuna"] * 6, CORPORA, 1, 100)
    assert [[stretch.source for stretch in shard.stretches] for shard in shards] == [
        [0, 1], [2], [3], [3], [3], [3], [3], [4, 5],
    ]  # fmt: skip
    apart = cut(sources[:2], ["vicuna", "gpt4"], CORPORA, 1, 100)
    assert [shard.corpus for shard in apart] == ["vicuna", "gpt4"]


def test_a_corpus_that_gathers_is_one_shard(tmp_path: Path) -> None:
    sources = []
    for number in range(3):
        path = tmp_path / f"{number}.json"
        path.write_bytes(b" " * 500)
        sources.append(plain(path))
    shards = cut(sources, ["oasst", "vicuna", "oasst"], CORPORA, 1, 100)
    assert [stretch.source for stretch in shards[0].stretches] == [0, 2]
    assert {shard.corpus for shard in shards[1:]} == {"vicuna"}
    assert all(stretch.start == 0 and stretch.stop is None for stretch in shards[0].stretches)


def test_a_record_longer_than_many_shards_is_in_the_first(tmp_path: Path) -> None:
    path = tmp_path / "raw.json"
    records = [conversation("h: short"), conversation("h: " + "long " * 500), conversation("h: after")]
    path.write_text(json_lines(records)[0], encoding="utf-8")
    assert [value for _, value, _ in in_shards(path, 64)] == records
    assert len(shards_of(path, 64)) > 20


def test_text_in_a_string_that_looks_like_a_record_is_no_border(tmp_path: Path) -> None:
    inner = json.dumps(conversation("h: inner"))
    records = [conversation(f"h: {inner}\n{inner}", "g: },{ [{", f"h: {inner}") for _ in range(3)]
    for layout in LAYOUTS:
        path = tmp_path / "raw.json"
        path.write_text(layout(records)[0], encoding="utf-8", newline="")
        for size in range(20, 200, 3):
            assert [value for _, value, _ in in_shards(path, size)] == records


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"PAR1", b"PAR1 and PAR1 no more", b"\x1f\x8b", b"\x28\xb5\x2f\xfd\n"]
)
def test_what_only_begins_like_something_is_plain_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "raw.json"
    path.write_bytes(content + b"\n" + json.dumps(conversation("h: q")).encode())
    with ExitStack() as stack:
        source = describe(str(path), {}, stack)
    found = list(Reading(source, Stretch(0), VICUNA).records())
    assert [record.value for record in found if isinstance(record, Located)] == [conversation("h: q")]
