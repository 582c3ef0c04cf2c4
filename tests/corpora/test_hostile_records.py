"""Values made of the very keys that adapters read: read, or rejected with one line that can be written."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharegpt_argilla.corpora.formats.base import Conversation, Corpus, GatheringCorpus
from sharegpt_argilla.corpora.formats.table import CORPORA
from sharegpt_argilla.errors import RejectedError
from tests.corpora.json_values import json_values


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=list(CORPORA))
@given(values=st.lists(json_values, min_size=1, max_size=3))
@settings(max_examples=60)
def test_a_value_of_known_keys_is_read_or_rejected(corpus: Corpus, values: list[Any]) -> None:
    gatherer = corpus.gather() if isinstance(corpus, GatheringCorpus) else None
    conversations: list[Conversation] = []
    for value in values:
        assert corpus.is_record(value) in (True, False)
        try:
            conversations.extend(gatherer.add(value) if gatherer else corpus.read(value))
        except RejectedError as error:
            assert "\n" not in str(error)
            str(error).encode("utf-8")
    conversations.extend(gatherer.finish() if gatherer else ())
    for conversation in conversations:
        conversation.session.encode("utf-8")
        assert all(count >= 0 for count in conversation.left_out.values())
