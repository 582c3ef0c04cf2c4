"""Rows -> drafts: fields, metadata, context."""

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from sharegpt_argilla.annotation import RecordDraft
from sharegpt_argilla.argilla_client.records_on_server import FoundRecord
from sharegpt_argilla.common.jsonl import RejectsFile, read_rows
from sharegpt_argilla.config import ProjectConfig, load_project
from sharegpt_argilla.descriptives.metrics import METRICS
from sharegpt_argilla.errors import ConfigError, RejectedError
from sharegpt_argilla.project.record_loader import LoadSummary, RecordLoader
from sharegpt_argilla.records import earlier_turns
from sharegpt_argilla.records.chat_pieces import MESSAGES_MAX, PIECE, whole_messages
from sharegpt_argilla.records.earlier_turns import EarlierTurns
from sharegpt_argilla.records.record_fields import build_fields
from sharegpt_argilla.records.record_metadata import plan_metadata
from sharegpt_argilla.rows import Pair, Row, build_row, dump_row, with_extension
from tests.embedded import PATIENCE
from tests.projects import some_rows, write_rows

CONFIG = load_project(Path(__file__).parents[2] / "dataset-config.yml").config


def row(
    question: str = "Why?", answer: str = "So.", session: str = "s", turn: int = 1, corpus: str = "vicuna"
) -> Row:
    pair = Pair(question, answer, session, turn, corpus, "ShareGPT", "human", "gpt" if answer else "")
    return build_row(pair, "20230511 15:56:03")


def no_context(_turns: int) -> list[dict[str, str]]:
    return []


def changed(**sections: object) -> ProjectConfig:
    return ProjectConfig.model_validate({**CONFIG.model_dump(), **sections})


def test_fields_of_a_row() -> None:
    assert build_fields(row(), CONFIG, no_context) == {"prompt": "Why?", "response": "So."}


def test_an_unanswered_row_has_no_response_field() -> None:
    assert build_fields(row(answer=""), CONFIG, no_context) == {"prompt": "Why?"}


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(RejectedError, match='field "prompt" would be empty'):
        build_fields(row(question=""), CONFIG, no_context)


def test_metadata_has_the_declared_types_and_stays_in_bounds() -> None:
    numbers = {
        "prompt": {
            "n_tokens": 9_999,
            "n_sentences": 1,
            "proportion_unique_tokens": 1,
            "flesch_reading_ease": -5e4,
        },
        "response": {},
    }
    plan = plan_metadata(CONFIG, METRICS)
    measured = plan.from_numbers(numbers)
    assert {name: value for name, value in measured.items() if value is not None} == {
        "prompt_n_tokens": 2000,
        "prompt_n_sentences": 1,
        "prompt_proportion_unique_tokens": 1.0,
        "prompt_flesch_reading_ease": -100.0,
    }
    assert isinstance(measured["prompt_proportion_unique_tokens"], float)
    assert isinstance(measured["prompt_n_tokens"], int)
    found = plan.from_row(row(), {"多轮序号": 3, "解析模型": "vicuna"})
    assert {name: value for name, value in found.items() if value is not None} == {"turn": 3, "corpus": "vicuna"}


def test_a_corpus_outside_the_options_is_refused_with_advice() -> None:
    plan = plan_metadata(CONFIG, METRICS)
    with pytest.raises(
        RejectedError, match=r'corpus is "other", which is not among its options \(ai_studio, alpaca, '
    ):
        plan.from_row(row(), {"解析模型": "other"})


def test_a_property_that_nothing_computes_is_refused_with_the_nearest() -> None:
    broken = changed(
        metadata=[{"name": "prompt_n_token", "title": "t", "type": "integer", "min": 0.0, "max": 1.0}]
    )
    with pytest.raises(ConfigError, match='did you mean "prompt_n_tokens"'):
        plan_metadata(broken, METRICS)


@pytest.fixture
def conversation(tmp_path: Path):
    """Write rows; give the earlier turns of one of them."""

    def write(rows: list[Row], of: Row, turns: int) -> list[dict[str, str]]:
        path = tmp_path / "rows.jsonl"
        path.write_text("not a row\n" + "".join(dump_row(item) + "\n" for item in rows), encoding="utf-8")
        earlier = EarlierTurns(path)
        try:
            return earlier.messages(of, turns)
        finally:
            earlier.close()

    return write


def test_earlier_turns_come_oldest_first_wherever_they_stand(conversation) -> None:
    rows = [row(f"q{turn} 问", f"a{turn}", "s", turn) for turn in (3, 1, 2)] + [row("x", "y", "other", 2)]
    assert conversation(rows, rows[0], 6) == [
        {"role": "user", "content": "q1 问"},
        {"role": "assistant", "content": "a1"},
        {"role": "user", "content": "q2 问"},
        {"role": "assistant", "content": "a2"},
    ]


def test_only_so_many_turns(conversation) -> None:
    rows = [row(f"q{turn}", f"a{turn}", "s", turn) for turn in range(1, 6)]
    assert [m["content"] for m in conversation(rows, rows[4], 2)] == ["q3", "a3", "q4", "a4"]


def test_a_gap_ends_the_context(conversation) -> None:
    rows = [row(f"q{turn}", f"a{turn}", "s", turn) for turn in (1, 3, 4)]
    assert [m["content"] for m in conversation(rows, rows[2], 6)] == ["q3", "a3"]


def test_an_unanswered_turn_gives_one_message(conversation) -> None:
    rows = [row("q1", "", "s", 1), row("q2", "a2", "s", 2)]
    assert conversation(rows, rows[1], 6) == [{"role": "user", "content": "q1"}]


def test_the_first_turn_has_no_context(conversation) -> None:
    assert conversation([row()], row(), 6) == []


def test_two_conversations_in_one_session_give_no_context(conversation) -> None:
    rows = [row(f"{who}{turn}", "a", "s", turn) for who in "pq" for turn in (1, 2)]
    for each in rows:
        assert conversation(rows, each, 6) == []


def test_rows_that_lose_their_context_are_counted(tmp_path: Path) -> None:
    rows = [row(f"{who}{turn}", "a", "s", turn) for who in "pq" for turn in (1, 2)]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    summary = LoadSummary()
    with closing(EarlierTurns(path)) as earlier, RejectsFile(tmp_path / "rejected.jsonl") as rejects:
        RecordLoader(None, CONFIG, [], earlier, rejects, summary, "rows.jsonl").load(list(read_rows(path)))
    assert (summary.loaded, summary.without_context) == (4, 2)


class Target:
    """Takes batches, and refuses one record."""

    def __init__(self, refused: str) -> None:
        self.refused = refused
        self.release = threading.Event()
        self.taken: list[str] = []

    def find(self, _ids: Sequence[str]) -> dict[str, FoundRecord]:
        return {}

    def upsert(self, drafts: Sequence[RecordDraft], on_refused: Callable[[RecordDraft, str], None]) -> int:
        assert self.release.wait(PATIENCE)
        for draft in drafts:
            if draft.id == self.refused:
                on_refused(draft, "no")
            else:
                self.taken.append(draft.id)
        return len(drafts)


def test_batches_are_made_ready_while_others_are_sent(tmp_path: Path) -> None:
    rows = [row(f"q{number}", "a", f"s{number}", 1) for number in range(6)]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    target = Target(rows[2]["id"])
    with (
        closing(EarlierTurns(path)) as earlier,
        RejectsFile(tmp_path / "rejected.jsonl") as rejects,
        ThreadPoolExecutor(2) as uploads,
    ):
        loader = RecordLoader(target, CONFIG, [], earlier, rejects, LoadSummary(), "rows.jsonl", uploads, 2)
        lines = list(read_rows(path))
        loader.load(lines[:2])
        loader.load(lines[2:4])
        assert loader.summary.loaded == 0
        target.release.set()
        loader.load(lines[4:])
        loader.finish()
        assert (loader.summary.loaded, rejects.count) == (5, 1)
    assert sorted(target.taken) == sorted(each["id"] for each in rows if each["id"] != target.refused)
    assert json.loads((tmp_path / "rejected.jsonl").read_text("utf-8"))["line"] == 3


def test_a_file_of_other_conversations_is_kept_apart_by_more_than_a_number(tmp_path: Path, monkeypatch) -> None:
    rows = [row("q1", "a", "s", 1), row("q2", "b", "other", 2)]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    monkeypatch.setattr(earlier_turns, "_number", lambda *texts: len(texts))
    with closing(EarlierTurns(path)) as earlier:
        assert earlier.messages(rows[1], 6) == []


def test_turns_that_no_index_takes_are_no_turns(conversation) -> None:
    rows = [row("q1", "a", "s", 10**30 - 1), row("q2", "b", "s", 10**30)]
    assert conversation(rows, rows[1], 6) == []
    rows = [row("q1", "a", "s", -5), row("q2", "b", "s", -4)]
    assert [m["content"] for m in conversation(rows, rows[1], 6)] == ["q1", "a"]


def test_several_answers_to_one_question_are_one_conversation(conversation) -> None:
    rows = [row("q1", "a", "s", 1), row("q1", "b", "s", 1), row("q2", "c", "s", 2)]
    assert [m["content"] for m in conversation(rows, rows[2], 6)] == ["q1", "a"]


def test_conversations_of_two_corpora_do_not_mix(conversation) -> None:
    rows = [row("zh", "a", "s", 1, corpus="common_zh"), row("q2", "a2", "s", 2, corpus="common_en")]
    assert conversation(rows, rows[1], 6) == []


@pytest.mark.parametrize("length", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 100_000])
def test_no_character_of_a_long_message_is_lost(conversation, length: int) -> None:
    question, answer = ("q\U0001f600" * length)[:length], ("a\n" * length)[: length - 1]
    rows = [row(question, answer, "s", 1), row("q2", "a2", "s", 2)]
    messages = conversation(rows, rows[1], 6)
    assert max(len(message["content"]) for message in messages) <= PIECE
    whole = whole_messages(messages)
    assert [message["content"] for message in whole] == [question, answer]
    assert [message["role"] for message in whole] == ["user", "assistant"]


def test_messages_of_one_role_that_are_no_pieces_stay_apart(conversation) -> None:
    rows = [row("q1", "", "s", 1), row("q2", "a2", "s", 2), row("q3", "a3", "s", 3)]
    messages = conversation(rows, rows[2], 6)
    assert whole_messages(messages) == messages
    assert [message["content"] for message in messages] == ["q1", "q2", "a2"]


def test_as_many_turns_as_argilla_has_messages_for(conversation) -> None:
    long = "q" * PIECE * (MESSAGES_MAX - 4)
    rows = [row("q1", "a1", "s", 1), row(long, "a2", "s", 2), row("q3", "", "s", 3), row("q4", "a4", "s", 4)]
    messages = conversation(rows, rows[3], 6)
    assert (len(messages), messages[0]["content"]) == (MESSAGES_MAX, "q1")
    rows[2] = row("q3", "a3", "s", 3)
    messages = conversation(rows, rows[3], 6)
    assert (len(messages), messages[-1]["content"]) == (MESSAGES_MAX - 1, "a3")


def test_the_limits_are_those_of_the_server() -> None:
    from argilla_server.api.schemas.v1.chat import MAX_MESSAGE_LENGTH
    from argilla_server.api.schemas.v1.records import CHAT_FIELDS_MAX_MESSAGES

    assert (PIECE, MESSAGES_MAX) == (MAX_MESSAGE_LENGTH, CHAT_FIELDS_MAX_MESSAGES)


def custom(**fields: str) -> ProjectConfig:
    own = {"name": "own", "title": "Own", "type": "custom", "template": "own.html", "content": fields}
    return changed(fields=[*CONFIG.model_dump()["fields"], own])


def test_a_custom_field_holds_texts_of_the_row_and_its_extension() -> None:
    config = custom(a="response", b="extension.other")
    one = with_extension(row(), {"other": "Or so."})
    assert build_fields(one, config, no_context)["own"] == {"a": "So.", "b": "Or so."}
    assert build_fields(row(), config, no_context)["own"] == {"a": "So.", "b": ""}
    assert "own" not in build_fields(row(answer=""), config, no_context)
    with pytest.raises(RejectedError, match=r"extension\.other is int, not text"):
        build_fields(with_extension(row(), {"other": 3}), config, no_context)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a </script> b", "a <\u2060/script> b"),
        ("<SCRIPT>", "<\u2060SCRIPT>"),
        ("<!-- <b>", "<\u2060!-- <b>"),
        ("$' and $& cost $5", "$\u2060' and $\u2060& cost $\u20605"),
        ("#TEMPLATE#", "#\u2060TEMPLATE#"),
        ("a < b, $ and #1", "a < b, $ and #1"),
    ],
)
def test_next_to_a_custom_field_no_text_breaks_out_of_the_page(text: str, shown: str) -> None:
    def context(_turns: int) -> list[dict[str, str]]:
        return [{"role": "user", "content": text}]

    fields = build_fields(row(text, text), custom(a="prompt"), context)
    assert fields == {
        "prompt": shown,
        "response": shown,
        "context": [{"role": "user", "content": shown}],
        "own": {"a": shown},
    }
    assert build_fields(row(text), CONFIG, no_context)["prompt"] == text


def test_an_id_that_occurs_again_is_known_before(tmp_path: Path) -> None:
    rows = some_rows(4)
    path = write_rows(tmp_path / "rows.jsonl", [rows[0], rows[1], rows[0], rows[2], rows[0]])
    with closing(EarlierTurns(path)) as earlier:
        assert [earlier.may_repeat(row) for row in rows] == [True, False, False, False]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_where_rows_are_read(end: str, tmp_path: Path) -> None:
    rows = [row("q1", "a", "s", 1), row("q2", "b", "s", 2)]
    path = tmp_path / "rows.jsonl"
    path.write_bytes("".join(dump_row(each) + end for each in [*rows, rows[0]]).encode())
    with closing(EarlierTurns(path)) as earlier:
        assert [earlier.may_repeat(each) for each in rows] == [True, False]
        assert [message["content"] for message in earlier.messages(rows[1], 6)] == ["q1", "a"]
