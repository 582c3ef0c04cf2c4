"""Why an answer may differ from Elasticsearch's: the sections of docs/search-semantics.md."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from sharegpt_argilla.embedded_argilla.engine.tokens import tokens

Case = dict[str, Any]

# Han, kana, and the scripts whose words no blank divides.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u4e00-\u9fff\uff66-\uff9f]")
# Words of the documents that occur there in two ways of writing the same letters.
_SAME_TO_THE_EYE = re.compile("naïve?|nai|été|ü|שלום|한국|caf|bidi|\ufeff", re.IGNORECASE)
_HEBREW = re.compile("[\u05d0-\u05ea][\"']|[\u05d0-\u05ea](?![\u05d0-\u05ea])")
_FUZZY = re.compile(r"\w~")
_LOOSE = re.compile(r'"~\d')


def _query_of(case: Case) -> str:
    return unicodedata.normalize("NFC", case.get("query", ""))


def _words_of_signs(case: Case) -> bool:
    """A part of the query has no word; only a dataset with a chat has roles, which such a part could be."""
    query = re.sub(r'"[^"]*"', lambda phrase: " x " if tokens(phrase[0]) else " ! ", _query_of(case))
    parts = re.split(r"[ \t\n\r|+()]+", query)
    return any(part.strip('"-') and not tokens(part) for part in parts)


def _sorts_by_mean(case: Case) -> bool:
    return any(scope[0] == "response" and scope[3] is None for scope, _ in case.get("sort", []))


# Section of docs/search-semantics.md -> which differences of which cases it explains.
REASONS: dict[str, Callable[[str, str, Case, Case], object]] = {
    "Scripts without blanks": lambda kind, world, case, theirs: _UNSPACED.search(_query_of(case)),
    "The same to the eye": lambda kind, world, case, theirs: _SAME_TO_THE_EYE.search(_query_of(case)),
    "Words of signs alone": lambda kind, world, case, theirs: (
        world == "chats" and "query" in case and _words_of_signs(case)
    ),
    "Quotes at Hebrew letters": lambda kind, world, case, theirs: _HEBREW.search(_query_of(case)),
    "Fuzzy words": lambda kind, world, case, theirs: _FUZZY.search(_query_of(case)),
    "Loose phrases": lambda kind, world, case, theirs: _LOOSE.search(_query_of(case)),
    "The mean of ratings": lambda kind, world, case, theirs: _sorts_by_mean(case),
    "What Elasticsearch refuses": lambda kind, world, case, theirs: "error" in theirs,
    "Progress of a person": lambda kind, world, case, theirs: kind == "progress" and "user" in case,
}


def reasons_for(kind: str, world: str, case: Case, theirs: Case) -> list[str]:
    """The names of all reasons that apply to a case, and their answer to it."""
    return [reason for reason, applies in REASONS.items() if applies(kind, world, case, theirs)]
