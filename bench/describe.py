"""``Describer`` against ``textdescriptives.extract_metrics``: the same metrics of the same texts in one run.

Three measurements: the yardstick, ours on a cold cache, and ours again on the cache that is filled by then. The
values of all three are compared, to the last bit. The texts are made up, or come from a file of rows or a JSON
array of conversations (``--sample``). ``--profile`` says where our time goes.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import textdescriptives

from sharegpt_argilla.common.cache import DiskCache, cache_key
from sharegpt_argilla.descriptives.describe import Describer, Numbers
from sharegpt_argilla.descriptives.metrics import METRICS
from sharegpt_argilla.descriptives.spacy_pipeline import Pipeline, PipelineChoice
from sharegpt_argilla.descriptives.text_statistics import WordReader, measure

DEFAULT = ("descriptive_stats", "readability")
WORDS = re.findall(
    r"\S+",
    "the a of and to in is that it for on with as model row table query value file function returns list word "
    "question how what why could would each every between under over first last next good better plain kettle "
    "garden river music letter number window morning incomprehensible organisation don't",
)


def made_up(count: int) -> list[str]:
    """Texts of about 800 characters, as turns of ShareGPT are on average, from 3 words to 400."""
    chance = random.Random(1)
    return [speech(chance, chance.choice([3, 12, 40, 150, 400])) for _ in range(count)]


def speech(chance: random.Random, count: int) -> str:
    """Sentences in paragraphs, with numbers, so that not every token was seen before."""
    said = chance.choices(WORDS, k=count)
    said[::12] = [f"{word.capitalize()}." for word in said[::12]]
    said[5::40] = [f"{chance.randrange(10**6)}\n\n" for _ in said[5::40]]
    return " ".join(said)


def sample(path: Path, count: int) -> list[str]:
    """The texts of rows (JSON Lines) or of ``conversations`` (a JSON array)."""
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [row[key] for row in rows for key in ("问", "答") if row[key]][:count]
    turns = (turn for item in json.loads(path.read_bytes()) for turn in item["conversations"])
    return [turn["value"] for turn in turns if turn.get("value")][:count]


def timed(job: Callable[[], Any]) -> tuple[Any, float, float]:
    """The result, the seconds by the clock, the seconds of CPU in this process."""
    began, cpu = time.perf_counter(), time.process_time()
    result = job()
    return result, time.perf_counter() - began, time.process_time() - cpu


def yardstick(texts: list[str], components: list[str]) -> list[Numbers]:
    """What TextDescriptives gives, under our names and without what is no number."""
    table = textdescriptives.extract_metrics(texts, lang="en", metrics=components)
    names = {name: metric.key for name, metric in METRICS.items() if metric.component in components}
    return [
        {name: row[key] for name, key in names.items() if row[key] is not None and math.isfinite(row[key])}
        for row in table.to_dict("records")
    ]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=Path, help="rows (.jsonl) or conversations (.json) to take texts from")
    parser.add_argument("--texts", type=int, default=2000, help="how many texts (default: 2000)")
    parser.add_argument("--workers", type=int, default=2, help="processes for ours (default: 2)")
    parser.add_argument("--components", nargs="+", default=list(DEFAULT), help="groups of metrics (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the best of each counts (default: 3)")
    parser.add_argument("--profile", action="store_true", help="say where our time goes")
    options = parser.parse_args()
    texts = sample(options.sample, options.texts) if options.sample else made_up(options.texts)
    print(f"{len(texts):,} texts of {sum(map(len, texts)) / len(texts):.0f} characters on average")
    with TemporaryDirectory(prefix="bench-describe-") as folder:
        report(texts, options, Path(folder))
    if options.profile:
        profile(texts)


def report(texts: list[str], options: argparse.Namespace, folder: Path) -> None:
    """All measurements, the best of each, and the ratios."""
    best: dict[str, tuple[float, float]] = {}
    for number in range(options.rounds):
        results = list(one_round(texts, options, folder / f"{number}.db"))
        expected = results[0][1]
        for name, values, seconds, cpu in results:
            assert values == expected, f"{name}: other values than the yardstick's"
            before = best.get(name, (seconds, cpu))
            best[name] = (min(seconds, before[0]), min(cpu, before[1]))
    for name, (seconds, cpu) in best.items():
        print(f"{name:<36} {seconds:8.3f} s  {cpu:8.3f} s CPU here  {len(texts) / seconds:9,.0f} texts/s")
    (base, base_cpu), (cold, cold_cpu), (warm, warm_cpu) = best.values()
    print(f"values equal in all rounds; cold {base / cold:.2f} times as fast by the clock (wanted: 1.7)")
    if options.workers == 1:
        print(f"  {base_cpu / cold_cpu:.2f} times by CPU time")
    print(f"cached {base / warm:,.0f} times as fast (wanted: 50), {base_cpu / warm_cpu:,.0f} times by CPU time")


def one_round(
    texts: list[str], options: argparse.Namespace, path: Path
) -> Iterator[tuple[str, list[Numbers], float, float]]:
    """Name, values, seconds and CPU seconds of each measurement."""
    yield ("textdescriptives.extract_metrics", *timed(lambda: yardstick(texts, options.components)))
    metrics = [name for name, metric in METRICS.items() if metric.component in options.components]
    for name in (f"ours, up to {options.workers} processes", "ours again, from the cache"):
        with (
            closing(DiskCache(path, 10**6)) as cache,
            Describer(metrics, None, cache, options.workers) as describer,
        ):
            yield (name, *timed(partial(describer.describe, texts)))


def profile(texts: list[str]) -> None:
    """Where the time of the default metrics goes, step by step, on one core."""
    metrics = [name for name, metric in METRICS.items() if metric.component in DEFAULT]
    pipeline = Pipeline(PipelineChoice(), metrics)
    nlp = pipeline._pipeline
    steps = {
        "keys of the cache": lambda: [cache_key("x", text) for text in texts],
        "tokens": lambda: [nlp.make_doc(text) for text in texts],
        "tokens and sentences": lambda: list(nlp.pipe(texts)),
    }
    for name, job in steps.items():
        print(f"  {name:<28} {timed(job)[2]:6.3f} s CPU")
    docs = list(nlp.pipe(texts))
    reader = WordReader(nlp)
    words, _, cpu = timed(lambda: [reader.read(doc) for doc in docs])
    print(f"  {'words, syllables':<28} {cpu:6.3f} s CPU")
    print(f"  {'numbers':<28} {timed(lambda: [measure(one, metrics) for one in words])[2]:6.3f} s CPU")


if __name__ == "__main__":
    main()
