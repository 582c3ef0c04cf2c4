"""An outsider's path in the order of the README: demo, both pages, five answers, export, rows, train.

The folder has what a clone has and the home is empty. `make demo` differs only in that it installs first.
"""

from __future__ import annotations

import csv
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_annotate import choose
from tests.embedded import START_WITHIN, clean_environment, free_port
from tests.projects import ROOT, annotations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

COMMAND = Path(sys.executable).with_name("sharegpt-argilla")
ANSWERS = [
    ("quality_6", "intent_code", "toxicity_none"),
    ("quality_2", "intent_generation", "toxicity_none"),
    ("quality_5", "intent_code", "toxicity_none"),
    ("quality_4", "intent_generation", "toxicity_harmful"),
    ("quality_7", "intent_open_qa", "toxicity_none"),
]
WITHIN = 60_000
"""Milliseconds; the first page of the dashboard waits for imports."""


class Newcomer:
    """Somebody with a fresh clone, an empty home and a running demo."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = clean_environment() | {"HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
        self.port, self.dashboard_port = free_port(), free_port()
        command = [COMMAND, "demo", "--port", str(self.port), "--dashboard-port", str(self.dashboard_port)]
        self._demo = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, env=self.environment)
        lines = []
        for line in self._demo.stderr:
            lines.append(line)
            if line.startswith("  stop"):
                break
        self.said = "".join(lines)

    def word(self, name: str) -> str:
        """What the demo says behind a name."""
        return re.search(rf"^  {name} +(.+)$", self.said, re.MULTILINE)[1]

    def password(self, username: str) -> str:
        with Path(self.word("accounts")).open(encoding="utf-8", newline="") as file:
            (found,) = [row["password"] for row in csv.DictReader(file) if row["username"] == username]
        return found

    def run(self, *arguments: str) -> str:
        """A command in another terminal; what it says."""
        done = subprocess.run(
            [COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    def leave(self) -> int:
        self._demo.send_signal(signal.SIGINT)
        code = self._demo.wait(START_WITHIN)
        self._demo.stderr.close()
        return code


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    for name in ("examples", "dataset-config.yml", "guidelines.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "home").mkdir()
    somebody = Newcomer(tmp_path)
    try:
        yield somebody
    finally:
        assert somebody.leave() == 0


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(WITHIN)
    yield page
    context.close()


def test_from_a_clone_to_a_classifier(newcomer: Newcomer, page: Page) -> None:
    address = re.search(r"sign in as ana and open (\S+)", newcomer.said)[1]
    annotate(page, f"http://127.0.0.1:{newcomer.port}", address, newcomer.password("ana"))
    see_the_own_numbers(page, newcomer)

    rows, annotated = newcomer.folder / "demo-rows.jsonl", newcomer.folder / "annotated.jsonl"
    total = len(rows.read_text(encoding="utf-8").splitlines())
    said = newcomer.run("export-responses", rows.name, "-o", annotated.name)
    assert said.splitlines()[-1].startswith(f"5 of {total} rows annotated, 5 responses")
    found = annotations(annotated)
    assert sorted(one["quality"] for one in found.values()) == [2, 4, 5, 6, 7]
    assert {response["annotator"] for one in found.values() for response in one["responses"]} == {"ana"}

    said = newcomer.run("train", annotated.name, "-o", "model")
    assert "intent: not cross-validated" in said
    assert said.splitlines()[-1] == "2 questions learned from 5 annotated rows -> model"
    assert (newcomer.folder / "model" / "README.md").is_file()


def annotate(page: Page, server: str, address: str, password: str) -> None:
    """Sign in, open the address that the demo names, and answer one record after the other."""
    page.goto(f"{server}/sign-in")
    page.fill("input[type=text]", "ana")
    page.fill("input[type=password]", password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server}/")
    for answers in ANSWERS:
        # Opened anew for each, so that no click meets the record before.
        page.goto(address)
        page.wait_for_selector("form.questions-form")
        for suggested in page.locator(".questions-form input:checked").all():
            page.locator(f"label[for='{suggested.get_attribute('id')}']").click()
        choose(page, *answers)
        with page.expect_response(lambda response: response.url.endswith("/responses") and response.ok):
            page.locator(".button--submit").click()


def see_the_own_numbers(page: Page, newcomer: Newcomer) -> None:
    """The other page: the dashboard, with the same account."""
    page.goto(newcomer.word("dashboard"))
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").first.fill(newcomer.password("ana"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="My annotations").wait_for()
    tile = page.get_by_test_id("stMetric").filter(has_text="Submitted in all").first
    tile.get_by_test_id("stMetricValue").get_by_text("5", exact=True).wait_for()
