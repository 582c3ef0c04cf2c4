"""Run by the Python of an installed wheel: the numbers of some texts, as JSON, next to the library's own.

python numbers_of_texts.py [MODEL]
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from typing import Any

from sharegpt_argilla.descriptives.describe import Describer
from sharegpt_argilla.descriptives.metrics import METRICS, NEEDS_MODEL
from sharegpt_argilla.descriptives.spacy_pipeline import PipelineChoice
from sharegpt_argilla.errors import ConfigError

TEXTS = [
    "Write a poem about the sea. It should rhyme, and be short!",
    "The old gardener quickly planted three roses. They grew well, and everybody admired them.",
    "Rain, rain, go away. Rain, rain, go away. Rain, rain, go away. Come again another day.",
]


def ours(names: list[str], model: str | None) -> list[dict[str, float]]:
    """What our code gives."""
    with Describer(names, PipelineChoice(model=model)) as describer:
        return describer.describe(TEXTS)


def of_the_library(model: str) -> list[dict[str, float]]:
    """What TextDescriptives gives, under our names."""
    import textdescriptives

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        components = sorted({metric.component for metric in METRICS.values()})
        table = textdescriptives.extract_metrics(TEXTS, spacy_model=model, metrics=components)
    return [
        {name: row[metric.key] for name, metric in METRICS.items() if is_number(row.get(metric.key))}
        for row in table.to_dict("records")
    ]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def without_the_library() -> dict[str, Any]:
    """Metric -> its numbers, or why it has none."""
    measured: dict[str, Any] = {}
    for name in METRICS:
        try:
            measured[name] = [numbers.get(name) for numbers in ours([name], None)]
        except ConfigError as error:
            measured[name] = str(error)
    return measured


if __name__ == "__main__":
    if sys.argv[1:]:
        shown: Any = {"ours": ours(list(METRICS), sys.argv[1]), "theirs": of_the_library(sys.argv[1])}
        shown["needs_model"] = [name for name, metric in METRICS.items() if metric.component in NEEDS_MODEL]
    else:
        shown = without_the_library()
    sys.stdout.write(json.dumps(shown))
