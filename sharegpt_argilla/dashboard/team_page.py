"""The Team page: progress, each person's work, the answers, and agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from sharegpt_argilla.common import charts
from sharegpt_argilla.dashboard.adaptive_section import adaptive_section
from sharegpt_argilla.dashboard.people_section import adjudication_section, people_section
from sharegpt_argilla.dashboard.practice_section import team_practice_section
from sharegpt_argilla.dashboard.record_drawer import record_drawer
from sharegpt_argilla.dashboard.reliability_section import agents_section, reliability_section
from sharegpt_argilla.dashboard.session import REFRESH, as_of, current_view, viewer, watch
from sharegpt_argilla.dashboard.show_chart import show
from sharegpt_argilla.dashboard.tables import LINK, record_table, tile
from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.project.project_view import ProjectView
from sharegpt_argilla.project.record_links import own_links
from sharegpt_argilla.project.team_progress import (
    Wanted,
    disputed_records,
    own_answer_links,
    questions_by_time,
    records_behind,
    slowest_records,
    team_consensus,
    team_progress,
)
from sharegpt_argilla.responses.forecast import WINDOW

Numbers = Mapping[str, Any]
Links = Mapping[tuple[str, str], str]
"""Question and answer -> link to the own responses with it."""


def page() -> None:
    """The page."""
    st.title("Team")
    _body()


@st.fragment(run_every=REFRESH)
def _body() -> None:
    view = current_view()
    team = team_progress(watch(), view)
    as_of(view)
    person = viewer()
    own = own_answer_links(watch(), view, person.username) if person else {}
    _counts(view, team)
    _finish(team["forecast"], team["counts"]["pending"])
    adaptive_section(view)
    _datasets(team["datasets"])
    _over_time(team)
    people_section(view, team["people"])
    team_practice_section(view)
    adjudication_section(view)
    _answers(team["questions"], own)
    _behind(view, team, own)
    _agreement(view)
    agents_section(view)
    _worth_a_look(view, team, own)


def _counts(view: ProjectView, team: Numbers) -> None:
    counts, person = team["counts"], viewer()
    total = counts["total"]
    tiles = [
        ("Records completed", f"{counts['completed']:,} of {total:,}", "submitted", "my submitted"),
        ("Records pending", f"{counts['pending']:,}", "pending", "my queue"),
        ("Responses submitted", f"{counts['submitted']:,}", "submitted", "my submitted"),
        ("Drafts", f"{counts['draft']:,}", "draft", "my drafts"),
        ("Discarded", f"{counts['discarded']:,}", "discarded", "my discarded"),
    ]
    with st.container(horizontal=True):
        for label, value, status, where in tiles:
            links = own_links(view, person.username, status) if person else ()
            tile(label, value, links, f"in Argilla: {where}")
    st.progress(counts["completed_share"], text=f"{counts['completed_share']:.1%} of {total:,} records completed")


def _finish(forecast: Numbers, pending: int) -> None:
    if not forecast["remaining"]:
        left = f" {pending:,} records stay pending: all their people discarded them." if pending else ""
        st.success(f"Every response that is wanted is there.{left}", icon=":material/check_circle:")
        return
    missing = f"**{forecast['remaining']:,} responses** are still wanted."
    if "whose" in forecast:
        st.info(f"{missing} {_planned_finish(forecast)}", icon=":material/event:")
        return
    if forecast["finish"]:
        st.info(
            f"{missing} At {forecast['per_day']:,} a day, the mean of the last {forecast['days_seen']} full days, "
            f"they are there on **{forecast['finish']}**; four times in five between {forecast['earliest']} and "
            f"{forecast['latest'] or 'much later'}.",
            icon=":material/event:",
        )
        return
    st.info(
        f"{missing} An estimate of the finish needs {forecast['days_needed']} full days with answers; "
        f"there are {forecast['days_seen']}.",
        icon=":material/event:",
    )


def _planned_finish(forecast: Numbers) -> str:
    parts = []
    if forecast["whose"]:
        parts.append(
            f"At each person's own pace, **{forecast['whose']}** is the last to finish, on "
            f"**{forecast['finish']}**; four times in five between {forecast['earliest']} and "
            f"{forecast['latest'] or 'much later'}."
        )
    if forecast["unknown"]:
        parts.append(
            f"No estimate yet for {', '.join(forecast['unknown'])}: it needs {forecast['days_needed']} full days "
            f"since the first answer, and answers in the last {WINDOW} days."
        )
    return " ".join(parts)


def _datasets(datasets: Sequence[Numbers]) -> None:
    if not datasets:
        return
    st.subheader("Datasets")
    st.dataframe(
        datasets,
        hide_index=True,
        column_order=["url", "dataset", "records", "completed", "pending", "submitted", "draft", "discarded"],
        column_config={"url": LINK, "draft": "drafts"},
    )
    st.caption("The numbers on this page are those of all of them; a record that is in several counts once.")


def _over_time(team: Numbers) -> None:
    left, right = st.columns(2)
    with left:
        st.subheader("Progress over time")
        points = team["course"]
        show(charts.lines(points, "at", "count", "what", ("time", "records or responses")), "progress over time")
        st.caption(
            "Snapshots that the dashboard and export-responses keep, at most one in five minutes; before "
            "the first, the times of the answers."
        )
    with right:
        st.subheader("Each day")
        chart = charts.days(team["days"], team["every_day"], "annotator", "responses submitted")
        show(chart, "responses submitted each day")
        st.caption("An answer that was edited counts on the day of the edit.")


def _answers(questions: Sequence[Numbers], own: Links) -> None:
    st.subheader("Answers")
    for column, question in zip(st.columns(max(1, len(questions))), questions, strict=False):
        with column:
            st.markdown(f"**{question['title']}**")
            st.caption(f"`{question['name']}` · {question['responses']:,} responses submitted")
            if question["scale"]:
                chart = charts.histogram(question["distribution"], "answer", "responses", "rating", "responses")
            else:
                chart = charts.bars(question["distribution"], "answer", "responses", "answer", "responses")
            show(chart, f"how often each answer to {question['name']} was given")
            if outside := [one for one in question["distribution"] if one["outside"]]:
                listed = ", ".join(f"{one['value']} ({one['responses']:,})" for one in outside)
                st.caption(f":material/warning: Not among the project's answers: {listed}.")
            with st.expander("As a table"):
                record_table(
                    _with_own_links(question["distribution"], own, question["name"]),
                    ["answer", "responses", "share"],
                    _OWN if own else _BEHIND,
                )


_OWN = "A link shows your own responses with the answer; “Records behind a number” below has everybody's."


_BEHIND = "“Records behind a number” below has the records."


def _with_own_links(answers: Sequence[Numbers], own: Links, question: str = "") -> list[Numbers]:
    return [{**one, "url": own.get((question or one["question"], one["value"]), "")} for one in answers]


def _behind(view: ProjectView, team: Numbers, own: Links) -> None:
    with st.expander("Records behind a number", icon=":material/search:"):
        columns = st.columns(4)
        questions = {item["name"]: item for item in team["questions"]}
        status = columns[0].selectbox("Responses", ["submitted", "draft", "discarded"], key="behind-status")
        question = columns[1].selectbox("Question", list(questions), key="behind-question")
        answers = {item["value"]: item for item in questions[question]["distribution"]} if question else {}
        answer = columns[2].selectbox("Answer", list(answers), index=None, placeholder="any", key="behind-answer")
        people = [item["annotator"] for item in team["people"]]
        person = columns[3].selectbox("Person", people, index=None, placeholder="anybody", key="behind-person")
        if question and answer and (link := own.get((question, answer))):
            st.markdown(f"[My own records with this answer in Argilla]({link})")
        selection = Wanted(status or "submitted", question, answer, person)
        records = records_behind(watch(), view, selection)
        record_drawer(view, records, ["prompt", "annotator", "given", "submitted_at", "status"], "records-behind")


def _agreement(view: ProjectView) -> None:
    st.subheader("Agreement")
    consensus = team_consensus(watch(), view)
    if not consensus["alphas"]:
        st.caption("Nobody can agree yet: no record was answered by two people.")
        return
    left, right = st.columns(2)
    with left:
        st.markdown("**Now**")
        show(
            charts.intervals(consensus["alphas"], "question", "question", "Krippendorff's alpha"),
            "alpha of each question",
        )
        show(
            charts.intervals(consensus["equal"], "question", "question", "share of equal answers"), "equal answers"
        )
        st.caption(
            "1 is perfect agreement; of alpha, not of shares, 0 is what chance gives. Bars are 95 % intervals, "
            "without one there are too few records; n is the number of records that two people or more answered."
            + consensus["note"]
        )
    with right:
        st.markdown("**Over time**")
        axes = ("day", "alpha of all answers until then")
        show(charts.lines(consensus["course"], "day", "alpha", "question", axes), "alpha over time")
        st.caption("Krippendorff's alpha of all records whose newest answer is of that day or before.")
    for name, labels in consensus["labels"].items():
        with st.expander(f"Each label of {name}"):
            show(charts.intervals(labels, "label", "label", "alpha of yes and no"), f"alpha of labels of {name}")


def _worth_a_look(view: ProjectView, team: Numbers, own: Links) -> None:
    st.subheader("Most disputed records")
    record_drawer(
        view, disputed_records(watch(), view), ["prompt", "disagreement", "given", "status"], "records-disputed"
    )
    reliability_section(view)
    st.subheader("Slowest responses")
    record_drawer(
        view, slowest_records(watch(), view), ["prompt", "seconds", "annotator", "how"], "records-slowest"
    )
    left, right = st.columns(2)
    with left:
        st.subheader("Slowest questions")
        _slow_questions(view)
    with right:
        st.subheader("Slowest answers")
        record_table(
            _with_own_links(team["slow_answers"], own),
            ["question", "answer", "seconds", "responses"],
            "Median seconds on the whole record of the responses with an answer, where there are three or more.",
        )


def _slow_questions(view: ProjectView) -> None:
    try:
        times = questions_by_time(watch(), view)
    except SharegptArgillaError as error:
        st.caption(f"The measured times cannot be read: {error}")
        return
    if not times:
        st.caption("Nobody's time was measured; `serve --active-time` does, on the embedded Argilla.")
        return
    chart = charts.lengths(times, "question", "seconds", ("question", "median seconds"))
    show(chart, "median seconds on each question")
    st.caption("Active seconds on each question of submitted responses; n is how many were measured.")
