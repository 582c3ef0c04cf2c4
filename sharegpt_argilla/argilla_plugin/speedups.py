"""Makes argilla-server faster, in ways that its answers do not show.

What is replaced was determined by profiling argilla-server 2.8.0; each change is a file of its own.
``SHAREGPT_ARGILLA_SPEEDUPS=0`` in the environment leaves all of them out.
"""

from __future__ import annotations

import gc
import logging
from typing import TYPE_CHECKING

from sharegpt_argilla.argilla_plugin import (
    account_lookup,
    brotli_quality,
    bulk_upsert,
    membership,
    one_index_change,
    one_search_for_counts,
    parsed_settings,
    progress_people,
    sqlite_cursor,
    unheard_events,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SWITCH = "SHAREGPT_ARGILLA_SPEEDUPS"
"""The environment variable that leaves all speed-ups out when it is ``0``."""

SPEEDUPS = (
    parsed_settings.PATCH,
    unheard_events.PATCH,
    bulk_upsert.PATCH,
    membership.PATCH,
    brotli_quality.PATCH,
    sqlite_cursor.PATCH,
    account_lookup.PATCH,
    progress_people.PATCH,
    one_index_change.PATCH,
    one_search_for_counts.PATCH,
)

_GARBAGE_THRESHOLDS = (20_000, 20, 20)
"""A bulk of 500 records makes about 200,000 objects that live as long as its request. With Python's own threshold
of 700 the garbage collector examines them some three hundred times."""

_LOG = logging.getLogger(__name__)


def apply_speedups(environ: Mapping[str, str]) -> bool:
    """Apply the speed-ups in this process.

    Args:
        environ: may contain `SWITCH`.

    Returns:
        Whether all are applied; the log names those that are not.
    """
    if environ.get(SWITCH) == "0":
        _LOG.info("argilla-server runs without speed-ups, because %s is 0", SWITCH)
        return False
    applied = [patch.apply() for patch in SPEEDUPS]
    _examine_garbage_rarely()
    return all(applied)


def _examine_garbage_rarely() -> None:
    # What was imported stays, and need not be examined whenever a request makes many objects.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
