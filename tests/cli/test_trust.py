"""``trust``: whom to believe, and never without a pin."""

import http.client
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from signedcert.cli import trust as module
from signedcert.custody.ceremony import root_groups, sign_manifest
from signedcert.custody.private import PrivateKey
from signedcert.institution import Institution
from signedcert.trust.store import TrustStore
from signedcert.web import app
from tests.cli.running import Done
from tests.cli.test_app import Terminal
from tests.institution.homes import NAME, URL, Place, publish
from tests.reference import World, make_world

Run = Callable[..., Done]


@pytest.fixture
def pin(template: Place) -> str:
    with Institution.open(template.home) as institution:
        return institution.pin


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "trust"


def trusted(store: Path) -> list[str]:
    """The institutions in a trust store; none where there is no store."""
    return list(TrustStore.read(store).institutions) if store.exists() else []


# from files


def test_an_institution_is_added_from_its_manifest_and_pin(
    run: Run, template: Place, pin: str, store: Path
) -> None:
    manifest = template.home / "manifests" / "1.json"
    done = run("trust", "add", manifest, "--pin", pin, "--trust", store)
    assert (done.status, done.err) == (0, "")
    assert f"{NAME} ({URL}) is trusted, by its keys of version 1." in done.out
    assert "classical" not in done.out
    assert trusted(store) == [URL]
    listed = run("trust", "list", "--trust", store)
    assert f"{NAME} ({URL})\n  pin {pin}\n  keys of version 1, 2026-06-01" in listed.out


def test_an_institution_is_told_in_json(run: Run, template: Place, pin: str, store: Path) -> None:
    added = run(
        "trust", "add", template.home / "manifests", "--pin", pin, "--trust", store, "--json"
    )
    expected = {
        "iss": URL,
        "name": NAME,
        "pin": pin,
        "version": 1,
        "issued": "2026-06-01T08:00:00Z",
        "expires": "2027-06-01T08:00:00Z",
        "post_quantum": True,
        "forked": False,
        "status": None,
    }
    assert added.json == expected
    assert run("trust", "list", "--trust", store, "--json").json == [expected]


def test_without_a_store_named_it_is_the_users_own(run: Run, template: Place, pin: str) -> None:
    assert run("trust", "list", "--json").json == []
    assert "None yet. Add one: signedcert trust add" in run("trust", "list").out
    done = run("trust", "add", template.home / "manifests", "--pin", pin)
    assert done.status == 0
    assert trusted(module.default_trust()) == [URL]
    assert URL in run("trust", "list").out


def test_a_folder_may_hold_other_files_too(run: Run, place: Place, pin: str, store: Path) -> None:
    (place.home / "manifests" / "notes.json").write_text("{}", encoding="utf-8")
    (place.home / "manifests" / "README").write_text("hello", encoding="utf-8")
    assert run("trust", "add", place.home / "manifests", "--pin", pin, "--trust", store).status == 0


@pytest.mark.parametrize("extra", [[], ["--pin", "1:" + "0" * 64]])
def test_a_folder_without_manifests_is_wrong_use(
    run: Run, tmp_path: Path, store: Path, extra: list[str]
) -> None:
    (tmp_path / "empty").mkdir()
    done = run("trust", "add", tmp_path / "empty", "--trust", store, *extra)
    assert done.status == 2
    assert "no key manifest here" in done.err
    assert not store.exists()


@pytest.mark.parametrize("content", [b"", b"{}", b'{"signatures":[]}', b"<html>"])
def test_a_file_that_is_no_manifest_is_refused(
    run: Run, tmp_path: Path, store: Path, pin: str, content: bytes
) -> None:
    (tmp_path / "keys.json").write_bytes(content)
    done = run("trust", "add", tmp_path / "keys.json", "--pin", pin, "--trust", store)
    assert done.status == 1
    assert not store.exists()


def test_a_file_that_is_missing_is_refused(run: Run, tmp_path: Path, store: Path, pin: str) -> None:
    done = run("trust", "add", tmp_path / "missing.json", "--pin", pin, "--trust", store)
    assert done.status == 2
    assert "missing.json" in done.err
    assert "[unreadable-file]" in done.err


# the pin


def test_without_a_pin_and_without_a_terminal_nothing_is_added_and_the_pin_is_shown(
    run: Run, template: Place, pin: str, store: Path
) -> None:
    done = run("trust", "add", template.home / "manifests", "--trust", store)
    assert done.status == 2
    assert f"Their pin is\n  {pin}\n" in done.err
    assert "nothing was added" in done.err
    assert done.out == ""
    assert not store.exists()


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 2), ("\n", 2)])
def test_at_a_terminal_the_pin_has_to_be_confirmed(  # noqa: PLR0917
    run: Run,
    template: Place,
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    status: int,
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: answer.strip())
    done = run("trust", "add", template.home / "manifests", "--trust", store)
    assert done.status == status
    assert trusted(store) == ([URL] if status == 0 else [])


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("1:" + "0" * 64, "pin-mismatch"),
        ("2:" + "0" * 64, "manifest-version"),
        ("0" * 64, "wrong-value"),
        ("", "wrong-value"),
    ],
)
def test_a_wrong_pin_adds_nothing(
    run: Run, template: Place, store: Path, wrong: str, reason: str
) -> None:
    done = run("trust", "add", template.home / "manifests", "--pin", wrong, "--trust", store)
    assert done.status == 1
    assert f"[{reason}]" in done.err
    assert not store.exists()


def test_newer_keys_of_a_trusted_institution_need_no_pin(
    run: Run, place: Place, pin: str, store: Path
) -> None:
    assert run("trust", "add", place.home / "manifests", "--pin", pin, "--trust", store).status == 0
    with Institution.open(place.home) as institution:
        publish(place, institution.manifest)
    newest = place.home / "manifests" / "2.json"
    done = run("trust", "add", newest, "--trust", store)
    assert done.status == 0
    assert "version 2" in done.out
    assert TrustStore.read(store).institutions[URL].newest.version == 2


def test_another_institution_under_the_same_name_is_not_taken_for_it(
    run: Run, template: Place, pin: str, store: Path, tmp_path: Path
) -> None:
    assert (
        run("trust", "add", template.home / "manifests", "--pin", pin, "--trust", store).status == 0
    )
    strangers = [PrivateKey.generate("ES256"), PrivateKey.generate("ML-DSA-65")]
    with Institution.open(template.home) as institution:
        forged = replace(institution.manifest, version=2, root=root_groups(strangers))
    path = tmp_path / "2.json"
    path.write_bytes(sign_manifest(forged, strangers).jws.encode())
    done = run("trust", "add", path, "--trust", store)
    assert done.status == 1
    assert TrustStore.read(store).institutions[URL].newest.version == 1


def test_classical_root_keys_and_contradictory_keys_are_pointed_out(
    run: Run, world: World, store: Path, tmp_path: Path
) -> None:
    classical = replace(world.manifest, root=root_groups(world.roots[:1]))
    forks = [replace(classical, version=2, name=name) for name in ("One", "Two")]
    for number, manifest in enumerate([classical, *forks]):
        data = sign_manifest(manifest, world.roots[:1]).jws.encode()
        (tmp_path / f"{number}.json").write_bytes(data)
    done = run("trust", "add", tmp_path, "--pin", classical.pin, "--trust", store)
    assert done.status == 0
    assert "a quantum computer could forge them" in done.out
    listed = run("trust", "list", "--trust", store).out
    assert "classical root keys" in listed
    assert "CONTRADICTORY KEYS" in listed
    assert run("trust", "list", "--trust", store, "--json").json[0]["forked"] is True


# from an address


@contextmanager
def served(institution: Institution) -> Iterator[str]:
    """The institution's pages, on this computer."""
    settings = uvicorn.Config(app(institution), port=0, lifespan="off", log_level="error")
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_institution_is_added_from_its_address_with_every_version(
    run: Run, place: Place, pin: str, store: Path, slash: str
) -> None:
    with Institution.open(place.home) as institution:
        manifest = institution.manifest
    for _ in range(3):
        manifest = publish(place, manifest)
    with Institution.open(place.home) as institution, served(institution) as address:
        done = run("trust", "add", address + slash, "--pin", pin, "--trust", store)
    assert done.status == 0, done.err
    history = TrustStore.read(store).institutions[URL]
    assert [one.version for one in history.versions] == [1, 2, 3, 4]


def test_an_address_is_no_proof_without_a_pin(
    run: Run, place: Place, pin: str, store: Path
) -> None:
    with Institution.open(place.home) as institution, served(institution) as address:
        done = run("trust", "add", address, "--trust", store)
        assert done.status == 2
        assert pin in done.err
        assert not store.exists()
        elsewhere = run("trust", "add", f"{address}/elsewhere", "--pin", pin, "--trust", store)
        assert elsewhere.status == 2
        assert "404" in elsewhere.err


@pytest.mark.parametrize(
    "address",
    [
        "http://learn.example.edu",
        "ftp://localhost/",
        "file://localhost/etc/passwd",
        "http://127.0.0.1.example.edu",
        "http://user@example.edu@127.0.0.1:1",
        "http://127.0.0.1:1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "http://127.0.0.1:1/with space",
        "https://[::1",
        "://",
    ],
)
def test_an_address_that_leads_nowhere_is_told_in_a_line(
    run: Run, store: Path, pin: str, address: str
) -> None:
    done = run("trust", "add", address, "--pin", pin, "--trust", store)
    assert done.status == 2, done.err
    assert "[network]" in done.err
    assert not store.exists()


def test_a_redirect_that_stays_safe_is_followed(
    run: Run, store: Path, place: Place, pin: str
) -> None:
    with Institution.open(place.home) as institution, served(institution) as address:

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(302)
                self.send_header("Location", f"{address}{self.path}")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        with listening(Handler) as elsewhere:
            done = run("trust", "add", elsewhere, "--pin", pin, "--trust", store)
    assert done.status == 0, done.err


def test_no_more_versions_are_fetched_than_an_institution_can_have(
    run: Run, store: Path, pin: str
) -> None:
    world = make_world()
    manifest = replace(world.manifest, version=1001)
    signed = sign_manifest(manifest, world.roots).jws.encode()
    with answering(b"HTTP/1.0 200 OK\r\n\r\n" + signed) as address:
        done = run("trust", "add", address, "--pin", pin, "--trust", store)
    assert done.status == 1
    assert "1001 versions" in done.err
    assert "[too-large]" in done.err


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that gives one answer to everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with listening(Handler) as address:
        yield address


@contextmanager
def listening(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server on this machine."""
    server = http.server.HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (b"nonsense\r\n\r\n", 2, "network"),
        (b"HTTP/1.0 500 No\r\n\r\n", 2, "network"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n{}", 1, "member-missing"),
        (b"HTTP/1.0 200 OK\r\n\r\n<html>", 1, "not-json"),
        (b"HTTP/1.0 302 Found\r\nLocation: http://elsewhere.example/\r\n\r\n", 2, "network"),
        (b"HTTP/1.0 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", 2, "network"),
        (b"HTTP/1.0 200 OK\r\n\r\n" + b" " * (4 * 2**20), 1, "too-large"),
    ],
    ids=["no HTTP", "an error", "cut", "a page", "to http", "to a file", "endless"],
)
def test_an_address_that_answers_nonsense_is_told_in_a_line(  # noqa: PLR0917
    run: Run, store: Path, pin: str, answer: bytes, status: int, reason: str
) -> None:
    with answering(answer) as address:
        done = run("trust", "add", address, "--pin", pin, "--trust", store)
    assert done.status == status, done.err
    assert f"[{reason}]" in done.err
    assert not store.exists()


def test_an_answer_that_breaks_off_is_told_in_a_line(
    run: Run, store: Path, pin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise http.client.IncompleteRead(b"")

    monkeypatch.setattr("urllib.request.urlopen", broken)
    done = run(
        "trust", "add", "https://learn.example.edu", "--pin", pin, "--trust", store, "--json"
    )
    assert done.status == 2
    assert json.loads(done.out)["error"]["reason"] == "network"
