"""spaCy's linear bag-of-words classifier: trained in seconds on one core, nothing downloaded.

The settings suit a few hundred prompts and were not tuned. Weights start at zero and dropout is off, so only the
order of the cases is random, and it follows from the seed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import spacy
from spacy.training import Example

from sharegpt_argilla.errors import UsageError
from sharegpt_argilla.training.classifier.base import Case, Task

CHARACTERS = 4000
"""Characters from the start of a prompt that are read; the request is usually there."""

META_CHARACTERS = "characters"
"""Key of the pipeline's meta.json with that number, for users of the pipeline."""

_BATCH = 16
_EPOCHS = 20
_SEEN = 30_000
# Prompts over all epochs after which more training changes little; many prompts need fewer epochs.
_LEARN_RATE = 0.01
# Ten times Adam's usual step: the model is linear, and its weights start at zero.


def train_pipeline(task: Task, cases: Sequence[Case], seed: int) -> Any:
    """A spaCy pipeline with one component, ``textcat`` or ``textcat_multilabel``.

    Args:
        task: the question with its labels.
        cases: the training data; at least one case.
        seed: decides the order of the cases.

    Raises:
        UsageError: spaCy does not have the language, or needs another package for it.
    """
    nlp = blank(task.language)
    name = "textcat_multilabel" if task.several else "textcat"
    model = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": not task.several,
        "ngram_size": 1,
        "no_output_layer": False,
        "length": 32768,
    }
    component = nlp.add_pipe(name, config={"model": model})
    for label in task.labels:
        component.add_label(label)
    examples = [_example(nlp, case, task.labels) for case in cases]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = _LEARN_RATE
    order = random.Random(seed)  # noqa: S311 - no secret
    for _ in range(max(3, min(_EPOCHS, _SEEN // len(examples)))):
        order.shuffle(examples)
        for start in range(0, len(examples), _BATCH):
            nlp.update(examples[start : start + _BATCH], sgd=optimizer, drop=0.0)
    nlp.meta["name"] = task.question
    nlp.meta[META_CHARACTERS] = CHARACTERS
    return nlp


def chances_of(nlp: Any, texts: Sequence[str]) -> list[Mapping[str, float]]:
    """The probabilities (label -> 0 to 1) of each text."""
    return [dict(doc.cats) for doc in nlp.pipe(text[:CHARACTERS] for text in texts)]


def blank(language: str) -> Any:
    """spaCy's blank pipeline for a language.

    Raises:
        UsageError: spaCy has none, or needs a package that is not installed.
    """
    try:
        return spacy.blank(language)
    except ImportError as error:
        reason = str(error).strip().splitlines()[0]
        raise UsageError(
            f'--language {language}: spaCy has no tokenizer for it here ({reason}); "xx" is for any language'
        ) from None


def _example(nlp: Any, case: Case, labels: Sequence[str]) -> Any:
    cats = {label: float(label in case.labels) for label in labels}
    return Example.from_dict(nlp.make_doc(case.text[:CHARACTERS]), {"cats": cats})
