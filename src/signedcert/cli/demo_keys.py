"""What the demo does with keys: a revocation, a rotation, a theft and the recovery from it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import click

from signedcert.carriers.bundle import SUFFIX, Bundle
from signedcert.ceremonies.assembling import assemble
from signedcert.ceremonies.proposing import Wanted, propose
from signedcert.ceremonies.theft import assess, declare, fallen, write_reissue
from signedcert.cli.offline import verify_offline
from signedcert.core.code import VerificationCode
from signedcert.core.jws import CompactJWS, Header, serialize_compact, signing_input
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.keyfile import read_key_file
from signedcert.custody.private import PrivateKey
from signedcert.custody.proposal import Proposal, write_signature
from signedcert.custody.signer import open_signer
from signedcert.documents.certificate import Certificate
from signedcert.documents.openbadges import parse_credential
from signedcert.home import Home
from signedcert.institution import Institution
from signedcert.trust.entries import key_url
from signedcert.trust.status import StatusFiles
from signedcert.trust.store import TrustStore

_HOLDERS = ("holder-1", "holder-3")
_STATUS_AGE = timedelta(days=14)
_MALLORY = "Mallory Malloy"


@dataclass(frozen=True)
class Office:
    """The institution's home, and two of its three root holders, each with their keys."""

    directory: Path
    passphrase: str
    keys: tuple[PrivateKey, ...]

    @classmethod
    def open(cls, directory: Path) -> "Office":
        """Reads what the demo has written."""
        passphrase = (directory / "passphrase").read_text().strip()
        root = (directory / "root-passphrase").read_text().strip()
        files = [
            file
            for holder in _HOLDERS
            for file in sorted((directory / "root-keys" / holder).glob("root-*.key"))
        ]
        return cls(directory, passphrase, tuple(read_key_file(file, root) for file in files))

    @property
    def home(self) -> Home:
        """As it is now."""
        return Home.read(self.directory / "home")

    def institution(self) -> Institution:
        """The institution, opened anew: after a ceremony it has other keys."""
        return Institution.open(self.directory / "home", self.passphrase)

    def carry_out(self, wanted: Wanted) -> None:
        """A ceremony: proposed, signed by two holders, published."""
        folder = self.folder()
        proposal = propose(
            self.home, folder, wanted, at=datetime.now(UTC), passphrase=self.passphrase
        )
        self.sign(folder, proposal)

    def sign(self, folder: Path, proposal: Proposal) -> None:
        """Two of the three holders sign, and what they have signed is published."""
        for key in self.keys:
            write_signature(folder, sign_manifest(proposal.manifest, [key]))
        assemble(self.home, folder, at=datetime.now(UTC))

    def tell_verifier(self) -> None:
        """The verifier fetches what is published."""
        with self.institution() as institution:
            store = TrustStore.read(self.directory / "trust")
            store = store.add(institution.manifests, institution.pin)
            for (iss, origin), landmarks in institution.trust.landmarks.items():
                store = store.add_landmarks(iss, origin, landmarks.encode())
            files = StatusFiles.read(institution.published.path)
            if files is not None:
                store = store.update(institution.url, files, datetime.now(UTC))
        store.write(self.directory / "trust")

    def folder(self) -> Path:
        """Where the next proposal goes."""
        return self.directory / f"version-{self.home.history().newest.version + 1}"


def revoke(office: Office, code: VerificationCode) -> None:
    """Status lists from now on; one certificate is revoked."""
    office.carry_out(Wanted(snapshot=True, status_max_age=_STATUS_AGE))
    with office.institution() as institution:
        institution.revoke(code, "issued-in-error", at=datetime.now(UTC))
        institution.publish(at=datetime.now(UTC))
    office.tell_verifier()
    click.echo("  Two of the three root holders have signed that status lists are published.")
    verify_offline(office.directory, str(_file(office, code)))


def rotate(office: Office) -> None:
    """Another issuing key; what the old one signed stays."""
    old = _issuing(office)
    office.carry_out(Wanted(generate="ES256"))
    new = office.home.history().newest.keys[-1].key.thumbprint
    office.carry_out(Wanted(activate=(new,), retire=(old,)))
    with office.institution() as institution:
        course = institution.courses()[0]
        certificate = Certificate(
            learner="Zainab Bello", course=course, completed=date(2026, 6, 30)
        )
        issued = institution.issue(
            certificate, learner_id="s-1", run="2026-rotated", at=datetime.now(UTC)
        )
        institution.publish(at=datetime.now(UTC))
        bundle = institution.find(issued.code) or issued.bundle
    bundle.write(office.directory / f"rotated{SUFFIX}")
    office.tell_verifier()
    click.echo(f"  Key {old[:8]} is retired, key {new[:8]} signs. One certificate of the new key,")
    click.echo("  then all of the old one:")
    verify_offline(office.directory, str(office.directory / f"rotated{SUFFIX}"))
    verify_offline(office.directory, str(office.directory / "certificates"))


def steal(office: Office) -> Path:
    """Somebody has the issuing key, and dates back."""
    path = office.directory / f"forged{SUFFIX}"
    _forge(office).write(path)
    click.echo(f"  Mallory has copied key {_issuing(office)[:8]}, and signs what he likes:")
    verify_offline(office.directory, str(path))
    return path


def recover(office: Office, forged: Path) -> None:
    """Root declares the key stolen, with a cut-off in the log."""
    at = datetime.now(UTC)
    theft = assess(office.home, _issuing(office), since=at)
    folder = office.folder()
    wanted = declare(office.home, [theft], Wanted())
    proposal = propose(office.home, folder, wanted, at=at, passphrase=office.passphrase)
    count = write_reissue(office.directory / "reissue.csv", fallen(office.home, theft))
    office.sign(folder, proposal)
    with office.institution() as institution:
        institution.publish(at=datetime.now(UTC))
    office.tell_verifier()
    click.echo(
        f"  The cut-off is at {theft.cutoffs[0].size} entries of the log. Of what this key signed,"
    )
    click.echo(f"  {theft.stays} still valid, {count} to issue anew. The forgery, then that one:")
    verify_offline(office.directory, str(forged))
    verify_offline(office.directory, str(office.directory / f"rotated{SUFFIX}"))


def _forge(office: Office) -> Bundle:
    """What a thief of the key makes: a certificate that no registry knows, dated back."""
    genuine = Bundle.read(office.directory / f"rotated{SUFFIX}")
    claims = parse_credential(CompactJWS.parse(genuine.document.encode()).payload)
    forged = claims._replace(
        id=str(uuid4()),
        subject=str(uuid4()),
        learner=_MALLORY,
        valid_from=claims.valid_from - timedelta(days=100),
    )
    home = office.home
    signer = open_signer(home.configuration.signer, home.path, office.passphrase)
    header = Header(signer.algorithm, key_url(claims.issuer, signer.public_key), "JWT")
    content = signing_input(header.segment(), forged.encode())
    return Bundle(serialize_compact(content, signer.sign(content)), genuine.course)


def _issuing(office: Office) -> str:
    keys = office.home.history().newest.keys
    return next(one.key.thumbprint for one in keys if (one.role, one.state) == ("issue", "active"))


def _file(office: Office, code: VerificationCode) -> Path:
    return office.directory / "certificates" / f"{code}{SUFFIX}"
