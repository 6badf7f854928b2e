"""A registrar, who says what becomes of certificates."""

from collections.abc import Callable
from pathlib import Path

from signedcert.core.code import VerificationCode
from signedcert.institution import Institution
from signedcert.registry.statuses import STATUS_WORDS
from tests.cli.running import Done
from tests.institution.homes import PASSPHRASE, Place, issue_one

Run = Callable[..., Done]
NEXT = "Verifiers know it once it is published and they have updated: signedcert publish\n"


class Registrar:
    """Who has a home with three certificates, and a file with the passphrase."""

    def __init__(self, place: Place, run: Run) -> None:
        self.place = place
        self.directory = place.home.parent
        self._run = run
        with place.open() as institution:
            issued = [issue_one(institution, f"Ada {n}", f"s-{n}") for n in range(3)]
        self.codes = [str(one.code) for one in issued]
        self.secret = self.directory / "passphrase.txt"
        self.secret.write_text(PASSPHRASE, "utf-8")

    def run(self, *arguments: object) -> Done:
        """A command in this home."""
        return self._run(*arguments, "--home", self.place.home)

    def sign(self, *arguments: object) -> Done:
        """A command that needs the passphrase."""
        return self.run(*arguments, "--passphrase-file", self.secret)

    def statuses(self) -> list[str]:
        """What holds of each certificate, in words."""
        with Institution.open(self.place.home) as institution:
            found = [institution.status_of(VerificationCode.parse(code)) for code in self.codes]
        return [f"{STATUS_WORDS[one.status]} {one.reason or ''}".strip() for one in found]

    def list(self, *lines: str) -> Path:
        """A CSV file."""
        path = self.directory / "list.csv"
        path.write_text("\n".join(lines), "utf-8")
        return path
