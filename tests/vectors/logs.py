"""The vectors of the log: what a document's place in it, or in no log, makes of its verdict.

The rows are those of tests/verify/test_log.py, under the usual institution's keys.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from signedcert.carriers.bundle import Bundle
from signedcert.core.encoding import dump_json
from signedcert.custody.ceremony import sign_manifest
from signedcert.trust.entries import KeyEntry
from signedcert.trust.logs import End, LogEntry, log_origin
from tests.reference import ISSUER
from tests.reference.logs import MemoryLog
from tests.vectors.model import Expect, Institution, Vector
from tests.vectors.records import Draft, full_record
from tests.vectors.verdicts import AUTHENTIC, Named, rejected, undecided, vector
from tests.vectors.workshop import Workshop
from tests.verify.test_log import (
    BATCH,
    FORGED,
    HONEST,
    LATER,
    PLACE,
    PROOFS,
    STOLEN,
    YES,
    Row,
    Scene,
    cutoff,
    key_of,
)

#: What is asked for on the day on which classical signatures can be forged.
_BROKEN = {"classical_broken": True}
_NOT_AUTHENTIC, _UNDECIDED = "not authentic ", "undecided "
LANDMARKS = (BATCH, LATER)
LANDMARKS_MISSING = undecided("trust-stale", "landmarks-missing")


@dataclass(frozen=True)
class Logbook:
    """The usual institution, its log with an honest document in it, and the copies that thieves
    make of that log.
    """

    shop: Workshop
    scene: Scene

    @classmethod
    def make(cls, shop: Workshop) -> "Logbook":
        """A new log for the institution of the workshop."""
        return cls(shop, Scene.make(shop.es256))

    @property
    def log(self) -> MemoryLog:
        """The genuine one."""
        return self.scene.log

    def institution(self, key: KeyEntry, *logs: LogEntry) -> Institution:
        """The institution with this key and these logs."""
        return self.shop.changed("log", keys=(key,), logs=logs)

    def usual(self) -> Institution:
        """With an active key, and two landmarks."""
        return self.institution(key_of(self.scene, "active"), self.log.entry(*LANDMARKS))

    def landmarks(self, *sizes: int) -> Mapping[str, str]:
        """The list that a verifier has."""
        return {self.log.origin: self.log.landmarks(*sizes).encode().decode()}

    def honest(self, proof: str | None) -> str:
        """The honest document with a proof."""
        return Bundle(self.scene.honest.decode(), proof=proof).encode().decode()

    def vector(self, description: str, document: str, expect: Expect, **more: Any) -> Vector:  # noqa: ANN401
        """A vector for the institution with an active key, whose landmarks are at hand."""
        more.setdefault("institution", self.usual())
        more.setdefault("landmarks", self.landmarks(*LANDMARKS))
        return vector(self.shop, description, document, expect, **more)


def _rows(book: Logbook) -> Iterator[Named]:
    for whose, rows in (("honest", HONEST), ("forged", FORGED)):
        for row in rows:
            if row.proof != "no utf-8":  # no file has such a proof
                name = _name(whose, row)
                yield name, _vector(book, f"{whose.capitalize()}: {_words(row)}", row)


def _name(whose: str, row: Row) -> str:
    slug = re.sub("[^a-z0-9]+", "-", f"{whose} {row.shows}".lower())
    return slug if row.answer != YES else f"valid-{slug}"


def _words(row: Row) -> str:
    sizes = " and ".join(map(str, row.landmarks)) or "none"
    return (
        f"{row.shows} (the key: {row.key}; the log: {row.log}; landmarks: {sizes}; "
        f"the proof: {row.proof})"
    )


def _vector(book: Logbook, description: str, row: Row, **more: Any) -> Vector:  # noqa: ANN401
    log = book.log.entry(*row.landmarks, state=row.log)
    return book.vector(
        description,
        _document(book, row.proof),
        _expect(row.answer),
        institution=book.institution(key_of(book.scene, row.key), log),
        landmarks=book.landmarks(*row.landmarks) if row.landmarks else None,
        **more,
    )


def _document(book: Logbook, proof: str) -> str:
    bundle = PROOFS[proof](book.scene)
    if bundle.damaged:
        members = {"version": 1, "document": bundle.document, "proof": 5}
        return dump_json(members).decode()
    return bundle.document if bundle.proof is None else bundle.encode().decode()


def _expect(answer: str) -> Expect:
    """What a row says."""
    if answer.startswith(_NOT_AUTHENTIC):
        return rejected(*answer.removeprefix(_NOT_AUTHENTIC).split())
    if answer.startswith(_UNDECIDED):
        return undecided(*answer.removeprefix(_UNDECIDED).split())
    return Expect(answer)


def _cutoffs(book: Logbook) -> Iterator[Named]:
    """Where the log that a key's entry names, or the size in it, is not what it usually is."""
    scene, second = book.scene, MemoryLog(origin=log_origin(ISSUER, 2))
    missing = undecided("proof-missing", "key-compromised")
    stolen, retired = key_of(scene, "compromised"), key_of(scene, "retired")
    cases = {
        "stolen-cut-off-in-another-log": (
            "The cut-off of the stolen key is in another log",
            replace(stolen, cutoffs=(cutoff(scene, BATCH, second.origin),)),
            missing,
        ),
        "valid-stolen-a-cut-off-in-each-log": (
            "The stolen key has a cut-off in each of two logs, and the document is below its own",
            replace(stolen, cutoffs=(cutoff(scene, 0, second.origin), cutoff(scene, BATCH))),
            AUTHENTIC,
        ),
        "stolen-a-cut-off-in-each-log": (
            "The stolen key has a cut-off in each of two logs, and the document is behind its own",
            replace(stolen, cutoffs=(cutoff(scene, PLACE), cutoff(scene, BATCH, second.origin))),
            rejected("key-compromised"),
        ),
        "stolen-before-the-first-entry": (
            "The cut-off of the stolen key is in front of the first entry",
            replace(stolen, cutoffs=(cutoff(scene, 0),)),
            rejected("key-compromised"),
        ),
        "retired-in-front-of-it": (
            "The key retired right in front of the document",
            replace(retired, ended=End(scene.log.origin, PLACE)),
            rejected("key-not-authorised", "key-retired"),
        ),
        "valid-retired-in-another-log": (
            "The key retired in another log",
            replace(retired, ended=End(second.origin, PLACE)),
            AUTHENTIC,
        ),
    }
    logs = book.log.entry(*LANDMARKS), second.entry()
    document = _document(book, "head")
    for name, (text, key, expect) in cases.items():
        institution = book.institution(key, *logs)
        yield name, book.vector(text, document, expect, institution=institution)


def _landmarks_behind(book: Logbook) -> Iterator[Named]:
    """The manifest names more landmarks than are at hand."""
    forked = rejected("proof-forked")
    cases = {
        "landmarks-none": ("No landmarks are at hand, of two", (), "head", LANDMARKS_MISSING),
        "valid-landmarks-older": (
            "One landmark is at hand, of two: the one that it takes",
            (BATCH,),
            "head",
            AUTHENTIC,
        ),
        "landmarks-older": (
            "One landmark is at hand, of two: not the one that it takes",
            (BATCH,),
            "later head",
            LANDMARKS_MISSING,
        ),
        "landmarks-older-fork": (
            "One landmark is at hand, of two, and it shows the fork",
            (BATCH,),
            "forged, on a fork",
            forked,
        ),
        "landmarks-older-fork-beyond": (
            "One landmark is at hand, of two, and the fork is beyond it",
            (BATCH,),
            "forged, on a fork beyond",
            LANDMARKS_MISSING,
        ),
        "landmarks-none-fork": (
            "No landmarks are at hand, of two, and the document is on a fork",
            (),
            "forged, on a fork",
            LANDMARKS_MISSING,
        ),
    }
    for name, (text, known, proof, expect) in cases.items():
        yield (
            name,
            book.vector(
                text,
                _document(book, proof),
                expect,
                institution=_two_versions(book),
                landmarks=book.landmarks(*known) if known else None,
            ),
        )


def _two_versions(book: Logbook) -> Institution:
    """Version 1 names one landmark, version 2 another one, too."""
    key, log = key_of(book.scene, "active"), book.log
    first = replace(book.shop.es256.manifest, keys=(key,), logs=(log.entry(BATCH),))
    second = replace(first, version=2, logs=(log.entry(*LANDMARKS),))
    signed = (sign_manifest(one, book.shop.es256.roots) for one in (first, second))
    return book.shop.trust("log-growing", *signed)


def _broken(book: Logbook) -> Iterator[Named]:
    """A quantum computer can forge classical signatures."""
    missing = f"{_UNDECIDED}proof-missing classical-broken"
    for key, proof, expected in (
        ("active", "head", YES),
        ("active", "newest head", missing),
        ("active", "none", missing),
        ("retired", "head", YES),
        ("retired", "none", missing),
        (STOLEN, "head", YES),
        (STOLEN, "none", f"{_UNDECIDED}proof-missing key-compromised"),
        ("active", "forged, none", missing),
        ("active", "forged, logged", missing),
        ("active", "forged, on a fork", f"{_NOT_AUTHENTIC}proof-forked"),
    ):
        row = Row(f"{key.partition('<')[0]}, {proof}", key, proof, expected)
        text = f"Classical signatures are broken: {_words(row)}"
        yield _name("broken", row), _vector(book, text, row, policy=_BROKEN)
    manifest = book.shop.es256.manifest
    log, entry = book.log.entry(*LANDMARKS), key_of(book.scene, "active")
    changed = replace(manifest, root=manifest.root[:1], next=(), keys=(entry,), logs=(log,))
    signed = sign_manifest(changed, book.shop.es256.roots[:1])
    text = "Classical signatures are broken, and root has no others"
    yield (
        "broken-classical-root",
        book.vector(
            text,
            _document(book, "head"),
            undecided("proof-missing", "classical-root"),
            institution=book.shop.trust("log-classical", signed),
            policy=_BROKEN,
        ),
    )


def _second_log(book: Logbook) -> Iterator[Named]:
    """After the keys of the first log were stolen, a second one was begun; records are in it."""
    second = MemoryLog(origin=log_origin(ISSUER, 2))
    record = Draft.of(full_record()).sign(book.shop.es256)
    second.fill(3)
    second.append(record.encode())
    second.fill(3)
    key = key_of(book.scene, "active anchored")
    stolen = book.log.entry(*LANDMARKS, state="compromised")
    institution = book.institution(key, stolen, second.entry(second.size))
    mine = {second.origin: second.landmarks(second.size).encode().decode()}
    whole = Bundle(record, proof=second.proof(3))
    partial = whole.present([1], with_name=False)
    both = {**book.landmarks(*LANDMARKS), **mine}
    cases: dict[str, tuple[str, str, Mapping[str, str], Expect]] = {
        "valid-second-log": ("a record", whole.encode().decode(), both, AUTHENTIC),
        "valid-second-log-partial": (
            "a record of which one result is shown: the log has the whole",
            partial.encode().decode(),
            both,
            AUTHENTIC,
        ),
        "valid-second-log-first": (
            "a certificate in the first log, under a landmark",
            _document(book, "head"),
            both,
            AUTHENTIC,
        ),
        "second-log-first-head": (
            "a certificate in the first log, under a head",
            _document(book, "newest head"),
            both,
            undecided("proof-missing", "logged-anchored"),
        ),
        "second-log-landmarks-of-the-first": (
            "a record, and the landmarks of the first log alone",
            whole.encode().decode(),
            book.landmarks(*LANDMARKS),
            LANDMARKS_MISSING,
        ),
        "second-log-proof-of-the-certificate": (
            "a record with the proof of a certificate",
            Bundle(record, proof=book.log.proof(PLACE, BATCH)).encode().decode(),
            both,
            undecided("proof-invalid", "root-mismatch"),
        ),
    }
    for name, (text, document, landmarks, expect) in cases.items():
        description = f"The first log was stolen, a second one begun: {text}"
        yield (
            name,
            book.vector(
                description, document, expect, institution=institution, landmarks=landmarks
            ),
        )


SCENE_SECTIONS = (_rows, _cutoffs, _landmarks_behind, _broken, _second_log)
