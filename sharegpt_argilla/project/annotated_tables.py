"""Annotated rows as a pandas table and as a ``datasets.Dataset``."""

from __future__ import annotations

from pathlib import Path

from sharegpt_argilla.common.jsonl import STANDARD_STREAM
from sharegpt_argilla.errors import InputError
from sharegpt_argilla.project.annotated_rows import known_questions, read_rows_of
from sharegpt_argilla.training.base import Example, Scheme
from sharegpt_argilla.training.data_frames import DataFrame, Dataset, table_row, to_dataset, to_frame
from sharegpt_argilla.training.examples import read_example
from sharegpt_argilla.training.question_scheme import SeenQuestions


def read_annotated(path: str | Path, config: str | Path | None = None, *, unannotated: bool = False) -> DataFrame:
    """The annotated rows of a file, one line each, with a column for each question.

    Ratings are ``Float64``; a label is an ordered category and a list of labels a list, both in the order of
    dataset-config.yml; ``responses`` contains every response as JSON. Lines that are not valid rows are skipped.

    Args:
        path: a file written by ``export-responses``; ``-`` is standard input.
        config: the project file; default ``dataset-config.yml`` in the current folder if it exists. Without a
            project file, questions are inferred from the answers and labels are in alphabetical order.
        unannotated: also return unanswered rows.

    Raises:
        ConfigError, InputError: a file cannot be read.
    """
    examples, scheme = _read(path, config, unannotated=unannotated)
    return to_frame([table_row(example, scheme) for example in examples], scheme)


def read_annotated_dataset(
    path: str | Path, config: str | Path | None = None, *, unannotated: bool = False
) -> Dataset:
    """The annotated rows as a ``datasets.Dataset``: labels are ``ClassLabel``, in the order of dataset-config.yml.

    Args:
        path: a file written by ``export-responses``; ``-`` is standard input.
        config: the project file; default ``dataset-config.yml`` in the current folder if there is one.
        unannotated: also return unanswered rows.

    Raises:
        ConfigError, InputError: a file cannot be read.
    """
    examples, scheme = _read(path, config, unannotated=unannotated)
    return to_dataset([table_row(example, scheme) for example in examples], scheme)


def _read(path: str | Path, config: str | Path | None, *, unannotated: bool) -> tuple[list[Example], Scheme]:
    if str(path) != STANDARD_STREAM and not Path(path).is_file():
        raise InputError(f"{path}: no such file; `sharegpt-argilla export-responses` writes one")
    seen = SeenQuestions(known_questions(config))
    examples = []
    for row in read_rows_of(path):
        example = read_example(row)
        seen.add(example.annotation)
        if example.submitted or unannotated:
            examples.append(example)
    return examples, Scheme(seen.questions())
