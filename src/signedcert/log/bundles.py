"""Documents as they are handed out: with the text of their course, and the proof of their place."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from signedcert.carriers.bundle import Bundle
from signedcert.core.code import VerificationCode
from signedcert.errors import ConfigurationError
from signedcert.log.proofs import Prover
from signedcert.registry.registry import DocumentRow, Registry


@dataclass(frozen=True, slots=True)
class Bundles:
    """Makes the bundles of what is in a registry. Course documents never change, so that each is
    read once.
    """

    registry: Registry
    prover: Prover
    _courses: dict[tuple[str, int], str | None] = field(default_factory=dict, init=False)

    def one(self, row: DocumentRow) -> Bundle:
        """The bundle of a document; without a proof, too, if the tiles of the log are damaged."""
        course = self._course(row.key.course_id, row.course_version)
        return self.proven(row.code, Bundle(row.document, course))

    def proven(self, code: VerificationCode, bundle: Bundle) -> Bundle:
        """A bundle with the proof of its document, unless there is none or tiles are damaged."""
        with suppress(ConfigurationError):
            return bundle._replace(proof=self.prover.proof(code))
        return bundle

    def many(self, codes: Sequence[VerificationCode]) -> dict[VerificationCode, Bundle]:
        """The bundles of those documents that are in the registry.

        Raises ConfigurationError ``log-damaged``.
        """
        proofs = self.prover.proofs(codes)
        return {
            code: Bundle(text.document, self._course(*text[1:]), proofs.get(code))
            for code, text in self.registry.texts(codes).items()
        }

    def _course(self, course_id: str, version: int) -> str | None:
        key = course_id, version
        if key not in self._courses:
            row = self.registry.course(course_id, version)
            self._courses[key] = row and row.text
        return self._courses[key]
