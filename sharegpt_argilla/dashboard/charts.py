"""Charts that can be read: named axes, units, counts, and colours that everybody tells apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import altair as alt
import streamlit as st

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

STEPS = (
    *(_MINUTE * count for count in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * count for count in (1, 2, 3, 6, 12)),
    *(_DAY * count for count in (1, 2, 4, 7, 14, 28, 91, 182, 364)),
)

TICKS = 5
"""At most, so that the dates stand beside one another on a phone."""


def time_ticks(times: Sequence[str]) -> tuple[list[datetime], str, str]:
    """Where ticks stand, in UTC, how d3-time-format writes them, and what the axis says then.

    Args:
        times: of all points, ISO 8601; without a zone they are UTC.
    """
    moments = sorted({_utc(one) for one in times})
    if not moments:
        return [], "%H:%M", "UTC"
    first, last = moments[0], moments[-1]
    step = next((one for one in STEPS if (last - first) / one < TICKS), STEPS[-1])
    start = datetime(1970, 1, 1, tzinfo=UTC)
    place = -(-(first - start) // step)
    ticks = []
    while start + place * step <= last:
        ticks.append(start + place * step)
        place += 1
    # A few seconds, or one moment, have no whole minute in them.
    ticks = ticks or [first]
    if step >= _DAY and len(ticks) > 1:
        return ticks, "%d %b" if step < _DAY * 182 else "%b %Y", "UTC"
    if first.date() == last.date():
        return ticks, "%H:%M", f"UTC, {first:%d %b %Y}"
    return ticks, "%d %b %H:%M", "UTC"


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


Points = Sequence[Mapping[str, Any]]

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), black left out: it is lost on dark ground.
PALETTE = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C8C8C", "#F0E442"]

_BAR, _ESTIMATE = 28, 46
"""Pixels of height for each bar, and for each estimate with its text."""

_AROUND = 80
"""Pixels that the axis below a chart takes of its height."""


def main_colour() -> str:
    """The blue that stands out from the ground."""
    return "#56B4E9" if st.context.theme.type == "dark" else "#0072B2"


def bars(points: Points, answer: str, count: str, axis: str, unit: str) -> alt.LayerChart:
    """Horizontal bars in the order of the points, with count and share at their ends.

    Args:
        points: each with ``answer``, ``count``, and ``share`` from 0 to 1.
        answer: key of the name of a bar.
        count: key of its length.
        axis: title of the axis of names.
        unit: title of the axis of counts.
    """
    shown = [{**one, "label": f"{one[count]:,} ({one['share']:.0%})"} for one in points]
    most = max((one[count] for one in points), default=0)
    names = alt.Y(f"{answer}:N", sort=None, title=axis, axis=alt.Axis(labelLimit=150, titleAngle=-90))
    base = alt.Chart(alt.Data(values=shown)).encode(
        y=names,
        x=alt.X(
            f"{count}:Q",
            title=unit,
            scale=alt.Scale(domain=[0, max(1, most) * 1.3], nice=False),
            axis=alt.Axis(tickMinStep=1, format=",d", tickCount=5),
        ),
        tooltip=[alt.Tooltip(f"{answer}:N", title=axis), alt.Tooltip(f"{count}:Q", title=unit, format=",")],
    )
    text = base.mark_text(align="left", dx=4, color=_ink()).encode(text="label:N")
    return (base.mark_bar(color=main_colour(), cornerRadiusEnd=2) + text).properties(
        height=max(2, len(shown)) * _BAR + _AROUND
    )


def lengths(points: Points, name: str, value: str, axes: tuple[str, str]) -> alt.LayerChart:
    """Horizontal bars of a number that is no count, with it and the ``responses`` behind it at their ends.

    ``axes`` are the titles of names and numbers.
    """
    shown = [{**one, "label": f"{one[value]:,.1f} (n={one['responses']:,})"} for one in points]
    most = max((one[value] for one in points), default=0)
    base = alt.Chart(alt.Data(values=shown)).encode(
        y=alt.Y(f"{name}:N", sort=None, title=axes[0], axis=alt.Axis(labelLimit=150, titleAngle=-90)),
        x=alt.X(
            f"{value}:Q",
            title=axes[1],
            scale=alt.Scale(domain=[0, max(1, most) * 1.4], nice=False),
            axis=alt.Axis(tickCount=5),
        ),
        tooltip=[alt.Tooltip(f"{name}:N", title=axes[0]), alt.Tooltip("label:N", title=axes[1])],
    )
    text = base.mark_text(align="left", dx=4, color=_ink()).encode(text="label:N")
    return (base.mark_bar(color=main_colour(), cornerRadiusEnd=2) + text).properties(
        height=max(2, len(shown)) * _BAR + _AROUND
    )


def histogram(points: Points, value: str, count: str, axis: str, unit: str) -> alt.LayerChart:
    """Upright bars over a scale, with counts and shares above them."""
    shown = [{**one, "label": f"{one[count]:,}", "percent": f"{one['share']:.0%}"} for one in points]
    most = max((one[count] for one in points), default=0)
    base = alt.Chart(alt.Data(values=shown)).encode(
        x=alt.X(f"{value}:N", sort=None, title=axis, axis=alt.Axis(labelAngle=0)),
        y=alt.Y(
            f"{count}:Q",
            title=unit,
            scale=alt.Scale(domain=[0, max(1, most) * 1.25], nice=False),
            axis=alt.Axis(tickMinStep=1, format=",d", tickCount=5),
        ),
        tooltip=[alt.Tooltip(f"{value}:N", title=axis), alt.Tooltip(f"{count}:Q", title=unit, format=",")],
    )
    counts = base.mark_text(dy=-18, color=_ink(), fontWeight="bold").encode(text="label:N")
    shares = base.mark_text(dy=-6, color=_ink(), fontSize=10).encode(text="percent:N")
    return (base.mark_bar(color=main_colour(), cornerRadiusEnd=2) + counts + shares).properties(height=260)


def days(points: Points, every: Sequence[str], who: str | None, unit: str) -> alt.Chart:
    """Stacked bars, one a day; by person where ``who`` names the key of it. ``every`` are the days of the axis."""
    encoded: dict[str, Any] = {
        "x": alt.X(
            "day:O",
            title="day (UTC)",
            scale=alt.Scale(domain=list(every)),
            axis=alt.Axis(labelExpr="utcFormat(toDate(datum.value), '%d %b')", labelAngle=0, labelOverlap=True),
        ),
        "y": alt.Y("sum(responses):Q", title=unit, axis=alt.Axis(tickMinStep=1, format=",d", tickCount=5)),
        "tooltip": [
            alt.Tooltip("day:O", title="day (UTC)"),
            alt.Tooltip("sum(responses):Q", title=unit, format=","),
        ],
    }
    if who:
        encoded["color"] = alt.Color(f"{who}:N", title=None, scale=_colours(points, who), legend=_legend())
        encoded["tooltip"] = [alt.Tooltip(f"{who}:N", title="person"), *encoded["tooltip"]]
    chart = alt.Chart(alt.Data(values=list(points)))
    drawn = chart.mark_bar() if who else chart.mark_bar(color=main_colour())
    return drawn.encode(**encoded).properties(height=300)


def lines(points: Points, at: str, value: str, who: str, axes: tuple[str, str]) -> alt.Chart:
    """A line with points for each ``who``; ``axes`` are the titles of time, without its zone, and value."""
    moments, written, zone = time_ticks([one[at] for one in points])
    values = [
        alt.DateTime(
            year=one.year,
            month=one.month,
            date=one.day,
            hours=one.hour,
            minutes=one.minute,
            seconds=one.second,
            utc=True,
        )
        for one in moments
    ]
    title = f"{axes[0]} ({zone})"
    ticks = alt.Axis(values=values, format=written, labelOverlap=True)
    return (
        alt.Chart(alt.Data(values=list(points)))
        .mark_line(point=alt.OverlayMarkDef(size=36), strokeWidth=2)
        .encode(
            x=alt.X(f"{at}:T", title=title, scale=alt.Scale(type="utc"), axis=ticks),
            y=alt.Y(f"{value}:Q", title=axes[1], axis=alt.Axis(tickCount=5)),
            color=alt.Color(f"{who}:N", title=None, scale=_colours(points, who), legend=_legend()),
            shape=alt.Shape(f"{who}:N", title=None, legend=_legend()),
            tooltip=[
                alt.Tooltip(f"{who}:N", title=" "),
                alt.Tooltip(f"{at}:T", title=axes[0], format="%Y-%m-%d %H:%M"),
                alt.Tooltip(f"{value}:Q", title=axes[1], format=",.4~f"),
            ],
        )
        .properties(height=300)
    )


def intervals(points: Points, name: str, axis: str, unit: str) -> alt.LayerChart:
    """A dot with its interval for each point: ``value``, ``low``, ``high``, ``items``; undefined ones say so."""
    shown = [{**one, "label": _estimate(one)} for one in points]
    least = min([0.0, *(one["low"] for one in points if one["low"] is not None)])
    low = max(-1.0, -0.25 * -(-least // -0.25)) if least else 0.0
    values = [step / 4 for step in range(-4, 5) if step / 4 >= low]
    names = alt.Y(f"{name}:N", sort=None, title=axis, axis=alt.Axis(labelLimit=150))
    tooltip = [alt.Tooltip(f"{name}:N", title=axis), alt.Tooltip("label:N", title=unit)]
    base = alt.Chart(alt.Data(values=shown)).encode(y=names, tooltip=tooltip)
    known = base.transform_filter("isValid(datum.value)")
    scale, ticks = alt.Scale(domain=[low, 1], nice=False), alt.Axis(values=values, format=".2~f")
    span = known.mark_rule(color=PALETTE[1], strokeWidth=3).encode(
        x=alt.X("low:Q", title=unit, scale=scale, axis=ticks), x2="high:Q"
    )
    dots = known.mark_point(color=PALETTE[5], filled=True, size=90, opacity=1).encode(x="value:Q")
    text = base.mark_text(align="left", dy=-14, color=_ink()).encode(x=alt.datum(low), text="label:N")
    return (span + dots + text).properties(height=len(shown) * _ESTIMATE + _AROUND)


def show(chart: alt.Chart | alt.LayerChart, says: str) -> None:
    """Draw a chart; ``says`` is its text for those who cannot see it."""
    st.altair_chart(chart, width="stretch", alt=says)


def _estimate(one: Mapping[str, Any]) -> str:
    value = "not defined" if one["value"] is None else f"{one['value']:.2f}"
    span = "" if one["low"] is None else f" [{one['low']:.2f}, {one['high']:.2f}]"
    return f"{value}{span} n={one['items']:,}"


def _colours(points: Points, who: str) -> alt.Scale:
    names = sorted({str(one[who]) for one in points})
    # The dark blue stands out from dark ground least, so it comes later there.
    order = [4, 1, 2, 3, 0, 5, 6, 7] if st.context.theme.type == "dark" else range(len(PALETTE))
    return alt.Scale(domain=names, range=[PALETTE[place] for place in order][: max(1, len(names))])


def _legend() -> alt.Legend:
    return alt.Legend(orient="top", columns=4, labelLimit=140)


def _ink() -> str:
    return "#E6E6E6" if st.context.theme.type == "dark" else "#333333"
