"""Course records, whole and partial, read and presented by other people's programs."""

from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import InvalidJWSSignature
from sd_jwt.holder import SDJWTHolder
from sd_jwt.verifier import SDJWTVerifier

from signedcert.carriers.bundle import Bundle
from signedcert.core.encoding import b64url_decode, b64url_encode
from signedcert.core.sdjwt import Disclosure
from signedcert.errors import RejectedError, VerificationError
from signedcert.verify.report import VerifiedRecord
from signedcert.verify.verifier import Verifier
from tests.peers.node import ask
from tests.peers.processed import processed
from tests.reference import AT, World, make_world, record

FINAL = len(record().results)


class Shown(NamedTuple):
    """What a learner shows: the results of these numbers, and the name or not."""

    results: tuple[int, ...]
    name: bool

    @property
    def claims(self) -> dict[str, Any]:
        """The same, as the holder of sd-jwt wants to have it."""
        results = [number in self.results for number in range(1, FINAL + 1)]
        return {"credentialSubject": {"identifier": [self.name], "result": results}}

    @property
    def frame(self) -> dict[str, Any]:
        """The same for @sd-jwt/core, in the order of the payload."""
        results = {str(number - 1): True for number in self.results}
        return {"credentialSubject": {"identifier": {"0": self.name}, "result": results}}


SHOWN = {
    "whole": Shown(tuple(range(1, FINAL + 1)), name=True),
    "no name": Shown(tuple(range(1, FINAL + 1)), name=False),
    "final score": Shown((FINAL,), name=True),
    "final score, no name": Shown((FINAL,), name=False),
    "some": Shown((2, 4, 10, 13), name=True),
    "name only": Shown((), name=True),
    "nothing": Shown((), name=False),
}
EACH = pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN.keys())


class Issued(NamedTuple):
    """A record with every field that there is, and the institution that signed it."""

    world: World
    document: str

    @property
    def jwk(self) -> dict[str, Any]:
        """The key, as it is published."""
        return self.world.key.public_key.to_jwk()

    def verify(self, document: str) -> VerifiedRecord:
        """What our verifier makes of a presentation."""
        return Verifier(self.world.trust).verify_record(Bundle(document), at=AT)

    def present(self, shown: Shown) -> str:
        """The presentation that we make."""
        return Bundle(self.document).present(shown.results, with_name=shown.name).document

    def expect(self, shown: Shown) -> dict[str, Any]:
        """What a peer has to read in it: what our verifier says that it shows."""
        verified = self.verify(self.present(shown))
        numbers = [number for number, one in enumerate(verified.results, 1) if one.shown]
        assert (tuple(numbers), verified.learner is not None) == shown
        return processed(verified.signed)

    @property
    def tampered(self) -> dict[str, str]:
        """What was not issued so."""
        jwt, *segments, _ = self.document.split("~")
        header, payload, signature = jwt.split(".")
        last = Disclosure.parse(segments[-1].encode())
        better = Disclosure.write(bytes(16), last.value.decode().replace('"82.5"', '"99"'))
        other = b64url_decode(payload.encode()).replace(b"RawScore", b"Percent")
        jwts = {
            "payload": f"{header}.{b64url_encode(other)}.{signature}",
            "signature": f"{header}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}",
        }
        return {
            **{name: "~".join([jwt, *segments, ""]) for name, jwt in jwts.items()},
            "a stranger's": make_world(self.world.key.algorithm).record().decode(),
            "disclosure": "~".join([jwt, *segments[:-1], better.segment.decode(), ""]),
            "disclosure twice": "~".join([jwt, *segments, segments[0], ""]),
        }


@pytest.fixture(params=["world", "ed25519_world"])
def issued(request: pytest.FixtureRequest) -> Issued:
    world: World = request.getfixturevalue(request.param)
    full = record()._replace(
        learner='Ὑπατία "Ў" O\\Neil 🎓',  # what JSON escapes; letters of two to four bytes
        started=date(2026, 4, 1),
        valid_until=AT + timedelta(days=700),
    )
    return Issued(world, world.record(full).decode())


def _read(issued: Issued, document: str) -> dict[str, Any]:
    """The processed payload, as sd-jwt makes it."""
    key = JWK(**issued.jwk)
    payload: dict[str, Any] = SDJWTVerifier(document, lambda *_: key).get_verified_payload()
    return payload


class Answer(NamedTuple):
    """What @sd-jwt/core reads in documents, and what its holder makes of them: for each, a
    ``result`` or an ``error``.
    """

    read: list[dict[str, Any]]
    presented: list[dict[str, Any]]


def _ask(
    issued: Issued, documents: list[str], frames: list[dict[str, Any] | None] | None = None
) -> Answer:
    question = {
        "jwk": issued.jwk,
        "now": int(AT.timestamp()),
        "documents": documents,
        "document": issued.document,
        "frames": frames or [],
    }
    return Answer(**ask("records.mjs", "@sd-jwt/core", question))


@EACH
def test_sd_jwt_of_pypi_reads_in_a_record_what_we_say_is_in_it(
    issued: Issued, shown: Shown
) -> None:
    assert _read(issued, issued.present(shown)) == issued.expect(shown)


def test_sd_jwt_of_npm_reads_in_a_record_what_we_say_is_in_it(issued: Issued) -> None:
    answer = _ask(issued, [issued.present(shown) for shown in SHOWN.values()])
    assert answer.read == [{"result": issued.expect(shown)} for shown in SHOWN.values()]


def test_sd_jwt_of_pypi_refuses_what_was_tampered_with(issued: Issued) -> None:
    tampered = issued.tampered
    for name in ("payload", "signature", "a stranger's"):
        with pytest.raises(InvalidJWSSignature):
            _read(issued, tampered[name])
    with pytest.raises(ValueError, match="Duplicate disclosure"):
        _read(issued, tampered["disclosure twice"])


def test_sd_jwt_of_pypi_does_not_read_a_disclosure_that_was_not_signed(issued: Issued) -> None:
    """RFC 9901, 7.1, step 5, would have it refuse the document."""
    shown = SHOWN["whole"]._replace(results=tuple(range(1, FINAL)))
    assert _read(issued, issued.tampered["disclosure"]) == issued.expect(shown)


def test_sd_jwt_of_npm_refuses_what_was_tampered_with(issued: Issued) -> None:
    tampered = issued.tampered
    errors = {
        name: one.get("error")
        for name, one in zip(tampered, _ask(issued, [*tampered.values()]).read, strict=True)
    }
    signature = "Verify Error: Invalid JWT Signature"
    assert errors == {
        "payload": signature,
        "signature": signature,
        "a stranger's": signature,
        "disclosure": "Unreferenced disclosure(s) detected in SD-JWT",
        "disclosure twice": None,  # it reads the other one
    }


def test_we_refuse_what_was_tampered_with(issued: Issued) -> None:
    reasons = {}
    for name, document in issued.tampered.items():
        with pytest.raises(VerificationError) as caught:
            issued.verify(document)
        reasons[name] = caught.value.detail or caught.value.reason
    assert reasons == {
        "payload": "signature-mismatch",
        "signature": "signature-mismatch",
        "a stranger's": "unknown-key",
        "disclosure": "disclosure-unknown",
        "disclosure twice": "disclosure-twice",
    }


@EACH
def test_a_presentation_by_sd_jwt_of_pypi_is_ours(issued: Issued, shown: Shown) -> None:
    holder = SDJWTHolder(issued.document)
    holder.create_presentation(shown.claims)
    assert holder.sd_jwt_presentation == issued.present(shown)
    assert processed(issued.verify(holder.sd_jwt_presentation).signed) == issued.expect(shown)


def test_a_presentation_by_sd_jwt_of_npm_is_ours(issued: Issued) -> None:
    answer = _ask(issued, [], [shown.frame for shown in SHOWN.values()])
    ours = [issued.present(shown) for shown in SHOWN.values()]
    assert answer.presented == [{"result": document} for document in ours]
    for shown, one in zip(SHOWN.values(), answer.presented, strict=True):
        assert processed(issued.verify(one["result"]).signed) == issued.expect(shown)


def test_sd_jwt_of_npm_presents_in_the_order_of_the_question(issued: Issued) -> None:
    """Asked for nothing in particular, in that of the places as text: 10 before 2."""
    subject = SHOWN["whole"].frame["credentialSubject"]
    frame = {"credentialSubject": dict(reversed(subject.items()))}
    for one in _ask(issued, [], [frame, None]).presented:
        whole, presented = issued.document.split("~"), one["result"].split("~")
        assert sorted(presented) == sorted(whole)
        assert presented != whole
        with pytest.raises(RejectedError) as caught:
            issued.verify(one["result"])
        assert caught.value.detail == "disclosure-order"
