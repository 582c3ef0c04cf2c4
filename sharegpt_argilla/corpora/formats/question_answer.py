"""A question and its answer in the columns of a table, under the names that data sets give them.

Known by themselves are Dolly (``instruction``, ``context``, ``response``), OpenOrca (``system_prompt``,
``question``, ``response``), GSM8K (``question``, ``answer``), ms-swift (``query``, ``response``, ``history``),
and what ``training`` writes for xTuring, prompts and demonstrations. Any other names are given with ``--columns``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sharegpt_argilla.corpora.formats.alpaca import joined
from sharegpt_argilla.corpora.formats.base import SYSTEM, Container, Conversation, Gatherer, Options, Turn
from sharegpt_argilla.corpora.formats.fields import (
    optional_text,
    other_keys,
    record_object,
    required_text,
    session_id,
)
from sharegpt_argilla.corpora.formats.repeated_rounds import HISTORY, earlier_rounds
from sharegpt_argilla.corpora.formats.table_sessions import SessionGatherer, SessionTurn
from sharegpt_argilla.errors import RejectedError, UsageError

QUESTION, ANSWER, SESSION_COLUMN, TURN_COLUMN = "question", "answer", "session", "turn"
CONTEXT = "context"
COLUMNS = (QUESTION, ANSWER, SYSTEM, SESSION_COLUMN, TURN_COLUMN, CONTEXT)
"""What ``--columns`` may name."""

QUESTIONS = ("question", "query", "instruction", "prompt", "problem", "user", "human", "input")
ANSWERS = (
    *("response", "answer", "output", "completion", "target", "demonstration", "solution"),
    "assistant",
)
"""Names of columns that data sets use for a question and for its answer."""
_OTHER_LAYOUTS = frozenset(
    {("prompt", "response"), ("prompt", "completion"), ("instruction", "output"), ("input", "output")}
)
"""Question and answer of ``prompt_response``, ``alpaca`` and ``baiduzhidao``."""
_CONTEXTS = ("context", "input", "text")
_SYSTEMS = (SYSTEM, "system_prompt", "system_message")
_IDS = ("id", "uuid", "qid", "task_id")


def likely_columns(record: Mapping[str, Any]) -> tuple[str, str] | None:
    """The names of the columns that are likely a question and an answer; None when two such are not there."""
    texts = [key for key, value in record.items() if isinstance(value, str) and SYSTEM not in key.lower()]
    asked = next((key for name in QUESTIONS for key in texts if name in key.lower()), None)
    answered = next((key for name in ANSWERS for key in texts if name in key.lower() and key != asked), None)
    return (asked, answered) if asked and answered else None


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """Rows of a table with a question and its answer.

    Attributes:
        columns: what a column means (one of ``COLUMNS``) -> its name; empty to go by the known names.
    """

    name: str = "question_answer"
    title: str = "question and answer in columns (Dolly, OpenOrca, GSM8K, ms-swift, and --columns)"
    source: str = "question_answer"
    container: Container = "json"
    columns: Mapping[str, str] = field(default_factory=dict)

    def with_options(self, options: Options) -> QuestionAnswer:
        """The same corpus, with the columns that the options name; it gathers rows that name their session."""
        gathers = SESSION_COLUMN in options.columns or (options.history and not options.columns)
        return (QuestionAnswerRounds if gathers else QuestionAnswer)(columns=dict(options.columns))

    def is_record(self, value: object) -> bool:
        """Whether the value has the named columns; without names, one known question and one known answer."""
        if not isinstance(value, dict):
            return False
        if self.columns:
            return self.columns[QUESTION] in value
        asked, answered = _known(value, QUESTIONS), _known(value, ANSWERS)
        if len(asked) == 2 and asked[1] == "input":
            asked.pop()
        return len(asked) == 1 and len(answered) == 1 and (asked[0], answered[0]) not in _OTHER_LAYOUTS

    def read(self, value: object) -> list[Conversation]:
        """The earlier rounds, then the question with its answer.

        Raises:
            RejectedError: the question is missing or blank, or a column that is read is no text.
        """
        record = record_object(value)
        if self.columns:
            return [self._named(record)]
        asked, answered = _column(record, QUESTIONS, QUESTION), _column(record, ANSWERS, ANSWER)
        context = next((key for key in _CONTEXTS if isinstance(record.get(key), str) and key != asked), "")
        system = next((key for key in _SYSTEMS if isinstance(record.get(key), str)), "")
        used = {asked, answered, context, system, HISTORY, *_IDS}
        if names_turn(record):
            used |= {SESSION_COLUMN, TURN_COLUMN}
        question = joined(required_text(record, asked), record.get(context, ""), asked)
        turns = [
            *earlier_rounds(record.get(HISTORY)),
            Turn("human", question, asked),
            Turn("gpt", _text(record, answered), answered),
        ]
        extra = other_keys(record, used) | _system(record, system)
        return [Conversation(session_id(record, turns, _IDS), turns, extra=extra)]

    def _named(self, record: Mapping[str, Any]) -> Conversation:
        """The row of a record whose columns are named."""
        columns = self.columns
        asked, context = columns[QUESTION], columns.get(CONTEXT, "")
        required_text(record, asked)
        question = joined(_text(record, asked), _text(record, context) if context else "", asked)
        turns = [Turn("human", question, asked)]
        if answered := columns.get(ANSWER):
            turns.append(Turn("gpt", _text(record, answered), answered))
        extra = other_keys(record, {*columns.values(), "id"}) | _system(record, columns.get(SYSTEM, ""))
        named = columns.get(SESSION_COLUMN)
        session = session_id(record, turns, (named,) if named else ("id",))
        turn = columns.get(TURN_COLUMN)
        offset = 2 * (_number(record, turn) - 1) if turn else 0
        return Conversation(session, turns, offset=offset, extra=extra)


class QuestionAnswerRounds(QuestionAnswer):
    """The same layout, in tables whose rows name their session, or repeat the rounds before their question."""

    def gather(self) -> Gatherer:
        """A gatherer that gives each conversation its rows, under one session."""
        return SessionGatherer(self.read, self.session_turn)

    def session_turn(self, value: Mapping[str, Any]) -> SessionTurn | None:
        """The session that a row names, and its turn where it names one; None for a row without a session."""
        session = self.columns.get(SESSION_COLUMN, "" if self.columns else SESSION_COLUMN)
        turn = self.columns.get(TURN_COLUMN, "" if self.columns else TURN_COLUMN)
        if not session or value.get(session) in (None, "") or (not self.columns and not names_turn(value)):
            return None
        return SessionTurn(session_id(value, (), (session,)), _number(value, turn) if turn else None)


def names_turn(record: Mapping[str, Any]) -> bool:
    """Whether a row says under ``session`` and ``turn`` where it belongs, as tables of ``training`` do."""
    try:
        return isinstance(record.get(SESSION_COLUMN), str) and _number(record, TURN_COLUMN) > 0
    except RejectedError:
        return False


def parse_columns(text: str) -> dict[str, str]:
    """``question=query,answer=response`` as a mapping.

    Raises:
        UsageError: it has another form, names something that no column means, or names no question.
    """
    columns: dict[str, str] = {}
    for item in text.split(","):
        meaning, equals, name = item.partition("=")
        if not equals or not name.strip() or meaning.strip() not in COLUMNS:
            raise UsageError(
                f'--columns "{item.strip()}" is not of the form question=NAME; known: {", ".join(COLUMNS)}'
            )
        columns[meaning.strip()] = name.strip()
    if QUESTION not in columns:
        raise UsageError("--columns names no question; give question=NAME")
    return columns


def _number(record: Mapping[str, Any], name: str) -> int:
    """The number of a turn, from 1.

    Raises:
        RejectedError: it is none.
    """
    number = record.get(name)
    if isinstance(number, str) and number.strip().isdigit():
        number = int(number)
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise RejectedError(f'"{name}" is no number of a turn, which count from 1')
    return number


def _known(record: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """The names under which the record has a text; those with a blank one only if there is no other."""
    texts = [name for name in names if isinstance(record.get(name), str)]
    return [name for name in texts if record[name].strip()] or texts


def _column(record: Mapping[str, Any], names: tuple[str, ...], meaning: str) -> str:
    """The first of the names that the record has.

    Raises:
        RejectedError: it has none.
    """
    name = next((name for name in names if name in record), None)
    if name is None:
        raise RejectedError(
            f'no column is known to be the {meaning}; name it with --columns "question=…,answer=…"'
        )
    return name


def _text(record: Mapping[str, Any], key: str) -> str:
    """A text, or a number as one; "" for null."""
    value = record.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return optional_text(record, key)


def _system(record: Mapping[str, Any], key: str) -> dict[str, Any]:
    text = optional_text(record, key) if key else ""
    return {SYSTEM: text} if text.strip() else {}
