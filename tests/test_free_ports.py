"""The ports of tests' own servers: nobody else is given one while its server is down."""

from pathlib import Path

import pytest

from tests.embedded import free_port, own_ports

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.skipif(not RANGE.is_file(), reason="the range of outgoing connections is asked of Linux")
def test_no_port_is_one_that_outgoing_connections_get() -> None:
    first, last = map(int, RANGE.read_text(encoding="ascii").split())
    assert not any(first <= port <= last for port in own_ports())


def test_no_port_is_given_twice() -> None:
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == 20


def test_workers_share_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    first = set(own_ports())
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    assert len(first) == 1000
    assert not first & set(own_ports())
