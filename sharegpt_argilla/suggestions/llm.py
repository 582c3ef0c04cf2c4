"""Suggestions from a language model behind a chat endpoint: nothing lost, nothing asked twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sharegpt_argilla.annotation import Suggestion
from sharegpt_argilla.cache import DiskCache, cache_key
from sharegpt_argilla.config import LanguageModel, QuestionConfig
from sharegpt_argilla.errors import ServerUnreachableError
from sharegpt_argilla.suggestions.base import Subject
from sharegpt_argilla.suggestions.chat_endpoint import ChatAnswer, ChatEndpoint, NoAnswerError, NotThisOneError
from sharegpt_argilla.suggestions.llm_prompt import Prompt

FAILURES_IN_A_ROW = 10
"""Records without an answer, one after another, after which the endpoint is not asked any more."""

CACHE_ENTRIES = 2_000_000
"""Answers that are kept."""

_BYTES_A_TOKEN = 4
# The rule of thumb of tokenisers trained on English; bytes and not characters, so that it holds for Chinese too.
_TOKENS_AN_ANSWER = 25
_MILLION = 1_000_000

Answers = dict[str, Any] | None
# None: the model was asked and gave nothing usable.


@dataclass
class _Counts:
    asked: int = 0
    cached: int = 0
    unusable: int = 0
    unanswered: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    in_a_row: int = 0
    lock: Lock = field(default_factory=Lock)


class ChatModel:
    """Asks a model about each record it has not been asked about, several at a time.

    An answer is in the cache before the next request goes out, and one that cannot be used is remembered too. A
    record that the endpoint fails on has no suggestion this time and is asked about in the next run.

    Args:
        options: endpoint, model, mode.
        questions: the questions to answer.
        guidelines: what annotators read.
        cache: answers of former runs; None to ask about every record.
        dry_run: count what would be asked, and ask nothing.

    Raises:
        CredentialsError: the key variable is named and not set.
    """

    def __init__(
        self,
        options: LanguageModel,
        questions: Sequence[QuestionConfig],
        guidelines: str,
        cache: DiskCache | None = None,
        *,
        dry_run: bool = False,
    ) -> None:
        self.questions = [question.name for question in questions]
        self._options = options
        self._prompt = Prompt(options, questions, guidelines)
        self._cache = cache
        self._dry_run = dry_run
        self._counts = _Counts()

    def suggest(self, subjects: Sequence[Subject]) -> list[list[Suggestion]]:
        """See ``Agent``.

        Raises:
            ServerUnreachableError: the endpoint failed ten times in a row; what it said before is in the cache.
            CredentialsError, ServerRefusedError: see ``ChatEndpoint.complete``.
        """
        keys = [cache_key(self._prompt.agent, subject.prompt, subject.response) for subject in subjects]
        answers = self._known(keys)
        unknown = {key: subject for key, subject in zip(keys, subjects, strict=True) if key not in answers}
        self._counts.cached += len(answers)
        if self._dry_run:
            self._estimate(list(unknown.values()))
        elif unknown:
            answers |= self._ask_all(unknown)
        return [self._prompt.suggestions(answers.get(key) or {}) for key in keys]

    def report(self) -> str:
        """What was asked, or in a dry run what would be, and what that costs."""
        counts, options = self._counts, self._options
        parts = [
            f"{'would ask about' if self._dry_run else 'asked about'} {counts.asked:,}",
            *([f"{counts.cached:,} from the cache"] if counts.cached else []),
            *([f"{counts.unusable:,} without a usable answer"] if counts.unusable else []),
            *([f"{counts.unanswered:,} not answered, asked again next time"] if counts.unanswered else []),
        ]
        about = "about " if self._dry_run else ""
        tokens = f"{about}{counts.tokens_in:,} tokens in and {counts.tokens_out:,} out"
        cost = (counts.tokens_in * options.price_in + counts.tokens_out * options.price_out) / _MILLION
        return f"{self._prompt.agent}: {', '.join(parts)}; {tokens}" + (
            f", {about}{cost:.2f} in all" if cost else ""
        )

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Answers]:
        found = self._cache.get_many(list(dict.fromkeys(keys))) if self._cache else {}
        return {key: json.loads(value) for key, value in found.items()}

    def _estimate(self, subjects: Sequence[Subject]) -> None:
        self._counts.asked += len(subjects)
        for subject in subjects:
            text = json.dumps(self._prompt.body(subject), ensure_ascii=False)
            self._counts.tokens_in += len(text.encode("utf-8", "replace")) // _BYTES_A_TOKEN
            self._counts.tokens_out += _TOKENS_AN_ANSWER * len(self.questions)

    def _ask_all(self, unknown: Mapping[bytes, Subject]) -> dict[bytes, Answers]:
        answers: dict[bytes, Answers] = {}
        with closing(ChatEndpoint(self._options)) as endpoint:
            pool = ThreadPoolExecutor(min(self._options.parallel, len(unknown)))
            try:
                tasks = [pool.submit(self._ask, endpoint, key, subject) for key, subject in unknown.items()]
                for task in tasks:
                    answers |= task.result()
            finally:
                # What was not begun is not asked; what is under way is paid for, and so waited for.
                pool.shutdown(cancel_futures=True)
        return answers

    def _ask(self, endpoint: ChatEndpoint, key: bytes, subject: Subject) -> dict[bytes, Answers]:
        if self._counts.in_a_row >= FAILURES_IN_A_ROW:
            raise ServerUnreachableError(
                f"{self._options.url} failed {FAILURES_IN_A_ROW} times in a row; what it said before is kept, the "
                "same command goes on when it is well"
            )
        try:
            found = self._answers(endpoint, subject)
        except (NoAnswerError, NotThisOneError):
            with self._counts.lock:
                self._counts.unanswered += 1
                self._counts.in_a_row += 1
            return {}
        if self._cache:
            self._cache.put_many({key: json.dumps(found).encode()})
        with self._counts.lock:
            self._counts.in_a_row = 0
            self._counts.unusable += found is None
        return {key: found}

    def _answers(self, endpoint: ChatEndpoint, subject: Subject) -> Answers:
        first = self._complete(endpoint, self._prompt.body(subject))
        found = self._prompt.read(first.text)
        if found is None:
            second = self._complete(endpoint, self._prompt.body(subject, broken=first.text))
            found = self._prompt.read(second.text)
        with self._counts.lock:
            self._counts.asked += 1
        return found

    def _complete(self, endpoint: ChatEndpoint, body: Mapping[str, Any]) -> ChatAnswer:
        answer = endpoint.complete(body)
        with self._counts.lock:
            self._counts.tokens_in += answer.tokens_in
            self._counts.tokens_out += answer.tokens_out
        return answer
