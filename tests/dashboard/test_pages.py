"""The numbers on every page, against a live Argilla with known answers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import krippendorff
import pytest
from pyarrow.ipc import open_stream

from sharegpt_argilla.argilla_client.connection import ArgillaClient
from sharegpt_argilla.project.dashboard_access import Viewer
from sharegpt_argilla.project.project_watch import ProjectWatch
from sharegpt_argilla.project.team_progress import disputed_records
from sharegpt_argilla.project.whole_record import whole_record
from sharegpt_argilla.rows import Pair, build_row
from sharegpt_argilla.workflows.dashboard import OPTIONS
from sharegpt_argilla.workflows.export_responses import export_responses
from tests.dashboard.conftest import Run
from tests.dashboard.story import ANA, BEN, COMPLETED, REMAINING, ROWS, SUBMITTED
from tests.projects import TestProject, write_rows

pytestmark = pytest.mark.live
Told = tuple[TestProject, Path]


def metrics(test: Any) -> dict[str, str]:
    assert not test.exception, test.exception
    return {one.label: one.value for one in test.metric}


def words(test: Any) -> str:
    """All that the page says in text."""
    kinds = (test.title, test.subheader, test.markdown, test.caption, test.info, test.warning, test.error)
    return "\n".join(str(one.value) for kind in kinds for one in kind)


def charts(test: Any) -> list[list[dict[str, Any]]]:
    """The data of each chart, in the order of the page."""
    parts = [chart.proto.data.data or chart.proto.datasets[0].data.data for chart in test.get("vega_lite_chart")]
    return [open_stream(part).read_all().to_pylist() for part in parts]


def chart_with(test: Any, key: str) -> list[dict[str, Any]]:
    return next(data for data in charts(test) if data and key in data[0])


def table_with(test: Any, *columns: str) -> Any:
    """The first table that has these columns."""
    return next(one.value for one in test.dataframe if set(columns) <= set(one.value.columns))


def test_team(run: Run, told: Told, lead: Viewer) -> None:
    ana, ben = told[0].people
    page = run("team", lead)
    assert metrics(page) == {
        "Records completed": f"{COMPLETED} of {ROWS}",
        "Records pending": str(ROWS - COMPLETED),
        "Responses submitted": str(SUBMITTED),
        "Drafts": "1",
        "Discarded": "1",
    }
    assert f"**{REMAINING} responses** are still wanted. At 2.0 a day, the mean of the last 4 full days" in words(
        page
    )
    days = {(one["day"], one["annotator"]): one["responses"] for one in chart_with(page, "annotator")}
    assert sum(days.values()) == SUBMITTED
    assert sorted(count for (_, name), count in days.items() if name == ana) == [1, 1, 1, 1, 2]
    people = table_with(page, "annotator", "today").set_index("annotator")
    assert list(people.index) == [ana, ben]
    assert people.loc[ana, ["submitted", "today", "draft", "discarded"]].tolist() == [6, 1, 1, 1]
    assert people.loc[ben, ["submitted", "today", "draft", "discarded"]].tolist() == [4, 1, 0, 0]
    assert people.loc[ana, "pace"] == "~ 2 min"


def test_progress_over_time_begins_with_the_first_answers(run: Run, lead: Viewer) -> None:
    points = chart_with(run("team", lead), "what")
    completed = [one["count"] for one in points if one["what"] == "records completed"]
    # Ben made the second answers on the last four days; the last point is the present.
    assert completed[:3] == [1, 2, 3]
    assert completed[-1] == COMPLETED
    submitted = [one["count"] for one in points if one["what"] == "responses submitted"]
    assert (submitted == sorted(submitted), submitted[-1]) == (True, SUBMITTED)


def test_team_answers(run: Run, lead: Viewer) -> None:
    page = run("team", lead)
    quality, intent, toxicity = [data for data in charts(page) if data and "share" in data[0]]
    assert [bar["responses"] for bar in quality] == [0, 1, 0, 2, 1, 4, 2]
    assert quality[5]["share"] == 0.4
    counts = {bar["value"]: bar["responses"] for bar in intent if bar["responses"]}
    assert counts == {"code": 4, "chat": 3, "open_qa": 2, "rewrite": 1, "other": 1}
    assert next(bar for bar in intent if bar["value"] == "code")["label"] == "4 (40%)"
    assert [bar["responses"] for bar in toxicity] == [9, 0, 1, 0]
    listed = table_with(page, "answer", "share", "url").set_index("answer")
    assert listed.loc["6", ["responses", "share"]].tolist() == [4, 0.4]
    # Argilla's links show one's own responses, and the owner has none.
    assert set(listed["url"]) == {""}


def test_team_slowest_questions(run: Run, lead: Viewer) -> None:
    found = chart_with(run("team", lead), "seconds")
    assert [(one["question"], one["label"]) for one in found] == [
        ("intent", "14.8 (n=2)"),
        ("quality", "4.0 (n=2)"),
    ]


def test_team_agreement(run: Run, told: Told, lead: Viewer) -> None:
    page = run("team", lead)
    alphas = {point["question"]: point for point in chart_with(page, "low")}
    both = [[ANA[n][1], BEN[n][1]] for n in BEN]
    expected = krippendorff.alpha(list(zip(*both, strict=True)), level_of_measurement="ordinal")
    assert alphas["quality"]["value"] == pytest.approx(expected, abs=1e-4)
    assert alphas["quality"]["items"] == len(BEN)
    course = [point for point in chart_with(page, "alpha") if point["question"] == "quality"]
    assert [point["records"] for point in course] == [2, 3, 4]
    assert course[-1]["alpha"] == pytest.approx(expected, abs=1e-4)
    disputed = table_with(page, "given", "disagreement")
    assert disputed["prompt"].tolist() == [
        f"What do you know about {what}?" for what in ("clouds number 4", "snow number 2")
    ]
    assert f"quality: {told[0].people[0]} 2; {told[0].people[1]} 6" in disputed["given"][0]
    # Both are completed, which Argilla shows to those alone who answered.
    assert set(disputed["url"]) == {""}


def test_a_record_is_read_whole_with_everybodys_answers(run: Run, told: Told) -> None:
    ana, ben = told[0].people
    with closing(ProjectWatch(told[0].config)) as watch:
        view = watch.view(0)
        (worst, _) = disputed_records(watch, view)
        record = whole_record(watch, view, worst["record"])
        assert whole_record(watch, view, "gone")["fields"] == []
    assert record["status"] == "completed"
    assert dict(record["fields"])["Prompt"] == "What do you know about clouds number 4?"
    assert [title for title, _ in record["fields"]][:2] == ["Prompt", "Response"]
    answers = {line["question"]: (line[ana], line[ben]) for line in record["answers"]}
    assert answers["How good is the prompt?"] == ("2", "6")
    assert answers["status"] == ("submitted", "submitted")


def behind(test: Any) -> Any:
    return table_with(test, "prompt", "annotator", "submitted_at")


def test_the_records_behind_a_number(run: Run, told: Told, lead: Viewer) -> None:
    page = run("team", lead)
    assert len(behind(page)) == SUBMITTED
    page.selectbox(key="behind-status").select("discarded").run()
    assert behind(page)["prompt"].tolist() == ["What do you know about lakes number 7?"]
    page.selectbox(key="behind-status").select("submitted").run()
    page.selectbox(key="behind-question").select("intent").run()
    page.selectbox(key="behind-answer").select("chat").run()
    found = behind(page)
    assert {text.split()[-1] for text in found["prompt"]} == {"2?", "4?", "5?"}
    page.selectbox(key="behind-answer").select("code").run()
    page.selectbox(key="behind-person").select(told[0].people[1]).run()
    assert {text.split()[-1] for text in behind(page)["prompt"]} == {"1?", "2?"}


def test_an_annotator_sees_the_own_numbers_and_nobody_elses(run: Run, told: Told) -> None:
    ana, ben = told[0].people
    page = run("annotator", Viewer(ana, lead=False))
    found = metrics(page)
    assert (found["Submitted today"], found["Submitted in all"]) == ("1", "6")
    assert (found["Drafts"], found["Discarded"], found["Median time"]) == ("1", "1", "~ 2 min")
    agreement, kappa = [data for data in charts(page) if data and "low" in data[0]]
    assert {item["question"]: item["value"] for item in agreement} == {
        "quality": 0.5,
        "intent": 0.5,
        "toxicity": 0.75,
    }
    assert {item["items"] for item in kappa} == {4}
    assert "Times are estimated" in words(page)
    assert ben not in words(page) + json.dumps(charts(page))
    # Four are open to her of the six that are not complete, and she answered four of those.
    assert any("2 records open" in item.proto.label for item in page.get("link_button"))


def test_an_annotator_sees_the_own_agreement_with_gold(run: Run, told: Told) -> None:
    ana = Viewer(told[0].people[0], lead=False)
    assert "is known" not in words(run("annotator", ana))
    told[0].rewrite(gold={"file": "gold.jsonl"})
    try:
        page = run_again(run, "annotator", ana)
        (told[0].config.parent / "gold.jsonl").rename(told[0].config.parent / "elsewhere.jsonl")
        hidden, shown = run_again(run, "annotator", ana), run_again(run, "annotator", Viewer("owner", lead=True))
    finally:
        (told[0].config.parent / "elsewhere.jsonl").rename(told[0].config.parent / "gold.jsonl")
        told[0].rewrite(gold=None)
    assert "**4 of 6** answers to records whose answer is known are right (67%)." in words(page)
    shares = {one["question"]: (one["value"], one["items"]) for one in charts(page)[1]}
    assert shares == {"quality": (0.3333, 3), "intent": (1.0, 2), "toxicity": (1.0, 1)}
    # Whoever cannot fix it is not told of a missing file.
    assert "gold.jsonl" not in words(hidden)
    assert "gold.jsonl" in words(shown)


def test_a_lead_looks_at_anybody(run: Run, told: Told, lead: Viewer) -> None:
    page = run("annotator", lead)
    page.selectbox(key="annotator").select(told[0].people[1]).run()
    assert metrics(page)["Submitted in all"] == "4"


def test_the_leaderboard_is_opt_in(run: Run, told: Told) -> None:
    ana, ben = told[0].people
    told[0].rewrite(dashboard={"leaderboard": True})
    try:
        board = run("annotator", Viewer(ana, lead=False)).dataframe[0].value
    finally:
        told[0].rewrite(dashboard={})
    assert board.values.tolist() == [[ana, 6, 1], [ben, 4, 1]]


def test_guidelines_are_searched_and_their_changes_shown(run: Run, told: Told) -> None:
    project = told[0]
    viewer = Viewer(project.people[0], lead=False)
    page = run("annotator", viewer)
    page.text_input(key="guidelines").input("unqualified LEGAL").run()
    assert "1 section contains" in words(page)
    with project.owner() as owner:
        path = f"/api/v1/datasets/{project.dataset_id()}"
        text = owner.get(path).json()["guidelines"]
        owner.patch(path, json={"guidelines": text + "\nA new rule about rain."}).raise_for_status()
        try:
            changed = run_again(run, "annotator", viewer)
        finally:
            owner.patch(path, json={"guidelines": text}).raise_for_status()
    assert [one.value for one in changed.code] == ["+ A new rule about rain."]


def run_again(run: Run, name: str | None, viewer: Viewer) -> Any:
    """A first visit after the server changed: nothing is young enough to be shown again."""
    import streamlit as st

    st.cache_resource.clear()
    return run(name, viewer)


def test_corpus(run: Run, lead: Viewer) -> None:
    page = run("corpus", lead)
    assert metrics(page) == {
        "Rows": "10",
        "Conversations": "1",
        "Unanswered": "0",
        "Duplicates": "0",
        "Repeated ids": "0",
    }
    assert [one["rows"] for one in charts(page)[0]] == [10]
    page.text_input(key="words").input("RAIN").run()
    assert "**1** of 10 rows" in words(page)
    assert page.dataframe[0].value["prompt"].tolist() == ["What do you know about rain number 1?"]
    assert page.code[-1].value == "**A lot** about rain."
    page.text_input(key="words").input("storms").run()
    assert page.chat_message[-1].code[0].value == "**A lot** about clouds."


def test_corpus_by_what_is_suggested(
    run: Run, lead: Viewer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pairs = [("Rewrite this: it rains.", "It pours."), ("Is it raining?", "Yes.")]
    rows = [
        build_row(Pair(*texts, f"s{n}", 1, "vicuna", "ShareGPT", "human", "gpt"), "20230511 15:56:03")
        for n, texts in enumerate(pairs)
    ]
    given = json.loads(os.environ[OPTIONS]) | {"rows": str(write_rows(tmp_path / "rows.jsonl", rows))}
    monkeypatch.setenv(OPTIONS, json.dumps(given))
    page = run("corpus", lead)
    drawn = [[(one.get("name"), one.get("label")) for one in data] for data in charts(page)]
    assert [("rewrite", "1 (50%)")] in drawn
    assert "Suggested: intent" in words(page)
    page.selectbox(key="suggested").select(("intent", "rewrite")).run()
    assert page.dataframe[0].value["prompt"].tolist() == ["Rewrite this: it rains."]
    assert "Suggested: intent = **rewrite**" in words(page)


def test_export(run: Run, told: Told, lead: Viewer, tmp_path: Path) -> None:
    project, rows = told
    page = run("export", lead)
    assert "None yet." in words(page)
    page.button[0].click().run()
    assert metrics(page)["Newly annotated"] == "6"
    assert metrics(page)["Responses"] == str(SUBMITTED)
    page.selectbox(key="format").select("prompt_completion").run()
    page.button[1].click().run()
    assert "training rows" in words(page)
    assert [one.proto.label for one in page.get("download_button")] == [
        "Annotated rows (JSONL)",
        "Download prompt_completion.jsonl",
    ]

    export_responses(rows, tmp_path / "annotated.jsonl", project.config, connection=project.connection)
    ben = project.annotator(project.people[1])
    new = ben.answer(ben.pending()[0]["id"], values={"quality": 1, "intent": ["chat"], "toxicity": "none"})
    try:
        page = run("export", lead)
        page.button[0].click().run()
    finally:
        ben.withdraw(new)
    found = metrics(page)
    # The third: an answer may move a time that is estimated of another; it depends on the machine's speed.
    assert (found["Annotated rows"], found["Newly annotated"] + found["Changed"], found["Withdrawn"]) in {
        ("6", "10", "0"),
        ("6", "01", "0"),
        ("6", "11", "0"),
    }


def test_sign_in(run: Run, told: Told, lead: Viewer) -> None:
    project = told[0]
    page = run()
    assert page.title[0].value == "Annotation dashboard"
    page.text_input[0].input(project.people[0])
    page.text_input[1].input("not the password")
    page.button[0].click().run()
    assert page.error[0].value == "name or password is wrong"
    page.text_input[1].input(project.annotator(project.people[0]).password)
    page.button[0].click().run()
    assert page.title[0].value == "My annotations"
    page.button[0].click().run()
    assert page.title[0].value == "Annotation dashboard"


def test_a_refresh_is_a_handful_of_requests(told: Told, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    project = told[0]
    calls: list[str] = []
    call = ArgillaClient._call

    def counting(self: ArgillaClient, method: str, path: str, **arguments: Any) -> Any:
        calls.append(f"{method} {path}")
        return call(self, method, path, **arguments)

    def counting_streams(self: ArgillaClient, path: str, json: object) -> Iterator[bytes]:
        calls.append(f"POST {path}")
        return lines(self, path, json)

    lines = ArgillaClient.lines
    monkeypatch.setattr(ArgillaClient, "_call", counting)
    monkeypatch.setattr(ArgillaClient, "lines", counting_streams)
    watch = ProjectWatch(project.config, project.connection, project.home)

    def cost(young: float) -> int:
        calls.clear()
        watch.view(young)
        return len(calls)

    # Three of them for answers: stamps, records and the measured times.
    assert cost(0) <= 7 + 3
    assert cost(0) == 3
    assert [cost(60) for _ in range(50)] == [0] * 50
    ana = project.annotator(project.people[0])
    draft = ana.search({"filters": {"and": [_drafts()]}})[0]["responses"][0]
    ana.change(draft["id"], {"quality": 3, "intent": ["chat"], "toxicity": "none"})
    try:
        # What changed, those records and the measured times.
        assert cost(0) == 3 + 3
        assert (
            sum(
                one.status == "submitted" for record in watch.view(60).records.values() for one in record.responses
            )
            == 11
        )
    finally:
        ana.withdraw(draft["id"])
        watch.close()


def _drafts() -> dict[str, Any]:
    return {"type": "terms", "scope": {"entity": "response", "property": "status"}, "values": ["draft"]}
