"""Encrypted key files: scrypt and AES-256-GCM, readable by their owner only.

A JSON object: ``version``, ``public`` (the JWK), ``scrypt`` {n, r, p, salt}, ``nonce``,
``ciphertext``. The ciphertext is the 32 secret bytes; everything before it is authenticated.
"""

import os
import secrets
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from signedcert.core.encoding import b64url_decode, b64url_encode, dump_json, parse_canonical_json
from signedcert.core.keys import PublicKey
from signedcert.core.shape import Members
from signedcert.custody.private import PrivateKey
from signedcert.errors import ConfigurationError, MalformedError
from signedcert.files import read_limited, write_atomic, write_new

#: 64 MiB and about 0.2 s: a worker process can afford it, a guesser cannot.
SCRYPT_N = 2**16
_SCRYPT_R = 8
_SCRYPT_P = 1
#: A file may ask for no less than the design's floor, and for no more than 1 GiB.
_N_RANGE = range(2**15, 2**20 + 1)
_SALT_LENGTH = 16
_NONCE_LENGTH = 12
_MAX_KEY_FILE = 16 * 1024
_OWNER_ONLY = 0o600
_MEMBERS = ["version", "public", "scrypt", "nonce", "ciphertext"]


def write_key_file(path: Path, key: PrivateKey, passphrase: str) -> None:
    """Encrypts ``key`` under ``passphrase`` into a new file of mode 0600.

    Raises ConfigurationError: an empty passphrase, or a file that is there already.
    """
    data = _encrypt(key, passphrase)
    try:
        write_new(path, data, _OWNER_ONLY)
    except OSError as error:
        problem = error.strerror or "cannot be written"
        message = f"{problem}; a key file is never overwritten"
        raise ConfigurationError("key-file", message, where=str(path)) from error


@dataclass(frozen=True, slots=True)
class Change:
    """A key file that was opened, and what it holds under the new passphrase."""

    path: Path
    public_key: PublicKey
    _data: bytes = field(repr=False)

    @classmethod
    def prepare(cls, path: Path, old: str, new: str) -> "Change":
        """The change of a passphrase, with a new salt and nonce; nothing is written yet.

        Raises ConfigurationError: what ``read_key_file`` does; ``passphrase-missing`` if ``new``
        is empty or is the old one; ``key-file`` for the file of another user, who could not read
        the new one.
        """
        key = read_key_file(path, old)
        if os.name == "posix" and path.stat().st_uid != os.geteuid():
            message = "the file belongs to another user; change the passphrase as that user"
            raise ConfigurationError("key-file", message, where=str(path))
        if _normal(old) == _normal(new):
            message = "the new passphrase is the old one; choose another"
            raise ConfigurationError("passphrase-missing", message)
        return cls(path, key.public_key, _encrypt(key, new))

    def write(self) -> None:
        """Puts the new file in the place of the old one in one step. Raises ConfigurationError
        ``key-file``; the old file is there still.
        """
        try:
            write_atomic(self.path.resolve(), self._data, _OWNER_ONLY)
        except OSError as error:
            problem = error.strerror or "cannot be written"
            message = f"{problem}; the passphrase is the old one still"
            raise ConfigurationError("key-file", message, where=str(self.path)) from error


def change_passphrase(path: Path, old: str, new: str) -> PublicKey:
    """Encrypts a key file anew, under another passphrase. After a crash there is the old file or
    the new one. Returns the key's public half.

    Raises as ``Change`` does. It does not protect from who has a copy of the old file, a backup
    for instance, and the old passphrase: rotate the key then.
    """
    change = Change.prepare(path, old, new)
    change.write()
    return change.public_key


def _encrypt(key: PrivateKey, passphrase: str) -> bytes:
    salt, nonce = secrets.token_bytes(_SALT_LENGTH), secrets.token_bytes(_NONCE_LENGTH)
    head: dict[str, object] = {
        "version": 1,
        "public": key.public_key.to_jwk(),
        "scrypt": {"n": SCRYPT_N, "r": _SCRYPT_R, "p": _SCRYPT_P, "salt": b64url_encode(salt)},
        "nonce": b64url_encode(nonce),
    }
    cipher = AESGCM(_derive(passphrase, salt, SCRYPT_N))
    ciphertext = cipher.encrypt(nonce, key.secret_bytes(), dump_json(head))
    return dump_json(head | {"ciphertext": b64url_encode(ciphertext)})


def read_key_file(path: Path, passphrase: str) -> PrivateKey:
    """The key in a file.

    Raises ConfigurationError: ``passphrase-wrong``; ``key-file`` for a file that is damaged, or
    whose public key is not that of its private key.
    """
    try:
        head, public, salt, nonce, n, ciphertext = _parse(path)
    except MalformedError as error:
        message = f"not a usable key file: {error.message}"
        raise ConfigurationError("key-file", message, where=str(path)) from error
    try:
        secret = AESGCM(_derive(passphrase, salt, n)).decrypt(nonce, ciphertext, head)
    except InvalidTag as error:
        message = "this passphrase does not open the key file, or the file was altered"
        raise ConfigurationError("passphrase-wrong", message, where=str(path)) from error
    key = PrivateKey(public.algorithm, secret)
    if key.public_key != public:
        message = "the public key in the file is not that of its private key"
        raise ConfigurationError("key-file", message, where=str(path))
    return key


def read_public(path: Path) -> PublicKey:
    """The public key that a file says it is for. No passphrase is needed, and nothing is proved.

    Raises ConfigurationError ``key-file``.
    """
    try:
        return _parse(path)[1]
    except MalformedError as error:
        message = f"not a usable key file: {error.message}"
        raise ConfigurationError("key-file", message, where=str(path)) from error


def _parse(path: Path) -> tuple[bytes, PublicKey, bytes, bytes, int, bytes]:
    value = parse_canonical_json(read_limited(path, _MAX_KEY_FILE), _MAX_KEY_FILE)
    members = Members(value)
    if members.integer("version") != 1:
        raise MalformedError("wrong-value", "a key file of a later version")
    public = PublicKey.from_jwk(members.take("public"), "public")
    scrypt = members.object("scrypt")
    n = scrypt.integer("n")
    if n not in _N_RANGE or n & (n - 1):
        raise MalformedError("wrong-value", f"n is {n}, and 2^15 to 2^20 is expected")
    if (scrypt.integer("r"), scrypt.integer("p")) != (_SCRYPT_R, _SCRYPT_P):
        raise MalformedError("wrong-value", f"r is {_SCRYPT_R}, p is {_SCRYPT_P}")
    salt = _bytes(scrypt, "salt", _SALT_LENGTH)
    scrypt.done()
    nonce = _bytes(members, "nonce", _NONCE_LENGTH)
    ciphertext = _bytes(members, "ciphertext", None)
    members.done()
    if list(value) != _MEMBERS:
        raise MalformedError("member-order", f"the order is {', '.join(_MEMBERS)}")
    head = dump_json({name: inner for name, inner in value.items() if name != "ciphertext"})
    return head, public, salt, nonce, n, ciphertext


def _bytes(members: Members, name: str, length: int | None) -> bytes:
    text = members.text(name)
    value = b64url_decode(text.encode("utf-8", "replace"), name)
    if length is not None and len(value) != length:
        raise MalformedError("wrong-value", f"{length} bytes are expected", where=name)
    return value


def _derive(passphrase: str, salt: bytes, n: int) -> bytes:
    if not passphrase:
        message = "the passphrase is empty"
        raise ConfigurationError("passphrase-missing", message)
    kdf = Scrypt(salt=salt, length=32, n=n, r=_SCRYPT_R, p=_SCRYPT_P)
    return kdf.derive(_normal(passphrase))


def _normal(passphrase: str) -> bytes:
    return unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogateescape")
