"""Histories of manifests in short words, so that a table of them can be read.

A manifest is written as ``"2 root=B next=C by=AB"``: its version, and what differs from the usual
``root=A next=B by=A keys=k:active``. Upper-case letters are root keys, lower-case ones are keys
of the institution, made when they are first named.

- ``root=2:ABC&1:P``: two of A, B and C, and P. A single letter stands for a group of that one.
- ``next=``: likewise; ``next=-`` is none.
- ``by=ABC``: who signs. ``by=AB!`` breaks the signature of B, ``by=AB?`` has another ``alg`` in
  the header of B's.
- ``keys=k:active,m:retired@7``: each key with its state, ``@`` the log size at which it ended
  (which brings the log ``L`` with it), ``/snapshot`` its role. ``keys=-`` is none.
- ``logs=L:active#2``: each log with its state, ``#`` its number of landmarks, ``~`` with other
  keys than usual, ``^`` with other landmarks.
- ``tag=x``: something that makes this another manifest; ``iss=other``; ``final=yes``.
"""

import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, cast

from signedcert.core.jws import GeneralJWS, Header, Signature, signing_input
from signedcert.core.keys import PublicKey
from signedcert.custody.private import PrivateKey
from signedcert.trust.entries import FinalState, KeyEntry, NextGroup, Role, RootGroup, key_url
from signedcert.trust.history import History, Pin
from signedcert.trust.logs import LOG_ALGORITHMS, End, Landmarks, LogEntry, log_origin
from signedcert.trust.manifest import MANIFEST_TYPE, KeyManifest, SignedManifest
from tests.reference import ISSUED

if TYPE_CHECKING:
    from signedcert.trust.states import State

ISS = "https://learn.example.edu"
DIGEST = hashlib.sha256(b"").hexdigest()
USUAL = {"root": "A", "next": "B", "by": "A", "keys": "k:active", "logs": "-"}

_KEY = re.compile(r"([a-z]):([a-z-]+)(?:@(\d+))?(?:/([a-z]+))?")
_LOG = re.compile(r"([LMN]):([a-z-]+)(?:#(\d+))?(~?)(\^?)")


@cache
def key(letter: str) -> PrivateKey:  # noqa: ARG001 - the cache goes by it
    """The key of this letter, the same in all histories of one run."""
    return PrivateKey.generate("Ed25519")


def signed(words: str) -> SignedManifest:
    """The manifest that ``words`` describe, as it arrives at a verifier."""
    version, *changes = words.split()
    parts = USUAL | dict(change.split("=", 1) for change in changes)
    if "@" in parts["keys"] and parts["logs"] == "-":
        parts["logs"] = "L:active"
    return sign(manifest(int(version), parts), parts["by"])


def manifest(version: int, parts: dict[str, str]) -> KeyManifest:
    """The manifest without signatures."""
    iss = "https://other.example.org" if parts.get("iss") else ISS
    return KeyManifest(
        iss=iss,
        name=f"Example University {parts.get('tag', '')}".strip(),
        version=version,
        issued=ISSUED + timedelta(days=version),
        expires=ISSUED + timedelta(days=365 + version),
        root=tuple(_root(group) for group in _list(parts["root"], "&")),
        next=tuple(_next(group) for group in _list(parts["next"], "&")),
        keys=tuple(_entry(text, iss) for text in _list(parts["keys"], ",")),
        logs=tuple(_log(text) for text in _list(parts["logs"], ",")),
        final=FinalState((), DIGEST, DIGEST) if parts.get("final") else None,
    )


def sign(unsigned: KeyManifest, by: str) -> SignedManifest:
    """The manifest with a signature for each letter of ``by``."""
    payload = unsigned.encode()
    signatures = [
        signature(payload, letter, damage) for letter, damage in re.findall("([A-Z])([!?]?)", by)
    ]
    return SignedManifest.parse(GeneralJWS(payload, tuple(signatures)).encode())


def signature(payload: bytes, letter: str, damage: str = "") -> Signature:
    """One root key's signature over a payload."""
    private = key(letter)
    alg = "ES256" if damage == "?" else private.algorithm
    header = Header(alg, private.public_key.thumbprint, MANIFEST_TYPE)
    content = signing_input(header.segment(), payload)
    value = private.sign(content)
    if damage == "!":
        value = bytes([value[0] ^ 1]) + value[1:]
    return Signature(header, content, value)


def history(*steps: str) -> History:
    """The history of these manifests, fed in this order, with the pin of the first."""
    first, *rest = map(signed, steps)
    known = History.start(first, Pin.parse(first.unverified.pin))
    for one in rest:
        known = known.accept(one)
    return known


def _list(text: str, separator: str) -> list[str]:
    return [] if text == "-" else text.split(separator)


def _group(text: str) -> tuple[int, str]:
    threshold, _, letters = text.rpartition(":")
    return int(threshold or 1), letters


def _root(text: str) -> RootGroup:
    threshold, letters = _group(text)
    return RootGroup(threshold, tuple(key(letter).public_key for letter in letters))


def _next(text: str) -> NextGroup:
    root = _root(text)
    return NextGroup(root.threshold, tuple(one.thumbprint for one in root.keys))


def _entry(text: str, iss: str) -> KeyEntry:
    match = _KEY.fullmatch(text)
    assert match is not None, text
    letter, state, ended, role = match.groups()
    public = key(letter).public_key
    entry = KeyEntry(
        key=public,
        url=key_url(iss, public),
        role=cast("Role", role or "issue"),
        state=cast("State", state),
        since=ISSUED,
    )
    return entry if ended is None else replace(entry, ended=End(log_origin(ISS), int(ended)))


def _log(text: str) -> LogEntry:
    match = _LOG.fullmatch(text)
    assert match is not None, text
    letter, state, count, keys, landmarks = match.groups()
    return LogEntry(
        origin=log_origin(ISS, 1 + "LMN".index(letter)),
        keys=log_keys(f"{letter}{keys}"),
        state=cast("State", state),
        landmarks=Landmarks(int(count or 0), "f" * 64 if landmarks else DIGEST),
    )


@cache
def log_keys(name: str) -> tuple[PublicKey, ...]:  # noqa: ARG001 - the cache goes by it
    """The two keys of a log, the same in all histories of one run."""
    return tuple(PrivateKey.generate(algorithm).public_key for algorithm in LOG_ALGORITHMS)
