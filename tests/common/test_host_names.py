"""Which names a server answers to."""

from __future__ import annotations

import socket

import pytest

from sharegpt_argilla.common.host_names import HOSTS, HostNames, refusal


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:6900",
        "127.0.0.1",
        "[::1]:6900",
        "::1",
        "192.168.1.7:6900",
        "localhost:6900",
        "LocalHost.",
        "argilla.localhost:80",
        "",
        socket.gethostname(),
        f"{socket.gethostname().partition('.')[0]}.local:1",
    ],
)
def test_this_machine_is_reached(host: str) -> None:
    assert HostNames.of({}).include(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:6900",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "1.evil.example:6900",
        "evil.example.",
        "[evil.example]:6900",
        f"{socket.gethostname()}.evil.example",
    ],
)
def test_a_name_of_somebody_else_is_not(host: str) -> None:
    assert not HostNames.of({}).include(host)
    assert not HostNames.of({}, "127.0.0.1").include(host)


def test_further_names_are_those_of_the_variable_and_of_the_option() -> None:
    names = HostNames.of({HOSTS: "Argilla.Example.org, lab:6900,"}, "work.lan")
    assert names.include("argilla.example.org:443")
    assert names.include("lab")
    assert names.include("work.lan:6900")
    assert not names.include("example.org")
    assert HostNames.of({HOSTS: "*"}).include("evil.example")


def test_a_proxy_answers_for_its_names_unless_they_are_listed() -> None:
    assert HostNames.of({}, behind_proxy=True).include("argilla.example.org")
    assert not HostNames.of({HOSTS: "a.example"}, behind_proxy=True).include("b.example")


def test_the_refusal_names_the_variable_and_is_short() -> None:
    text = refusal("evil.example:80")
    assert "'evil.example'" in text
    assert HOSTS in text
    assert len(refusal("x" * 10_000)) < 300
