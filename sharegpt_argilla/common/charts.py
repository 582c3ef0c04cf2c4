"""Small charts as inline SVG, and the style sheet that gives a page with them its colours and fonts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor

WIDTH = 640
LEFT = 190
"""Pixels for the names at the left."""
RIGHT = 120
"""Pixels for the numbers at the right."""
LINE = 24
TOP = 8
BOTTOM = 40
_PLOT = WIDTH - LEFT - RIGHT

# Blue and vermilion of Okabe and Ito's palette, which people with any colour vision tell apart.
STYLE = """
:root{color-scheme:light dark;--ink:#1b1b1b;--paper:#fff;--soft:#5b5b5b;--line:#d5d5d5;--bar:#0072b2;--dot:#d55e00}
@media(prefers-color-scheme:dark){:root{--ink:#ececec;--paper:#161616;--soft:#a8a8a8;--line:#3c3c3c;--bar:#56b4e9;
--dot:#e69f00}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:54rem;margin:2rem auto;
padding:0 1rem}
h2{border-top:1px solid var(--line);padding-top:1rem;margin-top:2rem}
p.note{color:var(--soft)}
svg{width:100%;height:auto;display:block;margin:.5rem 0}
svg text{font:12px system-ui,sans-serif;fill:var(--ink)}
svg .tick,svg .axis{fill:var(--soft)}
svg .grid{stroke:var(--line)}
svg .bar{fill:var(--bar)}
svg .dot{fill:var(--dot)}
svg .interval{stroke:var(--dot);stroke-width:3}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td.n{font-variant-numeric:tabular-nums;white-space:nowrap}
a{color:var(--bar)}
"""
"""Style sheet of a page with charts, light and dark."""


@dataclass(frozen=True)
class Bar:
    """One bar: a name, its length, and the text at its end."""

    name: str
    value: float
    text: str


@dataclass(frozen=True)
class Dot:
    """One estimate: a name, a value with its interval, and the text at the right; None draws nothing."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    text: str


def bar_chart(title: str, axis: str, bars: Sequence[Bar]) -> str:
    """Horizontal bars from 0, the longest name cut; ``axis`` names the scale below."""
    greatest = max((bar.value for bar in bars), default=0) or 1
    ticks = [(0.0, "0"), (greatest / 2, f"{greatest / 2:g}"), (greatest, f"{greatest:g}")]
    parts = []
    for place, bar in enumerate(bars):
        y = TOP + place * LINE
        width = max(1.0, bar.value / greatest * _PLOT) if bar.value else 0
        parts.append(_name(bar.name, y))
        parts.append(f'<rect class="bar" x="{LEFT}" y="{y + 4}" width="{width:.1f}" height="{LINE - 8}" rx="2"/>')
        parts.append(_text(bar.text, y))
    return _frame(title, axis, len(bars), [(value / greatest, text) for value, text in ticks], parts)


def dot_chart(title: str, axis: str, dots: Sequence[Dot]) -> str:
    """Estimates with their intervals on a scale from the least (at most 0) to 1."""
    least = min([0.0, *(end for dot in dots for end in (dot.low, dot.value) if end is not None)])
    least = max(-1.0, floor(least * 5) / 5)

    def share(value: float) -> float:
        return (max(value, least) - least) / (1 - least)

    parts = []
    for place, dot in enumerate(dots):
        y = TOP + place * LINE
        middle = y + LINE / 2
        parts.append(_name(dot.name, y))
        if dot.low is not None and dot.high is not None:
            ends = (LEFT + share(dot.low) * _PLOT, LEFT + share(dot.high) * _PLOT)
            parts.append(
                f'<line class="interval" x1="{ends[0]:.1f}" x2="{ends[1]:.1f}" y1="{middle}" y2="{middle}"/>'
            )
        if dot.value is not None:
            parts.append(f'<circle class="dot" cx="{LEFT + share(dot.value) * _PLOT:.1f}" cy="{middle}" r="5"/>')
        parts.append(_text(dot.text, y))
    ticks = sorted({least, 0.0, 0.5, 1.0})
    return _frame(title, axis, len(dots), [(share(tick), f"{tick:g}") for tick in ticks], parts)


def _frame(title: str, axis: str, lines: int, ticks: Sequence[tuple[float, str]], parts: Sequence[str]) -> str:
    bottom = TOP + lines * LINE
    grid = []
    for share, text in ticks:
        x = LEFT + share * _PLOT
        grid.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom}"/>')
        grid.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{escape(text)}</text>')
    label = (
        f'<text class="axis" x="{LEFT + _PLOT / 2}" y="{bottom + 32}" text-anchor="middle">{escape(axis)}</text>'
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {bottom + BOTTOM}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(grid)}{''.join(parts)}{label}</svg>"
    )


def _name(name: str, y: float) -> str:
    short = name if len(name) <= 26 else f"{name[:25]}…"
    return f'<text class="name" x="{LEFT - 8}" y="{y + 16}" text-anchor="end">{escape(short)}</text>'


def _text(text: str, y: float) -> str:
    return f'<text class="value" x="{WIDTH - RIGHT + 8}" y="{y + 16}">{escape(text)}</text>'
