"""Which adapter a file is for, by what is in it.

Every member of the table is asked whether the first records have its outline; more than half must, for real files
begin with a damaged record now and then. Of several that fit,

- one that knows its records by what they say (``Typical``) goes first: ``zetavg`` by its ``markdown``,
  ``ryokoai`` by HTML answers, ``common_zh`` and ``common_en`` by the script of their texts;
- else the table's order decides. ``vicuna`` and ``gpt4`` share one layout, and ``vicuna`` is chosen: it also puts
  split conversations together, and leaves alone what is not split.
"""

from __future__ import annotations

from collections.abc import Sequence

from sharegpt_argilla.corpora.base import Corpus, Typical
from sharegpt_argilla.corpora.table import CORPORA
from sharegpt_argilla.errors import InputError


def detect(values: Sequence[object]) -> str:
    """The name of the adapter that fits the first records of a file.

    Args:
        values: JSON values, rows of a table as objects, or blocks of text as ``str``; a few dozen are enough.

    Raises:
        InputError: there are none, or no adapter fits; the text lists the names.
    """
    if not values:
        raise InputError("no record to tell the corpus by; name one with -m")
    fitting = [corpus for corpus in CORPORA.values() if _fits(corpus, values)]
    if not fitting:
        raise InputError(f"no known corpus looks like this; name one with -m: {', '.join(sorted(CORPORA))}")
    return min(fitting, key=lambda corpus: not isinstance(corpus, Typical)).name


def known(values: Sequence[object]) -> list[object]:
    """The values that some adapter takes for a record of its corpus."""
    return [value for value in values if any(corpus.is_record(value) for corpus in CORPORA.values())]


def _fits(corpus: Corpus, values: Sequence[object]) -> bool:
    records = [value for value in values if corpus.is_record(value)]
    if 2 * len(records) <= len(values):
        return False
    return not isinstance(corpus, Typical) or corpus.is_typical(records)
