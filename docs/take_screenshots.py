"""Make the pictures of the documentation: a real Argilla, the examples, a real browser.

    .venv/bin/python docs/take_screenshots.py

Needs Chromium and takes half a minute. The folder docs/images is written anew.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from sharegpt_argilla.embedded_argilla.launcher import ServeOptions, running
from sharegpt_argilla.settings import Connection, Home, find_password, read_json
from sharegpt_argilla.workflows.demo import EXAMPLES
from sharegpt_argilla.workflows.extract import extract
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
SHOWN = "status=pending&metadata=corpus.vicuna~turn.ge2.le2&sort=metadata.prompt_n_tokens.desc"
"""A record of the examples that has earlier turns."""


def main() -> None:
    """Serve, load, sign in, take the pictures."""
    with tempfile.TemporaryDirectory() as folder, running(ServeOptions(Home(Path(folder)), port=0)) as server:
        connection = Connection(server.api_url, read_json(server.home.owner)["api_key"])
        dataset_id = _load(Path(folder), server.home, connection)
        password = find_password(server.home, "ana", server.api_url) or ""
        with sync_playwright() as playwright:
            options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
            page = browser.new_page(viewport={"width": 1360, "height": 820})
            _sign_in(page, server.api_url, password)
            _annotation_page(page, f"{server.api_url}/dataset/{dataset_id}/annotation-mode?page=1&{SHOWN}")
            browser.close()


def _load(folder: Path, home: Home, connection: Connection) -> str:
    rows = folder / "rows.jsonl"
    for name, model in EXAMPLES.items():
        extract([ROOT / "examples" / name], model, rows)
        _, load = push_to_argilla(rows, ROOT / "dataset-config.yml", connection=connection, home=home)
    return load.dataset_id


def _sign_in(page: Page, url: str, password: str) -> None:
    page.goto(f"{url}/sign-in")
    page.fill("input[type=text]", "ana")
    page.fill("input[type=password]", password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/")


def _annotation_page(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("form.questions-form")
    page.wait_for_load_state("networkidle")
    for answer in ("quality_6", "intent_classification", "toxicity_none"):
        page.locator(f"label[for='{answer}']").click()
    IMAGES.mkdir(exist_ok=True)
    page.screenshot(path=IMAGES / "annotate.png", animations="disabled")


if __name__ == "__main__":
    main()
