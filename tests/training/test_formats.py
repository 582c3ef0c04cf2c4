"""What each format makes of rows: exact keys, what it takes and what it counts as left out."""

import json
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from sharegpt_argilla.cli.training import describe, warnings
from sharegpt_argilla.errors import InputError, UnknownNameError, UsageError
from sharegpt_argilla.training.base import Flat
from sharegpt_argilla.training.table import FORMATS
from sharegpt_argilla.workflows.training import Selection
from tests.training.rows import CONFIG, GOOD, annotated, made, row, run, sample, sample_of

KEYS = {
    "alpaca": [{"instruction", "input", "output", "system", "history"}],
    "prompt_completion": [{"prompt", "completion"}],
    "prompt_completion_messages": [{"prompt", "completion"}],
    "sharegpt": [{"id", "conversations"}],
    "messages": [{"messages"}],
    "xturing": [{"instruction", "text", "target"}],
    "kochatgpt_sft": [{"prompt", "completion"}],
    "kochatgpt_rm": [{"prompt", "completion_0", "completion_1", "completion_2", "ranking"}],
    "kochatgpt_ppo": [{"prompt"}],
    "grpo": [{"prompt", "ground_truth", "id"}],
    "dpo": [{"prompt", "chosen", "rejected"}],
    "dpo_messages": [{"prompt", "chosen", "rejected"}],
    "dpo_openai": [{"input", "preferred_output", "non_preferred_output"}],
    "dpo_swift": [{"messages", "rejected_response"}],
    "dpo_llamafactory": [{"conversations", "chosen", "rejected", "system"}],
    "dpo_axolotl": [{"system", "instruction", "chosen_response", "rejected_response"}],
    "kto": [{"prompt", "completion", "label"}],
    "kto_messages": [{"prompt", "completion", "label"}],
    "kto_swift": [{"messages", "label"}],
    "stepwise": [{"prompt", "completions", "labels"}],
    "reward": [{"chosen", "rejected"}],
    "demonstrations": [{"prompt", "demonstration"}],
    "classification": [{"question", "text", "labels", "confidence", "soft_labels"}],
}


@pytest.mark.parametrize("layout", KEYS)
def test_the_keys_are_exact(layout: str, tmp_path: Path) -> None:
    found = made(tmp_path, sample_of(layout), layout)
    assert found
    assert [set(training_row) for training_row in found] == KEYS[layout] * len(found)


def test_every_format_is_tested() -> None:
    assert {*KEYS, "verl", "datasets", "parquet", "csv"} == set(FORMATS)


def test_alpaca_gives_the_turns_before(tmp_path: Path) -> None:
    first, second, *_ = made(tmp_path, sample(), "alpaca")
    assert first == {
        "instruction": "Name a colour.",
        "input": "",
        "output": "Red.",
        "system": "Be brief.",
        "history": [],
    }
    assert second["history"] == [["Name a colour.", "Red."]]


@pytest.mark.parametrize("layout", ["alpaca", "dpo_llamafactory"])
def test_columns_are_there_in_every_row(layout: str, tmp_path: Path) -> None:
    bare = [row("Hello?", "Hi.", {**GOOD, "quality": 6}), row("Hello?", "Go.", {**GOOD, "quality": 2})]
    for training_row in made(tmp_path, bare, layout):
        assert training_row["system"] == ""
        assert training_row.get("history", []) == []
        assert set(training_row) == KEYS[layout][0]


def test_history_ends_at_a_gap(tmp_path: Path) -> None:
    rows = [row(f"q{n}", f"a{n}", GOOD, turn=n) for n in (1, 3, 4)]
    assert [found.get("history") for found in made(tmp_path, rows, "alpaca")] == [[], [], [["q3", "a3"]]]


@pytest.mark.parametrize("name", ["out.json", "out"])
def test_an_array_where_the_name_or_the_format_says_so(name: str, tmp_path: Path) -> None:
    run(tmp_path, sample(), "kochatgpt_sft", name)
    assert len(json.loads((tmp_path / name).read_text(encoding="utf-8"))) == 6


@pytest.mark.parametrize("layout", FORMATS)
def test_nothing_is_written_where_no_row_is_left(layout: str, tmp_path: Path) -> None:
    summary = run(tmp_path, [row("q")], layout, "out")
    assert (sum(summary.written.values()), summary.outputs) == (0, [])
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("out")]


def test_a_split_without_a_row_is_an_empty_array(tmp_path: Path) -> None:
    summary = run(tmp_path, [row("q", "a", GOOD)], "kochatgpt_ppo", "out.json", split="train=0.5,test=0.5")
    assert sorted(len(json.loads(Path(path).read_text())) for path in summary.outputs) == [0, 1]


def test_rows_without_an_answer_are_counted(tmp_path: Path) -> None:
    rows = [row("q1", "", GOOD), row("q2", "a", GOOD, turn=2)]
    assert run(tmp_path, rows, "prompt_completion").left_out == {"without an answer": 1}
    assert run(tmp_path, rows, "kochatgpt_ppo").written == {"": 2}


class TestConversations:
    def test_turns_come_in_order_from_anywhere_in_the_file(self, tmp_path: Path) -> None:
        rows = [row(f"q{n}", f"a{n}", GOOD if n == 2 else None, turn=n) for n in (3, 1, 2)]
        rows.insert(1, row("other", "x", GOOD, session="t"))
        first, second = made(tmp_path, rows, "sharegpt")
        assert [turn["value"] for turn in first["conversations"]] == ["q1", "a1", "q2", "a2", "q3", "a3"]
        assert (first["id"], second["id"]) == ("s", "t")

    def test_a_conversation_nobody_annotated_is_left_out(self, tmp_path: Path) -> None:
        rows = [row("q1", "a1"), row("q", "a", GOOD, session="t")]
        assert [found["id"] for found in made(tmp_path, rows, "sharegpt")] == ["t"]

    def test_a_turn_that_is_left_out_takes_the_others_with_it(self, tmp_path: Path) -> None:
        rows = [row("q1", "a1", GOOD), row("q2", "a2", {**GOOD, "quality": 2}, turn=2)]
        summary = run(tmp_path, rows, "messages", selection=Selection(min_quality=5))
        assert summary.written == {"": 0}
        assert summary.left_out["in a conversation with a row that is left out"] == 1

    def test_it_ends_at_a_gap_and_leaves_out_silence(self, tmp_path: Path) -> None:
        rows = [row(f"q{n}", "" if n == 2 else f"a{n}", GOOD, turn=n) for n in (1, 2, 3, 5)]
        (found,) = made(tmp_path, rows, "messages")
        assert [message["content"] for message in found["messages"]] == ["q1", "a1", "q3", "a3"]
        summary = run(tmp_path, rows, "messages")
        assert summary.left_out["turns after a gap in the conversation"] == 1
        assert summary.left_out["turns without an answer"] == 1

    def test_of_several_answers_the_best_is_told(self, tmp_path: Path) -> None:
        (first, second) = made(tmp_path, sample()[:5], "messages")
        assert first["messages"][0] == {"role": "system", "content": "Be brief."}
        assert second["messages"][-1] == {"role": "assistant", "content": "4"}

    def test_two_conversations_in_one_session_are_left_out_and_named(self, tmp_path: Path) -> None:
        rows = [row(f"{who}{n}", "yes", GOOD, turn=n) for who in ("p", "q") for n in (1, 2)]
        rows += [row("alone", "yes", GOOD, session="t")]
        summary = run(tmp_path, rows, "messages")
        assert summary.written == {"": 1}
        assert summary.left_out["in a session of several conversations"] == 4
        assert summary.mixed == {"s": 2}
        assert "2 rows with the session and turn of another (session s)" in describe(summary)

    def test_three_sessions_are_named_and_the_others_counted(self, tmp_path: Path) -> None:
        rows = [row(prompt, "yes", GOOD, session=f"s{n}") for prompt in ("p", "q") for n in range(5)]
        told = describe(run(tmp_path, rows, "sharegpt"))
        assert "5 rows with the session and turn of another (session s0, s1, s2 and 2 more)" in told

    def test_a_row_of_such_a_session_has_no_history(self, tmp_path: Path) -> None:
        rows = [row(f"{who}{n}", "yes", GOOD, turn=n) for who in ("p", "q") for n in (1, 2)]
        found = made(tmp_path, rows, "alpaca")
        assert [(each["instruction"], each.get("history")) for each in found] == [
            ("p1", []), ("p2", []), ("q1", []), ("q2", []),
        ]  # fmt: skip

    def test_answers_to_one_question_are_compared_only_after_the_same_turns(self, tmp_path: Path) -> None:
        rows = [row(who, "yes", GOOD) for who in ("p", "q")]
        rows += [row("Why?", f"a{n}", {**GOOD, "quality": n}, turn=2) for n in (2, 7)]
        assert run(tmp_path, rows, "dpo").written == {"": 0}
        assert run(tmp_path, rows[1:], "dpo").written == {"": 1}

    def test_the_other_answers_are_counted(self, tmp_path: Path) -> None:
        summary = run(tmp_path, sample()[:5], "messages")
        assert summary.left_out["other answers to a turn of a conversation"] == 2
        assert not summary.mixed

    def test_roles_alternate(self, tmp_path: Path) -> None:
        for found in made(tmp_path, sample(), "messages"):
            roles = [message["role"] for message in found["messages"] if message["role"] != "system"]
            assert roles == ["user", "assistant"] * (len(roles) // 2)


class TestPreference:
    def test_every_pair_in_the_order_of_the_ranks(self, tmp_path: Path) -> None:
        found = made(tmp_path, sample(), "dpo")
        pairs = [(pair["chosen"], pair["rejected"]) for pair in found]
        assert pairs == [("4", "Four, I think."), ("4", "5"), ("Four, I think.", "5")]

    def test_the_rating_decides_where_the_corpus_has_no_ranks(self, tmp_path: Path) -> None:
        rows = [row("q", f"a{n}", {**GOOD, "quality": n}) for n in (2, 7)]
        assert made(tmp_path, rows, "dpo") == [{"prompt": "q", "chosen": "a7", "rejected": "a2"}]

    def test_another_rating_may_decide(self, tmp_path: Path) -> None:
        rows = [row("q", f"a{n}", {"helpfulness": n, "quality": 9 - n}) for n in (2, 7)]
        found = made(tmp_path, rows, "dpo", selection=Selection(rank_by="helpfulness"))
        assert found[0]["chosen"] == "a7"
        with pytest.raises(UnknownNameError, match="helpfulness"):
            run(tmp_path, rows, "dpo", selection=Selection(rank_by="helpfulnes"))

    @pytest.mark.parametrize(
        ("answers", "reason"),
        [
            ([("a", 5)], "without a second answer to compare with"),
            ([("a", 5), ("a", 6)], "without a second answer to compare with"),
            ([("a", 5), ("b", 5)], "with answers ranked the same"),
            ([("a", 5), ("b", None)], "with answers that nobody ranked"),
        ],
    )
    def test_rows_without_a_pair_are_counted_and_not_invented(self, answers, reason, tmp_path: Path) -> None:
        values = [(answer, {"intent": ["code"]} | ({"quality": n} if n else {})) for answer, n in answers]
        rows = [row("q", answer, value) for answer, value in values]
        rows = [{**one, "id": f"id-{number}"} for number, one in enumerate(rows)]
        summary = run(tmp_path, rows, "dpo")
        assert (summary.written, summary.left_out) == ({"": 0}, {reason: 1})

    @pytest.mark.parametrize("other", [{"session": "t"}, {"turn": 2}, {"prompt": "q?"}])
    def test_another_question_is_no_comparison(self, other, tmp_path: Path) -> None:
        rows = [
            row("q", "a", GOOD),
            row(**{"prompt": "q", "answer": "b", "values": {**GOOD, "quality": 1}} | other),
        ]
        assert run(tmp_path, rows, "dpo").written == {"": 0}

    def test_kochatgpt_lists_the_completions_from_best_to_worst(self, tmp_path: Path) -> None:
        (found,) = made(tmp_path, sample(), "kochatgpt_rm")
        assert [found[f"completion_{n}"] for n in range(3)] == ["5", "4", "Four, I think."]
        assert found["ranking"] == [1, 2, 0]

    def test_kochatgpt_needs_three_answers(self, tmp_path: Path) -> None:
        summary = run(tmp_path, sample()[2:4], "kochatgpt_rm")
        assert summary.left_out == {"with fewer than 3 answers to rank": 1}

    def test_the_turns_before_stand_in_the_formats_of_conversations(self, tmp_path: Path) -> None:
        rows = [row("hello", "hi"), *(row("q", f"a{n}", {**GOOD, "quality": n}, turn=2) for n in (2, 7))]
        (written,) = made(tmp_path, rows, "dpo_llamafactory")
        assert [turn["value"] for turn in written["conversations"]] == ["hello", "hi", "q"]
        assert written["chosen"] == {"from": "gpt", "value": "a7"}
        (written,) = made(tmp_path, rows, "reward")
        assert [turn["content"] for turn in written["rejected"]] == ["hello", "hi", "q", "a2"]


class TestAnswers:
    def test_kto_labels_what_is_above_the_middle(self, tmp_path: Path) -> None:
        rows = [row(f"q{n}", "a", {**GOOD, "quality": n}, turn=n) for n in range(1, 8)]
        assert [found["label"] for found in made(tmp_path, rows, "kto")] == [False] * 3 + [True] * 3
        assert run(tmp_path, rows, "kto").left_out == {"rated neither good nor bad": 1}
        labels = [found["label"] for found in made(tmp_path, rows, "kto", selection=Selection(good=6))]
        assert labels == [False] * 5 + [True] * 2

    def test_demonstrations_are_each_text_once(self, tmp_path: Path) -> None:
        rows = [row("q", "a", {"demonstration": "One two."}, people=["ana", "ben"]), row("r", "a", GOOD, turn=2)]
        assert made(tmp_path, rows, "demonstrations") == [{"prompt": "q", "demonstration": "One two."}]
        assert run(tmp_path, rows, "demonstrations").left_out == {"without a demonstration": 1}

    def test_demonstrations_need_a_text_question(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no text question"):
            run(tmp_path, [row("q", "a", GOOD)], "demonstrations")

    def test_classification_is_a_row_for_each_question_in_the_order_of_the_project(self, tmp_path: Path) -> None:
        rows = [row("q", "a", {"toxicity": "none", "intent": ["code", "rewrite"], "quality": 6})]
        unknown = {"confidence": None, "soft_labels": None}
        assert made(tmp_path, rows, "classification") == [
            {"question": "quality", "text": "q", "labels": ["6"]} | unknown,
            {"question": "intent", "text": "q", "labels": ["rewrite", "code"]} | unknown,
            {"question": "toxicity", "text": "q", "labels": ["none"]} | unknown,
        ]

    def test_classification_says_how_probable_labels_are_where_the_row_does(self, tmp_path: Path) -> None:
        values: dict[str, Any] = {"intent": ["code", "open_qa"], "quality": 6, "toxicity": "none"}
        told = {"intent": {"code": 0.81, "open_qa": 0.93}, "quality": 0.7}
        quality, intent, toxicity = made(
            tmp_path, [annotated(row("q", "a"), [("ana", values)], **values, confidence=told)], "classification"
        )
        assert (quality["confidence"], intent["confidence"], toxicity["confidence"]) == (0.7, 0.81, None)
        assert quality["soft_labels"] == [{"label": "6", "probability": 0.7}]
        assert intent["soft_labels"] == [
            {"label": "open_qa", "probability": 0.93},
            {"label": "code", "probability": 0.81},
        ]
        assert toxicity["soft_labels"] is None


def test_an_unknown_format_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match='unknown training format "alpacca"; did you mean "alpaca"'):
        run(tmp_path, [], "alpacca")


def test_a_failure_leaves_the_last_file_alone(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("the last one\n")
    with pytest.raises(UsageError):
        run(tmp_path, [row("q", "a", GOOD)], "demonstrations")
    assert (tmp_path / "out.jsonl").read_text() == "the last one\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["annotated.jsonl", "out.jsonl"]


@pytest.mark.parametrize("layout", FORMATS)
def test_a_folder_that_is_not_there_is_one_line(layout: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        run(tmp_path, sample_of(layout), layout, "nowhere/out")


@pytest.mark.parametrize("layout", FORMATS)
def test_a_dry_run_counts_and_writes_nothing(layout: str, tmp_path: Path) -> None:
    summary = run(tmp_path, sample_of(layout), layout, "out", dry_run=True)
    assert summary.written[""] > 0
    assert summary.sample
    assert [path.name for path in tmp_path.iterdir()] == ["annotated.jsonl"]
    assert run(tmp_path, sample_of(layout), layout, "out").written == summary.written


CONVERSATION = [
    row("Name a colour.", "Red.", GOOD, system="Be brief."),
    row("Another?", "Blue.", {**GOOD, "quality": 7}, turn=2, system="Be brief."),
    row("Another?", "Dog.", {**GOOD, "quality": 1}, turn=2, system="Be brief."),
]
UP_TO_THE_QUESTION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Name a colour."},
    {"role": "assistant", "content": "Red."},
    {"role": "user", "content": "Another?"},
]
BETTER, WORSE = ({"role": "assistant", "content": answer} for answer in ("Blue.", "Dog."))


class TestWithTheConversation:
    """The formats that write messages contain everything up to the question."""

    def test_trl(self, tmp_path: Path) -> None:
        assert made(tmp_path, CONVERSATION, "dpo_messages") == [
            {"prompt": UP_TO_THE_QUESTION, "chosen": [BETTER], "rejected": [WORSE]}
        ]
        _, second, third = made(tmp_path, CONVERSATION, "kto_messages")
        assert second == {"prompt": UP_TO_THE_QUESTION, "completion": [BETTER], "label": True}
        assert third == {"prompt": UP_TO_THE_QUESTION, "completion": [WORSE], "label": False}
        assert made(tmp_path, CONVERSATION, "prompt_completion_messages")[1] == {
            "prompt": UP_TO_THE_QUESTION,
            "completion": [BETTER],
        }

    def test_openai(self, tmp_path: Path) -> None:
        assert made(tmp_path, CONVERSATION, "dpo_openai") == [
            {
                "input": {"messages": UP_TO_THE_QUESTION},
                "preferred_output": [BETTER],
                "non_preferred_output": [WORSE],
            }
        ]

    def test_swift(self, tmp_path: Path) -> None:
        assert made(tmp_path, CONVERSATION, "dpo_swift") == [
            {"messages": [*UP_TO_THE_QUESTION, BETTER], "rejected_response": "Dog."}
        ]
        assert made(tmp_path, CONVERSATION, "kto_swift")[2] == {
            "messages": [*UP_TO_THE_QUESTION, WORSE],
            "label": False,
        }

    def test_kto_messages_leaves_out_what_kto_does(self, tmp_path: Path) -> None:
        rows = [row(f"q{n}", "a", {**GOOD, "quality": n}, turn=n) for n in range(1, 8)]
        labels = {
            layout: [found["label"] for found in made(tmp_path, rows, layout)]
            for layout in ("kto", "kto_messages", "kto_swift")
        }
        assert len(set(map(tuple, labels.values()))) == 1


class TestReinforcement:
    def test_the_truth_is_the_demonstration_else_the_answer(self, tmp_path: Path) -> None:
        rows = [
            row("q", "a", GOOD),
            row("r", "a", {"demonstration": "A day."}, session="t"),
            row("s", "", GOOD, session="u"),
        ]
        summary = run(tmp_path, rows, "grpo")
        assert summary.left_out == {"without a demonstration or an answer": 1}
        written = made(tmp_path, rows, "grpo")
        assert [(each["prompt"][-1]["content"], each["ground_truth"]) for each in written] == [
            ("q", "a"),
            ("r", "A day."),
        ]
        assert written[0]["id"] == rows[0]["id"]

    def test_verl(self, tmp_path: Path) -> None:
        run(tmp_path, CONVERSATION, "verl", "out.parquet")
        _, second, _ = parquet.read_table(tmp_path / "out.parquet").to_pylist()
        assert second == {
            "data_source": "ShareGPT",
            "prompt": UP_TO_THE_QUESTION,
            "ability": "open_qa,code",
            "reward_model": {"style": "rule", "ground_truth": "Blue."},
            "extra_info": {"id": CONVERSATION[1]["id"], "session": "s", "turn": 2},
        }


class TestSteps:
    def test_a_step_is_wrong_where_a_mark_touches_it(self, tmp_path: Path) -> None:
        assert made(tmp_path, sample_of("stepwise"), "stepwise") == [
            {
                "prompt": "What is 3 * 4 + 1?",
                "completions": ["3 * 4 = 12", "12 + 1 = 14"],
                "labels": [True, False],
            }
        ]

    @pytest.mark.parametrize(
        ("span", "labels"),
        [
            ({"label": "wrong", "start": 0, "end": 5}, [False, True, True]),
            ({"label": "wrong", "start": 5, "end": 7}, [True, True, True]),
            ({"label": "wrong", "start": 3, "end": 8}, [False, False, True]),
            ({"label": "Correct", "start": 0, "end": 18}, [True, True, True]),
        ],
    )
    def test_paragraphs_are_steps_and_marks_of_what_is_right_count_for_nothing(
        self, span: dict[str, Any], labels: list[bool], tmp_path: Path
    ) -> None:
        (found,) = made(tmp_path, [row("q", "One.\n\n\nTwo\nb.\n\nThree.", {"mistakes": [span]})], "stepwise")
        assert found["completions"] == ["One.", "Two\nb.", "Three."]
        assert found["labels"] == labels

    def test_rows_without_steps_are_counted(self, tmp_path: Path) -> None:
        rows = [row("q", "One line.", {"mistakes": []}), row("r", "a\nb", {"quality": 5}, session="t")]
        assert run(tmp_path, rows, "stepwise").left_out == {
            "with an answer of one step": 1,
            "whose steps nobody judged": 1,
        }

    def test_they_need_a_span_question_about_the_answer(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no span question about the field response"):
            run(tmp_path, sample(), "stepwise", config=CONFIG)


class TestWhatIsLost:
    def test_a_flat_format_says_what_it_drops_and_what_writes_it(self, tmp_path: Path) -> None:
        summary = run(tmp_path, CONVERSATION, "kto")
        assert summary.dropped == {"earlier turns": 2, "system text": 3}
        assert warnings(summary, "kto") == [
            "warning: 2 of 3 training rows lack the earlier turns of their conversation; "
            "--format kto_messages writes it",
            "warning: 3 of 3 training rows lack the system text of their conversation; "
            "--format kto_messages writes it",
        ]

    def test_axolotl_has_the_system_text(self, tmp_path: Path) -> None:
        assert +run(tmp_path, CONVERSATION, "dpo_axolotl").dropped == {"earlier turns": 1}

    @pytest.mark.parametrize("layout", FORMATS)
    def test_the_format_that_is_named_drops_nothing(self, layout: str, tmp_path: Path) -> None:
        flat: Flat | None = getattr(FORMATS[layout], "flat", None)
        if flat is not None:
            assert getattr(FORMATS[flat.instead], "flat", None) is None
        elif layout != "stepwise":
            assert not +run(tmp_path, CONVERSATION, layout, "out").dropped

    @pytest.mark.parametrize("layout", ["messages", "sharegpt", "alpaca", "dpo_messages"])
    def test_a_beginning_that_is_missing_is_told(self, layout: str, tmp_path: Path) -> None:
        rows = [row("go on", f"a{n}", {**GOOD, "quality": n}, turn=3, session="m") for n in (2, 7)]
        summary = run(tmp_path, [*rows, *CONVERSATION], layout)
        assert summary.headless == 1
        assert warnings(summary, layout) == [
            "warning: 1 conversation without the first turn in the input, going out from the middle"
        ]


@pytest.mark.parametrize("layout", ["messages", "sharegpt"])
@pytest.mark.parametrize("split", [None, "train=0.5,test=0.5"])
def test_a_conversation_without_an_answer_is_counted(layout: str, split: str | None, tmp_path: Path) -> None:
    rows = [row("q", "a", GOOD), row("r", "", GOOD, session="t")]
    summary = run(tmp_path, rows, layout, split=split)
    assert sum(summary.written.values()) == 1
    assert summary.left_out["without an answer"] == 1
