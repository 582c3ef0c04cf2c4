"""What requests bring along stays out of the log, and no request writes much of it."""

from __future__ import annotations

import logging
import stat
import traceback
from pathlib import Path

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from sharegpt_argilla.embedded_argilla.processes.process_log import (
    MAX_MESSAGE,
    ProcessLogHandler,
    WithoutInput,
    WithoutMessages,
    without_messages,
)

SECRET = "MYSECRETPASSWORD1"


class Person(BaseModel):
    """What a request should contain."""

    username: str


def logged(
    caplog: pytest.LogCaptureFixture, name: str, message: object, *args: object, error: Exception | None = None
) -> str:
    """The text that the filter leaves of a record."""
    caplog.handler.addFilter(WithoutInput())
    logging.getLogger(name).error(message, *args, exc_info=error)
    return caplog.text


def refused() -> RequestValidationError:
    """What FastAPI raises for a request with another key."""
    try:
        Person.model_validate({"password": SECRET})
    except ValidationError as error:
        return RequestValidationError(error.errors(), body={"password": SECRET})
    raise AssertionError


def test_a_refused_request_is_one_line_without_its_input(caplog: pytest.LogCaptureFixture) -> None:
    error = refused()
    assert SECRET in str(error)
    text = logged(caplog, "argilla", error, error=error)
    assert text.endswith("a request was refused: missing\n")
    assert (text.count("\n"), SECRET in text) == (1, False)


def test_an_error_that_came_of_a_refused_one_says_no_more(caplog: pytest.LogCaptureFixture) -> None:
    error = RuntimeError("later")
    error.__cause__ = refused()
    text = logged(caplog, "argilla", "failed", error=error)
    assert (text.count("\n"), SECRET in text) == (1, False)


def test_other_errors_keep_their_traceback(caplog: pytest.LogCaptureFixture) -> None:
    text = logged(caplog, "argilla", "failed", error=RuntimeError("the reason"))
    assert "failed" in text
    assert "RuntimeError: the reason" in text


def test_addresses_are_logged_without_their_query(caplog: pytest.LogCaptureFixture) -> None:
    line = ("127.0.0.1:5000", "GET", f"/api/v1/me?query={SECRET}", "1.1", 200)
    text = logged(caplog, "uvicorn.access", '%s - "%s %s HTTP/%s" %d', *line)
    assert '"GET /api/v1/me HTTP/1.1" 200' in text
    assert SECRET not in text


def test_a_message_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    assert MAX_MESSAGE == 2_000
    assert len(logged(caplog, "uvicorn.access", "%s", "/" + "x" * 1_000_000)) < MAX_MESSAGE + 100


def test_a_log_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.dup2", lambda *_: None)
    (tmp_path / "server.log").touch(0o644)
    ProcessLogHandler(tmp_path / "server.log").close()
    assert stat.S_IMODE((tmp_path / "server.log").stat().st_mode) == 0o600


TEXT = "a person's text"


def _fail_first() -> None:
    raise KeyError(f"{TEXT}\n    {TEXT} with indentation\nTraceback of {TEXT}")


def _fail() -> None:
    try:
        _fail_first()
    except KeyError as error:
        raise ValueError(TEXT) from error


def test_tracebacks_say_where_and_not_what() -> None:
    formatter = WithoutMessages("%(levelname)s %(message)s")
    try:
        _fail()
    except ValueError as error:
        # As argilla-server logs what it answers 500 to.
        record = logging.LogRecord(
            "argilla", logging.ERROR, "", 1, error, (), (ValueError, error, error.__traceback__)
        )
        as_text = "[Job 7]: exception raised\n" + "".join(traceback.format_exception(error))
        job = logging.LogRecord("rq.worker", logging.ERROR, "", 1, "%s: %s", ("job", as_text), None)
    for each in (record, job):
        assert WithoutInput().filter(each)
        line = formatter.format(each)
        assert TEXT not in line
        assert "in _fail" in line
        assert "\nKeyError\n" in line
        assert line.rstrip().endswith("ValueError")
        assert "was the direct cause" in line
    assert formatter.format(record).startswith("ERROR ValueError\nTraceback")


def test_a_text_without_a_traceback_stays() -> None:
    assert without_messages("two\nlines") == "two\nlines"
