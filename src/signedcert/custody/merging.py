"""The signatures of a proposal, brought together."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from signedcert.core.jws import MAX_GENERAL, GeneralJWS, Signature
from signedcert.core.keys import BadSignatureError, PublicKey
from signedcert.custody.proposal import Proposal, signature_files, signing_groups
from signedcert.errors import MalformedError
from signedcert.files import read_limited
from signedcert.trust.entries import RootGroup
from signedcert.trust.manifest import KeyManifest, SignedManifest


class Unused(NamedTuple):
    """A signature file, or a signature in it, that does not count, and why."""

    file: str
    problem: str


class Tally(NamedTuple):
    """A root group: who has signed, who has not, and how many are lacking."""

    number: int
    group: RootGroup
    signed: tuple[str, ...]
    unsigned: tuple[str, ...]

    @property
    def lacking(self) -> int:
        """How many more signatures this group has to give."""
        return max(self.group.threshold - len(self.signed), 0)


class Merged(NamedTuple):
    """All signatures that count, under the manifest; None while there is none."""

    manifest: SignedManifest | None
    tallies: tuple[Tally, ...]
    unused: tuple[Unused, ...]

    @property
    def complete(self) -> bool:
        """Whether each root group has signed often enough."""
        return not any(tally.lacking for tally in self.tallies)


def merge(directory: Path, proposal: Proposal, before: KeyManifest | None) -> Merged:
    """Every root key's signature in the files of a proposal, each key once.

    Nothing raises for what is in a file: a stranger's does no harm, a damaged one is named. Whether
    the manifest is accepted is for ``History``.
    """
    groups = signing_groups(before, proposal.manifest)
    roots = {key.thumbprint: key for group in groups for key in group.keys}
    payload = proposal.manifest.encode()
    found: dict[str, Signature] = {}
    unused: list[Unused] = []
    for file in signature_files(directory):
        for one in _signatures(file, payload, roots):
            if isinstance(one, Unused):
                unused.append(one)
            else:
                found.setdefault(one.header.kid or "", one)
    tallies = tuple(
        _tally(number, group, found, proposal.names) for number, group in enumerate(groups, 1)
    )
    manifest = SignedManifest(proposal.manifest, GeneralJWS(payload, tuple(found.values())))
    return Merged(manifest if found else None, tallies, tuple(unused))


def _signatures(
    file: Path, payload: bytes, roots: dict[str, PublicKey]
) -> Iterator[Signature | Unused]:
    try:
        jws = SignedManifest.parse(read_limited(file, MAX_GENERAL), file.name).jws
    except MalformedError as error:
        yield Unused(file.name, f"damaged: {error.message} [{error.reason}]")
        return
    if jws.payload != payload:
        yield Unused(file.name, "it is over another manifest than this one")
        return
    for signature in jws.signatures:
        problem = _problem(signature, roots.get(signature.header.kid or ""))
        yield Unused(file.name, problem) if problem else signature


def _problem(signature: Signature, key: PublicKey | None) -> str | None:
    if key is None:
        return f"key {signature.header.kid} is no root key of this institution"
    if signature.header.alg != key.algorithm:
        return f"damaged: alg is not {key.algorithm}"
    try:
        key.verify(signature.signature, signature.signing_input)
    except BadSignatureError as error:
        return f"damaged: the signature of {key.thumbprint} does not hold ({error.detail})"
    return None


def _tally(
    number: int, group: RootGroup, found: dict[str, Signature], names: dict[str, str]
) -> Tally:
    people: dict[bool, list[str]] = {True: [], False: []}
    for key in group.keys:
        name = names.get(key.thumbprint, f"the holder of {key.thumbprint}")
        people[key.thumbprint in found].append(name)
    return Tally(number, group, tuple(people[True]), tuple(people[False]))
