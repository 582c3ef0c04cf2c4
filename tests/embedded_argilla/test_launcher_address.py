from __future__ import annotations

import logging
import socket

import pytest

from sharegpt_argilla.embedded_argilla.address import api_url, listen, warn_unless_loopback
from sharegpt_argilla.errors import EmbeddedArgillaError, UsageError


@pytest.mark.parametrize(
    ("host", "base_url", "expected"),
    [
        ("127.0.0.1", "/", "http://127.0.0.1:6900"),
        ("0.0.0.0", "/", "http://127.0.0.1:6900"),
        ("", "", "http://127.0.0.1:6900"),
        ("::", "/", "http://[::1]:6900"),
        ("::1", "/", "http://[::1]:6900"),
        ("lab.example", "/", "http://lab.example:6900"),
        ("127.0.0.1", "/argilla", "http://127.0.0.1:6900/argilla"),
        ("127.0.0.1", "argilla/", "http://127.0.0.1:6900/argilla"),
    ],
)
def test_api_url_is_one_that_clients_here_can_reach(host, base_url, expected):
    assert api_url(host, 6900, base_url) == expected


def test_port_zero_takes_a_free_one():
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        assert listener.getsockname()[1] > 0


def test_busy_port_says_what_to_do():
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(EmbeddedArgillaError) as refusal:
            listen("127.0.0.1", port)

    message = f"port {port} on 127.0.0.1 is in use by another program; choose another with --port"
    assert str(refusal.value) == message


def test_port_that_all_addresses_share_counts_as_busy():
    with listen("0.0.0.0", 0) as listener, pytest.raises(EmbeddedArgillaError, match="in use"):
        listen("127.0.0.1", listener.getsockname()[1])


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_host_that_is_not_this_machine_is_one_line(host):
    with pytest.raises(EmbeddedArgillaError, match=f"cannot listen on {host}:6900 .*; check --host") as refusal:
        listen(host, 6900)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("port", [-1, 65_536, 70_000])
def test_port_that_does_not_exist_is_wrong_usage(port):
    with pytest.raises(UsageError, match=f"--port {port}: there is no such port"):
        listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_warning(host, caplog):
    warn_unless_loopback(host)

    assert caplog.records == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "lab.example"])
def test_any_other_host_is_warned_about(host, caplog):
    warn_unless_loopback(host)

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert host in caplog.text
    assert "HTTPS" in caplog.text
