"""Inputs of the full size that a parser reads, each the worst of its kind: too big to be kept,
so they are made for every run.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from tests.reference import ISSUED, ISSUER, make_world, record, salts

from signedcert.core.encoding import b64_encode
from signedcert.core.jws import MAX_COMPACT
from signedcert.core.keys import Algorithm, PublicKey
from signedcert.core.logproof import MAX_PATH
from signedcert.core.note import MAX_NOTE, MAX_SIGNATURES
from signedcert.core.sdjwt import MAX_DISCLOSURES, Disclosure
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.private import PrivateKey
from signedcert.documents.form import MAX_ELEMENTS
from signedcert.documents.record import FINAL_SCORE, CourseResult
from signedcert.trust.entries import MAX_CUTOFFS, FinalState, KeyEntry, RootGroup, key_url
from signedcert.trust.logs import LOG_ALGORITHMS, CutOff, End, Landmarks, LogEntry, log_origin
from signedcert.trust.manifest import KeyManifest

_Maker = Callable[[int], bytes]


def _filled(before: bytes, repeated: bytes, after: bytes) -> _Maker:
    def make(limit: int) -> bytes:
        room = max(0, limit - len(before) - len(after))
        return before + repeated * (room // len(repeated)) + after

    return make


def _names(before: bytes, after: bytes) -> _Maker:
    """An object of very many members."""

    def make(limit: int) -> bytes:
        members: list[bytes] = []
        room = limit - len(before) - len(after)
        while room > 0:
            members.append(b'"%x":0' % len(members))
            room -= len(members[-1]) + 1
        return before + b",".join(members[:-1]) + after

    return make


_MAKERS: tuple[_Maker, ...] = (
    *(_filled(b"", one, b"") for one in (b"A", b".", b"[", b'"', b"\0", b",", b"\n", b"\xff")),
    *(_filled(b"[", one, b"0]") for one in (b"0,", b"[],", b"{},", b'"",', b"[[[]]],", b"-1,")),
    _filled(b'["', b"[", b'"]'),
    _filled(b'["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[', b'\\"', b'"]'),
    _filled(b'["', b"\\u0001", b'"]'),
    _filled(b'["', b"\\ud83c\\udf93", b'"]'),
    _filled(b"[", b"1" * 4000 + b",", b"0]"),
    _names(b"{", b"}"),
    _names(b"{", b',"1":0}'),
    _names(b'{"version":1,', b"}"),
    _names(b'{"iss":0,', b',"1":0}'),
    _filled(b'{"version":1,"document":"', b"A", b'"}'),
    _filled(b'{"version":1,"document":"', b"\xf0\x9f\x8e\x93", b'"}'),
    _filled(b'{"syllabus":[', b'{"title":"a","topics":["b","c"]},', b"{}]}"),
    _filled(b'{"syllabus":[', b"0,", b"0]}"),
    _filled(b'{"payload":"AAAA","signatures":[', b"{},", b"{}]}"),
    _filled(b'{"payload":"', b"A", b'","signatures":[]}'),
    _filled(b"ey.", b"A", b".AA"),
    _filled(b"ey", b"A", b".AA.AA"),
    _filled(b"learner_id,name,course,run,completed\n", b"a,b,c,d,2026-06-30\n", b""),
    _filled(b"learner_id,name,course,run,completed\n", b",", b""),
    _filled(b"learner_id,name,course,run,completed\n", b"\n", b""),
    _filled(b'learner_id,name,course,run,completed\n"', b'""', b""),
    _filled(b'learner_id,name,course,run,completed\n"', b'\n","', b""),
    _filled(b"learner_id,name,course,run,completed\n", "e\u0301\u0327".encode(), b""),
)


#: Key entries and logs; ML-DSA fills the 1 MiB before it comes to the limits.
_SIZES: tuple[tuple[Algorithm, int, int], ...] = (
    ("ES256", 256, 32),
    ("Ed25519", 256, 32),
    ("ML-DSA-44", 256, 2),
    ("ML-DSA-65", 190, 2),
)


def large_manifests() -> Iterator[bytes]:
    """As many keys as a manifest may have, or as fit, and whatever else it may have; the payload
    alone, and signed.
    """
    for algorithm, entries, logs in _SIZES:
        root = PrivateKey.generate(algorithm)
        manifest = _large(algorithm, root.public_key, entries, logs)
        yield manifest.encode()
        yield sign_manifest(manifest, [root]).jws.encode()


def _large(algorithm: Algorithm, root: PublicKey, entries: int, logs: int) -> KeyManifest:
    cutoffs = tuple(
        CutOff(log_origin(ISSUER, number + 1), 2**53 - 1, "0" * 64)
        for number in range(min(logs, MAX_CUTOFFS))
    )
    group = logs // 2
    roots = (root, *_keys(algorithm, group - 1)), *(_keys(algorithm, group) for _ in range(3))
    return replace(
        make_world().manifest,
        name="\u00e9" * 128,
        root=tuple(RootGroup(len(keys), keys) for keys in roots),
        keys=tuple(_entry(key, cutoffs) for key in _keys(algorithm, entries)),
        logs=tuple(map(_log, range(1, logs + 1))),
        final=FinalState(("1" * 64,) * (128 * logs), "2" * 64, "3" * 64),
    )


def _entry(key: PublicKey, cutoffs: tuple[CutOff, ...]) -> KeyEntry:
    url, end = key_url(ISSUER, key), End(cutoffs[0].origin, 2**53 - 1)
    return KeyEntry(key, url, "snapshot", "compromised", ISSUED, "required", end, cutoffs)


def _log(number: int) -> LogEntry:
    keys = tuple(PrivateKey.generate(algorithm).public_key for algorithm in LOG_ALGORITHMS)
    return LogEntry(log_origin(ISSUER, number), keys, "active", Landmarks(1, "f" * 64))


def _keys(algorithm: Algorithm, count: int) -> tuple[PublicKey, ...]:
    return tuple(PrivateKey.generate(algorithm).public_key for _ in range(count))


def long_rows() -> Iterator[bytes]:
    """Rosters with rows beyond the longest that are read, and a good one behind."""
    header, good = b"learner_id,name,course,run,completed\n", b"\na,b,c,d,2026-06-30\n"
    for piece in (b"A", b",", b'"a",', b"\xff", b"\0"):
        yield header + piece * (68 * 1024 // len(piece)) + good
    for piece in (b"A", b'""', b"\n", b"\r\n", b",\n", b'\n","'):
        yield header + b'"' + piece * (68 * 1024 // len(piece)) + good


def large_records() -> Iterator[bytes]:
    """Payloads and what is disclosed of them, in as many results as are read and in more, with the
    longest texts; each good, and with what makes it fail as late as can be.
    """
    for count in (MAX_ELEMENTS, MAX_ELEMENTS + 1):
        for title in ("\u00e9" * 118, '\\"' * 118, "x"):
            payload, *values = _large_record(count, title)
            yield b"\n".join([payload, *values])
            yield b"\n".join([payload.replace(b'"_sd_alg"', b'"_sd_alh"'), *values])
            yield b"\n".join([payload, *values[:-1], values[-1][:-1] + b',"x":0}'])
    payload, *values = _large_record(2, "x")
    digest = payload[payload.index(b'"result":[') + 10 :].partition(b",")[0]
    yield payload.replace(digest, b",".join([digest] * 1000))
    description = payload[payload.index(b'"resultDescription":[') + 21 :].partition(b"},")[0] + b"}"
    yield payload.replace(description, b",".join([description] * 400))
    yield b"\n".join([payload, values[0].replace(b"Mar", b'\\"' * 24000), *values[1:]])
    yield b"\n".join([payload, values[0], b"[" * 60000])


def _large_record(count: int, title: str) -> list[bytes]:
    day = date(2026, 6, 30)
    first, *others = (
        CourseResult("quiz", Decimal(1), f"{number} {title}", Decimal("0.1234"), "InProgress", day)
        for number in range(count)
    )
    whole = record()._replace(results=(first._replace(kind=FINAL_SCORE), *others))
    disclosures = whole.disclose(salts(count + 1))
    payload = whole._replace(digests=tuple(one.digest for one in disclosures)).write()
    return [payload, *(one.value for one in disclosures)]


def large_sd_jwts() -> Iterator[bytes]:
    """As many disclosures as are read, and one more; the smallest ones, and the largest."""
    jwt = make_world().sign(b"{}")
    for count in (MAX_DISCLOSURES, MAX_DISCLOSURES + 1):
        room = (MAX_COMPACT - len(jwt)) // count * 3 // 4 - 40
        for filler in ("", "x" * room, '\\"' * (room // 2), "[" * room):
            values = [f'{{"{number}":"{filler}"}}' for number in range(count)]
            parts = map(Disclosure.write, salts(count), values)
            yield b"~".join([jwt, *(one.segment for one in parts), b""])
    for piece in (b"~", b"AA~", b"W10~", b"WyJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBIix7fV0~"):
        yield jwt + b"~" + piece * ((MAX_COMPACT - len(jwt) - 1) // len(piece))
    for value in ('{"' + "}" * 48000, "{" * 48000 + "}", '{"":' * 9000 + "0" + "}" * 9000):
        yield jwt + b"~" + Disclosure.write(bytes(16), value).segment + b"~"


def large_notes() -> Iterator[bytes]:
    """Notes and checkpoints with as many signatures as are read and with more, the largest that
    fit, each good, and with what makes the last one fail.
    """
    text = b"a\n1\n" + b64_encode(bytes(32)).encode() + b"\n"
    for count in (1, MAX_SIGNATURES, MAX_SIGNATURES + 1):
        room = (MAX_NOTE - len(text) - 1) // count
        encoded = b64_encode(bytes((room - 8) // 4 * 3)).encode()
        line = "\u2014 a ".encode() + encoded + b"\n"
        yield text + b"\n" + line * count
        yield text + b"\n" + line * (count - 1) + line[:-2] + b"B\n"
        yield b"a\n" * (room // 2 * (count - 1)) + text + b"\n" + line
    for piece in ("\n", "\u2014 a AAAAAAA=\n", "\u2014 ", "\u2014 \u3000", "a" * 255):
        yield text + b"\n" + piece.encode() * ((MAX_NOTE - 60) // len(piece.encode()))


def large_proofs() -> Iterator[bytes]:
    """Paths of as many hashes as are read, of one more, and of as many as there is room for; each
    good, and with the last one bad.
    """
    head, line = b"c2sp.org/tlog-proof@v1\nindex 1\n", b64_encode(bytes(32)).encode() + b"\n"
    for count in (MAX_PATH, MAX_PATH + 1, MAX_NOTE // len(line)):
        for checkpoint in (b"x", *large_notes()):
            yield head + line * count + b"\n" + checkpoint
        yield head + line * (count - 1) + line[:-3] + b"B=\n\n" + b"x" * MAX_NOTE
    for piece in (b"\n", b"index 1\n", b"1", b"="):
        yield head[:-2] + piece * (MAX_NOTE // len(piece)) + b"\n\nx"


def extremes(limit: int) -> Iterator[bytes]:
    """The worst inputs of ``limit`` bytes, or a little less."""
    for make in _MAKERS:
        yield make(limit)
