"""The reader gets every whole record out of a file, whatever its shape and whatever happened to it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.corpora.reading import json_reader as reader
from sharegpt_argilla.corpora.reading import json_recovery as recovery
from sharegpt_argilla.corpora.reading.json_reader import (
    CUT_OFF,
    Batch,
    Damaged,
    JsonReader,
    Located,
    read_records,
)
from sharegpt_argilla.errors import InputError
from tests.corpora.layouts import LAYOUTS, Record, conversation, json_lines, spans, whole_conversations

is_record = CORPORA["vicuna"].is_record
Layout = Callable[[Sequence[Record]], tuple[str, list[str]]]

many_records = st.lists(whole_conversations(), min_size=1, max_size=5)
layouts = st.sampled_from(LAYOUTS)
# Small chunks put the border between two reads everywhere.
chunks = st.sampled_from([1, 5, 64, reader.CHUNK])
# The files below are written anew for each example.
one_file = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)


def read(path: Path, content: bytes | str, chunk: int = reader.CHUNK, **options: Any) -> list[Located | Damaged]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "CHUNK", chunk)
        found = list(read_records(path, is_record, **options))
        if not options:
            assert in_batches(path) == found
        return found


def in_batches(path: Path) -> list[Located | Damaged]:
    """The same, read the fast way."""
    results: list[Located | Damaged] = []
    with path.open("rb") as file:
        for one in JsonReader(file, str(path), is_record).batches():
            records = list(one.records) if isinstance(one, Batch) else [one]
            if isinstance(one, Batch):
                assert repr(one.values) == repr([record.value for record in one.records])
            results += records
    return results


def values(results: Sequence[Located | Damaged]) -> list[Any]:
    return [record.value for record in results if isinstance(record, Located)]


def damaged(results: Sequence[Located | Damaged]) -> list[Damaged]:
    return [record for record in results if isinstance(record, Damaged)]


def is_subsequence(wanted: Sequence[Any], actual: Sequence[Any]) -> bool:
    rest = iter(actual)
    return all(any(item == candidate for candidate in rest) for item in wanted)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "corpus.json"


@given(many_records, layouts, chunks)
@one_file
def test_every_shape_of_file_gives_its_records(
    file: Path, records: list[Record], layout: Layout, chunk: int
) -> None:
    text, body = layout(records)
    results = read(file, text, chunk)
    assert values(results) == records
    assert damaged(results) == []
    assert [record.raw for record in results] == body
    shown = text.removeprefix("\ufeff")
    lines = [shown.count("\n", 0, start) + 1 for start, _ in spans(shown, body)]
    assert [record.line for record in results] == lines


@given(many_records, layouts, chunks, st.data())
@one_file
def test_a_file_cut_off_anywhere_gives_its_complete_records(
    file: Path, records: list[Record], layout: Layout, chunk: int, data: st.DataObject
) -> None:
    text, body = layout(records)
    content = text.encode("utf-8")
    cut = data.draw(st.integers(0, len(content)), label="cut")
    ends = [len(text[:end].encode("utf-8")) for _, end in spans(text, body)]
    complete = sum(1 for end in ends if end <= cut)
    results = read(file, content[:cut], chunk)
    assert values(results) == records[:complete]
    assert [record.reason for record in damaged(results)] in ([], [CUT_OFF])
    starts = [len(text[:start].encode("utf-8")) for start, _ in spans(text, body)]
    inside = any(start < cut < end for start, end in zip(starts, ends, strict=True))
    assert bool(damaged(results)) == inside or (text.encode("utf-8").startswith(b"\xef\xbb\xbf") and cut < 3)


@given(many_records, layouts, chunks, st.data())
@settings(one_file, max_examples=300)
def test_one_wrong_character_costs_at_most_its_record(
    file: Path, records: list[Record], layout: Layout, chunk: int, data: st.DataObject
) -> None:
    text, body = layout(records)
    at = data.draw(st.integers(0, len(text) - 1), label="at")
    instead = data.draw(st.sampled_from(["", *'{}[]",:\\x0 \n\x00']), label="instead")
    whole = [
        record for record, (start, end) in zip(records, spans(text, body), strict=True) if not start <= at < end
    ]
    assert is_subsequence(whole, values(read(file, text[:at] + instead + text[at + 1 :], chunk)))


@given(st.binary(max_size=200) | st.text('{}[]",:\\01eE.+-ntfu \n', max_size=80).map(str.encode), chunks)
@one_file
def test_any_bytes_are_read_to_the_end(file: Path, content: bytes, chunk: int) -> None:
    sizes: list[int] = []
    found = read(file, content, chunk, progress=sizes.append)
    assert sum(sizes) == len(content)
    assert all(record.line >= 1 for record in found)
    assert all(isinstance(record.value, dict) for record in found if isinstance(record, Located))


@pytest.mark.parametrize("content", [b"\xef", b"\xef\xbb"])
def test_half_a_byte_order_mark_is_a_file_cut_off(file: Path, content: bytes) -> None:
    (found,) = read(file, content, chunk=1)
    assert isinstance(found, Damaged)
    assert found.reason == CUT_OFF


def test_text_between_records_is_kept_with_place_and_reason(file: Path) -> None:
    text = json_lines([conversation("h: a"), conversation("h: b")])[0].replace("\n", "\n## notes\n", 1)
    before, notes, after = read(file, text)
    assert isinstance(notes, Damaged)
    assert (notes.file, notes.line, notes.raw) == (str(file), 2, "## notes")
    assert notes.reason == "no JSON object starts here"
    assert (before.line, after.line) == (1, 3)


def test_the_reason_names_the_error_and_quotes_nobody(file: Path) -> None:
    text = '{"id": "a", "conversations": [{"from": "human" "value": "secret"}]}\n{"id": "b", "conversations": []}'
    damaged, whole = read(file, text)
    assert isinstance(damaged, Damaged)
    assert damaged.reason == "not valid JSON: Expecting ',' delimiter (character 48 of the record)"
    assert damaged.raw == text.splitlines()[0]
    assert isinstance(whole, Located)
    assert whole.value["id"] == "b"


def test_bytes_that_are_not_utf8_cost_their_record_only(file: Path) -> None:
    first, second, third = (json.dumps(conversation(f"h: {word}")) for word in ("one", "tw\u00f6", "three"))
    second = second.replace("\\u00f6", "ö")
    content = b"\n".join([first.encode(), second.encode("latin-1"), third.encode()])
    found = read(file, content)
    assert [type(record) for record in found] == [Located, Damaged, Located]
    assert damaged(found)[0].reason == "the record contains bytes that are not UTF-8"
    assert damaged(found)[0].raw.encode("utf-8", "surrogateescape") == second.encode("latin-1")


def test_utf8_that_is_split_between_two_reads_is_whole(file: Path) -> None:
    record = conversation("h: ä€😀" * 40)
    assert values(read(file, json.dumps(record, ensure_ascii=False), chunk=3)) == [record]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"id": ' + '{"a": ' * 100_000 + "1" + "}" * 100_001, "JSON nested too deeply"),
        ('{"id": ' + "[" * 100_000 + "]" * 100_000 + "}", "JSON nested too deeply"),
        ('{"id": ' + "9" * 5000 + "}", "a number in the record has too many digits"),
    ],
    ids=["objects", "arrays", "digits"],
)
def test_what_python_refuses_is_one_reject(file: Path, bad: str, reason: str) -> None:
    good = conversation("h: still here")
    found = read(file, bad + "\n" + json.dumps(good))
    assert values(found) == [good]
    assert [record.reason for record in damaged(found)] == [reason]


def test_numbers_that_json_does_not_know_are_null(file: Path) -> None:
    text = '{"a": NaN, "b": -Infinity, "c": 1e999, "d": 1.5, "conversations": []}'
    assert values(read(file, text)) == [{"a": None, "b": None, "c": None, "d": 1.5, "conversations": []}]


def test_a_record_that_never_ends_is_given_up(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LONGEST_RECORD", 1 << 20)
    endless = '{"id": "' + "x" * (4 << 20)
    good = conversation("h: after it")
    found = read(file, endless + "\n" + json.dumps(good), chunk=1 << 16)
    assert values(found) == [good]
    assert "".join(record.raw for record in damaged(found)) == endless
    assert damaged(found)[0].reason == "the record does not end within 1 MiB"


@pytest.mark.parametrize("layout", LAYOUTS[:3], ids=lambda layout: layout.__name__)
def test_start_line_begins_at_the_next_record(file: Path, layout: Layout) -> None:
    records = [conversation(f"h: {number}", f"g: {number}", identity=str(number)) for number in range(4)]
    text, body = layout(records)
    for line in range(1, text.count("\n") + 3):
        offset = sum(len(part) for part in text.splitlines(keepends=True)[: line - 1])
        expected = [r for r, (start, _) in zip(records, spans(text, body), strict=True) if start >= offset]
        found = read(file, text, start_line=line)
        assert values(found) == expected, line
        assert damaged(found) == []
        assert all(record.line >= line for record in found)


def test_a_damaged_record_at_the_start_line_is_not_passed_over(file: Path) -> None:
    good = json.dumps(conversation("h: b"))
    found = read(file, "skipped\n" + '{"id": 1, "conversations": [}\n' + good, start_line=2)
    assert [type(record) for record in found] == [Damaged, Located]


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.json: cannot be read: No such file"):
        list(read_records(tmp_path / "nothing.json", is_record))


@pytest.mark.parametrize("layout", LAYOUTS[:3])
def test_sound_text_is_decoded_in_batches(file: Path, layout: Layout) -> None:
    records = [conversation("h: q", "g: a" * 40, identity=f"c{number}") for number in range(200)]
    file.write_text(layout(records)[0], encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, file.open("rb") as opened:
        patch.setattr(reader, "CHUNK", 4000)
        found = list(JsonReader(opened, "x", is_record).batches())
    assert all(isinstance(one, Batch) for one in found)
    assert 5 < len(found) < 30
    assert [value for one in found if isinstance(one, Batch) for value in one.values] == records


def test_text_that_no_batch_fits_is_hardly_decoded_twice(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = {"id": "x", "conversations": [{"id": 1}] * 30}
    file.write_text(" ".join(json.dumps(inner) for _ in range(400)))
    tried: list[int] = []
    real = reader._decode
    monkeypatch.setattr(reader, "CHUNK", 2000)
    monkeypatch.setattr(reader, "_decode", lambda data: tried.append(len(data)) or real(data))
    with file.open("rb") as opened:
        assert len(list(JsonReader(opened, "x", is_record).batches())) == 400
    whole = [size for size in tried if size > len(json.dumps(inner)) + 2]
    assert len(whole) < 60


HOSTILE = {
    "unclosed objects": ('{"a":', 900, "!"),
    "unclosed objects that the end of the file cuts off": ('{"a":', 900, ""),
    "objects with something before the next level": ('{"a":[{},', 400, "!"),
    "too deep, with something before the next level": ('{"a":[{},', 3000, "!"),
    "too deep and closed nowhere": ('{"a":\n', 3000, "\n"),
    "in a string and out of it": ('{":', 1800, "!"),
}


@pytest.mark.parametrize("unit, levels, end", HOSTILE.values(), ids=HOSTILE)
def test_hostile_nesting_takes_time_linear_in_its_size(
    file: Path, unit: str, levels: int, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, passed = recovery.decode_object, [0]

    def counted(text: str, start: int = 0) -> Any:
        decoded = real(text, start)
        at = decoded.at if isinstance(decoded, recovery.Fault) else decoded[1]
        # json does not say where it went too deep.
        passed[0] += 1000 * len(unit) if at == start else at - start
        return decoded

    monkeypatch.setattr(recovery, "decode_object", counted)
    good = json_lines([conversation("h: q", "g: a")])[0]
    for times in (1, 4, 16):
        text = (unit * levels + end + "\n") * times + good
        passed[0] = 0
        with file.open("w") as opened:
            opened.write(text)
        assert values(list(read_records(file, is_record)))[-1] == conversation("h: q", "g: a")
        assert passed[0] < 12 * len(text)


@pytest.mark.parametrize(
    "sizes", [[50_000, 200_000, 200_000, 10], [10, 300_000, 10], [90_000, 90_000, 90_000, 10]]
)
def test_a_start_inside_a_record_longer_than_a_chunk_costs_that_record_alone(
    tmp_path: Path, sizes: list[int]
) -> None:
    records = [{"id": str(number), "conversations": ["x" * size]} for number, size in enumerate(sizes)]
    text = json.dumps(records, indent=2)
    path = tmp_path / "raw.json"
    path.write_text(text)
    first = [line for line, content in enumerate(text.split("\n"), 1) if content == "  {"]
    for start in range(2, first[-1] + 1):
        found = read_records(path, lambda value: isinstance(value, dict) and "conversations" in value, start)
        ids = [record.value["id"] for record in found if isinstance(record, Located)]
        assert ids == [str(number) for number, line in enumerate(first) if line >= start]
