"""The row format: keys, order, ids that stay, and JSON that parses."""

import hashlib
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.errors import RejectedError, UnknownNameError, UsageError
from sharegpt_argilla.rows import (
    Pair,
    Row,
    RowBuilder,
    build_row,
    check_create_time,
    check_profile,
    check_row,
    dump_extension,
    dump_new_rows,
    dump_row,
    encodable,
    read_extension,
    row_id,
    session_number,
    with_extension,
)

TIME = "20230511 15:56:03"

any_text = st.text(st.characters(exclude_categories=()), max_size=40)
extras = st.dictionaries(
    st.text(max_size=8).filter(lambda key: key not in {"会话", "原会话", "多轮序号", "解析模型", "标注"}),
    st.none() | st.booleans() | st.integers() | any_text | st.lists(any_text, max_size=3),
    max_size=4,
)
pairs = st.builds(
    Pair,
    question=any_text.filter(bool),
    answer=any_text,
    session=any_text.filter(bool),
    turn=st.integers(1, 10**6),
    corpus=st.just("vicuna"),
    source=st.just("ShareGPT"),
    question_role=st.sampled_from(["human", "user"]),
    answer_role=st.sampled_from(["gpt", "", 'odd "role"']),
    created=st.none() | st.just("20230101 00:00:00"),
    extra=extras,
)
profiles = st.sampled_from(["mnbvc-2023", "mnbvc-2025"])


def pair(**changes: Any) -> Pair:
    defaults = {
        "question": "写一个超短小说",
        "answer": "他们相遇,又别离。",
        "session": "yOKd88p",
        "turn": 1,
        "corpus": "gpt4",
        "source": "ShareGPT",
        "question_role": "human",
        "answer_role": "gpt",
    }
    return Pair(**{**defaults, **changes})


def test_a_row_as_it_is_documented() -> None:
    row = build_row(pair(), TIME)
    assert dump_row({**row, "id": "ID"}) == (
        '{"id":"ID","问":"写一个超短小说","答":"他们相遇,又别离。","来源":"ShareGPT","元数据":'
        '{"create_time":"20230511 15:56:03",'
        '"问题明细":"\\"from\\": \\"human\\"","回答明细":"\\"from\\": \\"gpt\\"",'
        '"扩展字段":"{\\"会话\\": \\"yOKd88p\\", \\"多轮序号\\": 1, \\"解析模型\\": \\"gpt4\\"}"}}'
    )


def test_the_profile_of_2025_adds_a_date_and_a_session_number() -> None:
    row = build_row(pair(extra={"lang": "zh"}), TIME, "mnbvc-2025")
    assert row["时间"] == "20230511"
    number = session_number("yOKd88p")
    extension = {"会话": number, "原会话": "yOKd88p", "多轮序号": 1, "解析模型": "gpt4", "lang": "zh"}
    assert read_extension(row) == extension
    assert list(read_extension(row)) == list(extension)


@given(pairs, profiles)
def test_every_pair_becomes_one_line_that_parses(question_pair: Pair, profile: Any) -> None:
    row = build_row(question_pair, TIME, profile)
    line = dump_row(row)
    assert "\n" not in line
    assert json.loads(line.encode("utf-8")) == row
    assert check_row(json.loads(line)) == row
    assert None not in read_extension(row).values()
    assert row["问"] == encodable(question_pair.question)


OWN_KEYS = {"会话", "原会话", "多轮序号", "解析模型"}
LATER_KEYS = {"标注", "curation"}


def reference_line(question_pair: Pair, profile: str, create_time: str = TIME) -> str:
    """The line of a pair by the definition in docs/row-format.md, in nothing but json and md5."""
    created = question_pair.created or create_time
    session: dict[str, Any] = {"会话": question_pair.session}
    if profile == "mnbvc-2025":
        digest = hashlib.sha256(encodable(question_pair.session).encode("utf-8")).hexdigest()
        session = {"会话": int(digest[:16], 16) >> 11, "原会话": question_pair.session}
    extras = {
        key: value for key, value in question_pair.extra.items() if value is not None and key not in OWN_KEYS
    }
    extension = {**session, "多轮序号": question_pair.turn, "解析模型": question_pair.corpus, **extras}
    details = [
        f'"from": {json.dumps(role, ensure_ascii=False)}' if role else ""
        for role in (question_pair[6], question_pair[7])
    ]
    metadata = {
        "问题明细": details[0],
        "回答明细": details[1],
        "扩展字段": json.dumps(extension, ensure_ascii=False),
    }
    row: dict[str, Any] = {"问": question_pair.question, "答": question_pair.answer, "来源": question_pair.source}
    hashed = {key: value for key, value in extension.items() if key not in LATER_KEYS}
    content = {**row, "元数据": {**metadata, "扩展字段": json.dumps(hashed, ensure_ascii=False)}}
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    row_id = hashlib.md5(encodable(canonical).encode("utf-8")).hexdigest()
    row = {"id": row_id, **row, "元数据": {"create_time": created, **metadata}}
    if profile == "mnbvc-2025":
        row["时间"] = created[:8]
    return encodable(json.dumps(row, ensure_ascii=False, separators=(",", ":"))) + "\n"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)
all_extras = st.dictionaries(any_text | st.sampled_from([*OWN_KEYS, *LATER_KEYS, "x"]), json_values, max_size=4)
all_pairs = pairs | st.builds(Pair._replace, pairs, extra=all_extras)


@given(st.lists(all_pairs, min_size=1, max_size=4), profiles)
def test_lines_are_as_they_are_defined(several: list[Pair], profile: Any) -> None:
    builder = RowBuilder(TIME, profile)
    # Twice, and each pair with the next one's time, so that what is kept from pair to pair is always checked.
    mixed = [
        question_pair._replace(extra=other.extra, created=other.created)
        for question_pair, other in itertools.pairwise(several)
    ]
    several = [*several, *several, *mixed]
    lines = dump_new_rows([builder.row(question_pair) for question_pair in several]).decode("utf-8")
    assert lines == "".join(reference_line(question_pair, profile) for question_pair in several)
    for question_pair in several:
        row = build_row(question_pair, TIME, profile)
        assert dump_row(row) + "\n" == reference_line(question_pair, profile)
        assert row_id(row) == row["id"]


@pytest.mark.parametrize("profile", ["mnbvc-2023", "mnbvc-2025"])
def test_every_character_is_escaped_as_json_does(profile: Any) -> None:
    for start in range(0, 0x110000, 0x8000):
        text = "".join(map(chr, range(start, start + 0x8000)))
        one = pair(question=text, answer=text, session=text, extra={"x": text, "y": {text: [text]}})
        assert dump_new_rows([RowBuilder(TIME, profile).row(one)]).decode("utf-8") == reference_line(one, profile)


def test_a_key_of_the_row_format_is_not_replaced_by_an_extra_one() -> None:
    extra = {"会话": "other", "多轮序号": 7, "解析模型": "other", "原会话": "other", "lang": "zh"}
    extension = read_extension(build_row(pair(extra=extra), TIME))
    assert extension == {"会话": "yOKd88p", "多轮序号": 1, "解析模型": "gpt4", "lang": "zh"}


def test_extras_that_are_no_json_are_rejected() -> None:
    deep: list[Any] = []
    for _ in range(200_000):
        deep = [deep]
    for extra in ({"x": object()}, {"x": deep}):
        with pytest.raises(RejectedError, match="an extra key"):
            RowBuilder(TIME).row(pair(extra=extra))


@given(pairs, profiles)
def test_time_and_annotation_leave_the_id_alone(question_pair: Pair, profile: Any) -> None:
    row = build_row(question_pair, TIME, profile)
    assert build_row(question_pair, "20260101 00:00:00", profile)["id"] == row["id"]
    annotated = with_extension(row, {**read_extension(row), "标注": {"status": "completed", "quality": 6}})
    assert row_id(annotated) == annotated["id"] == row["id"]


@pytest.mark.parametrize(
    "change", [{"question": "x"}, {"answer": ""}, {"session": "b"}, {"turn": 2}, {"extra": {"a": 1}}]
)
def test_other_content_has_another_id(change: dict[str, Any]) -> None:
    assert build_row(pair(**change), TIME)["id"] != build_row(pair(), TIME)["id"]


def test_a_time_of_the_corpus_goes_before_that_of_the_run() -> None:
    row = build_row(pair(created="20230101 00:00:00"), TIME, "mnbvc-2025")
    assert (row["元数据"]["create_time"], row["时间"]) == ("20230101 00:00:00", "20230101")


def test_without_an_answer_the_answer_and_its_detail_are_empty() -> None:
    row = build_row(pair(answer="", answer_role=""), TIME)
    assert (row["答"], row["元数据"]["回答明细"]) == ("", "")


def test_with_extension_leaves_the_row_it_is_given() -> None:
    row = build_row(pair(), TIME)
    before = dump_row(row)
    copy = with_extension(row, {"会话": "other"})
    assert dump_row(row) == before
    assert list(copy) == list(row)
    assert read_extension(copy) == {"会话": "other"}


def test_lone_surrogates_become_replacement_characters() -> None:
    assert encodable("a\ud800b😀ü") == "a\ufffdb😀ü"
    assert dump_extension({"k\udfff": "\udc80"}) == '{"k\ufffd": "\ufffd"}'


@given(any_text)
def test_encodable_text_can_be_encoded_and_is_left_alone_then(text: str) -> None:
    once = encodable(text)
    assert len(once) == len(text)
    assert encodable(once) == once
    assert once.encode("utf-8").decode("utf-8") == once


def test_session_numbers_are_stable_and_exact_in_every_json_reader() -> None:
    assert session_number("yOKd88p") == int(hashlib.sha256(b"yOKd88p").hexdigest()[:16], 16) >> 11
    assert all(0 <= session_number(str(number)) < 2**53 for number in range(1000))
    assert len({session_number(str(number)) for number in range(1000)}) == 1000


def broken(key: str, value: Any, inside: bool = False) -> dict[str, Any]:
    row: Any = json.loads(dump_row(build_row(pair(), TIME)))
    target = row["元数据"] if inside else row
    if value is ...:
        del target[key]
    else:
        target[key] = value
    return row


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "a row is a JSON object, found list"),
        ({}, '"id" is missing; `extract` writes it'),
        (broken("问", None), '"问" is NoneType, not text'),
        (broken("答", ...), '"答" is missing'),
        (broken("来源", 1), '"来源" is int, not text'),
        (broken("id", ""), '"id" is empty'),
        (broken("元数据", "text"), '"元数据" is missing or not an object'),
        (broken("create_time", ..., inside=True), '"create_time" is missing'),
        (broken("扩展字段", {"会话": 1}, inside=True), '"扩展字段" is dict, not text'),
        (broken("扩展字段", '{"解析模型": gpt4}', inside=True), '"扩展字段" is not valid JSON'),
        (broken("扩展字段", "[1]", inside=True), '"扩展字段" contains no JSON object'),
    ],
)
def test_what_is_no_row_is_rejected_with_the_first_wrong_key(value: Any, reason: str) -> None:
    with pytest.raises(RejectedError) as caught:
        check_row(value)
    assert str(caught.value).startswith(reason)


def test_a_row_with_more_keys_is_still_a_row() -> None:
    row: Row = build_row(pair(), TIME)
    assert check_row({**row, "more": 1}) == {**row, "more": 1}


def test_profiles_and_times_are_checked() -> None:
    assert check_profile("mnbvc-2025") == "mnbvc-2025"
    with pytest.raises(UnknownNameError, match='unknown profile "mnbvc-2024"; did you mean'):
        check_profile("mnbvc-2024")
    assert check_create_time(TIME) == TIME
    for wrong in ("2023-05-11", "20230511", "20231301 00:00:00", ""):
        with pytest.raises(UsageError, match="is not of the form"):
            check_create_time(wrong)


def documented_rows() -> list[Any]:
    text = (Path(__file__).parents[1] / "docs" / "row-format.md").read_text(encoding="utf-8")
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def test_the_documented_rows_are_rows_with_the_ids_that_the_rule_gives() -> None:
    plain, dated, annotated = documented_rows()
    kettle = Pair(
        "Put the kettle on?", "Gladly.", "kT4mW9x", 1, "vicuna", "ShareGPT", "human", "gpt", None, {"lang": "en"}
    )
    assert check_row(plain) == build_row(kettle, TIME)
    assert check_row(dated) == build_row(kettle, TIME, "mnbvc-2025")
    assert list(annotated) == ["标注"]
    assert row_id(with_extension(plain, {**read_extension(plain), **annotated})) == plain["id"]
