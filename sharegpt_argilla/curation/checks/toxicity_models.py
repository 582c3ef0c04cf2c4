"""Checks of toxicity by a model: Detoxify on this machine, or an endpoint with OpenAI's moderation interface."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from sharegpt_argilla.common.batching import batched
from sharegpt_argilla.common.contract_keys import TOXICITY
from sharegpt_argilla.common.http_calls import NoAnswerError, call, open_client
from sharegpt_argilla.curation.checks.base import Finding, Fix, Item, Options, Severity
from sharegpt_argilla.curation.precision import Precision, measured_precision
from sharegpt_argilla.errors import CredentialsError, ServerRefusedError, ServerUnreachableError, UsageError
from sharegpt_argilla.moderation import category, detoxify_moderation, openai_moderation

API_KEY = "OPENAI_API_KEY"
"""Environment variable with the key for the moderation endpoint; if unset, no key is sent."""
LONGEST = 8000
"""Characters of a text that are sent or scored."""
BATCH = 16
"""Texts that are scored or sent at once."""
_TRIES = 5
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Detoxify:
    """Detoxify (Unitary), downloaded at first use; a checkpoint's path works offline."""

    id: str = "detoxify"
    message: str = "Detoxify calls prompt or answer toxic"
    severity: Severity = "warning"
    private: bool = False
    optional: bool = True
    fix: Fix | None = None

    @property
    def precision(self) -> Precision | None:
        """As measured."""
        return measured_precision(self.id)

    def find(self, items: Sequence[Item], options: Options) -> list[Finding | None]:
        """The highest score of each row's two texts.

        Raises:
            UsageError: detoxify is not installed, or the model cannot be loaded.
        """
        model = _detoxify(options.detoxify_model)
        findings: list[Finding | None] = []
        for batch in batched(items, BATCH):
            texts = [text[:LONGEST] for item in batch for text in item.texts]
            columns: Mapping[str, Sequence[float]] = model.predict(texts)
            for start in range(0, len(texts), 2):
                pair = [{name: float(column[start + side]) for name, column in columns.items()} for side in (0, 1)]
                findings.append(_scored(detoxify_moderation(pair) or {}, options.toxicity, "detoxify"))
        return findings


@cache
def _detoxify(model: str) -> Any:
    try:
        from detoxify import Detoxify as Model  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise UsageError('the check detoxify needs: pip install "sharegpt-argilla[toxicity]"') from None
    try:
        return Model(checkpoint=model) if Path(model).is_file() else Model(model)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise UsageError(f"the check detoxify cannot load the model {model}: {error}") from error


@dataclass(frozen=True, slots=True)
class ModerationCheck:
    """An endpoint with OpenAI's moderation interface: ``POST {base}/moderations``. Texts leave this machine."""

    id: str = "moderation"
    message: str = "the moderation endpoint flags prompt or answer"
    severity: Severity = "warning"
    private: bool = False
    optional: bool = True
    fix: Fix | None = None

    @property
    def precision(self) -> Precision | None:
        """As measured."""
        return measured_precision(self.id)

    def find(self, items: Sequence[Item], options: Options) -> list[Finding | None]:
        """The endpoint's verdict on each row's two texts.

        Raises:
            CredentialsError, ServerRefusedError, ServerUnreachableError: it gives no usable answer.
        """
        texts = list(dict.fromkeys(text[:LONGEST] for item in items for text in item.texts if text.strip()))
        with _client(options) as client:
            results = [result for batch in batched(texts, BATCH) for result in _ask(client, options, batch)]
        said = dict(zip(texts, results, strict=True))
        return [_judged([said[text[:LONGEST]] for text in item.texts if text[:LONGEST] in said]) for item in items]


def _client(options: Options) -> httpx.Client:
    key = os.environ.get(API_KEY)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return open_client(options.moderation_url, headers=headers, timeout=_TIMEOUT)


def _ask(client: httpx.Client, options: Options, texts: Sequence[str]) -> list[Any]:
    """The results for a batch; retried while the endpoint is busy or its answers are unusable."""
    body = {"model": options.moderation_model, "input": list(texts)}
    try:
        return call(
            client,
            "POST",
            "/moderations",
            attempts=_TRIES,
            read=lambda answer: _results(answer, options.moderation_url, len(texts)),
            json=body,
        )
    except NoAnswerError as error:
        raise ServerUnreachableError(
            f"{options.moderation_url}: no usable answer in {_TRIES} tries ({error})"
        ) from error


def _results(answer: httpx.Response, url: str, count: int) -> list[Any]:
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise CredentialsError(f"{url}: refuses the key in {API_KEY}")
    if not answer.is_success:
        raise ServerRefusedError(f"{url}: answers {answer.status_code} to moderations")
    try:
        results = answer.json()["results"]
    except (ValueError, KeyError, TypeError):
        raise NoAnswerError("the answer has no results") from None
    if not isinstance(results, list) or len(results) != count:
        raise NoAnswerError("another number of results than of texts")
    return results


def _judged(results: Sequence[Any]) -> Finding | None:
    moderation = openai_moderation(list(results))
    if moderation is None:
        return None
    score = max(moderation["scores"].values(), default=float(moderation["flagged"]))
    facts: dict[str, Any] = {"source": "moderation", "score": score}
    if moderation["categories"]:
        facts["categories"] = moderation["categories"]
    return Finding(", ".join(moderation["categories"]), {TOXICITY: facts}, bool(moderation["flagged"]))


def _scored(scores: Mapping[str, float], threshold: float, source: str) -> Finding | None:
    if not scores:
        return None
    categories = sorted(category(name) for name, score in scores.items() if score > threshold)
    facts: dict[str, Any] = {"source": source, "score": max(scores.values())}
    if categories:
        facts["categories"] = categories
    return Finding(", ".join(categories), {TOXICITY: facts}, scores.get("toxicity", 0.0) > threshold)


DETOXIFY = Detoxify()
MODERATION = ModerationCheck()
