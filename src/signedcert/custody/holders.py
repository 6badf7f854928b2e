"""Root holders: people who each keep a present and a next root key of every algorithm.

``holder.json`` is the public half: ``version``, ``name``, ``root`` and ``next`` (JWKs).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from signedcert.core.encoding import dump_json, parse_canonical_json
from signedcert.core.keys import PublicKey
from signedcert.core.shape import Members
from signedcert.custody.ceremony import ROOT_ALGORITHMS, generate_roots, write_roots
from signedcert.custody.private import PrivateKey
from signedcert.documents.text import check_text
from signedcert.errors import ConfigurationError, MalformedError
from signedcert.files import read_limited, write_new
from signedcert.trust.entries import NextGroup, RootGroup

HOLDER_FILE = "holder.json"
_MAX_HOLDER_FILE = 64 * 1024
_MAX_NAME = 120
#: In a root rotation each holder gives four signatures, and a manifest has room for 32.
MAX_HOLDERS = 8


@dataclass(frozen=True, slots=True)
class Holder:
    """What may be known of a root holder: the name, and for each root algorithm the present and
    the next public key. The name is what the file says; nobody has signed it.
    """

    name: str
    root: tuple[PublicKey, ...]
    next: tuple[PublicKey, ...]

    def encode(self) -> bytes:
        """``holder.json``, in its one spelling."""
        return dump_json(
            {
                "version": 1,
                "name": self.name,
                "root": [key.to_jwk() for key in self.root],
                "next": [key.to_jwk() for key in self.next],
            }
        )

    @classmethod
    def parse(cls, data: bytes, where: str = HOLDER_FILE) -> "Holder":
        """Raises MalformedError: another spelling than ``encode`` gives, other algorithms than
        those of root keys, a key that stands twice.
        """
        members = Members(parse_canonical_json(data, _MAX_HOLDER_FILE, where), where)
        if members.integer("version") != 1:
            raise MalformedError("wrong-value", "a holder file of a later version", where=where)
        name = members.text("name")
        check_text(name, _MAX_NAME, members.path("name"))
        holder = cls(name, _keys(members, "root"), _keys(members, "next"))
        members.done()
        if len({*holder.root, *holder.next}) != len(holder.root) + len(holder.next):
            raise MalformedError("key-invalid", "a key stands twice", where=where)
        if holder.encode() != data:
            message = "the members are in another order than the one they are written in"
            raise MalformedError("member-order", message, where=where)
        return holder

    @classmethod
    def read(cls, path: Path) -> "Holder":
        """The holder in a file, or in the folder that holds it. Raises MalformedError."""
        path = path / HOLDER_FILE if path.is_dir() else path
        return cls.parse(read_limited(path, _MAX_HOLDER_FILE), str(path))


@dataclass(frozen=True, slots=True)
class HolderKeys:
    """A holder's own keys, before they are written: with the private halves. ``root`` is empty
    where only the keys to come are new, since the present ones are in files already.
    """

    holder: Holder
    root: tuple[PrivateKey, ...]
    next: tuple[PrivateKey, ...]

    @classmethod
    def generate(cls, name: str) -> "HolderKeys":
        """A new holder. Raises MalformedError for a name that cannot be shown."""
        check_text(name, _MAX_NAME, "name")
        root, following = generate_roots(), generate_roots()
        return cls(Holder(name, _public(root), _public(following)), root, following)

    @classmethod
    def follow(cls, before: Holder) -> "HolderKeys":
        """The same holder after a root rotation: what was next is present, and there is a new
        next.
        """
        following = generate_roots()
        return cls(Holder(before.name, before.next, _public(following)), (), following)

    @staticmethod
    def require_free(directory: Path) -> None:
        """Raises ConfigurationError ``key-file``: a holder is in there already."""
        if (directory / HOLDER_FILE).exists():
            message = "a root holder's keys are here already; choose a new directory"
            raise ConfigurationError("key-file", message, where=str(directory))

    def write(self, directory: Path, passphrase: str) -> list[Path]:
        """Writes the encrypted key files, and last ``holder.json``, into ``directory``.

        Raises ConfigurationError ``key-file``: a holder is in there already; an empty passphrase.
        Whatever it raises, nothing new is left.
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        written: list[Path] = []
        try:
            self.require_free(directory)
            for prefix, keys in (("root", self.root), ("next", self.next)):
                write_roots(directory, prefix, keys, passphrase, written)
            path = directory / HOLDER_FILE
            write_new(path, self.holder.encode(), 0o644)
        except BaseException:
            for path in written:
                path.unlink(missing_ok=True)
            raise
        return [*written, path]


def root_of(holders: Sequence[Holder], threshold: int) -> tuple[RootGroup, ...]:
    """A group for each root algorithm, of which ``threshold`` holders have to sign."""
    columns = zip(*(holder.root for holder in holders), strict=True)
    return tuple(RootGroup(threshold, keys) for keys in columns)


def next_of(holders: Sequence[Holder], threshold: int) -> tuple[NextGroup, ...]:
    """What these groups may rotate into: the holders' next keys, by thumbprint."""
    columns = zip(*(holder.next for holder in holders), strict=True)
    return tuple(
        NextGroup(threshold, tuple(key.thumbprint for key in column)) for column in columns
    )


def require_threshold(count: int, threshold: int | None) -> int:
    """How many of ``count`` holders have to sign: ``threshold``, or more than half of them.

    Raises ConfigurationError ``setting-invalid``.
    """
    if not 1 <= count <= MAX_HOLDERS:
        message = f"{count} holders, and 1 to {MAX_HOLDERS} are possible"
        raise ConfigurationError("setting-invalid", message, where="holders")
    needed = count // 2 + 1 if threshold is None else threshold
    if not 1 <= needed <= count:
        message = f"{needed} of {count} holders cannot sign"
        raise ConfigurationError("setting-invalid", message, where="threshold")
    return needed


def on_one_medium(directories: Iterable[Path]) -> bool:
    """Whether several directories lie on one file system: who takes it, takes them all."""
    devices = [directory.stat().st_dev for directory in directories]
    return len(set(devices)) < len(devices)


def _public(keys: Iterable[PrivateKey]) -> tuple[PublicKey, ...]:
    return tuple(key.public_key for key in keys)


def _keys(members: Members, name: str) -> tuple[PublicKey, ...]:
    where = members.path(name)
    values = members.array(name, len(ROOT_ALGORITHMS))
    keys = tuple(PublicKey.from_jwk(value, f"{where}[{i}]") for i, value in enumerate(values))
    if tuple(key.algorithm for key in keys) != ROOT_ALGORITHMS:
        message = f"one key of each is expected: {', '.join(ROOT_ALGORITHMS)}"
        raise MalformedError("key-type", message, where=where)
    return keys
