"""The table of corpora: what can stand after ``-m``."""

from __future__ import annotations

from sharegpt_argilla.corpora.base import Corpus
from sharegpt_argilla.corpora.sharegpt import ShareGPT
from sharegpt_argilla.registry import Registry

_MEMBERS: tuple[Corpus, ...] = (
    ShareGPT("vicuna", "anon8231489123/ShareGPT_Vicuna_unfiltered", splits=True),
    ShareGPT("gpt4", "Ejafa/GPT_4_with_ShareGPT"),
)

CORPORA: Registry[Corpus] = Registry("corpus", {member.name: member for member in _MEMBERS})
"""Every corpus adapter by name."""
