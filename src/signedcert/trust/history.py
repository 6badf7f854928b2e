"""Which manifests to believe: the chain from a pin on, version by version.

The rules are TUF's, without its expiry: a diploma outlives every date.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import NamedTuple

from signedcert.core.keys import BadSignatureError
from signedcert.errors import MalformedError, RejectedError, UndecidedError
from signedcert.trust.entries import KeyEntry, NextGroup, RootGroup
from signedcert.trust.logs import LogEntry
from signedcert.trust.manifest import KeyManifest, SignedManifest
from signedcert.trust.states import State

_PIN = re.compile("([1-9][0-9]{0,8}):([0-9a-f]{64})")

#: States go forward only. From any, root may declare a key compromised or void.
_NEXT_STATES: dict[State, frozenset[State]] = {
    "pre-published": frozenset({"pre-published", "active", "compromised", "void"}),
    "active": frozenset({"active", "retired", "compromised", "void"}),
    "retired": frozenset({"retired", "compromised", "void"}),
    "compromised": frozenset({"compromised", "void"}),
    "void": frozenset({"void"}),
}


class Pin(NamedTuple):
    """Version and payload digest of a manifest that somebody trusts; ``str`` is ``1:<hex>``."""

    version: int
    digest: str

    @classmethod
    def parse(cls, text: str) -> "Pin":
        """Raises MalformedError ``wrong-value``."""
        match = _PIN.fullmatch(text)
        if match is None:
            message = (
                f"{ascii(text)[:80]} is no pin; one is VERSION:DIGEST, the digest 64 hex digits"
            )
            raise MalformedError("wrong-value", message, where="pin")
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.version}:{self.digest}"


@dataclass(frozen=True, slots=True)
class History:
    """The accepted manifests of one institution, from the pinned version on.

    ``forks`` are the versions of which root keys have signed two, and neither wins. Nothing
    about this institution can be decided while there are any. ``evidence`` is every accepted
    manifest as it arrived, losers of a fork included, enough to rebuild this history: by version,
    and within one in the order in which they are here.
    """

    pin: Pin
    versions: tuple[KeyManifest, ...]
    evidence: tuple[SignedManifest, ...]
    forks: frozenset[int] = frozenset()

    @classmethod
    def start(cls, signed: SignedManifest, pin: Pin) -> "History":
        """The history that begins with the pinned manifest.

        Raises MalformedError ``pin-mismatch``; RejectedError if its own root keys have not
        signed it.
        """
        manifest = signed.unverified
        computed = Pin(manifest.version, manifest.digest)
        if computed != pin:
            message = (
                f"this manifest's pin is {computed}, not {pin}; ask the institution which is right"
            )
            raise MalformedError("pin-mismatch", message, where="pin")
        _check_signatures(signed, manifest.root)
        return cls(pin, (manifest,), (signed,))

    @property
    def forked(self) -> bool:
        """Whether two manifests of one version stand against each other."""
        return bool(self.forks)

    @property
    def settled(self) -> bool:
        """Whether there was a fork, of which one side has won."""
        return not self.forks and len(self.evidence) > len(self.versions)

    @property
    def newest(self) -> KeyManifest:
        """The manifest that counts."""
        return self.versions[-1]

    @property
    def post_quantum(self) -> bool:
        """Whether the chain began with a post-quantum root group; a classical one is reported."""
        return self.versions[0].post_quantum

    def before(self, version: int) -> KeyManifest:
        """The manifest that one of this version follows; any from the pinned one's next on."""
        return self.versions[version - self.pin.version - 1]

    def until(self, version: int) -> "History":
        """The history as it was when this version was the newest."""
        return History(
            self.pin,
            self.versions[: version - self.pin.version + 1],
            tuple(one for one in self.evidence if one.unverified.version <= version),
            frozenset(one for one in self.forks if one <= version),
        )

    def accept(self, signed: SignedManifest) -> "History":
        """The history with one more manifest; the same one if it was known.

        Raises MalformedError with the rule that the manifest breaks; RejectedError if signatures
        are missing or wrong.
        """
        if any(known.unverified == signed.unverified for known in self.evidence):
            return self
        manifest = signed.unverified
        position = manifest.version - self.pin.version
        if not 1 <= position <= len(self.versions):
            message = (
                f"version {manifest.version} does not follow version {self.newest.version}; "
                "every version from the pinned one on is needed"
            )
            raise MalformedError("manifest-version", message, where=f"version {manifest.version}")
        parent = self.before(manifest.version)
        check_rules(parent, manifest)
        _check_signatures(signed, (*parent.root, *manifest.root))
        evidence = (*self.evidence, signed)
        if position == len(self.versions):
            return replace(self, versions=(*self.versions, manifest), evidence=evidence)
        return self._fork(parent, manifest, evidence)

    def check_proposal(self, manifest: KeyManifest) -> None:
        """Returns if root keys may sign ``manifest``, after all that this history knows: as the
        next version, or in the place of a known one, if it ``settles`` that. Who has signed it so
        far does not matter.

        Raises MalformedError with the rule that it breaks, ``manifest-version`` if it is known, or
        not the next one; UndecidedError ``trust-fork`` for any other manifest of a version that is
        known: with the signatures of root keys under both, nobody could decide any more.
        """
        where = f"version {manifest.version}"
        if self.settles(manifest):
            check_rules(self.before(manifest.version), manifest)
            return
        if self.forked:
            message = "two manifests of one version are signed already; find out who made which"
            raise UndecidedError("trust-fork", message, where=f"version {min(self.forks)}")
        if manifest in self.versions:
            message = "this version is signed and accepted already; there is nothing to sign"
            raise MalformedError("manifest-version", message, where=where)
        if manifest.version in {known.version for known in self.versions}:
            known = self.versions[manifest.version - self.pin.version]
            message = f"another manifest of this version is known, with the pin {known.pin}"
            raise UndecidedError("trust-fork", message, where=where)
        if manifest.version != self.newest.version + 1:
            message = f"the next version is {self.newest.version + 1}"
            raise MalformedError("manifest-version", message, where=where)
        check_rules(self.newest, manifest)

    def settles(self, manifest: KeyManifest) -> bool:
        """Whether ``manifest``, signed, would win against all that is known of its version, and
        leave no fork: it rotates into the announced keys, and none of them does.
        """
        version = manifest.version
        if not 1 <= version - self.pin.version < len(self.versions):
            return False
        if min(self.forks, default=version) < version:
            return False
        parent, known = self.before(version), self.before(version + 1)
        return rotates(parent, manifest) and not rotates(parent, known)

    def _fork(
        self, parent: KeyManifest, second: KeyManifest, evidence: tuple[SignedManifest, ...]
    ) -> "History":
        """Of two successors, the one that rotates into the parent's ``next`` wins: whoever made
        the other had the old root keys only.
        """
        position = second.version - self.pin.version
        first = self.versions[position]
        rotating = (rotates(parent, first), rotates(parent, second))
        if rotating == (True, False):
            return replace(self, evidence=evidence)
        if rotating == (False, True):
            return self._switch(position, second, evidence)
        return replace(self, evidence=evidence, forks=self.forks | {second.version})

    def _switch(
        self, position: int, winner: KeyManifest, evidence: tuple[SignedManifest, ...]
    ) -> "History":
        """The winner takes the loser's place; what followed the loser is gone, and its forks."""
        return History(
            self.pin,
            (*self.versions[:position], winner),
            tuple(one for one in evidence if one.unverified.version <= winner.version),
            frozenset(version for version in self.forks if version < winner.version),
        )


def check_rules(parent: KeyManifest, manifest: KeyManifest) -> None:
    """Returns if ``manifest`` may follow ``parent``, whoever signs it.

    Raises MalformedError with the rule that it breaks (docs/spec/manifest).
    """
    where = f"version {manifest.version}"
    if parent.final is not None:
        message = "the institution closed with the version before; none follows"
        raise MalformedError("manifest-final", message, where=where)
    if manifest.iss != parent.iss:
        message = f"iss changes from {parent.iss} to {manifest.iss}"
        raise MalformedError("manifest-issuer", message, where=where)
    _check_root(parent, manifest, where)
    _check_keys(parent.keys, manifest.keys, where)
    _check_logs(parent.logs, manifest.logs, where)


def _check_root(parent: KeyManifest, manifest: KeyManifest, where: str) -> None:
    """Unchanged, or exactly what the parent announced. With an unchanged root, ``next`` stays
    too: a thief of the present root keys could otherwise announce keys of his own.
    """
    if manifest.root == parent.root and manifest.next == parent.next:
        return
    if rotates(parent, manifest):
        return
    message = "root keys change only into those that the version before announced as next"
    raise MalformedError("manifest-root-changed", message, where=where)


def may_become(old: State, new: State) -> bool:
    """Whether a key or a log in one state may be in the other in the next version."""
    return new in _NEXT_STATES[old]


def rotates(parent: KeyManifest, manifest: KeyManifest) -> bool:
    """Whether the root of ``manifest`` is exactly the ``next`` of ``parent``."""
    groups = tuple(
        NextGroup(group.threshold, tuple(key.thumbprint for key in group.keys))
        for group in manifest.root
    )
    return groups == parent.next


def _check_signatures(signed: SignedManifest, groups: tuple[RootGroup, ...]) -> None:
    """Every group reaches its threshold. Signatures of strangers are not counted."""
    keys = {key.thumbprint: key for group in groups for key in group.keys}
    version = signed.unverified.version
    valid: Counter[str] = Counter()
    for signature in signed.jws.signatures:
        key = keys.get(signature.header.kid or "")
        if key is None:
            continue
        where = f"version {version}, signature of {key.thumbprint}"
        if signature.header.alg != key.algorithm:
            message = f"alg is not {key.algorithm}"
            raise RejectedError("key-not-authorised", message, where=where)
        try:
            key.verify(signature.signature, signature.signing_input)
        except BadSignatureError as error:
            message = "a root key's signature does not hold"
            raise RejectedError(
                "bad-signature", message, where=where, detail=error.detail
            ) from error
        valid[key.thumbprint] = 1
    for position, group in enumerate(groups):
        count = sum(valid[key.thumbprint] for key in group.keys)
        if count < group.threshold:
            message = (
                f"{count} of the {group.threshold} signatures that root group "
                f"{position + 1} of {len(groups)} has to give"
            )
            raise RejectedError("key-not-authorised", message, where=f"version {version}")


def _check_keys(before: tuple[KeyEntry, ...], after: tuple[KeyEntry, ...], where: str) -> None:
    present = {entry.key.thumbprint: entry for entry in after}
    for old in before:
        new = present.get(old.key.thumbprint)
        if new is None:
            message = f"key {old.key.thumbprint} disappears"
            raise MalformedError("manifest-key-missing", message, where=where)
        if (new.url, new.role) != (old.url, old.role):
            message = f"key {old.key.thumbprint} changes its url or role"
            raise MalformedError("manifest-key-changed", message, where=where)
        if not may_become(old.state, new.state):
            message = f"key {old.key.thumbprint} goes from {old.state} to {new.state}"
            raise MalformedError("manifest-key-state", message, where=where)
        if old.ended is not None and new.ended != old.ended:
            message = f"key {old.key.thumbprint} changes the log size at which it ended"
            raise MalformedError("manifest-key-changed", message, where=where)


def _check_logs(before: tuple[LogEntry, ...], after: tuple[LogEntry, ...], where: str) -> None:
    present = {entry.origin: entry for entry in after}
    for old in before:
        new = present.get(old.origin)
        if new is None:
            message = f"log {old.origin} disappears"
            raise MalformedError("manifest-key-missing", message, where=where)
        if new.keys != old.keys:
            message = f"log {old.origin} changes its keys"
            raise MalformedError("manifest-key-changed", message, where=where)
        if not may_become(old.state, new.state):
            message = f"log {old.origin} goes from {old.state} to {new.state}"
            raise MalformedError("manifest-key-state", message, where=where)
        if new.landmarks.count < old.landmarks.count:
            message = f"log {old.origin} loses landmarks"
            raise MalformedError("manifest-key-missing", message, where=where)
        if new.landmarks.count == old.landmarks.count and new.landmarks != old.landmarks:
            message = f"log {old.origin} changes its landmarks"
            raise MalformedError("manifest-key-changed", message, where=where)
