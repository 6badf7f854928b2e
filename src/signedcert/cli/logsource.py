"""A published log: its newest head, and its tiles, from an address or a folder."""

from collections.abc import Iterator
from typing import NamedTuple

from signedcert.cli.network import Source
from signedcert.core.checkpoint import Checkpoint, SignedCheckpoint
from signedcert.core.keys import BadSignatureError
from signedcert.core.note import MAX_NOTE
from signedcert.core.tiles import TileName
from signedcert.errors import MalformedError, RejectedError
from signedcert.trust.logs import LogEntry, log_folder


class PublishedLog(NamedTuple):
    """What a source has of a log: a head that the log's keys have signed, and any tiles."""

    source: Source
    folder: str
    head: Checkpoint

    @classmethod
    def open(cls, source: Source, iss: str, log: LogEntry) -> "PublishedLog":
        """The log of an institution in a source.

        Raises MalformedError: it is not there (``status-incomplete``), or no checkpoint;
        RejectedError ``bad-signature``: its keys have not signed the head.
        """
        folder = log_folder(iss, log.origin) or "log"
        data = source.find(f"{folder}/checkpoint", MAX_NOTE)
        if data is None:
            message = "no checkpoint of this log is there"
            raise MalformedError("status-incomplete", message, where=log.origin)
        signed = SignedCheckpoint.parse(data)
        try:
            head = signed.verify(log.origin, log.keys)
        except BadSignatureError as error:
            message = "the keys of the log have not signed the head that is published"
            raise RejectedError(
                "bad-signature", message, where=log.origin, detail=error.detail
            ) from error
        return cls(source, folder, head)

    def read(self, name: TileName) -> bytes:
        """A tile; the full one is taken where a partial one is gone. Raises MalformedError
        ``status-incomplete``.
        """
        for candidate in _candidates(name):
            data = self.source.find(f"{self.folder}/{candidate}", candidate.length)
            if data is not None:
                return data[: name.length]
        message = "a tile of the log is not there"
        raise MalformedError("status-incomplete", message, where=f"{self.folder}/{name}")


def _candidates(name: TileName) -> Iterator[TileName]:
    yield name
    full = TileName(name.level, name.number)
    if full != name:
        yield full
