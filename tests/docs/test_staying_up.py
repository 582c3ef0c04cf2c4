"""What stays up is started as its page says, on a port of the test's own."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.docs.pages import blocks
from tests.docs.preparations import with_rows
from tests.docs.reader import Reader, staying_up
from tests.docs.test_pages import run
from tests.embedded import PATIENCE

pytestmark = pytest.mark.live

ACTIVE_TIME = "docs/active-time.md"
OWN_SERVER = "docs/embedded-argilla.md"
DASHBOARD = "docs/dashboard.md"


def test_the_dashboard(reader: Reader) -> None:
    with_rows(reader)
    (block,) = blocks(DASHBOARD)
    (command,) = block.lines
    with staying_up(command) as (address, _):
        assert httpx.get(f"{address}/_stcore/health").text == "ok"


@pytest.mark.slow
def test_an_argilla_with_active_time_is_looked_at_copied_moved_and_stopped(reader: Reader, monkeypatch) -> None:
    monkeypatch.delenv("ARGILLA_HOME_PATH")
    (serve,) = next(block for block in blocks(ACTIVE_TIME) if block.language == "bash").lines
    stop = ""
    with staying_up(serve) as (address, process):
        assert "/active-time.js" in httpx.get(address, timeout=PATIENCE).text
        for block in blocks(OWN_SERVER):
            stop = stop or next((line for line in block.lines if line.endswith(" stop")), "")
            # The page says what each is for; to end what is needed further down is not its order.
            run(block, reader, leave_out=(stop,))
        assert Path("restored", "argilla.db").is_file()
        reader.run(block, stop)
        assert process.wait(PATIENCE) == 0
