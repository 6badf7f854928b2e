"""The token that a URI names: found, and logged in to once for a process, so that no signer logs
another one out.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pkcs11
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import (
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
from pkcs11.types import Session, Token

from signedcert.custody.tokenuri import TokenURI, unusable
from signedcert.errors import ConfigurationError

#: What a token answers that was pulled out, restarted, or logged out of by others.
LOST = (
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


@dataclass(frozen=True, slots=True)
class _Login:
    pin: str = field(repr=False)
    session: Session  # while one is open, the login lasts


LOCK = threading.RLock()
_PROCESSES: dict[str, int] = {}
_LOGINS: dict[tuple[str, int], _Login] = {}


def open_session(uri: TokenURI, pin: str) -> Session:
    """A session of its own under the process's login. A host that has logged in by itself has shown
    its PIN already.

    Raises ConfigurationError: ``key-file`` for a token that is not there, or of which there are
    several; ``passphrase-wrong``.
    """
    token = _token(uri)
    place = uri.module, token.slot.slot_id
    with LOCK:
        if place not in _LOGINS or not _is_alive(_LOGINS[place].session):
            with suppress(UserAlreadyLoggedIn):
                _LOGINS[place] = _Login(pin, _log_in(uri, token, pin))
        if place in _LOGINS and _LOGINS[place].pin != pin:
            message = "this process has opened the token with another PIN"
            raise ConfigurationError("passphrase-wrong", message, where=str(uri))
        return token.open()


def close_session(session: Session, process: int) -> None:
    """Closes a session that was opened in ``process``."""
    if os.getpid() == process:  # else it is the session of who forked
        with suppress(PKCS11Error):
            session.close()


def _is_alive(session: Session) -> bool:
    try:
        session.generate_random(64)  # a search would do, but leaves a traceback on standard error
    except LOST:
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
        raise unusable(uri, message) from error
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


def _library(path: str) -> Any:  # noqa: ANN401 - a class of the compiled half
    """The library, initialised in this process. One that forked begins anew, as PKCS #11 3.1, 5.4.1
    demands.
    """
    with LOCK:
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
        raise unusable(uri, f"several tokens fit; add serial=… to the URI. There are: {shown}")
    message = f"no token fits; is it plugged in? There are: {shown or 'none'}"
    raise unusable(uri, message)


def _fits(uri: TokenURI, token: Token) -> bool:
    """Whether ``token`` is what the URI names."""
    own = {
        "token": token.label,
        "manufacturer": token.manufacturer_id,
        "serial": _serial(token),
        "model": token.model,
    }
    return uri.token.items() <= own.items()


def _present(uri: TokenURI) -> list[Token]:
    """The tokens that are plugged in. SoftHSM misreads one that another process logs in to just
    then, until it begins anew: who sees a fault, or nothing, and has no session, lets it do so.
    """
    for pause in _PAUSES:
        present: list[Token] = []
        with suppress(*LOST):
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
