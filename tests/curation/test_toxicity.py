"""What corpora say about toxicity, in their spellings, and a moderation endpoint that answers badly."""

import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sharegpt_argilla.common import http_calls
from sharegpt_argilla.curation.checks import toxicity_models as classifiers
from sharegpt_argilla.curation.checks.base import Options
from sharegpt_argilla.curation.checks.table import CHECKS
from sharegpt_argilla.errors import CredentialsError, ServerRefusedError, ServerUnreachableError, UsageError
from tests.curation.rows import curated, row
from tests.curation.samples import item

SPELLINGS = ["self-harm/intent", "self_harm_intent", "self-harm-intent"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_scores_of_the_corpus_are_normalised(tmp_path: Path, spelling: str) -> None:
    said = {"flagged": True, "categories": {spelling: True}, "category_scores": {spelling: 0.83, "violence": 0.2}}
    extra: dict[str, Any] = {"openai_moderation": [said], "detoxify_moderation": [{"toxicity": 0.05}]}
    (((_, found),), _) = curated(tmp_path, [row(**extra)])
    assert found["toxicity"] == {"score": 0.83, "categories": ["self-harm/intent"], "sources": {"corpus": 0.83}}
    assert found["flags"] == ["toxic"]


def test_what_extract_keeps_is_read(tmp_path: Path) -> None:
    said = {"flagged": False, "categories": [], "scores": {"hate": 0.01}}
    (((_, curation),), _) = curated(tmp_path, [row(openai_moderation=said)])
    assert (curation["toxicity"]["score"], curation["flags"]) == (0.01, [])
    said = {"flagged": True, "categories": ["hate"], "scores": {"hate": 0.7}}
    (((_, curation),), _) = curated(tmp_path, [row(openai_moderation=said)])
    assert (curation["toxicity"]["categories"], curation["flags"]) == (["hate"], ["toxic"])


@pytest.mark.parametrize(("threshold", "flags"), [(0.1, ["toxic"]), (0.5, [])])
def test_detoxify_counts_from_the_threshold(tmp_path: Path, threshold: float, flags: list[str]) -> None:
    rows = [row(detoxify_moderation={"toxicity": 0.3, "insult": 0.1})]
    (((_, found),), _) = curated(tmp_path, rows, options={"toxicity": threshold})
    assert found["flags"] == flags


class Endpoint:
    """A moderation endpoint: says what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.trouble: list[tuple[int, str]] = []
        self.keys: list[str | None] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.asked.append(body)
                endpoint.keys.append(self.headers["Authorization"])
                status, text = endpoint.trouble.pop(0) if endpoint.trouble else (200, endpoint.answer(body))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_arguments) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    @staticmethod
    def answer(body: dict[str, Any]) -> str:
        results = [
            {
                "flagged": "violence" in text,
                "categories": {"violence": "violence" in text, "harassment_threatening": False},
                "category_scores": {
                    "violence": 0.9 if "violence" in text else 0.01,
                    "harassment_threatening": 0.02,
                },
            }
            for text in body["input"]
        ]
        return json.dumps({"id": "m", "results": results})


@pytest.fixture
def endpoint(monkeypatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(http_calls, "FIRST_PAUSE", 0.0)
    monkeypatch.delenv(classifiers.API_KEY, raising=False)
    fake = Endpoint()
    thread = threading.Thread(target=fake.server.serve_forever)
    thread.start()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()
    thread.join()


def moderated(endpoint: Endpoint, items: list) -> list:
    return CHECKS["moderation"].find(items, Options(moderation_url=endpoint.url))


ITEMS = [item("A film full of violence?"), item("A calm film?", ""), item("A calm film?", "Yes, no violence.")]


def test_the_endpoint_is_asked_for_each_text_once(endpoint: Endpoint, monkeypatch) -> None:
    monkeypatch.setenv(classifiers.API_KEY, "k")
    findings = moderated(endpoint, ITEMS)
    assert [finding.flagged for finding in findings] == [True, False, True]
    assert findings[0].facts["toxicity"] == {"source": "moderation", "score": 0.9, "categories": ["violence"]}
    assert findings[1].facts["toxicity"]["score"] == 0.02
    (asked,) = endpoint.asked
    assert asked["input"] == ["A film full of violence?", ITEMS[0].answer, "A calm film?", "Yes, no violence."]
    assert endpoint.keys == ["Bearer k"]


def test_many_texts_go_in_batches_and_nothing_is_lost_or_asked_twice(endpoint: Endpoint) -> None:
    endpoint.trouble = [(429, "slow down"), (500, "oh"), (200, "{broken"), (200, '{"results": []}')]
    items = [item(f"Is {number} violence or not?", f"It is {number}.") for number in range(20)]
    findings = moderated(endpoint, items)
    assert [finding.flagged for finding in findings] == [True] * 20
    answered = [text for body in endpoint.asked[4:] for text in body["input"]]
    assert sorted(answered) == sorted(text for one in items for text in one.texts)
    assert all(body["input"] == endpoint.asked[0]["input"] for body in endpoint.asked[:5])


def test_an_endpoint_that_stays_bad_ends_the_run_in_one_line(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.trouble = [(503, "")] * 9
    with pytest.raises(ServerUnreachableError, match="no usable answer in 5 tries"):
        moderated(endpoint, ITEMS)
    endpoint.trouble = [(401, "")]
    with pytest.raises(CredentialsError, match="OPENAI_API_KEY"):
        moderated(endpoint, ITEMS)
    endpoint.trouble = [(404, "")]
    with pytest.raises(ServerRefusedError, match="404"):
        moderated(endpoint, ITEMS)


@pytest.mark.parametrize("url", ["http://[::1", "api.openai.com/v1"])
def test_a_malformed_address_ends_the_run_in_one_line(url: str, tmp_path: Path) -> None:
    with pytest.raises(ServerUnreachableError, match=re.escape(f"{url} is no address: ")):
        curated(tmp_path, [row()], check=["moderation"], options={"moderation_url": url})


def test_what_the_endpoint_says_stands_in_the_row(endpoint: Endpoint, tmp_path: Path) -> None:
    options = {"moderation_url": endpoint.url}
    rows = [row("Is there violence in this film?", detoxify_moderation={"toxicity": 0.3})]
    (((_, found),), _) = curated(tmp_path, rows, check=["moderation", "toxic"], options=options)
    assert found["flags"] == ["moderation", "toxic"]
    assert found["toxicity"] == {
        "score": 0.9,
        "categories": ["toxicity", "violence"],
        "sources": {"corpus": 0.3, "moderation": 0.9},
    }


def test_the_endpoint_gets_no_private_data_of_redacted_rows(endpoint: Endpoint, tmp_path: Path) -> None:
    rows = [row("Is there violence in the film of maria.lindqvist@posteo-mail.net?")]
    options = {"moderation_url": endpoint.url}
    (((_, found),), _) = curated(tmp_path, rows, check=["moderation", "email"], redact=True, options=options)
    assert endpoint.asked[0]["input"][0] == "Is there violence in the film of <EMAIL>?"
    assert (found["flags"], found["fixed"]) == (["moderation"], ["email"])


class Classifier:
    """As Detoxify: lists of scores for a list of texts."""

    def __init__(self, name: str = "original", checkpoint: str | None = None) -> None:
        self.name = checkpoint or name

    def predict(self, texts: list[str]) -> dict[str, list[float]]:
        assert len(texts) <= 2 * classifiers.BATCH
        return {"toxicity": [0.95 * ("idiot" in text) for text in texts], "insult": [0.5] * len(texts)}


def test_detoxify_scores_both_texts(monkeypatch, tmp_path: Path) -> None:
    classifiers._detoxify.cache_clear()
    monkeypatch.setitem(sys.modules, "detoxify", SimpleNamespace(Detoxify=Classifier))
    rows = [row(session=str(n), answer="You idiot." if n % 2 else "Yes, quite so.") for n in range(40)]
    after, _ = curated(tmp_path, rows, check=["detoxify"], options={"detoxify_model": "multilingual"})
    assert [found["flags"] for _, found in after] == [["detoxify"] if n % 2 else [] for n in range(40)]
    assert after[1][1]["toxicity"]["sources"] == {"detoxify": 0.95}
    classifiers._detoxify.cache_clear()


def test_detoxify_that_is_not_installed(monkeypatch) -> None:
    classifiers._detoxify.cache_clear()
    monkeypatch.setitem(sys.modules, "detoxify", None)
    with pytest.raises(UsageError, match=r'pip install "sharegpt-argilla\[toxicity\]"'):
        CHECKS["detoxify"].find([item()], Options())
