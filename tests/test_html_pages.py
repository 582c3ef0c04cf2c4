"""HTML reports: every text is escaped, nothing is loaded, and a chart shows its numbers."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from sharegpt_argilla.common.charts import DARK, LIGHT, bars, histogram, intervals, lines, svg
from sharegpt_argilla.common.html_pages import render_html
from sharegpt_argilla.curation.curation_report import render_page as curation_page
from sharegpt_argilla.responses.agreement_page import render_page as agreement_page

HOSTILE = """<script>alert("1")</script>{{ 7 * 7 }}{% raw %}</title>'"><img src=x onerror=alert(2)> &amp;"""
ESTIMATE = {"value": 0.5, "low": 0.25, "high": 0.75, "items": 4}
NO_ESTIMATE = {"value": None, "low": None, "high": None, "items": 0}


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def curation_report(text: str) -> dict:
    check = {
        "message": text,
        "severity": text,
        "precision": 0.5,
        "judged": 2,
        "unseen": True,
        "may_drop": "no",
        "drops": False,
        "fixes": False,
        "flagged": 1,
        "fixed": 0,
        "dropped": 0,
        "examples": [{"id": text, "words": text}, {"id": text}],
    }
    silent = {**check, "flagged": 0, "examples": []}
    counts = {"rows": 1, "written": 1, "dropped": 0, "later_turns": 1, "rejected": 0}
    return {**counts, "languages": {text: 1}, "checks": {text: check, f"{text} silent": silent}}


def agreement_report(text: str) -> dict:
    question = {
        "title": text,
        "metric": text,
        "answers": 2,
        "items": 2,
        "alpha": ESTIMATE,
        "percent_agreement": NO_ESTIMATE,
        "distribution": {text: 2},
        "outside_scale": {text: 1},
        "labels": {text: ESTIMATE},
        "pairs": [{"annotators": [text, "ben"], "kappa": ESTIMATE}],
        "people": [{"annotator": text, "kappa": NO_ESTIMATE, "difference": ESTIMATE}],
        "gold": [{"annotator": text, "right": 1, "answers": 2, "accuracy": ESTIMATE}],
        "suggestions": [
            {
                "agent": text,
                "kept": 1,
                "changed": 1,
                "answers": 2,
                "share": ESTIMATE,
                "kappa": ESTIMATE,
                "confusion": {text: {text: 2}},
            }
        ],
    }
    settled = {"rows": 2, "settled": 1, "mean": 0.9, "distribution": {text: 2}}
    pace = {"estimated": {"median_seconds": 2.5, "gaps": 3}, "measured": {"median_seconds": None, "responses": 0}}
    disputed = {
        "id": text,
        "status": "pending",
        "disagreement": 1,
        "prompt": text,
        "answers": {text: {text: [text], "ben": text}},
    }
    return {
        "rows": 2,
        "annotated": 2,
        "annotators": 2,
        "responses": {"submitted": 2, "draft": 0, "discarded": 0},
        "method": {"resamples": 1000, "idle_seconds": 900.0},
        "questions": {text: question},
        "pace": [{"annotator": text, "submitted": 2, **pace}],
        "abilities": {text: [{"annotator": text, "ability": 0.5, "low": 0.3, "high": 0.8, "answers": 2}]},
        "confused": {text: [{"right": text, "given": text, "expected": 2.0}]},
        "unclear": [
            {"question": text, "id": text, "status": "pending", "prompt": text, "many": text, "able": text}
        ],
        "confidence": {text: settled},
        "agents": [text],
        "costs": [
            {"agent": text, "rows": 2, "uncounted": 1, "tokens_in": 200, "tokens_out": 20, "cost": 0.5}
            | {"answers": 2, "agreed": 1, "tokens_per_agreed": 220.0, "cost_per_agreed": None}
        ],
        "least_sure": [
            {"id": text, "status": "pending", "question": text, "confidence": 0.5},
            {"id": text, "status": "pending", "question": text, "confidence": 0.6},
        ],
        "disputed": [disputed, {**disputed, "prompt": "", "url": f"http://127.0.0.1/?{text}"}],
    }


def test_a_link_that_is_empty_for_many_readers_says_so() -> None:
    """Argilla shows a completed record only to those who answered it."""
    report = agreement_report("a")
    _, linked = report["disputed"]
    assert "who did not answer it" not in agreement_page(report)
    linked["status"] = "completed"
    assert agreement_page(report).count("(completed: the page is empty for those who did not answer it)") == 1


@pytest.mark.parametrize(
    ("render", "report"), [(curation_page, curation_report), (agreement_page, agreement_report)]
)
def test_a_hostile_text_is_shown_and_does_nothing(render, report) -> None:
    source = render(report(HOSTILE))
    page = Page(source)
    assert not page.tags & {"script", "img", "iframe", "link", "object"}
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "xlink:href")]
    assert HOSTILE in page.text
    assert "49" not in page.text
    assert "url(" not in source
    assert [value for name, value in page.attributes if name == "href"] == (
        [f"http://127.0.0.1/?{HOSTILE}"] if render is agreement_page else []
    )


@pytest.mark.parametrize(
    ("render", "report", "key"),
    [(curation_page, curation_report, "rejected"), (agreement_page, agreement_report, "pace")],
)
def test_a_page_with_a_hole_is_not_written(render, report, key) -> None:
    whole = report("a")
    del whole[key]
    with pytest.raises(UndefinedError, match=key):
        render(whole)


def test_values_that_a_template_wants_must_be_there() -> None:
    with pytest.raises(UndefinedError, match="report"):
        render_html("curation.html.j2")


def test_a_page_follows_the_theme_of_its_reader() -> None:
    source = curation_page(curation_report("a"))
    assert "prefers-color-scheme:dark" in source
    drawn = "".join(re.findall(r"<svg.*?</svg>", source, re.DOTALL))
    assert "var(--bar)" in drawn
    # No colour of a theme that is not the reader's: white, black, grey.
    assert not re.findall(r'"(?:white|black|#000|#888|#ddd|#333333)"', drawn)


POINTS = [
    {"name": "below", "value": -0.05, "low": -0.28, "high": 0.2, "items": 7},
    {"name": "exact", "value": 0.5, "low": None, "high": None, "items": 3},
    {"name": "none", "value": None, "low": None, "high": None, "items": 0},
]


def places(tag: str, drawn: str) -> list[float]:
    """Horizontal offsets of the marks of one kind, within the plot."""
    group = re.search(rf'<g class="mark-{tag} role-mark[^>]*>(.*?)</g>', drawn, re.DOTALL)
    assert group
    return [float(x) for x in re.findall(r"translate\(([0-9.]+),", group[1])]


def test_estimates_lie_on_their_scale() -> None:
    drawn = svg(intervals(POINTS, "name", "", "alpha"))
    grid = re.search(r"role-axis-grid.*?</g>", drawn, re.DOTALL)
    assert grid
    lines = [float(x) for x in re.findall(r"translate\(([0-9.]+),", grid[0])]
    ticks = [float(text.replace("−", "-")) for text in re.findall(r">([−0-9.]+)</text>", drawn)]
    assert ticks == [-0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]
    at = dict(zip(ticks, lines, strict=True))
    below, exact = places("symbol", drawn)
    assert at[-0.25] < below < at[0]
    assert exact == pytest.approx(at[0.5], abs=0.5)
    assert places("rule", drawn)[0] == pytest.approx(at[-0.5] + 0.22 / 1.5 * (at[1] - at[-0.5]), abs=0.5)


def test_estimates_keep_their_order_and_say_what_is_not_defined() -> None:
    drawn = svg(intervals([POINTS[2], *POINTS[:2]], "name", "", "alpha"))
    names = [text for text in re.findall(r">([^<>]+)</text>", drawn) if text in ("below", "exact", "none")]
    assert names == ["none", "below", "exact"]
    for label in ("not defined n=0", "-0.05 [-0.28, 0.20] n=7", "0.50 n=3"):
        assert f">{label}</text>" in drawn


def test_bars_are_as_long_as_their_counts() -> None:
    points = [{"name": "a", "count": 30, "share": 0.75}, {"name": "b", "count": 10, "label": "ten"}]
    drawn = svg(bars(points, "name", "count", "", "rows"))
    group = re.search(r'<g class="mark-rect role-mark.*?</g>', drawn, re.DOTALL)
    assert group
    paths = re.findall(r'd="([^"]+)"', group[0])
    longest, shortest = (max(float(x) for x in re.findall(r"[ML]?([0-9.]+),", path)) for path in paths)
    assert longest / shortest == pytest.approx(3, abs=0.01)
    assert ">30 (75%)</text>" in drawn
    assert ">ten</text>" in drawn


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_a_theme_of_the_dashboard_fits_every_chart(colours) -> None:
    points = [{"name": "a", "count": 1, "responses": 1, "share": 1, "at": "2026-05-01T10:00:00"}]
    for chart in (
        bars(points, "name", "count", "name", "rows"),
        histogram(points, "name", "count", "name", "rows"),
        lines(points, "at", "count", "name", ("time", "rows")),
        intervals(POINTS, "name", "name", "alpha"),
    ):
        config = chart.configure(**colours).to_dict()["config"]
        assert config["range"]["category"] == colours["range"]["category"]
