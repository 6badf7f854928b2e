"""``keys sign`` recomputes what a log has grown by, and signs nothing that does not follow."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from signedcert.custody.proposal import Proposal
from signedcert.trust.changes import compromise
from signedcert.trust.landmarks import Landmark, LandmarkList
from signedcert.trust.logs import CutOff, log_origin
from signedcert.trust.manifest import KeyManifest
from tests.cli.running import Done
from tests.cli.test_trust_update import website
from tests.cli.vault import Vault
from tests.institution.homes import NOW, URL, Place

Run = Callable[..., Done]
FORGED = bytes(32)


@pytest.fixture
def vault(place: Place, run: Run) -> Vault:
    """Three heads, of which the first is a landmark."""
    vault = Vault(place, run)
    vault.issue(0)
    vault.enact(vault.propose())
    (vault.directory / "next").rename(vault.directory / "version-2")
    vault.issue(1, 2)
    return vault


def edit(proposal: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Another content of a file of the log."""
    file = proposal / "log" / name
    file.write_bytes(change(file.read_bytes()))


def say(proposal: Path, change: Callable[[KeyManifest], KeyManifest]) -> None:
    """Another manifest to be signed."""
    changed = change(Proposal.read(proposal).manifest)
    (proposal / "payload.json").write_bytes(changed.encode())


def slip_in(proposal: Path, *heads: Landmark, at: int = 3) -> None:
    """Landmarks in the list, and in the manifest."""
    file = proposal / "log" / "landmarks"
    known = LandmarkList.parse(file.read_bytes()).heads
    made = LandmarkList((*known[:at], *heads))
    file.write_bytes(made.encode())
    say(
        proposal,
        lambda one: replace(one, logs=(one.logs[0]._replace(landmarks=made.landmarks),)),
    )


def slip_in_with_entry(proposal: Path) -> None:
    """As many entries as the landmark says."""
    slip_in(proposal, Landmark(4, FORGED))
    edit(proposal, "entries", lambda it: it + FORGED)


def state_cutoff(proposal: Path, size: int, root: bytes) -> None:
    """A cut-off for the issuing key."""
    cutoff = CutOff(log_origin(URL), size, root.hex())
    say(proposal, lambda one: compromise(one, one.keys[0].key.thumbprint, (cutoff,), at=NOW))


def root_of(proposal: Path, position: int) -> bytes:
    """The root of a head in the list."""
    return LandmarkList.parse((proposal / "log" / "landmarks").read_bytes()).heads[position].root


FORGERIES: dict[str, tuple[Callable[[Path], object], int, str]] = {
    "an entry": (lambda at: edit(at, "entries", lambda it: FORGED + it[32:]), 1, "proof-forked"),
    "entries in another order": (
        lambda at: edit(at, "entries", lambda it: it[32:] + it[:32]),
        1,
        "proof-forked",
    ),
    "an entry less": (lambda at: edit(at, "entries", lambda it: it[:-32]), 1, "tile-shape"),
    "an entry more": (lambda at: edit(at, "entries", lambda it: it + FORGED), 1, "tile-shape"),
    "the frontier": (lambda at: edit(at, "frontier", lambda _: FORGED), 1, "proof-forked"),
    "a longer frontier": (lambda at: edit(at, "frontier", lambda it: it * 2), 1, "proof-shape"),
    "no frontier": (lambda at: (at / "log" / "frontier").unlink(), 2, "unreadable-file"),
    "no entries": (lambda at: (at / "log" / "entries").unlink(), 2, "unreadable-file"),
    "no folder": (lambda at: (at / "log").rename(at / "gone"), 2, "proposal-invalid"),
    "a damaged list": (lambda at: edit(at, "landmarks", lambda it: it[:-1]), 1, "wrong-value"),
    "a list without its end": (
        lambda at: edit(at, "landmarks", lambda it: b"".join(it.splitlines(keepends=True)[:2])),
        1,
        "digest-mismatch",
    ),
    "a landmark slipped in": (lambda at: slip_in(at, Landmark(9, FORGED)), 1, "tile-shape"),
    "a landmark slipped in, and an entry": (slip_in_with_entry, 1, "proof-forked"),
    "the newest landmark forged": (
        lambda at: slip_in(at, Landmark(3, FORGED), at=2),
        1,
        "proof-forked",
    ),
    "the landmark of the version before forged": (
        lambda at: slip_in(at, *(Landmark(size, FORGED) for size in (1, 2, 3)), at=0),
        1,
        "digest-mismatch",
    ),
    "a landmark left out": (
        lambda at: slip_in(at, Landmark(3, root_of(at, 2)), at=1),
        0,
        "",
    ),
    "a cut-off that is a landmark": (lambda at: state_cutoff(at, 2, root_of(at, 1)), 0, ""),
    "a cut-off that is no landmark": (lambda at: state_cutoff(at, 7, FORGED), 1, "proof-forked"),
    "a cut-off with another root": (lambda at: state_cutoff(at, 2, FORGED), 1, "proof-forked"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_evidence_is_not_signed(vault: Vault, name: str) -> None:
    forge, status, reason = FORGERIES[name]
    proposal = vault.propose()
    forge(proposal)
    done = vault.sign(proposal)
    assert done.status == status, done.err
    assert f"[{reason}]" in done.err or not reason
    signatures = list((proposal / "signatures").iterdir())
    noted = [path for path in (vault.trust / "signed").iterdir() if path.name.endswith("3")]
    assert (bool(signatures), bool(noted)) == (not status, not status)


# The log that is published


@pytest.mark.parametrize("over", ["a folder", "a folder of a website", "an address"])
def test_the_published_log_is_compared(vault: Vault, over: str) -> None:
    proposal = vault.propose()
    vault.issue(5)  # it may have grown since
    if over == "an address":
        with website(vault.mirror()) as (address, asked):
            done = vault.sign(proposal, "--log", address)
        assert "/.well-known/signedcert/log/checkpoint" in asked
    else:
        place = vault.published if over == "a folder" else vault.mirror()
        done = vault.sign(proposal, "--log", place)
    assert (done.status, done.err) == (0, "")


def test_without_it_the_holder_is_warned(vault: Vault) -> None:
    done = vault.sign(vault.propose(), "--json")
    assert done.status == 0
    assert "WARNING: nobody has compared the landmarks" in done.err
    assert any("--log" in warning for warning in done.json["warnings"])


def test_where_there_is_nothing_to_compare_nobody_is_warned(place: Place, run: Run) -> None:
    vault = Vault(place, run)
    done = vault.sign(vault.propose())
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize(
    ("published", "reason"),
    [("a fork", "proof-forked"), ("an old one", "proof-forked"), ("nothing", "status-incomplete")],
)
def test_another_published_log_is_refused(vault: Vault, published: str, reason: str) -> None:
    log = vault.copy_log(1)
    if published == "a fork":
        log.append_entries([FORGED])
        log.fill(6)
    folder = vault.directory / "copy"
    folder.mkdir()
    if published != "nothing":
        vault.put(log, folder)
    proposal = vault.propose()
    done = vault.sign(proposal, "--log", folder)
    assert (done.status, f"[{reason}]" in done.err) == (1, True), done.err
    assert list((proposal / "signatures").iterdir()) == []


def test_a_head_that_others_signed_is_refused(vault: Vault) -> None:
    mirror = vault.mirror()
    checkpoint = mirror / ".well-known" / "signedcert" / "log" / "checkpoint"
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b"\n3\n", b"\n4\n"))
    done = vault.sign(vault.propose(), "--log", mirror)
    assert (done.status, "[bad-signature]" in done.err) == (1, True)
