"""Make the pictures of the documentation: a real Argilla with the examples, the dashboard, a real browser.

    .venv/bin/python docs/take_screenshots.py

Needs Chromium and takes a minute. The folder docs/images is written anew.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import yaml
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import create_engine

from sharegpt_argilla.argilla_plugin.active_time import Spent, add_activity
from sharegpt_argilla.embedded_argilla.processes.launcher import ServeOptions, running
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
PEOPLE = {"ana": 19, "ben": 15, "chi": 11, "dan": 8}
"""Who annotates, and how many records they answer in the pictures."""
DAYS = 12
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
            _answers(connection, server.home, dataset_id)
            # The page names the file as it was given.
            os.chdir(folder)
            _dashboard(browser, server.home, Path(folder) / "dataset-config.yml")
            browser.close()


def _load(folder: Path, home: Home, connection: Connection) -> str:
    parts = []
    for name, model in EXAMPLES.items():
        parts.append(folder / f"{model}.jsonl")
        extract([ROOT / "examples" / name], model, parts[-1])
    rows = folder / "all.jsonl"
    rows.write_bytes(b"".join(part.read_bytes() for part in parts))
    curate(rows, folder / ROWS)
    _, load = push_to_argilla(folder / ROWS, _project(folder), connection=connection, home=home)
    return load.dataset_id


def _project(folder: Path) -> Path:
    """The project that ships, for more people, two of whom answer each record."""
    content = yaml.safe_load((ROOT / "dataset-config.yml").read_text(encoding="utf-8"))
    content |= {"people": [{"username": name} for name in PEOPLE], "assignment": {"overlap": 2}}
    path = folder / "dataset-config.yml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    shutil.copy(ROOT / "guidelines.md", folder)
    return path


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


def _answers(connection: Connection, home: Home, dataset_id: str) -> None:
    """Invented answers of everybody over some days, so that there is something to show."""
    chance = random.Random(2023)  # noqa: S311 - invented answers
    times: dict[str, datetime] = {}
    for person, count in PEOPLE.items():
        password = find_password(home, person, connection.api_url) or ""
        form = {"username": person, "password": password}
        token = httpx.post(f"{connection.api_url}/api/v1/token", data=form).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{connection.api_url}/api/v1", headers=headers) as client:
            user_id = client.get("/me").json()["id"]
            for number, record in enumerate(_pending(client, dataset_id)[:count]):
                values = _values(chance, record["external_id"])
                status = chance.choices(["submitted", "discarded", "draft"], [20, 1, 1])[0]
                body = {"status": status, "values": values}
                made = client.post(f"/records/{record['id']}/responses", json=body).raise_for_status().json()
                ago = timedelta(days=DAYS * (1 - number / count) * chance.uniform(0.9, 1))
                times[made["id"]] = datetime.now(UTC) - ago
                _spend(home, user_id, dataset_id, record["id"], chance.lognormvariate(3.4, 0.5), number)
    _redate(home, times)


def _pending(client: httpx.Client, dataset_id: str) -> list[dict[str, Any]]:
    """What is in a person's queue."""
    open_ones = [
        {"type": "terms", "scope": {"entity": entity, "property": "status"}, "values": ["pending"]}
        for entity in ("response", "record")
    ]
    path = f"/me/datasets/{dataset_id}/records/search"
    found = client.post(path, json={"filters": {"and": open_ones}}, params={"limit": 100}).json()["items"]
    return sorted((item["record"] for item in found), key=lambda record: str(record["external_id"]))


def _values(chance: random.Random, row: str) -> dict[str, dict[str, object]]:
    """People mostly agree: what they answer hangs on the row."""
    intents = [["code"], ["generation"], ["open_qa"], ["rewrite"], ["chat"], ["generation", "rewrite"]]
    number = int(row[:6], 16)
    return {
        "quality": {"value": min(7, max(1, 3 + number % 5 + chance.choice([-1, 0, 0, 0, 1])))},
        "intent": {"value": chance.choice(intents) if chance.random() < 0.2 else intents[number % len(intents)]},
        "toxicity": {"value": "harmful" if number % 11 == 0 or chance.random() < 0.05 else "none"},
    }


def _spend(home: Home, user_id: str, dataset_id: str, record_id: str, seconds: float, number: int) -> None:
    """Active time as the annotation page measures it."""
    shares = {"quality": 0.25, "intent": 0.4, "toxicity": 0.1}
    on_questions = {name: seconds * share for name, share in shares.items()}
    spent = Spent(UUID(dataset_id), UUID(record_id), seconds, on_questions)
    # Nobody can report more time than went by.
    now = time.time() - DAYS * 86_400 + number * 300
    engine = create_engine(f"sqlite:///{home.database}", connect_args={"timeout": 30})
    with engine.begin() as database:
        add_activity(database, UUID(user_id), [spent], now=now)
    engine.dispose()


def _redate(home: Home, times: dict[str, datetime]) -> None:
    with closing(sqlite3.connect(home.database, timeout=30)) as database, database:
        for key, at in times.items():
            stored = at.replace(tzinfo=None).isoformat(" ")
            values = (stored, stored, key.replace("-", ""))
            database.execute("UPDATE responses SET inserted_at = ?, updated_at = ? WHERE id = ?", values)


def _dashboard(browser: Browser, home: Home, config: Path) -> None:
    owner = read_json(home.owner)
    options = DashboardOptions(str(config), ROWS)
    os.environ["ARGILLA_HOME_PATH"] = str(home.path)
    with running_dashboard(options, port=DASHBOARD_PORT, home=home) as (url, _):
        page = browser.new_page(viewport={"width": 1180, "height": 1060})
        page.goto(url)
        page.get_by_label("Username").fill(owner["username"])
        page.locator("input[type=password]").fill(owner["password"])
        page.keyboard.press("Enter")
        for name, shown in (("Team", "Each person"), ("Annotator", "Each day"), ("Corpus", "Languages")):
            page.get_by_role("link", name=name).first.click()
            page.get_by_text(shown).first.wait_for()
            page.locator("[data-testid=stVegaLiteChart]").nth(1).wait_for()
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(2000)
            page.screenshot(path=IMAGES / f"dashboard-{name.lower()}.png", animations="disabled")


if __name__ == "__main__":
    main()
