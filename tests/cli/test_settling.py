"""A fork, settled at the command line, and what verifiers of every kind come to know of it."""

import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from signedcert.ceremonies.proposing import Wanted
from signedcert.custody import keyfile
from signedcert.institution import Institution
from signedcert.trust.manifest import SignedManifest
from signedcert.trust.store import TrustStore
from tests.ceremonies.council import DAY, enact, finish, settle, sign, theft, write
from tests.ceremonies.council import next_keys as new_root
from tests.cli.running import Done
from tests.cli.test_trust import served
from tests.cli.test_trust_update import published, website
from tests.institution.homes import NOW, PASSPHRASE, URL, Place, issue_one
from tests.trust.house import ISS, signed

Run = Callable[..., Done]


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyfile, "SCRYPT_N", 2**15)


# what verifiers come to know (the words are those of ``tests.trust.house``)


FIRST = "1"
OWN = ("2 tag=own", "3 tag=own", "4 tag=own")
THEFT = ("2 tag=theft", "3 tag=theft", "4 tag=theft")
WON = (
    "2 tag=won root=B next=C by=AB",
    "3 tag=won root=B next=C by=B",
    "4 tag=won root=C next=D by=BC",
    "5 tag=won root=C next=D by=C",
    "6 tag=won root=C next=D by=C",
)
VERIFIERS = {
    "the institution's own": OWN,
    "an older one of them": OWN[:1],
    "the institution's own, the root rotated": (OWN[0], "3 tag=own root=B next=C by=AB"),
    "the other one": THEFT[:1],
    "what follows the other one": THEFT,
    "both": (OWN[0], THEFT[0]),
    "both, and what follows": (*OWN, THEFT[0]),
    "both, the other one first": (*THEFT, OWN[0]),
    "neither": (),
}


def data(*steps: str) -> list[bytes]:
    return [signed(step).jws.encode() for step in steps]


def pin() -> str:
    return signed(FIRST).unverified.pin


def knows(directory: Path, *steps: str) -> Path:
    """A trust store that was fed with these."""
    store = TrustStore.empty().add(data(FIRST), pin())
    for one in data(*steps):
        store = store.add([one], pin())
    store.write(directory)
    return directory


@pytest.mark.parametrize("over", ["an address", "a folder"])
@pytest.mark.parametrize("length", range(1, len(WON) + 1))
@pytest.mark.parametrize("verifier", VERIFIERS)
def test_whatever_was_known_an_update_ends_with_the_winner(
    run: Run, tmp_path: Path, verifier: str, length: int, over: str
) -> None:
    store = knows(tmp_path / "trust", *VERIFIERS[verifier])
    mirror = published(tmp_path / "mirror", data(FIRST, *WON[:length]))
    with website(mirror) as (address, _):
        place = address if over == "an address" else mirror
        done = run("trust", "update", "--from", place, "--trust", store)
        again = run("trust", "update", "--from", place, "--trust", store)
    assert (done.status, done.err) == (0, "")
    assert (again.status, "nothing new" in again.out) == (0, True)
    history = TrustStore.read(store).institutions[ISS]
    assert not history.forked
    assert [one.name for one in history.versions[1:]] == ["Example University won"] * length
    assert f"keys of version {length + 1}" in done.out


def test_it_is_said_which_versions_lost(run: Run, tmp_path: Path) -> None:
    store = knows(tmp_path / "trust", *OWN)
    mirror = published(tmp_path / "mirror", data(FIRST, *WON[:2]))
    for form in ([], ["--json"]):
        shutil.copytree(store, tmp_path / f"trust{len(form)}")
        done = run(
            "trust", "update", "--from", mirror, "--trust", tmp_path / f"trust{len(form)}", *form
        )
        assert done.status == 0
        if form:
            (found,) = done.json
            assert (found["new_versions"], found["given_up_versions"]) == ([2, 3], [2, 3, 4])
        else:
            assert "keys of version 2, keys of version 3 new" in done.out
            assert "in the place of what was known as: 2, 3, 4, which lost a fork" in done.out


def test_of_the_winner_no_more_is_fetched_than_is_new(run: Run, tmp_path: Path) -> None:
    long = [f"{number} tag=long" for number in range(2, 9)]
    store = knows(tmp_path / "trust", *long, "9 tag=own")
    won = ("9 tag=won root=B next=C by=AB", "10 tag=won root=B next=C by=B")
    mirror = published(tmp_path / "mirror", data(FIRST, *long, *won))
    with website(mirror) as (address, asked):
        assert run("trust", "update", "--from", address, "--trust", store).status == 0
    fetched = [path.rpartition("signedcert/")[2] for path in asked]
    assert fetched == ["keys.json", "keys/9.json", "keys/8.json", "snapshot.json"]


def test_a_copy_that_has_kept_what_lost_does_no_harm(run: Run, tmp_path: Path) -> None:
    store = knows(tmp_path / "trust", *OWN)
    mirror = published(tmp_path / "mirror", data(FIRST, *OWN))
    published(mirror, data(FIRST, *WON[:1]))
    assert len(list(mirror.rglob("keys/*.json"))) == 4
    with website(mirror) as (address, _):
        for place in (mirror, address):
            copy = tmp_path / f"trust-{place == mirror}"
            shutil.copytree(store, copy)
            assert run("trust", "update", "--from", place, "--trust", copy).status == 0
            assert TrustStore.read(copy).institutions[ISS].newest == signed(WON[0]).unverified


LOSERS = {"the institution's own": OWN[:1], "the other one": THEFT[:1], "what follows": THEFT}


@pytest.mark.parametrize("over", ["an address", "a folder"])
@pytest.mark.parametrize("loser", LOSERS)
@pytest.mark.parametrize("known", [(OWN[0], THEFT[0]), ()], ids=["knew both", "knew neither"])
def test_a_source_that_has_what_lost_cannot_bring_it_back(
    run: Run, tmp_path: Path, known: tuple[str, ...], loser: str, over: str
) -> None:
    store = knows(tmp_path / "trust", *known, *WON[:2])
    mirror = published(tmp_path / "mirror", data(FIRST, *LOSERS[loser]))
    with website(mirror) as (address, _):
        place = address if over == "an address" else mirror
        done = run("trust", "update", "--from", place, "--trust", store)
    after = TrustStore.read(store).institutions[ISS]
    assert not after.forked
    assert after.newest == signed(WON[1]).unverified
    assert done.status == 1
    follows = "[manifest-root-changed]"  # on what lost, which nothing says of it
    assert (follows if loser == "what follows" else "this source is behind") in done.err


@pytest.mark.parametrize("length", [1, 3])
def test_before_it_is_settled_the_other_side_makes_a_fork(
    run: Run, tmp_path: Path, length: int
) -> None:
    """Of a version that is known, too: the institution's later ones do not hide the theft."""
    store = knows(tmp_path / "trust", THEFT[0])
    mirror = published(tmp_path / "mirror", data(FIRST, *OWN[:length]))
    with website(mirror) as (address, _):
        done = run("trust", "update", "--from", address, "--trust", store)
    assert (done.status, "[trust-fork]" in done.err) == (1, True)
    assert TrustStore.read(store).institutions[ISS].forked
    published(mirror, data(FIRST, *WON[:1]))
    with website(mirror) as (address, _):
        assert run("trust", "update", "--from", address, "--trust", store).status == 0
    assert not TrustStore.read(store).institutions[ISS].forked


def test_trust_add_settles_it_too(run: Run, tmp_path: Path) -> None:
    store = knows(tmp_path / "trust", *OWN, THEFT[0])
    mirror = published(tmp_path / "mirror", data(FIRST, *WON[:2]))
    with website(mirror) as (address, _):
        done = run("trust", "add", address, "--trust", store)
    assert (done.status, done.err) == (0, "")
    assert TrustStore.read(store).institutions[ISS].newest == signed(WON[1]).unverified


# by commands, from the theft to the verifiers


class Case:
    """A home with two versions of its own, statuses, a document; and a thief's version 2."""

    def __init__(self, run: Run, place: Place) -> None:
        enact(place, Wanted(status_max_age=3650 * DAY, snapshot=True), NOW)
        enact(place, Wanted(name="Own University"), NOW)
        self.run, self.place, self.directory = run, place, place.home.parent
        self.other: SignedManifest = theft(place)
        (self.directory / "other.json").write_bytes(self.other.jws.encode())
        (self.directory / "secret").write_text(PASSPHRASE, encoding="utf-8")
        with place.open() as institution:
            issue_one(institution).bundle.write(self.directory / "ada.signedcert")
            institution.publish(at=NOW)
            self.pin = institution.pin

    def verifier(self, name: str, *steps: Path | str) -> Path:
        """A verifier's trust store, updated from these one after another."""
        store = self.directory / name
        for step in (self.place.home / "manifests" / "1.json", *steps):
            self.run("trust", "add", step, "--pin", self.pin, "--trust", store)
        return store

    def update(self, store: Path, address: str) -> Done:
        """What is new at an address."""
        return self.run("trust", "update", "--from", address, "--trust", store)

    def verify(self, store: Path) -> Done:
        """The document, with one verifier's store."""
        return self.run("verify", self.directory / "ada.signedcert", "--trust", store)

    def propose(self, *options: object) -> Done:
        """The settlement, by command."""
        follower = self.directory / "follower"
        secret = ["--passphrase-file", self.directory / "secret"]
        if not follower.exists():
            old = self.place.root / "holder-1"
            assert self.run("keys", "holder", follower, "--following", old, *secret).status == 0
        return self.run(
            *("keys", "propose", self.directory / "settled", "--home", self.place.home),
            *("--settle", self.directory / "other.json", "--holder", follower, *options),
        )

    def sign(self, trust: Path, *options: object) -> Done:
        """The only holder, whose present and next keys are on one medium here."""
        keys = ["--key", self.place.root / "holder-1", "--key", self.directory / "follower"]
        keys += ["--log", self.place.home / "published"]
        return self.run(
            *("keys", "sign", self.directory / "settled", *keys, "--trust", trust, "--yes"),
            *("--passphrase-file", self.directory / "secret", "--pin", self.pin, *options),
        )

    def assemble(self, *options: object) -> Done:
        """The home publishes it."""
        home = ["--home", self.place.home]
        return self.run("keys", "assemble", self.directory / "settled", *home, *options)


@pytest.fixture
def case(run: Run, place: Place) -> Case:
    return Case(run, place)


def test_a_fork_is_settled_by_commands_and_every_verifier_ends_with_the_winner(
    case: Case,
) -> None:
    manifests, other = case.place.home / "manifests", case.directory / "other.json"
    with Institution.open(case.place.home) as institution, served(institution) as address:
        stores = [
            case.verifier("own", address),
            case.verifier("theirs", other),
            case.verifier("both", address, other),
        ]
    undecided = case.verify(stores[2])
    assert (undecided.status, "trust-fork" in undecided.out) == (4, True)

    proposed = case.propose()
    assert proposed.status == 0, proposed.err
    pin = SignedManifest.parse(other.read_bytes()).unverified.pin
    assert f"It wins against the version 2 with the pin {pin}" in proposed.out
    assert "takes the place of your own: 2, 3" in proposed.out
    done = case.sign(stores[2])
    assert done.status == 0, done.err
    assert "## What it settles" in done.out
    assert "WARNING" not in done.err.replace("WARNING: it says that it was issued", "")
    assembled = case.assemble()
    assert assembled.status == 0, assembled.err
    assert "It takes the place of: 2, 3. They are kept in manifests/dropped." in assembled.out
    assert "run signedcert publish now" in assembled.out
    assert sorted(path.name for path in manifests.glob("*.json")) == ["1.json", "2.json"]

    with Institution.open(case.place.home) as institution, served(institution) as address:
        wanting = case.update(stores[0], address)
        assert (wanting.status, "keys of version 3 are announced" in wanting.err) == (1, True)
        published = case.run(
            *("publish", "--home", case.place.home),
            *("--passphrase-file", case.directory / "secret"),
        )
        assert published.status == 0, published.err
        for store in (*stores, case.verifier("new")):
            updated = case.update(store, address)
            assert (updated.status, updated.err) == (0, "")
            read = TrustStore.read(store)
            assert read.institutions[URL].newest == institution.manifest
            assert not read.institutions[URL].forked
            assert read.statuses[URL].snapshot.manifest.version == 2
            assert case.verify(store).status == 0


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - of this machine
        data: bytes = answer.read()
        return data


def test_what_is_served_is_the_winner_and_what_lost_is_not(case: Case) -> None:
    finish(case.place, settle(case.place, case.other))
    with Institution.open(case.place.home) as institution, served(institution) as address:
        fresh = case.verifier("fresh", address)
        base = f"{address}/.well-known/signedcert"
        newest, second = fetched(f"{base}/keys.json"), fetched(f"{base}/keys/2.json")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetched(f"{base}/keys/3.json")
        won = institution.manifest
    assert newest == second == (case.place.home / "manifests" / "2.json").read_bytes()
    assert TrustStore.read(fresh).institutions[URL].newest == won
    assert (won.version, won.name) == (2, "Own University")


def test_what_the_commands_tell_in_json(case: Case) -> None:
    told = case.propose("--json").json
    assert told["settles"]["other"] == case.other.unverified.pin
    assert [pin[:2] for pin in told["settles"]["own"]] == ["2:", "3:"]
    signed_as = case.sign(case.directory / "trust", "--json").json
    assert signed_as["settles"] == told["settles"]
    assert case.assemble("--json").json["given_up_versions"] == [2, 3]


def test_the_holder_signs_without_a_word_more_and_no_second_time(case: Case) -> None:
    """Who has signed version 2 and 3 of the institution, and is asked for this in its place."""
    trust = case.directory / "holder-trust"
    case.propose()
    assert case.sign(trust).status == 0
    shutil.rmtree(case.directory / "settled")
    assert case.propose("--name", "Another").status == 0
    again = case.sign(trust)
    assert (again.status, "[trust-fork]" in again.err, "--instead" in again.err) == (4, True, True)
    assert case.sign(trust, "--instead").status == 0


def test_after_it_the_ceremonies_go_on(case: Case) -> None:
    finish(case.place, settle(case.place, case.other))
    shutil.rmtree(case.directory / "version-3")
    directory = write(case.place, Wanted(name="Later"), NOW)
    sign(directory, new_root(case.place))
    finish(case.place, directory)
    status = case.run("keys", "status", "--home", case.place.home)
    assert (status.status, "Manifest 3" in status.out) == (0, True)


@pytest.mark.parametrize(
    ("options", "status", "part"),
    [
        (["--settle", "missing.json"], 2, "[unreadable-file]"),
        (["--holder", "nobody"], 2, "[unreadable-file]"),
    ],
)
def test_what_cannot_be_settled_is_told_in_a_line(
    case: Case, options: list[str], status: int, part: str
) -> None:
    done = case.propose(*options)
    assert (done.status, part in done.err) == (status, True), done.err
    assert not (case.directory / "settled").exists()


def test_one_of_a_version_that_the_home_has_not_made_is_won_before_it_is(case: Case) -> None:
    ahead = theft(case.place, 4)
    (case.directory / "other.json").write_bytes(ahead.jws.encode())
    done = case.propose()
    assert done.status == 0, done.err
    assert f"  It wins against the version 4 with the pin {ahead.unverified.pin}.\n" in done.out
    store = case.verifier("theirs", case.place.home / "manifests", case.directory / "other.json")
    assert case.sign(store).status == 0
    assembled = case.assemble()
    assert (assembled.status, "takes the place of" in assembled.out) == (0, False)
    assert (case.place.home / "published" / "snapshot.json").exists()
    shutil.copytree(case.place.home / "published" / "log", case.directory / "site" / "log")
    shutil.copytree(case.place.home / "manifests", case.directory / "site" / "keys")
    updated = case.update(store, str(case.directory / "site"))
    assert updated.status == 0, updated.err
    assert "keys of version 4 new\n  in the place of what was known as: 4" in updated.out


def test_a_manifest_that_nobody_has_to_fear_is_told_in_a_line(case: Case) -> None:
    shutil.copy(case.place.home / "manifests" / "2.json", case.directory / "other.json")
    done = case.propose()
    assert (done.status, "this is the institution's own" in done.err) == (2, True)
