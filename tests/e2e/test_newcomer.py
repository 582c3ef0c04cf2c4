"""An outsider's path, in the order of the README's five minutes and with the commands that are there.

Clone, `make demo`, both pages, five answers, export, rows, train. What is printed is what the README shows. Only
the installation is left out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.browser_contexts import new_context
from tests.docs.pages import Block, blocks
from tests.e2e.test_annotate import choose
from tests.embedded import START_WITHIN, clean_environment, free_port
from tests.projects import ROOT, read_annotations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.slow]

ANSWERS = [
    ("quality_6", "intent_code", "toxicity_none"),
    ("quality_2", "intent_generation", "toxicity_none"),
    ("quality_5", "intent_code", "toxicity_none"),
    ("quality_4", "intent_generation", "toxicity_harmful"),
    ("quality_7", "intent_open_qa", "toxicity_none"),
]


class Newcomer:
    """Somebody with a fresh clone, an empty home and a running demo."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home = folder, home
        self.environment = clean_environment() | {
            "HOME": str(home),
            "PYTHONPATH": str(folder),
            # source .venv/bin/activate
            "PATH": f"{folder / '.venv' / 'bin'}:{os.environ['PATH']}",
        }
        self.port, self.dashboard_port = free_port(), free_port()
        # As if installed: -o takes what is there for up to date.
        options = ["-o", ".venv/.demo", f"PORT={self.port}", f"DASHBOARD_PORT={self.dashboard_port}"]
        self._make = subprocess.Popen(
            ["make", "demo", *options],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
        lines = []
        for line in self._make.stderr:
            lines.append(line)
            if line.startswith("  stop"):
                break
        self.said = "".join(lines)

    @property
    def said_like_the_readme(self) -> str:
        """What the demo said, with the README's places in place of the test's."""
        said = self.said.replace(str(self.home), "~")
        said = said.replace(f":{self.port}", ":6900").replace(f":{self.dashboard_port}", ":8501")
        said = re.sub(r"(\w+ / )[\w-]+", r"\1…", said)
        return re.sub(r"(?<=/dataset/)[0-9a-f-]{36}", "…", said)

    def word(self, name: str) -> str:
        """What the demo says behind a name."""
        return re.search(rf"^  {name} +(.+)$", self.said, re.MULTILINE)[1]

    def password(self, username: str) -> str:
        return dict(re.findall(r"(\w+) / ([\w-]+)", self.word("sign in")))[username]

    @property
    def project(self) -> Path:
        """The demo's folder, which the README enters."""
        return self.folder / "sharegpt-demo"

    def run(self, block: Block) -> str:
        """Commands in another terminal; what they say ends with what the README shows."""
        done = subprocess.run(
            # The terminal stays in the folder that the first block enters.
            ["bash", "-ec", block.text.replace("cd sharegpt-demo\n", "")],
            cwd=self.project,
            env=self.environment | {"ARGILLA_HOME_PATH": str(self.home / ".sharegpt-argilla" / "demo")},
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        assert said.strip().endswith(block.shown.strip())
        return said

    def leave(self) -> int:
        """Ctrl-C."""
        for child in psutil.Process(self._make.pid).children():
            child.send_signal(signal.SIGINT)
        code = self._make.wait(START_WITHIN)
        self._make.stderr.close()
        return code


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    folder, home = tmp_path / "clone", tmp_path / "home"
    home.mkdir()
    # What a clone of this working tree has, changes that are not committed included.
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    somebody = Newcomer(folder, home)
    try:
        yield somebody
    finally:
        assert somebody.leave() == 0


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = new_context(browser)
    page = context.new_page()
    yield page
    context.close()


def test_from_a_clone_to_a_classifier(newcomer: Newcomer, page: Page) -> None:
    demo, export, see, annotation, train = blocks("README.md", "## Five minutes", "## With your own chats")
    assert newcomer.said_like_the_readme.strip().endswith(demo.text.strip())

    # One after the other in one window: a page that is behind another is drawn once a second.
    open_dashboard(page, newcomer)
    open_argilla(page, newcomer)
    annotate(page, newcomer)

    newcomer.run(export)
    annotations = read_annotations(newcomer.project / "annotated.jsonl")
    assert sorted(marked["quality"] for marked in annotations.values()) == [2, 4, 5, 6, 7]
    assert {response["annotator"] for marked in annotations.values() for response in marked["responses"]} == {
        "ana"
    }
    row = json.loads(newcomer.run(see))
    shown, exported = json.loads(annotation.text)["标注"], annotations[row["id"]]
    assert shown.keys() <= exported.keys()
    assert shown["responses"][0].keys() <= exported["responses"][0].keys()

    assert "intent: not cross-validated" in newcomer.run(train)
    assert {path.name for path in (newcomer.project / "model").iterdir()} == {
        "README.md",
        "intent",
        "metrics.json",
        "toxicity",
    }

    open_dashboard(page, newcomer)
    see_the_own_numbers(page, newcomer)


def open_argilla(page: Page, newcomer: Newcomer) -> None:
    """Sign in as ana."""
    server = f"http://127.0.0.1:{newcomer.port}"
    page.goto(f"{server}/sign-in")
    page.fill("input[type=text]", "ana")
    page.fill("input[type=password]", newcomer.password("ana"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server}/")


def open_dashboard(page: Page, newcomer: Newcomer) -> None:
    """The other page; what it shows is as old as half a minute, so that ana signs in when there is something."""
    page.goto(newcomer.word("dashboard"))
    page.get_by_label("Username").wait_for()


def annotate(page: Page, newcomer: Newcomer) -> None:
    """Open the address that the demo names, and answer one record after the other."""
    address = newcomer.word("annotate")
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
    """With the account of the other page."""
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").first.fill(newcomer.password("ana"))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="My annotations").wait_for()
    tile = page.get_by_test_id("stMetric").filter(has_text="Submitted in all").first
    tile.get_by_test_id("stMetricValue").get_by_text("5", exact=True).wait_for()
