"""Signers whose key is in a PKCS#11 token and never leaves it (OASIS PKCS #11 3.1).

A token and a key in it are named by a URI of RFC 7512, which may say where the PIN is::

    pkcs11:token=Registrar;object=issue-2026?module-path=/usr/lib/softhsm/libsofthsm2.so

PKCS#11 keeps a login for the process, not for a session (3.1, 5.6.8): whoever runs code in a
process in which a token was opened can sign with it.
"""

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, NoReturn

from pkcs11.exceptions import PKCS11Error
from pkcs11.types import Session

from signedcert.core.keys import Algorithm, PublicKey
from signedcert.custody.passphrase import read_passphrase
from signedcert.custody.tokenkey import TokenKey
from signedcert.custody.tokenlogin import LOCK, LOST, close_session, open_session
from signedcert.custody.tokenuri import TokenURI, unusable
from signedcert.errors import ConfigurationError


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
        return self._opened.key.public_key

    def sign(self, message: bytes) -> bytes:
        """The raw signature; ES256 as r ‖ s with low S, its nonces the token's own.

        Raises ConfigurationError ``key-file``: the token does not sign.
        """
        if os.getpid() != self._process:
            raise RuntimeError(_STAYS)
        opened = self._opened
        with _told(self._uri):
            try:
                return opened.key.sign(message, self._pin)
            except LOST:
                return self._reopen(opened).key.sign(message, self._pin)

    def _reopen(self, lost: "_Opened") -> "_Opened":
        with LOCK:
            if self._opened is lost:  # else another thread was first
                self._close.detach()  # its handle may be that of a new session by now
                opened = _open(self._uri, self._pin)
                if opened.key.public_key != self.public_key:
                    message = "another key is in the place of the one that was opened"
                    raise unusable(self._uri, message)
                self._keep(opened)
            return self._opened

    def _keep(self, opened: "_Opened") -> None:
        self._opened = opened
        self._close = weakref.finalize(self, close_session, opened.session, self._process)
        self._close.atexit = False

    def __repr__(self) -> str:
        return f"<TokenSigner {self.algorithm} {self.public_key.thumbprint}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(_STAYS)


_STAYS = "a token's session does not travel between processes; open it where it is used"


class _Opened(NamedTuple):
    """A session, and the key to sign with in it."""

    session: Session
    key: TokenKey


def _open(uri: TokenURI, pin: str) -> _Opened:
    with _told(uri):
        session = open_session(uri, pin)
        try:
            return _Opened(session, TokenKey.find(session, uri))
        except BaseException:
            close_session(session, os.getpid())
            raise


@contextmanager
def _told(uri: TokenURI) -> Iterator[None]:
    """Errors of the library, in words."""
    try:
        yield
    except PKCS11Error as error:
        said = " ".join(filter(None, (type(error).__name__, str(error))))
        message = f"the token or its library does not work ({said}); try it with pkcs11-tool"
        raise unusable(uri, message) from error


def open_token(rest: str, pin: str) -> TokenSigner:
    """The signer behind ``pkcs11:`` and ``rest``; ``pin`` is not looked at if that says where it
    is. Raises as ``TokenURI.parse``, ``read_passphrase`` and ``TokenSigner`` do.
    """
    uri = TokenURI.parse(rest)
    return TokenSigner(uri, pin if uri.pin_source is None else read_passphrase(uri.pin_source))
