"""Which documents have fallen with the key that signed them."""

from collections.abc import Iterable

from signedcert.core.code import VerificationCode
from signedcert.core.jws import Header
from signedcert.documents.openbadges import CERTIFICATE_TYPES, RECORD_TYPE
from signedcert.registry.registry import DocumentRow, Registry
from signedcert.trust.entries import KeyEntry
from signedcert.trust.logs import CutOff, log_number
from signedcert.trust.manifest import KeyManifest


class Fallen:
    """What a manifest gives up of a registry: of a void key everything, of a stolen one what is not
    below its cut-offs.
    """

    def __init__(self, manifest: KeyManifest, registry: Registry) -> None:
        self._iss = manifest.iss
        self._registry = registry
        self._given_up = {
            segment: entry
            for entry in manifest.keys
            if entry.role == "issue" and entry.state in ("compromised", "void")
            for segment in _segments(entry)
        }

    def among(self, rows: Iterable[DocumentRow]) -> set[VerificationCode]:
        """The codes of those that have fallen."""
        by_cutoffs: dict[tuple[CutOff, ...], list[VerificationCode]] = {}
        for row in rows:
            entry = self._given_up.get(row.document.partition(".")[0])
            if entry is not None:
                by_cutoffs.setdefault(entry.cutoffs, []).append(row.code)
        fallen: set[VerificationCode] = set()
        for cutoffs, codes in by_cutoffs.items():
            fallen.update(codes)
            for cutoff in cutoffs:
                log = self._registry.log(log_number(self._iss, cutoff.origin))
                places = log.places(codes).items()
                fallen.difference_update(c for c, place in places if place.number < cutoff.size)
        return fallen


def _segments(entry: KeyEntry) -> Iterable[str]:
    """The headers of what a key signs, as they stand in it."""
    for typ in (*CERTIFICATE_TYPES, RECORD_TYPE):
        yield Header(entry.key.algorithm, entry.url, typ).segment()
