"""The vectors of course records."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from signedcert.carriers.bundle import Bundle
from signedcert.core.encoding import b64url_bytes, b64url_decode, b64url_encode
from signedcert.core.jws import MAX_COMPACT, Header
from signedcert.core.sdjwt import MAX_DISCLOSURES, Disclosure
from signedcert.documents.openbadges import RECORD_TYPE
from signedcert.documents.recordbadge import RecordCredential, encode_record
from signedcert.trust.entries import key_url
from tests.reference import ISSUED, ISSUER, World, course, record, salts
from tests.vectors.model import Expect, Vector
from tests.vectors.record_edits import PAYLOAD_EDITS, VALUE_EDITS
from tests.vectors.verdicts import (
    AUTHENTIC,
    Named,
    inconsistent,
    malformed,
    rejected,
    undecided,
    vector,
)
from tests.vectors.workshop import (
    OTHER_ISSUER,
    UNTIL,
    Workshop,
    code_of,
    high_s,
    replace_once,
    with_stray_bits,
)

_NAME, _FINAL = 0, len(record().results)
_ALL = range(_FINAL + 1)


def full_record() -> RecordCredential:
    """The reference record with every optional field."""
    started = ISSUED.date() - timedelta(days=51)
    return record()._replace(started=started, valid_until=UNTIL)


class Draft(NamedTuple):
    """A record that is not signed yet: payload and disclosures, the name first."""

    payload: str
    segments: tuple[bytes, ...]

    @classmethod
    def of(cls, credential: RecordCredential) -> "Draft":
        """The whole of it, with salts that are always the same."""
        payload, disclosures = encode_record(credential, salts(len(credential.results) + 1))
        return cls(payload.decode(), tuple(one.segment for one in disclosures))

    def with_segment(self, number: int, segment: bytes) -> "Draft":
        """Another disclosure, and its digest in the payload."""
        payload = replace_once(self.payload, _digest(self.segments[number]), _digest(segment))
        segments = (*self.segments[:number], segment, *self.segments[number + 1 :])
        return Draft(payload, segments)

    def with_value(self, number: int, old: str, new: str) -> "Draft":
        """A disclosure with an edit in one place of what it discloses."""
        disclosed = b64url_decode(self.segments[number]).decode()
        return self.with_segment(number, _encode(replace_once(disclosed, old, new)))

    def with_digest(self, number: int, digest: str) -> "Draft":
        """Another digest in the payload; the disclosure stays."""
        old = _digest(self.segments[number])
        return self._replace(payload=replace_once(self.payload, old, digest))

    def sign(
        self,
        world: World,
        shown: Iterable[int] = _ALL,
        more: Iterable[bytes] = (),
        header: Header | None = None,
    ) -> str:
        """The document with the disclosures of these numbers, in the order given."""
        jwt = world.sign(self.payload.encode(), header or world.header(typ=RECORD_TYPE))
        return _join(jwt, [*(self.segments[number] for number in shown), *more])


def _join(jwt: bytes, segments: Iterable[bytes]) -> str:
    return b"~".join([jwt, *segments, b""]).decode("utf-8", "surrogateescape")


def _digest(segment: bytes) -> str:
    return b64url_encode(hashlib.sha256(segment).digest())


def _encode(text: str | bytes) -> bytes:
    return b64url_bytes(text.encode() if isinstance(text, str) else text)


def _accepted(shop: Workshop) -> Iterator[Named]:
    draft, world = Draft.of(full_record()), shop.es256
    whole = draft.sign(world)
    code = str(code_of(whole.partition("~")[0]))
    asked = {"issuer": ISSUER, "course": course().id, "learner": "MARÍA-JOSÉ  nguyễn"}
    some = draft.sign(world, (_NAME, 2, 4, 10, 13))
    bundle = Bundle(some, course().text).encode().decode()
    cases: dict[str, tuple[str, str, dict[str, Any]]] = {
        "valid-es256": ("A record, ES256", Draft.of(record()).sign(world), {}),
        "valid-ed25519": (
            "A record, Ed25519",
            draft.sign(shop.ed25519),
            {"institution": shop.usual(shop.ed25519)},
        ),
        "valid-every-member": ("With a start of the course and an end of validity", whole, {}),
        "valid-name-withheld": ("All but the name", draft.sign(world, _ALL[1:]), {}),
        "valid-final-score": ("Name and final score only", draft.sign(world, (_NAME, _FINAL)), {}),
        "valid-final-score-only": ("The final score only", draft.sign(world, (_FINAL,)), {}),
        "valid-name-only": ("The name only", draft.sign(world, (_NAME,)), {}),
        "valid-some-results": ("The name and some of the results", some, {}),
        "valid-nothing-disclosed": ("Nothing is disclosed", draft.sign(world, ()), {}),
        "valid-bundle-with-course": (
            "A partial record, with the course that was signed",
            bundle,
            {},
        ),
        "valid-white-space-around": ("Line ends around it", f"\r\n {whole}\n", {}),
        "valid-code": (
            "A partial record with its code, which is that of the whole one",
            some,
            {"code": code},
        ),
        "valid-policy": ("What is asked for is there and shown", whole, {"policy": asked}),
        "valid-kind": ("A record is wanted", whole, {"kind": "record"}),
    }
    for name, (description, text, more) in cases.items():
        yield name, vector(shop, description, text, AUTHENTIC, **more)


def _kinds(shop: Workshop) -> Iterator[Named]:
    draft, world = Draft.of(full_record()), shop.es256
    whole, certificate = draft.sign(world), shop.document()
    unexpected = malformed("typ-unexpected")
    as_record = world.header(typ=RECORD_TYPE)
    certified = shop.signed_by(world.key, as_record.encode())
    cases: dict[str, tuple[str, str, Expect, dict[str, Any]]] = {
        "tilde-missing": (
            "No tilde: the signed part only",
            whole.partition("~")[0],
            unexpected,
            {},
        ),
        "certificate-with-tilde": (
            "A certificate with a tilde behind it",
            f"{certificate}~",
            unexpected,
            {},
        ),
        "certificate-with-disclosures": (
            "A certificate with the disclosures of a record behind it",
            _join(certificate.encode(), draft.segments),
            unexpected,
            {},
        ),
        "certificate-typed-record": (
            "A certificate that calls itself a record",
            f"{certified}~",
            inconsistent("member-unknown"),
            {},
        ),
        "record-typed-certificate": (
            "A record that calls itself a certificate, without a tilde",
            world.sign(draft.payload.encode()).decode(),
            inconsistent("member-unknown"),
            {},
        ),
        "kind-certificate-wanted": (
            "A certificate is wanted, and this is a record",
            whole,
            unexpected,
            {"kind": "certificate"},
        ),
        "kind-record-wanted": (
            "A record is wanted, and this is a certificate",
            certificate,
            unexpected,
            {"kind": "record"},
        ),
    }
    for name, (description, text, expect, more) in cases.items():
        yield name, vector(shop, description, text, expect, **more)
    types = {
        "typ-jwt": ("typ is that of a certificate", "JWT"),
        "typ-vc-jwt": ("typ is the other one of a certificate", "vc+jwt"),
        "typ-absent": ("No typ in the header", None),
        "typ-sd-jwt": ("typ is that of any SD-JWT", "sd+jwt"),
        "typ-dc-sd-jwt": ("typ is that of an SD-JWT VC, another kind of credential", "dc+sd-jwt"),
        "typ-upper-case": ("typ in upper case", "VC+SD-JWT"),
    }
    for name, (description, typ) in types.items():
        text = draft.sign(world, header=world.header(typ=typ))
        yield name, vector(shop, description, text, unexpected)


def _parts(shop: Workshop) -> Iterator[Named]:
    """What stands between tildes, and behind the last one."""
    draft, world = Draft.of(full_record()), shop.es256
    whole = draft.sign(world)
    jwt = whole.partition("~")[0]
    unknown, twice = malformed("disclosure-unknown"), malformed("disclosure-twice")
    order, binding = malformed("disclosure-order"), malformed("key-binding")
    first = draft.segments[0]
    other = Draft.of(full_record()._replace(id="00000000-0000-4000-8000-000000000000"))
    tampered = draft.with_value(_FINAL, '"82.5"', '"98.5"').segments[_FINAL]
    cases: dict[str, tuple[str, str, Expect]] = {
        "disclosures-last-tilde-missing": (
            "The last tilde is missing, so that the last disclosure stands for a key binding",
            whole[:-1],
            binding,
        ),
        "disclosures-key-binding": (
            "A key binding JWT behind the last tilde, well signed",
            whole + _key_binding(shop, whole),
            binding,
        ),
        "disclosures-empty": ("An empty disclosure", f"{jwt}~~", malformed("not-json")),
        "disclosures-tampered": (
            "A better final score, with the salt of the one that was signed",
            draft.sign(world, _ALL[:_FINAL], [tampered]),
            unknown,
        ),
        "disclosures-foreign": (
            "A disclosure of another record",
            draft.sign(world, _ALL[:_FINAL], [other.segments[_FINAL]]),
            unknown,
        ),
        "disclosures-unreferenced": (
            "All that was signed, and one disclosure more",
            draft.sign(world, _ALL, [tampered]),
            unknown,
        ),
        "disclosures-truncated": (
            "The last disclosure lacks its last character",
            f"{whole[:-2]}~",
            malformed("base64-length"),
        ),
        "disclosures-reordered": (
            "Name and first result have changed places",
            draft.sign(world, (1, 0, *_ALL[2:])),
            order,
        ),
        "disclosures-reversed": (
            "The last first",
            draft.sign(world, reversed(_ALL)),
            order,
        ),
        "disclosures-sorted-as-text": (
            "In the order of their numbers as text: 10 before 2",
            draft.sign(world, (_NAME, *sorted(_ALL[1:], key=str))),
            order,
        ),
        "disclosures-twice": (
            "A disclosure stands twice",
            draft.sign(world, (0, *_ALL)),
            twice,
        ),
        "disclosures-twice-apart": (
            "The first disclosure stands once more at the end",
            draft.sign(world, _ALL, [first]),
            twice,
        ),
        "disclosures-129": (
            "129 disclosures, one more than are read",
            _join(jwt.encode(), _many(draft, MAX_DISCLOSURES + 1)),
            malformed("too-large"),
        ),
        "disclosures-over-64-kib": (
            "A byte over 64 KiB, by a disclosure that was not signed",
            _of_length(draft, jwt, MAX_COMPACT + 1),
            malformed("too-large"),
        ),
        "letter-not-ascii": (
            "A letter of the signed part is not ASCII, and looks like one that is",
            f"{jwt[:400]}\u0430{jwt[401:]}~",
            malformed("base64-alphabet"),
        ),
        "tilde-comma": (
            "A comma for a tilde",
            whole.replace("~", ",", 1),
            malformed("base64-alphabet"),
        ),
    }
    for name, (description, text, expect) in cases.items():
        yield name, vector(shop, description, text, expect)


def _many(draft: Draft, count: int) -> Iterator[bytes]:
    """Those that there are, and others like the last one."""
    value = Disclosure.parse(draft.segments[_FINAL]).value.decode()
    yield from draft.segments
    for number in range(len(draft.segments), count):
        yield Disclosure.write(hashlib.sha256(b"%d" % number).digest()[:16], value).segment


def _of_length(draft: Draft, jwt: str, length: int) -> str:
    """All disclosures, and one that fills the rest, or one character more."""
    room = length - len(_join(jwt.encode(), draft.segments)) - 1
    count = next(n for n in range(room * 3 // 4 - 64, room) if len(_filler(n)) >= room)
    return _join(jwt.encode(), [*draft.segments, _filler(count)])


def _filler(count: int) -> bytes:
    return Disclosure.write(bytes(16), f'{{"":"{"x" * count}"}}').segment


def _key_binding(shop: Workshop, document: str) -> str:
    """A key binding JWT (RFC 9901, 4.3) by a key that nobody knows."""
    payload = {"iat": int(ISSUED.timestamp()), "aud": "https://verifier.example", "nonce": "1"}
    payload["sd_hash"] = _digest(document.encode())
    header = b'{"alg":"ES256","typ":"kb+jwt"}'
    return shop.signed_by(shop.stranger, header, json.dumps(payload).encode())


def _segments(shop: Workshop) -> Iterator[Named]:
    """One disclosure that is written otherwise than it should be; its digest is signed."""
    draft = Draft.of(full_record())
    segment = draft.segments[_FINAL]
    text = b64url_decode(segment).decode()
    salt, value = text[2:24], text[26:-1]
    shape, unfit = malformed("disclosure-shape"), malformed("disclosure-salt")
    claim = malformed("disclosure-claim")
    alphabet, padding = malformed("base64-alphabet"), malformed("base64-padding")
    spelling = malformed("not-canonical")
    texts: dict[str, tuple[str, str, Expect]] = {
        "disclosure-of-a-claim": (
            "A disclosure in three parts, which would put another issuer over the one that signed",
            f'["{salt}","issuer",{{"id":"{OTHER_ISSUER}","type":["Profile"],"name":"Other"}}]',
            claim,
        ),
        "disclosure-of-a-new-claim": (
            "A disclosure in three parts, which would add a claim",
            f'["{salt}","evidence",{value}]',
            claim,
        ),
        "disclosure-four-parts": ("In four parts", f'["{salt}","a","b",{value}]', shape),
        "disclosure-salt-only": ("A salt only", f'["{salt}"]', shape),
        "disclosure-without-salt": ("No salt", f"[{value}]", shape),
        "disclosure-array-empty": ("An empty array", "[]", shape),
        "disclosure-object": ("No array", value, shape),
        "disclosure-value-string": ("A string is disclosed", f'["{salt}","98.5"]', shape),
        "disclosure-value-array": ("An array is disclosed", f'["{salt}",[{value}]]', shape),
        "disclosure-value-null": ("null is disclosed", f'["{salt}",null]', shape),
        "disclosure-salt-short": (
            "A salt of 15 bytes, one too few",
            f'["{salt[:20]}",{value}]',
            unfit,
        ),
        "disclosure-salt-long": ("A salt of 17 bytes", f'["{salt}A",{value}]', unfit),
        "disclosure-salt-empty": ("An empty salt", f'["",{value}]', unfit),
        "disclosure-salt-stray-bits": (
            "A stray bit behind the last byte of the salt",
            f'["{with_stray_bits(salt, 0)}",{value}]',
            unfit,
        ),
        "disclosure-salt-number": ("The salt is a number", f"[17,{value}]", shape),
        "disclosure-white-space": (
            "A space between salt and value, as JSON libraries write it",
            f'["{salt}", {value}]',
            spelling,
        ),
        "disclosure-line-end": ("A line end behind the array", f"{text}\n", spelling),
        "disclosure-not-json": ("The array is not closed", text[:-1], malformed("not-json")),
        "disclosure-two-values": ("A second array behind it", text * 2, malformed("not-json")),
        "disclosure-depth-33": (
            "An object is disclosed that is nested 33 deep, one more than is read",
            f'["{salt}",{{"":{"[" * 32}{"]" * 32}}}]',
            malformed("too-deep"),
        ),
    }
    for name, (description, changed, expect) in texts.items():
        yield name, _disclosing(shop, draft, _encode(changed), description, expect)
    raw: dict[str, tuple[str, bytes, Expect]] = {
        "disclosure-padding": ("With padding", segment + b"=" * (-len(segment) % 4), padding),
        "disclosure-tab": ("A tab in front of it", b"\t" + segment, alphabet),
        "disclosure-space": ("A space in it", segment[:9] + b" " + segment[9:], alphabet),
        "disclosure-plus-sign": (
            "A plus sign, from the other base64 alphabet",
            b"+" + segment[1:],
            alphabet,
        ),
        "disclosure-tail-bits": (
            "A stray bit behind its last byte",
            with_stray_bits(_open_end(segment).decode(), 0).encode(),
            malformed("base64-tail-bits"),
        ),
        "disclosure-not-base64": ("Plain JSON", text.encode(), alphabet),
        "disclosure-not-utf8": (
            "A byte of it is Latin-1",
            _encode(text.encode().replace(b"Completed", b"Compl\xe9ted")),
            malformed("not-utf8"),
        ),
        "disclosure-byte-order-mark": (
            "A byte order mark before it",
            _encode(b"\xef\xbb\xbf" + text.encode()),
            malformed("not-json"),
        ),
    }
    for name, (description, changed_segment, expect) in raw.items():
        yield name, _disclosing(shop, draft, changed_segment, description, expect)


def _open_end(segment: bytes) -> bytes:
    """A disclosure that does not end with a whole group of three bytes."""
    text = b64url_decode(segment).decode()
    values = (text, text.replace("82.5", "82.25"), text.replace("82.5", "82"))
    return next(one for one in map(_encode, values) if len(one) % 4)


def _disclosing(
    shop: Workshop, draft: Draft, segment: bytes, description: str, expect: Expect
) -> Vector:
    document = draft.with_segment(_FINAL, segment).sign(shop.es256)
    return vector(shop, description, document, expect)


def _payloads(shop: Workshop) -> Iterator[Named]:
    draft, world = Draft.of(full_record()), shop.es256
    for edit in PAYLOAD_EDITS:
        changed = draft._replace(payload=replace_once(draft.payload, edit.old, edit.new))
        expect = rejected(edit.reason, edit.detail)
        yield edit.name, vector(shop, edit.description, changed.sign(world), expect)
    first = _digest(draft.segments[1])
    results = draft.payload[draft.payload.index('"result":[') :].partition("]")[0]
    several = ",".join([results, *(f'{{"...":"{_digest(b"%d" % n)}"}}' for n in range(86))])
    cases: dict[str, tuple[str, str, Expect]] = {
        "digest-twice": (
            "One digest for two results, and the other one's disclosure withheld",
            draft.with_digest(2, first).sign(world, (0, 1)),
            inconsistent("disclosure-twice"),
        ),
        "digest-missing": (
            "A digest less than results that could be achieved",
            draft._replace(payload=replace_once(draft.payload, f'{{"...":"{first}"}},', "")).sign(
                world, (0,)
            ),
            inconsistent("result-mismatch"),
        ),
        "digests-101": (
            "Digests of 101 results, and 100 are read",
            draft._replace(payload=replace_once(draft.payload, results, several)).sign(world),
            inconsistent("wrong-value"),
        ),
    }
    for name, (description, text, expect) in cases.items():
        yield name, vector(shop, description, text, expect)


def _values(shop: Workshop) -> Iterator[Named]:
    draft, world = Draft.of(full_record()), shop.es256
    for edit in VALUE_EDITS:
        changed = draft.with_value(edit.number, edit.old, edit.new)
        expect = rejected(edit.reason, edit.detail)
        yield (
            f"disclosed-{edit.name}",
            vector(shop, edit.description, changed.sign(world), expect),
        )
    name, first, second = draft.segments[_NAME], draft.segments[1], draft.segments[2]
    moved = Draft(draft.payload.replace(_digest(first), "x"), draft.segments)
    moved = moved._replace(payload=replace_once(moved.payload, _digest(name), _digest(first)))
    moved = moved._replace(payload=replace_once(moved.payload, '"x"', f'"{_digest(name)}"'))
    swapped = draft.with_digest(1, "x").with_digest(2, _digest(first))
    swapped = swapped._replace(payload=replace_once(swapped.payload, '"x"', f'"{_digest(second)}"'))
    cases = {
        "disclosed-name-for-a-result": (
            "The name in the place of a result, and the result in the place of the name",
            moved.sign(world, (1, 0, *_ALL[2:])),
            inconsistent("member-unknown"),
        ),
        "disclosed-results-exchanged": (
            "Two results in each other's place",
            swapped.sign(world, (0, 2, 1, *_ALL[3:])),
            inconsistent("result-mismatch"),
        ),
    }
    for label, (description, text, expect) in cases.items():
        yield label, vector(shop, description, text, expect)


def _signatures(shop: Workshop) -> Iterator[Named]:
    draft, world = Draft.of(full_record()), shop.es256
    whole = draft.sign(world)
    jwt, tilde, rest = whole.partition("~")
    header, payload, signature = jwt.split(".")
    mismatch = rejected("bad-signature", "signature-mismatch")
    other = draft.payload.replace('"valueMax":"100"', '"valueMax":"83"', 1).encode()
    stranger = world.header(typ=RECORD_TYPE, kid=key_url(ISSUER, shop.stranger.public_key))
    swapped = b64url_encode(world.header(typ="JWT").encode())
    cases: dict[str, tuple[str, str, Expect]] = {
        "changed-payload": (
            "A maximum was changed after signing",
            f"{header}.{b64url_encode(other)}.{signature}{tilde}{rest}",
            mismatch,
        ),
        "changed-typ": (
            "A record's signature under the header of a certificate, without a tilde",
            f"{swapped}.{payload}.{signature}",
            mismatch,
        ),
        "high-s": (
            "The other signature that textbook ECDSA accepts",
            shop.with_signature(high_s, jwt) + tilde + rest,
            rejected("bad-signature", "signature-high-s"),
        ),
        "signature-of-a-certificate": (
            "The signature of a certificate of the same institution",
            f"{header}.{payload}.{shop.document().rpartition('.')[2]}{tilde}{rest}",
            mismatch,
        ),
        "signed-by-a-stranger": (
            "Signed by another key than the one that kid names",
            shop.signed_by(
                shop.stranger, world.header(typ=RECORD_TYPE).encode(), draft.payload.encode()
            )
            + tilde
            + rest,
            mismatch,
        ),
        "unknown-key": (
            "A key that the manifest does not name, at the right place",
            shop.signed_by(shop.stranger, stranger.encode(), draft.payload.encode()) + tilde + rest,
            undecided("unknown-key"),
        ),
    }
    for name, (description, text, expect) in cases.items():
        yield name, vector(shop, description, text, expect)


def _circumstances(shop: Workshop) -> Iterator[Named]:
    draft, world = Draft.of(full_record()), shop.es256
    whole, nameless = draft.sign(world), draft.sign(world, _ALL[1:])
    certificate = str(code_of(shop.document()))
    bundle = Bundle(whole, course().text).encode().decode()
    learner = {"learner": record().learner}
    second = timedelta(seconds=1)
    cases: dict[str, tuple[str, str, Expect, dict[str, Any]]] = {
        "learner-withheld": (
            "A name was asked for, and the record does not show one",
            nameless,
            undecided("learner-withheld"),
            {"policy": learner},
        ),
        "policy-learner": (
            "Another name was asked for than the one that is shown",
            whole,
            rejected("policy-learner"),
            {"policy": {"learner": "Ada Lovelace"}},
        ),
        "policy-course": (
            "Another course was asked for, and a name that is not shown: refusal goes before doubt",
            nameless,
            rejected("policy-course"),
            {"policy": {"course": "quantum-field-theory", **learner}},
        ),
        "not-yet-valid": (
            "A second before validFrom",
            whole,
            Expect("not standing", "not-yet-valid"),
            {"at": ISSUED - second},
        ),
        "expired": (
            "At the moment of validUntil",
            whole,
            Expect("not standing", "expired"),
            {"at": UNTIL},
        ),
        "code-of-the-certificate": (
            "The code of the certificate",
            whole,
            rejected("code-mismatch", "code-of-another-document"),
            {"code": certificate},
        ),
        "course-altered": (
            "A word of the course document beside the record was changed",
            bundle.replace("no mathematics", "some mathematics"),
            undecided("course-digest-mismatch"),
            {},
        ),
    }
    for name, (description, text, expect, more) in cases.items():
        yield name, vector(shop, description, text, expect, **more)


RECORD_SECTIONS: tuple[Callable[[Workshop], Iterator[Named]], ...] = (
    _accepted,
    _kinds,
    _parts,
    _segments,
    _payloads,
    _values,
    _signatures,
    _circumstances,
)
