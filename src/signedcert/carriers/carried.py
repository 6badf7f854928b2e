"""What a carrier may hold."""

from typing import NamedTuple

#: Chunks of a PNG: the one of Open Badges 3.0 (section 5.3.1), and ours beside it.
BADGE_KEYWORD, BUNDLE_KEYWORD = b"openbadgecredential", b"signedcert"
#: Elements of an SVG: the one of Open Badges 3.0 (section 5.3.2), and ours beside it.
BADGE_NAMESPACE = "https://purl.imsglobal.org/ob/v3p0"
BUNDLE_NAMESPACE = "urn:signedcert:bundle:1"


class Carried(NamedTuple):
    """A bundle in JSON, and the bare document that Open Badges software finds; one of them at
    least.
    """

    bundle: bytes | None
    badge: bytes | None
