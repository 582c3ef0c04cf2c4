"""Rows under ``mnbvc-2025`` conform to the field models of the MNBVC data check.

The models are written from its description of the question/answer formats: types, the form of the times, and what
the extension of a conversation of several rounds contains.
"""

import json
import re
from datetime import datetime
from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sharegpt_argilla.corpora.formats.base import Corpus
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.rows import build_row, dump_row
from tests.corpora.reading import pair_up, sample_records


def _time(text: str) -> str:
    datetime.strptime(text, "%Y%m%d %H:%M:%S")
    return text


def _date(text: str) -> str:
    assert re.fullmatch("[0-9]{8}", text)
    datetime.strptime(text, "%Y%m%d")
    return text


class QaMetadata(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    create_time: Annotated[str, AfterValidator(_time)]
    问题明细: str
    回答明细: str
    扩展字段: str


class QaData(BaseModel):
    """A question and its answer."""

    model_config = ConfigDict(strict=True, extra="forbid")

    id: str = Field(pattern="^[0-9a-f]{32}$")
    问: str = Field(min_length=1)
    答: str
    来源: str = Field(min_length=1)
    元数据: QaMetadata
    时间: Annotated[str, AfterValidator(_date)]


class MultiQAExtension(BaseModel):
    """What ``扩展字段`` parses to where the pair is one round of several."""

    model_config = ConfigDict(strict=True)

    会话: int
    多轮序号: int = Field(ge=1)


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=list(CORPORA))
def test_every_row_of_every_sample_conforms(corpus: Corpus) -> None:
    pairs, _ = pair_up(corpus, sample_records(corpus))
    assert pairs
    for pair in pairs:
        line = dump_row(build_row(pair, "20230511 15:56:03", "mnbvc-2025"))
        row = QaData.model_validate_json(line)
        assert row.时间 == row.元数据.create_time[:8]
        extension = MultiQAExtension.model_validate_json(row.元数据.扩展字段)
        assert extension.多轮序号 == pair.turn
        assert json.loads(row.元数据.扩展字段)["原会话"] == pair.session
