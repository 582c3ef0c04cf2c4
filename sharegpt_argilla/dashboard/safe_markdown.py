"""Texts of strangers as Markdown that runs nothing and loads nothing."""

from __future__ import annotations

import re

_FENCED = re.compile(r"(^```.*?^```[^\n]*$|`[^`\n]*`)", re.DOTALL | re.MULTILINE)
_IMAGE = re.compile(r"!(?=\[)")


def shown(text: str) -> str:
    """The text for ``st.markdown``, which never renders HTML unless it is told to.

    Images become links, so that looking at a row asks no stranger's server; what Streamlit adds to Markdown
    (formulas between dollar signs, ``:red[…]``, ``:material/…:``) stays as it was written. Code is left alone.
    """
    parts = _FENCED.split(text)
    return "".join(part if place % 2 else _plain(part) for place, part in enumerate(parts))


def _plain(text: str) -> str:
    text = _IMAGE.sub("", text).replace("$", "\\$")
    return re.sub(r":(?=[a-z_-]+(\[|/|:))", "\\:", text)
