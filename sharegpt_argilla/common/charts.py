"""Builders of the charts on the dashboard and in HTML reports: named axes, units, counts.

The only importer of Altair; it takes half a second to import, so callers outside the dashboard import this
module where they draw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from io import StringIO
from typing import Any

import altair as alt

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_MIDNIGHT = time(tzinfo=UTC)

STEPS = (
    *(_MINUTE * count for count in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * count for count in (1, 2, 3, 6, 12)),
    *(_DAY * count for count in (1, 2, 4, 7, 14, 28, 91, 182, 364)),
)

TICKS = 5
"""At most, so that the dates fit next to each other on a phone."""


def time_ticks(times: Sequence[str]) -> tuple[list[datetime], str, str]:
    """Ticks in UTC, their d3-time-format, and the zone or day for the title of the axis.

    Points that are days, all of them at midnight, have ticks on whole days only.

    Args:
        times: of all points, ISO 8601; without a zone they are UTC.
    """
    moments = sorted({_utc(one) for one in times})
    if not moments:
        return [], "%H:%M", "UTC"
    first, last, days = moments[0], moments[-1], _are_days(times)
    steps = [step for step in STEPS if step >= _DAY] if days else STEPS
    step = next((step for step in steps if (last - first) / step < TICKS), steps[-1])
    start = datetime(1970, 1, 1, tzinfo=UTC)
    count = -(-(first - start) // step)
    ticks = []
    while start + count * step <= last:
        ticks.append(start + count * step)
        count += 1
    # A few seconds, or one moment, have no whole minute in them.
    ticks = ticks or [first]
    if step >= _DAY and (days or len(ticks) > 1):
        return ticks, "%d %b" if step < _DAY * 182 else "%b %Y", "UTC"
    if first.date() == last.date():
        return ticks, "%H:%M", f"UTC, {first:%d %b %Y}"
    return ticks, "%d %b %H:%M", "UTC"


def _are_days(times: Sequence[str]) -> bool:
    return bool(times) and all(_utc(one).timetz() == _MIDNIGHT for one in times)


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


Chart = alt.Chart | alt.LayerChart

LIGHT: Mapping[str, Any] = {
    "text": {"color": "#333333"},
    "bar": {"color": "#0072B2"},
    "range": {"category": PALETTE},
}
"""Vega-Lite configuration of a chart on a light ground."""

DARK: Mapping[str, Any] = {
    "text": {"color": "#E6E6E6"},
    "bar": {"color": "#56B4E9"},
    # The dark blue stands out from dark ground least, so it comes later there.
    "range": {"category": [PALETTE[index] for index in (4, 1, 2, 3, 0, 5, 6, 7)]},
}
"""The same on a dark ground."""

_AXIS = {
    "labelColor": "var(--soft)",
    "titleColor": "var(--soft)",
    "gridColor": "var(--line)",
    "domainColor": "var(--line)",
    "tickColor": "var(--line)",
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
}
_REPORT: Mapping[str, Any] = {
    "aria": False,
    "background": "transparent",
    # Of one width on every system, and known to the renderer, which makes room for the names by it.
    "font": "Arial, Helvetica, 'Liberation Sans', sans-serif",
    "view": {"stroke": None},
    "axis": _AXIS,
    "axisY": {"labelColor": "var(--ink)", "labelPadding": 8, "grid": False, "ticks": False, "domain": False},
    "text": {"color": "var(--ink)", "fontSize": 12},
    "bar": {"color": "var(--bar)"},
}
_REPORT_WIDTH = 520
"""Pixels: wide enough for a column of names, and its texts are still read when a phone shows it at 360."""


def svg(chart: Chart) -> str:
    """A chart as static SVG without script or reference, in the colours of templates/page.html.j2."""
    file = StringIO()
    fitted = chart.properties(width=_REPORT_WIDTH, autosize=alt.AutoSizeParams(type="fit", contains="padding"))
    fitted.configure(**_REPORT).save(file, format="svg")
    return file.getvalue()


def bars(points: Points, answer: str, count: str, axis: str, unit: str) -> alt.LayerChart:
    """Horizontal bars in the order of the points, with counts and shares at their ends.

    Args:
        points: each with ``answer``, ``count``, and ``share`` from 0 to 1 or, in its place, a ``label`` to show.
        answer: key of the name of a bar.
        count: key of its length.
        axis: title of the axis of names; ``""`` for none.
        unit: title of the axis of counts.
    """
    shown = [{"label": f"{point[count]:,} ({point.get('share', 0):.0%})", **point} for point in points]
    most = max((point[count] for point in points), default=0)
    ticks = alt.Axis(labelLimit=150, titleAngle=-90)
    names = alt.Y(f"{answer}:N", sort=None, title=axis or None, axis=ticks)
    base = alt.Chart(alt.Data(values=shown)).encode(
        y=names,
        x=alt.X(
            f"{count}:Q",
            stack=False,
            title=unit,
            scale=alt.Scale(domain=[0, max(1, most) * 1.3], nice=False),
            axis=alt.Axis(tickMinStep=1, format=",d", tickCount=5),
        ),
        tooltip=[
            alt.Tooltip(f"{answer}:N", title=axis or answer),
            alt.Tooltip(f"{count}:Q", title=unit, format=","),
        ],
    )
    text = base.mark_text(align="left", dx=4).encode(text="label:N")
    return (base.mark_bar(cornerRadiusEnd=2) + text).properties(height=max(2, len(shown)) * _BAR + _AROUND)


def lengths(points: Points, name: str, value: str, axes: tuple[str, str]) -> alt.LayerChart:
    """Horizontal bars of a number that is no count, with it and the ``responses`` behind it at their ends.

    ``axes`` are the titles of names and numbers.
    """
    shown = [{**point, "label": f"{point[value]:,.1f} (n={point['responses']:,})"} for point in points]
    most = max((point[value] for point in points), default=0)
    base = alt.Chart(alt.Data(values=shown)).encode(
        y=alt.Y(f"{name}:N", sort=None, title=axes[0], axis=alt.Axis(labelLimit=150, titleAngle=-90)),
        x=alt.X(
            f"{value}:Q",
            stack=False,
            title=axes[1],
            scale=alt.Scale(domain=[0, max(1, most) * 1.4], nice=False),
            axis=alt.Axis(tickCount=5),
        ),
        tooltip=[alt.Tooltip(f"{name}:N", title=axes[0]), alt.Tooltip("label:N", title=axes[1])],
    )
    text = base.mark_text(align="left", dx=4).encode(text="label:N")
    return (base.mark_bar(cornerRadiusEnd=2) + text).properties(height=max(2, len(shown)) * _BAR + _AROUND)


def histogram(points: Points, value: str, count: str, axis: str, unit: str) -> alt.LayerChart:
    """Upright bars over a scale, with counts and shares above them."""
    shown = [{**point, "label": f"{point[count]:,}", "percent": f"{point['share']:.0%}"} for point in points]
    most = max((point[count] for point in points), default=0)
    base = alt.Chart(alt.Data(values=shown)).encode(
        x=alt.X(f"{value}:N", sort=None, title=axis, axis=alt.Axis(labelAngle=0)),
        y=alt.Y(
            f"{count}:Q",
            stack=False,
            title=unit,
            scale=alt.Scale(domain=[0, max(1, most) * 1.25], nice=False),
            axis=alt.Axis(tickMinStep=1, format=",d", tickCount=5),
        ),
        tooltip=[alt.Tooltip(f"{value}:N", title=axis), alt.Tooltip(f"{count}:Q", title=unit, format=",")],
    )
    counts = base.mark_text(dy=-18, fontWeight="bold").encode(text="label:N")
    shares = base.mark_text(dy=-6, fontSize=10).encode(text="percent:N")
    return (base.mark_bar(cornerRadiusEnd=2) + counts + shares).properties(height=260)


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
        encoded["color"] = alt.Color(f"{who}:N", title=None, legend=_legend())
        encoded["tooltip"] = [alt.Tooltip(f"{who}:N", title="person"), *encoded["tooltip"]]
    chart = alt.Chart(alt.Data(values=list(points)))
    return chart.mark_bar().encode(**encoded).properties(height=300)


def lines(points: Points, at: str, value: str, who: str, axes: tuple[str, str]) -> alt.Chart:
    """A line with points for each ``who``; ``axes`` are the titles of time, without its zone, and value."""
    moments, written, zone = time_ticks([point[at] for point in points])
    values = [
        alt.DateTime(
            year=moment.year,
            month=moment.month,
            date=moment.day,
            hours=moment.hour,
            minutes=moment.minute,
            seconds=moment.second,
            utc=True,
        )
        for moment in moments
    ]
    title = f"{axes[0]} ({zone})"
    exact = "%Y-%m-%d" if _are_days([point[at] for point in points]) else "%Y-%m-%d %H:%M"
    ticks = alt.Axis(values=values, format=written, labelOverlap=True)
    return (
        alt.Chart(alt.Data(values=list(points)))
        .mark_line(point=alt.OverlayMarkDef(size=36), strokeWidth=2)
        .encode(
            x=alt.X(f"{at}:T", title=title, scale=alt.Scale(type="utc"), axis=ticks),
            y=alt.Y(f"{value}:Q", title=axes[1], axis=alt.Axis(tickCount=5)),
            color=alt.Color(f"{who}:N", title=None, legend=_legend()),
            shape=alt.Shape(f"{who}:N", title=None, legend=_legend()),
            tooltip=[
                alt.Tooltip(f"{who}:N", title=" "),
                alt.Tooltip(f"{at}:T", title=axes[0], format=exact),
                alt.Tooltip(f"{value}:Q", title=axes[1], format=",.4~f"),
            ],
        )
        .properties(height=300)
    )


def trade_off(points: Points, name: str, x: str, y: str, axes: tuple[str, str]) -> alt.LayerChart:
    """A named dot for each point: what is paid to the right, what it gives upwards. ``y`` is a share."""
    base = alt.Chart(alt.Data(values=list(points))).encode(
        x=alt.X(f"{x}:Q", title=axes[0], scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5)),
        y=alt.Y(f"{y}:Q", title=axes[1], scale=alt.Scale(zero=False, padding=20), axis=alt.Axis(format=".0%")),
        tooltip=[alt.Tooltip(f"{name}:N", title=" "), alt.Tooltip(f"{x}:Q"), alt.Tooltip(f"{y}:Q", format=".1%")],
    )
    dots = base.mark_point(color=PALETTE[5], filled=True, size=90, opacity=1)
    return (dots + base.mark_text(align="left", dx=8).encode(text=f"{name}:N")).properties(height=300)


def intervals(points: Points, name: str, axis: str, unit: str) -> alt.LayerChart:
    """A dot with its interval for each point: ``value``, ``low``, ``high``, ``items``; None is not drawn."""
    # A key of its own: "label" is the name of a point where the points are labels.
    shown = [{**point, "estimate": _estimate(point)} for point in points]
    ends = (point["value"] if point["low"] is None else point["low"] for point in points)
    least = min([0.0, *(end for end in ends if end is not None)])
    low = max(-1.0, -0.25 * -(-least // -0.25)) if least else 0.0
    values = [step / 4 for step in range(-4, 5) if step / 4 >= low]
    # Those without a value are in the text's layer only, and would come last.
    order = alt.Scale(domain=list(dict.fromkeys(str(point[name]) for point in points)))
    names = alt.Y(f"{name}:N", sort=None, title=axis or None, scale=order, axis=alt.Axis(labelLimit=150))
    tooltip = [alt.Tooltip(f"{name}:N", title=axis or name), alt.Tooltip("estimate:N", title=unit)]
    base = alt.Chart(alt.Data(values=shown)).encode(y=names, tooltip=tooltip)
    defined = base.transform_filter("isValid(datum.value)")
    scale, ticks = alt.Scale(domain=[low, 1], nice=False), alt.Axis(values=values, format=".2~f")
    span = (
        defined.transform_filter("isValid(datum.low)")
        .mark_rule(color=PALETTE[1], strokeWidth=3)
        .encode(x=alt.X("low:Q", title=unit, scale=scale, axis=ticks), x2="high:Q")
    )
    dots = defined.mark_point(color=PALETTE[5], filled=True, size=90, opacity=1).encode(x="value:Q")
    text = base.mark_text(align="left", dx=4, dy=-14).encode(x=alt.datum(low), text="estimate:N")
    return (span + dots + text).properties(height=len(shown) * _ESTIMATE + _AROUND)


def reliability(points: Points) -> alt.LayerChart:
    """A reliability diagram: the share that is right over the probability that was said, next to the diagonal.

    Args:
        points: each with ``said``, ``right``, the ends ``low`` and ``high`` of its interval, and ``n``.
    """
    scale, ticks = alt.Scale(domain=[0, 1], nice=False), alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".2~f")
    x = alt.X("said:Q", title="probability that was said", scale=scale, axis=ticks)
    right = alt.Y("right:Q", title="share that is right", scale=scale, axis=ticks)
    ends = alt.Data(values=[{"said": 0, "right": 0}, {"said": 1, "right": 1}])
    diagonal = alt.Chart(ends).mark_line(color=PALETTE[1], strokeDash=[4, 4]).encode(x=x, y=right)
    base = alt.Chart(alt.Data(values=points)).encode(x=x)
    spans = base.mark_rule(color=PALETTE[1], strokeWidth=3).encode(y=alt.Y("low:Q", scale=scale), y2="high:Q")
    dots = base.mark_point(color=PALETTE[5], filled=True, size=90, opacity=1).encode(y=right)
    counts = base.mark_text(align="left", dx=8, dy=10).encode(y=right, text="n:Q")
    return (diagonal + spans + dots + counts).properties(height=_REPORT_WIDTH)


def _estimate(point: Mapping[str, Any]) -> str:
    value = "not defined" if point["value"] is None else f"{point['value']:.2f}"
    span = "" if point["low"] is None else f" [{point['low']:.2f}, {point['high']:.2f}]"
    return f"{value}{span} n={point['items']:,}"


def _legend() -> alt.Legend:
    return alt.Legend(orient="top", columns=4, labelLimit=140)
