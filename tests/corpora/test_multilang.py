"""multilingual-share: markers in one text, and roles that only bold lines name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.multilang import BOLD, ROLE_SOURCE
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from tests.corpora.layouts import only
from tests.corpora.reading import pair_up, pairs_of, parse, shared, texts

multilang = CORPORA["multilang"]


def record(text: str, **others: object) -> dict[str, object]:
    return {"id": "abc1234", "lang": "en", "text": text, **others}


messages = st.text(
    st.characters(exclude_characters="\r\n|", exclude_categories=["Cs"]), min_size=1, max_size=30
).filter(lambda text: text.strip() and not text.startswith((" ", "\t", "**")))
paragraphs = st.lists(messages, min_size=1, max_size=3).map("\n".join)


@given(st.lists(st.tuples(st.sampled_from(["user", "bot"]), paragraphs), min_size=1, max_size=6))
def test_a_conversation_comes_back_from_its_layout(turns: list[tuple[str, str]]) -> None:
    text = "\n" + "".join(f"<|{role}|>: {message}\n\n" for role, message in turns)
    read = only(multilang, record(text))
    assert [(turn.spelling, turn.text) for turn in read.turns] == turns
    assert (read.session, read.extra, read.left_out) == ("abc1234", {"lang": "en"}, {})


@pytest.mark.parametrize(
    "text",
    [
        "<|user|>: q\n\n<|bot|>: a1\n\na2\n\n<|user|>: q2",
        "\n<|user|>: q\n<|bot|>: a1\n\na2\n<|user|>: q2\n\n",
        "\r\n<|user|>: q\r\n\r\n<|bot|>: a1\n\na2\r\n\r\n<|USER|>:q2",
    ],
)
def test_an_answer_keeps_its_blank_lines_and_the_last_question_stays(text: str) -> None:
    assert texts(pairs_of("multilang", record(text))) == [("q", "a1\n\na2"), ("q2", "")]


def test_a_marker_in_the_middle_of_a_line_is_text() -> None:
    text = "\n<|user|>: what does <|bot|>: mean?\n\n<|bot|>: it marks me\n\n"
    assert texts(pairs_of("multilang", record(text))) == [("what does <|bot|>: mean?", "it marks me")]


@pytest.mark.parametrize(
    ("user", "assistant", "system"),
    [
        ("**Usuario**", "**Asistente**", "**Sistema**"),
        ("**User**", "**Assistant**", "**System**"),
        ("**Utilisateur**", "**Assistant**", "**Système**"),
        ("**Benutzer:**", "**Assistent:**", "**System:**"),
        ("**Usua\u0301rio**", "**Assistente**", "**Sistema**"),
        ("**用户**", "**助手**", "**系统**"),
        ("**USER**:", "**ChatGPT**:", "**system**:"),
    ],
)
def test_bold_lines_name_the_roles_where_the_bot_is_marked_everywhere(
    user: str, assistant: str, system: str
) -> None:
    lines = [f"{system}\nbe brief", f"{user}\nq1", f"{assistant}\na1\n\n**bold**", assistant, user, f"{user}\nq2"]
    text = "\n" + "".join(f"<|bot|>: {line}\n\n" for line in lines)
    pairs, counts = pair_up(multilang, [record(text)])
    assert texts(pairs) == [("q1", "a1\n\n**bold**"), ("q2", "")]
    assert [pair.extra for pair in pairs] == [{"lang": "en", ROLE_SOURCE: BOLD, "system": "be brief"}] * 2
    assert pairs[0].question_role == user.strip("*:")
    assert (counts.answers_blank, counts.questions_blank) == (1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "\n<|user|>: q\n\n<|bot|>: **User**\nis a role\n\n",
        "\n<|bot|>: Intro\n\n<|bot|>: **User**\nis a role\n\n",
        "\n<|bot|>: **Userland**\nis where programs run\n\n",
    ],
)
def test_a_bold_heading_in_an_answer_is_no_role(text: str) -> None:
    read = only(multilang, record(text))
    assert ROLE_SOURCE not in read.extra
    assert read.turns[-1].role == "gpt"
    assert read.turns[-1].text.startswith("**User")


def test_a_message_without_a_bold_line_among_others_stays_the_bots() -> None:
    text = "\n<|bot|>: **User**\nq\n\n<|bot|>: a **User** in bold\n\n"
    assert texts(pairs_of("multilang", record(text))) == [("q", "a **User** in bold")]


def test_text_before_the_first_marker_is_counted() -> None:
    _, counts = pair_up(multilang, [record("Title\n<|user|>: q\n\n"), record(" \n<|user|>: q\n\n")])
    assert counts.left_out == {"text before the first marker": 1}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"id": "a", "lang": "en"}, '"text" is missing'),
        (record("no marker"), '"text" has no <|user|>: or <|bot|>: at the start of a line'),
        ({"id": "a", "text": None}, '"text" is null, not text'),
    ],
)
def test_what_has_no_marked_text_is_rejected(value: object, reason: str) -> None:
    assert not multilang.is_record(value)
    with pytest.raises(RejectedError) as caught:
        multilang.read(value)
    assert str(caught.value) == reason


def test_the_published_sample_gives_every_pair() -> None:
    path = shared("mnbvc_samples", "multilang_sample_230914.json")
    pairs, counts = pair_up(multilang, parse(path.read_text("utf-8")))
    by_bold = [pair for pair in pairs if pair.extra.get(ROLE_SOURCE) == BOLD]
    by_session = {
        session: [bool(pair.answer) for pair in by_bold if pair.session == session]
        for session in ("dQ2rNS5", "k1b33xL")
    }
    assert len(pairs) - len(by_bold) == 27
    assert sum(by_session["dQ2rNS5"]) == 10
    assert len(by_session["dQ2rNS5"]) == 19
    assert by_session["k1b33xL"] == [False]
    assert counts.pairs == 47
    assert counts.answers_dropped == counts.rejected == 0
