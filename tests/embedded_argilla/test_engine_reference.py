"""The engine answers as a real Elasticsearch did; ``tests/reference/record_elasticsearch.py`` recorded it.

Where the two differ, one of the reasons of docs/search-semantics.md applies, and each reason is needed.
"""

import asyncio
import json
import math
from pathlib import Path

import pytest

from tests.reference.compare import agreement, difference, is_ranked, unpacked
from tests.reference.reasons import REASONS, reasons_for

GOLDEN = Path(__file__).parent.parent / "reference" / "golden"
KINDS = ("search", "similarity_search", "metrics", "progress")


@pytest.fixture(scope="module", params=["chats", "texts"])
def compared(request, tmp_path_factory):
    """``(kind, case, their answer, ours)`` for every golden answer of one dataset, and its name."""
    from sharegpt_argilla.embedded_argilla.engine import EmbeddedSearchEngine
    from sharegpt_argilla.embedded_argilla.engine.index_threads import close_stores
    from tests.reference.world import ReferenceWorld

    golden = json.loads((GOLDEN / f"{request.param}.json").read_text(encoding="utf-8"))
    engine = EmbeddedSearchEngine(tmp_path_factory.mktemp("reference") / "search-index.db")
    world = ReferenceWorld(engine, golden)

    async def ask():
        await world.index()
        return [
            (kind, each["case"], unpacked(each), await world.answer(kind, each["case"]))
            for kind in KINDS
            for each in golden.get(kind, [])
        ]

    yield request.param, asyncio.run(ask())
    close_stores()


def without_case(answer):
    return {name: value for name, value in answer.items() if name not in ("case", "best", "places")}


def test_every_difference_has_a_reason(compared):
    name, answers = compared
    unexplained, used = [], set()
    for kind, case, their_answer, ours in answers:
        theirs = without_case(their_answer)
        differs = difference(kind, case, theirs, ours)
        if differs:
            reasons = reasons_for(kind, name, case, theirs)
            used.update(reasons)
            if not reasons:
                unexplained.append((differs, kind, case, str(theirs)[:120], str(ours)[:120]))
    assert unexplained == [], "\n".join(map(str, unexplained))
    if name == "chats":
        assert used == set(REASONS)


def test_the_best_are_mostly_the_same(compared):
    """Scores are another formula (all fields against the best of them), so the order is not equal."""
    _, answers = compared
    shares = [
        agreement(theirs, ours)
        for kind, case, theirs, ours in answers
        if "query" in case and is_ranked(kind, case) and difference(kind, case, without_case(theirs), ours) is None
    ]
    assert len(shares) > 400
    assert sum(shares) / len(shares) > 0.75


def test_the_mean_is_the_same_but_for_rounding(compared):
    """Elasticsearch rounds it half up; where that makes no difference, the order is equal."""
    name, answers = compared
    if name == "texts":
        return
    records = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))["records"]
    ratings = [
        [each["values"]["quality"] for each in record["responses"] if "quality" in each["values"]]
        for record in records
    ]
    means = [sum(values) / len(values) if values else None for values in ratings]
    rounded = [None if mean is None else math.floor(mean + 0.5) for mean in means]
    for way, sign in (("asc", 1), ("desc", -1)):
        sort = {"sort": [[["response", "quality", None, None], way]]}
        theirs, ours = next((each[2]["found"], each[3]["found"]) for each in answers if each[1] == sort)
        for found, keys in ((theirs, rounded), (ours, means)):
            places = range(len(keys))
            order = sorted((key is None, sign * (key or 0), at) for at, key in zip(places, keys, strict=True))
            assert found == [at for *_, at in order]


def test_scores_without_a_query_are_one(compared):
    _, answers = compared
    for kind, case, _, ours in answers:
        if kind == "search" and not {"query", "sort", "user"} & set(case) and ours["found"]:
            assert ours["score"] == 1.0


def test_the_reasons_are_documented():
    page = (Path(__file__).parents[2] / "docs" / "search-semantics.md").read_text(encoding="utf-8")
    assert [line[4:] for line in page.splitlines() if line.startswith("### ")] == list(REASONS)
