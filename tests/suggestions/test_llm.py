"""The agent that asks a model: nothing lost, nothing asked twice, whatever the endpoint does."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sharegpt_argilla.annotation import Suggestion
from sharegpt_argilla.common import http_calls
from sharegpt_argilla.common.cache import DiskCache
from sharegpt_argilla.config import LanguageModel, load_project
from sharegpt_argilla.config.annotation_task import LabelQuestion
from sharegpt_argilla.errors import CredentialsError, ServerRefusedError, ServerUnreachableError
from sharegpt_argilla.suggestions import chat_endpoint
from sharegpt_argilla.suggestions.base import Subject
from sharegpt_argilla.suggestions.llm import FAILURES_IN_A_ROW, ChatModel, Prompt
from tests.embedded import PATIENCE, wait_until
from tests.projects import ROOT
from tests.suggestions.fake_endpoint import ANSWER, FakeEndpoint, fake_endpoint

PROJECT = load_project(ROOT / "dataset-config.yml")
QUESTIONS = PROJECT.config.questions


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEndpoint]:
    monkeypatch.setattr(http_calls, "FIRST_PAUSE", 0.01)
    with fake_endpoint() as fake:
        yield fake


def options(url: str, **more: Any) -> LanguageModel:
    names = [question.name for question in QUESTIONS]
    return LanguageModel(type="llm", questions=names, url=url, model="some/model", **more)


def model(
    endpoint: FakeEndpoint, cache: DiskCache | None = None, *, dry_run: bool = False, **more: object
) -> ChatModel:
    chosen = options(endpoint.url, **more)
    return ChatModel(chosen, QUESTIONS, PROJECT.guidelines, cache, dry_run=dry_run)


def subjects(*prompts: str) -> list[Subject]:
    return [Subject(prompt, "An answer.", {}) for prompt in prompts]


def test_an_answer_becomes_suggestions(endpoint: FakeEndpoint) -> None:
    (found,) = model(endpoint).suggest(subjects("Why?"))
    agent = found[0].agent
    assert re.fullmatch(r"some/model:[0-9a-f]{8}", agent)
    assert found == [
        Suggestion("quality", 6, agent, 0.8),
        Suggestion("intent", ["code", "open_qa"], agent, [0.7, 0.7]),
        Suggestion("toxicity", "none", agent, 0.9),
    ]


def test_the_request_holds_guidelines_labels_and_a_schema(endpoint: FakeEndpoint) -> None:
    model(endpoint).suggest(subjects("Why?"))
    (body,) = endpoint.bodies
    system = body["messages"][0]["content"]
    assert PROJECT.guidelines.strip() in system
    assert "- closed_qa: Closed QA" in system
    assert json.loads(body["messages"][1]["content"]) == {"prompt": "Why?", "response": "An answer."}
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["quality"]["properties"]["value"]["enum"] == [1, 2, 3, 4, 5, 6, 7]
    assert schema["required"] == ["quality", "intent", "toxicity"]


def test_a_judge_is_asked_whether_the_response_is_right(endpoint: FakeEndpoint) -> None:
    question = LabelQuestion(name="correct", title="Is it right?", type="label", labels={"yes": "Yes", "no": "No"})
    chosen = options(endpoint.url, mode="judge")
    endpoint.answer = {"correct": {"value": "no", "confidence": 1}}
    (found,) = ChatModel(chosen, [question], PROJECT.guidelines).suggest(subjects("2 + 2?"))
    assert [(item.question, item.value, item.score) for item in found] == [("correct", "no", 1.0)]
    system = endpoint.bodies[0]["messages"][0]["content"]
    assert "is the response correct for its prompt" in system
    assert PROJECT.guidelines.strip() not in system


def test_nothing_is_lost_and_nothing_asked_twice(endpoint: FakeEndpoint, tmp_path: Path) -> None:
    prompts = ["plain", "429 2: busy", "500 1: down", "slow: well", "hang up: once", "broken 1: half", "plain"]
    with closing(DiskCache(tmp_path / "c.db", 1000)) as cache:
        first = model(endpoint, cache).suggest(subjects(*prompts))
        assert all(len(found) == 3 for found in first)
        asked = dict(endpoint.asked)
        assert asked == {
            "plain": 1,
            "429 2: busy": 3,
            "500 1: down": 2,
            "slow: well": 1,
            "hang up: once": 2,
            "broken 1: half": 2,
        }
    with closing(DiskCache(tmp_path / "c.db", 1000)) as cache:
        again = model(endpoint, cache)
        assert again.suggest(subjects(*prompts)) == first
        assert endpoint.asked == asked
        assert "asked about 0, 6 from the cache" in again.report()


@pytest.mark.parametrize(
    "left",
    [
        *(
            "1",
            "[]",
            "{}",
            '{"quality": 6}',
            '{"quality": {"value": 6}}',
            '{"other": {"value": 6, "confidence": 1}}',
        ),
        *('{"quality": {"value": 9, "confidence": 0.5}}', '{"quality": {"value": 6, "confidence": [1]}}'),
        '{"quality": {"value": 6, "confidence": 2}}',
    ],
)
def test_a_cached_answer_of_another_form_is_asked_for_again(
    left: str, endpoint: FakeEndpoint, tmp_path: Path
) -> None:
    with closing(DiskCache(tmp_path / "c.db", 1000)) as cache:
        expected = model(endpoint, cache).suggest(subjects("plain"))
        with closing(sqlite3.connect(tmp_path / "c.db")) as database, database:
            assert database.execute("UPDATE entries SET value = ?", (left.encode(),)).rowcount == 2
        assert model(endpoint, cache).suggest(subjects("plain")) == expected
    assert endpoint.asked == {"plain": 2}


def test_an_answer_too_slow_is_asked_for_again(endpoint: FakeEndpoint) -> None:
    with pytest.raises(http_calls.NoAnswerError, match="timed out"):
        chosen = options(endpoint.url, timeout=0.1, attempts=2)
        with closing(chat_endpoint.ChatEndpoint(chosen)) as http:
            http.complete(Prompt(chosen, QUESTIONS, "").body(subjects("slow: x")[0]))
    wait_until(lambda: endpoint.asked["slow: x"] >= 2, "the second request")
    assert endpoint.asked["slow: x"] == 2


def test_broken_json_is_asked_for_again_once_and_then_remembered(endpoint: FakeEndpoint, tmp_path: Path) -> None:
    with closing(DiskCache(tmp_path / "c.db", 1000)) as cache:
        for _ in range(2):
            agent = model(endpoint, cache)
            assert agent.suggest(subjects("broken 9: always")) == [[]]
    assert endpoint.asked["broken 9: always"] == 2
    assert [message["role"] for message in endpoint.bodies[1]["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]


def test_a_record_that_fails_is_asked_about_next_time(endpoint: FakeEndpoint, tmp_path: Path) -> None:
    prompts = subjects("400 1: refused", "500 3: long down", "fine")
    with closing(DiskCache(tmp_path / "c.db", 1000)) as cache:
        first = model(endpoint, cache, attempts=2)
        assert [len(found) for found in first.suggest(prompts)] == [0, 0, 3]
        assert "2 not answered, asked again next time" in first.report()
        assert [len(found) for found in model(endpoint, cache).suggest(prompts)] == [3, 3, 3]
    assert endpoint.asked["fine"] == 1


def test_an_endpoint_that_stays_down_stops_the_run_and_what_it_said_is_kept(
    endpoint: FakeEndpoint, tmp_path: Path
) -> None:
    many = subjects("fine", *(f"500 9: down {number}" for number in range(40)))
    with closing(DiskCache(tmp_path / "c.db", 1000)) as cache:
        with pytest.raises(ServerUnreachableError, match="failed 10 times in a row"):
            model(endpoint, cache, attempts=1, parallel=1).suggest(many)
        assert sum(endpoint.asked.values()) == 1 + FAILURES_IN_A_ROW
        assert model(endpoint, cache, attempts=1).suggest(many[:1]) != [[]]
    assert endpoint.asked["fine"] == 1


def test_answers_between_failures_start_the_count_anew(endpoint: FakeEndpoint) -> None:
    many = [f"500 9: down {number}" for number in range(3 * (FAILURES_IN_A_ROW - 1))]
    for end in (FAILURES_IN_A_ROW - 1, 2 * FAILURES_IN_A_ROW - 1):
        many.insert(end, f"fine {end}")
    found = model(endpoint, attempts=1, parallel=1).suggest(subjects(*many))
    assert sum(bool(suggestions) for suggestions in found) == 2
    assert len(endpoint.asked) == len(many)


def test_the_endpoint_gets_the_patience_that_it_asks_for(endpoint: FakeEndpoint) -> None:
    endpoint.retry_after = "1"
    began = time.monotonic()
    assert model(endpoint, parallel=1).suggest(subjects("429 1: busy")) != [[]]
    assert time.monotonic() - began >= 1


def test_a_malformed_address_is_one_clear_line() -> None:
    with pytest.raises(ServerUnreachableError, match=re.escape("http://[::1 is no address: ")):
        ChatModel(options("http://[::1"), QUESTIONS, "").suggest(subjects("x"))


@pytest.mark.parametrize(("status", "error"), [(401, CredentialsError), (404, ServerRefusedError)])
def test_what_no_retry_mends_stops_at_once(endpoint: FakeEndpoint, status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=re.escape(endpoint.url)):
        model(endpoint).suggest(subjects(f"{status} 9: x"))
    assert sum(endpoint.asked.values()) == 1


def test_the_key_comes_from_the_environment_alone(endpoint: FakeEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CredentialsError, match="SOME_KEY is not set"):
        model(endpoint, key_variable="SOME_KEY").suggest(subjects("x"))
    monkeypatch.setenv("SOME_KEY", "s3cret")
    model(endpoint, key_variable="SOME_KEY").suggest(subjects("x"))
    assert endpoint.headers[0]["Authorization"] == "Bearer s3cret"


def test_a_dry_run_asks_nothing_and_says_what_it_would_cost(endpoint: FakeEndpoint, tmp_path: Path) -> None:
    with closing(DiskCache(tmp_path / "c.db", 1000)) as cache:
        model(endpoint, cache).suggest(subjects("a"))
        dry = model(endpoint, cache, dry_run=True, price_in=1000.0, price_out=0.0)
        assert [len(match) for match in dry.suggest(subjects("a", "b", "c"))] == [3, 0, 0]
    match = re.search(
        r"would ask about 2, 1 from the cache; about ([\d,]+) tokens in and 150 out, about (\S+) in", dry.report()
    )
    tokens = int(match[1].replace(",", ""))
    assert tokens > 2 * len(PROJECT.guidelines) / 5
    assert float(match[2]) == pytest.approx(tokens / 1000, abs=0.01)
    assert endpoint.asked == {"a": 1}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (json.dumps(ANSWER), ["quality", "intent", "toxicity"]),
        (f"```json\n{json.dumps(ANSWER)}\n```", ["quality", "intent", "toxicity"]),
        ('{"quality": 5}', ["quality"]),
        (
            '{"quality": {"value": 9}, "intent": {"value": []}, "toxicity": {"value": "none", "confidence": 7}}',
            ["toxicity"],
        ),
        (
            '{"quality": {"value": true}, "intent": {"value": ["code", "nonsense"]}, "toxicity": {"value": 1}}',
            None,
        ),
        ("[]", None),
        ("", None),
        ("[" * 100_000, None),
    ],
)
def test_only_answers_that_fit_the_questions_are_used(text: str, names: list[str] | None) -> None:
    found = Prompt(options("http://x"), QUESTIONS, "").read(text)
    assert (found and list(found)) == names


def test_the_agent_changes_with_the_prompt_and_has_a_name_that_argilla_takes() -> None:
    chosen = options("http://x").model_copy(update={"model": "org/model@v1.5+" + "x" * 300})
    one, two = Prompt(chosen, QUESTIONS, "a").agent, Prompt(chosen, QUESTIONS, "b").agent
    assert one != two
    assert re.fullmatch(r"[a-zA-Z0-9_:/-]{1,200}", one)


ASK_MANY = """
import sys
from contextlib import closing
from pathlib import Path
from sharegpt_argilla.common.cache import DiskCache
from tests.suggestions import test_llm as t
with closing(DiskCache(Path(sys.argv[2]), 1000)) as cache:
    chosen = t.options(sys.argv[1], parallel=1)
    t.ChatModel(chosen, t.QUESTIONS, "", cache).suggest(t.subjects(*(f"p{n}" for n in range(40))))
"""


def test_after_a_kill_nothing_is_asked_twice(endpoint: FakeEndpoint, tmp_path: Path) -> None:
    endpoint.pause = 0.02
    path = tmp_path / "c.db"
    running = subprocess.Popen([sys.executable, "-c", ASK_MANY, endpoint.url, str(path)], cwd=ROOT)
    deadline = time.monotonic() + PATIENCE
    while len(endpoint.bodies) < 10:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    before = dict(endpoint.asked)
    with closing(DiskCache(path, 1000)) as cache:
        found = ChatModel(options(endpoint.url), QUESTIONS, "", cache).suggest(
            subjects(*(f"p{n}" for n in range(40)))
        )
    assert all(len(suggestions) == 3 for suggestions in found)
    # The one request that was under way when the process died may be asked again; no other.
    assert [prompt for prompt, times in endpoint.asked.items() if times > 1] in ([], [list(before)[-1]])
