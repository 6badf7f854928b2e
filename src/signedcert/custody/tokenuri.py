"""``pkcs11:`` URIs: which library, which token, which key in it (RFC 7512)."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from signedcert.errors import ConfigurationError

_TOKEN = ("token", "manufacturer", "serial", "model")
_PATH = (*_TOKEN, "object", "id", "type")
_QUERY = ("module-path", "pin-source")
_PIN = "pin-value"
_FILE = re.compile("(?:file:(?://)?)?(?=/(?!/))")
#: RFC 7512, 2.3: what may stand in a value.
_FREE = r"A-Za-z0-9\-._~:\[\]@!$'()*+,="
_PATH_VALUE = re.compile(rf"(?:[{_FREE}&]|%[0-9A-Fa-f]{{2}})+")
_QUERY_VALUE = re.compile(rf"(?:[{_FREE}/?|]|%[0-9A-Fa-f]{{2}})+")


@dataclass(frozen=True, slots=True)
class TokenURI:
    """A ``pkcs11:`` URI (RFC 7512): which library, which token, which key in it. What is not
    named may be anything, as long as only one fits. ``pin_source`` is the file that has the PIN;
    None if somebody has to say it.
    """

    module: str
    token: Mapping[str, str]
    label: str | None
    id: bytes | None
    pin_source: Path | None = None

    @classmethod
    def parse(cls, rest: str) -> "TokenURI":
        """What follows ``pkcs11:``.

        Read are token, manufacturer, serial, model, object, id and type (private); module-path,
        which is needed, absolute; and pin-source, an absolute path or a file: URI of one. Raises
        ConfigurationError ``setting-invalid``: anything else, a name twice, an empty value, a PIN.
        Values are not repeated in it.
        """
        path, _, query = rest.partition("?")
        found = _attributes(path, ";", _PATH, _PATH_VALUE)
        asked = _attributes(query, "&", _QUERY, _QUERY_VALUE)
        module = _text(asked, "module-path")
        if module is None or not module.startswith(os.sep):
            raise _invalid("name the token's library by its absolute path, ?module-path=/usr/lib/…")
        if found.get("type", b"private") != b"private":
            raise _invalid("type: only private is read, since a private key signs")
        token = {name: text for name in _TOKEN if (text := _text(found, name)) is not None}
        source = _pin_source(_text(asked, "pin-source"))
        return cls(module, token, _text(found, "object"), found.get("id"), source)

    def __str__(self) -> str:
        names = [f"{name} {value!r}" for name, value in self.token.items()]
        key = [] if self.label is None else [f"object {self.label!r}"]
        number = [] if self.id is None else [f"id {self.id.hex()}"]
        return f"pkcs11: {', '.join([*names, *key, *number, self.module])}"


def unusable(uri: TokenURI, message: str) -> ConfigurationError:
    """What a token or a key that cannot be used is refused with."""
    return ConfigurationError("key-file", message, where=str(uri))


def _attributes(
    text: str, separator: str, known: tuple[str, ...], allowed: re.Pattern[str]
) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in text.split(separator) if text else ():
        name, _, value = part.partition("=")
        if name == _PIN:
            raise _invalid("a PIN does not belong in the URI; its file may: pin-source=file:/…")
        if name not in known:
            raise _invalid(f"{ascii(name)[:30]} is not read here; read are: {', '.join(known)}")
        if name in found:
            raise _invalid(f"{name} stands there twice")
        if not allowed.fullmatch(value):
            raise _invalid(f"{name}: write spaces and signs as %20, %2F (RFC 7512, 2.3)")
        found[name] = unquote_to_bytes(value)
    return found


def _pin_source(text: str | None) -> Path | None:
    """RFC 7512, 2.4. No command is run, whatever a URI says."""
    if text is None:
        return None
    begin = _FILE.match(text)
    if begin is None:
        raise _invalid("pin-source: a file by its absolute path, pin-source=file:/…")
    return Path(text[begin.end() :])


def _text(found: Mapping[str, bytes], name: str) -> str | None:
    try:
        text = found[name].decode("utf-8") if name in found else None
    except UnicodeDecodeError as error:
        raise _invalid(f"{name}: not UTF-8") from error
    if text is not None and not text.isprintable():
        raise _invalid(f"{name}: it has characters that cannot be seen")
    return text


def _invalid(message: str) -> ConfigurationError:
    return ConfigurationError("setting-invalid", message, where="signer")
