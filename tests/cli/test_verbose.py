"""--verbose: requests without their queries, where an error arose, what the run cost; all on standard error."""

import logging
import re

import httpx
import pytest

from sharegpt_argilla.cli.main import main
from sharegpt_argilla.cli.verbose import run_verbosely
from sharegpt_argilla.errors import InputError

COST = re.compile(r"^took \d+\.\d\d s, \d+\.\d\d s of CPU, [\d,]+ MiB of memory at most$", re.MULTILINE)


def test_the_cost_is_the_last_line(tmp_path, capfd) -> None:
    assert main(["init", str(tmp_path / "project"), "--verbose"]) == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert COST.fullmatch(err.splitlines()[-1])


def test_an_error_says_where_it_arose(tmp_path, capfd) -> None:
    words = ["training", str(tmp_path / "no.jsonl"), "--format", "alpaca", "-o", "x"]
    assert main(words) == 1
    assert "Traceback" not in capfd.readouterr().err
    assert main([*words, "--verbose"]) == 1
    err = capfd.readouterr().err
    assert "Traceback" in err
    assert COST.search(err)
    assert err.splitlines()[-1].startswith("sharegpt-argilla: ")


def test_a_request_is_logged_without_its_query(capfd) -> None:
    def run() -> int:
        transport = httpx.MockTransport(lambda _request: httpx.Response(200))
        with httpx.Client(transport=transport) as client:
            client.get("http://argilla.test/api/v1/records", params={"query": "words-of-somebody"})
        return 0

    assert run_verbosely(run) == 0
    err = capfd.readouterr().err
    assert "GET http://argilla.test/api/v1/records" in err
    assert "200 OK" in err
    assert "words-of-somebody" not in err


def test_afterwards_loggers_are_as_before() -> None:
    before = [
        (logger.level, list(logger.handlers)) for logger in map(logging.getLogger, ("httpx", "sharegpt_argilla"))
    ]

    def fail() -> int:
        raise InputError("nothing")

    with pytest.raises(InputError):
        run_verbosely(fail)
    after = [
        (logger.level, list(logger.handlers)) for logger in map(logging.getLogger, ("httpx", "sharegpt_argilla"))
    ]
    assert after == before
