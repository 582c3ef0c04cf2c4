"""Untrusted texts as Markdown that runs nothing and loads nothing."""

from __future__ import annotations

import re

_FENCED = re.compile(r"(^```.*?^```[^\n]*$|`[^`\n]*`)", re.DOTALL | re.MULTILINE)
_IMAGE = re.compile(r"!(?=\[)")


def shown(text: str) -> str:
    """The text for ``st.markdown``, which never renders HTML unless it is told to.

    Images become links, so that showing a row sends no request to a foreign server. Streamlit's additions
    (formulas between dollar signs, ``:red[…]``, ``:material/…:``) are shown as written; code is unchanged.
    """
    parts = _FENCED.split(text)
    return "".join(part if index % 2 else _plain(part) for index, part in enumerate(parts))


def _plain(text: str) -> str:
    text = _IMAGE.sub("", text).replace("$", "\\$")
    return re.sub(r":(?=[a-z_-]+(\[|/|:))", "\\:", text)
