"""A proposal becomes the newest manifest: all of it, or nothing, and again after a crash."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from signedcert.ceremonies.assembling import assemble
from signedcert.ceremonies.founding import Founding, found_with_holders
from signedcert.ceremonies.proposing import Wanted, propose, read_public_key
from signedcert.core.encoding import dump_json
from signedcert.custody.holders import HolderKeys
from signedcert.custody.private import PrivateKey
from signedcert.custody.proposal import Proposal
from signedcert.errors import (
    ConfigurationError,
    MalformedError,
    Reason,
    RejectedError,
    SignedCertError,
    UndecidedError,
)
from signedcert.home import Home
from signedcert.institution import Institution
from signedcert.trust.changes import rename
from signedcert.trust.logs import End
from tests.ceremonies.council import enact, sign, write
from tests.core.refusal import refused
from tests.institution.homes import NAME, NOW, PASSPHRASE, URL, Place, issue_one, root_keys

DAY = timedelta(days=1)


def files(directory: Path) -> dict[str, bytes]:
    """Everything in a home but the registry's own files."""
    found = (path for path in directory.rglob("*") if path.is_file())
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in found
        if "registry" not in path.name
    }


def newest_kid(place: Place) -> str:
    """The key that was added last."""
    return Home.read(place.home).history().newest.keys[-1].key.thumbprint


# published


def test_enough_signatures_publish_a_version(place: Place) -> None:
    done = enact(place, Wanted(name="New Name"), NOW)
    with Institution.open(place.home) as institution:
        assert institution.name == "New Name"
        assert len(institution.manifests) == 2
    assert (done.signer, done.unknown_signer) == (None, None)
    assert done.proved is not None
    assert done.proved.documents == 0


def test_without_enough_nothing_changes(place: Place) -> None:
    directory = write(place, Wanted(name="New Name"), NOW)
    before = files(place.home)
    for keys in ([], root_keys(place)[:1]):
        sign(directory, keys)
        done = assemble(Home.read(place.home), directory, at=NOW)
        assert done.published is None
        assert not done.merged.complete
    assert files(place.home) == before


def test_publishing_twice_changes_nothing(place: Place) -> None:
    enact(place, Wanted(name="New Name"), NOW)
    before = files(place.home)
    done = assemble(Home.read(place.home), place.home.parent / "version-2", at=NOW)
    assert done.published is not None
    assert files(place.home) == before


def test_another_proposal_of_a_published_version_is_refused(place: Place) -> None:
    first = write(place, Wanted(name="One"), NOW)
    first.rename(first.with_name("one"))
    second = write(place, Wanted(name="Two"), NOW)
    for directory in (first.with_name("one"), second):
        sign(directory, root_keys(place))
    assemble(Home.read(place.home), first.with_name("one"), at=NOW)
    with refused("trust-fork", kind=UndecidedError):
        assemble(Home.read(place.home), second, at=NOW)


def test_a_payload_that_was_changed_on_the_way_has_no_signatures(place: Place) -> None:
    directory = write(place, Wanted(name="New Name"), NOW)
    sign(directory, root_keys(place))
    other = rename(Proposal.read(directory).manifest, "Mallory University")
    (directory / "payload.json").write_bytes(other.encode())
    done = assemble(Home.read(place.home), directory, at=NOW)
    assert done.published is None
    assert len(done.merged.unused) == 2


# documents stay


def test_recent_documents_are_verified_before_anything_is_written(place: Place) -> None:
    with place.open() as institution:
        for number in range(3):
            issue_one(institution, learner_id=f"s-{number}")
    done = enact(place, Wanted(name="New Name"), NOW)
    assert done.proved is not None
    assert (done.proved.documents, done.proved.given_up) == (3, {})


def test_a_document_that_would_fall_is_named_and_nothing_is_published(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.open() as institution:
        issued = issue_one(institution)
    directory = write(place, Wanted(), NOW)
    payload = Proposal.read(directory).manifest
    ended = replace(payload.keys[0], state="retired", ended=End(payload.logs[0].origin, 0))
    strict = replace(payload, keys=(ended,))
    (directory / "payload.json").write_bytes(strict.encode())
    sign(directory, root_keys(place))
    before = files(place.home)
    monkeypatch.setattr("signedcert.ceremonies.assembling.RECENT", 1)
    with refused("key-not-authorised", str(issued.code), RejectedError):
        assemble(Home.read(place.home), directory, at=NOW)
    assert files(place.home) == before


def test_documents_of_a_key_that_is_void_fall_as_is_said(place: Place) -> None:
    with place.open() as institution:
        issue_one(institution)
    kid = newest_kid(place)
    done = enact(place, Wanted(void=(kid[:8],)), NOW)
    assert done.proved is not None
    assert done.proved.given_up == {kid: 1}


def test_status_lists_that_begin_do_not_hold_a_version_back(place: Place) -> None:
    with place.open() as institution:
        issue_one(institution)
    done = enact(place, Wanted(status_max_age=7 * DAY, snapshot=True), NOW)
    assert done.published is not None
    assert done.published.status is not None
    key = done.published.keys[-1]
    assert (key.role, key.state) == ("snapshot", "active")
    assert Home.read(place.home).signer_of(key.key) is not None


# crashes


class CrashError(Exception):
    """The machine stops here."""


@pytest.mark.parametrize("step", ["publish", "set_signer", "after"])
def test_running_again_after_a_crash_ends_where_it_would_have(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    enact(place, Wanted(generate="ES256"), NOW)
    old, new = (entry.key.thumbprint for entry in Home.read(place.home).history().newest.keys)
    directory = write(place, Wanted(activate=(new,), retire=(old,)), NOW + 31 * DAY)
    sign(directory, root_keys(place))

    def crash(*_: object) -> None:
        raise CrashError

    if step != "after":
        with monkeypatch.context() as patch:
            patch.setattr(Home, step, crash)
            with pytest.raises(CrashError):
                assemble(Home.read(place.home), directory, at=NOW)
        if step == "set_signer":
            with place.open() as institution, refused("key-file", kind=ConfigurationError):
                issue_one(institution)
    for _ in range(2):
        done = assemble(Home.read(place.home), directory, at=NOW)
        assert done.published is not None
    assert new[:8] in Home.read(place.home).configuration.signer
    with place.open() as institution:
        assert not issue_one(institution).again
    assert sorted(path.name for path in (place.home / "manifests").iterdir()) == [
        "1.json",
        "2.json",
        "3.json",
    ]


def test_the_rest_of_the_settings_stays_as_it_is(place: Place) -> None:
    path = place.home / "signedcert.toml"
    path.write_text("# ours\n" + path.read_text("utf-8") + "# the end\n", "utf-8")
    before = path.read_text("utf-8").splitlines()
    Home.read(place.home).set_signer("file:keys/other.key")
    after = path.read_text("utf-8").splitlines()
    assert [line for line in before if "signer =" not in line] == [
        line for line in after if "signer =" not in line
    ]
    assert Home.read(place.home).configuration.signer == "file:keys/other.key"


def test_settings_in_another_spelling_are_left_to_people(place: Place) -> None:
    path = place.home / "signedcert.toml"
    text = path.read_text("utf-8").replace("signer =", '"signer" =')
    path.write_text(text, "utf-8")
    with refused("setting-invalid", str(path), ConfigurationError):
        Home.read(place.home).set_signer("file:keys/other.key")
    assert path.read_text("utf-8") == text


def test_a_key_that_is_elsewhere_needs_its_signer_told(place: Place, tmp_path: Path) -> None:
    key = PrivateKey.generate("ES256").public_key
    jwk = tmp_path / "token.jwk"
    jwk.write_bytes(dump_json(key.to_jwk()))
    found = read_public_key(str(jwk), Home.read(place.home), pytest.fail)
    assert found == (key, None)
    enact(place, Wanted(keys=(found,)), NOW)
    old = Home.read(place.home).history().newest.keys[0].key.thumbprint
    done = enact(place, Wanted(activate=(key.thumbprint,), retire=(old,)), NOW + 31 * DAY)
    assert (done.signer, done.unknown_signer) == (None, key.thumbprint)


def test_a_key_behind_a_uri_is_found_again(place: Place) -> None:
    home = Home.read(place.home)
    path = home.add_key(PrivateKey.generate("Ed25519"), "issue", PASSPHRASE)
    uri = f"file:keys/../keys/{path.name}"
    found = read_public_key(uri, home, lambda asked: PASSPHRASE if asked == uri else "")
    enact(place, Wanted(keys=(found,)), NOW)
    old = home.history().newest.keys[0].key.thumbprint
    kid = found[0].thumbprint
    done = enact(place, Wanted(activate=(kid,), retire=(old,)), NOW + 31 * DAY)
    assert done.signer == uri
    with refused("signer-unknown", kind=ConfigurationError):
        read_public_key("nothing", home, pytest.fail)


@pytest.mark.parametrize("note", [b"\xff\n", b"file:" + b"k" * 5_000])
def test_a_damaged_note_of_a_signer_is_refused_by_its_name(place: Place, note: bytes) -> None:
    """Found by fuzzing: what is not UTF-8 was no error of ours."""
    home, key = Home.read(place.home), PrivateKey.generate("Ed25519").public_key
    home.note_signer(key, "file:keys/elsewhere.key")
    assert home.signer_of(key) == "file:keys/elsewhere.key"
    (place.home / "keys" / f"{key.thumbprint}.uri").write_bytes(note)
    where = str(place.home / "keys" / f"{key.thumbprint}.uri")
    with refused("setting-invalid", where, ConfigurationError):
        home.signer_of(key)


# what is refused when proposing


@pytest.mark.parametrize(
    ("wanted", "reason", "kind"),
    [
        (lambda kid: Wanted(activate=(kid,)), "manifest-key-state", MalformedError),
        (lambda _: Wanted(activate=("x" * 43,)), "manifest-key-missing", MalformedError),
        (lambda _: Wanted(name=" "), "text-blank", MalformedError),
        (lambda kid: Wanted(void=(kid,), retire=(kid,)), None, None),
        (
            lambda _: Wanted(keys=((PrivateKey.generate("ML-DSA-65").public_key, None),)),
            "key-type",
            MalformedError,
        ),
        (
            lambda _: Wanted(holders=(HolderKeys.generate("Mallory").holder,) * 2),
            "setting-invalid",
            ConfigurationError,
        ),
        (
            lambda _: Wanted(holders=(HolderKeys.generate("Mallory").holder,), threshold=2),
            "setting-invalid",
            ConfigurationError,
        ),
    ],
)
def test_a_change_that_breaks_a_rule_is_not_proposed(
    place: Place,
    wanted: Callable[[str], Wanted],
    reason: Reason | None,
    kind: type[SignedCertError] | None,
) -> None:
    before = files(place.home)
    if reason is None or kind is None:  # retired and void at once is void
        assert write(place, wanted(newest_kid(place)), NOW).exists()
        return
    with refused(reason, kind=kind):
        write(place, wanted(newest_kid(place)), NOW)
    assert not (place.home.parent / "version-2").exists()
    assert files(place.home) == before


def test_new_keys_need_a_passphrase_and_a_free_place(place: Place, tmp_path: Path) -> None:
    home, before = Home.read(place.home), files(place.home)
    with refused("passphrase-missing", kind=ConfigurationError):
        propose(home, tmp_path / "out", Wanted(snapshot=True), at=NOW)
    (tmp_path / "used").mkdir()
    with refused("proposal-invalid", str(tmp_path / "used"), ConfigurationError):
        propose(home, tmp_path / "used", Wanted(snapshot=True), at=NOW, passphrase=PASSPHRASE)
    with refused("root-inside-home", kind=ConfigurationError):
        propose(home, place.home / "out", Wanted(), at=NOW)
    assert files(place.home) == before


# holders who made their keys elsewhere; the root changes twice


def test_the_root_changes_twice_and_a_holder_with_it(tmp_path: Path) -> None:
    people = [HolderKeys.generate(name) for name in ("Ada", "Ben", "Cleo")]
    place = Place(tmp_path / "home", tmp_path / "nowhere")
    founding = Founding(NAME, URL, PASSPHRASE, NOW)
    holders = [one.holder for one in people]
    directory = tmp_path / "version-1"
    found_with_holders(place.home, directory, founding, holders, None)
    with refused("home-unsigned", str(place.home), ConfigurationError):
        Institution.open(place.home)
    sign(directory, [*people[0].root, *people[2].root])
    done = assemble(Home.read(place.home), directory, at=NOW)
    assert done.published is not None
    pin = done.published.pin
    with place.open() as institution:
        assert institution.pin == pin

    # Cleo goes, Dora comes: announced by the first rotation, in office by the second.
    dora = HolderKeys.generate("Dora")
    later = [HolderKeys.follow(people[0].holder), HolderKeys.follow(people[1].holder), dora]
    directory = write(place, Wanted(holders=tuple(one.holder for one in later)), NOW)
    sign(directory, [*people[0].root, *people[1].root])
    assert assemble(Home.read(place.home), directory, at=NOW).published is None
    sign(directory, [*people[0].next, *people[2].next])
    done = assemble(Home.read(place.home), directory, at=NOW)
    assert done.published is not None
    names = [one.name for one in Home.read(place.home).holders(2)]
    assert names == ["Ada", "Ben", "Dora"]

    last = [HolderKeys.follow(one.holder) for one in later]
    directory = write(place, Wanted(holders=tuple(one.holder for one in last)), NOW)
    # The present root: Ada's, Ben's and Cleo's second keys; the new one: Dora's second with them.
    sign(directory, [*people[1].next, *people[2].next])
    sign(directory, [*later[1].next, *dora.next])
    done = assemble(Home.read(place.home), directory, at=NOW)
    assert done.published is not None
    assert {key for group in done.published.root for key in group.keys} >= {*dora.holder.next}
    with place.open() as institution:
        assert (institution.manifest.version, institution.pin) == (3, pin)


def test_a_first_version_of_somebody_else_is_not_assembled(tmp_path: Path) -> None:
    mine, theirs = HolderKeys.generate("Ada"), HolderKeys.generate("Mallory")
    founding = Founding(NAME, URL, PASSPHRASE, NOW)
    found_with_holders(tmp_path / "home", tmp_path / "one", founding, [mine.holder], None)
    found_with_holders(tmp_path / "other", tmp_path / "two", founding, [theirs.holder], None)
    sign(tmp_path / "two", list(theirs.root))
    with refused("proposal-invalid", kind=ConfigurationError):
        assemble(Home.read(tmp_path / "home"), tmp_path / "two", at=NOW)


def test_a_crash_while_the_first_version_is_published_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = HolderKeys.generate("Ada")
    founding = Founding(NAME, URL, PASSPHRASE, NOW)
    home = tmp_path / "home"
    found_with_holders(home, tmp_path / "one", founding, [ada.holder], None)
    sign(tmp_path / "one", list(ada.root))

    def crash(*_: object, **__: object) -> None:
        raise CrashError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", crash)
        with pytest.raises(CrashError):
            assemble(Home.read(home), tmp_path / "one", at=NOW)
    assert assemble(Home.read(home), tmp_path / "one", at=NOW).published is not None
    with Institution.open(home) as institution:
        assert institution.manifest.version == 1


def test_a_home_that_cannot_be_written_leaves_no_proposal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise CrashError

    monkeypatch.setattr("signedcert.home.Registry.create", crash)
    founding = Founding(NAME, URL, PASSPHRASE, NOW)
    holders = [HolderKeys.generate("Ada").holder]
    with pytest.raises(CrashError):
        found_with_holders(tmp_path / "home", tmp_path / "one", founding, holders, None)
    assert list(tmp_path.iterdir()) == []
