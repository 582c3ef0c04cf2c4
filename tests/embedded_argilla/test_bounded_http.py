"""uvicorn's connection with bounds, over real sockets."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from tests.embedded import PATIENCE, wait_until

LARGE = 50_000_000


async def application(scope: Any, receive: Any, send: Any) -> None:
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    body = b"x" * LARGE if scope["path"] == "/large" else str(size).encode()
    head = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server whose patience is a fraction of a second."""
    from sharegpt_argilla.embedded_argilla.processes import bounded_http

    for name, value in {"HEADER_SECONDS": 0.5, "BODY_SECONDS": 0.5, "UNREAD_SECONDS": 0.5}.items():
        monkeypatch.setattr(bounded_http, name, value)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        http=bounded_http.BoundedHttp,
        ws="none",
        lifespan="off",
        log_config=None,
        timeout_keep_alive=5,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    wait_until(lambda: server.started, "uvicorn")
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(PATIENCE)


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def answer(connection: socket.socket) -> bytes:
    """All that arrives until the server closes the connection."""
    received = b""
    try:
        while piece := connection.recv(65_536):
            received += piece
    except ConnectionResetError:
        pass
    return received


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX: y"])
def test_a_request_that_does_not_come_is_not_waited_for(port: int, sent: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(sent)
        assert answer(connection) == b""


def test_headers_that_drip_do_not_keep_a_connection(port: int) -> None:
    begin = time.monotonic()
    with connected(port) as connection, pytest.raises(OSError, match=r"Broken pipe|reset"):
        connection.sendall(b"GET / HTTP/1.1\r\n")
        while time.monotonic() < begin + PATIENCE:
            connection.sendall(b"X: y\r\n")
            time.sleep(0.05)
    assert time.monotonic() - begin < PATIENCE


def test_a_body_that_drips_does_not_either_and_one_that_flows_does(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n"
    begin = time.monotonic()
    with connected(port) as connection, pytest.raises(OSError, match=r"Broken pipe|reset"):
        connection.sendall(head)
        while time.monotonic() < begin + PATIENCE:
            connection.sendall(b"x")
            time.sleep(0.05)
    assert time.monotonic() - begin < PATIENCE
    with connected(port) as connection:
        connection.sendall(head)
        for _ in range(10):
            connection.sendall(b"x" * 20_000)
            time.sleep(0.15)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "header",
    [b"X: " + b"y" * 70_000, b"X: y\r\n" * 20_000, b"X: " + b"y" * 400_000],
    ids=["one header", "many headers", "one that does not end"],
)
def test_headers_above_64_kilobytes_are_refused(port: int, header: bytes) -> None:
    with connected(port) as connection:
        try:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + header)
            if len(header) < 400_000:
                connection.sendall(b"\r\n\r\n")
        except OSError:
            pass  # refused in the middle
        received = answer(connection)
        assert received == b"" or received.startswith(b"HTTP/1.1 431 ")
    with connected(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 60_000 + b"\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_a_long_address_is_refused_too(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer(connection).startswith(b"HTTP/1.1 431 ")


def test_a_client_that_does_not_read_is_cut_off_and_one_that_reads_slowly_is_not(port: int) -> None:
    request = b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with connected(port) as connection:
        connection.sendall(request)
        time.sleep(1.5)
        assert len(answer(connection)) < LARGE
    with connected(port) as connection:
        connection.sendall(request)
        size = 0
        while piece := connection.recv(1_000_000):
            size += len(piece)
            time.sleep(0.002)
        assert size > LARGE


def test_several_requests_on_one_connection(port: int) -> None:
    with connected(port) as connection:
        for number in range(3):
            body = b"x" * (number * 100_000)
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            received = b""
            while not received.endswith(b"\r\n\r\n" + str(len(body)).encode()):
                piece = connection.recv(1000)
                assert piece, "closed"
                received += piece
            # Between two requests uvicorn's own patience counts, of five seconds.
            time.sleep(0.7)
