"""One function for each parser: any bytes in, nothing out, and no exception but a find.

Refusing is what parsers are for, so SignedCertError is no find. What is accepted has to keep the
promises of its parser; the first one is that it is written again in the same bytes.
"""

import base64
import csv
import io
import json
import pickle
from contextlib import suppress
from functools import cache

from tests.reference import AT, World, make_world

from fuzz import (
    carriers,
    ceremonies,
    landmarks,
    log,
    mutate,
    notes,
    pages,
    printed,
    records,
    statuses,
)
from fuzz.extremes import large_manifests, long_rows
from fuzz.files import file
from fuzz.register import CORPUS, SMALL, TARGETS, Target, each_row, hold, target
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
from signedcert.documents.record import CourseResult, format_decimal
from signedcert.documents.text import MAX_SUMMARY
from signedcert.errors import MalformedError, SignedCertError
from signedcert.issue.gradebook import GradebookRow, read_gradebook
from signedcert.issue.roster import OPTIONAL, REQUIRED, BadRow, RosterRow, read_roster
from signedcert.trust.history import Pin
from signedcert.trust.manifest import KeyManifest, SignedManifest
from signedcert.trust.store import TrustStore
from signedcert.verify.report import Report
from signedcert.verify.show import report_to_json, signed_fields
from signedcert.verify.verifier import Verifier

__all__ = [
    "CORPUS",
    "TARGETS",
    "Target",
    "carriers",
    "ceremonies",
    "landmarks",
    "log",
    "notes",
    "pages",
    "printed",
    "records",
    "statuses",
]


@target("json", mutate.json_text, MAX_GENERAL)
def parse_any_json(data: bytes) -> None:
    """Strict JSON is JSON, and has one canonical spelling."""
    value = parse_json(data, MAX_GENERAL)
    if len(data) > SMALL:
        return
    hold(json.loads(data) == value, "the standard library reads another value")
    written = dump_json(value)
    hold(parse_canonical_json(written, MAX_GENERAL) == value, "changed by writing and reading")
    try:
        parse_canonical_json(data, MAX_GENERAL)
    except MalformedError:
        hold(written != data, "the canonical spelling is refused")
    else:
        hold(written == data, "another spelling than the canonical one is accepted")


@target("base64url", mutate.raw, MAX_COMPACT)
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
        hold(not expected, "refused without need")
    else:
        hold(expected, "accepted, and the standard library writes it otherwise")
        hold(b64url_encode(decoded).encode() == data, "not written again as it was read")


@target("header", mutate.segment, 2048)
def parse_header(data: bytes) -> None:
    """A header survives being written, and its bytes are those of its members."""
    header = Header.parse(data)
    hold(Header.parse(header.segment().encode()) == header, "changed by writing and reading")
    hold(len(header.segment()) == len(data), "written in another length")


@target("compact", mutate.compact, MAX_COMPACT)
def parse_compact(data: bytes) -> None:
    """The parts of a compact JWS are all of it."""
    jws = CompactJWS.parse(data)
    payload, signature = b64url_encode(jws.payload), b64url_encode(jws.signature)
    hold(jws.signing_input == jws.header_segment + b"." + payload.encode(), "signing input")
    hold(jws.signing_input + b"." + signature.encode() == data, "not written as it was read")
    code = VerificationCode.derive(jws.signing_input, jws.signature)
    hold(VerificationCode.parse(str(code)) == code, "the derived code is no code")
    Header.parse(jws.header_segment)


@target("general", mutate.json_text, MAX_GENERAL)
def parse_general(data: bytes) -> None:
    """General JSON has one spelling."""
    hold(GeneralJWS.parse(data).encode() == data, "not written again as it was read")


@target("jwk", mutate.json_text, MAX_COMPACT)
def parse_jwk(data: bytes) -> None:
    """A key survives being written and pickled, and refuses a signature that it did not make."""
    key = PublicKey.from_jwk(parse_json(data, MAX_COMPACT))
    hold(PublicKey.from_jwk(key.to_jwk()) == key, "changed by writing and reading")
    hold(pickle.loads(pickle.dumps(key)) == key, "changed by pickling")  # noqa: S301 - our own
    for signature in (b"\1" * SIGNATURE_LENGTH[key.algorithm], data[:64], b""):
        with suppress(BadSignatureError):
            key.verify(signature, data)
            hold(promise=False, what="a signature that nobody made")


@target("code", mutate.code, 4096)
def parse_code(data: bytes) -> None:
    """A code is read and printed; what is suggested is a code, and differs where it says."""
    text = data.decode("utf-8", "surrogateescape")
    suggestion = suggest(text)
    if suggestion is not None:
        symbols = VerificationCode.symbols_of(text)
        right = suggestion.code.symbols
        differing = tuple(i + 1 for i in range(len(right)) if symbols[i] != right[i])
        hold(suggestion.positions == differing, "other positions than those that differ")
        hold(suggestion.marks().count("^") == len(differing), "other marks than positions")
        hold(VerificationCode.parse(str(suggestion.code)) == suggestion.code, "no code")
    code = VerificationCode.parse(text)
    hold(suggestion is None, "something else is suggested for a code that is right")
    hold(VerificationCode.parse(str(code)) == code, "not read as it is printed")
    hold(str(code).replace("-", "") == code.symbols, "printed otherwise than it is")


@target("credential", mutate.json_text, MAX_COMPACT)
def parse_payload(data: bytes) -> None:
    """The fast path and the explanation agree, and an accepted payload has one spelling."""
    try:
        found = read_credential(data)
    except MalformedError:  # of the form, with a field that breaks a rule
        found = None
    else:
        if found is None and len(data) <= SMALL:
            refusal = explain_credential(parse_canonical_json(data, MAX_COMPACT))
            hold(refusal.reason != "not-canonical", "refused, and the explanation finds nothing")
    credential = parse_credential(data)
    hold(credential == found, "another credential than the fast path reads")
    hold(credential.encode() == data, "not written again as it was read")
    refusal = explain_credential(parse_canonical_json(data, MAX_COMPACT))
    hold(refusal.reason == "not-canonical", "accepted, and the explanation refuses it")


@target("document", mutate.document, MAX_BUNDLE)
def report_document(data: bytes) -> None:
    """Any bytes lead to a report, ``verify`` decides as it does, and nobody can sign any more."""
    report = _report(_verifier(), data, None)
    if report.credential is not None:
        jwt, *disclosures = Bundle.parse(data).document.split("~")
        hold(
            any(jwt == one and set(disclosures) <= {*more} for one, *more in _signed()),
            "a document that nobody signed",
        )


@target("signed", mutate.json_text, MAX_COMPACT)
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
    hold([check.step for check in report.checks] == list(range(1, 11)), "not ten steps")
    hold(bool(report) == (report.verdict.exit_status == 0), "truth and verdict differ")
    json.dumps(report_to_json(report)).encode()
    signed_fields(report)
    if report.credential is not None:
        hold(report.credential == report.unverified_claims(), "two contents of one document")
    if not report and (isinstance(document, Bundle) or len(document) > SMALL):
        return report  # verify would do the same once more; small documents show that it does
    verify = verifier.verify_record if report.kind == "record" else verifier.verify
    try:
        signed = verify(document, at=AT, code=code).signed
    except SignedCertError as error:
        hold(not report and error.reason == report.reason, "verify decides otherwise")
    else:
        hold(bool(report) and signed == report.credential, "verify decides otherwise")
        hold(payload in (None, signed.write()), "the document is not what was signed")
    return report


@target("bundle", mutate.json_text, MAX_BUNDLE)
def parse_bundle(data: bytes) -> None:
    """A bundle has one spelling, white space around it aside."""
    bundle = Bundle.parse(data)
    inner = data.strip(b" \t\r\n")
    if inner.startswith(b"{") and not bundle.damaged:
        hold(bundle.encode() == inner, "not written again as it was read")
        hold(Bundle.parse(bundle.encode()) == bundle, "changed by writing and reading")
    hold(len(str(bundle.code)) == 24, "a code of another length")


@target("course", mutate.json_text, MAX_COURSE)
def parse_course(data: bytes) -> None:
    """A course keeps its text, and its values survive being written."""
    course = Course.parse(data)
    hold(course.text.encode() == data, "the text is not the one that was read")
    for short in (course.summary, course.criteria):
        hold(len(short.encode()) <= MAX_SUMMARY, "a summary that is too long")
    if len(data) > SMALL:
        return
    values = course.model_dump(by_alias=True)
    again = Course.parse(dump_json(values))
    hold(again.model_dump(by_alias=True) == values, "changed by writing and reading")


@target("manifest", mutate.manifest, MAX_GENERAL, large_manifests)
def parse_manifest(data: bytes) -> None:
    """A manifest, signed or bare, has one spelling, and its pin is a pin."""
    if data.startswith(b'{"iss"'):
        payload, manifest = data, KeyManifest.parse(data)
    else:
        signed = SignedManifest.parse(data)
        payload, manifest = signed.jws.payload, signed.unverified
        hold(signed.jws.encode() == data, "not written again as it was read")
    if len(data) > SMALL:
        return
    hold(manifest.encode() == payload, "the payload is not written again as it was read")
    if payload is not data:
        pin = Pin.parse(manifest.pin)
        hold(str(pin) == manifest.pin, "the pin is written otherwise")
        TrustStore.empty().add([data], pin)


@target("roster", mutate.table, SMALL, long_rows)
def read_any_roster(data: bytes) -> None:
    """Every row is good or explained; a good one is read again as it is."""
    last = 1
    for row in each_row(read_roster(file(data))):
        hold(row.line > last, "lines that do not ascend")
        last = row.line
        if isinstance(row, BadRow):
            hold(bool(row.message), "a bad row without a reason")
            (row.label + row.value + row.message).encode()
        elif last <= 3:
            hold(_read_again(row) == row._replace(line=2), "changed by writing and reading")


def _read_again(row: RosterRow) -> RosterRow | BadRow:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*REQUIRED, *OPTIONAL])
    started = row.started.isoformat() if row.started else ""
    cells = (row.learner_id, row.name, row.course, row.run, row.completed.isoformat(), started)
    writer.writerow([*cells, "yes" if row.name_confirmed else ""])
    return next(read_roster(file(text.getvalue().encode(), second=True)))


@target("gradebook", mutate.table, SMALL, long_rows)
def read_any_gradebook(data: bytes) -> None:
    """Every row is good or explained; a record is read again as it is."""
    last, shown = 1, 0
    for row in each_row(read_gradebook(file(data))):
        hold(row.line > last, "lines that do not ascend")
        last = row.line
        if isinstance(row, BadRow):
            hold(bool(row.message), "a bad row without a reason")
            "".join(row[1:]).encode()
        elif shown < 2:
            shown += 1
            hold(_graded_again(row) == row._replace(line=5), "changed by writing and reading")


def _graded_again(row: GradebookRow) -> GradebookRow | BadRow:
    text = io.StringIO()
    writer = csv.writer(text)
    results = row.record.results
    titles = [one.kind if one.title is None else one.title for one in results]
    header = ["learner_id", *titles, "course", "run"]
    if len(set(header)) != len(header):  # a title is what another one's kind is
        return row._replace(line=5)
    writer.writerow(header)
    writer.writerow(["#kind", *(one.kind for one in results), "", ""])
    writer.writerow(["#maximum", *(format_decimal(one.maximum) for one in results), "", ""])
    writer.writerow(["#date", *[""] * len(results), "", ""])
    writer.writerow([row.learner_id, *map(_cell, results), row.course, row.run])
    return next(read_gradebook(file(text.getvalue().encode(), second=True)))


def _cell(result: CourseResult) -> str:
    value = "" if result.value is None else format_decimal(result.value)
    day = result.achieved.isoformat() if result.achieved else ""
    status = {"InProgress": "in-progress", "OnHold": "on-hold"}.get(
        result.status or "", result.status or ""
    )
    return f"{value} {day} {status}"


@target("keyfile", mutate.json_text, MAX_COMPACT)
def read_key_file_head(data: bytes) -> None:
    """A key file up to the passphrase, whose derivation is slow on purpose."""
    head, public, _, _, _, ciphertext = parse_key_file(file(data))
    members = json.loads(head)
    hold(PublicKey.from_jwk(members["public"]) == public, "another key than the one in the file")
    written = dump_json({**members, "ciphertext": b64url_encode(ciphertext)})
    hold(written == data, "not written again as it was read")


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
def _signed() -> list[list[str]]:
    """The documents of the corpus, whose keys were thrown away, each with its disclosures."""
    names = ("bare", "full", "vc+jwt", "bundle", "record")
    return [Bundle.read(CORPUS / "document" / name).document.split("~") for name in names]
