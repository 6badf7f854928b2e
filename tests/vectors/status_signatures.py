"""The vectors of status files with a wrong header, key or signature."""

from collections.abc import Iterator

from signedcert.core.encoding import b64url_encode
from signedcert.core.jws import CompactJWS, GeneralJWS, Header, Signature
from signedcert.trust.reasons import REASONS_TYPE
from signedcert.trust.snapshot import MAX_SNAPSHOT, SNAPSHOT_TYPE
from signedcert.trust.status import StatusFiles
from signedcert.trust.statuslist import STATUS_LIST_TYPE
from tests.reference import AT, ISSUER
from tests.vectors.model import Expect
from tests.vectors.press import (
    DAY,
    FRESH,
    Edit,
    Press,
    each_file,
    refused,
    replacing,
    status_vector,
    with_bit,
    with_signature,
)
from tests.vectors.verdicts import Named
from tests.vectors.workshop import high_s, replace_once


def _headers(press: Press) -> Iterator[Named]:
    types = {"snapshot": SNAPSHOT_TYPE, "list": STATUS_LIST_TYPE, "reasons": REASONS_TYPE}
    for kind, make in each_file(press).items():
        wrong = {f"of-{one}": typ for one, typ in types.items() if one != kind}
        wrong |= {"jwt": "JWT", "upper-case": types[kind].upper()}
        wrong |= {"media-type": f"application/{types[kind]}"}
        for name, typ in wrong.items():
            text = f"The typ of this {kind} is {typ}"
            expect = refused("typ-unexpected")
            yield f"{kind}-typ-{name}", status_vector(press, text, make(typ=typ), expect)
        missing = make(header=replacing(f',"typ":"{types[kind]}"', ""))
        text = f"No typ in the header of the {kind}"
        expect = refused("typ-unexpected")
        yield f"{kind}-typ-missing", status_vector(press, text, missing, expect)
    typ = f',"typ":"{SNAPSHOT_TYPE}"'
    edits: dict[str, tuple[str, Edit, Expect]] = {
        "order": (
            "typ first in the header",
            lambda text: replace_once(text, typ, "").replace("{", f"{{{typ[1:]},", 1),
            refused("header-spelling"),
        ),
        "white-space": (
            "A space in the header",
            replacing(',"typ":', ', "typ":'),
            refused("not-canonical"),
        ),
        "crit": (
            "crit in the header",
            replacing(typ, f'{typ},"crit":["exp"]'),
            refused("header-parameter"),
        ),
        "jku": (
            "The address of a key in the header",
            replacing(typ, f'{typ},"jku":"https://courses.example.org/jwks.json"'),
            refused("header-parameter"),
        ),
        "alg-eddsa": (
            "alg is EdDSA, the old name",
            replacing('"Ed25519"', '"EdDSA"'),
            refused("key-not-authorised", "algorithm-mismatch"),
        ),
        "alg-es256": (
            "alg is ES256, the key is one for Ed25519",
            replacing('"Ed25519"', '"ES256"'),
            refused("key-not-authorised", "algorithm-mismatch"),
        ),
        "alg-none": (
            "alg is none",
            replacing('"Ed25519"', '"none"'),
            refused("key-not-authorised", "algorithm-mismatch"),
        ),
        "kid-missing": (
            "No kid in the header",
            lambda text: text.partition(',"kid"')[0] + typ + "}",
            refused("unknown-key"),
        ),
        "kid-thumbprint": (
            "kid is the thumbprint alone",
            replacing(f"{ISSUER}/.well-known/keys/", ""),
            refused("unknown-key"),
        ),
    }
    for name, (text, edit, expect) in edits.items():
        files = press.with_snapshot(header=edit)
        yield f"snapshot-header-{name}", status_vector(press, text, files, expect)


_KEYS: dict[str, tuple[str, Expect]] = {
    "issue": (
        "the issuing key, which signs no status",
        refused("key-not-authorised", "key-role"),
    ),
    "stranger": ("a key that the manifest does not name", refused("unknown-key")),
    "retired": (
        "a key that was retired before",
        refused("key-not-authorised", "key-retired"),
    ),
    "compromised": ("a stolen key", refused("key-compromised")),
    "void": ("a key that never counted", refused("key-void")),
    "pre-published": ("a key that is not in use yet", refused("key-pre-published")),
}


def _keys(press: Press) -> Iterator[Named]:
    for kind, make in each_file(press).items():
        for key, (words, expect) in _KEYS.items():
            text = f"The {kind} is signed by {words}"
            yield f"{kind}-key-{key}", status_vector(press, text, make(key=key), expect)


def _signatures(press: Press) -> Iterator[Named]:
    good, es256 = press.files(), press.files(key="es256")
    changed = press.snapshot_payload(good.lists, good.reasons, FRESH - DAY)
    snapshot = good.snapshot.decode()
    header, payload, signature = snapshot.split(".")
    mismatch = refused("bad-signature", "signature-mismatch")
    length = refused("bad-signature", "signature-length")
    parts, over = refused("not-three-parts"), "A" * (MAX_SNAPSHOT + 1 - len(header) - 2)
    texts: dict[str, tuple[str, str, Expect]] = {
        "changed": (
            "The payload was changed after it was signed",
            f"{header}.{b64url_encode(changed.encode())}.{signature}",
            mismatch,
        ),
        "of-another": (
            "The signature of another snapshot",
            ".".join([header, payload, press.files(issued=AT).snapshot.decode().split(".")[2]]),
            mismatch,
        ),
        "empty": ("An empty signature", f"{header}.{payload}.", length),
        "high-s": (
            "The other signature that textbook ECDSA accepts",
            with_signature(es256.snapshot, high_s),
            refused("bad-signature", "signature-high-s"),
        ),
        "two-parts": ("No signature part", f"{header}.{payload}", parts),
        "general-json": ("The JSON serialisation, as manifests have it", _general(good), parts),
        "padding": ("Padding behind the signature", f"{snapshot}==", refused("base64-padding")),
        "line-end": ("A line end behind it", f"{snapshot}\n", refused("base64-alphabet")),
        "empty-file": ("An empty file", "", parts),
        "over-160-kib": (
            "A byte over 160 KiB",
            f"{header}.{over}.",
            refused("too-large"),
        ),
    }
    for name, (text, data, expect) in texts.items():
        files = (es256 if name == "high-s" else good)._replace(snapshot=data.encode())
        yield f"snapshot-signature-{name}", status_vector(press, text, files, expect)
    for name, files in (
        ("list", press.named((with_bit(good.lists[0]),), good.reasons)),
        ("reasons", press.named(good.lists, with_bit(good.reasons or b""))),
    ):
        text = (
            f"A bit of the signature of the {name} was changed; the snapshot names what came of it"
        )
        yield f"{name}-signature-changed", status_vector(press, text, files, mismatch)


def _general(files: StatusFiles) -> str:
    jws = CompactJWS.parse(files.snapshot, MAX_SNAPSHOT)
    signature = Signature(Header.parse(jws.header_segment), jws.signing_input, jws.signature)
    return GeneralJWS(jws.payload, (signature,)).encode().decode()


SIGNATURE_SECTIONS = (_headers, _keys, _signatures)
