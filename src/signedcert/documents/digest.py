"""The digest by which a certificate refers to its course document."""

import hashlib

import pybase64


def digest_sri(text: str) -> str:
    """Subresource Integrity, section 3.1, over the UTF-8 of ``text``: ``sha256-`` and base64."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return "sha256-" + pybase64.b64encode(digest).decode("ascii")
