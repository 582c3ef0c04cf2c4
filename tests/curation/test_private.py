"""Private data is found, counted, replaced the same way throughout a conversation, and never shown."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharegpt_argilla.cli import main
from sharegpt_argilla.curation.contact_detectors import emails, ip_addresses, phones
from sharegpt_argilla.curation.credential_detectors import cards, luhn, secrets
from sharegpt_argilla.curation.private_data import Placeholders, Span, without_overlaps
from tests.curation.rows import curated, read, row, write
from tests.curation.samples import QUESTION

MARIA, JUAN = "maria.lindqvist@posteo-mail.net", "juan-perez@correo-sur.org"
PHONE, ADDRESS, CARD = "+44 7911 863 214", "51.158.22.211", "4929 1234 5678 9015"
SECRET = "sk-A8fK29dLq0ZxV7bNm3Rt5YpW1cHe6GjU"
ALL = f"{MARIA}, {PHONE}, {ADDRESS}, card {CARD}, {SECRET}"


@pytest.mark.parametrize(
    ("detect", "value"),
    [(emails, MARIA), (phones, PHONE), (ip_addresses, ADDRESS), (cards, CARD), (secrets, SECRET)],
)
def test_the_span_is_the_value(detect, value: str) -> None:
    text = f"Take {value}, please."
    assert [text[span.start : span.end] for span in detect(text)] == [value]
    assert list(detect("Nothing is here to be found, on 2023-05-12 at 15:56.")) == []


def test_luhns_check_digit() -> None:
    # The example of ISO/IEC 7812-1, annex B, and every other last digit.
    assert [digit for digit in range(10) if luhn(f"7992739871{digit}")] == [3]


def test_a_row_counts_what_it_has_and_flags_it(tmp_path: Path) -> None:
    (((_, curation),), _) = curated(
        tmp_path, [row(f"Who is {MARIA} or {JUAN}?", f"Ask {MARIA} at {PHONE} tomorrow.")]
    )
    assert curation["pii"] == {"EMAIL": 3, "PHONE": 1}
    assert curation["flags"] == ["email", "phone"]


def test_redaction_puts_typed_placeholders(tmp_path: Path) -> None:
    (((after, curation),), summary) = curated(tmp_path, [row(f"Here is all: {ALL}")], redact=True)
    assert after["问"] == "Here is all: <EMAIL>, <PHONE>, <IP>, card <CARD>, <SECRET>"
    assert curation["pii"] == dict.fromkeys(("CARD", "EMAIL", "IP", "PHONE", "SECRET"), 1)
    assert curation["fixed"] == ["card", "email", "ip_address", "phone", "secret"]
    assert curation["flags"] == []
    assert summary.report["checks"]["email"]["fixed"] == 1


def test_a_value_has_one_placeholder_in_the_whole_conversation(tmp_path: Path) -> None:
    rows = [
        row(f"Write to {MARIA} for me today.", "Done.", session="a", turn=1),
        row(f"Now to {JUAN}, and {MARIA.upper()} again.", f"Sent to {JUAN}.", session="a", turn=2),
        row(f"Write to {JUAN} for me today.", "Done.", session="b", turn=1),
    ]
    after, _ = curated(tmp_path, rows, redact=True)
    assert [one["问"] for one, _ in after] == [
        "Write to <EMAIL_1> for me today.",
        "Now to <EMAIL_2>, and <EMAIL_1> again.",
        "Write to <EMAIL> for me today.",
    ]
    assert after[1][0]["答"] == "Sent to <EMAIL_2>."


def test_only_the_checks_named_replace(tmp_path: Path) -> None:
    (((after, found),), _) = curated(tmp_path, [row(f"Here is all: {ALL}")], fix=["email"])
    assert after["问"].startswith("Here is all: <EMAIL>, +44")
    assert found["flags"] == ["card", "ip_address", "phone", "secret"]


def test_what_others_replaced_stays_and_is_not_numbered_again(tmp_path: Path) -> None:
    text = f"Call <PRESIDIO_ANONYMIZED_PHONE_NUMBER> or NAME_1, mail <EMAIL_1> or {MARIA}"
    (((after, _),), _) = curated(tmp_path, [row(text)], redact=True)
    assert after["问"] == text.replace(MARIA, "<EMAIL_2>")


def test_texts_in_the_extension_are_redacted_too(tmp_path: Path) -> None:
    extra: dict[str, Any] = {
        "system": f"You answer for {MARIA}.",
        "history": [{"text": f"by {JUAN}"}],
        "toxic": False,
    }
    (((after, _),), _) = curated(tmp_path, [row(**extra)], redact=True)
    extension = json.loads(after["元数据"]["扩展字段"])
    assert extension["system"] == "You answer for <EMAIL_1>."
    assert extension["history"] == [{"text": "by <EMAIL_2>"}]
    assert extension["会话"] == "s"


def test_what_annotators_said_and_their_names_are_not_redacted(tmp_path: Path) -> None:
    email = "mia.berg@uni-hamburg.de"
    response = {"annotator": email, "values": {"note": f"call {email}"}}
    annotation = {"dataset": "d", "responses": [response]}
    extra: dict[str, Any] = {"标注": annotation, "title": email}
    annotated = row(f"{QUESTION} Write to {email}", **extra)
    [(after, _)], _ = curated(tmp_path, [annotated], redact=True)
    extension = json.loads(after["元数据"]["扩展字段"])
    assert after["问"].endswith("Write to <EMAIL>")
    assert extension["title"] == "<EMAIL>"
    assert extension["标注"] == annotation


def test_nothing_private_is_in_report_terminal_or_redacted_rows(tmp_path: Path, capfd) -> None:
    # As many other checks as possible find something right next to it.
    answer = (
        f"I'm sorry, but I can't help {MARIA} {PHONE} {CARD} {SECRET}. &lt; {ADDRESS} \\n\\n1. 3 + 4 = 8 {MARIA}"
    )
    rows = [
        row(f"continue {MARIA}", answer),
        row(f"Summarize https://example.org/{MARIA} {PHONE}", answer, session="t"),
    ]
    path = write(tmp_path / "rows.jsonl", rows)
    arguments = ["curate", str(path), "-o", str(tmp_path / "curated.jsonl"), "--redact"]
    assert main([*arguments, "--report", str(tmp_path / "report.html")]) == 0
    assert main([*arguments, "--report", str(tmp_path / "report.json")]) == 0
    written = "".join((tmp_path / name).read_text(encoding="utf-8") for name in ("report.html", "report.json"))
    printed = "".join(capfd.readouterr())
    redacted = (tmp_path / "curated.jsonl").read_text(encoding="utf-8")
    assert "refusal" in written
    for value in (MARIA, PHONE, ADDRESS, CARD, SECRET, "lindqvist", "7911"):
        assert value not in written + printed + redacted


def test_a_second_run_finds_nothing_more_and_keeps_the_counts(tmp_path: Path) -> None:
    curated(tmp_path, [row(f"{QUESTION} Here is all: {ALL}")], redact=True)
    main(["curate", str(tmp_path / "curated.jsonl"), "-o", str(tmp_path / "again.jsonl"), "--redact"])
    assert read(tmp_path / "again.jsonl") == read(tmp_path / "curated.jsonl")


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 8), st.sampled_from(["EMAIL", "PHONE"])), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.text("ab1@ <>", min_size=40, max_size=60), SPANS)
def test_no_character_of_a_chosen_span_survives_and_no_other_is_lost(text: str, drawn) -> None:
    spans = without_overlaps([Span(start, start + length, kind) for start, length, kind in drawn], text)
    places = Placeholders()
    places.learn(text, spans)
    kept, end = "", 0
    for span in spans:
        assert span.start >= end
        kept, end = kept + text[end : span.start] + "\0", span.end
    result = places.replace(text, spans)
    pieces = (kept + text[end:]).split("\0")
    for piece in pieces:
        assert result.startswith(piece)
        result = result[len(piece) :]
        if result:
            assert result.startswith("<")
            result = result.partition(">")[2]
