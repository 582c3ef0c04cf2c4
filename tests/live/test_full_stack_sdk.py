"""Argilla's own SDK on a full stack with the plug-in as without it.

``FULL_STACK=1`` runs it, as test_full_stack.py; on Elasticsearch,
since OpenSearch needs a plug-in that is not on Maven Central to compare vectors.
"""

from __future__ import annotations

import os

import pytest

from tests.live.stock_sdk import RECORDS, run
from tests.reference.full_stack import PLAIN, PLUGIN, full_stack, missing

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.environ.get("FULL_STACK") != "1", reason="FULL_STACK=1 runs it"),
]


def test_the_stock_sdk_sees_no_difference() -> None:
    assert not missing(), f"not installed: {missing()}"
    done = []
    for app in (PLAIN, PLUGIN):
        with full_stack(app, engine="elasticsearch") as stack:
            done.append(run(stack.api_url, stack.api_key))
    plain, plugged = done
    assert len(plain["export"]) == RECORDS
    assert len(plain["similar to a vector"]) == 5
    assert plugged == plain
