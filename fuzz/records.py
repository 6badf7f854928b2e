"""The targets for course records."""

import hashlib
import re
from contextlib import suppress
from functools import cache

from tests.reference import AT, ISSUER, World, make_world, salts

from fuzz import mutate
from fuzz.extremes import large_records, large_sd_jwts
from fuzz.register import SMALL, hold, target
from signedcert.core.encoding import b64url_encode, parse_canonical_json
from signedcert.core.jws import MAX_COMPACT
from signedcert.core.sdjwt import MAX_DISCLOSURES, SDJWT, Disclosure
from signedcert.documents.recordbadge import (
    RecordCredential,
    explain_record,
    parse_record,
    parse_sd_jwt,
    present,
    read_record,
)
from signedcert.errors import IssueError, MalformedError, SignedCertError
from signedcert.verify.verifier import Verifier

_DIGEST = re.compile(rb'\{"\.\.\.":"([^"]*)"\}')


@target("sd-jwt", mutate.sd_jwt, MAX_COMPACT, large_sd_jwts)
def parse_any_sd_jwt(data: bytes) -> None:
    """The parts are all of it, and each disclosure has its own digest and place."""
    sd_jwt = SDJWT.parse(data)
    hold(str(sd_jwt).encode("ascii", "replace") == data, "not written again as it was read")
    hold(len(sd_jwt.disclosures) <= MAX_DISCLOSURES, "too many disclosures")
    digests = [one.digest for one in sd_jwt.disclosures]
    for one in sd_jwt.disclosures:
        digest = b64url_encode(hashlib.sha256(one.segment).digest())
        hold(one.digest == digest, "another digest than that of its bytes")
        hold(Disclosure.parse(one.segment) == one, "read otherwise by itself")
    hold(sd_jwt.place(["", *digests]) == [None, *sd_jwt.disclosures], "not in its place")
    if len(sd_jwt.disclosures) > 1:
        with suppress(MalformedError):
            sd_jwt.place(digests[::-1])
            hold(promise=False, what="placed out of order")
    with suppress(SignedCertError):
        parsed, _ = parse_sd_jwt(data.decode("ascii"))
        hold(parsed == sd_jwt, "a record is read otherwise")


@target("record", mutate.record, MAX_COMPACT, large_records)
def read_any_record(data: bytes) -> None:
    """A payload and, a line each, what is disclosed of it, behind a good signature.

    The fast path and the explanation agree, what is accepted is written again in the same bytes,
    and the verifier finds genuine what the parser accepts, and nothing else.
    """
    payload, disclosures = _draft(data)
    document = _world().sign_record(payload, disclosures)
    report = _verifier().report(document, at=AT)
    hold([check.step for check in report.checks] == list(range(1, 11)), "not ten steps")
    hold(report.kind == "record", "a record is taken for something else")
    if len(document) > SMALL:
        return
    try:
        record = parse_record(payload, disclosures)
    except MalformedError:
        hold(report.unverified_claims() is None, "refused by the parser only")
        _explain(payload)
        raise
    hold(report.unverified_claims() == record, "refused by the verifier only")
    genuine = record.issuer == ISSUER
    hold(report.credential == (record if genuine else None), "genuine for some")
    _written_again(record, payload, disclosures)
    _presented(document.decode(), record)


def _draft(data: bytes) -> tuple[bytes, list[Disclosure]]:
    """The payload with the digests of the disclosures; an empty line stands for one withheld."""
    payload, *values = data.split(b"\n")
    disclosures: list[Disclosure] = []
    digests: list[bytes] = []
    for salt, value in zip(salts(MAX_DISCLOSURES), values[:MAX_DISCLOSURES], strict=False):
        if value:
            text = value.decode("utf-8", "replace")
            disclosures.append(Disclosure.write(salt, text))
        digests.append(disclosures[-1].digest.encode() if value else b"")
    return _with_digests(payload, digests), disclosures


def _with_digests(payload: bytes, digests: list[bytes]) -> bytes:
    remaining = iter(digests)

    def digest(match: re.Match[bytes]) -> bytes:
        return b'{"...":"%b"}' % (next(remaining, b"") or match.group(1))

    return _DIGEST.sub(digest, payload)


def _explain(payload: bytes) -> None:
    try:
        found = read_record(payload)
    except MalformedError:  # of the form, with a field that breaks a rule
        return
    if found is None:
        refusal = explain_record(parse_canonical_json(payload, MAX_COMPACT))
        hold(refusal.reason != "not-canonical", "refused, and the explanation finds nothing")


def _written_again(record: RecordCredential, payload: bytes, disclosures: list[Disclosure]) -> None:
    hold(record.write() == payload, "not written again as it was read")
    refusal = explain_record(parse_canonical_json(payload, MAX_COMPACT))
    hold(refusal.reason == "not-canonical", "accepted, and the explanation refuses it")
    hold(record.partial is (len(disclosures) < len(record.digests)), "partial or not")
    shown = [one for one in record.results if one.shown]
    hold(len(shown) + (record.learner is not None) == len(disclosures), "another count is shown")
    if not record.partial:
        values = [one.value for one in record.disclose(salts(len(record.digests)))]
        hold(values == [one.value for one in disclosures], "disclosed otherwise than it was read")


def _presented(document: str, record: RecordCredential) -> None:
    """Every second result that is shown, without the name, is as much of the same record."""
    shown = [number for number, one in enumerate(record.results, 1) if one.shown]
    _, less = parse_sd_jwt(present(document, shown[::2], with_name=False))
    hold(less.learner is None, "the name is still shown")
    wanted = [
        one if number in shown[::2] else one.withheld()
        for number, one in enumerate(record.results, 1)
    ]
    hold(list(less.results) == wanted, "other results than were chosen")
    hold(less._replace(learner=record.learner, results=record.results) == record, "another record")
    with suppress(IssueError):
        present(document, [len(record.results) + 1], with_name=False)
        hold(promise=False, what="a result that there is not is shown")


@cache
def _world() -> World:
    return make_world()


@cache
def _verifier() -> Verifier:
    return Verifier(_world().trust)
