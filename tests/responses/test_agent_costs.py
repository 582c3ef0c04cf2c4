"""What a language model's answers cost, and those that people agree with, as the report says it."""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from sharegpt_argilla.annotation import AnsweredRecord, Response, Suggestion
from sharegpt_argilla.cli.main import main
from sharegpt_argilla.common.cache import DiskCache
from sharegpt_argilla.common.call_usage import CallUsage, Prices, Tokens, link_rows, usage_entry, usage_key
from sharegpt_argilla.responses.agent_costs import Usage, agent_costs, amount, cost_lines
from sharegpt_argilla.responses.merge import Origin, merge
from sharegpt_argilla.rows import Pair, Row, build_row, dump_row
from tests.projects import ROOT

OLD, NEW = "m:00000000", "m:11111111"


def call(number: int, tokens: Tokens | None = (100, 10), prices: Prices | None = (2.0, 8.0)) -> CallUsage:
    return CallUsage(bytes([number]), tokens, prices)


ANSWERS: dict[str, dict[str, dict[str, Hashable]]] = {
    "q": {
        "a": {"ana": "x", "ben": "x"},
        "b": {"ana": "x", "ben": "y"},
        "c": {"ana": frozenset({"x", "y"})},
        "d": {"ana": "x"},
    }
}
SUGGESTED: dict[str, dict[str, dict[str, Hashable]]] = {
    "q": {OLD: {"a": "x", "b": "x", "c": frozenset({"y", "x"}), "e": "x"}}
}


def test_an_answer_agrees_if_most_people_gave_it_and_bears_the_cost_of_all_that_people_answered() -> None:
    # a and c agree; half of two people is not most of them; d had no usable answer; nobody answered e.
    usage = {OLD: {row: call(number) for number, row in enumerate("abcde")}}
    (costs,) = agent_costs(usage, SUGGESTED, ANSWERS)
    each = (100 * 2 + 10 * 8) / 1_000_000
    assert costs == {
        "agent": OLD,
        "rows": 5,
        "uncounted": 0,
        "tokens_in": 500,
        "tokens_out": 50,
        "cost": pytest.approx(5 * each),
        "answers": 3,
        "agreed": 2,
        "tokens_per_agreed": 4 * 110 / 2,
        "cost_per_agreed": pytest.approx(4 * each / 2),
    }


def test_rows_with_the_same_texts_share_one_call() -> None:
    (costs,) = agent_costs({OLD: {"a": call(1), "b": call(1)}}, SUGGESTED, ANSWERS)
    assert (costs["rows"], costs["tokens_in"], costs["tokens_per_agreed"]) == (2, 100, 110)


def test_rows_without_a_count_are_left_out_and_told() -> None:
    (costs,) = agent_costs({OLD: {"a": call(1), "c": call(2, tokens=None)}}, SUGGESTED, ANSWERS)
    assert (costs["rows"], costs["uncounted"], costs["answers"], costs["agreed"]) == (1, 1, 1, 1)
    lines = list(cost_lines([costs]))
    assert "    1 rows more without a count" in lines


@pytest.mark.parametrize("prices", [[None, None], [(2.0, 8.0), None]])
def test_without_every_price_there_is_no_cost(prices: list[Prices | None]) -> None:
    usage = {OLD: {row: call(ord(row), prices=price) for row, price in zip("ac", prices, strict=True)}}
    (costs,) = agent_costs(usage, SUGGESTED, ANSWERS)
    assert (costs["cost"], costs["cost_per_agreed"], costs["tokens_per_agreed"]) == (None, None, 110)
    assert "in all" not in "".join(cost_lines([costs]))


def test_where_nothing_agrees_nothing_has_a_price() -> None:
    (costs,) = agent_costs({OLD: {"b": call(1)}}, SUGGESTED, ANSWERS)
    assert (costs["agreed"], costs["cost_per_agreed"], costs["tokens_per_agreed"]) == (0, None, None)
    assert list(cost_lines([costs]))[-1] == "    0 of 1 answers agree with people"


def test_agents_that_were_not_asked_over_the_network_are_not_there() -> None:
    nothing: Usage = {"intent_rules": {}}
    assert agent_costs(nothing, SUGGESTED, ANSWERS) == []
    assert list(cost_lines([])) == []


@pytest.mark.parametrize(
    ("cost", "text"),
    [(None, "-"), (0.0, "0"), (0.00047, "0.00047"), (0.5, "0.5"), (1, "1.00"), (1234.567, "1,234.57")],
)
def test_sums_of_money(cost: float | None, text: str) -> None:
    assert amount(cost) == text


def annotated(agents: Collection[str]) -> list[Row]:
    origin = Origin("d", "5f2b8c01d9e4", ["toxicity"])
    rows = []
    for number, agent in enumerate(agents):
        pair = Pair(f"Prompt {number}", "So.", f"s{number}", 1, "vicuna", "ShareGPT", "human", "gpt")
        row = build_row(pair, "20230511 15:56:03")
        said = Response("ana", "submitted", {"toxicity": "none"}, "2026-01-01T10:00:00Z")
        record = AnsweredRecord(row["id"], "completed", [said], [Suggestion("toxicity", "none", agent)])
        rows.append(merge(row, record, origin))
    return rows


def remember(cache: DiskCache, row: Row, agent: str, tokens: Tokens, prices: Prices | None) -> None:
    key = usage_key(agent, row["问"], row["答"])
    cache.put_many({key: usage_entry(tokens, prices)})
    link_rows(cache, agent, [(row["id"], key)])


@pytest.fixture
def rows_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two versions of a prompt, and a model that the project does not name any more."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    agents = [OLD, NEW, NEW, "gone:22222222", "intent_rules"]
    rows = annotated(agents)
    with closing(DiskCache(tmp_path / "cache" / "sharegpt-argilla" / "llm.db", 1000)) as cache:
        for row, agent in zip(rows[:3], agents, strict=False):
            remember(cache, row, agent, (1000, 100), (7.0, 7.0))
        remember(cache, rows[3], agents[3], (1000, 100), (7.0, 7.0))
    path = tmp_path / "annotated.jsonl"
    path.write_text("".join(f"{dump_row(row)}\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "dataset-config.yml"
    path.write_text((ROOT / "dataset-config.yml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "guidelines.md").write_text("Be fair.", encoding="utf-8")
    write_agents(path, price_in=2, price_out=10)
    return path


def write_agents(path: Path, *others: dict[str, object], **prices: object) -> None:
    agent = {"type": "llm", "questions": ["toxicity"], "url": "http://127.0.0.1:9/v1", "model": "m"}
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["suggestions"] = [{**agent, **prices}, *({**agent, **other} for other in others)]
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def test_the_report_shows_every_version_of_the_prompt(
    rows_file: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = rows_file.with_name("report.html")
    arguments = ["report-agreement", str(rows_file), "--config", str(config), "--html", str(page)]
    assert main([*arguments, "--json"]) == 0
    costs = json.loads(capsys.readouterr().out)["costs"]
    assert [(one["agent"], one["rows"], one["agreed"]) for one in costs] == [
        ("gone:22222222", 1, 1),
        (OLD, 1, 1),
        (NEW, 2, 2),
    ]
    # The present prices of the file hold for both versions; for a model that it does not name those of then.
    assert [one["cost"] for one in costs] == pytest.approx([0.0077, 0.003, 0.006])
    assert [one["cost_per_agreed"] for one in costs] == pytest.approx([0.0077, 0.003, 0.003])
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert f"  {NEW}: 2,000 tokens in and 200 out for 2 rows, 0.006 in all" in text
    assert "    2 of 2 answers agree with people: 1,100 tokens for each, 0.003" in text
    html = page.read_text(encoding="utf-8")
    assert "Tokens and cost of language models" in html
    assert f'<td class="n">{NEW}</td><td class="n">2</td>' in html


@pytest.mark.parametrize("left", [None, b"no database at all" * 100])
def test_without_a_cache_nothing_is_said_of_costs(
    rows_file: Path, config: Path, left: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = rows_file.with_name("cache") / "sharegpt-argilla" / "llm.db"
    cache.unlink() if left is None else cache.write_bytes(left)
    assert main(["report-agreement", str(rows_file), "--config", str(config)]) == 0
    assert "tokens" not in capsys.readouterr().out
    assert cache.exists() == (left is not None)


def test_two_pairs_of_prices_of_one_model_decide_nothing(
    rows_file: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_agents(config, {"mode": "judge", "questions": ["intent"], "price_in": 3}, price_in=2, price_out=10)
    assert main(["report-agreement", str(rows_file), "--config", str(config), "--json"]) == 0
    costs = json.loads(capsys.readouterr().out)["costs"]
    assert [one["cost"] for one in costs] == pytest.approx([0.0077, 0.0077, 0.0154])


@pytest.mark.parametrize("price", [{"price_in": -1}, {"price_out": "much"}])
def test_a_price_is_a_number_from_zero_on(
    config: Path, price: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    write_agents(config, **price)
    assert main(["config", "check", "--config", str(config)]) == 2
    assert next(iter(price)) in capsys.readouterr().err
