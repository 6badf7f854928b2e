"""``trust update``: keys and statuses from the institution, from mirrors, from folders; what is
refused, and that what was known stays.
"""

import functools
import http.server
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signedcert.cli import network
from signedcert.cli import trust as module
from signedcert.custody.ceremony import root_groups, sign_manifest
from signedcert.custody.private import PrivateKey
from signedcert.trust.entries import FinalState
from signedcert.trust.manifest import SignedManifest
from signedcert.trust.snapshot import ManifestVersion
from signedcert.trust.statuslist import REVOKED
from signedcert.trust.store import TrustStore
from tests.cli.running import Done
from tests.cli.test_trust import listening
from tests.reference import ISSUED, ISSUER, NAME, World, credential
from tests.trust.house import DIGEST
from tests.trust.publishing import Publisher, Statuses, lay_out

Run = Callable[..., Done]
DAY = timedelta(days=1)
TODAY = datetime.now(UTC).replace(microsecond=0)
SAID: Statuses = {(1, credential().status_index): (REVOKED, "misconduct"), (2, 7): (REVOKED, None)}
OTHER = "https://other.example.org"


@pytest.fixture(scope="module")
def publisher(world: World) -> Publisher:
    return Publisher.make(world)


@pytest.fixture
def store(publisher: Publisher, tmp_path: Path) -> Path:
    """A trust store that knows version 1 and statuses of three days ago."""
    path = tmp_path / "trust"
    publisher.trust(publisher.files({}, TODAY - 3 * DAY, lists=2)).write(path)
    return path


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


def chain(*publishers: Publisher) -> list[bytes]:
    return [one.encoded() for one in publishers]


class Requests(http.server.SimpleHTTPRequestHandler):
    """A folder as a website, and what was asked of it."""

    asked: list[str]

    def do_GET(self) -> None:
        """Notes it, and answers."""
        self.asked.append(self.path)
        with suppress(ConnectionError):  # who asks reads no more than he wants
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def website(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a website with this folder, and the list of what is asked of it."""
    asked: list[str] = []
    handler = type("Handler", (Requests,), {"asked": asked})
    with listening(functools.partial(handler, directory=str(folder))) as address:  # type: ignore[arg-type]
        yield address, asked


def published(root: Path, *args: object) -> Path:
    """The folder that a website would publish."""
    lay_out(root / ".well-known" / "signedcert", *args)  # type: ignore[arg-type]
    return root


# what is new


@pytest.mark.parametrize("over", ["an address", "a folder", "a folder of a website"])
def test_keys_and_statuses_are_updated(
    over: str, run: Run, publisher: Publisher, store: Path, mirror: Path
) -> None:
    second, third = publisher.next(), publisher.next().next()
    files = third.files(SAID, TODAY - DAY, lists=2)
    published(mirror, chain(publisher, second, third), files)
    if over == "an address":
        with website(mirror) as (address, _):
            done = run("trust", "update", "--from", address, "--trust", store)
    else:
        place = mirror / ".well-known" / "signedcert" if over == "a folder" else mirror
        done = run("trust", "update", "--from", place, "--trust", store)
    assert (done.status, done.err) == (0, "")
    read = TrustStore.read(store)
    assert [one.version for one in read.institutions[ISSUER].versions] == [1, 2, 3]
    assert read.statuses[ISSUER].files == files
    until = TODAY + 6 * DAY
    assert done.out == (
        f"{NAME} ({ISSUER}): keys of version 2, keys of version 3, statuses new\n"
        f"  keys of version 3, {module._age(publisher.manifest.issued, datetime.now(UTC))}, "
        "fresh until 2027-07-01\n"
        f"  statuses of {TODAY - DAY:%Y-%m-%d} (1 day old), good until {until:%Y-%m-%d %H:%M} UTC\n"
    )


def test_without_a_source_it_is_the_institutions_own_address(
    run: Run,
    publisher: Publisher,
    store: Path,
    mirror: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetched: list[str] = []
    lay_out(mirror, chain(publisher), publisher.files({}, TODAY, lists=2))

    def fetch(url: str, limit: int) -> bytes:
        assert limit >= 160 * 1024
        fetched.append(url)
        return (mirror / url.removeprefix(f"{ISSUER}/.well-known/signedcert/")).read_bytes()

    monkeypatch.setattr(network, "_fetch", fetch)
    for arguments in ([], [ISSUER]):
        assert run("trust", "update", *arguments, "--trust", store).status == 0
    assert fetched[0] == f"{ISSUER}/.well-known/signedcert/keys.json"
    assert TrustStore.read(store).statuses[ISSUER].snapshot.issued == TODAY


def test_only_what_changed_is_fetched(
    run: Run, publisher: Publisher, store: Path, mirror: Path
) -> None:
    known = TrustStore.read(store).statuses[ISSUER].files
    second = publisher.list_token(2, SAID, TODAY - DAY)
    files = publisher.named((known.lists[0], second), None, TODAY - DAY)
    published(mirror, chain(publisher), files)
    with website(mirror) as (address, asked):
        assert run("trust", "update", "--from", address, "--trust", store).status == 0
        first = [path.removeprefix("/.well-known/signedcert/") for path in asked]
        asked.clear()
        again = run("trust", "update", "--from", address, "--trust", store)
    assert first == ["keys.json", "snapshot.json", "status/2.jwt"]
    assert [path.rpartition("/")[2] for path in asked] == ["keys.json", "snapshot.json"]
    assert "nothing new" in again.out
    assert TrustStore.read(store).statuses[ISSUER].files == files


def test_of_manifests_only_those_back_to_one_that_is_known_are_fetched(
    run: Run, publisher: Publisher, store: Path, mirror: Path
) -> None:
    versions = [publisher, publisher.next(), publisher.next().next()]
    published(mirror, chain(*versions))
    with website(mirror) as (address, asked):
        done = run("trust", "update", "--from", address, "--trust", store)
    assert done.status == 0, done.err
    assert [path.rpartition("signedcert/")[2] for path in asked] == [
        "keys.json",
        "keys/2.json",
        "keys/1.json",
        "snapshot.json",
    ]


def test_a_flat_folder_and_a_single_file_of_manifests_will_do(
    run: Run, publisher: Publisher, store: Path, mirror: Path
) -> None:
    mirror.mkdir()
    second, third = publisher.next(), publisher.next().next()
    (mirror / "2.json").write_bytes(second.encoded())
    assert run("trust", "update", "--from", mirror, "--trust", store).status == 0
    (mirror / "third").write_bytes(third.encoded())
    assert run("trust", "update", "--from", mirror / "third", "--trust", store).status == 0
    assert TrustStore.read(store).institutions[ISSUER].newest.version == 3


def test_programs_get_what_is_new(
    run: Run, publisher: Publisher, store: Path, mirror: Path
) -> None:
    second = publisher.next()
    lay_out(mirror, chain(publisher, second), second.files({}, TODAY, lists=2))
    done = run("trust", "update", "--from", mirror, "--trust", store, "--json")
    (found,) = done.json
    institution = found.pop("institution")
    assert found == {
        "source": str(mirror),
        "new_versions": [2],
        "given_up_versions": [],
        "new_statuses": True,
        "error": None,
    }
    assert institution["version"] == 2
    assert institution["status"] == {
        "as_of": f"{TODAY:%Y-%m-%dT%H:%M:%SZ}",
        "good_until": f"{TODAY + 7 * DAY:%Y-%m-%dT%H:%M:%SZ}",
        "lists": 2,
        "announced_version": 2,
    }


def test_what_it_learned_counts_when_something_is_verified(
    run: Run, publisher: Publisher, store: Path, mirror: Path, tmp_path: Path
) -> None:
    document = tmp_path / "maria.signedcert"
    document.write_bytes(publisher.world.document())
    assert run("verify", document, "--trust", store).status == 0
    lay_out(mirror, chain(publisher), publisher.files(SAID, TODAY - DAY, lists=2))
    assert run("trust", "update", "--from", mirror, "--trust", store).status == 0
    done = run("verify", document, "--trust", store)
    assert done.status == 3
    assert f"Status:               revoked since {TODAY - DAY:%Y-%m-%d}" in done.out


# what is refused


def _thief_rotates(publisher: Publisher) -> bytes:
    thieves = [PrivateKey.generate("ES256"), PrivateKey.generate("ML-DSA-65")]
    forged = replace(publisher.manifest, version=2, root=root_groups(thieves))
    return sign_manifest(forged, (*publisher.world.roots, *thieves)).jws.encode()


def _unsigned(publisher: Publisher) -> bytes:
    strangers = [PrivateKey.generate("ES256"), PrivateKey.generate("ML-DSA-65")]
    return sign_manifest(publisher.next().manifest, strangers).jws.encode()


MANIFESTS: dict[str, tuple[Callable[[Publisher], list[bytes]], str]] = {
    "a skipped version": (lambda one: [one.next().next().encoded()], "manifest-version"),
    "a thief's rotation": (lambda one: [_thief_rotates(one)], "manifest-root-changed"),
    "not signed by root": (lambda one: [_unsigned(one)], "key-not-authorised"),
    "a key disappears": (lambda one: [one.next(keys=()).encoded()], "manifest-key-missing"),
    "a fork": (
        lambda one: [one.encoded(), one.next().encoded(), one.next(name="Other").encoded()],
        "trust-fork",
    ),
    "nothing": (lambda _: [], "manifest-version"),
    "another institution's": (
        lambda one: [replace(one, manifest=replace(one.manifest, iss=OTHER, keys=())).encoded()],
        "manifest-issuer",
    ),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests_that_break_a_rule_are_refused_with_the_reason(
    name: str, run: Run, publisher: Publisher, store: Path, mirror: Path
) -> None:
    make, reason = MANIFESTS[name]
    mirror.mkdir()
    for number, data in enumerate(make(publisher)):
        (mirror / f"{number}.json").write_bytes(data)
    before = TrustStore.read(store)
    done = run("trust", "update", "--from", mirror, "--trust", store)
    assert done.status == 1
    assert f"[{reason}]" in done.err
    after = TrustStore.read(store)
    assert after.statuses == before.statuses
    forked = name == "a fork"
    assert (after.institutions == before.institutions) is not forked
    assert after.institutions[ISSUER].forked is forked


@pytest.mark.parametrize("over", ["an address", "a folder"])
def test_a_mirror_that_is_behind_is_refused(
    over: str, run: Run, publisher: Publisher, tmp_path: Path, mirror: Path
) -> None:
    second = publisher.next()
    known = publisher.trust().add([second.encoded()], publisher.manifest.pin)
    known.write(tmp_path / "trust")
    published(mirror, chain(publisher))
    with website(mirror) as (address, _):
        place = address if over == "an address" else mirror
        done = run("trust", "update", "--from", place, "--trust", tmp_path / "trust")
    assert done.status == 1
    assert "version 1 is the newest here, and version 2 is known" in done.err
    assert TrustStore.read(tmp_path / "trust") == known


def _break_list(folder: Path) -> None:
    (folder / "status" / "1.jwt").write_bytes(b"x")


STATUSES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a list of another snapshot": (_break_list, "digest-mismatch"),
    "a list is withheld": (lambda folder: (folder / "status/2.jwt").unlink(), "status-incomplete"),
    "reasons are withheld": (
        lambda folder: (folder / "reasons.jws").unlink(),
        "status-incomplete",
    ),
    "no snapshot": (lambda folder: (folder / "snapshot.json").write_bytes(b"x"), "not-three-parts"),
    "a huge snapshot": (
        lambda folder: (folder / "snapshot.json").write_bytes(b"x" * 200_000),
        "too-large",
    ),
    "a huge list": (
        lambda folder: (folder / "status/1.jwt").write_bytes(b"x" * 600_000),
        "too-large",
    ),
    "huge reasons": (
        lambda folder: (folder / "reasons.jws").write_bytes(b"x" * 3_000_000),
        "too-large",
    ),
}


@pytest.mark.parametrize("over", ["an address", "a folder"])
@pytest.mark.parametrize("name", STATUSES)
def test_statuses_that_are_not_whole_are_refused_and_newer_keys_are_kept(  # noqa: PLR0917
    name: str, over: str, run: Run, publisher: Publisher, store: Path, mirror: Path
) -> None:
    second = publisher.next()
    files = second.files(SAID, TODAY - DAY, lists=2)
    published(mirror, chain(publisher, second), files)
    change, reason = STATUSES[name]
    change(mirror / ".well-known" / "signedcert")
    before = TrustStore.read(store)
    with website(mirror) as (address, _):
        place = address if over == "an address" else mirror
        done = run("trust", "update", "--from", place, "--trust", store)
    assert done.status == 1
    assert f"[{reason}]" in done.err
    assert "keys of version 2 new" in done.out
    after = TrustStore.read(store)
    assert after.statuses == before.statuses
    assert after.institutions[ISSUER].newest.version == 2


def test_a_mirror_that_withholds_newer_statuses_is_refused(
    run: Run, publisher: Publisher, store: Path, mirror: Path
) -> None:
    before = TrustStore.read(store)
    lay_out(mirror, chain(publisher), publisher.files({}, TODAY - 9 * DAY, lists=2))
    done = run("trust", "update", "--from", mirror, "--trust", store)
    assert done.status == 1
    assert "[snapshot-older]" in done.err
    assert TrustStore.read(store) == before


def test_a_snapshot_from_the_future_is_refused(
    run: Run, publisher: Publisher, store: Path, mirror: Path
) -> None:
    before = TrustStore.read(store)
    lay_out(mirror, chain(publisher), publisher.files({}, TODAY + DAY, lists=2))
    done = run("trust", "update", "--from", mirror, "--trust", store)
    assert done.status == 1
    assert "[snapshot-in-future]" in done.err
    assert TrustStore.read(store) == before


def test_a_mirror_that_withholds_keys_is_pointed_out(
    run: Run, publisher: Publisher, store: Path, mirror: Path
) -> None:
    ahead = publisher.named(
        publisher.files({}, TODAY, lists=2).lists,
        None,
        TODAY,
        manifest=ManifestVersion(2, DIGEST),
    )
    lay_out(mirror, chain(publisher), ahead)
    done = run("trust", "update", "--from", mirror, "--trust", store)
    assert done.status == 1
    assert "keys of version 2 are announced, and version 1 is the newest here" in done.err
    assert "statuses new" in done.out
    assert TrustStore.read(store).statuses[ISSUER].files == ahead
    assert "keys of version 2 are to be had" in run("trust", "list", "--trust", store).out


@pytest.mark.parametrize("address", ["http://learn.example.edu", "ftp://localhost", "https://[::1"])
def test_nothing_is_fetched_but_over_https(run: Run, store: Path, address: str) -> None:
    done = run("trust", "update", "--from", address, "--trust", store, "--json")
    assert done.status == 1
    (found,) = done.json
    assert found["error"]["reason"] == "network"
    assert found["institution"] is None


def test_a_server_in_trouble_is_no_server_without_statuses(
    run: Run, publisher: Publisher, store: Path, mirror: Path
) -> None:
    published(mirror, chain(publisher))

    class Handler(Requests):
        asked: list[str] = []  # noqa: RUF012

        def do_GET(self) -> None:
            if self.path.endswith("snapshot.json"):
                self.send_error(503)
            else:
                super().do_GET()

    with listening(functools.partial(Handler, directory=str(mirror))) as address:  # type: ignore[arg-type]
        done = run("trust", "update", "--from", address, "--trust", store)
    assert done.status == 1
    assert "503" in done.err


# several


def _neighbour(publisher: Publisher) -> SignedManifest:
    manifest = replace(publisher.world.manifest, iss=OTHER, name="Other", keys=())
    return sign_manifest(manifest, publisher.world.roots)


@pytest.fixture
def both(publisher: Publisher, store: Path) -> Path:
    """A trust store of two institutions."""
    other = _neighbour(publisher)
    TrustStore.read(store).add([other.jws.encode()], other.unverified.pin).write(store)
    return store


def test_one_that_fails_does_not_stop_the_others(
    run: Run, publisher: Publisher, both: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(mirror, chain(publisher, publisher.next()))
    _fetch = network._fetch

    def fetch(url: str, limit: int) -> bytes:
        if not url.startswith(OTHER):
            return _fetch("http://127.0.0.1:1/", limit)
        return _neighbour(publisher).jws.encode()

    monkeypatch.setattr(network, "_fetch", fetch)
    done = run("trust", "update", "--trust", both)
    assert done.status == 1
    assert done.err.startswith(f"error: {ISSUER}: http://127.0.0.1:1/: cannot be fetched")
    assert f"Other ({OTHER}): nothing new" in done.out
    sources = ["--from", mirror / "none", "--from", mirror]
    done = run("trust", "update", *sources, "--trust", both, "--json")
    assert done.status == 1
    assert [one["error"] and one["error"]["reason"] for one in done.json] == [
        "unreadable-file",
        None,
    ]
    assert TrustStore.read(both).institutions[ISSUER].newest.version == 2


def test_a_mirror_says_whose_it_is_and_has_to_be_of_one_that_was_named(
    run: Run, publisher: Publisher, both: Path, mirror: Path
) -> None:
    lay_out(mirror, chain(publisher, publisher.next()))
    done = run("trust", "update", OTHER, "--from", mirror, "--trust", both)
    assert done.status == 1
    assert "[manifest-issuer]" in done.err
    assert run("trust", "update", ISSUER, "--from", mirror, "--trust", both).status == 0
    assert TrustStore.read(both).institutions[ISSUER].newest.version == 2


def test_an_institution_that_is_not_trusted_is_wrong_use(run: Run, store: Path) -> None:
    done = run("trust", "update", OTHER, "--trust", store)
    assert done.status == 2
    assert "[trust-missing]" in done.err


def test_where_nobody_is_trusted_there_is_nothing_to_update(run: Run, mirror: Path) -> None:
    for arguments in ([], ["--from", mirror]):
        done = run("trust", "update", *arguments)
        assert (done.status, done.out) == (0, "")
        assert "signedcert trust add" in done.err
    assert run("trust", "update", "--json").json == []


def test_of_an_institution_that_closed_no_statuses_are_fetched(
    run: Run, publisher: Publisher, store: Path, mirror: Path
) -> None:
    closed = publisher.next(final=FinalState((), DIGEST, DIGEST))
    lay_out(mirror, chain(publisher, closed), publisher.files({}, TODAY, lists=2))
    done = run("trust", "update", "--from", mirror, "--trust", store)
    assert done.status == 0, done.err
    assert not TrustStore.read(store).statuses


# trust add, trust list, verify


def test_trust_add_takes_the_statuses_along(
    run: Run, publisher: Publisher, tmp_path: Path, mirror: Path
) -> None:
    files = publisher.files(SAID, TODAY - DAY, lists=2)
    published(mirror, chain(publisher), files)
    with website(mirror) as (address, _):
        for number, place in enumerate((address, mirror)):
            store = tmp_path / f"trust-{number}"
            pin = publisher.manifest.pin
            done = run("trust", "add", place, "--pin", pin, "--trust", store)
            assert done.status == 0, done.err
            assert TrustStore.read(store).statuses[ISSUER].files == files


def test_trust_add_adds_the_keys_where_the_statuses_are_refused(
    run: Run, publisher: Publisher, tmp_path: Path, mirror: Path
) -> None:
    lay_out(mirror, chain(publisher), publisher.files(SAID, TODAY - DAY, lists=2))
    _break_list(mirror)
    pin, store = publisher.manifest.pin, tmp_path / "trust"
    done = run("trust", "add", mirror, "--pin", pin, "--trust", store)
    assert done.status == 1
    assert "[digest-mismatch]" in done.err
    assert "is trusted" in done.out
    assert list(TrustStore.read(store).institutions) == [ISSUER]


def test_trust_list_shows_how_old_keys_and_statuses_are(
    run: Run, publisher: Publisher, store: Path, tmp_path: Path
) -> None:
    listed = run("trust", "list", "--trust", store).out
    assert f"statuses of {TODAY - 3 * DAY:%Y-%m-%d} (3 days old), good until" in listed
    assert f"{publisher.manifest.issued:%Y-%m-%d} (" in listed
    publisher.trust().write(tmp_path / "none")
    assert "statuses not known" in run("trust", "list", "--trust", tmp_path / "none").out


def test_an_age_beyond_all_dates_is_listed_without_an_end(
    run: Run, world: World, tmp_path: Path
) -> None:
    endless = Publisher.make(world, max_age=2**53 - 1)
    endless.trust(endless.files({}, TODAY - DAY)).write(tmp_path)
    listed = run("trust", "list", "--trust", tmp_path)
    assert "(1 day old)\n" in listed.out
    (found,) = run("trust", "list", "--trust", tmp_path, "--json").json
    assert found["status"]["good_until"] is None


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ([], 4),
        (["--max-status-age", "60"], 0),
        (["--max-status-age", "39"], 4),
        (["--unsafe-accept-unknown-status"], 0),
        (["--max-status-age", "0", "--unsafe-accept-unknown-status"], 0),
    ],
)
def test_verify_takes_how_old_statuses_may_be(
    options: list[str], status: int, run: Run, publisher: Publisher, tmp_path: Path
) -> None:
    at = ISSUED + 40 * DAY
    publisher.trust(publisher.files({}, ISSUED)).write(tmp_path / "trust")
    document = tmp_path / "maria.signedcert"
    document.write_bytes(publisher.world.document())
    asked = ["--trust", tmp_path / "trust", "--at", at.isoformat(), *options]
    done = run("verify", document, *asked)
    assert done.status == status
    if status:
        assert "signedcert trust update" in done.out
        assert "status-unknown, status-stale: status not known since 2026-07-01" in done.out
    found = json.loads(run("verify", document, *asked, "--json").out)["results"][0]
    assert found["status"]["as_of"] == "2026-07-01T10:30:00Z"
