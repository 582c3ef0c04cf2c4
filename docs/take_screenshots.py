"""Make the pictures of the documentation: a real Argilla with the examples, the dashboard, a real browser.

    .venv/bin/python docs/take_screenshots.py

Needs Chromium and takes a minute. The folder docs/images is written anew.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from sharegpt_argilla.embedded_argilla.launcher import ServeOptions, running
from sharegpt_argilla.settings import Connection, Home, find_password, read_json
from sharegpt_argilla.workflows.curate import curate
from sharegpt_argilla.workflows.dashboard import DashboardOptions, running_dashboard
from sharegpt_argilla.workflows.demo import EXAMPLES
from sharegpt_argilla.workflows.extract import extract
from sharegpt_argilla.workflows.push_to_argilla import push_to_argilla

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
DASHBOARD_PORT = 8597
ROWS = "rows.jsonl"
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
            _answer(connection, server.home, dataset_id)
            # The page names the file as it was given.
            os.chdir(folder)
            _dashboard(browser, server.home)
            browser.close()


def _load(folder: Path, home: Home, connection: Connection) -> str:
    parts = []
    for name, model in EXAMPLES.items():
        parts.append(folder / f"{model}.jsonl")
        extract([ROOT / "examples" / name], model, parts[-1])
    rows = folder / "all.jsonl"
    rows.write_bytes(b"".join(part.read_bytes() for part in parts))
    curate(rows, folder / ROWS)
    _, load = push_to_argilla(folder / ROWS, ROOT / "dataset-config.yml", connection=connection, home=home)
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


def _answer(connection: Connection, home: Home, dataset_id: str) -> None:
    """Invented answers of both people, so that there is something to show."""
    chance = random.Random(2023)  # noqa: S311 - invented answers
    for person, count in (("ana", 24), ("ben", 19)):
        password = find_password(home, person, connection.api_url) or ""
        token = httpx.post(
            f"{connection.api_url}/api/v1/token", data={"username": person, "password": password}
        ).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{connection.api_url}/api/v1", headers=headers) as client:
            path = f"/me/datasets/{dataset_id}/records/search"
            found = client.post(path, json={}, params={"limit": 100}).json()["items"]
            for item in sorted(found, key=lambda one: str(one["record"]["external_id"]))[:count]:
                body = {"status": "submitted", "values": _values(chance)}
                client.post(f"/records/{item['record']['id']}/responses", json=body).raise_for_status()


def _values(chance: random.Random) -> dict[str, dict[str, object]]:
    intents = chance.sample(["code", "generation", "open_qa", "rewrite", "chat"], chance.choice([1, 1, 2]))
    return {
        "quality": {"value": chance.choice([3, 4, 5, 5, 6, 6, 7])},
        "intent": {"value": intents},
        "toxicity": {"value": chance.choice(["none"] * 9 + ["harmful"])},
    }


def _dashboard(browser: Browser, home: Home) -> None:
    owner = read_json(home.owner)
    options = DashboardOptions(str(ROOT / "dataset-config.yml"), ROWS)
    os.environ["ARGILLA_HOME_PATH"] = str(home.path)
    with running_dashboard(options, port=DASHBOARD_PORT, home=home) as (url, _):
        page = browser.new_page(viewport={"width": 1180, "height": 1060})
        page.goto(url)
        page.get_by_label("Username").fill(owner["username"])
        page.locator("input[type=password]").fill(owner["password"])
        page.keyboard.press("Enter")
        for name, shown in (("Team", "Each person"), ("Corpus", "Languages")):
            page.get_by_role("link", name=name).first.click()
            page.get_by_text(shown).first.wait_for()
            page.locator("[data-testid=stVegaLiteChart]").nth(1).wait_for()
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(2000)
            page.screenshot(path=IMAGES / f"dashboard-{name.lower()}.png", animations="disabled")


if __name__ == "__main__":
    main()
