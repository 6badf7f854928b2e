"""The log entry of a document."""

import hashlib

_TAG = hashlib.sha256(b"signedcert/log-entry/v1").digest() * 2


def log_entry(signing_input: bytes, signature: bytes) -> bytes:
    """32 bytes over the same input as the verification code, under another tag: a published
    log gives no codes away. Nothing about a person can be read from it.
    """
    length = len(signing_input).to_bytes(8), len(signature).to_bytes(8)
    return hashlib.sha256(_TAG + length[0] + signing_input + length[1] + signature).digest()
