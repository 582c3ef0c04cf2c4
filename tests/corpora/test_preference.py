"""Several answers to one question: each is a row, with its rank; what came before is there once."""

import json
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.corpora.detection import detect
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from sharegpt_argilla.rows import Pair
from tests.corpora.reading import pair_up, pairs_of

preference = CORPORA["preference"]
HH = "\n\nHuman: May I freeze bread?\n\nAssistant: Yes, sliced.\n\nHuman: How long?\n\nAssistant: "


def short(pairs: list[Pair]) -> list[tuple[str, str, int, int | None]]:
    return [(pair.question, pair.answer, pair.turn, pair.extra.get("rank")) for pair in pairs]


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "q", "chosen": "a", "rejected": "b"},
        {"prompt": [user("q")], "chosen": [assistant("a")], "rejected": [assistant("b")]},
        {"prompt": "q", "chosen": [user("q"), assistant("a")], "rejected": [user("q"), assistant("b")]},
        {"chosen": [user("q"), assistant("a")], "rejected": [user("q"), assistant("b")]},
        {"chosen": "\n\nHuman: q\n\nAssistant: a", "rejected": "\n\nHuman: q\n\nAssistant: b"},
        {"prompt": "\n\nHuman: q\n\nAssistant:", "chosen": "a", "rejected": "b"},
        {"instruction": "q", "input": "", "chosen": "a", "rejected": "b"},
        {"instruction": "q", "input": "", "output": ["a", "b"]},
        {"system": "", "instruction": "q", "chosen_response": "a", "rejected_response": "b"},
        {"question": "q", "chosen": "a", "rejected": ["b"]},
        {
            "conversations": [{"from": "human", "value": "q"}],
            "chosen": {"from": "gpt", "value": "a"},
            "rejected": {"from": "gpt", "value": "b"},
        },
        {"messages": [user("q")], "chosen": assistant("a"), "rejected": assistant("b")},
        {"prompt": "q", "response_0": "a", "response_1": "b", "better_response_id": 0},
        {"instruction": "q", "output_1": "a", "output_2": "b", "preference": 1},
        {"prompt": "q", "answers": [{"answer": "a", "rank": 1.0}, {"answer": "b", "rank": 3.0}]},
        {"instruction": "q", "completions": [{"response": "a", "score": 8}, {"response": "b", "score": 2.5}]},
        {"chosen_messages": [user("q"), assistant("a")], "rejected_messages": [user("q"), assistant("b")]},
        {"messages": [user("q"), assistant("a")], "rejected_messages": [user("q"), assistant("b")]},
        {"messages": [user("q"), assistant("a")], "rejected_response": "b"},
        {"messages": [user("q"), assistant("a")], "rejected_response": ["b"]},
        {"query": "q", "response": "a", "rejected_response": "b"},
        {"history": "q", "human_ref_A": "a", "human_ref_B": "b", "labels": 1},
        {"context": [user("q")], "response1": "a", "response2": "b", "overall_preference": -2},
    ],
)
def test_the_better_answer_has_rank_0_in_every_layout(record: dict[str, Any]) -> None:
    assert detect([record]) == "preference"
    pairs = pairs_of("preference", record)
    assert [(pair.question, pair.answer, pair.extra["rank"]) for pair in pairs] == [("q", "a", 0), ("q", "b", 1)]
    assert len({pair.session for pair in pairs}) == 1
    assert "system" not in pairs[0].extra


def test_answers_without_a_verdict_have_no_rank() -> None:
    record = {"id": 7, "prompt": "q", "responses": ["a", "b", "c"], "lang": "en"}
    pairs = pairs_of("preference", record)
    assert short(pairs) == [("q", "a", 1, None), ("q", "b", 1, None), ("q", "c", 1, None)]
    assert [pair.session for pair in pairs] == ["7"] * 3
    assert pairs[0].extra["lang"] == "en"


def test_what_answers_share_is_there_once() -> None:
    pairs = pairs_of("preference", {"chosen": HH + "Three months.", "rejected": HH + "For ever."})
    assert short(pairs) == [
        ("May I freeze bread?", "Yes, sliced.", 1, None),
        ("How long?", "Three months.", 2, 0),
        ("How long?", "For ever.", 2, 1),
    ]
    assert len({pair.session for pair in pairs}) == 1


def test_conversations_that_part_earlier_are_two_sessions() -> None:
    other = "\n\nHuman: May I freeze bread?\n\nAssistant: No.\n\nHuman: Why?\n\nAssistant: Ice."
    pairs = pairs_of("preference", {"id": "x", "chosen": HH + "Three months.", "rejected": other})
    assert [pair.turn for pair in pairs] == [1, 2, 1, 2]
    assert [pair.session == "x" for pair in pairs] == [True, True, False, False]
    assert pairs[2].session.startswith("x/")


def test_a_system_text_is_that_of_each_answer() -> None:
    system = {"role": "system", "content": "Rhyme."}
    messages = [system, user("q")]
    pairs = pairs_of(
        "preference", {"chosen": [*messages, assistant("a")], "rejected": [*messages, assistant("b")]}
    )
    assert [pair.extra["system"] for pair in pairs] == ["Rhyme.", "Rhyme."]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"chosen": "a", "rejected": "b"}, "there is no question"),
        ({"prompt": "q", "chosen": 1, "rejected": "b"}, '"chosen": message 1: it is a number, not an object'),
        ({"prompt": "q", "answers": [{"x": 1}, "b"]}, '"answers" 1 is an object without a text'),
        ({"prompt": "q"}, "there is no answer"),
    ],
)
def test_what_cannot_be_compared_is_rejected(record: dict[str, Any], reason: str) -> None:
    with pytest.raises(RejectedError, match="^" + reason.replace("(", r"\(")):
        preference.read(record)


def test_tools_in_the_messages_are_counted_once(tmp_path: Path) -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{}]}
    record = {"prompt": [user("q"), call], "chosen": [assistant("a")], "rejected": [assistant("b")]}
    _, counts = pair_up(preference, [record])
    assert counts.left_out == {"tool calls": 1}
    assert json.dumps(record)


@pytest.mark.parametrize(
    ("verdict", "ranks"),
    [
        ({"labels": 0}, [1, 0]),
        ({"overall_preference": 3}, [1, 0]),
        ({"overall_preference": 0}, [None, None]),
        ({"better_response_id": 1}, [1, 0]),
        ({"preference": 2}, [1, 0]),
    ],
)
def test_each_set_says_in_its_own_way_which_answer_is_better(
    verdict: dict[str, int], ranks: list[int | None]
) -> None:
    pairs = pairs_of("preference", {"prompt": "q", "response_0": "a", "response_1": "b", **verdict})
    assert [pair.extra["rank"] for pair in pairs] == ranks


def test_a_worse_answer_goes_with_the_last_one_of_the_messages() -> None:
    messages = [user("q"), assistant("a"), user("r"), assistant("good")]
    pairs = pairs_of("preference", {"messages": messages, "rejected_response": "bad"})
    assert short(pairs) == [("q", "a", 1, None), ("r", "good", 2, 0), ("r", "bad", 2, 1)]
