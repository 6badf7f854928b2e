"""Seeds for the targets in ``fuzz.ceremonies``. Keys are made for them and thrown away; in
proposals, placeholders stand for those of the run.
"""

from dataclasses import replace
from datetime import timedelta

from tests.custody.guild import guild
from tests.reference import ISSUED
from tests.trust.house import key

from fuzz.holders import blanked
from signedcert.core.encoding import MAX_INTEGER
from signedcert.custody.holders import HolderKeys, next_of
from signedcert.custody.private import PrivateKey
from signedcert.custody.proposal import Proposal
from signedcert.trust.changes import (
    add_key,
    change_state,
    rename,
    rotate_root,
    set_status,
    successor,
)
from signedcert.trust.entries import StatusPolicy
from signedcert.trust.manifest import KeyManifest

_AT = ISSUED + timedelta(days=40)


def ceremony_seeds() -> dict[str, bytes]:
    """By target and name."""
    p256 = b"\4" + PrivateKey.generate("ES256").public_key.raw
    ed25519 = PrivateKey.generate("Ed25519").public_key.raw
    curves = (bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06032b6570"))
    return {
        "holder/ada": HolderKeys.generate("Ada Okafor").holder.encode(),
        "holder/cleo": HolderKeys.generate("Clé\u200do Dubois").holder.encode(),
        **_proposals(),
        "token-uri/usual": b"token=HSM;object=issue%202026?module-path=/usr/lib/softhsm.so",
        "token-uri/full": b"token=a;manufacturer=b;serial=1;model=c;object=d;id=%01%ff;type=private"
        b"?module-path=%2Fusr%2Flib%2F%C3%A9.so",
        "token-uri/source": b"token=a?module-path=/l.so&pin-source=file:/etc/the%20PIN",
        "token-uri/pin": b"token=a?module-path=/l.so&pin-value=1234",
        "token-key/P-256": b"\x0a" + curves[0] + b"\4\x41" + p256,
        "token-key/P-256-bare": b"\x0a" + curves[0] + p256,
        "token-key/Ed25519": b"\x05" + curves[1] + b"\4\x20" + ed25519,
        "configuration/usual": b'# The home\nversion = 1\nsigner = "file:keys/k.key"\n'
        b'registry = "sqlite:///registry.sqlite"\n',
        "configuration/postgres": b"version=1\r\nregistry='postgresql://u:p@h/db'\r\n"
        b'signer = "pkcs11:token=a?module-path=/l.so" # the token\r\n',
        "passfile/usual": b"# of the office\ndb:5432:*:bob:x\n"
        b"localhost:5432:registry:ada:a\\:b\\\\c\n",
        "passfile/any": b"*:*:*:*:secret:and what follows\r\n",
        "passfile/slash": b"*:*:*:*:" + b"a" * 16_000 + b"\\",
        "note/pin": f"{guild().pin}\n".encode(),
        "note/passphrase": "Épée et clé\r\nthe second line\n".encode(),
        "note/uri": b"pkcs11:token=HSM;object=issue?module-path=/usr/lib/softhsm.so\n",
        "pin/first": guild().pin.encode(),
        "pin/later": b"17:" + b"0f" * 32,
        "pin/leading-zero": b"017:" + b"0f" * 32,
    }


def _proposals() -> dict[str, bytes]:
    first = guild().first.unverified
    after = successor(first, at=_AT)
    many = set_status(rename(after, "New Name 🎓"), timedelta(days=7))
    many = change_state(many, key("m").public_key.thumbprint, "active", at=_AT)
    old = [one for holder in guild().keys for one in (*holder.holder.root, *holder.holder.next)]
    new = [HolderKeys.follow(holder.holder).holder for holder in guild().keys]
    known = [*old, *(one for holder in new for one in holder.next)]
    rotated = rotate_root(after, known, next_of(new, 2))
    voided = change_state(after, key("k").public_key.thumbprint, "void", at=_AT)
    third = add_key(
        replace(successor(many, at=_AT)), PrivateKey.generate("ES256").public_key, at=_AT
    )
    both = b"r00 r01 r10 r11"
    return {
        "proposal/first": _lines(first, (), both),
        "proposal/name": _lines(rename(after, "New Name"), (first,), b"r00", b"r11 r01 r10"),
        "proposal/many": _lines(many, (first,), both),
        "proposal/rotated": _lines(rotated, (first,), both + b" n00 n01 n10 n11"),
        "proposal/void": _lines(voided, (first,), b"r00! r01", b"r10 r11? r20 r21"),
        "proposal/third": _lines(third, (first, many), both),
        "proposal/age": _lines(replace(after, status=StatusPolicy(MAX_INTEGER)), (first,), both),
        "proposal/short": b"p" + blanked(first.encode()),
        "proposal/page": b"\n".join([_lines(after, (first,), b""), b"c# Version 2"]),
    }


def _lines(payload: KeyManifest, earlier: tuple[KeyManifest, ...], *signers: bytes) -> bytes:
    people = Proposal(payload, (), tuple(one.holder for one in guild().keys)).holders
    return b"\n".join(
        [
            b"p" + blanked(payload.encode()),
            *(b"m" + blanked(one.encode()) for one in earlier),
            *(b"h" + blanked(one.encode()) for one in people),
            *(b"s" + one for one in signers),
        ]
    )
