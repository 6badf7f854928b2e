"""Writes the seed corpus: ``python -m fuzz.seeds [TARGET...]``. Keys are made for it and thrown
away: ``document`` and ``manifest`` go together.

Finds, which are named by their digest, stay.
"""

import hashlib
import json
import sys
from collections.abc import Container
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.core.rfc9162 import Textbook
from tests.reference import (
    ISSUED,
    ISSUER,
    World,
    course,
    credential,
    make_world,
    record,
    results,
    salts,
)

from fuzz.carrierseeds import carrier_seeds
from fuzz.ceremonyseeds import ceremony_seeds
from fuzz.landmarkseeds import landmark_seeds
from fuzz.log import join
from fuzz.pageseeds import page_seeds
from fuzz.printedseeds import printed_seeds
from fuzz.register import CORPUS
from fuzz.statusseeds import status_seeds
from signedcert.carriers.bundle import Bundle
from signedcert.core.checkpoint import (
    Checkpoint,
    SignedCheckpoint,
    ed25519_message,
    mldsa_message,
)
from signedcert.core.code import VerificationCode
from signedcert.core.encoding import b64url_encode, dump_json
from signedcert.core.jws import CompactJWS, GeneralJWS, Header, Signature, signing_input
from signedcert.core.logproof import LogProof
from signedcert.core.merkle import leaf_hash
from signedcert.core.note import NoteKey, NoteSignature, SignedNote
from signedcert.core.sdjwt import Disclosure
from signedcert.core.tiles import encode_entries
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.private import PrivateKey
from signedcert.documents.record import STATUSES, CourseResult
from signedcert.documents.recordbadge import RecordCredential, encode_record
from signedcert.issue.roster import OPTIONAL, REQUIRED
from signedcert.trust.entries import FinalState, KeyEntry, StatusPolicy, key_url
from signedcert.trust.logs import LOG_ALGORITHMS, CutOff, End, Landmarks, LogEntry, log_origin
from signedcert.trust.manifest import MANIFEST_TYPE, KeyManifest

if TYPE_CHECKING:
    from signedcert.core.keys import Algorithm

_FINDS = "[0-9a-f]" * 16


def main(wanted: list[str]) -> None:
    """Replaces all seeds, or those of the targets that are wanted."""
    world = make_world()
    seeds = {
        **_signed(world),
        **_records(world),
        **_keys(),
        **_texts(),
        **_notes(),
        **_log(),
        **landmark_seeds(world),
        **status_seeds(),
        **ceremony_seeds(),
        **carrier_seeds(world),
        **page_seeds(),
        **printed_seeds(),
    }
    for target in wanted or {name.partition("/")[0] for name in seeds}:
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for path in set(folder.iterdir()) - set(folder.glob(_FINDS)):
            path.unlink()
        for name, data in seeds.items():
            if name.startswith(f"{target}/"):
                (CORPUS / name).write_bytes(data)


def _signed(world: World) -> dict[str, bytes]:
    """Certificates, and the manifest under which they were signed."""
    document = world.document()
    payload, full = credential().encode(), _full()
    jws = CompactJWS.parse(document)
    code = str(VerificationCode.derive(jws.signing_input, jws.signature))
    signatures = tuple(
        Signature(
            Header("ES256", kid, "x"),
            signing_input(Header("ES256", kid, "x").segment(), b"{}"),
            b"s",
        )
        for kid in ("1", "2")
    )
    return {
        "document/bare": document,
        "document/full": world.sign(full),
        "document/vc+jwt": world.sign(payload, world.header(typ="vc+jwt")),
        "document/unknown-key": make_world("Ed25519").document(),
        "document/bundle": Bundle(document.decode(), _short_course().decode()).encode(),
        "compact/certificate": document,
        "compact/smallest": b"e30.e30.AA",
        "bundle/course": Bundle(document.decode(), _short_course().decode()).encode(),
        "bundle/proof": Bundle(document.decode(), proof="a proof\n").encode(),
        "bundle/bare": document + b"\n",
        "signed/certificate": payload,
        "signed/full": full,
        "signed/code": payload + b"\n" + code.encode(),
        "signed/course": full + b"\n" + code.encode() + b"\n" + _short_course(),
        "credential/certificate": payload,
        "credential/full": full,
        "json/certificate": payload,
        "header/certificate": jws.header_segment,
        "header/manifest": Header("ML-DSA-65", "k" * 43, MANIFEST_TYPE).segment().encode(),
        "header/alone": Header("ES256").segment().encode(),
        "base64url/signature": b64url_encode(jws.signature).encode(),
        "code/certificate": code.encode(),
        "code/unreadable": code.replace(code[6], "?", 1).lower().encode(),
        "general/two": GeneralJWS(b"{}", signatures).encode(),
        "general/manifest": world.signed.jws.encode(),
        "manifest/signed.json": world.signed.jws.encode(),
        "manifest/bare.json": world.manifest.encode(),
        "manifest/full.json": _full_manifest(world.manifest, world.roots),
    }


def _records(world: World) -> dict[str, bytes]:
    """Course records: of four results, so that the verifier takes no longer than it has to."""
    first, second, *_, exam, final = results()
    short = record()._replace(results=(first, second._replace(status="Failed"), exam, final))
    document = world.record(short).decode()
    some = Bundle(document).present([1, 4], with_name=False)
    return {
        "document/record": document.encode(),
        "document/record-partial": some.document.encode(),
        "document/record-bundle": some._replace(course=_short_course().decode()).encode(),
        "bundle/record": Bundle(document).encode(),
        "sd-jwt/record": document.encode(),
        "sd-jwt/partial": some.document.encode(),
        "sd-jwt/nothing": document.partition("~")[0].encode() + b"~",
        "sd-jwt/smallest": b"e30.e30.AA~" + Disclosure.write(bytes(16), "{}").segment + b"~",
        "record/short": _lines(short),
        "record/partial": _lines(short, withheld=(0, 2)),
        "record/nothing": _lines(short, withheld=range(5)),
        "record/full": _lines(_full_record()),
    }


def _lines(credential: RecordCredential, withheld: Container[int] = ()) -> bytes:
    """The payload, and what is disclosed of it, a line each."""
    payload, disclosures = encode_record(credential, salts(len(credential.results) + 1))
    values = (b"" if i in withheld else one.value for i, one in enumerate(disclosures))
    return b"\n".join([payload, *values])


def _full_record() -> RecordCredential:
    """A record with all that it may have, a result of every status among it."""
    every = [
        CourseResult(
            "quiz", Decimal("99.5"), f'"{number}" \\ 🎓', Decimal(number), status, date(2026, 5, 1)
        )
        for number, status in enumerate(STATUSES)
    ]
    return record()._replace(
        learner="Ngọc 🎓 عائشة",
        started=date(2026, 1, 2),
        valid_until=ISSUED + timedelta(days=400),
        results=(*every, results()[-1]),
    )


def _full() -> bytes:
    """A certificate with all that it may have, and letters beyond ASCII."""
    changes = {"title": 'Signs \\ "Codes"', "learner": "Ngọc 🎓 عائشة"}
    until = ISSUED + timedelta(days=400)
    return credential()._replace(started=date(2026, 1, 2), valid_until=until, **changes).encode()  # type: ignore[arg-type]


def _full_manifest(manifest: KeyManifest, roots: tuple[PrivateKey, ...]) -> bytes:
    """A manifest with all that it may have."""
    key = PrivateKey.generate("ES256").public_key
    log_keys = tuple(PrivateKey.generate(algorithm).public_key for algorithm in LOG_ALGORITHMS)
    origin = log_origin(ISSUER)
    end, cutoff = End(origin, 9), CutOff(origin, 7, "0" * 64)
    compromised = KeyEntry(
        key, key_url(ISSUER, key), "issue", "compromised", ISSUED, "required", end, (cutoff,)
    )
    log = LogEntry(origin, log_keys, "active", Landmarks(1, "f" * 64))
    final = FinalState(("1" * 64,), "2" * 64, "3" * 64)
    full = replace(
        manifest,
        keys=(*manifest.keys, compromised),
        logs=(log,),
        status=StatusPolicy(86400),
        final=final,
    )
    return sign_manifest(full, roots).jws.encode()


def _keys() -> dict[str, bytes]:
    algorithms: tuple[Algorithm, ...] = ("ES256", "Ed25519", "ML-DSA-44", "ML-DSA-65")
    public = {name: PrivateKey.generate(name).public_key for name in algorithms}
    seeds = {f"jwk/{name}": dump_json(key.to_jwk()) for name, key in public.items()}
    scrypt = {"n": 2**16, "r": 8, "p": 1, "salt": "A" * 22}
    for name, key in public.items():  # the ciphertext is of nothing: 48 zeros
        file = {"version": 1, "public": key.to_jwk(), "scrypt": scrypt, "nonce": "A" * 16}
        seeds[f"keyfile/{name}"] = dump_json(file | {"ciphertext": "A" * 64})
    return seeds


def _notes() -> dict[str, bytes]:
    """A log's keys, checkpoints of it, and proofs; and a note that is no checkpoint."""
    keys = PrivateKey.generate("Ed25519"), PrivateKey.generate("ML-DSA-44")
    empty, large = (
        _checkpoint(Checkpoint("log.example/1", size, root), *keys)
        for size, root in ((0, hashlib.sha256().digest()), (100_000, bytes(range(32))))
    )
    stranger = NoteSignature("witness.example", b"\0\1\2\3", bytes(72))
    seen = large.note._replace(signatures=(stranger, *large.note.signatures))
    hashes = tuple(hashlib.sha256(b"%d" % number).digest() for number in range(17))
    return {
        **{
            f"vkey/{key.algorithm}": str(NoteKey("log.example/1", key.public_key)).encode()
            for key in keys
        },
        "checkpoint/empty": empty.encode(),
        "checkpoint/large": large.encode(),
        "checkpoint/witnessed": seen.encode(),
        "signed-note/large": large.encode(),
        "signed-note/text": SignedNote("A note.\n\n\u2014 é\n", (stranger, stranger)).encode(),
        "log-proof/path": LogProof(77_123, hashes, seen.encode()).encode(),
        "log-proof/alone": LogProof(0, (), b"log.example/1\n1\n").encode(),
    }


def _checkpoint(
    checkpoint: Checkpoint, ed25519: PrivateKey, ml_dsa: PrivateKey
) -> SignedCheckpoint:
    return SignedCheckpoint.assemble(
        checkpoint,
        {
            ed25519.public_key: ed25519.sign(ed25519_message(checkpoint)),
            ml_dsa.public_key: ml_dsa.sign(mldsa_message(checkpoint)),
        },
    )


def _short_course() -> bytes:
    """The reference course with one unit and no long texts."""
    values = json.loads(course().text)
    values["syllabus"] = values["syllabus"][:1]
    return dump_json(values | {"description": "In short.", "disclaimer": "None."})


def _texts() -> dict[str, bytes]:
    columns = ",".join((*REQUIRED, *OPTIONAL)).encode()
    ada = b"s-1,Ada,signs,2026,2026-06-30,2026-01-02,yes\n"
    quoted = b's-2,"Countess ""Ada"", of\nLovelace",signs,2026,2026-06-30,,\n'
    return {
        "course/short": _short_course(),
        "course/reference": course().text.encode(),
        "roster/comma": columns + b"\n" + ada + quoted,
        "roster/semicolon": b"\xef\xbb\xbf" + (columns + b"\r\n" + ada).replace(b",", b";"),
        "roster/bad": columns + b"\n" + b"s-3,\xff,signs,2026,30.6.2026,,\n\n" + b'"s-4,A\n' + ada,
        **_gradebooks(),
        "json/every-kind": b'{"a":[null,true,false,-1,"\\u0001\\"",{}],"":9007199254740991}',
        "json/spaced": b' { "a" : [ 1 , "\\ud83c\\udf93" ] }\n',
        "base64url/short": b"AA",
    }


def _gradebooks() -> dict[str, bytes]:
    header = b"learner_id,course,run,Overall,Quiz 1,Essay,Final exam\n"
    marks = b"#kind,,,final score,quiz,essay,final exam\n#maximum,,,100,10,20,2000\n"
    dates = b"#date,,,2026-06-30,2026-05-20,2026-06-01,\n"
    ada = b"s-1,signs,2026,88.5,9,17 provisional,91 2026-06-28 failed\n"
    comma = b's-2,signs,2026,"71,50",,withdrew,"1,250"\n'
    other = b"Overall;run;Quiz;learner_id;course\n100,0;;10;#maximum;\nfinal score;;quiz;#KIND;\n"
    return {
        "gradebook/comma": header + marks + dates + ada + comma,
        "gradebook/semicolon": b"\xef\xbb\xbf" + other + b"88,5;2026;8,5;s-1;signs\n",
        "gradebook/bad": header
        + marks
        + b"s-3,signs,2026,\xff,11,x,1%\n\n"
        + ada
        + b'"s-4,A\n'
        + ada,
    }


def _log() -> dict[str, bytes]:
    """Proofs of a log of eleven entries, names of tiles, entry bundles."""
    entries = [bytes([number]) * 32 for number in range(11)]
    log = Textbook(entries)
    indices = {"inclusion/first": 0, "inclusion/inner": 5, "inclusion/last": 10}
    sizes = {"consistency/odd": 7, "consistency/perfect": 8, "consistency/even": 10}
    return {
        **{name: _inclusion(log, index, 11) for name, index in indices.items()},
        "inclusion/alone": _inclusion(log, 0, 1),
        **{name: _consistency(log, size) for name, size in sizes.items()},
        "consistency/same": join(11, 11, [log.mth(0, 11)] * 2),
        "tile-name/leaves": b"tile/0/x001/x234/067",
        "tile-name/partial": b"tile/2/000.p/17",
        "tile-name/entries": b"tile/entries/x001/000.p/255",
        "entries/one": b"\0" + encode_entries(entries[:1]),
        "entries/several": b"\x0a" + encode_entries(entries),
    }


def _inclusion(log: Textbook, index: int, size: int) -> bytes:
    hashes = [leaf_hash(log.entries[index]), log.mth(0, size), *log.path(index, size)]
    return join(index, size, hashes)


def _consistency(log: Textbook, size: int) -> bytes:
    return join(size, 11, [log.mth(0, size), log.mth(0, 11), *log.proof(size, 11)])


if __name__ == "__main__":
    main(sys.argv[1:])
