"""Make the README's moving picture and the gallery's pictures: the real demo, ready projects, a real browser.

    .venv/bin/python docs/take_tour.py

Needs Chromium and takes two minutes. docs/images/tour.webp and docs/images/gallery-*.webp are written anew.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from sharegpt_argilla.settings import Home, find_password
from sharegpt_argilla.workflows.init import TASKS

IMAGES = Path(__file__).parent / "images"
COMMAND = str(Path(sys.executable).with_name("sharegpt-argilla"))
PORTS = {"--port": "6917", "--dashboard-port": "8517"}
SIZE = (1280, 760)
SHOWN = (960, 570)
QUALITY = 80
ANSWERS = (
    ("quality_6", "intent_generation", "toxicity_none"),
    ("quality_3", "intent_code", "toxicity_none"),
)
LOOK, GLANCE = 2600, 900
"""Milliseconds that a frame is shown: one that is to be read, and one on the way."""


class Film:
    """Pictures of a page, one after the other."""

    def __init__(self) -> None:
        self._frames: list[tuple[Image.Image, int]] = []

    def take(self, page: Page, milliseconds: int) -> None:
        """What the page shows now."""
        page.wait_for_timeout(300)
        self._frames.append((picture(page), milliseconds))

    def write(self, path: Path) -> None:
        """All of it as one moving picture."""
        (first, _), *rest = self._frames
        images, durations = [image for image, _ in rest], [duration for _, duration in self._frames]
        first.save(
            path, save_all=True, append_images=images, duration=durations, loop=0, quality=QUALITY, method=6
        )


def picture(page: Page) -> Image.Image:
    """What the page shows, as wide as it is shown."""
    whole = Image.open(BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    return whole.resize(SHOWN, Image.Resampling.LANCZOS)


def main() -> None:
    """Start the demo, follow it, then set up each ready project next to it."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, demo(Path(name)) as ready, sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        tour(page, ready)
        for task in TASKS:
            show(browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}), Path(name), ready, task)
        browser.close()


@contextmanager
def demo(folder: Path) -> Iterator[dict[str, Any]]:
    """What `demo --json` says once it is ready."""
    options = [word for pair in PORTS.items() for word in pair]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [COMMAND, "demo", "--json", *options],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield json.loads(process.stdout.readline() if process.stdout else "")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def tour(page: Page, ready: Mapping[str, Any]) -> None:
    """Sign in, answer two records, see the own numbers."""
    film = Film()
    url = ready["server"]["api_url"]
    sign_in(page, url, "ana", ready["sign_ins"]["ana"])
    page.goto(f"{url}/dataset/{ready['load']['dataset_id']}/annotation-mode")
    page.wait_for_selector("form.questions-form")
    page.wait_for_load_state("networkidle")
    for answers in ANSWERS:
        film.take(page, LOOK)
        for suggested in page.locator(".questions-form input:checked").all():
            page.locator(f"label[for='{suggested.get_attribute('id')}']").click()
        for answer in answers:
            page.locator(f"label[for='{answer}']").click()
            film.take(page, GLANCE)
        with page.expect_response(lambda response: response.url.endswith("/responses") and response.ok):
            page.locator(".button--submit").click()
        page.wait_for_load_state("networkidle")
    film.take(page, GLANCE)
    owner, password = next((name, word) for name, word in ready["sign_ins"].items() if name != "ana")
    page.goto(ready["dashboard"])
    page.get_by_label("Username").fill(owner)
    page.locator("input[type=password]").fill(password)
    page.keyboard.press("Enter")
    page.get_by_text("Each person").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2000)
    film.take(page, LOOK)
    film.write(IMAGES / "tour.webp")


def show(page: Page, folder: Path, ready: Mapping[str, Any], task: str) -> None:
    """A ready project as `init` makes it, with the rows of its own examples."""
    project, home = folder / task, Home(Path(ready["server"]["home"]))
    run(folder, home, "init", task, "--task", task)
    rows = "rows.jsonl"
    if task != "preferences":
        run(project, home, "extract", "examples", "-m", "auto", "-o", "all.jsonl")
        run(project, home, "curate", "all.jsonl", "-o", rows, "--drop", "blank_answer")
    pushed = json.loads(run(project, home, "push-to-argilla", rows, "--json"))
    url = ready["server"]["api_url"]
    sign_in(page, url, "ana", find_password(home, "ana", url) or "")
    page.goto(f"{url}/dataset/{pushed['load']['dataset_id']}/annotation-mode")
    page.wait_for_selector("form.questions-form")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    picture(page).save(IMAGES / f"gallery-{task}.webp", quality=QUALITY, method=6)
    page.context.close()


def run(folder: Path, home: Home, *words: str) -> str:
    """One command in a project's folder; what it prints on standard output."""
    environment = {**os.environ, "ARGILLA_HOME_PATH": str(home.path)}
    done = subprocess.run(  # noqa: S603 - our own command
        [COMMAND, *words], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def sign_in(page: Page, url: str, username: str, password: str) -> None:
    """As a person does."""
    page.goto(f"{url}/sign-in")
    page.fill("input[type=text]", username)
    page.fill("input[type=password]", password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/")


if __name__ == "__main__":
    main()
