"""``serve``: reachable, and stopped without a fuss."""

import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable

import pytest
import uvicorn

from tests.cli.running import COMMAND, Done
from tests.institution.homes import NAME, Place

Run = Callable[..., Done]


def test_it_serves_until_it_is_interrupted(place: Place) -> None:
    command = [*COMMAND, "serve", "--home", str(place.home), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        address = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
        with urllib.request.urlopen(address, timeout=20) as page:  # noqa: S310 - our own
            assert page.status == 200
            assert NAME in page.read().decode()
            assert "server" not in page.headers
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(20) == 0
    assert "Traceback" not in rest
    assert line.startswith(f"{NAME}: ")
    assert "Ctrl+C" in line


@pytest.mark.skipif(not socket.has_ipv6, reason="this system has no IPv6")
@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_the_address_that_is_shown_can_be_opened(
    run: Run, place: Place, monkeypatch: pytest.MonkeyPatch, host: str, shown: str
) -> None:
    ports = []

    def serve(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        ports.append(sockets[0].getsockname()[1])
        assert self.config.server_header is False

    try:
        socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        ).close()
    except OSError:
        pytest.skip(f"{host} is not available here")
    monkeypatch.setattr(uvicorn.Server, "run", serve)
    done = run("serve", "--home", place.home, "--host", host, "--port", "0")
    assert done.status == 0
    assert f"http://{shown}:{ports[0]}/verify" in done.err


def test_a_port_that_is_taken_is_told_with_a_way_out(run: Run, place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--home", place.home, "--port", port)
    assert done.status == 2
    assert f"127.0.0.1:{port}: " in done.err
    assert "choose another --port" in done.err


def test_a_host_that_does_not_exist_is_told_with_a_way_out(run: Run, place: Place) -> None:
    done = run("serve", "--home", place.home, "--host", "no-such-host.invalid", "--port", "0")
    assert done.status == 2
    assert "[network]" in done.err
    assert "None" not in done.err


def test_a_home_that_is_missing_is_told_before_anything_listens(run: Run, place: Place) -> None:
    done = run("serve", "--home", place.home / "missing", "--port", "0")
    assert done.status == 2
    assert "[home-missing]" in done.err
