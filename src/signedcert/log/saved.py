"""The newest head of a log, kept outside of the home: a home from a backup does not know it."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from signedcert.core.note import MAX_NOTE
from signedcert.files import read_limited, write_atomic


@dataclass(frozen=True, slots=True)
class SavedHead:
    """A file that holds a signed checkpoint. Where it has to be there (``required``), a head that
    cannot be kept is an error; elsewhere it is not, and then nothing is noticed.
    """

    path: Path
    required: bool = False

    def read(self) -> bytes | None:
        """The signed checkpoint, unverified; None if none is kept. Raises MalformedError."""
        return read_limited(self.path, MAX_NOTE) if self.path.is_file() else None

    def write(self, note: bytes) -> None:
        """Keeps a newer one. Raises OSError where it is ``required``."""
        with suppress(*(() if self.required else (OSError,))):
            write_atomic(self.path, note)
