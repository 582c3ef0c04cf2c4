"""Asks a real Elasticsearch, through argilla-server's own engine, and records what it answers.

    python -m tests.reference.record_elasticsearch

from the top of the repository. Needs Java 17 or newer and Maven 3 (about 60 MB of jars come through it the first
time), and the Python packages of ``pip install -e ".[serve,dev]"``. It takes about two minutes, starts one node on
loopback in a temporary folder, writes ``golden/``, counts the differences that have a reason
(docs/search-semantics.md) and prints those that have none.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from tests.reference.cases import random_cases
from tests.reference.compare import agreement, difference, is_ranked, packed
from tests.reference.documents import FIELDS, random_documents
from tests.reference.node import reference_node
from tests.reference.reasons import reasons_for

GOLDEN = Path(__file__).parent / "golden"
SEED = 20240501
# Number of records and fields. With a chat, whose roles are keywords, Elasticsearch reads queries otherwise.
WORLDS: dict[str, tuple[int, dict[str, str]]] = {
    "chats": (160, FIELDS),
    "texts": (90, {name: FIELDS[name] for name in ("prompt", "answer", "page")}),
}

Data = dict[str, Any]


async def _answers(engine: Any, documents: Data, cases: Data) -> dict[str, list[Any]]:
    from tests.reference.world import ReferenceWorld

    world = ReferenceWorld(engine, documents)
    await engine.delete_index(world.dataset)
    await world.index()
    return {kind: [await world.answer(kind, case) for case in each] for kind, each in cases.items()}


def _exact_engine(address: str) -> Any:
    """argilla-server's engine, with vectors as they were up to Elasticsearch 8.13: not rounded to 8 bits."""
    from argilla_server.models import VectorSettings
    from argilla_server.search_engine.elasticsearch import ElasticSearchEngine

    class ExactEngine(ElasticSearchEngine):  # type: ignore[misc]
        def _mapping_for_vector_settings(self, vector_settings: VectorSettings) -> Data:
            mapping = super()._mapping_for_vector_settings(vector_settings)
            return {name: {**each, "index_options": {"type": "hnsw"}} for name, each in mapping.items()}

    return ExactEngine(config={"hosts": address}, number_of_shards=1, number_of_replicas=0)


async def _ask_elasticsearch(address: str, worlds: dict[str, tuple[Data, Data]]) -> tuple[str, Data]:
    engine = _exact_engine(address)
    try:
        # The node's root page, which engine.info() reads, is in a module that is not published.
        nodes = (await engine.client.nodes.info())["nodes"].values()
        version = next(iter(nodes))["version"]
        return version, {name: await _answers(engine, *world) for name, world in worlds.items()}
    finally:
        await engine.close()


async def _ask_ours(folder: str, worlds: dict[str, tuple[Data, Data]]) -> Data:
    from sharegpt_argilla.embedded_argilla.engine import EmbeddedSearchEngine

    engine = EmbeddedSearchEngine(Path(folder) / "search-index.db")
    return {name: await _answers(engine, *world) for name, world in worlds.items()}


def _write(path: Path, content: Data) -> None:
    """One line for each record or case, so that a change can be read."""
    parts = []
    for key, value in content.items():
        lines = value if isinstance(value, list) and value and isinstance(value[0], dict) else None
        texts = [json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in lines or [value]]
        parts.append(f"{json.dumps(key)}:" + ("[\n" + ",\n".join(texts) + "\n]" if lines else texts[0]))
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _report(name: str, cases: Data, theirs: Data, ours: Data) -> None:
    kinds: Counter[str] = Counter()
    shares = []
    for kind, each in cases.items():
        for case, their, our in zip(each, theirs[kind], ours[kind], strict=True):
            differs = difference(kind, case, their, our)
            kinds["same"] += differs is None
            reasons = reasons_for(kind, name, case, their) if differs else []
            if differs and reasons:
                kinds[", ".join(reasons)] += 1
            elif differs:
                _say(f"{name} {differs} {kind} {json.dumps(case, ensure_ascii=False)}")
                _say(f"    theirs {str(their)[:200]}")
                _say(f"    ours   {str(our)[:200]}")
            elif is_ranked(kind, case) and "query" in case:
                shares.append(agreement(their, our))
    _say(f"{name}: {dict(kinds)}; of the best five {sum(shares) / max(len(shares), 1):.0%} are the same")


def main() -> None:
    """Record, compare and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", help="ask this Elasticsearch 8 and start none (it writes an index there)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--dry-run", action="store_true", help="compare only, write nothing")
    options = parser.parse_args()
    worlds: dict[str, tuple[Data, Data]] = {}
    for name, (records, fields) in WORLDS.items():
        documents = random_documents(options.seed, records, fields)
        worlds[name] = documents, random_cases(options.seed, documents)
    with tempfile.TemporaryDirectory(prefix="argilla-home-") as folder:
        # argilla-server reads it when it is imported.
        os.environ["ARGILLA_HOME_PATH"] = folder
        with nullcontext(options.address) if options.address else reference_node("elasticsearch") as address:
            version, theirs = asyncio.run(_ask_elasticsearch(address, worlds))
        ours = asyncio.run(_ask_ours(folder, worlds))
    for name, (documents, cases) in worlds.items():
        golden = {
            kind: [
                {"case": case, **packed(case, answer)}
                for case, answer in zip(each, theirs[name][kind], strict=True)
            ]
            for kind, each in cases.items()
        }
        if not options.dry_run:
            GOLDEN.mkdir(exist_ok=True)
            _write(GOLDEN / f"{name}.json", {"elasticsearch": version, **documents, **golden})
        _report(name, cases, theirs[name], ours[name])


if __name__ == "__main__":
    main()
