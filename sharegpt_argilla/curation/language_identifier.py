"""The language of a text, by py3langid or by lingua."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import numpy as np

from sharegpt_argilla.curation.checks.base import UNSURE
from sharegpt_argilla.curation.word_patterns import without_code
from sharegpt_argilla.errors import UnknownNameError, UsageError

IDENTIFIERS = ("py3langid", "lingua")
LEAST_LETTERS = 20
"""Least letters of a text whose language can be told; a quarter of that for Han, kana and Hangul."""
LONGEST = 600
"""Characters at the beginning of a text that are used."""
_SURE = 0.8
"""Least probability of a language."""
_NOISE = re.compile(r"https?://\S+|<[^>\n]{1,200}>|&\w+;|[\d_*#|=\\{}\[\]]+")
_ADDRESS = re.compile(r"\S+@\S+")
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_KANA = re.compile("[\u3040-\u30ff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]+")

Identify = Callable[[str], str]


def identifier(name: str) -> Identify:
    """A function: text -> ISO 639-1 code of its language, or ``unsure``. Code and addresses do not count.

    Raises:
        UnknownNameError: no identifier has that name.
        UsageError: its library is not installed.
    """
    if name not in IDENTIFIERS:
        raise UnknownNameError("language identifier", name, IDENTIFIERS)
    guess = _py3langid() if name == "py3langid" else _lingua()

    def identify(text: str) -> str:
        prose = _NOISE.sub(" ", without_code(text[: 2 * LONGEST]))[:LONGEST]
        if "@" in prose:
            prose = _ADDRESS.sub(" ", prose)
        dense = 4 * len(_DENSE.findall(prose))
        letters = sum(map(str.isalpha, prose)) - dense // 4
        # A name or a quotation in another script is not the language of the text.
        if dense and letters:
            prose = _DENSE.sub(" ", prose) if letters > dense else _LATIN.sub(" ", prose)
        if max(letters, dense) < LEAST_LETTERS:
            return UNSURE
        language = guess(" ".join(prose.split()))
        # No sentence is Japanese without kana.
        return "zh" if language == "ja" and not _KANA.search(prose) else language

    return identify


@cache
def _py3langid() -> Identify:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - a model of 4 MB

    model = LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=True)

    def guess(text: str) -> str:
        counts = model.instance2fv(text)
        # What `classify` computes, without the features that the text lacks.
        used = np.flatnonzero(counts)
        # einsum: a matrix product would start threads, which costs more than it saves.
        logarithms = np.einsum("i,ij->j", counts[used].astype(np.float32), model.nb_ptc[used]) + model.nb_pc
        shares = dict(zip(model.nb_classes, model.norm_probs(logarithms).tolist(), strict=True))
        language = max(shares, key=shares.__getitem__)
        # Malay and Indonesian share the probability of a text in either.
        pair = ("ms", "id") if language in ("ms", "id") else (language,)
        return str(language) if sum(shares[name] for name in pair) >= _SURE else UNSURE

    return guess


@cache
def _lingua() -> Identify:
    try:
        from lingua import LanguageDetectorBuilder  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise UsageError('the identifier lingua needs: pip install "sharegpt-argilla[lingua]"') from None
    detector = LanguageDetectorBuilder.from_all_languages().build()

    def guess(text: str) -> str:
        language = detector.detect_language_of(text)
        return language.iso_code_639_1.name.lower() if language else UNSURE

    return guess
