"""The one place that opens connections: fetching an institution's published keys."""

import urllib.request
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.parse import urlsplit

from signedcert.core.jws import MAX_GENERAL
from signedcert.errors import ConfigurationError, MalformedError
from signedcert.trust.manifest import SignedManifest

_PUBLISHED = "/.well-known/signedcert/keys"
_TIMEOUT = 20
_LOCAL = ("localhost", "127.0.0.1", "::1")
#: More than one a week for eighteen years; the claim is not verified yet when it is asked for.
_MAX_VERSIONS = 1000


def download(address: str) -> list[bytes]:
    """Every manifest that an institution publishes, as it is; nobody has checked them.

    Raises ConfigurationError ``network``: not https, no answer, a redirect away from https;
    MalformedError: no manifest, or too many of them.
    """
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise ConfigurationError("network", f"no address: {error}", where=address) from error
    _require_https(parts.scheme, parts.hostname, address)
    newest = SignedManifest.parse(_fetch(f"{address}{_PUBLISHED}.json"), address)
    if newest.unverified.version > _MAX_VERSIONS:
        claimed = newest.unverified.version
        message = f"it claims {claimed} versions, and at most {_MAX_VERSIONS} are fetched"
        raise MalformedError("too-large", message, where=address)
    versions = range(1, newest.unverified.version + 1)
    return [_fetch(f"{address}{_PUBLISHED}/{version}.json") for version in versions]


def _require_https(scheme: str, host: str | None, address: str) -> None:
    if scheme != "https" and (scheme != "http" or host not in _LOCAL):
        message = "keys are fetched over https only"
        raise ConfigurationError("network", message, where=address)


class _HttpsRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect away from https."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The request to follow. Raises ConfigurationError ``network``."""
        parts = urlsplit(newurl)
        _require_https(parts.scheme, parts.hostname, newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(url: str) -> bytes:
    opener = urllib.request.build_opener(_HttpsRedirects)
    try:
        with opener.open(url, timeout=_TIMEOUT) as response:
            data: bytes = response.read(MAX_GENERAL + 1)
    except (OSError, ValueError, HTTPException) as error:
        raise ConfigurationError("network", f"cannot be fetched: {error}", where=url) from error
    if len(data) > MAX_GENERAL:
        raise MalformedError("too-large", "too large for a manifest", where=url)
    return data
