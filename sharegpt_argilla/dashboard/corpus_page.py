"""The Corpus page: what the rows contain, and a row's texts as they were typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from sharegpt_argilla.common import charts
from sharegpt_argilla.config import load_project
from sharegpt_argilla.dashboard.session import options
from sharegpt_argilla.dashboard.show_chart import show
from sharegpt_argilla.dashboard.tables import tile
from sharegpt_argilla.errors import SharegptArgillaError
from sharegpt_argilla.project.corpus_overview import Filter, IndexEntry, RowsOverview, listed
from sharegpt_argilla.project.suggested_answers import SuggestedAnswers

Counts = Sequence[Mapping[str, Any]]


def page() -> None:
    """The page."""
    st.title("Corpus")
    path = options().rows
    if not path:
        st.info("Start the dashboard with `--rows rows.jsonl` to see what is in the rows.")
        return
    try:
        corpus = _corpus(path, Path(path).stat().st_mtime_ns)
        _overview(corpus)
        _readability(corpus)
        _rows(corpus)
    except (SharegptArgillaError, OSError) as error:
        st.error(str(error))


@st.cache_resource(max_entries=2, show_spinner="Reading the rows …", on_release=lambda corpus: corpus.close())
def _corpus(path: str, _changed: int) -> RowsOverview:
    return RowsOverview(path, SuggestedAnswers(load_project(options().config)).of)


@st.cache_data(max_entries=2, show_spinner=False)
def _numbers(path: str, changed: int) -> dict[str, Any]:
    return _corpus(path, changed).overview()


@st.cache_data(max_entries=2, show_spinner="Measuring how readable prompts are …")
def _ease(path: str, changed: int) -> dict[str, Any]:
    return _corpus(path, changed).readability()


def _overview(corpus: RowsOverview) -> None:
    numbers = _numbers(str(corpus.path), corpus.mark[1])
    st.caption(
        f"`{corpus.path}`" + (f" · {numbers['unreadable']:,} lines are no rows" if numbers["unreadable"] else "")
    )
    tiles = {
        "Rows": numbers["rows"],
        "Conversations": numbers["conversations"],
        "Unanswered": numbers["unanswered"],
        "Duplicates": numbers["duplicates"],
        "Repeated ids": numbers["repeated"],
    }
    with st.container(horizontal=True):
        for label, count in tiles.items():
            tile(label, f"{count:,}")
    st.caption(
        "Duplicates are rows that repeat another one's text, as `curate` found them; repeated ids are "
        "lines with the id of an earlier line."
    )
    first, second = st.columns(2)
    with first:
        _chart("Languages of prompts", numbers["languages"], "language")
        _lengths("Length of prompts", numbers["prompt_lengths"])
        _chart("Flags", numbers["flags"], "flag", "No row carries a flag; `curate` puts them there.")
        _chart("Categories", numbers["categories"], "category", "The corpus has no categories of its own.")
    with second:
        _chart("Languages of responses", numbers["response_languages"], "language")
        _lengths("Length of responses", numbers["response_lengths"])
        _chart("Corpora", numbers["corpora"], "corpus")
        for question, counts in numbers["suggested"].items():
            _chart(f"Suggested: {question}", counts, "answer")
        if not numbers["suggested"]:
            _chart("Suggested", (), "answer", "Neither the rows nor the project's rules suggest anything.")


def _chart(title: str, counts: Counts, axis: str, nothing: str = "Nothing.") -> None:
    st.subheader(title)
    if not counts:
        st.caption(nothing)
        return
    show(charts.bars(counts, "name", "rows", axis, "rows"), title)


def _lengths(title: str, counts: Counts) -> None:
    st.subheader(title)
    show(charts.histogram(counts, "name", "rows", "characters", "rows"), title)


def _readability(corpus: RowsOverview) -> None:
    st.subheader("Readability of prompts")
    ease = _ease(str(corpus.path), corpus.mark[1])
    title = "Flesch reading ease (higher is easier)"
    show(charts.histogram(ease["classes"], "name", "rows", title, "rows"), title)
    st.caption(
        f"Of {ease['sampled']:,} out of {ease['of']:,} prompts in English or of unknown language; the score is "
        "made for English."
    )


def _rows(corpus: RowsOverview) -> None:
    st.subheader("Rows")
    row_filter = _filter(corpus)
    entries, count, complete = corpus.find(row_filter)
    st.markdown(f"**{count:,}{'' if complete else ' or more'}** of {len(corpus.entries):,} rows")
    if not entries:
        return
    event: Any = st.dataframe(
        listed(corpus, entries),
        hide_index=True,
        height=300,
        on_select="rerun",
        selection_mode="single-row",
        key="rows",
        column_config={"prompt": st.column_config.TextColumn("prompt", width="large"), "answer": "answer (chars)"},
    )
    chosen = event.selection.rows
    st.caption("Select a row to see the fields of its record, as typed; the first is shown otherwise.")
    _record(corpus, entries[chosen[0] if chosen and chosen[0] < len(entries) else 0])


def _filter(corpus: RowsOverview) -> Filter:
    numbers = _numbers(str(corpus.path), corpus.mark[1])
    suggestions = [
        (question, count["name"]) for question, counts in numbers["suggested"].items() for count in counts
    ]
    first, second, third, fourth = st.columns(4)
    language = first.selectbox("Language", _names(numbers["languages"]), index=None, placeholder="any")
    name = second.selectbox("Corpus", _names(numbers["corpora"]), index=None, placeholder="any", key="corpus")
    flag = third.selectbox("Flag", _names(numbers["flags"]), index=None, placeholder="any")
    category = fourth.selectbox("Category", _names(numbers["categories"]), index=None, placeholder="any")
    text = first.text_input("Words in prompt or response", key="words")
    longest = max(1, numbers["longest"])
    lengths = second.slider("Length of the prompt (characters)", 0, longest, (0, longest))
    suggested = third.selectbox(
        "Suggested", suggestions, index=None, placeholder="any", format_func=": ".join, key="suggested"
    )
    duplicates = fourth.checkbox("Only duplicates")
    return Filter(language, name, flag, category, lengths, duplicates, text, suggested)


def _names(counts: Counts) -> list[str]:
    return [count["name"] for count in counts]


def _record(corpus: RowsOverview, entry: IndexEntry) -> None:
    project = load_project(options().config).config
    with st.container(border=True):
        for field in corpus.as_annotators_see(entry, project):
            st.caption(field["title"])
            if "messages" in field:
                for message in field["messages"]:
                    with st.chat_message(message["role"]):
                        st.code(message["content"], language=None, wrap_lines=True)
            else:
                st.code(field["text"], language=None, wrap_lines=True)
        if entry.suggested:
            st.caption(
                "Suggested: " + ", ".join(f"{question} = **{answer}**" for question, answer in entry.suggested)
            )
        st.caption(f"row `{entry.id}`")
