"""Log proofs (C2SP tlog-proof): the place of an entry in a log, the path from there to the root
hash, and the checkpoint that states that hash.
"""

import re
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass

from signedcert.core.checkpoint import HASH_LENGTH, SignedCheckpoint
from signedcert.core.encoding import (
    MAX_INTEGER,
    b64_decode,
    check_size,
    parse_decimal,
)
from signedcert.core.note import MAX_NOTE
from signedcert.errors import MalformedError

#: Hashes in a path of the largest tree that a checkpoint can be of.
MAX_PATH = MAX_INTEGER.bit_length()
#: The largest checkpoint, and 53 hashes of 45 characters behind two lines.
MAX_PROOF = MAX_NOTE + 4096

_FIRST_LINE = b"c2sp.org/tlog-proof@v1"
_EXTRA = b"extra "
_INDEX = b"index "
_HASH = b"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\n"  # 32 bytes in base64, with no stray bits
_HEAD = re.compile(
    b"%b\n%b(0|[1-9][0-9]{0,15})\n((?:%b){0,%d}+)\n"
    % (re.escape(_FIRST_LINE), _INDEX, _HASH, MAX_PATH)
)


@dataclass(frozen=True, slots=True)
class LogProof:
    """What shows that an entry is in a log; nothing of it was verified. ``checkpoint`` was not even
    parsed: very many documents share one, so callers remember which ones hold.

    ``path`` is the inclusion proof of RFC 9162, 2.1.3, from the entry's sibling upwards. Whether it
    has the right length for ``index`` and the size of the tree is not known here.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def __post_init__(self) -> None:
        """Raises MalformedError: an index that is negative or over 2^53 - 1 (``not-an-integer``),
        more than 53 hashes (``too-large``), hashes of another length than 32 bytes, or no
        checkpoint (``proof-shape``).
        """
        if not 0 <= self.index <= MAX_INTEGER:
            message = f"{self.index} is not an index of at most 53 bits"
            raise MalformedError("not-an-integer", message, where="index")
        if len(self.path) > MAX_PATH:
            raise MalformedError("too-large", f"more than {MAX_PATH} hashes", where="path")
        if not {*map(len, self.path)} <= {HASH_LENGTH}:
            message = f"each hash has {HASH_LENGTH} bytes"
            raise MalformedError("proof-shape", message, where="path")
        if not self.checkpoint:
            raise MalformedError("proof-shape", "there is no checkpoint", where="checkpoint")

    @classmethod
    def parse(cls, data: bytes) -> "LogProof":
        """Splits, and decodes what is in front of the checkpoint.

        Guarantee: ``encode`` writes ``data`` again.
        Raises MalformedError: over 132 KiB (``too-large``), extra data (``proof-extra``: nobody
        signs it), an index with a sign or leading zeros (``not-an-integer``), what base64 refuses,
        what has another form (``proof-shape``), and what a log proof cannot hold.
        """
        check_size(data, MAX_PROOF)
        head = _HEAD.match(data)
        if head is None:
            raise _explain(data)
        path = tuple([a2b_base64(line) for line in head[2].split()])
        return cls(int(head[1]), path, data[head.end() :])

    def encode(self) -> bytes:
        """The proof as it travels."""
        head = b"%b\n%b%d\n" % (_FIRST_LINE, _INDEX, self.index)
        return b"".join([head, *map(b2a_base64, self.path), b"\n", self.checkpoint])

    def signed_checkpoint(self) -> SignedCheckpoint:
        """The checkpoint, parsed. Raises MalformedError as ``SignedCheckpoint.parse`` does."""
        return SignedCheckpoint.parse(self.checkpoint)


def _explain(data: bytes) -> MalformedError:
    """Why ``data`` has not the head of a proof."""
    head, empty, _ = data.partition(b"\n\n")
    first, *lines = head.split(b"\n", MAX_PATH + 2)
    if first != _FIRST_LINE or not (lines and empty):
        message = "a log proof is a first line that says so, an index, a path, an empty line"
        return MalformedError("proof-shape", message)
    if lines[0].startswith(_EXTRA):
        return MalformedError("proof-extra", "extra data is not read", where="line 2")
    if not lines[0].startswith(_INDEX):
        return MalformedError("proof-shape", "an index is expected", where="line 2")
    parse_decimal(lines[0].removeprefix(_INDEX).decode("ascii", "replace"), "index")
    for line in lines[1 : MAX_PATH + 1]:
        if len(b64_decode(line, "path")) != HASH_LENGTH:
            message = f"each hash has {HASH_LENGTH} bytes"
            return MalformedError("proof-shape", message, where="path")
    return MalformedError("too-large", f"more than {MAX_PATH} hashes", where="path")
