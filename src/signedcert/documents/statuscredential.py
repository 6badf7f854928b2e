"""The status list as other Open Badges verifiers read it: a BitstringStatusListCredential.

W3C Bitstring Status List 1.0. Our own verifier reads the Token Status List (``trust.statuslist``).
"""

import zlib
from collections.abc import Iterable
from datetime import datetime

from signedcert.core.encoding import b64url_encode, dump_json, format_time
from signedcert.documents.openbadges import STATUS_LIST_SIZE
from signedcert.errors import MalformedError

#: ``typ`` of the compact JWS (Securing Verifiable Credentials using JOSE and COSE, 3.1.1).
STATUS_CREDENTIAL_TYPE = "vc+jwt"
#: The multibase prefix of base64url without padding (Controlled Identifiers 1.0, Multibase).
_MULTIBASE = "u"
#: zlib writes the gzip format then, without a name and with a time of zero (RFC 1952, 2.3.1).
_GZIP = 16 + zlib.MAX_WBITS


def encode_bitstring(indices: Iterable[int]) -> str:
    """``encodedList`` with these bits set, index 0 the left-most one (2.2 and 3.3).

    2^20 bits: the specification wants 131,072 at least, so that a document hides among others.
    Raises MalformedError ``wrong-value`` for an index beyond them.
    """
    bits = bytearray(STATUS_LIST_SIZE // 8)
    for index in indices:
        if not 0 <= index < STATUS_LIST_SIZE:
            message = f"{index} is beyond a list of {STATUS_LIST_SIZE}"
            raise MalformedError("wrong-value", message, where="encodedList")
        bits[index >> 3] |= 0x80 >> (index & 7)
    compressor = zlib.compressobj(9, zlib.DEFLATED, _GZIP, 9)
    return _MULTIBASE + b64url_encode(compressor.compress(bytes(bits)) + compressor.flush())


def status_credential_url(iss: str, number: int) -> str:
    """What the ``credentialStatus`` of a certificate names as ``statusListCredential``."""
    return f"{iss}/.well-known/signedcert/status/{number}"


def encode_status_credential(
    iss: str, number: int, valid_from: datetime, indices: Iterable[int]
) -> bytes:
    """The payload for one list; ``indices`` are those of what is revoked or replaced.

    An issuing key signs it, with ``STATUS_CREDENTIAL_TYPE`` as ``typ``. It is not a certificate,
    and ``parse_credential`` refuses it.
    Raises MalformedError ``wrong-value`` for an index that no list has.
    """
    url = status_credential_url(iss, number)
    return dump_json(
        {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "id": url,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": iss,
            "validFrom": format_time(valid_from),
            "credentialSubject": {
                "id": f"{url}#list",
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": encode_bitstring(indices),
            },
            "iss": iss,
            "jti": url,
            "nbf": int(valid_from.timestamp()),
            "sub": f"{url}#list",
        }
    )
