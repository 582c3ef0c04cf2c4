"""A study design as a self-contained HTML page with a chart."""

from __future__ import annotations

from dataclasses import asdict

from sharegpt_argilla.responses.study_design import Study, StudyDesign, name_of


def design_page(study: Study, design: StudyDesign) -> str:
    """The page: every option in a table, and accuracy over answers as a chart."""
    from sharegpt_argilla.common.charts import trade_off  # noqa: PLC0415 - Altair takes half a second
    from sharegpt_argilla.common.html_pages import render_html  # noqa: PLC0415

    points = [{"plan": name_of(option), **asdict(option)} for option in design.options]
    chart = trade_off(points, "plan", "answers", "accuracy", ("answers", "records whose label is right"))
    return render_html("design.html.j2", study=study, design=design, chart=chart, name=name_of)
