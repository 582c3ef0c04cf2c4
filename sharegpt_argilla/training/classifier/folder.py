"""The folder of a classifier: a spaCy pipeline for each question, README.md, metrics.json."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from sharegpt_argilla.errors import InputError
from sharegpt_argilla.training.classifier.card import Trained, metrics, model_card
from sharegpt_argilla.training.classifier.pipeline import train_pipeline
from sharegpt_argilla.training.folders import check_free, replace_folder

CARD = "README.md"
METRICS = "metrics.json"


def check_target(target: Path) -> None:
    """Whether a classifier can be written there: a new folder, an empty one, or one with a classifier.

    Raises:
        InputError: it cannot.
    """
    check_free(target, METRICS, "model")


def write_classifier(target: Path, trained: Sequence[Trained], seed: int, licence: str) -> None:
    """Train each question on all its prompts and write the folder, whole or not at all.

    Raises:
        InputError: it cannot be written. What stood there before is then still there.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        draft.mkdir()
        for one in trained:
            nlp = train_pipeline(one.task, one.task.cases, seed)
            # The vocabulary has every word of the prompts, secrets too; the model needs their hashes only.
            nlp.to_disk(draft / one.task.question, exclude=["vocab"])
        text = json.dumps(metrics(trained, seed), ensure_ascii=False, indent=2)
        (draft / METRICS).write_text(text + "\n", encoding="utf-8")
        (draft / CARD).write_text(model_card(target.name, licence, trained), encoding="utf-8")
        replace_folder(draft, target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
