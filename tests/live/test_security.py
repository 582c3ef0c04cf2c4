"""The server refuses what it should, says no more than it must, and its page works with the headers."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from sharegpt_argilla.argilla_client.connection import ATTEMPTS, connect
from sharegpt_argilla.argilla_plugin.security import SECURITY_HEADERS
from sharegpt_argilla.argilla_plugin.sign_in_limit import FREE_ATTEMPTS
from sharegpt_argilla.argilla_plugin.team_options import max_request_bytes
from sharegpt_argilla.common import http_calls
from sharegpt_argilla.errors import ServerUnreachableError, UsageError
from sharegpt_argilla.settings import connection_of
from tests.browser_contexts import new_context
from tests.embedded import (
    PATIENCE,
    EmbeddedArgilla,
    clean_environment,
    embedded_argilla,
    gone,
    launcher_command,
    package_root,
    wait_until,
)
from tests.live.plans import planned_dataset
from tests.live.rest import PASSWORD, Rest, owner_of, signed_in, texts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.live

OLD_KEY, OLD_PASSWORD = "argilla.apikey", "1234"


@pytest.mark.parametrize("path", ["/", "/api/v1/version", "/api/v1/me", "/nothing/here"])
def test_every_answer_has_the_headers(argilla: EmbeddedArgilla, path: str) -> None:
    answer = httpx.get(argilla.api_url + path, timeout=PATIENCE)
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_sign_ins_that_fail_are_slowed_down_for_that_account_alone(argilla: EmbeddedArgilla) -> None:
    with owner_of(argilla) as owner:
        owner.user("slow-sign-in")
        owner.user("colleague")

    def sign_in(password: str) -> httpx.Response:
        form = {"username": "slow-sign-in", "password": password}
        return httpx.post(f"{argilla.api_url}/api/v1/token", data=form, timeout=PATIENCE)

    answers = [sign_in("a-wrong-guess") for _ in range(FREE_ATTEMPTS)]
    assert {answer.status_code for answer in answers} == {401}
    # On a busy machine the first waits, of 1 and 2 seconds, may be over before the next guess arrives.
    waits: list[Any] = []
    while max(waits, default=0) < 8:
        guess = sign_in("a-wrong-guess")
        waits.append(int(guess.headers.get("retry-after", 0)))
        assert guess.status_code == (429 if waits[-1] else 401)
    refused = sign_in(PASSWORD)
    assert refused.status_code == 429
    assert "too many failed sign-ins" in refused.json()["detail"]
    with signed_in(argilla.api_url, "colleague") as colleague:
        assert colleague("GET", "/me")["username"] == "colleague"


def test_forged_addresses_do_not_help_a_guesser(argilla: EmbeddedArgilla) -> None:
    def guess(number: int) -> int:
        form, forged = (
            {"username": "forged", "password": "a-wrong-guess"},
            {"X-Forwarded-For": f"192.0.2.{number}"},
        )
        url = f"{argilla.api_url}/api/v1/token"
        return httpx.post(url, data=form, headers=forged, timeout=PATIENCE).status_code

    # The first wait is of one second; it may be over on a busy machine, the later ones are not.
    statuses = [guess(number) for number in range(FREE_ATTEMPTS + 5)]
    assert statuses[:FREE_ATTEMPTS] == [401] * FREE_ATTEMPTS
    assert 429 in statuses


def test_passwords_and_queries_are_in_no_log(argilla: EmbeddedArgilla) -> None:
    with owner_of(argilla) as owner:
        for form in ({"usernam": "x", "password": "MYSECRETPASSWORD1"}, {"username": "x", "password": "Secr1"}):
            answer = owner.http.post("/api/v1/users", json=form)
            assert answer.status_code == 422
        owner.http.get("/api/v1/me", params={"text": "MYSECRETQUERY"})
    log = argilla.home.logs / "server.log"
    wait_until(lambda: "GET /api/v1/me HTTP" in log.read_text("utf-8"), "the request in the log")
    text = log.read_text("utf-8")
    assert "a request was refused: " in text
    assert not [secret for secret in ("MYSECRET", "Secr1") if secret in text]
    assert {path.name for path in argilla.home.logs.iterdir() if path.stat().st_mode & 0o777 != 0o600} == set()


def test_hidden_metadata_cannot_be_read_filtered_sorted_or_counted_by_annotators(
    argilla: EmbeddedArgilla,
) -> None:
    """Whoever filters by ``assigned_n`` knows the records with a known answer, and is careful there only."""
    visible = {"name": "tokens", "title": "t", "settings": {"type": "integer"}}
    hidden = {
        "name": "secret",
        "title": "s",
        "settings": {"type": "terms"},
        "visible_for_annotators": False,
    }
    with owner_of(argilla) as owner:
        owner("POST", "/workspaces", {"name": "hidden"})
        owner.user("hidden-a", workspace="hidden")
        person = owner.people(["hidden-a"])["hidden-a"]
        planned, ids = planned_dataset(owner, "hidden", "with-a-plan", [(["hidden-a"], 1), (["hidden-a"], 2)])
        free = owner.dataset("hidden", "without-a-plan", metadata=[visible, hidden])
        (record,) = owner.load(free, [{**texts(1)[0], "metadata": {"secret": "gold", "tokens": 3}}])
        with person.http:
            for dataset, names in ((planned, ("assigned_to", "assigned_n", "assigned_rank")), (free, ("secret",))):
                for name in names:
                    assert _searches_by(person, dataset, name) == {422}
                    assert _searches_by(owner, dataset, name) == {200}
                    # As for a property that does not exist.
                    assert _searches_by(person, dataset, "no-such-name") == {422}
                properties = owner("GET", f"/me/datasets/{dataset}/metadata-properties")["items"]
                seen = person("GET", f"/me/datasets/{dataset}/metadata-properties")["items"]
                assert {item["name"] for item in properties} - {item["name"] for item in seen} == set(names)
                for item in properties:
                    if item["name"] in names:
                        metrics = person.http.get(f"/api/v1/metadata-properties/{item['id']}/metrics")
                        assert metrics.status_code == 403
            # What a personal link asks for; nobody learns more from it than from their queue.
            link = {
                "filters": {"and": [_terms("assigned_to", ["hidden-a"])]},
                "sort": [{"scope": _scope("assigned_rank"), "order": "asc"}],
            }
            assert _search(person, planned, link) == 200
            assert (
                _search(person, planned, {"filters": {"and": [_terms("assigned_to", ["hidden-a", "b"])]}}) == 422
            )
            more = [_terms("assigned_to", ["hidden-a"]), _terms("assigned_to", ["owner"])]
            assert _search(person, planned, {"filters": {"and": more}}) == 422
            assert _searches_by(person, free, "tokens") == {200}
            assert person("GET", f"/records/{record}")["metadata"] == {"tokens": 3}
            assert person("GET", f"/records/{ids[0]}")["metadata"] == {}
            assert owner("GET", f"/records/{record}")["metadata"] == {"secret": "gold", "tokens": 3}


def _searches_by(person: Rest, dataset: str, name: str) -> set[int]:
    """The statuses of searches that filter by a property or sort by it."""
    scope = _scope(name)
    queries: list[dict[str, Any]] = [
        {"filters": {"and": [_terms(name, ["hidden-b"])]}},
        {"filters": {"and": [{"type": "range", "scope": scope, "ge": 2}]}},
        {"sort": [{"scope": scope, "order": "asc"}]},
        {"query": {"text": {"q": "rain"}}, "sort": [{"scope": scope, "order": "desc"}]},
    ]
    if name in ("assigned_to", "secret"):
        del queries[1]
    return {_search(person, dataset, query) for query in queries}


def _search(person: Rest, dataset: str, query: dict[str, Any]) -> int:
    status: int = person.http.post(f"/api/v1/me/datasets/{dataset}/records/search", json=query).status_code
    return status


def _scope(name: str) -> dict[str, str]:
    return {"entity": "metadata", "metadata_property": name}


def _terms(name: str, values: list[str]) -> dict[str, Any]:
    return {"type": "terms", "scope": _scope(name), "values": values}


def test_other_names_than_its_own_are_refused(argilla: EmbeddedArgilla) -> None:
    """A website whose name leads to 127.0.0.1 (DNS rebinding) has its scripts read nothing."""
    port = httpx.URL(argilla.api_url).port
    for path in ("/", "/api/v1/version", "/api/v1/me"):
        refused = httpx.get(argilla.api_url + path, headers={"Host": f"evil.example:{port}"}, timeout=PATIENCE)
        assert refused.status_code == 421
        assert refused.headers["x-content-type-options"] == "nosniff"
        own = httpx.get(argilla.api_url + path, headers={"Host": f"localhost:{port}"}, timeout=PATIENCE)
        assert own.status_code in (200, 401)


def test_many_ranges_cost_nothing(argilla: EmbeddedArgilla) -> None:
    """starlette 0.46 takes half a minute for 40,000 ranges (CVE-2025-62727); 5,000 fit below 64 kB of headers."""
    page = httpx.get(argilla.api_url, timeout=PATIENCE).text
    script = page.partition('src="/_nuxt/')[2].partition('"')[0]
    url = f"{argilla.api_url}/_nuxt/{script}"
    whole = httpx.get(url, timeout=PATIENCE)
    many = "bytes=" + ",".join(f"{number}-{number}" for number in range(0, 12_000, 2))
    several = httpx.get(url, headers={"Range": many}, timeout=PATIENCE)
    assert (several.status_code, several.content) == (200, whole.content)
    one = httpx.get(url, headers={"Range": "bytes=0-9", "Accept-Encoding": "identity"}, timeout=PATIENCE)
    assert (one.status_code, len(one.content)) == (206, 10)
    too_long = httpx.get(url, headers={"Range": "bytes=" + "0-0," * 40_000}, timeout=PATIENCE)
    assert too_long.status_code == 431


def test_strangers_cannot_fill_the_memory_with_bodies(argilla: EmbeddedArgilla) -> None:
    """Six half-sent bodies of 90 MB took 500 MB of the server, and it kept them."""
    server = psutil.Process(argilla.wait_for_child("server"))
    before = server.memory_info().rss
    head = f"POST /api/v1/datasets HTTP/1.1\r\nHost: {httpx.URL(argilla.api_url).netloc.decode()}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 90000000\r\n\r\n"
    address = httpx.URL(argilla.api_url)
    answers = []
    for _ in range(6):
        with socket.create_connection((address.host, address.port or 80), timeout=PATIENCE) as connection:
            with suppress(OSError):
                connection.sendall(head.encode() + b" " * 60_000_000)
            with suppress(OSError):
                answers.append(connection.recv(1000))
    assert all(b"401" in answer for answer in answers if answer)
    assert server.memory_info().rss - before < 30_000_000
    with owner_of(argilla) as owner:
        # People with an account send as much as before.
        assert owner.http.post("/api/v1/workspaces", content=b'{"name": "y"}'.ljust(5_000_000)).status_code == 201


def test_sign_ins_do_not_hold_up_others(argilla: EmbeddedArgilla) -> None:
    """Ten at once stopped everybody for five seconds, since the server hashed where it answers."""
    with owner_of(argilla) as owner:
        for number in range(12):
            owner.user(f"signing-in-{number}")

    def sign_in(number: int) -> int:
        form = {"username": f"signing-in-{number}", "password": PASSWORD if number % 2 else "wrong-password"}
        return httpx.post(f"{argilla.api_url}/api/v1/token", data=form, timeout=PATIENCE).status_code

    waits = []
    began = time.monotonic()
    with ThreadPoolExecutor(12) as people, httpx.Client(base_url=argilla.api_url, timeout=PATIENCE) as colleague:
        signing_in = [people.submit(sign_in, number) for number in range(12)]
        while not all(each.done() for each in signing_in):
            begin = time.monotonic()
            assert colleague.get("/api/v1/version").status_code == 200
            waits.append(time.monotonic() - begin)
        took = time.monotonic() - began
        assert [each.result() for each in signing_in] == [401, 201] * 6
    # Twelve hashes take about three seconds in all; who waits for them gets an answer or two meanwhile.
    assert sorted(waits)[len(waits) * 9 // 10] < took / 6


def test_tokens_of_other_algorithms_are_refused(argilla: EmbeddedArgilla) -> None:
    """python-jose 3.3 has advisories for elliptic curves and encrypted tokens; neither is read."""
    from jose import jwt  # type: ignore[import-untyped]

    key = argilla.home.secret_key.read_text().strip()
    claims = jwt.get_unverified_claims(argilla.sign_in())
    unsigned = ".".join(
        urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims)
    )
    encrypted = urlsafe_b64encode(b'{"alg": "dir", "enc": "A256GCM"}').decode()
    tokens = {
        "HS256": jwt.encode(claims, key, algorithm="HS256"),
        "HS384": jwt.encode(claims, key, algorithm="HS384"),
        "none": f"{unsigned}.",
        "empty key": jwt.encode(claims, "", algorithm="HS256"),
        # What says which key and password it was made with cannot be left out or made up.
        "without credentials": jwt.encode({**claims, "credentials": None}, key, algorithm="HS256"),
        "encrypted": f"{encrypted}.a.b.c.d",
    }
    statuses = {
        name: httpx.get(
            f"{argilla.api_url}/api/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE
        ).status_code
        for name, token in tokens.items()
    }
    assert statuses == {"HS256": 200, **dict.fromkeys(set(tokens) - {"HS256"}, 401)}


def body_of(size: int) -> Iterator[bytes]:
    for _ in range(size // 65_536 + 1):
        yield b" " * 65_536


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedArgilla]:
    """An Argilla that takes one megabyte a request, on the database of an Argilla with the default account."""
    home = tmp_path_factory.mktemp("small")
    with pytest.MonkeyPatch.context() as patch, embedded_argilla(home) as first:
        with owner_of(first) as owner:
            owner(
                "POST", "/users", {"username": "argilla", "first_name": "a", "role": "owner", "password": PASSWORD}
            )
            owner("POST", "/users", {"username": "safe", "first_name": "s", "role": "owner", "password": PASSWORD})
        first.stop()
        import bcrypt

        with closing(sqlite3.connect(first.home.database)) as database:
            password = bcrypt.hashpw(OLD_PASSWORD.encode(), bcrypt.gensalt(4)).decode()
            database.execute(
                "UPDATE users SET api_key = ?, password_hash = ? WHERE username = 'argilla'", (OLD_KEY, password)
            )
            database.commit()
        patch.setenv("SHAREGPT_ARGILLA_MAX_REQUEST_MB", "1")
        first.start()
        yield first


@pytest.mark.slow
def test_a_request_that_says_it_is_too_large_is_refused(small: EmbeddedArgilla) -> None:
    with owner_of(small) as owner:
        answer = owner.http.post("/api/v1/workspaces", content=b" " * 1_000_001)
        assert answer.status_code == 413
        assert answer.json() == {"detail": "the request is larger than 1,000,000 bytes; send it in smaller parts"}
        answer = owner.http.post("/api/v1/workspaces", content=b'{"name": "x"}'.ljust(1_000_000))
        assert answer.status_code == 201


@pytest.mark.slow
def test_a_request_that_only_turns_out_too_large_is_refused(small: EmbeddedArgilla) -> None:
    with owner_of(small) as owner:
        answer = owner.http.post("/api/v1/workspaces", content=body_of(1_000_000))
        assert answer.status_code == 413
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert owner.http.post("/api/v1/workspaces", content=body_of(200_000)).status_code == 422
    assert "Exception in ASGI" not in (small.home.logs / "server.log").read_text()


@pytest.mark.slow
def test_the_default_account_of_another_argilla_gets_new_credentials(small: EmbeddedArgilla) -> None:
    known = httpx.get(f"{small.api_url}/api/v1/me", headers={"X-Argilla-Api-Key": OLD_KEY}, timeout=PATIENCE)
    assert known.status_code == 401
    form = {"username": "argilla", "password": OLD_PASSWORD}
    assert httpx.post(f"{small.api_url}/api/v1/token", data=form, timeout=PATIENCE).status_code == 401

    log = (small.home.logs / "server.log").read_text()
    assert "the account argilla had Argilla's default API key; it has a random one now" in log
    assert "the account argilla had a password that everybody knows" in log
    assert "account safe" not in log
    (line,) = [text for text in small.home.credentials.read_text().splitlines() if text.startswith("argilla,")]
    with signed_in(small.api_url, "argilla", line.split(",")[1]) as account:
        assert account("GET", "/me")["role"] == "owner"
    with signed_in(small.api_url, "safe") as account:
        assert account("GET", "/me")["username"] == "safe"


def test_further_sources_are_added_to_the_policy_and_nothing_else_is() -> None:
    from sharegpt_argilla.argilla_plugin.security import policy_with

    policy = policy_with(" https://cdn.example.org  data: ")
    assert "img-src 'self' data: blob: https://cdn.example.org data:;" in policy
    assert "object-src blob:;" in policy
    assert "form-action 'self';" in policy
    assert policy_with("") == SECURITY_HEADERS["content-security-policy"]
    for wrong in ("x; script-src *", "x, y", "x\r\nSet-Cookie: a"):
        with pytest.raises(UsageError, match="must be addresses"):
            policy_with(wrong)


@pytest.mark.parametrize("value", ["much", "0", "-1", "1.5"])
def test_a_limit_that_is_no_number_is_said_before_anything_starts(tmp_path: Path, value: str) -> None:
    with pytest.raises(UsageError, match="whole number of megabytes"):
        max_request_bytes({"SHAREGPT_ARGILLA_MAX_REQUEST_MB": value})
    command = launcher_command("--home", str(tmp_path), "--port", "0")
    environment = clean_environment() | {"SHAREGPT_ARGILLA_MAX_REQUEST_MB": value}
    done = subprocess.run(
        command, env=environment, cwd=package_root(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


class TestPage:
    """The stock page, with everything that a strict policy could break."""

    pytestmark = pytest.mark.browser

    @pytest.fixture
    def console(self) -> list[str]:
        return []

    @pytest.fixture
    def page(self, browser: Browser, console: list[str]) -> Iterator[Page]:
        context = new_context(browser)
        page = context.new_page()
        page.on("console", lambda message: console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: console.append(f"broken: {error}"))
        yield page
        context.close()

    def sign_in(self, page: Page, argilla: EmbeddedArgilla, username: str) -> None:
        page.goto(f"{argilla.api_url}/sign-in")
        page.fill("input[type=text]", username)
        page.fill("input[type=password]", PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{argilla.api_url}/")

    def test_markdown_guidelines_chat_images_and_custom_fields_work(
        self, page: Page, argilla: EmbeddedArgilla, console: list[str]
    ) -> None:
        dot = (
            "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
            "AABJRU5ErkJggg=="
        )
        script = "<p id='made'></p><script>made.textContent = record.fields.own.text</script>"
        fields: list[dict[str, Any]] = [
            {"name": "text", "title": "T", "required": True, "settings": {"type": "text", "use_markdown": True}},
            {"name": "chat", "title": "C", "settings": {"type": "chat", "use_markdown": True}},
            {"name": "image", "title": "I", "settings": {"type": "image"}},
            {
                "name": "own",
                "title": "O",
                "settings": {"type": "custom", "template": "<b>{{record.fields.own.text}}</b>"},
            },
            {
                "name": "own2",
                "title": "P",
                "settings": {"type": "custom", "template": script, "advanced_mode": True},
            },
        ]
        with owner_of(argilla) as owner:
            dataset = owner.dataset("security", "page", fields=fields, guidelines="# Rules\n\nBe **kind**.")
            owner.user("page-reader", workspace="security")
            values = {
                "text": "Some **bold** words\n\n```python\nprint(1)\n```",
                "chat": [{"role": "user", "content": "Hello *there*"}],
                "image": dot,
                "own": {"text": "made by a template"},
                "own2": {"text": "unused"},
            }
            owner.load(dataset, [{"fields": values}])
        self.sign_in(page, argilla, "page-reader")
        page.goto(f"{argilla.api_url}/dataset/{dataset}/annotation-mode")
        page.wait_for_selector("form.questions-form")
        page.locator("strong", has_text="bold").wait_for()
        page.locator("pre code", has_text="print").wait_for()
        page.locator("em", has_text="there").wait_for()
        page.wait_for_function(
            "[...document.images].some(i => i.src.startsWith('data:image/png') && i.naturalWidth)"
        )
        frames = [frame for frame in page.frames if frame != page.main_frame]
        shown = []
        for frame in frames:
            frame.wait_for_load_state()
            shown.append(frame.locator("body").inner_text())
        assert len([text for text in shown if "made by a template" in text]) == 2, shown
        page.get_by_role("button", name="Expand Panel").first.click()
        page.get_by_role("heading", name="Rules").wait_for()
        page.locator("label[for='quality_6']").click()
        with page.expect_response(lambda answer: answer.url.endswith("/responses")) as answer:
            page.locator(".button--submit").click()
        assert answer.value.ok
        refused = [line for line in console if "Content Security" in line or "Refused to" in line]
        # Argilla's page asks Google for a font; nothing is asked elsewhere.
        assert [line for line in refused if "'https://fonts.googleapis.com/" not in line] == []

    def test_pdfs_are_shown_and_nothing_else_becomes_of_them(self, page: Page, argilla: EmbeddedArgilla) -> None:
        """The SDK's `pdf_to_html` gave a blank field; a data: address may as well be a page with scripts."""
        document = (
            b"%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>"
        )
        document += (
            b"endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj\ntrailer<</Root 1 0 R>>"
        )
        script = "data:text/html;base64," + b64encode(b"<script>top.ran = parent.ran = 1</script>").decode()
        pdf = f"data:application/pdf;base64,{b64encode(document).decode()}"
        text = f'<object id="pdf" data="{pdf}" type="application/pdf" width="300px" height="200px"></object>'
        text += f'<embed id="as-embed" src="{pdf}" type="application/pdf">'
        text += "".join(
            f'<object data="{script}" type="{kind}"></object><embed src="{script}" type="{kind}">'
            for kind in ("application/pdf", "text/html")
        )
        text += (
            '<img src="http://elsewhere.example/x.png"><style>@import "http://elsewhere.example/x.css";</style>'
        )
        text += '<p style="background:url(http://elsewhere.example/y.png)">a</p>'
        fields = [
            {"name": "t", "title": "T", "required": True, "settings": {"type": "text", "use_markdown": True}}
        ]
        with owner_of(argilla) as owner:
            dataset = owner.dataset("security", "pdf", fields=fields)
            owner.user("pdf-reader", workspace="security")
            owner.load(dataset, [{"fields": {"t": text}}])
        requests: list[str] = []
        page.on("requestfinished", lambda request: requests.append(request.url))
        self.sign_in(page, argilla, "pdf-reader")
        page.goto(f"{argilla.api_url}/dataset/{dataset}/annotation-mode")
        page.wait_for_selector("form.questions-form")
        shown = page.locator("object[data^='blob:'], embed[src^='blob:']")
        shown.first.wait_for(state="attached")

        def viewer_is_there() -> bool:
            # Playwright hears of new frames only while one of its own calls runs.
            page.evaluate("0")
            return any("chrome-extension" in frame.url for frame in page.frames)

        wait_until(viewer_is_there, "the viewer of PDFs")
        assert page.evaluate("window.ran") is None
        assert not [url for url in requests if "elsewhere.example" in url]
        assert not [frame.url for frame in page.frames if frame.url.startswith("data:text/html")]

    def test_the_page_of_the_api_works(self, page: Page, argilla: EmbeddedArgilla, console: list[str]) -> None:
        page.goto(f"{argilla.api_url}/api/v1/docs")
        page.wait_for_load_state()
        assert [line for line in console if "Content Security" in line or "Refused to" in line] == []

    def test_no_other_page_can_frame_it(self, page: Page, argilla: EmbeddedArgilla) -> None:
        page.route(
            "http://other.example/",
            lambda route: route.fulfill(
                content_type="text/html", body=f"<iframe src='{argilla.api_url}/sign-in'></iframe>"
            ),
        )
        page.goto("http://other.example/")
        frame = page.wait_for_selector("iframe").content_frame()
        wait_until(lambda: frame.evaluate("location.protocol") == "chrome-error:", "the refusal")

    def test_a_discard_without_values_can_be_shown(
        self, page: Page, argilla: EmbeddedArgilla, console: list[str]
    ) -> None:
        with owner_of(argilla) as owner:
            dataset = owner.dataset("security", "null-values")
            owner.user("discarder", workspace="security")
            first, _ = owner.load(dataset, texts(2))
        with signed_in(argilla.api_url, "discarder") as person:
            person("POST", f"/records/{first}/responses", {"status": "discarded"})
            found = person("POST", f"/me/datasets/{dataset}/records/search", {}, include="responses")
            answers = [item["record"]["responses"] for item in found["items"] if item["record"]["responses"]]
            assert [[response["values"] for response in responses] for responses in answers] == [[{}]]
        with closing(sqlite3.connect(argilla.home.database)) as database:
            ids = (first, first.replace("-", ""))
            stored = database.execute('SELECT "values" FROM responses WHERE record_id IN (?, ?)', ids).fetchall()
        assert stored in ([(None,)], [("null",)])
        self.sign_in(page, argilla, "discarder")
        page.goto(f"{argilla.api_url}/dataset/{dataset}/annotation-mode?page=1&status=discarded")
        page.locator("form.questions-form").wait_for()
        assert "Question 1 about rain" in page.locator("body").inner_text()
        assert [line for line in console if line.startswith("broken:")] == []


def test_what_everybody_may_ask_says_the_version_and_nothing_else(argilla: EmbeddedArgilla) -> None:
    with Rest(argilla.api_url) as nobody, owner_of(argilla) as owner:
        assert nobody("GET", "/version") == {"version": "2.8.0"}
        assert nobody.http.get("/api/v1/status").status_code == 401
        assert owner("GET", "/status")["search_engine"]["name"] == "embedded"
        assert nobody("GET", "/settings") == {"argilla": {"share_your_progress_enabled": False}}
        assert "/api/v1/status" in {f"/api/v1{path}" for path in nobody("GET", "/openapi.json")["paths"]}


FORM = b"POST /api/v1/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=B\r\n"
PART = b'--B\r\nContent-Disposition: form-data; name="username"'


class TestMultipart:
    @pytest.mark.parametrize(
        ("body", "statuses"),
        [
            (PART + b"\r\n\r\n" + b"x" * 15_000, {422}),
            (b"--B\r\nContent-Disposition: " + b"x" * 15_000, {400}),
            ((PART + b"\r\n\r\n1\r\n") * 200, {422}),
            ((PART + b'; filename="f"\r\n\r\n1\r\n') * 150, {422}),
        ],
        ids=["a part without end", "a header without end", "many parts", "many files"],
    )
    def test_what_has_no_end_is_refused(self, argilla: EmbeddedArgilla, body: bytes, statuses: set[int]) -> None:
        with _connected(argilla) as connection:
            connection.sendall(FORM + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            assert _status(connection) in statuses
        # The same in pieces of which the last never comes: nobody waits for it, and more of it is refused.
        with _connected(argilla) as unended, _connected(argilla) as connection:
            unended.sendall(FORM + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n")
            assert argilla.get("/api/v1/me").status_code == 200
            too_long = PART + b"\r\n\r\n" + b"x" * 20_000
            connection.sendall(FORM + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(too_long) + too_long)
            connection.sendall(b"\r\n")
            assert _status(connection) == 413

    def test_many_that_never_end_are_not_kept_in_memory(self, argilla: EmbeddedArgilla) -> None:
        server = psutil.Process(argilla.wait_for_child("server"))
        before = server.memory_info().rss
        piece = PART + b"\r\n\r\n" + b"x" * 15_000
        with ExitStack() as stack:
            for _ in range(200):
                connection = stack.enter_context(_connected(argilla))
                connection.sendall(FORM + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(piece) + piece)
            assert argilla.get("/api/v1/me").status_code == 200
            assert server.memory_info().rss - before < 40_000_000


def _connected(argilla: EmbeddedArgilla) -> socket.socket:
    return socket.create_connection(("127.0.0.1", argilla.port), PATIENCE)


def _status(connection: socket.socket) -> int:
    return int(connection.recv(100).split()[1])


NOBODY = 65534
LOOK = f"""
import os, socket, sys
processes, *paths = sys.argv[1:]
folders = [os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in paths]
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
def attempt(what, work):
    try:
        work()
        print(what)
    except OSError:
        pass
PRIVATE = ("argilla.db", "owner.json", "credentials.csv", "secret-key", "server.json")
NAMES = (*PRIVATE, "answering.lock")
for folder, path in zip(folders, paths):
    for name in (*NAMES, "logs/server.log", "search-index.db", "redis-queue", "tmp", "serve.lock", "."):
        attempt(f"reads {{name}}", lambda: os.close(os.open(name, os.O_RDONLY, dir_fd=folder)))
    attempt(f"lists {{path}}", lambda: os.listdir(path))
    attempt(f"writes {{path}}", lambda: os.open("new", os.O_WRONLY | os.O_CREAT, dir_fd=folder))
    with socket.socket(socket.AF_UNIX) as redis:
        attempt("asks Redis", lambda: redis.connect(f"/proc/self/fd/{{folder}}/redis.sock"))
for process in processes.split(","):
    for name in ("environ", "mem", "fd"):
        attempt(f"reads {{name}}", lambda: os.listdir(f"/proc/{{process}}/fd") if name == "fd" else
                open(f"/proc/{{process}}/{{name}}", "rb").read(1))
    sys.stderr.write(open(f"/proc/{{process}}/cmdline").read())
"""
"""What another user can do, who even has the folders open: nobody may come past the modes of what is in them."""


@pytest.mark.parametrize(("mode", "done"), [(0o700, set()), (0o755, {"reads serve.lock", "reads ."})])
def test_another_user_of_the_machine_sees_nothing(argilla: EmbeddedArgilla, mode: int, done: set[str]) -> None:
    """Also where the home folder was made before, open to everybody."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    home = argilla.home.path
    with owner_of(argilla) as owner:
        owner.load(owner.dataset("other-users", f"other-users-{mode:o}"), texts(1))
        owner.user(f"other-user-{mode:o}")
    assert home.stat().st_mode & 0o777 == 0o700
    home.chmod(mode)
    try:
        processes = ",".join(str(process.pid) for process in argilla.family())
        arguments = [processes, str(home), argilla.state["runtime"]]
        looked = subprocess.run(
            [sys.executable, "-c", LOOK, *arguments], capture_output=True, text=True, check=True, cwd="/"
        )
    finally:
        home.chmod(0o700)
    assert set(looked.stdout.splitlines()) == done
    secrets = [argilla.api_key, argilla.password, argilla.home.secret_key.read_text("utf-8")]
    assert "redis" in looked.stderr
    assert not [secret for secret in secrets if secret in looked.stderr]


def test_who_listens_at_the_port_of_a_stopped_server_is_sent_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a clean stop as after kill -9, after which server.json still says that it runs."""
    monkeypatch.setattr(http_calls, "FIRST_PAUSE", 0.01)
    with embedded_argilla(tmp_path / "home") as argilla:
        connection = connection_of(argilla.home)
        with connect(connection) as client:
            assert client.role == "owner"
        for end in (argilla.kill, argilla.stop):
            family = argilla.family()
            end()
            wait_until(lambda family=family: all(map(gone, family)), "the end of its processes")  # type: ignore[misc]
            with socket.create_server(("127.0.0.1", argilla.port)) as stranger:
                with pytest.raises(ServerUnreachableError, match="does not run; something else listens there"):
                    connect(connection)
                stranger.settimeout(PATIENCE)
                for _ in range(ATTEMPTS):
                    with stranger.accept()[0] as sent:
                        assert sent.recv(1) == b""
            argilla.start()
            with connect(connection) as client:
                assert client.role == "owner"
