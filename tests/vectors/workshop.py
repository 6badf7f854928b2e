"""Where defective documents are made: one institution of each algorithm, and its trust files."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

from signedcert.core.code import VerificationCode
from signedcert.core.encoding import b64url_encode
from signedcert.core.jws import CompactJWS
from signedcert.core.keys import P256_ORDER, PublicKey
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.private import PrivateKey
from signedcert.documents.openbadges import Credential
from signedcert.trust.entries import KeyEntry, Logged, Role, StatusPolicy, key_url
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import LOG_ALGORITHMS, LogEntry, log_origin
from signedcert.trust.manifest import KeyManifest, SignedManifest
from signedcert.trust.states import State
from tests.reference import ISSUED, ISSUER, World, credential, make_world
from tests.vectors.model import Institution

UNTIL = ISSUED + timedelta(days=730)
NBF = int(ISSUED.timestamp())
EXP = int(UNTIL.timestamp())
OTHER_ISSUER = "https://courses.example.org"

ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493


def full_credential() -> Credential:
    """The reference certificate with every optional field."""
    return credential()._replace(started=date(2026, 5, 11), valid_until=UNTIL)


def replace_once(text: str, old: str, new: str) -> str:
    """``text`` with ``new`` where ``old`` stands, which is in exactly one place."""
    if text.count(old) != 1:
        message = f"{old!r} stands {text.count(old)} times"
        raise ValueError(message)
    return text.replace(old, new)


@dataclass
class Workshop:
    """Fresh keys, and the manifests that were made with them, by file name."""

    es256: World = field(default_factory=make_world)
    ed25519: World = field(default_factory=lambda: make_world("Ed25519"))
    stranger: PrivateKey = field(default_factory=lambda: PrivateKey.generate("ES256"))
    files: dict[str, bytes] = field(default_factory=dict)

    # Trust

    def trust(self, name: str, *manifests: SignedManifest) -> Institution:
        """Files these manifests; the names differ from run to run, as the keys do."""
        names = []
        for signed in manifests:
            names.append(f"{name}-{signed.unverified.digest[:8]}")
            self.files[names[-1]] = signed.jws.encode()
        return Institution(tuple(names), manifests[0].unverified.pin)

    def usual(self, world: World | None = None) -> Institution:
        """The institution as it is: one active key."""
        world = world or self.es256
        return self.trust(world.key.algorithm.lower(), world.signed)

    def changed(self, name: str, **changes: object) -> Institution:
        """The institution, its manifest changed."""
        manifest = replace(self.es256.manifest, **changes)  # type: ignore[arg-type]
        return self.trust(name, sign_manifest(manifest, self.es256.roots))

    def with_key(
        self,
        name: str,
        state: State = "active",
        role: Role = "issue",
        logged: Logged = "expected",
    ) -> Institution:
        """The institution, its one key in another state or role."""
        entry = self.es256.manifest.keys[0]
        return self.changed(name, keys=(replace(entry, state=state, role=role, logged=logged),))

    @cached_property
    def with_log(self) -> Institution:
        """The institution, with a log."""
        keys = tuple(PrivateKey.generate(algorithm).public_key for algorithm in LOG_ALGORITHMS)
        log = LogEntry(log_origin(ISSUER), keys, "active", LandmarkList().landmarks)
        return self.changed("with-log", logs=(log,))

    def with_status(self) -> Institution:
        """The institution, publishing status lists."""
        return self.changed("with-status", status=StatusPolicy(7 * 86400))

    def forked(self) -> Institution:
        """The institution, whose root keys signed two successors of version 1."""
        first = self.es256.signed
        seconds = [
            sign_manifest(
                replace(
                    first.unverified,
                    version=2,
                    keys=(*first.unverified.keys, self._entry(PrivateKey.generate("ES256"))),
                ),
                self.es256.roots,
            )
            for _ in range(2)
        ]
        return self.trust("forked", first, *seconds)

    def neighbour(self) -> tuple[World, Institution]:
        """Another institution, known as well."""
        world = make_world()
        entry = replace(world.manifest.keys[0], url=key_url(OTHER_ISSUER, world.key.public_key))
        manifest: KeyManifest = replace(world.manifest, iss=OTHER_ISSUER, keys=(entry,))
        signed = sign_manifest(manifest, world.roots)
        return replace(world, signed=signed), self.trust("neighbour", signed)

    def _entry(self, key: PrivateKey) -> KeyEntry:
        public = key.public_key
        return replace(self.es256.manifest.keys[0], key=public, url=key_url(ISSUER, public))

    # Documents

    @property
    def payload(self) -> str:
        """The reference payload, every optional member present."""
        return full_credential().encode().decode()

    def document(self, payload: str | bytes | None = None, world: World | None = None) -> str:
        """A payload, signed by the issuing key."""
        payload = self.payload if payload is None else payload
        data = payload if isinstance(payload, bytes) else payload.encode()
        return (world or self.es256).sign(data).decode()

    def edited(self, old: str, new: str) -> str:
        """The reference payload with an edit in one place, then signed."""
        return self.document(replace_once(self.payload, old, new))

    def signed_by(self, key: PrivateKey, header: str | bytes, payload: bytes | None = None) -> str:
        """A document with any header."""
        data = header.encode() if isinstance(header, str) else header
        segments = map(b64url_encode, (data, payload or self.payload.encode()))
        signing_input = ".".join(segments)
        return f"{signing_input}.{b64url_encode(key.sign(signing_input.encode()))}"

    def with_header(self, edit: Callable[[str], str | bytes]) -> str:
        """A document whose header was edited as text, then signed."""
        return self.signed_by(self.es256.key, edit(self.es256.header().encode().decode()))

    def with_header_members(self, **members: object) -> str:
        """A document whose header has other members, then signed; None takes one away."""
        before = json.loads(self.es256.header().encode())
        after = {name: value for name, value in {**before, **members}.items() if value is not None}
        return self.with_header(lambda _: json.dumps(after, separators=(",", ":")))

    def with_signature(self, change: Callable[[bytes], bytes], document: str | None = None) -> str:
        """A good document with another signature."""
        document = document or self.document()
        signed, _, _ = document.rpartition(".")
        return f"{signed}.{b64url_encode(change(parse(document).signature))}"


def parse(document: str) -> CompactJWS:
    """The parts of a document."""
    return CompactJWS.parse(document.encode())


def code_of(document: str) -> VerificationCode:
    """The code of a document."""
    jws = parse(document)
    return VerificationCode.derive(jws.signing_input, jws.signature)


def with_stray_bits(document: str, part: int) -> str:
    """The document with a bit set behind the last byte of one of its three parts."""
    parts = document.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    if len(parts[part]) % 4 == 0:
        message = "this part ends with a whole byte"
        raise ValueError(message)
    last = alphabet.index(parts[part][-1])
    parts[part] = parts[part][:-1] + alphabet[last | 1]
    return ".".join(parts)


def high_s(signature: bytes) -> bytes:
    """The other signature that textbook ECDSA accepts."""
    s = P256_ORDER - int.from_bytes(signature[32:])
    return signature[:32] + s.to_bytes(32)


def der(signature: bytes) -> bytes:
    """An ECDSA signature as OpenSSL writes it."""
    integers = b"".join(
        b"\x02" + bytes([len(raw)]) + raw for raw in map(_der_integer, _halves(signature))
    )
    return b"\x30" + bytes([len(integers)]) + integers


def _halves(signature: bytes) -> tuple[bytes, bytes]:
    return signature[:32], signature[32:]


def _der_integer(raw: bytes) -> bytes:
    stripped = raw.lstrip(b"\0")
    return b"\0" + stripped if stripped[0] & 0x80 else stripped


def add_order(signature: bytes) -> bytes:
    """An Ed25519 signature with S + L for S, which a careless verifier accepts."""
    s = int.from_bytes(signature[32:], "little") + ED25519_ORDER
    return signature[:32] + s.to_bytes(32, "little")


def cofactored(key: PrivateKey, message: bytes) -> bytes:
    """An Ed25519 signature that holds only after multiplication by the cofactor: its R has a
    part of order 8 (RFC 8032, 5.1.7, allows either check; ours is the one without).
    """
    digest = hashlib.sha512(key.secret_bytes()).digest()
    secret = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    nonce = int.from_bytes(hashlib.sha512(digest[32:] + message).digest(), "little")
    point = _add(_times(nonce % ED25519_ORDER, _BASE), _torsion())
    encoded = _encode(point)
    challenge = hashlib.sha512(encoded + key.public_key.raw + message).digest()
    scalar = (nonce + int.from_bytes(challenge, "little") * secret) % ED25519_ORDER
    return encoded + scalar.to_bytes(32, "little")


def holds_with_cofactor(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether 8 S B = 8 R + 8 k A."""
    challenge = hashlib.sha512(signature[:32] + key.raw + message).digest()
    left = _times(8 * int.from_bytes(signature[32:], "little"), _BASE)
    term = _times(int.from_bytes(challenge, "little"), _decode(key.raw))
    return left == _times(8, _add(_decode(signature[:32]), term))


# The curve of RFC 8032, 5.1, as its formulas stand there, for vectors only: not constant-time.

_Point = tuple[int, int]
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P


def _x(y: int, odd: int) -> int:
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if x * x % _P != square:
        message = "no point has this y"
        raise ValueError(message)
    return x if x & 1 == odd else _P - x


def _add(a: _Point, b: _Point) -> _Point:
    product = _D * a[0] * b[0] * a[1] * b[1] % _P
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + product, -1, _P) % _P
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, _P) % _P
    return x, y


def _times(factor: int, point: _Point) -> _Point:
    total = (0, 1)
    while factor:
        if factor & 1:
            total = _add(total, point)
        point = _add(point, point)
        factor >>= 1
    return total


def _encode(point: _Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def _decode(raw: bytes) -> _Point:
    number = int.from_bytes(raw, "little")
    y = number & (2**255 - 1)
    return _x(y, number >> 255), y


def _torsion() -> _Point:
    """A point of order 8: L times any point that is not in the prime-order group."""
    for y in range(2, 100):
        try:
            point = _times(ED25519_ORDER, (_x(y, 0), y))
        except ValueError:
            continue
        if _times(4, point) != (0, 1):
            return point
    raise AssertionError


_BASE: _Point = (_x(4 * pow(5, -1, _P) % _P, 0), 4 * pow(5, -1, _P) % _P)
