"""HTML reports: the templates of ``sharegpt_argilla/templates``, filled in with every text escaped."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sharegpt_argilla.common.charts import svg


def render_html(template: str, **values: Any) -> str:
    """One HTML page that needs no network and runs no script.

    Args:
        template: name of a file in ``templates``; one that a template asks for and is not there raises.
        values: what the template speaks of; a chart is drawn by its filter ``svg``.
    """
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sharegpt_argilla"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # Vega has escaped the texts of a chart.
    environment.filters["svg"] = lambda chart: Markup(svg(chart))  # noqa: S704
    environment.filters["thousands"] = lambda count: f"{int(count):,}"
    return environment
