"""Two server processes on one socket: whichever answers, it is the same Argilla."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from sharegpt_argilla.argilla_plugin.sign_in_limit import FREE_ATTEMPTS
from sharegpt_argilla.embedded_argilla.environment import PROCESSES
from tests.embedded import PATIENCE, EmbeddedArgilla, embedded_argilla, gone, wait_until
from tests.live.rest import owner_of, texts
from tests.live.test_crashes import all_went_on, check_nothing_lost, clients_at_work, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.live, pytest.mark.slow]

SERVERS = ("server", "server-2")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedArgilla]:
    """An embedded Argilla of two server processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PROCESSES, "2")
        with embedded_argilla(tmp_path_factory.mktemp("two-servers")) as argilla:
            argilla.wait_for_child("server-2")
            wait_until(partial(is_served_by, argilla, "server-2"), "the second server")
            yield argilla


@contextmanager
def answered_by(argilla: EmbeddedArgilla, name: str) -> Iterator[None]:
    """Whatever is asked in the block is answered by one of the two: the other is halted."""
    (other,) = set(SERVERS) - {name}
    halted = psutil.Process(argilla.wait_for_child(other))
    halted.suspend()
    try:
        yield
    finally:
        halted.resume()


def is_served_by(argilla: EmbeddedArgilla, name: str) -> bool:
    with answered_by(argilla, name):
        try:
            return httpx.get(f"{argilla.api_url}/api/v1/version", timeout=1).status_code == 200
        except httpx.TimeoutException:
            return False


def test_an_answer_to_one_is_known_to_the_other(pair: EmbeddedArgilla) -> None:
    with owner_of(pair) as owner:
        dataset = owner.dataset("shared", "shared", distribution={"strategy": "overlap", "min_submitted": 1})
    with answered_by(pair, "server-2"), owner_of(pair) as owner:
        first, _ = owner.load(dataset, texts(2))
        owner.answer(first, quality=4)
    status = {"type": "terms", "scope": {"entity": "response", "property": "status"}, "values": ["submitted"]}
    with answered_by(pair, "server"):
        assert counted(pair, dataset, {}) == 2
        assert counted(pair, dataset, {"filters": {"and": [status]}}) == 1
        with owner_of(pair) as owner:
            assert owner("GET", f"/datasets/{dataset}/progress")["completed"] == 1


def test_failed_sign_ins_are_counted_together(pair: EmbeddedArgilla) -> None:
    with owner_of(pair) as owner:
        owner.user("guessed")

    def guess() -> int:
        form = {"username": "guessed", "password": "a-wrong-guess"}
        return httpx.post(f"{pair.api_url}/api/v1/token", data=form, timeout=PATIENCE).status_code

    with answered_by(pair, "server"):
        assert [guess() for _ in range(FREE_ATTEMPTS)] == [401] * FREE_ATTEMPTS
    with answered_by(pair, "server-2"):
        # On a busy machine the first waits, of 1 and 2 seconds, may be over before the next guess arrives.
        assert 429 in {guess() for _ in range(5)}


def test_an_index_whose_file_is_removed_is_made_again_for_both(pair: EmbeddedArgilla) -> None:
    with owner_of(pair) as owner:
        dataset = owner.dataset("damaged", "damaged")
        for begin in range(1, 1000, 100):
            owner.load(dataset, texts(100, begin=begin))
    index = pair.home.search_index
    for name in SERVERS:
        with answered_by(pair, name):
            assert counted(pair, dataset, {}) == 1000
    index.unlink()

    found: list[Any] = []

    def ask() -> None:
        # Again and again, since some arrive while one of the two is adding the records.
        found.extend(counted(pair, dataset, {}) for _ in range(10))

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(PATIENCE)
    assert found == [1000] * 80
    for name in SERVERS:
        with answered_by(pair, name):
            assert counted(pair, dataset, {"query": {"text": {"q": "rain"}}}) == 1000


@pytest.mark.parametrize("victim", SERVERS)
def test_nothing_is_lost_when_one_is_killed_and_both_start_again(pair: EmbeddedArgilla, victim: str) -> None:
    with clients_at_work(pair, f"killed-{victim}") as (dataset, loader, annotators):
        everybody = (loader, *annotators)
        wait_until(lambda: all_went_on(everybody, [3] * len(everybody)), "everybody to be at work")
        before = {name: psutil.Process(pair.wait_for_child(name)) for name in SERVERS}
        steps = [client.done for client in everybody]
        pair.kill_child(victim)
        for name in SERVERS:
            pair.wait_for_child(name, other_than=before[name].pid)
        wait_until(partial(is_served_by, pair, "server-2"), "the second server")
        wait_until(lambda: all_went_on(everybody, steps), "everybody to continue")
        assert all(gone(process) for process in before.values())
    check_nothing_lost(pair, dataset, loader, annotators)


def test_a_stop_ends_both(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROCESSES, "2")
    with embedded_argilla(tmp_path) as argilla:
        argilla.wait_for_child("server-2")
        family = argilla.family()
        assert sum("server" in process.cmdline() for process in family) == 2
        assert argilla.stop(signal.SIGTERM) == 0
        assert [process for process in family if not gone(process)] == []
        assert argilla.state["processes"] == []
