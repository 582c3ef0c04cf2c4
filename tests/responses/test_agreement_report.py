"""The report: what is counted, and that each way of showing it shows it."""

import json
import random
from datetime import datetime, timedelta
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import krippendorff
import pytest
import yaml

from sharegpt_argilla.annotation import AnsweredRecord, Response, ResponseStatus, Suggestion
from sharegpt_argilla.config import load_project
from sharegpt_argilla.config.annotation_task import MultiLabelQuestion
from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.responses.agreement import answer_table
from sharegpt_argilla.responses.agreement_page import answers_by_person, render_page
from sharegpt_argilla.responses.agreement_report import build_report, disagreement, render_text
from sharegpt_argilla.responses.merge import Origin, merge
from sharegpt_argilla.responses.working_time import pace_of, read_length, read_time
from sharegpt_argilla.rows import Row, read_extension, with_extension
from sharegpt_argilla.settings import Connection
from sharegpt_argilla.workflows.report_agreement import report_agreement
from tests.projects import ROOT, some_rows, write_rows

PROJECT = load_project(ROOT / "dataset-config.yml").config
ORIGIN = Origin("sharegpt-prompts", "0123456789ab", ["quality", "intent", "toxicity"])
START = datetime(2026, 1, 5, 9)
LABELS = ["code", "chat", "open_qa"]


def annotated(count: int = 40) -> list[Row]:
    """Rows with answers of three people, one of whom often disagrees; some drafts and discards."""
    rng = random.Random(5)
    rows = some_rows(count + 5)
    for index in range(count):
        truth = rng.randint(2, 6)
        responses = []
        for number, (person, noise) in enumerate((("ana", 0), ("ben", 1), ("<cy>", 2))):
            values: dict[str, Any] = {
                "quality": min(7, max(1, truth + rng.randint(-noise, noise))),
                "intent": rng.sample(LABELS, 1 + index % 2),
                "toxicity": rng.choice(["none", "none", "harmful"]),
            }
            time = START + timedelta(seconds=40 * index, minutes=number)
            status: ResponseStatus = "submitted" if (index + number) % 10 else "discarded"
            active = 30.0 if person == "ben" else None
            responses.append(Response(person, status, values, time.isoformat(), active))
        rows[index] = merge(rows[index], AnsweredRecord(rows[index]["id"], "completed", responses), ORIGIN)
    return rows


@pytest.fixture(scope="module")
def report() -> dict:
    return build_report(annotated(), PROJECT.questions)


def test_counts(report) -> None:
    assert (report["rows"], report["annotated"], report["annotators"]) == (45, 40, 3)
    assert report["responses"] == {"submitted": 108, "draft": 0, "discarded": 12}
    quality = report["questions"]["quality"]
    assert sum(quality["distribution"].values()) == quality["answers"] == 108
    assert list(quality["distribution"]) == ["1", "2", "3", "4", "5", "6", "7"]
    assert len(quality["pairs"]) == 3
    assert report["questions"]["intent"]["labels"]["code"]["items"] == 40


def test_everything_but_perfect_has_an_interval_around_it(report) -> None:
    for question in report["questions"].values():
        for one in [question["alpha"], question["percent_agreement"], *(p["kappa"] for p in question["pairs"])]:
            assert one["low"] <= one["value"] <= one["high"]
            assert one["items"] > 0


def test_the_one_who_disagrees_is_found(report) -> None:
    by_name = {
        person["annotator"]: person["kappa"]["value"] for person in report["questions"]["quality"]["people"]
    }
    assert by_name["<cy>"] < by_name["ana"]


def test_ratings_outside_the_scale_are_told_and_count_by_their_value() -> None:
    rng = random.Random(6)
    rows, ratings = some_rows(60), []
    for index, row in enumerate(rows):
        truth = rng.randint(0, 10)
        ratings.append([truth, min(10, truth + rng.randint(0, 1))])
        responses = [
            Response(who, "submitted", {"quality": rating}, f"2026-01-0{n}")
            for n, (who, rating) in enumerate(zip(("ana", "ben"), ratings[-1], strict=True), 1)
        ]
        rows[index] = merge(row, AnsweredRecord(row["id"], "completed", responses), ORIGIN)
    report = build_report(rows, PROJECT.questions)
    quality = report["questions"]["quality"]
    expected = krippendorff.alpha(list(zip(*ratings, strict=True)), level_of_measurement="ordinal")
    assert quality["alpha"]["value"] == pytest.approx(expected, abs=1e-4)
    assert list(quality["distribution"]) == [str(rating) for rating in range(11)]
    assert list(quality["outside_scale"]) == ["0", "8", "9", "10"]
    told = ", ".join(f"{answer} ({count})" for answer, count in quality["outside_scale"].items())
    assert f"outside the scale: {told}" in render_text(report)
    assert f"counted by their value: {told}" in render_page(report)


def test_labels_are_in_the_order_of_the_question(report) -> None:
    """Several labels were listed by the alphabet, and those that nobody gave not at all."""
    intent = report["questions"]["intent"]
    asked = next(list(each.labels) for each in PROJECT.questions if isinstance(each, MultiLabelQuestion))
    assert asked != sorted(asked)
    for counts in (intent["distribution"], *intent["distribution_by_annotator"].values()):
        assert list(counts) == asked
        assert {label for label, count in counts.items() if count} == set(LABELS)


def test_a_scale_that_is_kept_has_nothing_outside(report) -> None:
    assert [question["outside_scale"] for question in report["questions"].values()] == [{}, {}, {}]
    assert "outside the scale" not in render_text(report)


def test_pace_is_estimated_and_measured(report) -> None:
    by_name = {pace["annotator"]: pace for pace in report["pace"]}
    assert by_name["ana"]["estimated"]["median_seconds"] == 40
    assert by_name["ana"]["measured"] == {"responses": 0, "median_seconds": None}
    assert by_name["ben"]["measured"]["median_seconds"] == 30


def test_pauses_are_left_out() -> None:
    times = [
        START,
        START + timedelta(seconds=20),
        START + timedelta(hours=2),
        START + timedelta(hours=2, seconds=40),
    ]
    found = pace_of("ana", reversed(times), [])
    assert (found.submitted, found.gaps, found.seconds) == (4, 2, 30)
    assert pace_of("ana", times, [], idle=1).seconds is None


def test_the_most_disputed_comes_first() -> None:
    table = answer_table(
        {"far": {"a": 1, "b": 5}, "near": {"a": 3, "b": 4}, "same": {"a": 2, "b": 2}, "one": {"a": 1}}
    )
    found = disagreement(table, "interval")
    assert found == {"far": 1, "near": pytest.approx(1 / 16), "same": 0}


def test_disputed_records_are_sorted_and_real(report) -> None:
    scores = [record["disagreement"] for record in report["disputed"]]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 20
    assert all(len(record["answers"]["quality"]) >= 2 for record in report["disputed"])


def test_the_same_rows_give_the_same_report(report) -> None:
    assert json.dumps(build_report(annotated(), PROJECT.questions)) == json.dumps(report)


def test_a_row_that_is_there_twice_counts_once() -> None:
    rows = annotated()
    assert build_report(rows + rows[:3], PROJECT.questions)["responses"]["submitted"] == 108


def test_the_text_says_it(report) -> None:
    text = render_text(report)
    assert "40 of 45 rows annotated by 3 people" in text
    assert "Krippendorff's alpha (ordinal)" in text
    assert f"n={report['questions']['quality']['alpha']['items']}" in text


@pytest.fixture(scope="module")
def referred() -> dict:
    """Four rows: gold for three of them, suggestions for two."""
    answers = {
        "ana": [("none", ["code", "chat"]), ("none", ["code"]), ("harmful", ["chat"]), ("none", ["chat"])],
        "ben": [("none", ["chat"]), ("harmful", ["code"]), ("harmful", ["chat"]), ("none", ["chat"])],
    }
    gold = [{"toxicity": "none", "intent": ["chat", "code"]}, {"toxicity": "none"}, {"toxicity": "none"}, None]
    rows = some_rows(4)
    for index, row in enumerate(rows):
        if gold[index]:
            rows[index] = with_extension(row, {**read_extension(row), "gold": gold[index]})
        responses = [
            Response(
                who, "submitted", dict(zip(("toxicity", "intent"), said[index], strict=True)), f"2026-01-0{n}"
            )
            for n, (who, said) in enumerate(answers.items(), 1)
        ]
        suggestions = [Suggestion("toxicity", "harmful", "<rules>", 0.9)] if index in {1, 2} else []
        rows[index] = merge(rows[index], AnsweredRecord(row["id"], "completed", responses, suggestions), ORIGIN)
    return build_report(rows, PROJECT.questions)


def test_people_against_gold(referred) -> None:
    toxicity, intent = (referred["questions"][name]["gold"] for name in ("toxicity", "intent"))
    assert [(one["annotator"], one["right"], one["answers"]) for one in toxicity] == [("ana", 2, 3), ("ben", 1, 3)]
    assert toxicity[0]["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert [(one["annotator"], one["right"], one["answers"]) for one in intent] == [("ana", 1, 1), ("ben", 0, 1)]
    assert referred["questions"]["quality"]["gold"] == []


def test_how_often_suggestions_were_kept(referred) -> None:
    (one,) = referred["questions"]["toxicity"]["suggestions"]
    assert (one["agent"], one["kept"], one["changed"], one["answers"]) == ("<rules>", 3, 1, 4)
    assert (one["share"]["value"], one["share"]["items"]) == (0.75, 2)
    assert one["confusion"] == {"harmful": {"harmful": 3, "none": 1}}
    assert referred["questions"]["intent"]["suggestions"] == []


def test_both_are_shown(referred) -> None:
    text, page = render_text(referred), render_page(referred)
    assert "ana against gold: 2 of 3 right" in text
    assert "suggestions of <rules>: 3 kept, 1 changed" in text
    assert "where it says harmful, people say harmful 3, none 1" in text
    assert "Against gold" in page
    assert "&lt;rules&gt;" in page


def sure_rows() -> list[Row]:
    told = [
        {"quality": 0.9, "intent": {"code": 0.35, "chat": 1.0}},
        {"quality": 0.8999},
        {"quality": 1},
        None,
        {"quality": True},
    ]
    rows = annotated(5)[:5]
    for number, of_row in enumerate(told):
        extension = read_extension(rows[number])
        rows[number] = with_extension(
            rows[number], extension | {"标注": extension["标注"] | {"confidence": of_row}}
        )
    return rows


def test_confidence_is_told_where_the_rows_have_it(report) -> None:
    assert report["confidence"] == {}
    assert report["least_sure"] == []
    assert "onfidence of" not in render_text(report)
    assert "<h2>Confidence" not in render_page(report)


def test_settled_values_and_the_least_sure_records() -> None:
    rows = sure_rows()
    report = build_report(rows, PROJECT.questions)
    quality, intent = report["confidence"]["quality"], report["confidence"]["intent"]
    assert (quality["rows"], quality["settled"], quality["mean"]) == (3, 2, 0.9333)
    assert quality["distribution"] == {f"0.{n}": {8: 1, 9: 2}.get(n, 0) for n in range(10)}
    assert (intent["rows"], intent["settled"], intent["distribution"]["0.3"]) == (1, 0, 1)
    first, second = report["least_sure"]
    assert (first["id"], first["confidence"]) == (rows[0]["id"], 0.35)
    assert first["by_question"] == {"quality": 0.9, "intent": 0.35}
    assert (second["id"], second["confidence"]) == (rows[1]["id"], 0.8999)


def test_confidence_is_shown_without_texts() -> None:
    rows = sure_rows()
    report = build_report(rows, PROJECT.questions)
    text, page = render_text(report), render_page(report)
    assert "  quality: 2 of 3 settled (66.7%), mean 0.933\n    rows from: 0.8 1, 0.9 2\n" in text
    assert f"least sure records\n  0.35 {rows[0]['id']}\n  0.90 {rows[1]['id']}\n" in text
    assert f'<td class="n">0.35</td><td>{rows[0]["id"]}</td>' in page
    assert "2 of 3 (66.7%)" in page


def test_agents_that_count_as_raters_are_named_with_the_confidence(tmp_path) -> None:
    content = yaml.safe_load((ROOT / "dataset-config.yml").read_text(encoding="utf-8"))
    content["export"] = {**content.get("export", {}), "agents": ["intent_rules"]}
    (tmp_path / "c.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (tmp_path / "guidelines.md").write_text("Read.", encoding="utf-8")
    said = "These agents count as raters next to people (export.agents): intent_rules."
    report, plain = (
        report_agreement(write_rows(tmp_path / name, rows), tmp_path / "c.yml", datasheet=tmp_path / f"{name}.md")
        for name, rows in (("sure", sure_rows()), ("plain", annotated(5)))
    )
    assert report["agents"] == ["intent_rules"]
    assert f"  {said}\n" in render_text(dict(report))
    assert said in render_page(dict(report))
    assert said in (tmp_path / "sure.md").read_text(encoding="utf-8").replace("\\", "")
    # Abilities, alpha and kappa are people's alone: without a confidence there is nothing to say.
    assert plain["agents"] == []
    assert "count as raters" not in (tmp_path / "plain.md").read_text(encoding="utf-8")


def test_the_files_list_the_least_sure_without_their_prompts(tmp_path) -> None:
    path = write_rows(tmp_path / "annotated.jsonl", sure_rows())
    connection = Connection("http://127.0.0.1:9", "owner.apikey")
    report = report_agreement(
        path, ROOT / "dataset-config.yml", json_file=tmp_path / "a.json", connection=connection
    )
    keys = {"id", "confidence", "by_question", "dataset", "status"}
    assert [set(record) for record in report["least_sure"]] == [keys, keys]
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["least_sure"] == report["least_sure"]


def test_an_estimated_time_is_not_taken_for_a_measured_one() -> None:
    (row,) = some_rows(1)
    responses = [
        Response("ana", "submitted", {"quality": 1}, "2026-01-01", 12.5, "measured"),
        Response("ben", "submitted", {"quality": 1}, "2026-01-02", 40.0, "estimated"),
    ]
    row = merge(row, AnsweredRecord(row["id"], "completed", responses), ORIGIN)
    kept = read_extension(row)["标注"]["responses"]
    assert [(one["active_seconds"], one["active"]) for one in kept] == [(12.5, "measured"), (40.0, "estimated")]
    pace = build_report([row], PROJECT.questions)["pace"]
    assert [one["measured"]["responses"] for one in pace] == [1, 0]


class Page(HTMLParser):
    """What a page contains, and whether every tag is closed."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.outside += [value for name, value in attrs if name in {"src", "href"}]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        self.text += data


def test_the_page_is_whole_and_needs_nothing_else(report) -> None:
    source = render_page(report)
    page = Page()
    page.feed(source)
    assert page.open == []
    assert (page.outside, "script" in page.tags, "@import" in source, "url(" in source) == (
        [],
        False,
        False,
        False,
    )
    assert page.tags.count("svg") >= 6
    assert "prefers-color-scheme:dark" in source
    assert "<cy>" in page.text
    for axis in ("Krippendorff's alpha", "answers, of 108", "kappa of the pair"):
        assert axis in page.text


def test_a_report_on_nothing(tmp_path) -> None:
    empty = build_report(some_rows(3), PROJECT.questions)
    assert empty["questions"]["quality"]["alpha"] == {"value": None, "low": None, "high": None, "items": 0}
    assert "0 of 3 rows annotated" in render_text(empty)
    assert render_page(empty).endswith("</html>\n")


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400)])
def test_lengths_of_time(text, seconds) -> None:
    assert read_length(text) == seconds


@pytest.mark.parametrize("text", ["15", "m", "0s", "1.5h", "-1m", ""])
def test_what_is_no_length_of_time(text) -> None:
    with pytest.raises(UsageError, match="90s, 15m, 2h or 1d"):
        read_length(text)


def test_times_are_utc() -> None:
    assert read_time("2026-01-05T10:00:00+02:00") == datetime(2026, 1, 5, 8)
    assert read_time("2026-01-05") == datetime(2026, 1, 5)
    with pytest.raises(UsageError, match="yesterday"):
        read_time("yesterday")


def test_a_disputed_record_opens_to_its_texts_and_everybodys_answers(tmp_path: Path) -> None:
    rows = annotated()
    source = write_rows(tmp_path / "annotated.jsonl", rows)
    page = tmp_path / "page.html"
    nowhere = Connection("http://127.0.0.1:9", "owner.apikey")
    report = report_agreement(source, ROOT / "dataset-config.yml", html_file=page, connection=nowhere)
    first = report["disputed"][0]
    (row,) = [one for one in rows if one["id"] == first["id"]]
    drawer = page.read_text(encoding="utf-8").split("<details>")[1].split("</details>")[0]
    assert escape(row["问"]) in drawer
    assert escape(row["答"]) in drawer
    assert all(f"<th>{escape(person)}</th>" in drawer for person in first["answers"]["quality"])


def test_answers_side_by_side() -> None:
    answers: dict[str, dict[str, object]] = {"quality": {"ben": 3, "ana": 5}, "intent": {"ana": ["code", "chat"]}}
    assert answers_by_person(answers) == (["ana", "ben"], [["quality", "5", "3"], ["intent", "code, chat", "–"]])
