"""Makes the vectors: ``python -m tests.vectors.generate DIRECTORY``.

Keys are made for the occasion and forgotten, so every run makes other bytes with the same names,
descriptions and expectations. What is committed is golden, and never overwritten by this.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from signedcert.carriers.bundle import Bundle
from signedcert.core.encoding import b64url_encode
from signedcert.core.jws import MAX_COMPACT
from signedcert.core.keys import P256_ORDER
from signedcert.trust.entries import key_url
from tests.reference import ISSUED, ISSUER, NAME, course, credential
from tests.vectors.edits import EDITS
from tests.vectors.log_files import PROOF_SECTIONS
from tests.vectors.logs import SCENE_SECTIONS, Logbook
from tests.vectors.model import FOLDERS, Expect, Vector
from tests.vectors.press import Press
from tests.vectors.records import RECORD_SECTIONS
from tests.vectors.status_files import FILE_SECTIONS
from tests.vectors.status_signatures import SIGNATURE_SECTIONS
from tests.vectors.statuses import VERDICT_SECTIONS
from tests.vectors.verdicts import AUTHENTIC, Named, malformed, rejected, undecided, vector
from tests.vectors.workshop import (
    EXP,
    NBF,
    OTHER_ISSUER,
    UNTIL,
    Workshop,
    add_order,
    code_of,
    cofactored,
    der,
    full_credential,
    high_s,
    parse,
    replace_once,
    with_stray_bits,
)

_NO_DOCUMENT = Expect("unreadable", "no-document", "no-document")


def generate() -> tuple[dict[str, Vector], dict[str, bytes]]:
    """The vectors by folder and name, and the trust files that they refer to."""
    shop = Workshop()
    press = Press.make(shop)
    book = Logbook.make(shop)
    vectors: dict[str, Vector] = {}
    for folder, made in (
        ("certificate", chain.from_iterable(make(shop) for make in _SECTIONS)),
        ("record", chain.from_iterable(make(shop) for make in RECORD_SECTIONS)),
        ("status", chain.from_iterable(make(press) for make in _STATUS_SECTIONS)),
        ("log", chain.from_iterable(make(book) for make in _LOG_SECTIONS)),
    ):
        for name, one in made:
            if f"{folder}/{name}" in vectors:
                message = f"{folder}/{name} twice"
                raise ValueError(message)
            vectors[f"{folder}/{name}"] = one
    return vectors, shop.files


def write(directory: Path) -> int:
    """Writes all folders under a directory that has none of them."""
    vectors, files = generate()
    for folder in (*FOLDERS, "trust"):
        (directory / folder).mkdir(parents=True)
    for name, one in vectors.items():
        (directory / f"{name}.json").write_text(one.encode(), "utf-8")
    for name, data in files.items():
        (directory / "trust" / f"{name}.json").write_bytes(data)
    return len(vectors)


def _accepted(shop: Workshop) -> Iterator[Named]:
    document = shop.document()
    code = str(code_of(document))
    bundle = Bundle(document, course().text).encode().decode()
    asked = {"issuer": ISSUER, "course": course().id, "learner": "MARÍA-JOSÉ  nguyễn"}
    cases: dict[str, tuple[str, str, dict[str, Any]]] = {
        "valid-es256": ("A certificate, ES256", shop.document(credential().encode()), {}),
        "valid-ed25519": (
            "A certificate, Ed25519",
            shop.document(world=shop.ed25519),
            {"institution": shop.usual(shop.ed25519)},
        ),
        "valid-every-member": ("With a start of the course and an end of validity", document, {}),
        "valid-typ-absent": ("No typ in the header", shop.with_header_members(typ=None), {}),
        "valid-typ-vc": ("typ is vc+jwt", shop.with_header_members(typ="vc+jwt"), {}),
        "valid-white-space-around": ("Line ends around it", f"\r\n {document}\n", {}),
        "valid-bundle-with-course": ("A bundle with the course that was signed", bundle, {}),
        "valid-retired-key": (
            "The key is retired, which takes nothing from what it signed",
            document,
            {"institution": shop.with_key("retired", state="retired")},
        ),
        "valid-without-proof": (
            "The institution has a log, and the key does not ask for a proof",
            document,
            {"institution": shop.with_log},
        ),
        "valid-first-moment": ("At the moment of validFrom", document, {"at": ISSUED}),
        "valid-code-as-typed": (
            "With its code in lower case, and other separators",
            document,
            {"code": code.lower().replace("-", " / ")},
        ),
        "valid-code-four-unreadable": (
            "With its code, of which one group is covered",
            document,
            {"code": "????" + code[4:]},
        ),
        "valid-policy": ("What is asked for is there", document, {"policy": asked}),
    }
    for name, (description, text, more) in cases.items():
        yield name, vector(shop, description, text, AUTHENTIC, **more)


def _serialisation(shop: Workshop) -> Iterator[Named]:
    document = shop.document()
    header, payload, signature = document.split(".")
    typed = shop.with_header_members(typ="vc+jwt")
    middle = len(payload) // 2
    cases: dict[str, tuple[str, str, Expect]] = {
        "truncated-in-payload": (
            "Cut off in the payload",
            document[: len(header) + middle],
            malformed("not-three-parts"),
        ),
        "truncated-in-signature": (
            "Cut off six characters before the end",
            document[:-6],
            rejected("bad-signature", "signature-length"),
        ),
        "truncated-last-character": (
            "The last character is missing",
            document[:-1],
            malformed("base64-length"),
        ),
        "two-parts": (
            "No signature part",
            f"{header}.{payload}",
            malformed("not-three-parts"),
        ),
        "four-parts": (
            "A fourth part",
            f"{document}.{signature}",
            malformed("not-three-parts"),
        ),
        "signature-empty": (
            "An empty signature part",
            f"{header}.{payload}.",
            rejected("bad-signature", "signature-length"),
        ),
        "padding": ("Padding behind the signature", f"{document}==", malformed("base64-padding")),
        "plus-sign": (
            "A plus sign, from the other base64 alphabet",
            f"{header}.{payload}.+{signature[1:]}",
            malformed("base64-alphabet"),
        ),
        "slash": (
            "A slash, from the other base64 alphabet",
            f"{header}.{payload}.{signature[:9]}/{signature[10:]}",
            malformed("base64-alphabet"),
        ),
        "line-broken": (
            "Broken into two lines, as by an e-mail program",
            f"{header}.{payload[:middle]}\n{payload[middle:]}.{signature}",
            malformed("base64-alphabet"),
        ),
        "letter-not-ascii": (
            "A letter in it that is not ASCII, and looks like one that is",
            f"{header}.{payload[:middle]}\u0430{payload[middle + 1 :]}.{signature}",
            malformed("base64-alphabet"),
        ),
        "tail-bits-header": (
            "A stray bit behind the last byte of the header",
            with_stray_bits(typed, 0),
            malformed("base64-tail-bits"),
        ),
        "tail-bits-payload": (
            "A stray bit behind the last byte of the payload",
            with_stray_bits(_with_open_end(shop), 1),
            malformed("base64-tail-bits"),
        ),
        "tail-bits-signature": (
            "A stray bit behind the last byte of the signature",
            with_stray_bits(document, 2),
            malformed("base64-tail-bits"),
        ),
        "over-64-kib": (
            "A byte over 64 KiB",
            _of_length(shop, MAX_COMPACT + 1),
            malformed("too-large"),
        ),
        "encrypted": (
            "A JWE, in five parts",
            "eyJhbGciOiJkaXIifQ..YWJjZGVmZ2hpamts.YWJj.YWJjZGVmZ2hpamtsbW5vcA",
            malformed("not-three-parts"),
        ),
    }
    for name, (description, text, expect) in cases.items():
        yield name, vector(shop, description, text, expect)


def _with_open_end(shop: Workshop) -> str:
    """A document whose payload does not end with a whole group of three bytes."""
    ids = (credential().course, "a-course", "a-b-course")
    payloads = (full_credential()._replace(course=one).encode() for one in ids)
    return shop.document(next(payload for payload in payloads if len(payload) % 3))


def _of_length(shop: Workshop, length: int) -> str:
    """A well-signed document of so many bytes, by the learner's name."""
    room = (length - len(shop.document())) * 3 // 4
    letters = range(room - 16, room + 16)
    documents = (
        shop.edited('"identityHash":"', '"identityHash":"' + "x" * count) for count in letters
    )
    return next(document for document in documents if len(document) >= length)


def _payloads(shop: Workshop) -> Iterator[Named]:
    for edit in EDITS:
        expect = rejected(edit.reason, edit.detail)
        yield (
            edit.name,
            vector(shop, edit.description, shop.edited(edit.old, edit.new), expect),
        )
    payload = shop.payload
    raw = payload.encode()
    cases: dict[str, tuple[str, bytes, Expect]] = {
        "payload-not-utf8": (
            "A byte of the learner's name is Latin-1",
            raw.replace("í".encode(), b"\xed"),
            malformed("not-utf8"),
        ),
        "payload-surrogate-in-utf8": (
            "Half of a surrogate pair in the learner's name, as UTF-8 does not allow it",
            raw.replace("í".encode(), b"\xed\xa0\x80"),
            malformed("not-utf8"),
        ),
        "payload-byte-order-mark": (
            "A byte order mark before the payload",
            b"\xef\xbb\xbf" + raw,
            malformed("not-json"),
        ),
        "payload-empty": ("An empty payload", b"", malformed("not-json")),
        "payload-array": (
            "The credential in an array",
            b"[" + raw + b"]",
            rejected("claims-inconsistent", "wrong-type"),
        ),
        "validity-reversed": (
            "Valid until the second in which it becomes valid",
            payload.replace(str(EXP), str(NBF))
            .replace('"2028-06-30T10:30:00Z"', '"2026-07-01T10:30:00Z"')
            .encode(),
            rejected("claims-inconsistent", "validity-reversed"),
        ),
        "time-at-24": (
            "Valid from 24:00:00, a second spelling of midnight",
            payload.replace(str(NBF), "1782950400")
            .replace('"2026-07-01T10:30:00Z"', '"2026-07-01T24:00:00Z"')
            .encode(),
            rejected("claims-inconsistent", "wrong-value"),
        ),
        "title-too-long": (
            "The title has 257 bytes, in both places",
            payload.replace(f'"name":"{course().title}"', f'"name":"{"x" * 257}"').encode(),
            rejected("claims-inconsistent", "text-too-long"),
        ),
    }
    for name, (description, data, expect) in cases.items():
        document = shop.signed_by(shop.es256.key, shop.es256.header().encode(), data or None)
        if not data:
            document = shop.document(b"")
        yield name, vector(shop, description, document, expect)


def _headers(shop: Workshop) -> Iterator[Named]:
    kid = shop.es256.header().kid or ""
    jwk = shop.es256.key.public_key.to_jwk()
    members: dict[str, tuple[str, dict[str, object], Expect]] = {
        "header-crit": ("crit", {"crit": ["exp"]}, malformed("header-parameter")),
        "header-jwk": ("A key in the header", {"jwk": jwk}, malformed("header-parameter")),
        "header-jku": (
            "A URL of keys in the header",
            {"jku": "https://courses.example.org/jwks.json"},
            malformed("header-parameter"),
        ),
        "header-x5c": (
            "A chain of X.509 certificates in the header",
            {"x5c": ["MIIB"]},
            malformed("header-parameter"),
        ),
        "header-b64": ("b64, of RFC 7797", {"b64": False}, malformed("header-parameter")),
        "header-cty": ("A content type", {"cty": "vc"}, malformed("header-parameter")),
        "typ-sd-jwt": (
            "typ is that of a course record",
            {"typ": "vc+sd-jwt"},
            malformed("typ-unexpected"),
        ),
        "typ-unknown": (
            "typ is that of an access token",
            {"typ": "at+jwt"},
            malformed("typ-unexpected"),
        ),
        "typ-lower-case": ("typ in lower case", {"typ": "jwt"}, malformed("typ-unexpected")),
        "alg-none": ("alg is none", {"alg": "none"}, malformed("wrong-value")),
        "alg-hs256": (
            "alg is HS256, with which a public key is taken for a secret",
            {"alg": "HS256"},
            malformed("wrong-value"),
        ),
        "alg-es384": ("alg is ES384", {"alg": "ES384"}, malformed("wrong-value")),
        "alg-eddsa": (
            "alg is EdDSA, the older name that names no curve",
            {"alg": "EdDSA"},
            malformed("wrong-value"),
        ),
        "alg-missing": ("No alg", {"alg": None}, malformed("member-missing")),
        "alg-number": ("alg is a number", {"alg": 256}, malformed("wrong-type")),
        "alg-ed25519-for-es256-key": (
            "alg is Ed25519, the key is one for ES256",
            {"alg": "Ed25519"},
            rejected("key-not-authorised", "algorithm-mismatch"),
        ),
        "kid-missing": ("No kid", {"kid": None}, malformed("member-missing")),
        "kid-fragment": (
            "kid has a fragment",
            {"kid": f"{kid}#key"},
            rejected("key-not-authorised", "kid-not-under-issuer"),
        ),
        "kid-thumbprint-only": (
            "kid is the thumbprint, no URL",
            {"kid": kid.rpartition("/")[2]},
            rejected("key-not-authorised", "kid-not-under-issuer"),
        ),
        "kid-http": (
            "kid is an http URL",
            {"kid": kid.replace("https:", "http:")},
            rejected("key-not-authorised", "kid-not-under-issuer"),
        ),
        "kid-longer-host": (
            "kid is at a host whose name begins with the issuer's",
            {"kid": kid.replace(ISSUER, f"{ISSUER}.example.org")},
            rejected("key-not-authorised", "kid-not-under-issuer"),
        ),
        "kid-too-long": (
            "kid has 1024 characters, more than any header needs",
            {"kid": kid.ljust(1024, "x")},
            malformed("too-large"),
        ),
    }
    for name, (description, changes, expect) in members.items():
        document = shop.with_header_members(**changes)
        yield name, vector(shop, description, document, expect)
    texts: dict[str, tuple[str, Callable[[str], str | bytes], Expect]] = {
        "header-reordered": (
            "kid before alg",
            lambda _: f'{{"kid":"{kid}","alg":"ES256","typ":"JWT"}}',
            malformed("header-spelling"),
        ),
        "header-white-space": (
            "A space in the header",
            lambda text: replace_once(text, '"alg":', '"alg": '),
            malformed("not-canonical"),
        ),
        "header-duplicate-alg": (
            "alg stands twice, with two values",
            lambda text: replace_once(text, '{"alg":', '{"alg":"none","alg":'),
            malformed("duplicate-member"),
        ),
        "header-escaped-letter": (
            "A letter of alg as an escape",
            lambda text: replace_once(text, '"ES256"', r'"ES\u003256"'),
            malformed("not-canonical"),
        ),
        "header-not-json": (
            "The header ends before its brace",
            lambda text: text[:-1],
            malformed("not-json"),
        ),
        "header-not-utf8": (
            "A byte of the header is not UTF-8",
            lambda text: text.encode().replace(b"JWT", b"JW\xff"),
            malformed("not-utf8"),
        ),
    }
    for name, (description, edit, expect) in texts.items():
        yield name, vector(shop, description, shop.with_header(edit), expect)


def _changed_bytes(shop: Workshop) -> Iterator[Named]:
    document = shop.document()
    header, payload, signature = document.split(".")
    other_payload = full_credential()._replace(learner="Maria-José Nguyễn").encode()
    swapped = b64url_encode(shop.es256.header(typ="vc+jwt").encode())
    kid = shop.es256.header().kid or ""
    other_kid = shop.es256.header(kid=kid[:-1] + ("A" if kid[-1] != "A" else "B"))
    mismatch = rejected("bad-signature", "signature-mismatch")
    cases: dict[str, tuple[str, str, Expect]] = {
        "changed-payload": (
            "A letter of the learner's name was changed after signing",
            f"{header}.{b64url_encode(other_payload)}.{signature}",
            mismatch,
        ),
        "changed-header": (
            "typ was changed after signing, to another one that is allowed",
            f"{swapped}.{payload}.{signature}",
            mismatch,
        ),
        "changed-kid": (
            "A character of kid was changed after signing",
            f"{other_kid.segment()}.{payload}.{signature}",
            undecided("unknown-key"),
        ),
        "changed-signature": (
            "A bit of the signature was changed",
            shop.with_signature(lambda raw: bytes([raw[0] ^ 1]) + raw[1:]),
            mismatch,
        ),
        "signed-by-a-stranger": (
            "Signed by another key than the one that kid names",
            shop.signed_by(shop.stranger, shop.es256.header().encode()),
            mismatch,
        ),
        "signature-of-another-certificate": (
            "The signature of another certificate of the same institution",
            f"{header}.{payload}.{shop.document(credential().encode()).rpartition('.')[2]}",
            mismatch,
        ),
    }
    for name, (description, text, expect) in cases.items():
        yield name, vector(shop, description, text, expect)


def _signatures(shop: Workshop) -> Iterator[Named]:
    out_of_range = rejected("bad-signature", "signature-out-of-range")
    length = rejected("bad-signature", "signature-length")
    mismatch = rejected("bad-signature", "signature-mismatch")
    order = P256_ORDER.to_bytes(32)
    es256: dict[str, tuple[str, Callable[[bytes], bytes], Expect]] = {
        "es256-high-s": (
            "The other signature that textbook ECDSA accepts: a second code for one document",
            high_s,
            rejected("bad-signature", "signature-high-s"),
        ),
        "es256-r-zero": ("r is 0", lambda raw: bytes(32) + raw[32:], out_of_range),
        "es256-s-zero": ("s is 0", lambda raw: raw[:32] + bytes(32), out_of_range),
        "es256-all-zero": ("r and s are 0 (CVE-2022-21449)", lambda _: bytes(64), out_of_range),
        "es256-r-order": ("r is the group order", lambda raw: order + raw[32:], out_of_range),
        "es256-s-order": ("s is the group order", lambda raw: raw[:32] + order, out_of_range),
        "es256-63-bytes": ("A signature of 63 bytes", lambda raw: raw[:-1], length),
        "es256-65-bytes": ("A signature of 65 bytes", lambda raw: raw + b"\0", length),
        "es256-der": ("A signature in DER", der, length),
        "es256-r-s-swapped": (
            "s before r",
            lambda raw: raw[32:] + min(raw[:32], high_s(raw[32:] + raw[:32])[32:]),
            mismatch,
        ),
    }
    for name, (description, change, expect) in es256.items():
        yield name, vector(shop, description, shop.with_signature(change), expect)
    document = shop.document(world=shop.ed25519)
    signing_input = parse(document).signing_input
    ed25519: dict[str, tuple[str, Callable[[bytes], bytes], Expect]] = {
        "ed25519-s-plus-order": (
            "S + L for S: a second code for one document",
            add_order,
            mismatch,
        ),
        "ed25519-cofactored": (
            "R has a part of order 8, so that only the check with cofactor accepts it",
            lambda _: cofactored(shop.ed25519.key, signing_input),
            mismatch,
        ),
        "ed25519-63-bytes": ("An Ed25519 signature of 63 bytes", lambda raw: raw[:-1], length),
        "ed25519-changed": (
            "A bit of R was changed",
            lambda raw: bytes([raw[0] ^ 1]) + raw[1:],
            mismatch,
        ),
    }
    institution = shop.usual(shop.ed25519)
    for name, (description, change, expect) in ed25519.items():
        text = shop.with_signature(change, document)
        yield name, vector(shop, description, text, expect, institution=institution)
    text = shop.signed_by(shop.ed25519.key, shop.ed25519.header(alg="ES256").encode())
    yield (
        "alg-es256-for-ed25519-key",
        vector(
            shop,
            "alg is ES256, the key is one for Ed25519",
            text,
            rejected("key-not-authorised", "algorithm-mismatch"),
            institution=institution,
        ),
    )


def _issuers(shop: Workshop) -> Iterator[Named]:
    neighbour, known = shop.neighbour()
    not_its_key = rejected("key-not-authorised", "kid-not-under-issuer")
    elsewhere = full_credential()._replace(issuer=OTHER_ISSUER).encode()
    neighbours_kid = key_url(OTHER_ISSUER, neighbour.key.public_key)
    header = replace(shop.es256.header(), kid=neighbours_kid).encode()
    stranger_kid = key_url(ISSUER, shop.stranger.public_key)
    cases: dict[str, tuple[str, str, Expect, dict[str, Any]]] = {
        "key-of-another-institution": (
            "Signed by another institution, known as well, in the name of this one",
            shop.signed_by(neighbour.key, header),
            not_its_key,
            {"other": known},
        ),
        "key-of-an-unknown-institution": (
            "Signed by another institution, not known here, in the name of this one",
            shop.signed_by(neighbour.key, header),
            not_its_key,
            {},
        ),
        "issuer-of-another-institution": (
            "Signed by this institution in the name of another one",
            shop.document(elsewhere),
            not_its_key,
            {},
        ),
        "unknown-issuer": (
            "Another institution's certificate; it may well be good",
            shop.signed_by(neighbour.key, header, elsewhere),
            undecided("unknown-issuer"),
            {},
        ),
        "unknown-key": (
            "A key that the manifest does not name, at the right place",
            shop.signed_by(shop.stranger, shop.es256.header(kid=stranger_kid).encode()),
            undecided("unknown-key"),
            {},
        ),
    }
    for name, (description, text, expect, more) in cases.items():
        yield name, vector(shop, description, text, expect, **more)


def _keys(shop: Workshop) -> Iterator[Named]:
    document = shop.document()
    role = rejected("key-not-authorised", "key-role")
    with_proof = Bundle(document, proof="c2sp.org/tlog-proof@v1\n").encode().decode()
    cases = {
        "key-role-snapshot": (
            "Signed by a key for snapshots",
            shop.with_key("role-snapshot", role="snapshot"),
            role,
        ),
        "key-role-log": ("Signed by a key for logs", shop.with_key("role-log", role="log"), role),
        "key-pre-published": (
            "Signed by a key that is announced, and not in use yet",
            shop.with_key("pre-published", state="pre-published"),
            undecided("key-pre-published"),
        ),
        "key-void": (
            "Signed by a key that never counted",
            shop.with_key("void", state="void"),
            rejected("key-void"),
        ),
        "key-compromised": (
            "Signed by a stolen key, with no proof of when",
            shop.with_key("compromised", state="compromised"),
            undecided("proof-missing", "key-compromised"),
        ),
        "logged-required": (
            "The key asks for a proof of the place in the log, and there is none",
            shop.with_key("logged-required", logged="required"),
            undecided("proof-missing", "logged-required"),
        ),
        "logged-anchored": (
            "The key asks for a proof under a landmark, and there is none",
            shop.with_key("logged-anchored", logged="anchored"),
            undecided("proof-missing", "logged-anchored"),
        ),
        "trust-fork": (
            "The root keys signed two successors of version 1, and neither rotates them",
            shop.forked(),
            undecided("trust-fork"),
        ),
        "status-unknown": (
            "The institution publishes status lists, and none is at hand",
            shop.with_status(),
            undecided("status-unknown"),
        ),
    }
    for name, (description, institution, expect) in cases.items():
        yield name, vector(shop, description, document, expect, institution=institution)
    yield (
        "proof-unreadable",
        vector(
            shop,
            "A proof that holds nothing",
            with_proof,
            undecided("proof-invalid", "proof-shape"),
            institution=shop.with_log,
        ),
    )


def _bundles(shop: Workshop) -> Iterator[Named]:
    document = shop.document()
    bundle = Bundle(document, course().text).encode().decode()
    plain = Bundle(document).encode().decode()
    header = document.partition(".")[0]
    other_course = undecided("course-digest-mismatch")
    cases: dict[str, tuple[str, str, Expect]] = {
        "course-altered": (
            "A word of the course document beside the certificate was changed",
            bundle.replace("no mathematics", "some mathematics"),
            other_course,
        ),
        "course-respelled": (
            "The course document beside the certificate has lost its last character, a line end",
            Bundle(document, course().text.rstrip("\n")).encode().decode(),
            other_course,
        ),
        "course-damaged": (
            "A number where the course document should be; the certificate is none the worse",
            plain[:-1] + ',"course":17}',
            other_course,
        ),
        "bundle-unknown-member": (
            "A member that bundles do not have",
            plain[:-1] + ',"receipt":""}',
            malformed("member-unknown"),
        ),
        "bundle-version-2": (
            "A bundle of a later version",
            plain.replace('"version":1', '"version":2'),
            malformed("wrong-value"),
        ),
        "bundle-version-string": (
            "The version is a string",
            plain.replace('"version":1', '"version":"1"'),
            malformed("wrong-type"),
        ),
        "bundle-member-order": (
            "The course before the document",
            f'{{"version":1,"course":"","document":"{document}"}}',
            malformed("member-order"),
        ),
        "bundle-document-missing": (
            "No document",
            '{"version":1,"course":""}',
            malformed("member-missing"),
        ),
        "bundle-document-number": (
            "The document is a number",
            '{"version":1,"document":1}',
            malformed("wrong-type"),
        ),
        "bundle-two-documents": (
            "Two documents",
            plain[:-1] + f',"document":"{document}"}}',
            malformed("duplicate-member"),
        ),
        "bundle-white-space": (
            "A space between members",
            plain.replace('1,"', '1, "'),
            malformed("not-canonical"),
        ),
        "bundle-truncated": ("Cut off", bundle[:-20], malformed("not-json")),
        "bundle-white-space-in-document": (
            "A space in the document",
            plain.replace(header, f"{header} "),
            malformed("base64-alphabet"),
        ),
        "bundle-white-space-around-document": (
            "A space before the document",
            plain.replace(header, f" {header}"),
            malformed("base64-alphabet"),
        ),
    }
    for name, (description, text, expect) in cases.items():
        yield name, vector(shop, description, text, expect)


def _nothing(shop: Workshop) -> Iterator[Named]:
    cases = {
        "no-document-empty": ("An empty file", ""),
        "no-document-html": ("A web page", "<!DOCTYPE html>\n<title>Certificate</title>\n"),
        "no-document-json": ("A credential with nobody's signature", shop.payload),
    }
    for name, (description, text) in cases.items():
        yield name, vector(shop, description, text, _NO_DOCUMENT)
    begun = "%PDF-1.7\n1 0 obj\n<< >>\nendobj\n"
    expect = Expect("unreadable", "no-document", "carrier-damaged")
    yield "no-document-pdf", vector(shop, "The beginning of a PDF", begun, expect)


def _circumstances(shop: Workshop) -> Iterator[Named]:
    document = shop.document()
    code = str(code_of(document))
    other = str(code_of(shop.document(credential().encode())))
    wrong = "0" if code[0] != "0" else "1"
    second = timedelta(seconds=1)
    mismatch = "code-mismatch"
    cases: dict[str, tuple[str, Expect, dict[str, Any]]] = {
        "not-yet-valid": (
            "A second before validFrom",
            Expect("not standing", "not-yet-valid"),
            {"at": ISSUED - second},
        ),
        "expired": (
            "Years after validUntil",
            Expect("not standing", "expired"),
            {"at": datetime(2031, 1, 1, tzinfo=UTC)},
        ),
        "expired-at-the-second": (
            "At the moment of validUntil, which does not belong to the period",
            Expect("not standing", "expired"),
            {"at": UNTIL},
        ),
        "code-of-another-certificate": (
            "The code of another certificate",
            rejected(mismatch, "code-of-another-document"),
            {"code": other},
        ),
        "code-mistyped": (
            "The first symbol of the code is wrong",
            rejected(mismatch, "code-check"),
            {"code": wrong + code[1:]},
        ),
        "code-too-short": (
            "The last symbol of the code is missing",
            rejected(mismatch, "code-length"),
            {"code": code[:-1]},
        ),
        "code-foreign-symbol": (
            "A symbol that codes do not have",
            rejected(mismatch, "code-symbol"),
            {"code": "U" + code[1:]},
        ),
        "code-five-unreadable": (
            "Five symbols of the code are unreadable",
            rejected(mismatch, "code-unreadable"),
            {"code": "????-?" + code[6:]},
        ),
        "code-unreadable-and-wrong": (
            "Four symbols are unreadable and one is wrong",
            rejected(mismatch, "code-check"),
            {"code": wrong + code[1:-4] + "????"},
        ),
        "policy-issuer": (
            "Another institution was asked for",
            rejected("policy-issuer"),
            {"policy": {"issuer": OTHER_ISSUER}},
        ),
        "policy-issuer-by-name": (
            "The institution was asked for by its name, which is not what a policy takes",
            rejected("policy-issuer"),
            {"policy": {"issuer": NAME}},
        ),
        "policy-course": (
            "Another course was asked for",
            rejected("policy-course"),
            {"policy": {"course": "quantum-field-theory"}},
        ),
        "policy-learner": (
            "The name was asked for without its accents",
            rejected("policy-learner"),
            {"policy": {"learner": "Maria-Jose Nguyen"}},
        ),
        "trust-stale": (
            "The manifest is 31 days old, and 30 days are allowed",
            undecided("trust-stale"),
            {"policy": {"max_trust_age": 30 * 86400}},
        ),
    }
    for name, (description, expect, more) in cases.items():
        yield name, vector(shop, description, document, expect, **more)


_SECTIONS = (
    _accepted,
    _serialisation,
    _payloads,
    _headers,
    _changed_bytes,
    _signatures,
    _issuers,
    _keys,
    _bundles,
    _nothing,
    _circumstances,
)
_LOG_SECTIONS = (*SCENE_SECTIONS, *PROOF_SECTIONS)
_STATUS_SECTIONS = (*VERDICT_SECTIONS, *SIGNATURE_SECTIONS, *FILE_SECTIONS)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.vectors.generate DIRECTORY")
    sys.stdout.write(f"{write(Path(sys.argv[1]))} vectors\n")
