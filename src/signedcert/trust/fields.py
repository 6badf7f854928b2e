"""Members that several parts of the trust data have alike."""

import re
from typing import cast

from signedcert.core.keys import PublicKey
from signedcert.core.shape import Members
from signedcert.errors import MalformedError

#: What a JWK may leave out elsewhere; where one of these stands, it has but one value.
_REPEATING = frozenset({"alg", "use", "kid"})
#: SHA-256 in hex.
DIGEST = re.compile("[0-9a-f]{64}")


def match_text(members: Members, name: str, pattern: re.Pattern[str], what: str) -> str:
    """A string member that has to be of a pattern. Raises MalformedError ``wrong-value``."""
    text = members.text(name)
    if not pattern.fullmatch(text):
        message = f"{ascii(text)[:80]} is not {what}"
        raise MalformedError("wrong-value", message, where=members.path(name))
    return text


def hex_digest(members: Members, name: str) -> str:
    """A digest in hex. Raises MalformedError ``wrong-value``."""
    return match_text(members, name, DIGEST, "a SHA-256 digest in lower-case hex")


def public_key(value: object, where: str) -> PublicKey:
    """A key as manifests have them, with no member left out. Raises MalformedError."""
    key = PublicKey.from_jwk(value, where)
    if not cast("dict[str, object]", value).keys() >= _REPEATING:
        message = "alg, use and kid belong into every key of a manifest"
        raise MalformedError("member-missing", message, where=where)
    return key


def public_keys(members: Members, limit: int) -> tuple[PublicKey, ...]:
    """The member ``keys``, at most ``limit`` of them. Raises MalformedError."""
    values = members.array("keys", limit)
    return tuple(
        public_key(value, f"{members.path('keys')}[{i}]") for i, value in enumerate(values)
    )
