"""One function for each parser: any bytes in, nothing out, and no exception but a find.

Refusing is what parsers are for, so SignedCertError is no find. What is accepted has to keep the
promises of its parser; the first one is that it is written again in the same bytes.
"""

import base64
import csv
import io
import json
import os
import pickle
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, wraps
from pathlib import Path
from typing import NamedTuple

from tests.reference import AT, World, make_world

from fuzz import mutate
from fuzz.extremes import large_manifests, long_rows
from signedcert.carriers.bundle import MAX_BUNDLE, Bundle
from signedcert.core.code import VerificationCode, suggest
from signedcert.core.encoding import (
    b64url_decode,
    b64url_encode,
    dump_json,
    parse_canonical_json,
    parse_json,
)
from signedcert.core.jws import MAX_COMPACT, MAX_GENERAL, CompactJWS, GeneralJWS, Header
from signedcert.core.keys import SIGNATURE_LENGTH, BadSignatureError, PublicKey
from signedcert.custody.keyfile import _parse as parse_key_file
from signedcert.documents.course import MAX_COURSE, Course
from signedcert.documents.openbadges import (
    explain_credential,
    parse_credential,
    read_credential,
)
from signedcert.documents.text import MAX_SUMMARY
from signedcert.errors import MalformedError, SignedCertError
from signedcert.issue.roster import OPTIONAL, REQUIRED, BadRow, RosterRow, read_roster
from signedcert.trust.history import Pin
from signedcert.trust.manifest import KeyManifest, SignedManifest
from signedcert.trust.store import TrustStore
from signedcert.verify.report import Report
from signedcert.verify.verifier import Verifier

CORPUS = Path(__file__).with_name("corpus")


#: Up to here promises are looked at that take more than one reading: the limit of time is for one.
_SMALL = 16 * 1024


class BrokenPromiseError(Exception):
    """A parser accepted something, and then did not do with it what it promises."""


class Target(NamedTuple):
    """A parser under test; ``limit`` is the size at which it stops reading, ``large`` makes large
    inputs that others know nothing of.
    """

    run: Callable[[bytes], None]
    mutate: mutate.Mutator
    limit: int
    large: Callable[[], Iterable[bytes]]


TARGETS: dict[str, Target] = {}


def _target(
    name: str,
    mutator: mutate.Mutator,
    limit: int,
    large: Callable[[], Iterable[bytes]] = tuple,
) -> Callable[[Callable[[bytes], None]], Callable[[bytes], None]]:
    def register(function: Callable[[bytes], None]) -> Callable[[bytes], None]:
        @wraps(function)
        def run(data: bytes) -> None:
            with suppress(SignedCertError):
                function(data)

        TARGETS[name] = Target(run, mutator, limit, large)
        return run

    return register


def _hold(promise: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not promise:
        raise BrokenPromiseError(what)


@_target("json", mutate.json_text, MAX_GENERAL)
def parse_any_json(data: bytes) -> None:
    """Strict JSON is JSON, and has one canonical spelling."""
    value = parse_json(data, MAX_GENERAL)
    if len(data) > _SMALL:
        return
    _hold(json.loads(data) == value, "the standard library reads another value")
    written = dump_json(value)
    _hold(parse_canonical_json(written, MAX_GENERAL) == value, "changed by writing and reading")
    try:
        parse_canonical_json(data, MAX_GENERAL)
    except MalformedError:
        _hold(written != data, "the canonical spelling is refused")
    else:
        _hold(written == data, "another spelling than the canonical one is accepted")


@_target("base64url", mutate.raw, MAX_COMPACT)
def decode_base64url(data: bytes) -> None:
    """Accepted is what the standard library writes, and nothing else."""
    try:
        again = base64.urlsafe_b64decode(data + b"=" * (-len(data) % 4))
        expected = base64.urlsafe_b64encode(again).rstrip(b"=") == data
    except ValueError:
        expected = False
    try:
        decoded = b64url_decode(data)
    except MalformedError:
        _hold(not expected, "refused without need")
    else:
        _hold(expected, "accepted, and the standard library writes it otherwise")
        _hold(b64url_encode(decoded).encode() == data, "not written again as it was read")


@_target("header", mutate.segment, 2048)
def parse_header(data: bytes) -> None:
    """A header survives being written, and its bytes are those of its members."""
    header = Header.parse(data)
    _hold(Header.parse(header.segment().encode()) == header, "changed by writing and reading")
    _hold(len(header.segment()) == len(data), "written in another length")


@_target("compact", mutate.compact, MAX_COMPACT)
def parse_compact(data: bytes) -> None:
    """The parts of a compact JWS are all of it."""
    jws = CompactJWS.parse(data)
    payload, signature = b64url_encode(jws.payload), b64url_encode(jws.signature)
    _hold(jws.signing_input == jws.header_segment + b"." + payload.encode(), "signing input")
    _hold(jws.signing_input + b"." + signature.encode() == data, "not written as it was read")
    code = VerificationCode.derive(jws.signing_input, jws.signature)
    _hold(VerificationCode.parse(str(code)) == code, "the derived code is no code")
    Header.parse(jws.header_segment)


@_target("general", mutate.json_text, MAX_GENERAL)
def parse_general(data: bytes) -> None:
    """General JSON has one spelling."""
    _hold(GeneralJWS.parse(data).encode() == data, "not written again as it was read")


@_target("jwk", mutate.json_text, MAX_COMPACT)
def parse_jwk(data: bytes) -> None:
    """A key survives being written and pickled, and refuses a signature that it did not make."""
    key = PublicKey.from_jwk(parse_json(data, MAX_COMPACT))
    _hold(PublicKey.from_jwk(key.to_jwk()) == key, "changed by writing and reading")
    _hold(pickle.loads(pickle.dumps(key)) == key, "changed by pickling")  # noqa: S301 - our own
    for signature in (b"\1" * SIGNATURE_LENGTH[key.algorithm], data[:64], b""):
        with suppress(BadSignatureError):
            key.verify(signature, data)
            _hold(promise=False, what="a signature that nobody made")


@_target("code", mutate.code, 4096)
def parse_code(data: bytes) -> None:
    """A code is read and printed; what is suggested is a code, and differs where it says."""
    text = data.decode("utf-8", "surrogateescape")
    suggestion = suggest(text)
    if suggestion is not None:
        symbols = VerificationCode.symbols_of(text)
        right = suggestion.code.symbols
        differing = tuple(i + 1 for i in range(len(right)) if symbols[i] != right[i])
        _hold(suggestion.positions == differing, "other positions than those that differ")
        _hold(suggestion.marks().count("^") == len(differing), "other marks than positions")
        _hold(VerificationCode.parse(str(suggestion.code)) == suggestion.code, "no code")
    code = VerificationCode.parse(text)
    _hold(suggestion is None, "something else is suggested for a code that is right")
    _hold(VerificationCode.parse(str(code)) == code, "not read as it is printed")
    _hold(str(code).replace("-", "") == code.symbols, "printed otherwise than it is")


@_target("credential", mutate.json_text, MAX_COMPACT)
def parse_payload(data: bytes) -> None:
    """The fast path and the explanation agree, and an accepted payload has one spelling."""
    try:
        found = read_credential(data)
    except MalformedError:  # of the form, with a field that breaks a rule
        found = None
    else:
        if found is None and len(data) <= _SMALL:
            refusal = explain_credential(parse_canonical_json(data, MAX_COMPACT))
            _hold(refusal.reason != "not-canonical", "refused, and the explanation finds nothing")
    credential = parse_credential(data)
    _hold(credential == found, "another credential than the fast path reads")
    _hold(credential.encode() == data, "not written again as it was read")
    refusal = explain_credential(parse_canonical_json(data, MAX_COMPACT))
    _hold(refusal.reason == "not-canonical", "accepted, and the explanation refuses it")


@_target("document", mutate.document, MAX_BUNDLE)
def report_document(data: bytes) -> None:
    """Any bytes lead to a report, ``verify`` decides as it does, and nobody can sign any more."""
    report = _report(_verifier(), data, None)
    if report.credential is not None:
        _hold(Bundle.parse(data).document in _signed(), "a document that nobody signed")


@_target("signed", mutate.json_text, MAX_COMPACT)
def report_signed(data: bytes) -> None:
    """The same behind a good signature: lines of payload, printed code and course document."""
    payload, code, course, *_ = [*data.split(b"\n", 2), b"", b""]
    document = _world().sign(payload).decode()
    bundle = Bundle(document, course.decode("utf-8", "replace") or None)
    _report(_fresh_verifier(), bundle, code.decode("utf-8", "replace") or None, payload)


def _report(
    verifier: Verifier, document: Bundle | bytes, code: str | None, payload: bytes | None = None
) -> Report:
    report = verifier.report(document, at=AT, code=code)
    _hold([check.step for check in report.checks] == list(range(1, 11)), "not ten steps")
    _hold(bool(report) == (report.verdict.exit_status == 0), "truth and verdict differ")
    if report.credential is not None:
        _hold(report.credential == report.unverified_claims(), "two contents of one document")
    if not report and (isinstance(document, Bundle) or len(document) > _SMALL):
        return report  # verify would do the same once more; small documents show that it does
    try:
        verified = verifier.verify(document, at=AT, code=code)
    except SignedCertError as error:
        _hold(not report and error.reason == report.reason, "verify decides otherwise")
    else:
        _hold(bool(report) and verified.signed == report.credential, "verify decides otherwise")
        again = verified.signed.encode()
        _hold(payload in (None, again), "the certificate is not what was signed")
    return report


@_target("bundle", mutate.json_text, MAX_BUNDLE)
def parse_bundle(data: bytes) -> None:
    """A bundle has one spelling, white space around it aside."""
    bundle = Bundle.parse(data)
    inner = data.strip(b" \t\r\n")
    if inner.startswith(b"{") and not bundle.damaged:
        _hold(bundle.encode() == inner, "not written again as it was read")
        _hold(Bundle.parse(bundle.encode()) == bundle, "changed by writing and reading")
    _hold(len(str(bundle.code)) == 24, "a code of another length")


@_target("course", mutate.json_text, MAX_COURSE)
def parse_course(data: bytes) -> None:
    """A course keeps its text, and its values survive being written."""
    course = Course.parse(data)
    _hold(course.text.encode() == data, "the text is not the one that was read")
    for short in (course.summary, course.criteria):
        _hold(len(short.encode()) <= MAX_SUMMARY, "a summary that is too long")
    if len(data) > _SMALL:
        return
    values = course.model_dump(by_alias=True)
    again = Course.parse(dump_json(values))
    _hold(again.model_dump(by_alias=True) == values, "changed by writing and reading")


@_target("manifest", mutate.manifest, MAX_GENERAL, large_manifests)
def parse_manifest(data: bytes) -> None:
    """A manifest, signed or bare, has one spelling, and its pin is a pin."""
    if data.startswith(b'{"iss"'):
        payload, manifest = data, KeyManifest.parse(data)
    else:
        signed = SignedManifest.parse(data)
        payload, manifest = signed.jws.payload, signed.unverified
        _hold(signed.jws.encode() == data, "not written again as it was read")
    if len(data) > _SMALL:
        return
    _hold(manifest.encode() == payload, "the payload is not written again as it was read")
    if payload is not data:
        pin = Pin.parse(manifest.pin)
        _hold(str(pin) == manifest.pin, "the pin is written otherwise")
        TrustStore.empty().add([data], pin)


@_target("roster", mutate.table, _SMALL, long_rows)
def read_any_roster(data: bytes) -> None:
    """Every row is good or explained; a good one is read again as it is."""
    last = 1
    for row in read_roster(_file(data)):
        _hold(row.line > last, "lines that do not ascend")
        last = row.line
        if isinstance(row, BadRow):
            _hold(bool(row.reason and row.message), "a bad row without a reason")
            (row.learner_id + row.value + row.message).encode()
        elif last <= 3:
            _hold(_read_again(row) == row._replace(line=2), "changed by writing and reading")


def _read_again(row: RosterRow) -> RosterRow | BadRow:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*REQUIRED, *OPTIONAL])
    started = row.started.isoformat() if row.started else ""
    cells = (row.learner_id, row.name, row.course, row.run, row.completed.isoformat(), started)
    writer.writerow([*cells, "yes" if row.name_confirmed else ""])
    return next(read_roster(_file(text.getvalue().encode(), second=True)))


@_target("keyfile", mutate.json_text, MAX_COMPACT)
def read_key_file_head(data: bytes) -> None:
    """A key file up to the passphrase, whose derivation is slow on purpose."""
    head, public, _, _, _, ciphertext = parse_key_file(_file(data))
    members = json.loads(head)
    _hold(PublicKey.from_jwk(members["public"]) == public, "another key than the one in the file")
    written = dump_json({**members, "ciphertext": b64url_encode(ciphertext)})
    _hold(written == data, "not written again as it was read")


@cache
def _world() -> World:
    return make_world()


@cache
def _fresh_verifier() -> Verifier:
    return Verifier(_world().trust)


@cache
def _verifier() -> Verifier:
    """One that trusts the manifest under which the documents of the corpus were signed."""
    manifest = (CORPUS / "manifest" / "signed.json").read_bytes()
    pin = SignedManifest.parse(manifest).unverified.pin
    return Verifier(TrustStore.empty().add([manifest], pin))


@cache
def _signed() -> frozenset[str]:
    """The documents of the corpus, whose keys were thrown away."""
    names = ("bare", "full", "vc+jwt", "bundle")
    return frozenset(Bundle.read(CORPUS / "document" / name).document for name in names)


@cache
def _descriptor(*, second: bool) -> tuple[int, Path]:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(f"fuzz-{second}")
        return descriptor, Path(f"/proc/self/fd/{descriptor}")
    descriptor, name = tempfile.mkstemp(prefix="fuzz-")
    return descriptor, Path(name)


def _file(data: bytes, *, second: bool = False) -> Path:
    """A file with this content, in memory where there is a way."""
    descriptor, path = _descriptor(second=second)
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    return path
