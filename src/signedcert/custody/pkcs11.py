"""Signers whose key is in a PKCS#11 token and never leaves it (OASIS PKCS #11 3.1).

A token and a key in it are named by a URI of RFC 7512, the PIN is the passphrase::

    pkcs11:token=Registrar;object=issue-2026?module-path=/usr/lib/softhsm/libsofthsm2.so

PKCS#11 keeps a login for the process, not for a session (3.1, 5.6.8): whoever runs code in a
process in which a token was opened can sign with it.
"""

import hashlib
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

import pkcs11
from pkcs11.constants import Attribute, ObjectClass, TokenFlag
from pkcs11.exceptions import (
    AttributeTypeInvalid,
    DeviceError,
    DeviceRemoved,
    GeneralError,
    KeyHandleInvalid,
    ObjectHandleInvalid,
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    SessionClosed,
    SessionHandleInvalid,
    TokenNotPresent,
    TokenNotRecognised,
    UserAlreadyLoggedIn,
    UserNotLoggedIn,
    UserPinNotInitialized,
)
from pkcs11.mechanisms import Mechanism
from pkcs11.types import Session, Token

from signedcert.core.keys import P256_ORDER, RAW_LENGTH, Algorithm, PublicKey
from signedcert.custody.tokenuri import TokenURI
from signedcert.errors import Configuration, ConfigurationError, MalformedError

#: What a token or a key that cannot be used is refused for.
_UNUSABLE: Configuration = "key-file"

#: CKA_EC_PARAMS: of P-256 its object identifier; of Ed25519 that of RFC 8410, the curve's name
#: (PKCS #11 3.0, 2.3.10), or the identifier that was used before there was either.
_CURVES: dict[bytes, Algorithm] = {
    bytes.fromhex("06082a8648ce3d030107"): "ES256",
    bytes.fromhex("06032b6570"): "Ed25519",
    b"\x13\x0cedwards25519": "Ed25519",
    bytes.fromhex("06092b06010401da470f01"): "Ed25519",
}
#: CKA_EC_POINT begins with it: an uncompressed point (SEC 1, 2.3.3), or the bytes of RFC 8032.
_POINT_PREFIX: dict[Algorithm, bytes] = {"ES256": b"\4", "Ed25519": b""}
_MECHANISM: dict[Algorithm, Mechanism] = {"ES256": Mechanism.ECDSA, "Ed25519": Mechanism.EDDSA}
_NEEDED = {
    Attribute.SIGN: (True, "is not meant for signing (CKA_SIGN)"),
    Attribute.SENSITIVE: (True, "can be read in the clear (CKA_SENSITIVE)"),
    Attribute.EXTRACTABLE: (False, "can be taken out of the token (CKA_EXTRACTABLE)"),
}
#: What a token answers that was pulled out, restarted, or logged out of by others.
_LOST = (
    DeviceError,
    DeviceRemoved,
    GeneralError,  # SoftHSM, for a handle that is a new session's by now
    KeyHandleInvalid,
    ObjectHandleInvalid,
    SessionClosed,
    SessionHandleInvalid,
    TokenNotPresent,
    UserNotLoggedIn,
)
#: Seconds until one looks again for a token that was not seen.
_PAUSES = (0.05, 0.2, 0.5)


class TokenSigner:
    """A key in a token. Its ``repr`` shows the thumbprint only, and it refuses to be pickled, or
    used in a forked process: a worker process opens its own.

    A session that was lost, since the token was pulled out or its server restarted, is opened
    again once. A PIN is never tried when one try is left.
    """

    __slots__ = ("__weakref__", "_close", "_opened", "_pin", "_process", "_uri")

    def __init__(self, uri: TokenURI, pin: str) -> None:
        """Raises ConfigurationError: ``passphrase-missing``, ``passphrase-wrong``; ``key-file``
        if there is not exactly one token and key that fit, or the key may leave its token.
        """
        if not pin:
            message = "the PIN is empty"
            raise ConfigurationError("passphrase-missing", message, where=str(uri))
        self._uri, self._pin, self._process = uri, pin, os.getpid()
        self._keep(_open(uri, pin))

    @property
    def algorithm(self) -> Algorithm:
        """What this key signs with."""
        return self.public_key.algorithm

    @property
    def public_key(self) -> PublicKey:
        """The public half, as the token has it."""
        return self._opened.public_key

    def sign(self, message: bytes) -> bytes:
        """The raw signature; ES256 as r ‖ s with low S, its nonces the token's own.

        Raises ConfigurationError ``key-file``: the token does not sign.
        """
        if os.getpid() != self._process:
            raise RuntimeError(_STAYS)
        opened = self._opened
        with _told(self._uri):
            try:
                return opened.sign(message, self._pin)
            except _LOST:
                return self._reopen(opened).sign(message, self._pin)

    def _reopen(self, lost: "_Opened") -> "_Opened":
        with _LOCK:
            if self._opened is lost:  # else another thread was first
                self._close.detach()  # its handle may be that of a new session by now
                opened = _open(self._uri, self._pin)
                if opened.public_key != self.public_key:
                    message = "another key is in the place of the one that was opened"
                    raise _unusable(self._uri, message)
                self._keep(opened)
            return self._opened

    def _keep(self, opened: "_Opened") -> None:
        self._opened = opened
        self._close = weakref.finalize(self, _close, opened.session, self._process)
        self._close.atexit = False

    def __repr__(self) -> str:
        return f"<TokenSigner {self.algorithm} {self.public_key.thumbprint}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(_STAYS)


_STAYS = "a token's session does not travel between processes; open it where it is used"


class _Opened(NamedTuple):
    """A session, and the key to sign with in it."""

    session: Session
    key: Any  # the library makes its classes from the mixins of what a key can do
    public_key: PublicKey
    each_time: bool  # CKA_ALWAYS_AUTHENTICATE: the token asks for the PIN with each signature

    def sign(self, message: bytes, pin: str) -> bytes:
        algorithm = self.public_key.algorithm
        data = hashlib.sha256(message).digest() if algorithm == "ES256" else message
        again = pin if self.each_time else None
        signature: bytes = self.key.sign(data, mechanism=_MECHANISM[algorithm], pin=again)
        return _low_s(signature) if algorithm == "ES256" else signature


def _low_s(signature: bytes) -> bytes:
    """Of r ‖ s and r ‖ -s, which are both signatures, the one that we take. What is neither is left
    as it is, to be refused by ``CheckedSigner``.
    """
    s = int.from_bytes(signature[32:])
    if len(signature) != 64 or not P256_ORDER // 2 < s < P256_ORDER:
        return signature
    return signature[:32] + (P256_ORDER - s).to_bytes(32)


# The token


def _open(uri: TokenURI, pin: str) -> _Opened:
    with _told(uri):
        session = _enter(uri, _token(uri), pin)
        try:
            key = _key(session, uri)
            _check_private(key, uri)
            public_key, each_time = _public_key(session, key, uri), _says_yes(key)
        except BaseException:
            _close(session, os.getpid())
            raise
    return _Opened(session, key, public_key, each_time)


@contextmanager
def _told(uri: TokenURI) -> Iterator[None]:
    """Errors of the library, in words."""
    try:
        yield
    except PKCS11Error as error:
        said = " ".join(filter(None, (type(error).__name__, str(error))))
        message = f"the token or its library does not work ({said}); try it with pkcs11-tool"
        raise _unusable(uri, message) from error


def _unusable(uri: TokenURI, message: str) -> ConfigurationError:
    return ConfigurationError(_UNUSABLE, message, where=str(uri))


def _library(path: str) -> Any:  # noqa: ANN401 - a class of the compiled half
    """The library, initialised in this process. One that forked begins anew, as PKCS #11 3.1, 5.4.1
    demands.
    """
    with _LOCK:
        library = pkcs11.lib(path)
        if _PROCESSES.setdefault(path, os.getpid()) != os.getpid():
            _PROCESSES.clear()
            _LOGINS.clear()
            library.reinitialize()
            _PROCESSES[path] = os.getpid()
    return library


def _token(uri: TokenURI) -> Token:
    present = _present(uri)
    fitting = [token for token in present if _fits(uri, token)]
    if len(fitting) == 1:
        return fitting[0]
    shown = ", ".join(sorted(f"{token.label!r} (serial {_serial(token)})" for token in present))
    if fitting:
        raise _unusable(uri, f"several tokens fit; add serial=… to the URI. There are: {shown}")
    message = f"no token fits; is it plugged in? There are: {shown or 'none'}"
    raise _unusable(uri, message)


def _fits(uri: TokenURI, token: Token) -> bool:
    """Whether ``token`` is what the URI names."""
    own = {
        "token": token.label,
        "manufacturer": token.manufacturer_id,
        "serial": _serial(token),
        "model": token.model,
    }
    return uri.token.items() <= own.items()


def _template(uri: TokenURI) -> dict[Attribute, object]:
    """What a key in the token has, if it is what the URI names."""
    named = {Attribute.LABEL: uri.label, Attribute.ID: uri.id}
    return {Attribute.TOKEN: True} | {
        name: value for name, value in named.items() if value is not None
    }


def _present(uri: TokenURI) -> list[Token]:
    """The tokens that are plugged in. SoftHSM misreads one that another process logs in to just
    then, until it begins anew: who sees a fault, or nothing, and has no session, lets it do so.
    """
    for pause in _PAUSES:
        present: list[Token] = []
        with suppress(*_LOST):
            present = list(_tokens(uri))
        if any(_fits(uri, token) for token in present):
            return present
        if not present and not _LOGINS:
            _library(uri.module).reinitialize()
        time.sleep(pause)
    return list(_tokens(uri))


def _serial(token: Token) -> str:
    return token.serial.decode("utf-8", "replace")


def _tokens(uri: TokenURI) -> Iterator[Token]:
    for slot in _library(uri.module).get_slots(token_present=True):
        with suppress(TokenNotPresent, TokenNotRecognised):
            token: Token = slot.get_token()
            if token.flags & TokenFlag.TOKEN_INITIALIZED:
                yield token


# Logging in: once for a process, so that no signer logs another one out


@dataclass(frozen=True, slots=True)
class _Login:
    pin: str = field(repr=False)
    session: Session  # while one is open, the login lasts


_LOCK = threading.RLock()
_PROCESSES: dict[str, int] = {}
_LOGINS: dict[tuple[str, int], _Login] = {}


def _enter(uri: TokenURI, token: Token, pin: str) -> Session:
    """A session of its own under the process's login. A host that has logged in by itself has shown
    its PIN already.
    """
    place = uri.module, token.slot.slot_id
    with _LOCK:
        if place not in _LOGINS or not _is_alive(_LOGINS[place].session):
            with suppress(UserAlreadyLoggedIn):
                _LOGINS[place] = _Login(pin, _log_in(uri, token, pin))
        if place in _LOGINS and _LOGINS[place].pin != pin:
            message = "this process has opened the token with another PIN"
            raise ConfigurationError("passphrase-wrong", message, where=str(uri))
        return token.open()


def _is_alive(session: Session) -> bool:
    try:
        session.generate_random(64)  # a search would do, but leaves a traceback on standard error
    except _LOST:
        return False
    except PKCS11Error:  # a token without a random source
        return True
    return True


def _log_in(uri: TokenURI, token: Token, pin: str) -> Session:
    if token.flags & (TokenFlag.USER_PIN_LOCKED | TokenFlag.USER_PIN_FINAL_TRY):
        raise _wrong(uri, f"this PIN was not tried: {_tries(token)}")
    try:
        return token.open(user_pin=pin)
    except UserPinNotInitialized as error:
        message = "the token has no user PIN yet; set one with the token's own tool"
        raise _unusable(uri, message) from error
    except PinExpired as error:
        raise _wrong(uri, "the PIN has expired; set a new one with the token's own tool") from error
    except (PinIncorrect, PinLocked) as error:
        left = _tries(token.slot.get_token())
        raise _wrong(uri, f"this PIN does not open the token; {left}") from error
    except (PinInvalid, PinLenRange, UnicodeEncodeError) as error:
        message = "this PIN has a length or characters that the token does not take"
        raise _wrong(uri, message) from error


def _wrong(uri: TokenURI, message: str) -> ConfigurationError:
    return ConfigurationError("passphrase-wrong", message, where=str(uri))


def _tries(token: Token) -> str:
    """What the token tells of the tries that are left; it does not tell a number."""
    if token.flags & TokenFlag.USER_PIN_LOCKED:
        return "the token has locked itself; its security officer sets a new PIN"
    if token.flags & TokenFlag.USER_PIN_FINAL_TRY:
        return (
            "one try is left before the token locks itself, and it is not spent here; give the "
            "right PIN to the token's own tool, then come back"
        )
    if token.flags & TokenFlag.USER_PIN_COUNT_LOW:
        return "a wrong PIN was counted, and after a few the token locks itself"
    return "the token does not tell how many tries are left"


def _close(session: Session, process: int) -> None:
    if os.getpid() == process:  # else it is the session of who forked
        with suppress(PKCS11Error):
            session.close()


# The key


def _objects(session: Session, kind: ObjectClass, template: dict[Attribute, Any]) -> list[Any]:
    return list(session.get_objects({Attribute.CLASS: kind, **template}))


def _key(session: Session, uri: TokenURI) -> Any:  # noqa: ANN401 - see _Opened
    keys = _objects(session, ObjectClass.PRIVATE_KEY, _template(uri))
    if len(keys) == 1:
        return keys[0]
    if keys:
        message = f"several keys fit; add object=… or id=… to the URI. They are: {_labels(keys)}"
        raise _unusable(uri, message)
    there = _labels(_objects(session, ObjectClass.PRIVATE_KEY, {Attribute.TOKEN: True}))
    message = (
        "no private key in the token fits; make one there, or correct the URI. "
        f"There are: {there or 'none'}"
    )
    raise _unusable(uri, message)


def _labels(keys: list[Any]) -> str:
    return ", ".join(
        sorted(f"{key[Attribute.LABEL]!r} (id {key[Attribute.ID].hex() or 'none'})" for key in keys)
    )


def _check_private(key: Any, uri: TokenURI) -> None:  # noqa: ANN401 - see _Opened
    for attribute, (needed, problem) in _NEEDED.items():
        try:
            value = key[attribute]
        except AttributeTypeInvalid:
            value = None
        if value is not needed:
            advice = "make a new one in the token; this one is not used"
            raise _unusable(uri, f"the key {problem}, or the token does not say; {advice}")


def _says_yes(key: Any) -> bool:  # noqa: ANN401 - see _Opened
    try:
        return bool(key[Attribute.ALWAYS_AUTHENTICATE])
    except PKCS11Error:  # optional, and false where it is missing
        return False


def _public_key(session: Session, key: Any, uri: TokenURI) -> PublicKey:  # noqa: ANN401
    number = key[Attribute.ID]
    same = {Attribute.ID: number} if number else {Attribute.LABEL: key[Attribute.LABEL]}
    found = _objects(session, ObjectClass.PUBLIC_KEY, {Attribute.TOKEN: True, **same})
    if len(found) != 1:
        message = (
            f"{len(found)} public keys of this key's id are in the token, and one is needed; "
            "write it there with the token's own tool"
        )
        raise _unusable(uri, message)
    try:
        return read_public_key(found[0][Attribute.EC_PARAMS], found[0][Attribute.EC_POINT])
    except AttributeTypeInvalid as error:
        raise _unusable(uri, "the key is of another type than P-256 and Ed25519") from error
    except MalformedError as error:
        raise _unusable(uri, error.message) from error


def read_public_key(parameters: bytes, point: bytes) -> PublicKey:
    """The key of a public object. ``point`` is a DER OCTET STRING, as PKCS #11 says, or what it
    should hold, as several tokens have it.

    Raises MalformedError: ``key-type`` for another curve, ``key-invalid``.
    """
    if parameters not in _CURVES:
        raise MalformedError("key-type", "the key is of another curve than P-256 and Ed25519")
    algorithm = _CURVES[parameters]
    prefix = _POINT_PREFIX[algorithm]
    length = len(prefix) + RAW_LENGTH[algorithm]
    raw = point.removeprefix(bytes([4, length])) if len(point) == length + 2 else point
    if len(raw) != length or not raw.startswith(prefix):
        raise MalformedError("key-invalid", "the token has the point in a form that is not read")
    return PublicKey(algorithm, raw.removeprefix(prefix))


def open_token(rest: str, pin: str) -> TokenSigner:
    """The signer behind ``pkcs11:`` and ``rest``. Raises as ``TokenURI.parse`` and
    ``TokenSigner`` do.
    """
    return TokenSigner(TokenURI.parse(rest), pin)
