"""A fork that a proposal settles: what it brings as evidence, and the words for those who sign."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from signedcert.core.jws import MAX_GENERAL
from signedcert.errors import UndecidedError
from signedcert.files import read_limited, write_atomic
from signedcert.trust.describe import describe_replacing
from signedcert.trust.history import History
from signedcert.trust.manifest import KeyManifest, SignedManifest

_OTHER = "other.json"
_NUMBER = re.compile("[1-9][0-9]{0,8}")


class Fork(NamedTuple):
    """Two manifests of one version, each signed by enough root keys: that of the institution,
    with those that followed it (``own``, empty if it has made none of that version), and ``other``.

    Which is whose, no signature tells. It is what the institution says, and its holders know.
    """

    own: tuple[SignedManifest, ...]
    other: SignedManifest

    def check(self, before: History, manifest: KeyManifest) -> None:
        """Returns if both sides are really signed, after ``before``, and ``manifest`` settles it.

        Raises MalformedError, RejectedError: what verifiers refuse one of them for; UndecidedError
        ``trust-fork`` if they do not contradict each other, or ``manifest`` does not win.
        """
        disputed = before
        for one in (*self.own, self.other):
            disputed = disputed.accept(one)
        if self.other.unverified.version != manifest.version or disputed.forked != bool(self.own):
            message = "the manifests that it says it settles do not contradict each other"
            raise UndecidedError("trust-fork", message, where=f"version {manifest.version}")
        disputed.check_proposal(manifest)

    def page(self, before: KeyManifest, after: KeyManifest) -> Iterator[str]:
        """What ``after`` settles, line by line, for the holders to read."""
        yield "## What it settles\n"
        yield from self._sides(after.version)
        yield f"This one takes {self._places(after.version)}. Verifiers will believe it, not"
        yield "those, since it alone rotates into the root keys that were announced as next by"
        yield f"version {before.version}: whoever made the other one had the present root keys, not"
        yield "these. Nothing is carried over from the other one. No signature tells which manifest"
        yield "is whose; that is what you have to know.\n"
        yield "Before you sign, be sure of each of these:\n"
        yield "1. You have not signed the other one, and no other holder has. Ask each of them."
        yield "2. The announced next keys were with their holders, and with nobody else. With them"
        yield "   too, a manifest can be made against this one; then nothing can settle it."
        yield "3. No second manifest is signed to settle this. Of two that rotate, neither wins.\n"
        if self.own:
            yield from _compared(self.own[-1].unverified, after)

    def _sides(self, version: int) -> Iterator[str]:
        other = f"`{self.other.unverified.pin}`"
        if not self.own:
            yield f"The institution has made no version {version}. Yet enough root keys have signed"
            yield f"one, with the pin {other}.\n"
            return
        yield f"Two manifests of version {version} are signed by enough root keys. Verifiers that"
        yield "have both decide nothing any more (`trust-fork`):\n"
        yield f"- the institution's own, with the pin `{self.own[0].unverified.pin}`"
        yield f"- another one, with the pin {other}\n"

    def _places(self, version: int) -> str:
        later = [f"{one.unverified.version} (`{one.unverified.pin}`)" for one in self.own[1:]]
        if later:
            named = "version" if len(later) == 1 else "versions"
            return f"the place of both, and of {named} {', '.join(later)} of the institution"
        return "the place of both" if self.own else f"its place as version {version}"

    def to_json(self) -> dict[str, object]:
        """The pins of both sides."""
        own = [one.unverified.pin for one in self.own]
        return {"own": own, "other": self.other.unverified.pin}

    def write(self, directory: Path) -> None:
        """``N.json`` for each of the institution's own, and ``other.json``."""
        for one in self.own:
            write_atomic(directory / f"{one.unverified.version}.json", one.jws.encode())
        write_atomic(directory / _OTHER, self.other.jws.encode())

    @classmethod
    def read(cls, directory: Path) -> "Fork | None":
        """The fork in a directory, unverified; None if there is none. Raises MalformedError."""
        if not (directory / _OTHER).is_file():
            return None
        return cls(read_own(directory), _read(directory / _OTHER))


def read_own(directory: Path) -> tuple[SignedManifest, ...]:
    """The institution's own manifests in the directory of a fork. Raises MalformedError."""
    files = [path for path in directory.glob("*.json") if _NUMBER.fullmatch(path.stem)]
    return tuple(sorted(map(_read, files), key=lambda one: one.unverified.version))


def _read(path: Path) -> SignedManifest:
    return SignedManifest.parse(read_limited(path, MAX_GENERAL), str(path))


def _compared(given_up: KeyManifest, after: KeyManifest) -> Iterator[str]:
    yield f"## What changes from version {given_up.version}, which is given up\n"
    changes = describe_replacing(given_up, after)
    for number, change in enumerate(changes, 1):
        yield f"{number}. {change.what}\n   Why: {change.why}"
    yield "" if changes else "Nothing but the root keys and the dates.\n"
